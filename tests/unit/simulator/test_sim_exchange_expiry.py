"""Expiry at the simulated venue: when positions vanish, and the cash they leave."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.simulator.exchange import Event, PositionEvent
from bot.simulator.instruments import ContractQuery, Instrument
from bot.simulator.market import SimQuote
from scripted_market import Venue, at, day

if TYPE_CHECKING:
    import datetime as dt

D = Decimal


def bought(label: str, *, action: str = "BUY") -> tuple[Venue, Instrument]:
    """A venue that holds one contract, traded on Monday."""
    venue = Venue()
    option = venue.quote(label, 4.0, 4.0)
    venue.submit(venue.ticket(option, action, limit_price=4.0))
    return venue, option


def gone(events: list[Event]) -> list[tuple[str, int]]:
    return [(e.instrument.trading_class, e.quantity) for e in events]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("label", "just_before", "due"),
    [
        ("SPXW 2026-08-20 5800P", at(20, 19, 59), at(20, 20)),
        ("SPX 2026-08-21 5800P", at(21, 13, 29), at(21, 13, 30)),
        ("VIX 2026-08-19 22C", at(19, 13, 29), at(19, 13, 30)),
    ],
)
def test_a_position_vanishes_when_its_value_is_determined(
    label: str, just_before: dt.datetime, due: dt.datetime
) -> None:
    venue, option = bought(label)
    key = (option.trading_class, option.expiry or day(1))
    venue.market.settlements[key] = option.strike
    early = venue.exchange.advance(just_before)
    events = venue.exchange.advance(due)

    assert early == []
    assert gone(events) == [(option.trading_class, 0)]
    assert isinstance(events[0], PositionEvent)
    assert venue.account.positions() == ()
    assert venue.exchange.executions() == ()


@pytest.mark.parametrize(
    ("label", "action", "level", "cash"),
    [
        ("SPXW 2026-08-20 5800P", "BUY", 5790.0, 1000),
        ("SPXW 2026-08-20 5800P", "SELL", 5790.0, -1000),
        ("SPXW 2026-08-20 5800P", "BUY", 5800.0, 0),
        ("SPXW 2026-08-20 5800C", "SELL", 5812.34, -1234),
        ("VIX 2026-08-19 22C", "BUY", 31.57, 957),
        ("VIX 2026-08-19 22C", "BUY", 21.0, 0),
    ],
)
def test_the_intrinsic_value_is_booked_as_cash_without_a_fee(
    label: str, action: str, level: float, cash: int
) -> None:
    venue, option = bought(label, action=action)
    venue.market.settlements[option.trading_class, option.expiry or day(1)] = level
    before = venue.account.cash
    venue.exchange.advance(at(20, 20))

    assert venue.account.cash - before == cash


def test_while_the_settlement_is_unknown_the_position_stays() -> None:
    venue, option = bought("VIX 2026-08-19 22C")
    waiting = venue.exchange.advance(at(19, 15))
    venue.market.settlements["VIX", day(19)] = 25.0
    known = venue.exchange.advance(at(19, 15, 1))

    assert waiting == []
    assert gone(known) == [("VIX", 0)]
    assert venue.account.quantity(option) == 0


def test_an_expired_position_still_settles_after_it_left_the_listing() -> None:
    venue, _ = bought("VIX 2026-08-19 22C")
    venue.market.listing = ()
    venue.market.settlements["VIX", day(19)] = 25.0

    assert gone(venue.exchange.advance(at(19, 13, 30))) == [("VIX", 0)]


def test_expiry_realizes_the_result_of_the_position() -> None:
    """Bought at 4.00 with a fee of 1.15, worth 9.57 at the end: 957 - 401.15."""
    venue, _ = bought("VIX 2026-08-19 22C")
    venue.market.settlements["VIX", day(19)] = 31.57
    venue.exchange.advance(at(19, 13, 30))

    assert venue.account.pnl().realized == D("555.85")


def test_a_future_settles_to_the_same_opening_quotation_as_the_options() -> None:
    """Bought at 20.00, settled at 21.50: 1,500 less the fee of 2.25."""
    venue = Venue()
    venue.market.quotes["VX20260819"] = SimQuote(bid=20.0, ask=20.0)
    (vx,) = venue.instruments.match(ContractQuery(sec_type="FUT", last_trade="20260819"))
    before = venue.account.cash
    venue.submit(venue.ticket(vx, "BUY", limit_price=20.0))
    venue.market.settlements["VIX", day(19)] = 21.5
    venue.exchange.advance(at(19, 13, 30))

    assert venue.account.cash - before == D("1497.75")


def test_what_does_not_expire_stays() -> None:
    venue = Venue()
    venue.market.quotes["SPY"] = SimQuote(bid=600.0, ask=600.0)
    (spy,) = venue.instruments.match(ContractQuery(symbol="SPY", sec_type="STK"))
    venue.submit(venue.ticket(spy, "BUY", limit_price=600.0, quantity=10))

    assert venue.exchange.advance(at(28, 20)) == []
    assert venue.account.quantity(spy) == 10
