"""When the bot wakes: pure functions of the time, the calendar and the schedule.

A session is decided once, at a New York wall-clock time that half days have of their own; the
UTC instant moves with daylight saving and the wall-clock time does not. A wake-up that comes
late runs at once while it is within its *grace*. After that the session is *overdue*: it is
recorded as missed and never run, since its prices are not those it was to be decided on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.clock import at_new_york, new_york

if TYPE_CHECKING:
    from bot.core.model import Session
    from bot.core.sessions import TradingCalendar
    from bot.settings import ScheduleSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeUp:
    """When one session is decided.

    Parameters
    ----------
    session
        The session.
    at, latest
        Decision time, and the last instant at which it may still begin (UTC).
    """

    session: dt.date
    at: dt.datetime
    latest: dt.datetime


def wake_up(session: Session, calendar: TradingCalendar, schedule: ScheduleSettings) -> WakeUp:
    """Return when `session` is decided.

    Raises
    ------
    CalendarError
        If it is not a session of `calendar`.
    """
    half_day = calendar.day(session).half_day
    at = at_new_york(session, schedule.decide_at_half_day if half_day else schedule.decide_at)
    grace = dt.timedelta(seconds=schedule.misfire_grace_seconds)
    return WakeUp(session=session, at=at, latest=at + grace)


def next_wake(
    now: dt.datetime,
    calendar: TradingCalendar,
    schedule: ScheduleSettings,
    *,
    last: Session | None,
) -> WakeUp:
    """Return the next wake-up, which lies in the past when it is late but within its grace.

    Parameters
    ----------
    now
        The time (UTC).
    calendar, schedule
        Sessions, and the times of day.
    last
        Newest session that is accounted for; the answer is a later one.

    Raises
    ------
    CalendarError
        If `calendar` ends before it.
    """
    session = calendar.on_or_after(new_york(now).date())
    if last is not None and calendar.covers(last):
        session = max(session, calendar.on_or_after(last + dt.timedelta(days=1)))
    found = wake_up(session, calendar, schedule)
    if found.latest < now:
        found = wake_up(calendar.next(session), calendar, schedule)
    return found


def overdue(
    now: dt.datetime, calendar: TradingCalendar, schedule: ScheduleSettings, *, since: dt.datetime
) -> tuple[Session, ...]:
    """Return the sessions due from `since` on whose grace has passed, oldest first.

    Raises
    ------
    CalendarError
        If `calendar` covers neither `since` nor `now`.
    """
    first, last = new_york(since).date(), new_york(now).date()
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    wakes = (wake_up(day, calendar, schedule) for day in days if calendar.is_session(day))
    return tuple(wake.session for wake in wakes if since <= wake.latest < now)
