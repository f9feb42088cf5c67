"""What the condors of earlier sessions tell: which of them the second engine has opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.plan import SECOND_ENGINE
from bot.ledger.hedge_past import HedgePast
from bot.ledger.orders import read_records

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.fold import IntentRecord


class CondorPast(HedgePast):
    """The part of the ledger that tells the condors of their own past."""

    def second_engine_records(self, since: dt.date) -> tuple[IntentRecord, ...]:
        """Return the intents of the second engine since a date, oldest first."""
        rows = self.rows(
            "SELECT state, body FROM intents WHERE reason = ? AND session >= ? ORDER BY +id",
            (SECOND_ENGINE, since.isoformat()),
        )
        return read_records(rows)
