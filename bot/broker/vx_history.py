"""The VX futures of the last sessions, from the broker's daily bars of each contract.

Signals compare the curve with itself of a week ago, and measure how much its front has moved in
thirty sessions: that needs the contracts of these days, those included that have settled since.
The broker keeps bars of a future for two years after it expired. Each request is of one contract,
five or six in all.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from bot.broker.together import at_once
from bot.core.model import FutureClose, VxDay
from bot.core.sessions import vix_expiry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.broker.market_data import MarketData
    from bot.core.model import DailyBar, Session
    from bot.core.sessions import TradingCalendar

SESSIONS: Final = 31
"""Sessions looked back on: thirty returns."""

DAYS_AHEAD: Final = 100
"""Futures that settle later are on no side of 60 days."""

DAYS_IN_MONTH: Final = 31


async def vx_days(
    market: MarketData, session: Session, *, listed: Iterable[dt.date], calendar: TradingCalendar
) -> tuple[VxDay, ...]:
    """Return the closes of the nearest VX futures on the sessions before `session`.

    Parameters
    ----------
    market
        Where they are asked for; a contract that is refused is left out.
    session
        The session being decided.
    listed
        Settlement dates of the futures that are listed now. The dates of those that have settled
        follow from the rule of the calendar.
    calendar
        Trading days.
    """
    sessions = sessions_before(session, calendar)
    known = [each for each in listed if (each - session).days <= DAYS_AHEAD]
    wanted = sorted({*settled_between(sessions[0], session, calendar), *known})
    async with at_once() as group:
        asked = {
            expiry: group.create_task(market.future_bars(expiry, session)) for expiry in wanted
        }
    return by_session({expiry: task.result() for expiry, task in asked.items()}, sessions)


def sessions_before(session: Session, calendar: TradingCalendar) -> tuple[Session, ...]:
    """Return the sessions that are looked back on, oldest first."""
    before = [session]
    for _ in range(SESSIONS):
        before.append(calendar.previous(before[-1]))
    return tuple(reversed(before[1:]))


def settled_between(
    first: Session, session: Session, calendar: TradingCalendar
) -> tuple[dt.date, ...]:
    """Return the monthly settlement dates after `first`, up to `session` itself."""
    months = {(day.year, day.month) for day in _each_month(first, session)}
    expiries = sorted(vix_expiry(year, month, calendar) for year, month in months)
    return tuple(expiry for expiry in expiries if first < expiry <= session)


def by_session(
    bars: Mapping[dt.date, Sequence[DailyBar]], sessions: Sequence[Session]
) -> tuple[VxDay, ...]:
    """Turn the bars of each contract into the curve of each session; none without a close."""
    closes: dict[Session, list[FutureClose]] = defaultdict(list)
    for expiry, series in sorted(bars.items()):
        for bar in series:
            closes[bar.session].append(FutureClose(expiry=expiry, close=bar.close))
    return tuple(
        VxDay(session=session, closes=tuple(closes[session]))
        for session in sessions
        if closes[session]
    )


def _each_month(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    day = first
    while day < last:
        yield day
        day += dt.timedelta(days=DAYS_IN_MONTH)
    yield last
