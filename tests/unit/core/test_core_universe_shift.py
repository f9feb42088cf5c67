"""Which contracts are quoted for a time-shift, and for a condor of the next session."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

import builders
from bot.core.model import Right
from bot.core.rules import CondorRules
from bot.core.universe import (
    ListedSeries,
    fine_condor_contracts,
    shift_contracts,
    shift_series,
)
from proposals import context

RULES = CondorRules()
HELD = builders.condor((5800.0, 5925.0, 6550.0, 6675.0), expiry=dt.date(2026, 8, 7))


def listed(day: int, month: int = 8, trading_class: str = "SPXW", step: int = 5) -> ListedSeries:
    expiry = dt.date(2026, month, day)
    return ListedSeries(
        underlying="SPX",
        trading_class=trading_class,
        expiry=expiry,
        last_trade=expiry,
        strikes=tuple(map(float, range(4000, 8000, step))),
    )


def test_the_later_series_is_seven_to_twenty_one_days_out_and_nearest_to_the_target() -> None:
    series = [listed(13), listed(14), listed(21), listed(28), listed(29), listed(24, 8, "SPX")]

    assert shift_series(series, HELD, builders.SESSION, RULES) is series[2]  # 32 DTE; 28 is 39
    assert shift_series(series[:2], HELD, builders.SESSION, RULES) is series[1]
    assert shift_series(series[:1], HELD, builders.SESSION, RULES) is None


@pytest.mark.parametrize(("right", "old", "sign"), [(Right.PUT, 5925, -1), (Right.CALL, 6550, 1)])
def test_shorts_from_the_old_strike_outwards_are_quoted_with_their_wings(
    right: Right, old: float, sign: int
) -> None:
    wanted = shift_contracts(listed(21), HELD, right, forward=6300.0, rules=RULES)

    found = {contract.strike for contract in wanted}
    assert {contract.right for contract in wanted} == {right}
    assert old in found
    assert old + sign * 125 in found  # its wing: 2 % of 6300 is 126, on the grid 125
    assert all(sign * (strike - old) >= 0 for strike in found)
    assert max(abs(strike - old) for strike in found) <= 5 * 125
    assert len(wanted) <= 2 * 28


def test_where_strikes_are_sparse_the_nearest_wing_is_quoted() -> None:
    wanted = shift_contracts(listed(21, step=100), HELD, Right.PUT, forward=6300.0, rules=RULES)

    assert {contract.strike for contract in wanted} >= {5900.0, 5800.0}


def test_a_daily_chain_whose_deltas_are_unknown_names_no_strikes_beyond_the_money() -> None:
    chain = context().chain("SPXW", builders.MAIN_EXPIRY)
    assert chain is not None
    blind = replace(chain, delta=np.full(chain.delta.size, np.nan))

    assert fine_condor_contracts(blind, listed(21), CondorRules(profile="daily")) == ()
