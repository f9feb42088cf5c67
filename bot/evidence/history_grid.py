"""The sessions that the rows of a history are made for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.calendars import trading_days
from bot.core.sessions import TradingCalendar
from bot.evidence.history import Dates, Values
from bot.evidence.history_files import Rows, as_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.evidence.history_files import Table

YEAR: Final = dt.timedelta(days=366)
DAYS: Final = "datetime64[D]"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """The sessions that rows are made for."""

    calendar: TradingCalendar
    sessions: Dates

    def column(self, table: Table, name: str) -> Values:
        """Return a column of a table on each session, NaN where it has none."""
        at, there = self.positions(table.dates)
        out = np.full(self.sessions.size, np.nan)
        out[at[there]] = table.columns[name][there]
        return out

    def trades_on(self, dates: Dates) -> Rows:
        """Return whether each date is a session, the three years to come among them."""
        days = np.array([day.session for day in self.calendar.days], DAYS)
        return np.isin(dates, days)

    def positions(self, dates: Dates) -> tuple[np.ndarray, Rows]:
        """Return the position of each date, and whether it is a session at all."""
        at = np.minimum(np.searchsorted(self.sessions, dates), self.sessions.size - 1)
        return at, self.sessions[at] == dates


def grid_of(tables: Mapping[str, Table]) -> Grid:
    """Rows run from three years before the VIX, where SPX has them, to the end of SPX."""
    spx, vix = tables["spx"], tables["vix"]
    first = max(as_day(spx.dates[0]), as_day(vix.dates[0]) - 3 * YEAR)
    last = as_day(spx.dates[-1])
    calendar = TradingCalendar(trading_days(first, last + 3 * YEAR))
    sessions = [day.session for day in calendar.days if day.session <= last]
    return Grid(calendar=calendar, sessions=np.array(sessions, "datetime64[D]"))
