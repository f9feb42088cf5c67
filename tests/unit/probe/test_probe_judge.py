"""What was seen against what is assumed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from bot.broker.reference import ContractFact, Hours, PriceBand, parse_hours
from bot.calendars import trading_days
from bot.core.model import BreadthDay
from bot.core.sessions import TradingCalendar
from bot.probe.findings import Status
from bot.probe.judge import (
    judge_breadth,
    judge_expiry_day,
    judge_hours,
    judge_option_dates,
    judge_skew,
    judge_strikes,
    judge_ticks,
    judge_version,
    judge_vx_dates,
)

CALENDAR = TradingCalendar(trading_days(dt.date(2023, 12, 1), dt.date(2025, 3, 31)))
SESSION = dt.date(2024, 1, 18)


def fact(
    trading_class: str = "SPXW",
    last_trade: str = "2024-01-19",
    real_expiry: str = "2024-01-19",
    hours: tuple[Hours, ...] = (),
) -> ContractFact:
    return ContractFact(
        symbol=trading_class[:3],
        trading_class=trading_class,
        con_id=1,
        last_trade=dt.date.fromisoformat(last_trade) if last_trade else None,
        real_expiry=dt.date.fromisoformat(real_expiry) if real_expiry else None,
        market_rules={},
        liquid_hours=hours,
    )


@pytest.mark.parametrize(
    ("trading_class", "last_trade", "settles"),
    [
        ("SPX", "2024-01-18", "2024-01-19"),
        ("SPXW", "2024-01-19", "2024-01-19"),
        ("VIX", "2024-01-16", "2024-01-17"),
        ("VIX", "2024-06-17", "2024-06-18"),  # the Wednesday is Juneteenth
        ("VIXW", "2024-01-23", "2024-01-24"),
    ],
)
def test_dates_of_last_trade_hold(trading_class: str, last_trade: str, settles: str) -> None:
    found = judge_option_dates([fact(trading_class, last_trade, settles)], CALENDAR)

    assert found.status is Status.HOLDS


@pytest.mark.parametrize(
    ("trading_class", "last_trade", "settles"),
    [
        ("SPX", "2024-01-19", "2024-01-19"),  # dated by its settlement
        ("SPXW", "2024-01-18", "2024-01-19"),
        ("VIX", "2024-01-17", "2024-01-17"),
        ("VIX", "2024-01-16", ""),  # the broker does not say when it settles
        ("SPX", "2024-01-20", "2024-01-22"),  # a Saturday
        ("VIX", "", "2024-01-17"),
    ],
)
def test_other_dates_differ(trading_class: str, last_trade: str, settles: str) -> None:
    found = judge_option_dates([fact(trading_class, last_trade, settles)], CALENDAR)

    assert found.status is Status.DIFFERS
    assert trading_class in found.text


def test_no_option_at_all_is_no_evidence() -> None:
    assert judge_option_dates([], CALENDAR).status is Status.NOT_TESTED


def bands(*rows: tuple[str, str]) -> tuple[PriceBand, ...]:
    return tuple(PriceBand(low_edge=Decimal(e), increment=Decimal(i)) for e, i in rows)


@pytest.mark.parametrize(
    ("trading_class", "rows", "status"),
    [
        ("SPX", (("0", "0.05"), ("3", "0.1")), Status.HOLDS),
        ("VIX", (("0", "0.01"), ("3", "0.05")), Status.HOLDS),
        ("VIXW", (("0", "0.01"),), Status.HOLDS),
        ("SPX", (("0", "0.05"),), Status.DIFFERS),
        ("SPX", (("0", "0.01"), ("3", "0.1")), Status.DIFFERS),
        ("SPX", (("0", "0.05"), ("2", "0.1")), Status.DIFFERS),
        ("SPX", (("0", "0.05"), ("5", "0.1")), Status.DIFFERS),
        ("SPX", (("0", "0.05"), ("3", "0.1"), ("50", "0.5")), Status.DIFFERS),
        ("VIXW", (("0", "0.01"), ("3", "0.05")), Status.DIFFERS),
    ],
)
def test_price_bands_are_compared_with_the_table(
    trading_class: str, rows: tuple[tuple[str, str], ...], status: Status
) -> None:
    assert judge_ticks({trading_class: bands(*rows)}).status is status


def test_no_rule_at_all_is_no_evidence() -> None:
    assert judge_ticks({}).status is Status.NOT_TESTED


def test_hours_are_read_in_their_zone_with_days_without_trading() -> None:
    first, second = parse_hours("20240119:0830-20240119:1515;20240120:CLOSED", "America/Chicago")

    assert first.open == dt.datetime(2024, 1, 19, 14, 30, tzinfo=dt.UTC)
    assert first.close == dt.datetime(2024, 1, 19, 21, 15, tzinfo=dt.UTC)
    assert (second.date, second.open, second.close) == (dt.date(2024, 1, 20), None, None)


def test_two_spans_of_a_day_are_one_from_the_first_open_to_the_last_close() -> None:
    (day,) = parse_hours(
        "20240119:0830-20240119:1200;20240119:1300-20240119:1515", "America/Chicago"
    )

    assert day.open == dt.datetime(2024, 1, 19, 14, 30, tzinfo=dt.UTC)
    assert day.close == dt.datetime(2024, 1, 19, 21, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("20240119:0830-20240119:1515;20240120:CLOSED", Status.HOLDS),
        ("20240115:CLOSED;20240116:0830-20240116:1515", Status.HOLDS),  # Martin Luther King day
        ("20240703:0830-20240703:1215", Status.HOLDS),  # a half day
        ("20240703:0830-20240703:1515", Status.DIFFERS),
        ("20240119:0830-20240119:1500", Status.DIFFERS),
        ("20240119:0930-20240119:1515", Status.DIFFERS),
        ("20240119:CLOSED", Status.DIFFERS),
        ("20240115:0830-20240115:1515", Status.DIFFERS),
        ("20990115:0830-20990115:1515", Status.NOT_TESTED),  # beyond the calendar
        ("", Status.NOT_TESTED),
    ],
)
def test_liquid_hours_are_compared_with_the_calendar(text: str, status: Status) -> None:
    assert judge_hours(parse_hours(text, "America/Chicago"), CALENDAR).status is status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("20240118:0830-20240118:1515;20240119:0830-20240119:1500", Status.HOLDS),
        ("20240118:0830-20240118:1515;20240119:0830-20240119:1515", Status.DIFFERS),
        ("20240118:0830-20240118:1515", Status.NOT_TESTED),
    ],
)
def test_a_weekly_stops_with_the_stocks_on_its_last_day(text: str, status: Status) -> None:
    option = fact(hours=parse_hours(text, "America/Chicago"))

    assert judge_expiry_day(option, CALENDAR).status is status


@pytest.mark.parametrize(
    ("dates", "trading_class", "status"),
    [
        (("2024-01-17", "2024-06-18"), "VX", Status.HOLDS),
        (("2024-01-16",), "VX", Status.DIFFERS),
        (("2024-01-17", "2024-01-24"), "VX", Status.DIFFERS),  # a weekly in the class
        (("2024-01-17",), "VXM", Status.DIFFERS),
        ((), "VX", Status.DIFFERS),
    ],
)
def test_futures_are_monthly_and_dated_by_their_settlement(
    dates: tuple[str, ...], trading_class: str, status: Status
) -> None:
    futures = [fact(trading_class, date, date) for date in dates]

    assert judge_vx_dates(futures, CALENDAR).status is status


def breadth(advances: float, declines: float) -> BreadthDay:
    return BreadthDay(session=SESSION, advances=advances, declines=declines)


@pytest.mark.parametrize(
    ("day", "spx_return", "status"),
    [
        (breadth(2100, 700), 0.008, Status.HOLDS),
        (breadth(700, 2100), -0.008, Status.HOLDS),
        (breadth(700, 2100), 0.008, Status.DIFFERS),  # the sides are swapped
        (breadth(700, 2100), 0.001, Status.HOLDS),  # a day that proves nothing
        (breadth(1500, 1300), -0.008, Status.HOLDS),
        (breadth(700, 2100), None, Status.HOLDS),
        (breadth(900, 800), 0.0, Status.DIFFERS),
        (breadth(3000, 2000), 0.0, Status.DIFFERS),
        (None, 0.008, Status.DIFFERS),
    ],
)
def test_breadth_is_two_plausible_counts_that_go_with_the_index(
    day: BreadthDay | None, spx_return: float | None, status: Status
) -> None:
    assert judge_breadth(day, spx_return).status is status


@pytest.mark.parametrize(
    ("skews", "status"),
    [((0.5, -2.0), Status.HOLDS), ((0.0, 2.1), Status.DIFFERS), ((-3.0, 0.0), Status.DIFFERS)],
)
def test_the_worst_of_the_skews_counts(skews: tuple[float, ...], status: Status) -> None:
    assert judge_skew(skews).status is status


def test_only_the_version_that_was_tested_holds() -> None:
    assert judge_version(176).status is Status.HOLDS
    assert judge_version(175).status is Status.DIFFERS


def test_strikes_of_an_expiry_belong_to_its_class() -> None:
    assert judge_strikes([100.0, 105.0], [95.0, 100.0, 105.0]).status is Status.HOLDS
    assert judge_strikes([100.0, 102.5], [95.0, 100.0, 105.0]).status is Status.DIFFERS
