"""The order of the probe can never be one that somebody wants to fill."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.broker.orders import PROBE_PREFIX, Ticket, wire_order
from bot.core.book import Leg
from bot.core.model import Feed, OptionContract, Quote, Right
from bot.core.universe import ListedSeries
from bot.probe.offer import (
    UnsafeOrderError,
    condor_legs,
    ensure_unfillable,
    make_offer,
    width_points,
    worth,
)

EXPIRY = dt.date(2026, 8, 28)
NOW = dt.datetime(2026, 7, 24, 19, 30, 5, tzinfo=dt.UTC)
SERIES = ListedSeries(
    underlying="SPX",
    trading_class="SPXW",
    expiry=EXPIRY,
    last_trade=EXPIRY,
    strikes=tuple(float(strike) for strike in range(3000, 8000, 5)),
)


def option(strike: float, right: Right) -> OptionContract:
    return SERIES.contract(strike, right)


def legs(*ratios: int, strikes: tuple[float, ...] = (5400, 5450, 6500, 6550)) -> tuple[Leg, ...]:
    rights = (Right.PUT, Right.PUT, Right.CALL, Right.CALL)
    return tuple(
        Leg(contract=option(strike, right), ratio=ratio)
        for strike, right, ratio in zip(strikes, rights, ratios or (1, -1, -1, 1), strict=True)
    )


def ticket(credit: str, *, quantity: int = 1, of: tuple[Leg, ...] | None = None) -> Ticket:
    return Ticket(
        order_ref="probe-1", legs=of or legs(), quantity=quantity, net_price=-Decimal(credit)
    )


def quotes(*asks: float | None, feed: Feed = Feed.LIVE) -> dict[OptionContract, Quote]:
    """Quote the four legs, each with a bid half a point below its ask."""
    return {
        leg.contract: Quote(bid=ask - 0.5 if ask else None, ask=ask, feed=feed)
        for leg, ask in zip(legs(), asks, strict=True)
    }


def test_a_condor_is_worth_the_asks_of_its_shorts_less_the_bids_of_its_longs() -> None:
    assert worth(legs(), quotes(2.0, 3.0, 1.5, 0.9)) == Decimal("2.6")  # 3 + 1.5 - 1.5 - 0.4


def test_a_wing_that_nobody_bids_for_makes_the_condor_worth_more_not_less() -> None:
    without_bid = quotes(2.0, 3.0, 1.5, 0.9) | {legs()[0].contract: Quote(ask=2.0, feed=Feed.LIVE)}

    assert worth(legs(), without_bid) == Decimal("4.1")


@pytest.mark.parametrize("feed", [Feed.DELAYED, Feed.FROZEN])
def test_quotes_that_are_not_live_say_nothing(feed: Feed) -> None:
    with pytest.raises(UnsafeOrderError, match="no live quote"):
        worth(legs(), quotes(2.0, 3.0, 1.5, 0.9, feed=feed))


def test_a_short_leg_without_an_ask_says_nothing() -> None:
    with pytest.raises(UnsafeOrderError, match="no live quote"):
        worth(legs(), quotes(2.0, None, 1.5, 0.9))


def test_the_offer_is_a_credit_of_six_tenths_of_the_width_in_an_odd_nickel() -> None:
    offer = make_offer(legs(), quotes(2.0, 3.0, 1.5, 0.9), NOW)

    assert offer.ticket.net_price == Decimal("-30.05")
    assert offer.changed_price == Decimal("-35.05")
    assert offer.changed.order_ref == offer.ticket.order_ref == f"{PROBE_PREFIX}0724193005"
    assert len(offer.ticket.order_ref) <= 20


def test_the_wire_says_buy_at_a_negative_price() -> None:
    order = wire_order(make_offer(legs(), quotes(2.0, 3.0, 1.5, 0.9), NOW).ticket, "DU1")

    assert (order.action, order.lmtPrice, order.totalQuantity) == ("BUY", -30.05, 1)


def test_a_condor_worth_a_third_of_the_credit_is_not_offered() -> None:
    with pytest.raises(UnsafeOrderError, match=r"above 30\.9"):
        make_offer(legs(), quotes(1.0, 5.4, 6.4, 1.5), NOW)  # worth 10.3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (ticket("-30.05"), "credit is -30.05"),  # a debit: what a buyer would pay
        (ticket("0"), "credit is"),
        (ticket("2.60"), "credit is 2.60"),  # its worth: marketable
        (ticket("25.00"), "credit is 25.00"),  # half its width, not more
        (ticket("50.00"), "below the width"),  # free of risk
        (ticket("60.00"), "below the width"),
        (ticket("30.05", quantity=2), "quantity is 2"),
        (ticket("30.05", of=legs(-1, 1, 1, -1)), "is bought"),
        (ticket("30.05", of=legs(1, -1, 1, -1)), "is bought"),
        (ticket("30.05", of=legs(1, -2, -1, 1)), "no iron condor"),
        (ticket("30.05", of=legs(1, 1, -1, -1)), "no iron condor"),
        (ticket("30.05", of=legs()[:2]), "no iron condor"),
        (ticket("30.05", of=legs(strikes=(5450, 5400, 6500, 6550))), "is bought"),
        (ticket("30.05", of=legs(strikes=(6450, 6550, 6500, 6600))), "is bought"),
    ],
)
def test_anything_else_is_refused(changed: Ticket, said: str) -> None:
    with pytest.raises(UnsafeOrderError, match=said):
        ensure_unfillable(changed, Decimal("2.6"))


@given(
    credit=st.decimals("-100", "100", places=2),
    worth_points=st.decimals("0", "60", places=2),
    wings=st.tuples(st.integers(1, 20), st.integers(1, 20)),
)
def test_what_is_let_through_pays_more_than_the_book_asks_and_less_than_its_width(
    credit: Decimal, worth_points: Decimal, wings: tuple[int, int]
) -> None:
    puts, calls = (5 * wing for wing in wings)
    wide = legs(strikes=(5450 - puts, 5450, 6500, 6500 + calls))
    try:
        ensure_unfillable(ticket(str(credit), of=wide), worth_points)
    except UnsafeOrderError:
        return

    assert credit > 0
    assert credit > worth_points
    assert credit > Decimal(min(puts, calls)) / 2
    assert credit < min(puts, calls)


@given(
    spot=st.floats(4500, 6500),
    vix=st.floats(9, 80),
    days=st.integers(1, 60),
)
def test_strikes_are_found_on_both_sides_of_the_money_or_none_at_all(
    spot: float, vix: float, days: int
) -> None:
    try:
        found = condor_legs(SERIES, spot, vix=vix, days=days)
    except UnsafeOrderError:
        return
    strikes = [leg.contract.strike for leg in found]

    assert strikes == sorted(set(strikes))
    assert strikes[1] < spot < strikes[2]
    assert width_points(found) > 0


def test_too_few_strikes_make_no_condor() -> None:
    few = dataclasses.replace(SERIES, strikes=(5900.0, 6000.0))

    with pytest.raises(UnsafeOrderError, match="make no condor"):
        condor_legs(few, 5950.0, vix=20.0, days=35)
