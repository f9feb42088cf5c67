from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import CalendarError
from bot.core.model import TradingDay
from bot.core.sessions import (
    TradingCalendar,
    expiry_of,
    is_monthly_vix_expiry,
    last_trade_of,
    settlement_time,
    spx_am_expiry,
    third_friday,
    vix_expiry,
    vix_settlement,
    years_between,
)

HOLIDAYS = frozenset(
    dt.date.fromisoformat(day)
    for day in (
        "2018-12-05",  # day of mourning
        "2019-04-19",  # Good Friday
        "2022-04-15",  # Good Friday
        "2024-06-19",  # Juneteenth
        "2025-04-18",  # Good Friday
        "2026-04-03",  # Good Friday
        "2026-06-19",  # Juneteenth
        "2026-07-03",  # Independence Day, observed
        "2027-06-18",  # Juneteenth, observed
        "2027-06-19",
    )
)


def a_day(session: dt.date) -> TradingDay:
    return TradingDay(
        session=session,
        open=dt.datetime.combine(session, dt.time(13, 30), dt.UTC),
        close=dt.datetime.combine(session, dt.time(20, 15), dt.UTC),
        half_day=False,
    )


def weekdays(first: dt.date, last: dt.date) -> TradingCalendar:
    dates = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    open_dates = (date for date in dates if date.weekday() < 5 and date not in HOLIDAYS)
    return TradingCalendar(tuple(a_day(date) for date in open_dates))


CALENDAR = weekdays(dt.date(2018, 1, 1), dt.date(2028, 12, 29))

FRIDAY_BEFORE_THE_FOURTH = dt.date(2026, 7, 3)
THURSDAY_BEFORE_IT = dt.date(2026, 7, 2)
MONDAY_AFTER_IT = dt.date(2026, 7, 6)


def test_a_holiday_is_no_session_and_the_day_before_is() -> None:
    assert not CALENDAR.is_session(FRIDAY_BEFORE_THE_FOURTH)
    assert CALENDAR.is_session(THURSDAY_BEFORE_IT)


def test_next_and_previous_step_over_holiday_and_weekend() -> None:
    assert CALENDAR.next(THURSDAY_BEFORE_IT) == MONDAY_AFTER_IT
    assert CALENDAR.previous(MONDAY_AFTER_IT) == THURSDAY_BEFORE_IT
    assert CALENDAR.next(THURSDAY_BEFORE_IT, 3) == dt.date(2026, 7, 8)
    assert CALENDAR.previous(MONDAY_AFTER_IT, 2) == dt.date(2026, 7, 1)


def test_stepping_by_no_session_stays() -> None:
    assert CALENDAR.next(MONDAY_AFTER_IT, 0) == MONDAY_AFTER_IT


def test_on_or_before_and_on_or_after_keep_a_session_and_leave_a_holiday() -> None:
    assert CALENDAR.on_or_before(MONDAY_AFTER_IT) == MONDAY_AFTER_IT
    assert CALENDAR.on_or_after(MONDAY_AFTER_IT) == MONDAY_AFTER_IT
    assert CALENDAR.on_or_before(FRIDAY_BEFORE_THE_FOURTH) == THURSDAY_BEFORE_IT
    assert CALENDAR.on_or_after(FRIDAY_BEFORE_THE_FOURTH) == MONDAY_AFTER_IT


def test_count_leaves_out_the_first_and_takes_in_the_last() -> None:
    assert CALENDAR.count(THURSDAY_BEFORE_IT, MONDAY_AFTER_IT) == 1
    assert CALENDAR.count(FRIDAY_BEFORE_THE_FOURTH, dt.date(2026, 7, 10)) == 5
    assert CALENDAR.count(MONDAY_AFTER_IT, MONDAY_AFTER_IT) == 0
    assert CALENDAR.count(MONDAY_AFTER_IT, THURSDAY_BEFORE_IT) == 0


def test_day_returns_the_hours_of_the_session() -> None:
    assert CALENDAR.day(MONDAY_AFTER_IT).session == MONDAY_AFTER_IT


