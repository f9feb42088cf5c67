"""What orders paid beyond the mid, as shares of the half-spread that they were decided on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.core.model import Session
    from bot.ledger.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidSpread:
    """One order that filled: 0 was the mid, 1 every leg at its bid or ask."""

    session: str
    intent_id: str
    share: float


def paid_spreads(ledger: Connection, since: Session | None = None) -> tuple[PaidSpread, ...]:
    """Return the share of the half-spread that each order paid, oldest first.

    Orders whose mid of the decision is unknown, or that had no spread, are left out.

    Parameters
    ----------
    ledger
        Where measurements of execution are kept.
    since
        First session that counts; all by default.
    """
    rows = ledger.rows(
        "SELECT q.session, q.intent_id, q.shortfall, i.body FROM quality AS q "
        "JOIN intents AS i USING (intent_id) "
        "WHERE q.leg = '' AND q.shortfall IS NOT NULL AND q.session >= ? ORDER BY q.id",
        (since.isoformat() if since else "",),
    )
    found = []
    for row in rows:
        body = json.loads(row["body"])
        half = Decimal(body["natural"]) - Decimal(body["mid"])
        if half > 0:
            share = float(Decimal(row["shortfall"]) / half)
            found.append(
                PaidSpread(session=row["session"], intent_id=row["intent_id"], share=share)
            )
    return tuple(found)
