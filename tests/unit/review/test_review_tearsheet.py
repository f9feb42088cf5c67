"""Figures of a tearsheet by hand; quantstats' own are in tests/tearsheet."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pytest
from scipy import stats

from bot.review.tearsheet import (
    FIGURES,
    MINIMUM_RETURNS,
    Tearsheet,
    drawdowns,
    kurtosis,
    simple_returns,
    skew,
    tearsheet,
)

FIRST = dt.date(2025, 1, 6)


def test_returns_are_those_between_known_values() -> None:
    points = [(FIRST + dt.timedelta(days=n), Decimal(value)) for n, value in enumerate((8, 10, 5))]

    assert simple_returns(points).tolist() == [0.25, -0.5]
    assert simple_returns(points[:1]).size == 0
    assert simple_returns([*points, (FIRST, Decimal(0))]).size == 0


def test_a_fall_counts_from_the_start_and_from_each_high() -> None:
    # 0.9, 1.08, 0.81, 0.972
    found = drawdowns(np.array([-0.1, 0.2, -0.25, 0.2]))

    assert found == pytest.approx([-0.1, 0.0, -0.25, -0.1], abs=1e-15)


def test_the_figures_of_a_short_series_by_hand() -> None:
    found = tearsheet(np.array([-0.1, 0.2, -0.25, 0.0]))

    assert found.total_return == pytest.approx(0.9 * 1.2 * 0.75 - 1, abs=1e-15)
    assert found.max_drawdown == pytest.approx(-0.25, abs=1e-15)
    assert found.win_rate == pytest.approx(1 / 3, abs=1e-15)
    assert found.profit_factor == pytest.approx(0.2 / 0.35, abs=1e-15)
    assert (found.best, found.worst) == (0.2, -0.25)
    assert found.ulcer_index == pytest.approx(math.sqrt((0.01 + 0.0625 * 2) / 3), abs=1e-15)


def test_a_year_of_one_return_grows_by_the_year() -> None:
    steady = np.full(252, 0.001)
    found = tearsheet(steady)

    assert found.cagr == pytest.approx(1.001**252 - 1, abs=1e-12)
    assert found.max_drawdown == 0.0
    assert (found.calmar, found.sortino, found.profit_factor) == (None, None, None)


def test_alternating_returns_have_the_ratios_of_their_two_values() -> None:
    up, down, n = 0.02, -0.01, 126
    found = tearsheet(np.array([up, down] * (n // 2)))
    deviation = (up - down) / 2 * math.sqrt(n / (n - 1))

    assert found.volatility == pytest.approx(deviation * math.sqrt(252), abs=1e-12)
    assert found.sharpe == pytest.approx(0.005 / deviation * math.sqrt(252), abs=1e-12)
    assert found.sortino == pytest.approx(0.005 / math.sqrt(0.0001 / 2) * math.sqrt(252), abs=1e-12)
    assert found.value_at_risk == pytest.approx(0.005 - 1.6448536269514722 * deviation, abs=1e-12)
    # phi(1.6449) / 0.05 = 2.0627
    assert found.expected_shortfall == pytest.approx(0.005 - 2.0627128 * deviation, abs=1e-8)


def test_the_moments_are_those_of_scipy() -> None:
    returns = np.random.default_rng(5).standard_t(4, 300) / 100

    assert skew(returns) == pytest.approx(stats.skew(returns, bias=False), abs=1e-12)
    assert kurtosis(returns) == pytest.approx(stats.kurtosis(returns, bias=False), abs=1e-11)


def test_nothing_is_annualised_from_less_than_a_quarter() -> None:
    returns = np.random.default_rng(5).normal(0, 0.01, MINIMUM_RETURNS)
    yearly = ("cagr", "volatility", "sharpe", "sortino", "calmar")

    short, enough = tearsheet(returns[1:]), tearsheet(returns)

    assert [getattr(short, name) for name in yearly] == [None] * 5
    assert None not in [getattr(enough, name) for name in yearly]


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_what_cannot_be_known_of_few_returns_is_unknown(n: int) -> None:
    found = tearsheet(np.array([0.01, -0.02, 0.03])[:n])

    assert found.returns == n
    assert found.kurtosis is None
    assert (found == Tearsheet(returns=0)) == (n == 0)
    assert all(
        value is None or math.isfinite(value) for value in (getattr(found, f) for f in FIGURES)
    )
