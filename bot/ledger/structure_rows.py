"""The structures that a page lists, and the sums over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.ledger.queries import read_structure

if TYPE_CHECKING:
    from bot.core.fold import StructureKind
    from bot.ledger.connection import Connection
    from bot.ledger.queries import StructureRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedTotal:
    """All structures of a kind that have come to their end: how many, with a gain, their cash."""

    closed: int
    gains: int
    cash_usd: Decimal


def structure_named(ledger: Connection, structure_id: str) -> StructureRow | None:
    """Return a structure that was opened; ``None`` if none of that name was."""
    row = ledger.row(
        "SELECT * FROM structures WHERE structure_id = ? AND state != 'planned'", (structure_id,)
    )
    return None if row is None else read_structure(row)


def open_structures(ledger: Connection, kind: StructureKind) -> tuple[StructureRow, ...]:
    """Return the open structures of a kind, the one that changed last at the front."""
    rows = ledger.rows(
        "SELECT * FROM structures INDEXED BY structures_open WHERE state = 'open' AND kind = ? "
        "ORDER BY changed_in DESC, structure_id DESC",
        (kind.value,),
    )
    return tuple(map(read_structure, rows))


def closed_structures(
    ledger: Connection, kind: StructureKind, *, limit: int
) -> tuple[StructureRow, ...]:
    """Return the last `limit` structures of a kind that were closed, the newest at the front."""
    rows = ledger.rows(
        "SELECT * FROM structures INDEXED BY structures_by_kind "
        "WHERE kind = ? AND state = 'closed' "
        "ORDER BY changed_in DESC, structure_id DESC LIMIT ?",
        (kind.value, limit),
    )
    return tuple(map(read_structure, rows))


def closed_total(ledger: Connection, kind: StructureKind) -> ClosedTotal:
    """Return the sum over all structures of a kind that have come to their end."""
    rows = ledger.rows(
        "SELECT structures, gains, cash_usd FROM structure_totals "
        "WHERE kind = ? AND state = 'closed'",
        (kind.value,),
    )
    return ClosedTotal(
        closed=sum(row["structures"] for row in rows),
        gains=sum(row["gains"] for row in rows),
        cash_usd=sum((Decimal(row["cash_usd"]) for row in rows), Decimal(0)),
    )
