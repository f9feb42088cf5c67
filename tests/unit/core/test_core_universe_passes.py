"""The second pass over a chain reads what each tier may sell, and the wings beyond it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

import builders
from bot.core.chain import PricedChain, price_chain
from bot.core.model import OptionContract, Right
from bot.core.rules import CondorRules, TierDeltas
from bot.core.universe import (
    DAILY_STRIKES,
    ListedSeries,
    coarse_condor_contracts,
    condor_series,
    fine_condor_contracts,
    shift_contracts,
    shift_series,
    wing_points,
)

EXPIRY = builders.MAIN_EXPIRY
EVERY_FIVE = tuple(float(strike) for strike in range(5000, 7505, 5))
RULES = CondorRules(tiers=("balanced",))


def series(expiry: dt.date = EXPIRY, trading_class: str = "SPXW") -> ListedSeries:
    return ListedSeries(
        underlying="SPX",
        trading_class=trading_class,
        expiry=expiry,
        last_trade=expiry,
        strikes=EVERY_FIVE,
    )


def chain(expiry: dt.date = EXPIRY) -> PricedChain:
    priced = price_chain(builders.market(), trading_class="SPXW", expiry=expiry)
    assert priced is not None
    return priced


def strikes(wanted: tuple[OptionContract, ...], right: Right) -> set[float]:
    return {contract.strike for contract in wanted if contract.right is right}


def short(deltas: float, right: Right, priced: PricedChain) -> float:
    """The strike of the builders' chain whose delta is nearest, found by plain search."""
    of_right = [
        (abs(abs(float(delta)) - deltas), float(strike))
        for delta, strike, call in zip(priced.delta, priced.strike, priced.is_call, strict=True)
        if call == (right is Right.CALL) and float(delta) == float(delta)
    ]
    return min(of_right)[1]


@pytest.mark.parametrize("right", list(Right))
def test_short_and_wing_of_a_tier_are_read_with_their_neighbours(right: Right) -> None:
    priced = chain()
    sign = 1 if right is Right.CALL else -1
    sold = short(0.05 if right is Right.CALL else 0.10, right, priced)
    wing = sold + sign * 0.02 * priced.forward

    wanted = strikes(fine_condor_contracts(priced, series(), RULES), right)

    assert {sold - 5, sold, sold + 5} <= wanted
    assert min(abs(strike - wing) for strike in wanted) <= 2.5


def test_shorts_that_signals_push_out_are_read_too() -> None:
    # 0.10 at half its delta is the floor of 0.05; 0.03 further out is the floor as well
    priced = chain()

    wanted = strikes(fine_condor_contracts(priced, series(), RULES), Right.PUT)

    assert short(0.05, Right.PUT, priced) in wanted
    assert short(0.07, Right.PUT, priced) in wanted


def test_delta_that_nothing_quoted_comes_near_is_not_read() -> None:
    near_money = builders.without_options(
        builders.market(), lambda contract: abs(contract.strike - builders.SPX) > 15
    )
    priced = price_chain(near_money, trading_class="SPXW", expiry=EXPIRY)
    assert priced is not None

    assert fine_condor_contracts(priced, series(), RULES) == ()


def test_chain_of_one_strike_has_no_neighbours() -> None:
    whole = chain()
    only = replace(
        whole,
        contracts=whole.contracts[:1],
        **{
            name: getattr(whole, name)[:1]
            for name in ("strike", "is_call", "bid", "ask", "mid", "iv", "extrinsic")
        },
        delta=whole.delta[:1] * 0 + (0.10 if whole.is_call[0] else -0.10),
    )
    rules = replace(RULES, balanced=TierDeltas(put=0.10, call=0.10), delta_floor=0.10)

    wanted = fine_condor_contracts(only, series(), rules)

    assert float(whole.strike[0]) in {contract.strike for contract in wanted}
    assert len(wanted) <= 2


def test_daily_condors_are_sold_in_the_next_session_only() -> None:
    daily = replace(RULES, profile="daily")
    tomorrow = dt.date(2026, 7, 21)
    listed = [series(tomorrow, "SPX"), series(EXPIRY), series(tomorrow)]

    found = condor_series(listed, builders.SESSION, daily, tomorrow=tomorrow)

    assert found == series(tomorrow)
    assert condor_series(listed[1:2], builders.SESSION, daily, tomorrow=tomorrow) is None


def test_daily_chain_is_read_from_the_money_outwards() -> None:
    daily = replace(RULES, profile="daily")
    priced = chain()

    wanted = fine_condor_contracts(priced, series(), daily)

    puts, calls = strikes(wanted, Right.PUT), strikes(wanted, Right.CALL)
    assert max(puts) < priced.forward < min(calls)
    assert priced.forward - max(puts) <= 5
    assert len(puts) <= DAILY_STRIKES
    assert len(calls) <= DAILY_STRIKES


def test_daily_chain_without_deltas_is_not_read() -> None:
    daily = replace(RULES, profile="daily")
    unknown = replace(chain(), delta=chain().delta * float("nan"))

    assert fine_condor_contracts(unknown, series(), daily) == ()


def test_threatened_condor_may_move_one_to_three_weeks_out() -> None:
    held = builders.condor()
    listed = [series(EXPIRY + dt.timedelta(days=days)) for days in (0, 6, 7, 14, 21, 22)]

    found = shift_series(listed, held, builders.SESSION, CondorRules())

    assert found == series(EXPIRY + dt.timedelta(days=7))
    assert shift_series(listed[:2], held, builders.SESSION, CondorRules()) is None
    assert shift_series(listed[-1:], held, builders.SESSION, CondorRules()) is None


@pytest.mark.parametrize(("right", "old"), [(Right.PUT, 5925.0), (Right.CALL, 6550.0)])
def test_replacement_is_looked_for_from_the_old_short_outwards(right: Right, old: float) -> None:
    later = series(EXPIRY + dt.timedelta(days=7))
    sign = 1 if right is Right.CALL else -1

    wanted = shift_contracts(
        later, builders.condor(), right, forward=builders.SPX, rules=CondorRules()
    )

    found = strikes(wanted, right)
    assert len(found) == len(wanted)
    assert all(sign * (strike - old) >= 0 for strike in found)
    assert {old, old + sign * wing_points(builders.SPX, CondorRules())} <= found


def test_wings_are_two_percent_on_a_grid_of_five_points() -> None:
    assert wing_points(6300.0, CondorRules()) == 125.0
    assert wing_points(6400.0, CondorRules()) == 130.0
    assert wing_points(100.0, CondorRules()) == 5.0


def test_sparse_strikes_are_all_read_in_the_first_pass() -> None:
    sparse = replace(series(), strikes=tuple(float(strike) for strike in range(5000, 7500, 100)))

    wanted = coarse_condor_contracts(
        sparse, session=builders.SESSION, spot=builders.SPX, vix=17.0, rules=RULES
    )

    # 3.6 standard deviations of 5.03 % below 6300, and one and a half wings: down to 5,067
    assert set(range(5100, 6300, 100)) <= strikes(wanted, Right.PUT)
