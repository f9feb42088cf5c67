"""When the bot wakes: every session of four calendar years, day by day."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from bot.calendars import overridden, trading_days
from bot.core.errors import CalendarError
from bot.core.sessions import TradingCalendar
from bot.settings import ScheduleSettings
from bot.wakeups import WakeUp, next_wake, overdue, wake_up

NEW_YORK = ZoneInfo("America/New_York")
SCHEDULE = ScheduleSettings()
FULL, HALF = dt.time(15, 30), dt.time(12, 30)
HALF_DAYS = {
    dt.date.fromisoformat(text)
    for text in (
        *("2024-07-03", "2024-11-29", "2024-12-24"),
        *("2025-07-03", "2025-11-28", "2025-12-24"),
        *("2026-11-27", "2026-12-24"),
        "2027-11-26",
    )
}
"""From the exchange's published list: Christmas Eve of 2027 is the holiday itself, observed."""

SESSIONS = {2024: 252, 2025: 250, 2026: 251, 2027: 251}
"""Weekdays less holidays, and less the day of mourning on 2025-01-09."""


@cache
def calendar() -> TradingCalendar:
    return TradingCalendar(trading_days(dt.date(2023, 12, 1), dt.date(2028, 3, 31)))


def at(text: str) -> dt.datetime:
    """A New York wall-clock time as an instant."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)


def following(now: str, *, last: str | None = None, grace: int = 900) -> WakeUp:
    return next_wake(
        at(now),
        calendar(),
        ScheduleSettings(misfire_grace_seconds=grace),
        last=dt.date.fromisoformat(last) if last else None,
    )


def sleep_through(first: str, until: str) -> list[WakeUp]:
    """Drive the planner as the bot does: sleep to each wake-up, run, plan the next one."""
    now, wakes = at(first), list[WakeUp]()
    last: dt.date | None = None
    while True:
        wake = next_wake(now, calendar(), SCHEDULE, last=last)
        if wake.at >= at(until):
            return wakes
        wakes.append(wake)
        now, last = wake.at, wake.session


def test_every_session_of_2024_to_2027_is_woken_for_once_and_at_its_wall_clock_time() -> None:
    wakes = sleep_through("2024-01-01T00:00", "2028-01-01T00:00")
    local = {wake.session: wake.at.astimezone(NEW_YORK) for wake in wakes}

    assert len(wakes) == len(local) == sum(SESSIONS.values())
    for year, count in SESSIONS.items():
        assert sum(session.year == year for session in local) == count
    assert {session for session, moment in local.items() if moment.time() == HALF} == HALF_DAYS
    assert {moment.time() for moment in local.values()} == {FULL, HALF}
    assert all(moment.date() == session for session, moment in local.items())


def test_a_bot_that_looks_every_quarter_of_an_hour_plans_the_same_sessions() -> None:
    now, run = at("2024-01-01T00:07"), list[dt.date]()
    last: dt.date | None = None
    while now < at("2028-01-01T00:00"):
        wake = next_wake(now, calendar(), SCHEDULE, last=last)
        if wake.at <= now:
            run.append(wake.session)
            last = wake.session
        now += dt.timedelta(minutes=15)

    assert run == [wake.session for wake in sleep_through("2024-01-01T00:00", "2028-01-01T00:00")]


@pytest.mark.parametrize(
    ("session", "utc_hour"),
    [
        *(("2024-03-08", 20), ("2024-03-11", 19), ("2024-11-01", 19), ("2024-11-04", 20)),
        *(("2025-03-07", 20), ("2025-03-10", 19), ("2025-10-31", 19), ("2025-11-03", 20)),
        *(("2026-03-06", 20), ("2026-03-09", 19), ("2026-10-30", 19), ("2026-11-02", 20)),
        *(("2027-03-12", 20), ("2027-03-15", 19), ("2027-11-05", 19), ("2027-11-08", 20)),
    ],
)
def test_the_instant_moves_with_daylight_saving_and_the_wall_clock_does_not(
    session: str, utc_hour: int
) -> None:
    wake = wake_up(dt.date.fromisoformat(session), calendar(), SCHEDULE)

    assert (wake.at.hour, wake.at.minute) == (utc_hour, 30)
    assert wake.at.astimezone(NEW_YORK).time() == FULL


def test_a_wake_up_that_is_late_but_within_its_grace_runs_now() -> None:
    assert following("2026-07-20T15:44:59").session == dt.date(2026, 7, 20)
    assert following("2026-07-20T15:45").latest == at("2026-07-20T15:45")


def test_after_its_grace_the_session_is_not_run_any_more() -> None:
    assert following("2026-07-20T15:45:01").session == dt.date(2026, 7, 21)
    assert following("2026-07-20T15:31:01", grace=60).at == at("2026-07-21T15:30")


def test_a_session_that_is_accounted_for_is_not_run_again() -> None:
    assert following("2026-07-20T15:31", last="2026-07-20").session == dt.date(2026, 7, 21)
    assert following("2026-07-20T09:00", last="2026-07-17").session == dt.date(2026, 7, 20)


def test_holidays_and_weekends_are_slept_through() -> None:
    assert following("2026-07-02T16:00").session == dt.date(2026, 7, 6)
    assert following("2025-01-08T16:00").session == dt.date(2025, 1, 10)


def test_overdue_sessions_are_those_whose_grace_passed_since_then() -> None:
    found = overdue(at("2026-07-22T15:40"), calendar(), SCHEDULE, since=at("2026-07-17T15:50"))

    assert found == (dt.date(2026, 7, 20), dt.date(2026, 7, 21))


def test_nothing_is_overdue_before_the_bot_was_there() -> None:
    since = at("2026-07-20T15:44")

    assert overdue(at("2026-07-20T15:45"), calendar(), SCHEDULE, since=since) == ()
    assert overdue(at("2026-07-20T15:46"), calendar(), SCHEDULE, since=since) == (
        dt.date(2026, 7, 20),
    )


def test_an_announced_closure_is_no_session_and_an_early_close_is_a_half_day() -> None:
    closed, early = dt.date(2026, 7, 21), dt.date(2026, 7, 22)
    changed = overridden(calendar(), closures=[closed], half_days=[early])

    wakes = [next_wake(at("2026-07-20T16:00"), changed, SCHEDULE, last=None)]
    wakes.append(next_wake(wakes[0].at, changed, SCHEDULE, last=wakes[0].session))

    assert [wake.at for wake in wakes] == [at("2026-07-22T12:30"), at("2026-07-23T15:30")]
    assert changed.day(early).close == at("2026-07-22T13:15")


def test_a_closure_that_the_calendar_knows_changes_nothing() -> None:
    known = [dt.date(2025, 1, 9), dt.date(2026, 12, 25)]

    assert overridden(calendar(), closures=known, half_days=[]) == calendar()


def test_a_half_day_on_a_day_without_trading_is_refused() -> None:
    with pytest.raises(CalendarError, match="2026-07-03: no session"):
        overridden(calendar(), closures=[], half_days=[dt.date(2026, 7, 3)])