def test_calendars_of_the_same_days_are_equal_and_hash_alike() -> None:
    other = TradingCalendar(CALENDAR.days)

    assert other == CALENDAR
    assert hash(other) == hash(CALENDAR)


def test_bounds_are_the_first_and_last_session() -> None:
    assert CALENDAR.first == dt.date(2018, 1, 1)
    assert CALENDAR.last == dt.date(2028, 12, 29)


@pytest.mark.parametrize("date", [dt.date(2017, 12, 31), dt.date(2028, 12, 30)])
def test_a_date_outside_the_table_is_refused_with_date_and_bounds(date: dt.date) -> None:
    message = f"{date} is outside calendar 2018-01-01 to 2028-12-29"
    for ask in (CALENDAR.is_session, CALENDAR.on_or_before, CALENDAR.on_or_after, CALENDAR.day):
        with pytest.raises(CalendarError, match=message):
            ask(date)
    with pytest.raises(CalendarError, match=message):
        CALENDAR.count(date, CALENDAR.last)
    with pytest.raises(CalendarError, match=message):
        CALENDAR.count(CALENDAR.first, date)


def test_a_step_beyond_the_table_is_refused() -> None:
    with pytest.raises(CalendarError, match=r"\+1 sessions from 2028-12-29 is outside"):
        CALENDAR.next(CALENDAR.last)
    with pytest.raises(CalendarError, match="-2 sessions from 2018-01-02 is outside"):
        CALENDAR.previous(dt.date(2018, 1, 2), 2)


def test_a_step_from_a_holiday_is_refused() -> None:
    with pytest.raises(CalendarError, match="2026-07-03 is not a session"):
        CALENDAR.next(FRIDAY_BEFORE_THE_FOURTH)


def test_a_negative_step_is_refused() -> None:
    with pytest.raises(CalendarError, match="n must be >= 0 sessions, received -1"):
        CALENDAR.next(MONDAY_AFTER_IT, -1)


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(CalendarError, match="at least one trading day"):
        TradingCalendar(())


def test_days_out_of_order_are_refused() -> None:
    days = (a_day(MONDAY_AFTER_IT), a_day(THURSDAY_BEFORE_IT))

    with pytest.raises(CalendarError, match="received 2026-07-02 after 2026-07-06"):
        TradingCalendar(days)


@given(
    start=st.dates(CALENDAR.first, dt.date(2027, 1, 1)),
    steps=st.integers(min_value=1, max_value=400),
)
def test_count_is_the_inverse_of_next(start: dt.date, steps: int) -> None:
    session = CALENDAR.on_or_after(start)

    assert CALENDAR.count(session, CALENDAR.next(session, steps)) == steps


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(2026, 5, 15), (2026, 8, 21), (2027, 1, 15), (2024, 3, 15), (2025, 2, 21)],
)
def test_third_friday_as_printed_in_the_calendar(year: int, month: int, day: int) -> None:
    assert third_friday(year, month) == dt.date(year, month, day)


@pytest.mark.parametrize(
    "expiry",
    ["2019-03-19", "2022-03-15", "2024-06-18", "2025-03-18", "2026-05-19", "2027-05-18"],
)
def test_vix_expires_on_tuesday_when_wednesday_or_the_friday_after_is_a_holiday(
    expiry: str,
) -> None:
    date = dt.date.fromisoformat(expiry)

    assert vix_expiry(date.year, date.month, CALENDAR) == date
    assert is_monthly_vix_expiry(date, CALENDAR)
    assert not is_monthly_vix_expiry(date + dt.timedelta(days=1), CALENDAR)


@pytest.mark.parametrize("expiry", ["2018-02-14", "2020-03-18", "2024-12-18", "2026-07-22"])
def test_vix_expires_on_the_wednesday_otherwise(expiry: str) -> None:
    date = dt.date.fromisoformat(expiry)

    assert vix_expiry(date.year, date.month, CALENDAR) == date


