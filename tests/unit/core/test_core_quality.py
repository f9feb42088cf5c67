"""What an order cost and what it was worth after: figures by hand, for each side of a trade."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.book import Leg
from bot.core.model import Feed, OptionContract, Quote
from bot.core.quality import (
    MARK_OUT_AFTER,
    ORDER,
    effective_spread,
    executions,
    implementation_shortfall,
    mark_out,
    net_mid,
)
from ledger_facts import AT, CALL, LEGS, OPENING_PRICES, buy_lot, fill, fills, open_condor, sell_lot

QUOTES = {
    LEGS[0].contract: Quote(bid=4.00, ask=4.20),
    LEGS[1].contract: Quote(bid=6.20, ask=6.40),
    LEGS[2].contract: Quote(bid=4.90, ask=5.10),
    LEGS[3].contract: Quote(bid=1.60, ask=1.80),
    CALL: Quote(bid=1.95, ask=2.05),
}
MINUTE = dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("price", "mid", "shortfall", "spread"),
    [
        ("2.05", "2.00", "0.05", "0.10"),
        ("1.95", "2.00", "-0.05", "0.10"),
        ("-5.40", "-5.50", "0.10", "0.20"),
        ("-5.60", "-5.50", "-0.10", "0.20"),
    ],
    ids=["bought above", "bought below", "sold below", "sold above"],
)
def test_shortfall_is_signed_by_the_trade_and_the_spread_is_not(
    price: str, mid: str, shortfall: str, spread: str
) -> None:
    assert implementation_shortfall(Decimal(price), Decimal(mid)) == Decimal(shortfall)
    assert effective_spread(Decimal(price), Decimal(mid)) == Decimal(spread)


@pytest.mark.parametrize(
    ("price", "later", "gain"),
    [("2.05", "2.30", "0.25"), ("2.05", "2.00", "-0.05"), ("-5.40", "-5.00", "0.40")],
    ids=["bought, rose", "bought, fell", "sold, cheaper to buy back"],
)
def test_mark_out_is_what_the_trade_has_earned(price: str, later: str, gain: str) -> None:
    assert mark_out(Decimal(price), Decimal(later)) == Decimal(gain)


@given(
    price=st.decimals(-50, 50, places=2),
    mid=st.decimals(-50, 50, places=2),
    later=st.decimals(-50, 50, places=2),
)
def test_shortfall_and_mark_out_add_up_to_the_move_of_the_mid(
    price: Decimal, mid: Decimal, later: Decimal
) -> None:
    assert implementation_shortfall(price, mid) + mark_out(price, later) == later - mid


def test_condor_is_measured_as_a_whole_and_leg_by_leg() -> None:
    intent = open_condor()

    whole, *legs = executions(intent, fills(intent, *OPENING_PRICES), units=2, quotes=QUOTES.get)

    assert (whole.leg, whole.quantity, whole.price, whole.mid) == (
        ORDER,
        2,
        Decimal("-5.50"),
        Decimal("-5.50"),
    )
    assert whole.shortfall == 0
    assert [(leg.leg, leg.quantity, leg.price, leg.shortfall) for leg in legs] == [
        (LEGS[0].contract.label(), 2, Decimal("4.10"), Decimal("0.00")),
        (LEGS[1].contract.label(), 2, Decimal("-6.20"), Decimal("0.10")),
        (LEGS[2].contract.label(), 2, Decimal("-5.05"), Decimal("-0.05")),
        (LEGS[3].contract.label(), 2, Decimal("1.65"), Decimal("-0.05")),
    ]
    assert sum(leg.price for leg in legs) == whole.price


def test_several_fills_of_a_leg_are_averaged_and_the_last_one_dates_it() -> None:
    intent = buy_lot()
    made = (
        fill(intent, 0, "2.00", quantity=1),
        fill(intent, 0, "2.04", quantity=3, at=AT + MINUTE, family="another.02"),
    )

    whole, leg = executions(intent, made, units=4, quotes=QUOTES.get)

    assert whole.price == leg.price == Decimal("2.03")
    assert whole.last_fill == AT + MINUTE
    assert (leg.shortfall, leg.spread) == (Decimal("0.03"), Decimal("0.06"))


def test_sale_of_a_call_is_a_credit() -> None:
    intent = sell_lot()

    whole, leg = executions(
        intent, (fill(intent, 0, "2.95"),), units=4, quotes={CALL: Quote(bid=2.9, ask=3.1)}.get
    )

    assert whole.price == leg.price == Decimal("-2.95")
    assert whole.shortfall == leg.shortfall == Decimal("0.05")


def test_whole_is_not_measured_before_every_leg_has_filled() -> None:
    intent = open_condor()
    three = fills(intent, *OPENING_PRICES)[:3]

    found = executions(intent, three, units=0, quotes=QUOTES.get)

    assert [execution.leg for execution in found] == [leg.contract.label() for leg in LEGS[:3]]


def test_summary_of_a_combo_and_what_was_corrected_away_do_not_count() -> None:
    intent = buy_lot()
    bought = fill(intent, 0, "2.00")
    undone = replace(bought, family="another.02", quantity=-4)

    assert executions(intent, (fill(intent, None, "2.00"),), units=0, quotes=QUOTES.get) == ()
    assert executions(intent, (bought, undone), units=0, quotes=QUOTES.get) == ()


@pytest.mark.parametrize(
    "quote",
    [
        None,
        Quote(bid=1.95, ask=2.05, feed=Feed.DELAYED),
        Quote(bid=1.95, ask=2.05, feed=Feed.FROZEN),
        Quote(bid=2.05, ask=1.95),
        Quote(bid=2.00, ask=2.00),
        Quote(bid=2.00),
    ],
    ids=["none", "delayed", "frozen", "crossed", "locked", "no ask"],
)
def test_leg_without_a_live_market_has_no_mid(quote: Quote | None) -> None:
    def quotes(_contract: OptionContract) -> Quote | None:
        return quote

    (_, leg) = executions(buy_lot(), (fill(buy_lot(), 0, "2.00"),), units=4, quotes=quotes)

    assert net_mid((Leg(contract=CALL, ratio=1),), quotes) is None
    assert leg.mid is None
    assert leg.shortfall is None
    assert leg.spread is None


def test_mark_out_is_taken_after_five_minutes() -> None:
    assert dt.timedelta(minutes=5) == MARK_OUT_AFTER
