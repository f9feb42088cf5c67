"""What is kept of old snapshots, and what a day's work on them would free: read only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.ledger.retention import PACK, stays_whole

if TYPE_CHECKING:
    from bot.ledger.connection import Connection
    from bot.ledger.retention import Terms

PACKED_BYTES: Final = 1_500
THINNED_BYTES: Final = 400
"""What a snapshot takes up afterwards, as measured on the simulated market."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRow:
    """Snapshots that are kept alike.

    Parameters
    ----------
    state
        ``whole``, ``packed`` or ``thinned``.
    snapshots, stored_bytes
        How many, and what they take up.
    first, last
        Oldest and newest session.
    """

    state: str
    snapshots: int
    stored_bytes: int
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinningRow:
    """What was done after one session, or would be done."""

    session: str
    packed: int
    thinned: int
    freed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is kept.

    Parameters
    ----------
    kept
        By state; none that is empty.
    due
        All that is old enough; its bytes are an estimate.
    last
        What was done last; ``None`` where nothing was yet.
    unused_bytes
        Room in the file that the next sessions take.
    """

    kept: tuple[KeptRow, ...]
    due: ThinningRow
    last: ThinningRow | None
    unused_bytes: int


def retention(ledger: Connection, terms: Terms) -> Retention:
    """Return what is kept, and what is due; nothing is changed.

    Raises
    ------
    LedgerError
        The ledger cannot be read.
    """
    pages = ledger.value("PRAGMA freelist_count") * ledger.value("PRAGMA page_size")
    return Retention(
        kept=_kept(ledger), due=_due(ledger, terms), last=_last(ledger), unused_bytes=pages
    )


def _kept(ledger: Connection) -> tuple[KeptRow, ...]:
    rows = ledger.rows(
        "SELECT CASE WHEN pack_id IS NOT NULL THEN 'packed' "
        "WHEN retention = 'thinned' THEN 'thinned' ELSE 'whole' END AS state, "
        "count(*) AS snapshots, sum(length(body)) AS stored_bytes, "
        "min(session) AS first, max(session) AS last FROM snapshots GROUP BY state ORDER BY first"
    )
    packs = ledger.value("SELECT coalesce(sum(length(body)), 0) FROM snapshot_packs")
    return tuple(
        KeptRow(
            state=row["state"],
            snapshots=row["snapshots"],
            stored_bytes=row["stored_bytes"] + (packs if row["state"] == "packed" else 0),
            first=row["first"],
            last=row["last"],
        )
        for row in rows
    )


def _due(ledger: Connection, terms: Terms) -> ThinningRow:
    """Say what all days' work together would do, if no session came to it."""
    rows = ledger.rows(
        "SELECT session, dry, retention, length(body) AS size FROM snapshots "
        "WHERE session < ? AND pack_id IS NULL AND retention IS NOT 'thinned'",
        (terms.packs_before,),
    )
    kept, spare = [], []
    for row in rows:
        whole = row["retention"] == "kept" or (not row["retention"] and stays_whole(ledger, row))
        if whole:
            kept.append(row["size"])
        elif row["session"] < terms.thins_before:
            spare.append(row["size"])
    packed = kept[: len(kept) // PACK * PACK]
    freed = sum(packed) + sum(spare) - PACKED_BYTES * len(packed) - THINNED_BYTES * len(spare)
    return ThinningRow(
        session=terms.today.isoformat(),
        packed=len(packed),
        thinned=len(spare),
        freed_bytes=freed,
    )


def _last(ledger: Connection) -> ThinningRow | None:
    row = ledger.row("SELECT * FROM thinnings ORDER BY id DESC LIMIT 1")
    if row is None:
        return None
    return ThinningRow(
        session=row["session"],
        packed=row["packed"],
        thinned=row["thinned"],
        freed_bytes=row["freed_bytes"],
    )
