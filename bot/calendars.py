"""Trading days of Cboe index options, from pandas_market_calendars, corrected.

Regular hours are 09:30 to 16:15 ET. Three corrections to ``CBOE_Index_Options`` 5.5:

* it misses the half day of 24 December: index options close at 13:15 ET wherever NYSE closes
  at 13:00;
* it trades on 2001-09-11 to 14, when the market was shut: a session is a day on which both
  calendars are open (their ad-hoc closures 2004-06-11, 2007-01-02, 2012-10-29 and 30,
  2018-12-05 and 2025-01-09 agree);
* days on which NYSE stopped early without notice (1996-01-08, 1997-10-27, 2005-06-01) are
  full days: nobody knew in the morning. The 14:00 closes before 1993 are full days too.

What the exchange announces after a version was made is put on top by `overridden`.
"""

from __future__ import annotations

import datetime as dt
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from bot.core.errors import CalendarError
from bot.core.model import TradingDay
from bot.core.sessions import TradingCalendar

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

NEW_YORK: Final = ZoneInfo("America/New_York")
OPEN: Final = dt.time(9, 30)
CLOSE: Final = dt.time(16, 15)
HALF_DAY_CLOSE: Final = dt.time(13, 15)
NYSE_HALF_DAY_CLOSE: Final = dt.time(13, 0)


@lru_cache(maxsize=64)
def trading_days(first: dt.date, last: dt.date) -> tuple[TradingDay, ...]:
    """Return the sessions from `first` to `last`, both included, in ascending order.

    Parameters
    ----------
    first, last
        New York dates.

    Returns
    -------
    tuple of TradingDay
        Regular hours in UTC. Dates in the future follow the published holiday rules.

    Raises
    ------
    CalendarError
        If `last` lies before `first`.
    """
    if last < first:
        raise CalendarError(f"last must not lie before first={first}, received {last}")
    nyse = _schedule("NYSE", first, last)
    sessions = nyse.index.intersection(_schedule("CBOE_Index_Options", first, last).index)
    if sessions.empty:
        return ()
    closes = nyse["market_close"].dt.tz_convert(NEW_YORK).dt.time
    return tuple(
        _trading_day(day.date(), half_day=closes[day] <= NYSE_HALF_DAY_CLOSE) for day in sessions
    )


def _schedule(name: str, first: dt.date, last: dt.date) -> pd.DataFrame:
    import pandas_market_calendars as market_calendars  # noqa: PLC0415 - 0.9 s, not for --help

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Series.dt.weekday, its own affair
        schedule: pd.DataFrame = market_calendars.get_calendar(name).schedule(first, last)
    return schedule


def _trading_day(session: dt.date, *, half_day: bool) -> TradingDay:
    close = HALF_DAY_CLOSE if half_day else CLOSE
    return TradingDay(
        session=session,
        open=dt.datetime.combine(session, OPEN, NEW_YORK).astimezone(dt.UTC),
        close=dt.datetime.combine(session, close, NEW_YORK).astimezone(dt.UTC),
        half_day=half_day,
    )


def overridden(
    calendar: TradingCalendar, *, closures: Collection[dt.date], half_days: Collection[dt.date]
) -> TradingCalendar:
    """Return `calendar` without the days of `closures`, and with those of `half_days` half.

    A closure that the calendar knows already changes nothing.

    Raises
    ------
    CalendarError
        If one of `half_days` is no session.
    """
    strange = [str(day) for day in half_days if not calendar.is_session(day)]
    if strange:
        raise CalendarError(f"{', '.join(strange)}: no session, so it cannot be a half day")
    return TradingCalendar(
        tuple(
            _trading_day(day.session, half_day=True) if day.session in half_days else day
            for day in calendar.days
            if day.session not in closures
        )
    )
