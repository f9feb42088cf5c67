"""The book repriced at shocks of SPX and VIX, against closed forms by vollib and by hand."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vollib.black import black

import builders
import quoted_chains as quoted
from bot.core.book import Layer, Leg
from bot.core.context import Context
from bot.core.decision import StressCell, StressGrid
from bot.core.model import Quote, Right
from bot.core.rules import Rules
from bot.core.shocks import (
    GRID,
    PAIRED,
    Repriceable,
    Shocks,
    Smile,
    repriceable,
    shock_gain,
    shocked_price,
    smile_of,
    vol_lift,
    vx_share,
)
from bot.core.stress import (
    UNBOUNDED,
    book_gain_usd,
    condors_gain_usd,
    hedge_gain_usd,
    opening_gain_usd,
    stress_units,
    unit_gain_usd,
    worst_loss_usd,
)
from proposals import context
from strategies import decide

FLAT = Smile(moneyness=np.zeros(1), vol=np.array([0.18]))
SKEW = Smile(moneyness=np.array([-0.10, 0.0, 0.05]), vol=np.array([0.30, 0.18, 0.14]))
YEARS = 30 / 365


def spx_option(strike: float, right: Right, smile: Smile = FLAT) -> Repriceable:
    contract = builders.spxw(strike, right)
    return Repriceable(contract=contract, forward=6000.0, discount=0.99, years=YEARS, smile=smile)


def vix_option(days: float, vol: float = 0.9) -> Repriceable:
    return Repriceable(
        contract=builders.vix_call(25.0, builders.NEAR_EXPIRY),
        forward=18.0,
        discount=0.99,
        years=days / 365,
        smile=Smile(moneyness=np.zeros(1), vol=np.array([vol])),
    )


def test_paired_shocks_are_those_of_the_method() -> None:
    pairs = list(zip(PAIRED.spx.tolist(), PAIRED.vix.tolist(), strict=True))

    assert pairs == [(-0.05, 10), (-0.10, 20), (-0.20, 40), (0.05, -5), (0.10, -5)]


@pytest.mark.parametrize(
    ("days", "lift"),
    [(30, 0.10), (120, 0.05), (13.4, 0.10 * math.sqrt(30 / 13.4)), (9, 0.15), (0.5, 0.15)],
)
def test_a_vix_shock_lifts_volatility_by_the_square_root_of_time_and_no_more_than_half_again(
    days: float, lift: float
) -> None:
    assert vol_lift(np.array([10.0]), days) == pytest.approx(lift)


@pytest.mark.parametrize(
    ("days", "share"),
    [(1, 0.41), (35, 0.41), (57.5, 0.285), (80, 0.16), (140, 0.16), (145, 0.12), (150, 0.08),
     (300, 0.08)],
)  # fmt: skip
def test_a_vix_shock_reaches_the_future_by_its_maturity(days: float, share: float) -> None:
    assert vx_share(days) == pytest.approx(share)


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize(("spx", "vix"), [(-0.10, 20.0), (0.05, -5.0), (0.0, 0.0)])
def test_a_flat_smile_gives_blacks_price_at_moved_forward_and_lifted_volatility(
    right: Right, spx: float, vix: float
) -> None:
    found = shocked_price(spx_option(5700.0, right), Shocks.of([(spx, vix)]))

    rate = -math.log(0.99) / YEARS
    expected = black(right.value.lower(), 6000 * (1 + spx), 5700, YEARS, rate, 0.18 + vix / 100)
    assert found[0] == pytest.approx(expected, abs=1e-9)


def test_the_smile_moves_with_the_forward() -> None:
    # 5400 is 10 % below 6000 and at the money after the fall: its volatility is that of the money
    found = shocked_price(spx_option(5400.0, Right.PUT, SKEW), Shocks.of([(-0.10, 20)]))

    rate = -math.log(0.99) / YEARS
    assert found[0] == pytest.approx(black("p", 5400, 5400, YEARS, rate, 0.18 + 0.20), abs=1e-9)


def test_the_smile_is_linear_between_quotes_and_flat_beyond_them() -> None:
    at = SKEW.at(np.array([-0.5, -0.05, 0.025, 0.4]))

    assert at.tolist() == pytest.approx([0.30, 0.24, 0.16, 0.14])


def test_no_volatility_falls_below_five_points() -> None:
    found = shocked_price(spx_option(6000.0, Right.CALL), Shocks.of([(0.0, -15.0)]))

    rate = -math.log(0.99) / YEARS
    assert found[0] == pytest.approx(black("c", 6000, 6000, YEARS, rate, 0.05), abs=1e-9)


@pytest.mark.parametrize(
    ("days", "vix", "forward"),
    [(20, 40.0, 18 + 16.4), (100, 40.0, 18 + 6.4), (200, 40.0, 18 + 3.2), (20, -40.0, 9.0)],
)
def test_a_vix_call_is_repriced_on_its_own_future_at_its_own_volatility(
    days: float, vix: float, forward: float
) -> None:
    found = shocked_price(vix_option(days), Shocks.of([(-0.2, vix)]))

    rate = -math.log(0.99) / (days / 365)
    assert found[0] == pytest.approx(black("c", forward, 25, days / 365, rate, 0.9), abs=1e-9)


def test_no_shock_is_no_gain() -> None:
    for option in (spx_option(5800.0, Right.PUT, SKEW), vix_option(25)):
        assert shock_gain(option, Shocks.of([(0.0, 0.0)])).tolist() == [0.0]


def test_a_chain_quoted_at_one_volatility_has_a_flat_smile_and_reprices_its_quotes() -> None:
    made = Context.of(quoted.snapshot(quoted.spx_options()), builders.book(), Rules())
    chain = made.chain("SPXW", quoted.SPX_EXPIRY)
    assert chain is not None
    smile = smile_of(chain)
    assert smile is not None

    assert smile.vol == pytest.approx(np.full(smile.vol.size, quoted.VOL), abs=1e-6)
    contract = quoted.contract("SPXW", quoted.SPX_EXPIRY, 6200.0, Right.PUT)
    option = repriceable(contract, chain)
    assert option is not None
    found = shocked_price(option, Shocks.of([(-0.05, 10.0)]))
    lifted = quoted.VOL + 0.10 * math.sqrt(30 / (quoted.SPX_YEARS * 365))
    expected = black("p", quoted.FORWARD * 0.95, 6200, quoted.SPX_YEARS, quoted.RATE, lifted)
    assert found[0] == pytest.approx(expected, abs=1e-3)


def test_a_chain_without_any_volatility_has_no_smile_and_prices_no_leg() -> None:
    chain = context().chain("SPXW", builders.MAIN_EXPIRY)
    assert chain is not None
    blind = replace(chain, iv=np.full(chain.iv.size, np.nan))

    assert smile_of(blind) is None
    assert repriceable(builders.spxw(5925.0, Right.PUT), blind) is None
    assert repriceable(builders.spxw(1.0, Right.PUT), chain) is None
    assert repriceable(builders.spxw(5925.0, Right.PUT), None) is None


def test_a_condor_can_lose_no_more_than_its_width() -> None:
    held = builders.condor(quantity=2)
    made = context(builders.book(condors=[held]))

    gain = condors_gain_usd(made, Shocks.of([(-0.6, 0.0), (0.6, 0.0)]))

    assert gain is not None
    assert (gain >= -125 * 100 * 2).all()
    assert (gain < -125 * 100 * 2 * 0.8).all()


def test_a_condor_that_is_sold_below_the_mid_loses_the_difference_at_once() -> None:
    made = context()
    legs = builders.condor().legs
    at_mid = opening_gain_usd(
        made, legs, worst=Decimal("-10.00"), mid=Decimal("-10.00"), shocks=PAIRED
    )
    below = opening_gain_usd(
        made, legs, worst=Decimal("-9.50"), mid=Decimal("-10.00"), shocks=PAIRED
    )

    assert at_mid is not None
    assert below is not None
    assert (at_mid - below).tolist() == pytest.approx([50.0] * 5)


def test_book_gain_is_that_of_condors_and_hedge() -> None:
    made = context(builders.book(condors=[builders.condor()], lots=builders.hedged()))

    condors, hedge = condors_gain_usd(made, PAIRED), hedge_gain_usd(made, PAIRED)

    assert condors is not None
    assert hedge is not None
    assert (hedge[:3] > 0).all()
    assert book_gain_usd(made) == pytest.approx(condors + hedge)


def test_a_held_expiry_without_the_money_is_priced_at_the_carry_of_another() -> None:
    whole = builders.market()
    held = builders.condor(expiry=dt.date(2026, 8, 28), strikes=(5800.0, 5925.0, 6550.0, 6675.0))
    legs = {leg.contract for leg in held.legs}
    bare = builders.without_options(
        whole, lambda contract: contract.expiry == held.expiry and contract not in legs
    )

    full = unit_gain_usd(context(market=whole), held.legs, PAIRED)
    carried = unit_gain_usd(context(market=bare), held.legs, PAIRED)

    assert full is not None
    assert carried is not None
    # four points of the smile instead of all: within 8 USD of a hundred
    assert np.abs(carried - full).max() < 0.08 * np.abs(full).max()


def without_quote(contract_index: int, quote: Quote | None) -> Context:
    held = builders.condor(expiry=dt.date(2026, 8, 28))
    market = builders.with_quote(builders.market(), held.legs[contract_index].contract, quote)
    return context(builders.book(condors=[held]), market=market)


def test_a_short_leg_without_a_volatility_makes_the_book_unknown() -> None:
    assert book_gain_usd(without_quote(1, None)) is None
    assert book_gain_usd(without_quote(1, Quote(ask=0.05))) is None


def test_a_wing_that_nobody_bids_for_is_priced_on_the_smile_and_one_not_quoted_is_unknown() -> None:
    assert book_gain_usd(without_quote(0, Quote(ask=0.05))) is not None
    assert book_gain_usd(without_quote(0, None)) is None


def test_a_vix_call_that_nobody_bids_for_gains_nothing() -> None:
    lot = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4, strike=80.0)
    market = builders.with_quote(builders.market(), lot.contract, Quote(ask=0.01))

    gain = hedge_gain_usd(context(builders.book(lots=[lot]), market=market), PAIRED)

    assert gain is not None
    assert gain.tolist() == [0.0] * 5


def test_a_vix_call_deep_in_the_money_without_time_value_moves_with_its_future() -> None:
    # 18.50 on the future: the 12 call is worth 6.48 discounted, and is quoted below that
    lot = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4, strike=12.0)
    market = builders.with_quote(builders.market(), lot.contract, Quote(bid=6.35, ask=6.45))

    gain = hedge_gain_usd(context(builders.book(lots=[lot]), market=market), PAIRED)

    assert gain is not None
    discount = math.exp(-builders.RATE * (30 * 24 * 60 - 6 * 60) / 525_600)
    moves = [0.41 * 10, 0.41 * 20, 0.41 * 40, 0.41 * -5, 0.41 * -5]
    expected = [4 * 100 * discount * move for move in moves]
    assert gain.tolist() == pytest.approx(expected, rel=1e-3)


def test_a_short_deep_in_the_money_without_time_value_is_priced_on_the_smile() -> None:
    deep = builders.condor((5800.0, 5925.0, 6250.0, 6375.0))
    # the forward is 6322: the short call is worth 72 at least
    sunk = builders.with_quote(builders.market(), deep.legs[2].contract, Quote(bid=70.0, ask=71.0))

    assert book_gain_usd(context(builders.book(condors=[deep]), market=sunk)) is not None


def test_a_vix_call_of_which_nothing_is_known_makes_the_book_unknown() -> None:
    lot = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4)
    market = builders.with_quote(builders.market(), lot.contract, None)

    assert book_gain_usd(context(builders.book(lots=[lot]), market=market)) is None


def test_units_are_floored_to_what_the_worst_shock_leaves() -> None:
    book, unit = np.array([-1_000.0, -4_000.0]), np.array([-2_000.0, -1_500.0])

    assert stress_units(book, unit, 10_000.0) == 4  # 9,000 / 2,000 and 6,000 / 1,500
    assert stress_units(book, unit, 9_999.0) == 3
    assert stress_units(book, unit, 3_999.0) == 0  # the book is beyond it already


def test_what_loses_in_no_shock_is_not_bounded_by_the_test() -> None:
    assert stress_units(np.zeros(2), np.array([0.0, 5.0]), 0.0) == UNBOUNDED


@given(
    book=st.lists(st.floats(-1e5, 1e5), min_size=5, max_size=5),
    unit=st.lists(st.floats(-1e4, 1e4), min_size=5, max_size=5),
    limit=st.floats(0, 2e5),
)
def test_no_shock_ever_loses_more_than_the_limit(
    book: list[float], unit: list[float], limit: float
) -> None:
    held, one = np.array(book), np.array(unit)

    units = stress_units(held, one, limit)

    assert units == 0 or worst_loss_usd(held + units * one) <= limit * (1 + 1e-9) + 1e-3


def test_worst_loss_is_zero_where_nothing_loses() -> None:
    assert worst_loss_usd(np.array([1.0, 2.0])) == 0.0
    assert worst_loss_usd(np.array([1.0, -2.5])) == 2.5


def cell(spx: float, vix: float, condor: float | None, hedge: float | None) -> StressCell:
    return StressCell(spx=spx, vix_points=vix, condor_usd=condor, hedge_usd=hedge)


@pytest.mark.parametrize(
    ("condor", "hedge", "coverage"),
    [(-20_000.0, 5_000.0, 0.25), (None, 5_000.0, None), (-1.0, None, None), (0.0, 1.0, None)],
)
def test_coverage_is_hedge_gain_over_condor_loss_at_ten_percent_and_twenty_points(
    condor: float | None, hedge: float | None, coverage: float | None
) -> None:
    cells = [cell(-0.05, 20.0, -1.0, 9.0), cell(-0.10, 20.0, condor, hedge)]

    assert StressGrid(cells=tuple(cells)).coverage == coverage
    assert StressGrid(cells=tuple(cells[:1])).coverage is None


def test_a_decision_keeps_the_whole_grid_of_the_book_that_it_leads_to() -> None:
    decision = decide(builders.market(), builders.book(), Rules())

    grid = decision.stress
    assert grid is not None
    assert len(grid.cells) == GRID.spx.size == 42
    calm = next(each for each in grid.cells if (each.spx, each.vix_points) == (0.0, 0.0))
    sold = [intent for intent in decision.intents if intent.max_loss_usd]
    conceded = sum(float(each.ladder.floor - each.mid) * 100 * each.quantity for each in sold)
    assert calm.condor_usd == pytest.approx(-conceded)
    assert calm.hedge_usd == 0.0
    assert grid.coverage is not None
    assert grid.coverage > 0  # hedge orders count as filled here


def test_an_unknown_book_has_a_grid_without_figures() -> None:
    held = builders.condor()
    market = builders.with_quote(builders.market(), held.legs[1].contract, None)

    grid = decide(market, builders.book(condors=[held]), Rules()).stress

    assert grid is not None
    assert {each.condor_usd for each in grid.cells} == {None}
    assert grid.coverage is None


def test_leg_of_an_expiry_that_is_not_quoted_is_unknown() -> None:
    contract = replace(builders.spxw(6000, Right.PUT), expiry=dt.date(2026, 12, 18))

    assert unit_gain_usd(context(), (Leg(contract=contract, ratio=-1),), PAIRED) is None
