"""Levels of a simulated market by session and time of day, and the bars they make.

Every symbol has one row for each session: its level at `STEPS` + 1 equally spaced instants from
the open to the close of the stocks (16:00, 13:00 on a half day). Between two instants the level
is linear; after the close it stands. A daily bar is the first, greatest, least and last level of
its row, so the day's path and its bar agree by construction.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bot.core.model import DailyBar, Session, TradingDay
from bot.core.sessions import CURB_MINUTES

if TYPE_CHECKING:
    import datetime as dt

STEPS: Final = 78
"""Intervals of a session: five minutes on a full day."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paths:
    """Paths of all symbols over consecutive sessions.

    Parameters
    ----------
    days
        Sessions, oldest first; n of them.
    levels
        By symbol, shape (n, STEPS + 1).
    """

    days: tuple[TradingDay, ...]
    levels: Mapping[str, NDArray[np.float64]]
    _sessions: tuple[Session, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sessions", tuple(day.session for day in self.days))

    def position(self, session: Session) -> int | None:
        """Return the row of `session`, or ``None`` when it is not a session of the paths."""
        at = bisect_left(self._sessions, session)
        return at if at < len(self._sessions) and self._sessions[at] == session else None

    def before(self, session: Session) -> int:
        """Return how many sessions lie before `session`."""
        return bisect_left(self._sessions, session)

    def level(self, symbol: str, now: dt.datetime) -> float:
        """Return the level of `symbol` at `now`: the last one reached, also out of hours.

        Before the first open it is the first level.

        Raises
        ------
        KeyError
            If the symbol has no path.
        """
        rows = self.levels[symbol]
        at = max(bisect_right(self.days, now, key=lambda day: day.open) - 1, 0)
        instant = elapsed(self.days[at], now) * STEPS
        step = min(int(instant), STEPS - 1)
        first, second = rows[at, step], rows[at, step + 1]
        return float(first + (second - first) * (instant - step))

    def close_before(self, symbol: str, session: Session) -> float | None:
        """Return the last close of `symbol` before `session`, if there is one.

        Raises
        ------
        KeyError
            If the symbol has no path.
        """
        rows, at = self.levels[symbol], self.before(session)
        return float(rows[at - 1, -1]) if at else None

    def bars(self, symbol: str, session: Session, count: int) -> tuple[DailyBar, ...]:
        """Return up to `count` completed bars before `session`, oldest first."""
        rows, end = self.levels.get(symbol), self.before(session)
        if rows is None:
            return ()
        start = max(0, end - count)
        wanted = rows[start:end]
        columns = (wanted[:, 0], wanted.max(axis=1), wanted.min(axis=1), wanted[:, -1])
        prices = zip(*(column.tolist() for column in columns), strict=True)
        days = self.days[start:end]
        return tuple(_bar(day.session, each) for day, each in zip(days, prices, strict=True))


def elapsed(day: TradingDay, now: dt.datetime) -> float:
    """Return the share of the stocks' hours of `day` that is over at `now`, 0 to 1."""
    return min(max((now - day.open) / (stock_close(day) - day.open), 0.0), 1.0)


def stock_close(day: TradingDay) -> dt.datetime:
    """Return when the stocks, and with them the index, close."""
    return day.close - CURB_MINUTES


def _bar(session: Session, prices: tuple[float, ...]) -> DailyBar:
    """Return a bar of open, high, low and close, in cents."""
    first, high, low, last = (round(price, 2) for price in prices)
    return DailyBar(session=session, open=first, high=high, low=low, close=last)
