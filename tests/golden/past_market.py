"""Snapshots of any session since 1991 from recorded histories, as the evidence replays them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.core.model import MarketSnapshot
from bot.evidence.history_load import load_history
from bot.evidence.market import HistoricMarket
from bot.evidence.settings import ReplaySettings

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path


OF_SIGNALS: Final = ("vix3m", "vx", "large_caps", "vix_gap")
"""Substitutes that signals rest on; the others stand in for prices of options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A snapshot, and the names of what stood in for inputs of its signals."""

    snapshot: MarketSnapshot
    substitutes: tuple[str, ...]


class PastMarket:
    """Recorded histories of one folder, as snapshots of the index as it was."""

    def __init__(self, folder: Path) -> None:
        self._history = load_history(folder)
        self._market = HistoricMarket(self._history, ReplaySettings(literal_contracts=True))

    def sessions(self, first: dt.date, last: dt.date) -> list[dt.date]:
        return [each for each in self._history.sessions.tolist() if first <= each <= last]

    def on(self, session: dt.date) -> Past:
        """Return what is known at the decision of `session`."""
        day = self._market.day(self._history.position(session))
        names = tuple(name for name in OF_SIGNALS if name in day.substitutes)
        return Past(snapshot=day.snapshot, substitutes=names)
