"""Open structures are marked at quotes; what is unknown has no value."""

import datetime as dt
from decimal import Decimal

import pytest

import builders
from bot.bookkeeping import nav_usd
from bot.broker.facts import AccountFact
from bot.core import valuation
from bot.core.book import Condor, HedgeLot, Layer, Leg, Tier
from bot.core.fold import Holdings, Residual
from bot.core.model import Feed, OptionContract, Quote, Right

EXPIRY = dt.date(2026, 8, 28)


def option(strike: float, right: Right, trading_class: str = "SPXW") -> OptionContract:
    return OptionContract(
        underlying=trading_class[:3],
        trading_class=trading_class,
        expiry=EXPIRY,
        last_trade=EXPIRY,
        strike=strike,
        right=right,
    )


CONDOR = Condor(
    structure_id="c1",
    tier=Tier.BALANCED,
    opened=dt.date(2026, 7, 24),
    legs=(
        Leg(contract=option(6600, Right.PUT), ratio=1),
        Leg(contract=option(6750, Right.PUT), ratio=-1),
        Leg(contract=option(7800, Right.CALL), ratio=-1),
        Leg(contract=option(7950, Right.CALL), ratio=1),
    ),
    quantity=2,
    credit_points=Decimal("9.00"),
)
QUOTES = {
    option(6600, Right.PUT): Quote(bid=18.4, ask=18.8),
    option(6750, Right.PUT): Quote(bid=25.0, ask=25.4),
    option(7800, Right.CALL): Quote(bid=6.0, ask=6.4),
    option(7950, Right.CALL): Quote(bid=2.0, ask=2.2),
}
CALL = option(20, Right.CALL, "VIX")
LOT = HedgeLot(
    lot_id="l1",
    layer=Layer.NEAR,
    contract=CALL,
    quantity=4,
    bought=4,
    cost_points=Decimal("2.00"),
    opened=dt.date(2026, 7, 24),
)


def test_a_condor_is_worth_its_legs_at_their_mids() -> None:
    # 18.6 - 25.2 - 6.2 + 2.1 = -10.7 points, times 100, times 2
    assert valuation.condor_value_usd(CONDOR, QUOTES) == Decimal("-2140.00")


def test_a_long_wing_that_nobody_bids_for_is_worth_nothing() -> None:
    quotes = {**QUOTES, option(7950, Right.CALL): Quote(ask=0.05)}

    assert valuation.condor_value_usd(CONDOR, quotes) == Decimal("-2560.00")


def test_a_short_leg_that_nobody_bids_for_costs_half_of_its_ask() -> None:
    quotes = {**QUOTES, option(7800, Right.CALL): Quote(ask=6.4)}

    # 18.6 - 25.2 - 3.2 + 2.1 = -7.7 points, times 100, times 2
    assert valuation.condor_value_usd(CONDOR, quotes) == Decimal("-1540.00")


@pytest.mark.parametrize("hole", [Quote(), Quote(bid=6.0), Quote(bid=6.4, ask=6.0), None])
def test_a_condor_with_an_unquoted_short_leg_has_no_value(hole: Quote | None) -> None:
    quotes = {**QUOTES, option(7800, Right.CALL): hole}
    if hole is None:
        del quotes[option(7800, Right.CALL)]

    assert valuation.condor_value_usd(CONDOR, quotes) is None


def test_the_hedge_is_marked_at_the_bid_and_shown_at_the_mid() -> None:
    quotes = {CALL: Quote(bid=1.9, ask=2.1)}

    assert valuation.lot_value_usd(LOT, quotes) == Decimal("760.00")
    assert valuation.lot_mid_value_usd(LOT, quotes) == Decimal("800.00")


def test_a_call_without_a_bid_is_worth_nothing_and_one_without_a_quote_is_unknown() -> None:
    assert valuation.lot_value_usd(LOT, {CALL: Quote(ask=0.05)}) == Decimal("0.00")
    assert valuation.lot_value_usd(LOT, {CALL: Quote()}) is None
    assert valuation.lot_value_usd(LOT, {}) is None


def test_a_leg_left_over_is_marked_where_it_could_be_closed() -> None:
    quotes = {CALL: Quote(bid=1.9, ask=2.1)}
    long = Residual(contract=CALL, quantity=1, structure_id="l1")
    short = Residual(contract=CALL, quantity=-1, structure_id="l1")

    assert valuation.residual_value_usd(long, quotes) == Decimal("190.00")
    assert valuation.residual_value_usd(short, quotes) == Decimal("-210.00")
    assert valuation.residual_value_usd(short, {CALL: Quote(bid=1.9)}) is None


def test_one_unknown_value_makes_the_total_unknown() -> None:
    assert valuation.total_usd([Decimal(1), Decimal(2)]) == Decimal(3)
    assert valuation.total_usd([Decimal(1), None]) is None


def test_quotes_of_a_snapshot_are_found_by_contract() -> None:
    market = builders.market()

    assert valuation.quotes_of(market) == {
        option.contract: option.quote for option in market.options
    }


@pytest.mark.parametrize(
    "quote",
    [
        Quote(bid=1.9, ask=2.1, feed=Feed.DELAYED),
        Quote(bid=1.9, ask=2.1, feed=Feed.FROZEN),
        Quote(bid=2.1, ask=1.9),
        Quote(bid=2.0, ask=2.0),
    ],
)
def test_a_nav_that_a_decision_rests_on_is_unknown_without_live_quotes(quote: Quote) -> None:
    account = AccountFact(
        net_liquidation_usd=None, cash_usd=Decimal(1000), excess_liquidity_usd=None
    )
    holdings = Holdings(lots=(LOT,))
    sound = builders.with_quote(builders.market(), CALL, Quote(bid=1.9, ask=2.1))
    broken = builders.with_quote(builders.market(), CALL, quote)

    known = nav_usd(account, holdings, valuation.live_quotes_of(sound))
    assert known == 1000 + Decimal("1.9") * 100 * LOT.quantity
    assert nav_usd(account, holdings, valuation.live_quotes_of(broken)) is None
