"""Fees by premium, tick tables, and trading hours with their exceptions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from bot.core.model import TradingDay
from bot.simulator import ticks
from bot.simulator.fees import commission
from bot.simulator.hours import Hours, new_york_date
from bot.simulator.instruments import ContractQuery, Instrument
from scripted_market import Venue, at, day, sessions

VENUE = Venue()
HOURS = Hours(sessions())
CALL = VENUE.option("VIX 2026-09-16 25C")
SPXW = VENUE.option("SPXW 2026-08-21 5800P")
(SPY,) = VENUE.instruments.match(ContractQuery(symbol="SPY", sec_type="STK"))
(VX,) = VENUE.instruments.match(ContractQuery(sec_type="FUT", last_trade="20260819"))


@pytest.mark.parametrize(
    ("instrument", "quantity", "price", "usd"),
    [
        (SPXW, 1, "0.99", "1.01"),
        (SPXW, -4, "1.00", "4.40"),
        (CALL, 1, "0.10", "0.75"),
        (CALL, 1, "0.11", "0.90"),
        (CALL, 1, "0.99", "0.90"),
        (CALL, 1, "1.00", "1.05"),
        (CALL, 1, "1.99", "1.05"),
        (CALL, -10, "2.00", "11.50"),
        (VX, 2, "20.00", "4.50"),
        (SPY, 100, "600.00", "1.00"),
        (SPY, -1000, "600.00", "5.00"),
    ],
)
def test_fees_by_product_and_premium(
    instrument: Instrument, quantity: int, price: str, usd: str
) -> None:
    assert commission(instrument, quantity, Decimal(price)) == Decimal(usd)


@pytest.mark.parametrize(
    ("rule", "price", "increment"),
    [
        (ticks.SPX_RULE, "2.99", "0.05"),
        (ticks.SPX_RULE, "3.00", "0.10"),
        (ticks.VIX_RULE, "2.99", "0.01"),
        (ticks.VIX_RULE, "3.00", "0.05"),
        (ticks.CENT_RULE, "50.00", "0.01"),
        (ticks.NICKEL_RULE, "-12.35", "0.05"),
    ],
)
def test_increments_by_rule_and_band(rule: int, price: str, increment: str) -> None:
    assert ticks.increment(rule, Decimal(price)) == Decimal(increment)


def test_an_unknown_market_rule_is_an_error() -> None:
    with pytest.raises(KeyError):
        ticks.increment(1, Decimal(1))


@pytest.mark.parametrize(
    ("instrument", "now", "opens", "closes"),
    [
        (CALL, at(17, 12), at(17, 13, 30), at(17, 20, 15)),
        (CALL, at(17, 20, 15), at(18, 13, 30), at(18, 20, 15)),
        (CALL, at(21, 21), at(24, 13, 30), at(24, 20, 15)),  # over the weekend
        (SPY, at(17, 15), at(17, 13, 30), at(17, 20)),
        (SPY, at(17, 20, 5), at(18, 13, 30), at(18, 20)),
        (SPXW, at(20, 15), at(20, 13, 30), at(20, 20, 15)),
        (SPXW, at(21, 15), at(21, 13, 30), at(21, 20)),  # its expiry
        (VX, at(18, 15), at(18, 13, 30), at(18, 20, 15)),
    ],
)
def test_regular_hours_by_product(
    instrument: Instrument, now: dt.datetime, opens: dt.datetime, closes: dt.datetime
) -> None:
    window = HOURS.window([instrument], now)

    assert window is not None
    assert (window.open, window.close) == (opens, closes)


@pytest.mark.parametrize(
    ("instrument", "now"),
    [
        (SPXW, at(21, 20)),
        (VENUE.option("SPX 2026-08-21 5800P"), at(20, 20, 15)),
        (VENUE.option("VIX 2026-08-19 20C"), at(18, 20, 15)),
        (VX, at(18, 20, 15)),
        (CALL, at(28, 20, 15)),  # no session is left
    ],
)
def test_there_are_no_hours_after_the_last_trade(instrument: Instrument, now: dt.datetime) -> None:
    assert HOURS.window([instrument], now) is None


def test_a_window_ends_before_its_close() -> None:
    window = HOURS.window([CALL], at(17, 15))

    assert window is not None
    assert window.contains(at(17, 13, 30))
    assert not window.contains(at(17, 20, 15))


def test_nothing_trades_without_instruments() -> None:
    assert HOURS.window([], at(17, 15)) is None


def test_on_a_half_day_everything_ends_three_hours_earlier() -> None:
    half_day = TradingDay(session=day(21), open=at(21, 13, 30), close=at(21, 17, 15), half_day=True)
    hours = Hours((half_day,))
    option = hours.window([CALL], at(21, 14))
    expiring = hours.window([SPXW], at(21, 14))

    assert option is not None
    assert expiring is not None
    assert (option.close, expiring.close) == (at(21, 17, 15), at(21, 17))
    assert hours.settles_at(SPXW) == at(21, 17)


def test_what_expires_on_no_session_settles_when_the_new_york_day_is_over() -> None:
    """2026-09-16 lies beyond the sessions played; New York is four hours behind."""
    assert HOURS.settles_at(CALL) == dt.datetime(2026, 9, 17, 4, tzinfo=dt.UTC)


def test_a_share_never_settles() -> None:
    assert HOURS.settles_at(SPY) is None


@pytest.mark.parametrize(("now", "date"), [(at(18, 3, 59), day(17)), (at(18, 4), day(18))])
def test_the_day_changes_at_midnight_in_new_york(now: dt.datetime, date: dt.date) -> None:
    assert new_york_date(now) == date
