"""Sessions and expiries of SPX and VIX options; calendar tables are passed in.

Monthly VIX options and VX futures settle on the morning of the Wednesday 30 days before the
third Friday of the following month. If that Wednesday or that Friday is a holiday, they settle
on the business day before. Expiries that are not a Wednesday, 2018-2027:

=============  =====================================================
2019-03-19     Good Friday on the third Friday of April 2019
2022-03-15     Good Friday on the third Friday of April 2022
2024-06-18     Juneteenth on the Wednesday
2025-03-18     Good Friday on the third Friday of April 2025
2026-05-19     Juneteenth observed on the third Friday of June 2026
2027-05-18     Juneteenth observed on the third Friday of June 2027
=============  =====================================================

A closure announced when the series is already listed follows no rule: the settlement due on
2018-12-05 (day of mourning) took place on the day *after*. Such dates are kept in a table, and
the broker's date wins over both.

AM-settled SPX options expire on the third Friday of the month, or on the session before.

The *expiry* is the date of settlement. What settles in the morning (SPX, VIX, VIXW) last trades
in the session before; SPXW and VX futures trade until the day they settle.
"""

from __future__ import annotations

import datetime as dt
import operator
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.core.errors import CalendarError
from bot.core.model import Session, TradingDay

if TYPE_CHECKING:
    from collections.abc import Mapping

MOVED_SETTLEMENTS: Final[Mapping[dt.date, dt.date]] = {
    dt.date(2018, 12, 5): dt.date(2018, 12, 6),  # day of mourning for G. H. W. Bush
}
"""VIX settlements that an ad-hoc closure moved: the Wednesday they were due, the day they were."""

DAYS_BEFORE_SPX_EXPIRY: Final = dt.timedelta(days=30)
FRIDAY: Final = 4
MINUTES_PER_YEAR: Final = 365 * 24 * 60
CURB_MINUTES: Final = dt.timedelta(minutes=15)
"""Index options trade on for 15 minutes after the close of the stocks they settle to."""

