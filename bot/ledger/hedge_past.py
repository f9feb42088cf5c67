"""What the hedge remembers and has cost: read for the book that is decided on.

The notes of the hedge are those of the last real decision of an *earlier* session, so that a
session that is decided twice remembers the same both times.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.book import HedgeLedger, HedgeNotes, HedgeSale
from bot.core.decision import Decision
from bot.core.fold import cash_usd
from bot.core.hedge_sales import PROFIT_TAKING, hedge_sales
from bot.ledger.codec import unpack
from bot.ledger.marks import Marks
from bot.ledger.text import optional_decimal

if TYPE_CHECKING:
    import datetime as dt
    import sqlite3
    from collections.abc import Sequence

    from bot.core.model import Session

COST_SESSIONS: Final = 252
"""A year, over which the cost of the hedge is counted."""

CREDIT_SESSIONS: Final = 90
"""Over which the credit of the condors is counted."""


class HedgePast(Marks):
    """The part of the ledger that tells the hedge of its own past."""

    def hedge_notes(self, session: Session) -> HedgeNotes | None:
        """Return the notes of the last decision before `session`; ``None`` if it made none."""
        body = self.value(
            "SELECT body FROM decisions WHERE session < ? AND dry = 0 "
            "ORDER BY session DESC, id DESC LIMIT 1",
            (session.isoformat(),),
        )
        return None if body is None else unpack(body, Decision).notes

    def hedge_sales(self, since: dt.date) -> tuple[HedgeSale, ...]:
        """Return the monetising sales since a date, and those of lots that are still held."""
        rows = self.rows(  # each half by an index of its own: the years before are not read
            "SELECT structure_id FROM intents WHERE session >= ?3 AND reason IN (?1, ?2) "
            "UNION SELECT structure_id FROM structures JOIN intents USING (structure_id) "
            "WHERE structures.state = 'open' AND reason IN (?1, ?2)",
            (*PROFIT_TAKING, since.isoformat()),
        )
        records, fills, _, _ = self._facts([row["structure_id"] for row in rows])
        return hedge_sales(records, fills)

    def hedge_ledger(self, session: Session) -> HedgeLedger:
        """Return what the hedge cost and the condors brought before `session`."""
        newest = self.rows(
            "SELECT session, nav_usd, hedge_pnl_usd FROM marks WHERE session < ? "
            "ORDER BY session DESC LIMIT ?",
            (session.isoformat(), COST_SESSIONS + 1),
        )
        marks = list(reversed(newest))
        year = marks[-COST_SESSIONS:]
        quarter = year[-CREDIT_SESSIONS:]
        return HedgeLedger(
            sessions=len(year),
            net_cost_usd=_net_cost_usd(marks, year),
            average_nav_usd=_mean(year),
            condor_sessions=len(quarter),
            condor_credit_usd=self._condor_cash_usd(quarter[0]["session"]) if quarter else None,
        )

    def _condor_cash_usd(self, since: str) -> Decimal:
        """Sum the cash of the condors' fills and settlements since a session."""
        rows = self.rows(
            "SELECT structure_id FROM structures WHERE kind = 'condor' AND changed_in >= ?",
            (since,),
        )
        records, fills, settlements, _ = self._facts([row["structure_id"] for row in rows])
        sessions = {record.intent.intent_id: record.intent.session for record in records}
        return cash_usd(
            (fill for fill in fills if sessions[fill.intent_id].isoformat() >= since),
            (end for end in settlements if end.session.isoformat() >= since),
        )


def _net_cost_usd(marks: Sequence[sqlite3.Row], year: Sequence[sqlite3.Row]) -> Decimal | None:
    """Return what the hedge lost from the mark before the year, or from its start, to the last."""
    if not year:
        return None
    last = optional_decimal(year[-1]["hedge_pnl_usd"])
    first = optional_decimal(marks[0]["hedge_pnl_usd"]) if len(marks) > len(year) else Decimal(0)
    return None if first is None or last is None else first - last


def _mean(year: Sequence[sqlite3.Row]) -> Decimal | None:
    """Return the mean NAV of the sessions in which it was known."""
    known = [nav for row in year if (nav := optional_decimal(row["nav_usd"])) is not None]
    return sum(known, Decimal(0)) / len(known) if known else None
