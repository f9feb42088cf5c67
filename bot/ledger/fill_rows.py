"""Executions as a table: one row for each leg that was traded, for spreadsheets and programs."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.ledger.text import optional_decimal

if TYPE_CHECKING:
    import sqlite3

    from bot.ledger.connection import Connection

_LEGS: Final = """
    SELECT fills.*, intents.session, intents.action, intents.structure_id, (
        SELECT usd FROM commissions WHERE commissions.family = fills.family
        ORDER BY revision DESC LIMIT 1
    ) AS commission_usd
    FROM fills JOIN intents USING (intent_id)
    WHERE NOT superseded AND contract IS NOT NULL AND session BETWEEN ? AND ?
    ORDER BY fills.at, fills.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """One execution of one leg.

    Parameters
    ----------
    session, at
        Session of its order, and time of the execution (UTC).
    order_ref, action, structure_id
        Its order, what that does, and to which structure.
    root, expiry, strike, right
        What was traded; strike in points, right ``C`` or ``P``.
    quantity
        Contracts, bought positive.
    price
        Points.
    commission_usd
        Positive; ``None`` until the venue tells it.
    exec_id
        The venue's.
    """

    session: dt.date
    at: dt.datetime
    order_ref: str
    action: str
    structure_id: str
    root: str
    expiry: dt.date
    strike: float
    right: str
    quantity: int
    price: Decimal
    commission_usd: Decimal | None
    exec_id: str


def fill_rows(ledger: Connection, first: dt.date, last: dt.date) -> tuple[FillRow, ...]:
    """Return the valid executions of the sessions from `first` to `last`, both included."""
    rows = ledger.rows(_LEGS, (first.isoformat(), last.isoformat()))
    return tuple(_fill_row(row) for row in rows)


def _fill_row(row: sqlite3.Row) -> FillRow:
    contract = json.loads(row["contract"])
    return FillRow(
        session=dt.date.fromisoformat(row["session"]),
        at=dt.datetime.fromisoformat(row["at"]),
        order_ref=row["order_ref"],
        action=row["action"],
        structure_id=row["structure_id"],
        root=contract["trading_class"],
        expiry=dt.date.fromisoformat(contract["expiry"]),
        strike=float(contract["strike"]),
        right=contract["right"],
        quantity=row["quantity"],
        price=Decimal(row["price"]),
        commission_usd=optional_decimal(row["commission_usd"]),
        exec_id=f"{row['family']}.{row['revision']:02d}",
    )
