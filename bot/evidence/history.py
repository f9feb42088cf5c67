"""The history that the evidence is replayed over: one row a session, unknown where not recorded.

`load_history` reads a folder (formats: ``docs/history.md``) and says of every fault which rows it
is in and what it leaves usable. Rules:

- SPX and VIX must be there, and so must a rate; anything else has a named substitute where it was
  not recorded, and stays NaN here: the engine, not this file, puts the substitute in.
- The test ends where the first of the daily series ends (`History.limits` says which). VIX9D,
  VIX3M, VVIX, VX and the counts of breadth may begin later than the others, not end earlier.
- Nothing is filled forward but what is named in `History.carried`: a single session without a VIX
  close (four in 1990-2026), and the rate over at most five sessions (bond holidays).
- Rows before the first decision warm the indicators up: a year of VIX, two of SPX where recorded.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bot.core.errors import ConfigError
from bot.core.model import DailyBar, EventTable, MacroMonth
from bot.core.sessions import TradingCalendar
from bot.evidence.history_files import HistoryFault

if TYPE_CHECKING:
    from bot.core.model import Session

WARM_UP_SESSIONS: Final = 252
"""Bars of the VIX before the first decision."""

Dates = NDArray[np.datetime64]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """Daily bars of an index, points; shape (n,) each, NaN where not recorded."""

    open: Values
    high: Values
    low: Values
    close: Values

    def daily(
        self, sessions: Sequence[Session], *, start: int, factor: float = 1.0
    ) -> list[DailyBar]:
        """Return the bars of `sessions`, the first of which is at row `start`, times `factor`."""
        rows = slice(start, start + len(sessions))
        columns = (self.open, self.high, self.low, self.close)
        return [
            DailyBar(session=session, open=first, high=high, low=low, close=close)
            for session, first, high, low, close in zip(
                sessions, *((column[rows] * factor).tolist() for column in columns), strict=True
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Everything recorded that a replay may use; a row is a session.

    Parameters
    ----------
    sessions
        Shape (n,), ``datetime64[D]``: every session of the calendar from the first to the last.
    calendar
        Hours of these sessions and of three years on, for expiries.
    spx, vix
        Bars. SPX has none missing; VIX begins later (NaN before).
    vix9d, vix3m, vvix, skew
        Closes, points; shape (n,), NaN where not recorded.
    vx_expiries, vx_settlements
        Futures of a session, nearest first: settlement dates (NaT where there are fewer) and
        settlement prices in points (NaN); shape (n, m).
    nyse, large_caps
        Advancing and declining issues; shape (n, 2), NaN where not recorded. Never spliced.
    rate
        Three-month Treasury rate, continuously compounded, decimal per year; shape (n,).
    events
        Scheduled FOMC decisions, CPI and PPI; a type is unknown outside its own dates.
    macro
        Macro months, oldest first.
    carried
        Sessions on which a series stands on the value before, by its name.
    limits
        What ends the test before its longest series does, one line each.
    faults
        What was wrong with the files.
    sha256
        Fingerprint of the files; empty for a history that was not read from files.
    """

    sessions: Dates
    calendar: TradingCalendar
    spx: Bars
    vix: Bars
    vix9d: Values
    vix3m: Values
    vvix: Values
    skew: Values
    vx_expiries: Dates
    vx_settlements: Values
    nyse: Values
    large_caps: Values
    rate: Values
    events: EventTable = field(default_factory=EventTable)
    macro: tuple[MacroMonth, ...] = ()
    carried: Mapping[str, tuple[dt.date, ...]] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    faults: tuple[HistoryFault, ...] = ()
    sha256: str = ""

    def usable(self, first: Session | None = None, last: Session | None = None) -> range:
        """Return the positions of the sessions that can be decided, from `first` to `last`.

        Raises
        ------
        ConfigError
            If none lies between the two.
        """
        start = self.first_position
        stop = int(self.sessions.size)
        if first is not None:
            start = max(start, int(np.searchsorted(self.sessions, np.datetime64(first))))
        if last is not None:
            after = np.searchsorted(self.sessions, np.datetime64(last), side="right")
            stop = min(stop, int(after))
        if stop <= start:
            reach = f"{self.session(self.first_position)} to {self.session(-1)}"
            asked = f"from {first or 'the start'} to {last or 'the end'}"
            raise ConfigError((f"{asked}: the history can be decided from {reach}",))
        return range(start, stop)

    @property
    def first_position(self) -> int:
        """Position of the first session that has a year of VIX bars before it."""
        known = np.flatnonzero(np.isfinite(self.vix.close))
        return int(known[WARM_UP_SESSIONS])

    def session(self, at: int) -> Session:
        """Return the date of the session at position `at`."""
        day: dt.date = self.sessions[at].item()
        return day

    def position(self, session: Session) -> int:
        """Return the position of `session`.

        Raises
        ------
        ConfigError
            If the history has no such session.
        """
        at = int(np.searchsorted(self.sessions, np.datetime64(session)))
        if at == self.sessions.size or self.session(at) != session:
            reach = f"{self.session(0)} to {self.session(-1)}"
            raise ConfigError((f"{session}: no session of the history, which has {reach}",))
        return at

    def vx(self, at: int) -> dict[dt.date, float]:
        """Return the settlements of the VX futures on a session by expiry; empty when unknown."""
        expiries, prices = self.vx_expiries[at], self.vx_settlements[at]
        known = ~np.isnat(expiries) & np.isfinite(prices)
        return dict(zip(expiries[known].tolist(), prices[known].tolist(), strict=True))


def known(value: np.float64 | float) -> float | None:
    """Return a value of a series, ``None`` where it is not recorded."""
    return None if math.isnan(value) else float(value)
