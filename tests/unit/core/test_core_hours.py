"""What the broker says of the hours, and whether it agrees with the calendar."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.core.hours import OpenHours, dispute, is_open, parse_liquid_hours
from bot.core.model import TradingDay

MONDAY, TUESDAY = dt.date(2025, 1, 6), dt.date(2025, 1, 7)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


OPEN, CLOSE = utc("2025-01-06T14:30"), utc("2025-01-06T21:15")
DAY = TradingDay(session=MONDAY, open=OPEN, close=CLOSE, half_day=False)


def hours(opens: str, closes: str) -> tuple[OpenHours, ...]:
    return (OpenHours(open=utc(f"2025-01-06T{opens}"), close=utc(f"2025-01-06T{closes}")),)


@pytest.mark.parametrize("zone", ["US/Central", "America/Chicago"])
def test_hours_are_read_in_the_zone_of_the_contract(zone: str) -> None:
    text = "20250105:CLOSED;20250106:0830-20250106:1515;20250107:0830-20250107:1515"

    assert parse_liquid_hours(text, zone, MONDAY) == hours("14:30", "21:15")


def test_the_older_form_has_no_second_date() -> None:
    found = parse_liquid_hours("20250106:0930-1615", "US/Eastern", MONDAY)

    assert found == hours("14:30", "21:15")


def test_summer_time_moves_the_instant() -> None:
    found = parse_liquid_hours(
        "20260720:0930-20260720:1615", "America/New_York", dt.date(2026, 7, 20)
    )

    assert found == (OpenHours(open=utc("2026-07-20T13:30"), close=utc("2026-07-20T20:15")),)


def test_a_closed_day_has_no_hours() -> None:
    assert parse_liquid_hours("20250106:CLOSED", "US/Central", MONDAY) == ()


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("", "US/Central"),
        ("20250107:0830-20250107:1515", "US/Central"),
        ("20250106:0830-20250106:1515", "Atlantis/Capital"),
        ("20250106:0830-20250106:1515", ""),
        ("20250106:half past nine", "US/Central"),
    ],
)
def test_what_cannot_be_read_is_unknown_and_not_closed(text: str, zone: str) -> None:
    assert parse_liquid_hours(text, zone, MONDAY) is None


@pytest.mark.parametrize("closes", ["21:00", "21:15", "22:00"])
def test_the_close_of_the_stocks_or_of_the_options_agrees(closes: str) -> None:
    assert dispute(DAY, hours("14:30", closes)) is None


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (hours("14:30", "18:15"), "broker 14:30-18:15"),
        (hours("15:30", "21:15"), "broker 15:30-21:15"),
        ((), "broker closed"),
        (None, "says nothing of 2025-01-06"),
    ],
)
def test_everything_else_is_disputed(told: tuple[OpenHours, ...] | None, words: str) -> None:
    assert words in (dispute(DAY, told) or "")


def test_the_last_instant_is_outside() -> None:
    told = hours("14:30", "21:15")

    assert is_open(told, OPEN)
    assert not is_open(told, CLOSE)
    assert not is_open((), OPEN)