LAST_TRADE_BEFORE_EXPIRY: Final = frozenset({"SPX", "VIX", "VIXW"})
LAST_TRADE_ON_EXPIRY: Final = frozenset({"SPXW", "VX"})


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """A table of sessions with look-ups that refuse to answer beyond its bounds.

    Parameters
    ----------
    days
        Trading days in ascending order, at least one.

    Raises
    ------
    CalendarError
        If the table is empty or not in strictly ascending order.
    """

    days: tuple[TradingDay, ...]
    _sessions: tuple[Session, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sessions = tuple([day.session for day in self.days])
        if not sessions:
            raise CalendarError("a calendar needs at least one trading day, received none")
        if not all(map(operator.lt, sessions, sessions[1:])):
            earlier, later = next(both for both in pairwise(sessions) if both[1] <= both[0])
            raise CalendarError(f"trading days must ascend, received {later} after {earlier}")
        object.__setattr__(self, "_sessions", sessions)

    @property
    def first(self) -> Session:
        """First session of the table."""
        return self._sessions[0]

    @property
    def last(self) -> Session:
        """Last session of the table."""
        return self._sessions[-1]

    def covers(self, date: dt.date) -> bool:
        """Whether `date` lies within the bounds of the table."""
        return self._sessions[0] <= date <= self._sessions[-1]

    def between(self, first: dt.date, last: dt.date) -> tuple[Session, ...]:
        """Return the sessions of the table from `first` to `last`, both included."""
        return self._sessions[
            bisect_left(self._sessions, first) : bisect_right(self._sessions, last)
        ]

    def is_session(self, date: dt.date) -> bool:
        """Whether there is trading on `date`.

        Raises
        ------
        CalendarError
            If `date` lies outside the table.
        """
        self._require_covered(date)
        return self._sessions[bisect_left(self._sessions, date)] == date

    def day(self, session: Session) -> TradingDay:
        """Return the hours of `session`.

        Raises
        ------
        CalendarError
            If `session` is not a session of the table.
        """
        return self.days[self._position(session)]

    def next(self, session: Session, n: int = 1) -> Session:
        """Return the session `n` (>= 0) sessions after `session`.

        Raises
        ------
        CalendarError
            If `session` is not a session, or the answer lies outside the table.
        """
        return self._shifted(session, _not_negative(n))

    def previous(self, session: Session, n: int = 1) -> Session:
        """Return the session `n` (>= 0) sessions before `session`.

        Raises
        ------
        CalendarError
            If `session` is not a session, or the answer lies outside the table.
        """
        return self._shifted(session, -_not_negative(n))

    def on_or_before(self, date: dt.date) -> Session:
        """Return `date` if it is a session, else the last session before it.

        Raises
        ------
        CalendarError
            If `date` lies outside the table.
        """
        self._require_covered(date)
        return self._sessions[bisect_right(self._sessions, date) - 1]

    def on_or_after(self, date: dt.date) -> Session:
        """Return `date` if it is a session, else the first session after it.

        Raises
        ------
        CalendarError
            If `date` lies outside the table.
        """
        self._require_covered(date)
        return self._sessions[bisect_left(self._sessions, date)]

    def count(self, after: dt.date, to: dt.date) -> int:
        """Count the sessions in ``(after, to]``; 0 if `to` is not later than `after`.

        Raises
        ------
        CalendarError
            If either date lies outside the table.
        """
        self._require_covered(after)
        self._require_covered(to)
        return max(0, bisect_right(self._sessions, to) - bisect_right(self._sessions, after))

    def _shifted(self, session: Session, offset: int) -> Session:
        position = self._position(session) + offset
        if not 0 <= position < len(self._sessions):
            raise CalendarError(f"{offset:+d} sessions from {session} is outside {self._bounds()}")
        return self._sessions[position]

    def _position(self, session: Session) -> int:
        at = bisect_left(self._sessions, session)
        if self._sessions[at : at + 1] != (session,):
            self._require_covered(session)
            raise CalendarError(f"{session} is not a session ({self._bounds()})")
        return at

    def _require_covered(self, date: dt.date) -> None:
        if not self.covers(date):
            raise CalendarError(f"{date} is outside {self._bounds()}")

    def _bounds(self) -> str:
        return f"calendar {self.first} to {self.last}"


def _not_negative(n: int) -> int:
    if n < 0:
        raise CalendarError(f"n must be >= 0 sessions, received {n}")
    return n


@lru_cache(maxsize=1024)
def third_friday(year: int, month: int) -> dt.date:
    """Return the third Friday of a month, holiday or not."""
    fifteenth = dt.date(year, month, 15)
    return fifteenth + dt.timedelta(days=(FRIDAY - fifteenth.weekday()) % 7)


def spx_am_expiry(year: int, month: int, calendar: TradingCalendar) -> dt.date:
    """Return the expiry of the month's AM-settled SPX options.

    Raises
    ------
    CalendarError
        If the third Friday lies outside `calendar`.
    """
    return calendar.on_or_before(third_friday(year, month))


def vix_expiry(year: int, month: int, calendar: TradingCalendar) -> dt.date:
    """Return the expiry of the month's VIX options and VX future.

    Raises
    ------
    CalendarError
        If `calendar` does not reach the third Friday of the following month.
    """
    following = dt.date(year, month, 1) + dt.timedelta(days=31)
    friday = third_friday(following.year, following.month)
    return vix_settlement(friday - DAYS_BEFORE_SPX_EXPIRY, calendar)


def vix_settlement(wednesday: dt.date, calendar: TradingCalendar) -> dt.date:
    """Return the day on which the VIX options due on `wednesday` settle.

    The SPX options that make up the settlement value expire 30 days later, on a Friday. A
    holiday on either day moves it to the business day before.

    Raises
    ------
    CalendarError
        If `calendar` does not reach that Friday.
    """
    if wednesday in MOVED_SETTLEMENTS:
        return MOVED_SETTLEMENTS[wednesday]
    if calendar.is_session(wednesday + DAYS_BEFORE_SPX_EXPIRY):
        return calendar.on_or_before(wednesday)
    return calendar.on_or_before(wednesday - dt.timedelta(days=1))


def is_monthly_vix_expiry(expiry: dt.date, calendar: TradingCalendar) -> bool:
    """Whether `expiry` is the month's VIX expiry, on which its VX future settles too.

    Raises
    ------
    CalendarError
        If `calendar` does not reach the third Friday of the following month.
    """
    return expiry == vix_expiry(expiry.year, expiry.month, calendar)


def last_trade_of(trading_class: str, expiry: dt.date, calendar: TradingCalendar) -> Session:
    """Return the last session in which the series that settles on `expiry` trades.

    Parameters
    ----------
    trading_class
        ``"SPX"``, ``"SPXW"``, ``"VIX"``, ``"VIXW"``, or ``"VX"`` for the futures.
    expiry
        Date of settlement, a session.
    calendar
        Table of sessions that covers it.

    Raises
    ------
    CalendarError
        If `expiry` is not a session of `calendar`, or the trading class is unknown.
    """
    return calendar.previous(expiry, _sessions_to_expiry(trading_class))


def expiry_of(trading_class: str, last_trade: Session, calendar: TradingCalendar) -> dt.date:
    """Return the date of settlement of the series that last trades on `last_trade`.

    The inverse of `last_trade_of`: the broker names contracts by their last trade date.

    Raises
    ------
    CalendarError
        If `last_trade` is not a session of `calendar`, or the trading class is unknown.
    """
    return calendar.next(last_trade, _sessions_to_expiry(trading_class))


def _sessions_to_expiry(trading_class: str) -> int:
    if trading_class in LAST_TRADE_BEFORE_EXPIRY:
        return 1
    if trading_class in LAST_TRADE_ON_EXPIRY:
        return 0
    known = ", ".join(sorted(LAST_TRADE_BEFORE_EXPIRY | LAST_TRADE_ON_EXPIRY))
    raise CalendarError(f"trading class {trading_class!r} is not one of {known}")


def settlement_time(trading_class: str, day: TradingDay) -> dt.datetime:
    """Return the instant (UTC) at which a series that expires on `day` settles.

    SPXW settles to the close of the stocks: 16:00 ET, 13:00 on a half day. What settles in the
    morning does so at the open, 09:30 ET.
    """
    return day.close - CURB_MINUTES if trading_class == "SPXW" else day.open


def years_between(start: dt.datetime, end: dt.datetime) -> float:
    """Return calendar time as minutes over 525,600 (Cboe VIX methodology); may be negative."""
    return (end - start) / dt.timedelta(minutes=MINUTES_PER_YEAR)
