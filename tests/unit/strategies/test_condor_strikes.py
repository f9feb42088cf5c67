"""Shape of a condor: deltas by signal, wings by width."""

from __future__ import annotations

from dataclasses import replace

import pytest

import builders
from bot.core.book import Tier
from bot.core.model import MarketSnapshot, Quote, Right
from bot.core.regime import Breadth
from bot.core.rules import CondorRules, TierDeltas
from bot.core.universe import wing_points
from proposals import (
    context,
    strikes,
)
from strategies.condor_strikes import condor_legs, shaped_deltas, shifted_legs


@pytest.mark.parametrize(
    ("histogram", "breadth", "rsi", "expected"),
    [
        (1.0, Breadth.UP, 50.0, (0.16, 0.05)),  # 0.04 is below the floor
        (-1.0, Breadth.DOWN, 50.0, (0.08, 0.08)),
        (1.0, Breadth.DOWN, 50.0, (0.16, 0.08)),
        (-1.0, Breadth.UP, 50.0, (0.16, 0.08)),
        (1.0, Breadth.NEUTRAL, 50.0, (0.16, 0.08)),
        (0.0, Breadth.UP, 50.0, (0.16, 0.08)),
        (1.0, None, 50.0, (0.16, 0.08)),
        (None, Breadth.UP, 50.0, (0.16, 0.08)),
        (1.0, Breadth.NEUTRAL, 75.0, (0.16, 0.08)),
        (1.0, Breadth.NEUTRAL, 75.1, (0.16, 0.05)),
        (1.0, Breadth.NEUTRAL, 29.9, (0.13, 0.08)),
        (-1.0, Breadth.DOWN, 29.9, (0.05, 0.08)),
        (1.0, Breadth.NEUTRAL, None, (0.16, 0.08)),
    ],
)
def test_the_side_that_the_trend_runs_into_is_sold_further_out(
    histogram: float | None,
    breadth: Breadth | None,
    rsi: float | None,
    expected: tuple[float, float],
) -> None:
    signals = context(macd_histogram=histogram, breadth=breadth, spx_rsi=rsi).signals

    deltas = shaped_deltas(Tier.AGGRESSIVE, signals, CondorRules())

    assert (deltas.put, deltas.call) == pytest.approx(expected)


def test_wings_are_two_percent_of_the_forward_on_the_grid() -> None:
    assert wing_points(6_322.0, CondorRules()) == 125
    assert wing_points(6_400.0, CondorRules()) == 130
    assert wing_points(50.0, CondorRules()) == 5


def chosen(
    market: MarketSnapshot, *, put: float = 0.10, call: float = 0.05, **rules: object
) -> list[float] | None:
    chain = context(market=market).chain("SPXW", builders.MAIN_EXPIRY)
    assert chain is not None
    legs = condor_legs(chain, TierDeltas(put=put, call=call), replace(CondorRules(), **rules))
    return None if legs is None else strikes(legs)


def missing(*strikes: float) -> MarketSnapshot:
    return builders.without_options(
        builders.market(),
        lambda contract: contract.expiry == builders.MAIN_EXPIRY and contract.strike in strikes,
    )


def test_absent_wing_moves_both_wings_to_stay_equal() -> None:
    # 5740 or 5750 instead of 5745: the narrower, and the call follows by as much
    assert chosen(missing(5745)) == [5750, 5870, 6660, 6780]


def test_wings_may_differ_by_one_step_of_the_grid() -> None:
    market = missing(*range(5600, 5745, 5), 5745, *range(5755, 5870, 5), 6780)

    assert chosen(market) == [5750, 5870, 6660, 6785]


def test_wings_that_differ_by_more_are_no_condor() -> None:
    market = missing(*range(5000, 5750, 5), *range(5755, 5870, 5), *range(6775, 6790, 5))

    assert chosen(market) is None


def test_coarse_strikes_on_one_side_set_the_width_of_both() -> None:
    market = missing(*(strike for strike in range(5000, 5870, 5) if strike not in (5720, 5770)))

    assert chosen(market) == [5770, 5870, 6660, 6760]


def test_a_wing_far_from_the_intended_width_is_no_wing() -> None:
    # Intended are 125 points below 5870: of these strikes only 5840 and 5700 are left.
    market = missing(*(strike for strike in range(5000, 5870, 5) if strike not in (5840, 5700)))

    assert chosen(market) is None
    assert chosen(market, wing_tolerance=0.40) == [5700, 5870, 6660, 6830]


def test_wing_that_nobody_bids_for_can_be_bought() -> None:
    market = builders.with_quote(
        builders.market(), builders.spxw(6785, Right.CALL), Quote(bid=None, ask=0.30)
    )

    assert chosen(market) == [5745, 5870, 6660, 6785]


def test_crossed_wing_is_not_quoted() -> None:
    market = builders.with_quote(
        builders.market(), builders.spxw(6785, Right.CALL), Quote(bid=0.50, ask=0.30)
    )

    assert chosen(market) == [5750, 5870, 6660, 6780]


def test_short_is_never_below_the_floor_however_near_the_strike() -> None:
    # the 6660 call has a delta of 0.0504, the 6665 call one below 0.05
    legs = chosen(missing(6660), call=0.05)

    assert legs is not None
    assert legs[2] == 6655


def test_no_short_within_the_tolerance_is_no_condor() -> None:
    assert chosen(missing(*range(5700, 6000, 5)), put=0.10) is None


def test_shorts_that_cross_are_no_condor() -> None:
    assert chosen(builders.market(), put=0.55, call=0.60, delta_tolerance=0.1) is None


def test_replacement_needs_a_short_on_the_side_that_is_not_threatened() -> None:
    puts_only = builders.without_options(
        builders.market(), lambda contract: contract.right is Right.CALL and contract.strike > 6350
    )
    chain = context(market=puts_only).chain("SPXW", builders.MAIN_EXPIRY)
    assert chain is not None

    found = list(
        shifted_legs(
            chain,
            builders.condor(),
            Right.PUT,
            deltas=TierDeltas(put=0.10, call=0.05),
            rules=CondorRules(),
        )
    )

    assert not found
