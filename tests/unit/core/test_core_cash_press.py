"""The cash press: when VIX options are too dear to strike anew."""

from __future__ import annotations

import math

import pytest

import builders
from bot.core.cash_press import at_the_money_iv, iv_excess, presses
from bot.core.chain import price_chain
from bot.core.hedge_rules import PressRules
from proposals import context

RULES = PressRules()
ON = {"vix": 18.0, "vix_long_mean": 17.0, "vx2_over_vx1": 0.12}


def test_the_front_volatility_is_that_of_the_call_at_the_money() -> None:
    # the builders' own curve at the strike nearest to the VX of 18.5, before its prices are rounded
    chain = price_chain(builders.market(), trading_class="VIX", expiry=builders.NEAR_EXPIRY)
    years = (30 + 0.02) / 365
    modelled = 0.50 + 0.55 * math.exp(-3 * years)

    assert at_the_money_iv(chain) == pytest.approx(modelled * 100, abs=1.5)


def test_an_unknown_chain_has_no_volatility() -> None:
    assert at_the_money_iv(None) is None


@pytest.mark.parametrize(
    ("implied", "realised", "excess"), [(95.0, 70.0, 25.0), (None, 70.0, None), (95.0, None, None)]
)
def test_the_excess_is_implied_less_realised(
    implied: float | None, realised: float | None, excess: float | None
) -> None:
    assert iv_excess(implied, context(vx_front_volatility=realised).signals) == excess


@pytest.mark.parametrize(
    ("excess", "changes", "on"),
    [
        (18.0, {}, True),
        (17.9, {}, False),
        (18.0, {"vix": 17.0}, False),
        (18.0, {"vx2_over_vx1": 0.119}, False),
        (None, {}, False),
        (18.0, {"vix": None}, False),
        (18.0, {"vix_long_mean": None}, False),
        (18.0, {"vx2_over_vx1": None}, False),
    ],
)
def test_the_press_needs_all_three_and_is_off_where_one_is_unknown(
    excess: float | None, changes: dict[str, object], *, on: bool
) -> None:
    assert presses(excess, context(**(ON | changes)).signals, RULES) is on