def test_vix_expires_on_nothing_but_tuesday_of_the_six_or_wednesday_from_2018_to_2027() -> None:
    months = [(year, month) for year in range(2018, 2028) for month in range(1, 13)]
    odd = [
        expiry
        for expiry in (vix_expiry(year, month, CALENDAR) for year, month in months)
        if expiry.weekday() != 2
    ]

    assert [str(expiry) for expiry in odd] == [
        "2019-03-19",
        "2022-03-15",
        "2024-06-18",
        "2025-03-18",
        "2026-05-19",
        "2027-05-18",
    ]


def test_the_day_of_mourning_moved_the_weekly_settlement_to_the_day_after() -> None:
    assert vix_settlement(dt.date(2018, 12, 5), CALENDAR) == dt.date(2018, 12, 6)


def test_a_weekly_wednesday_is_no_monthly_expiry() -> None:
    assert not is_monthly_vix_expiry(dt.date(2026, 7, 29), CALENDAR)


def test_vix_expiry_is_refused_when_the_calendar_does_not_reach_the_friday() -> None:
    short = weekdays(dt.date(2026, 1, 2), dt.date(2026, 8, 20))

    with pytest.raises(CalendarError, match="2026-08-21 is outside"):
        vix_expiry(2026, 7, short)


def test_spx_am_options_expire_on_the_third_friday_or_the_session_before() -> None:
    assert spx_am_expiry(2026, 8, CALENDAR) == dt.date(2026, 8, 21)
    assert spx_am_expiry(2026, 6, CALENDAR) == dt.date(2026, 6, 18)
    assert spx_am_expiry(2025, 4, CALENDAR) == dt.date(2025, 4, 17)


@pytest.mark.parametrize(
    ("trading_class", "expiry", "last_trade"),
    [
        ("SPX", "2026-08-21", "2026-08-20"),
        ("SPX", "2026-06-18", "2026-06-17"),
        ("VIX", "2026-07-22", "2026-07-21"),
        ("VIX", "2024-06-18", "2024-06-17"),
        ("VIXW", "2026-07-29", "2026-07-28"),
        ("SPXW", "2026-08-21", "2026-08-21"),
        ("VX", "2026-07-22", "2026-07-22"),
        ("SPX", "2026-07-06", "2026-07-02"),
    ],
)
def test_last_trade_and_expiry_are_inverses(
    trading_class: str, expiry: str, last_trade: str
) -> None:
    settles, trades = dt.date.fromisoformat(expiry), dt.date.fromisoformat(last_trade)

    assert last_trade_of(trading_class, settles, CALENDAR) == trades
    assert expiry_of(trading_class, trades, CALENDAR) == settles


def test_an_unknown_trading_class_is_refused_by_name() -> None:
    with pytest.raises(CalendarError, match="'NDX' is not one of SPX, SPXW, VIX, VIXW, VX"):
        last_trade_of("NDX", dt.date(2026, 8, 21), CALENDAR)


@pytest.mark.parametrize(
    ("trading_class", "half_day", "time"),
    [
        ("SPXW", False, "20:00"),
        ("SPXW", True, "18:00"),
        ("SPX", False, "14:30"),
        ("VIX", True, "14:30"),
    ],
)
def test_pm_settles_with_the_stocks_and_am_at_the_open(
    trading_class: str, time: str, *, half_day: bool
) -> None:
    session = dt.date(2026, 11, 27)
    close = dt.time(18, 15) if half_day else dt.time(20, 15)
    day = TradingDay(
        session=session,
        open=dt.datetime.combine(session, dt.time(14, 30), dt.UTC),
        close=dt.datetime.combine(session, close, dt.UTC),
        half_day=half_day,
    )

    expected = dt.datetime.combine(session, dt.time.fromisoformat(time), dt.UTC)
    assert settlement_time(trading_class, day) == expected


def test_years_count_minutes_of_a_year_of_365_days() -> None:
    start = dt.datetime(2026, 7, 24, 19, 30, tzinfo=dt.UTC)

    assert years_between(start, start + dt.timedelta(days=73)) == 0.2
    assert years_between(start, start - dt.timedelta(minutes=525_600)) == -1.0
