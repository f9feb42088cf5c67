from __future__ import annotations

import csv
import datetime as dt
import gzip
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from bot.calendars import trading_days
from bot.core.errors import CalendarError
from bot.core.sessions import TradingCalendar, is_monthly_vix_expiry, vix_expiry

if TYPE_CHECKING:
    from pathlib import Path

NEW_YORK = ZoneInfo("America/New_York")


def sessions(first: str, last: str) -> list[str]:
    days = trading_days(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    return [str(day.session) for day in days]


def test_regular_hours_are_0930_to_1615_new_york_in_winter_and_summer() -> None:
    (winter,) = trading_days(dt.date(2026, 1, 5), dt.date(2026, 1, 5))
    (summer,) = trading_days(dt.date(2026, 7, 6), dt.date(2026, 7, 6))

    assert (winter.open, winter.close) == (
        dt.datetime(2026, 1, 5, 14, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 1, 5, 21, 15, tzinfo=dt.UTC),
    )
    assert (summer.open, summer.close) == (
        dt.datetime(2026, 7, 6, 13, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 7, 6, 20, 15, tzinfo=dt.UTC),
    )


@pytest.mark.parametrize("date", ["2024-12-24", "2025-07-03", "2025-11-28", "2026-12-24"])
def test_half_days_close_at_1315_new_york(date: str) -> None:
    (day,) = trading_days(dt.date.fromisoformat(date), dt.date.fromisoformat(date))

    assert day.half_day
    assert day.close.astimezone(NEW_YORK).time() == dt.time(13, 15)


def test_the_day_after_an_early_close_is_a_full_day() -> None:
    (day,) = trading_days(dt.date(2025, 12, 26), dt.date(2025, 12, 26))

    assert not day.half_day


@pytest.mark.parametrize(
    "date",
    [
        "2001-09-11",
        "2001-09-14",
        "2004-06-11",
        "2007-01-02",
        "2012-10-29",
        "2012-10-30",
        "2018-12-05",
        "2025-01-09",
        "2026-06-19",
        "2026-04-03",
    ],
)
def test_a_closure_is_no_session(date: str) -> None:
    around = dt.date.fromisoformat(date)
    week = dt.timedelta(days=7)

    assert date not in sessions(str(around - week), str(around + week))


def test_a_week_with_a_closure_lists_the_other_four_days() -> None:
    assert sessions("2025-01-04", "2025-01-12") == [
        "2025-01-06",
        "2025-01-07",
        "2025-01-08",
        "2025-01-10",
    ]


def test_an_unscheduled_stop_of_the_stock_exchange_is_no_half_day() -> None:
    days = trading_days(dt.date(1997, 10, 24), dt.date(1997, 10, 28))

    assert [day.half_day for day in days] == [False, False, False]


def test_no_session_between_two_dates_of_a_weekend() -> None:
    assert sessions("2026-07-25", "2026-07-26") == []


def test_bounds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(CalendarError, match="before first=2026-07-24, received 2026-07-23"):
        trading_days(dt.date(2026, 7, 24), dt.date(2026, 7, 23))


@pytest.mark.data
def test_sessions_are_the_days_on_which_spx_has_a_close(data_dir: Path) -> None:
    with (data_dir / "spx_daily.csv").open(newline="") as file:
        dates = [row["date"] for row in csv.DictReader(file) if row["date"] >= "1990-01-01"]

    assert sessions("1990-01-01", dates[-1]) == dates


@pytest.mark.data
def test_vix_expiry_rule_gives_every_vx_settlement_on_record(data_dir: Path) -> None:
    calendar = TradingCalendar(trading_days(dt.date(1999, 12, 1), dt.date(2028, 6, 30)))
    with gzip.open(data_dir / "vx_futures_by_expiry.csv.gz", "rt", newline="") as file:
        futures = {dt.date.fromisoformat(row["expiry"]) for row in csv.DictReader(file)}
    with (data_dir / "macro_events.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["event"] == "vix_expiry"]
    published = {dt.date.fromisoformat(row["date"]) for row in rows}

    assert len(futures) == 268
    assert [date for date in futures if not is_monthly_vix_expiry(date, calendar)] == []
    months = [(year, month) for year in range(2000, 2028) for month in range(1, 13)]
    assert {vix_expiry(year, month, calendar) for year, month in months} == published
