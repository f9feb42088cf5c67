"""Newey-West, the deflated Sharpe ratio and utility against published and closed answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bot.evidence import statistics
from bot.evidence.statistics import (
    capm,
    certainty_equivalent,
    deflated_sharpe,
    expected_best_sharpe,
    kurtosis,
    newey_west_lags,
    probable_sharpe,
    regress,
    sharpe,
    skewness,
)

DAYS = 250


def test_the_error_of_a_mean_is_the_sum_of_its_weighted_autocovariances() -> None:
    values = np.array([1.0, 3.0, 2.0, 6.0, 4.0, 8.0])

    found = regress(values, np.ones((6, 1)), lags=2)

    # u = -3 -1 -2 2 0 4; g0 = 34, g1 = 3 + 2 - 4 + 0 + 0 = 1, g2 = 6 - 2 + 0 + 8 = 12
    assert found.coefficients[0] == pytest.approx(4.0)
    assert found.errors[0] == pytest.approx(math.sqrt(34 + 2 * (2 / 3 * 1 + 1 / 3 * 12)) / 6)


def test_without_lags_the_errors_are_those_of_white() -> None:
    x = np.array([0.0, 1.0, 2.0])
    y = np.array([0.0, 2.0, 1.0])

    found = regress(y, np.column_stack([np.ones(3), x]), lags=0)

    # slope 0.5, intercept 0.5, residuals -0.5 1 -0.5; slope variance = sum (x-1)^2 u^2 / 4
    assert found.coefficients == pytest.approx([0.5, 0.5])
    assert found.errors[1] == pytest.approx(math.sqrt(0.5 / 4))
    assert found.r_squared == pytest.approx(1 - 1.5 / 2)


def test_autocorrelated_months_have_larger_errors_than_independent_ones() -> None:
    values = np.repeat(np.array([1.0, -1.0] * 10), 3)

    wide, narrow = (regress(values, np.ones((60, 1)), lags=lags).errors[0] for lags in (2, 0))

    assert wide > 1.1 * narrow


@pytest.mark.parametrize(("months", "lags"), [(100, 4), (24, 2), (437, 5)])
def test_the_lags_follow_the_usual_rule(months: int, lags: int) -> None:
    assert newey_west_lags(months) == lags


def test_a_book_that_is_half_the_market_and_a_constant_has_that_beta_and_alpha() -> None:
    market = np.array([0.01, -0.02, 0.03, 0.0] * 9 + [math.nan])

    found = capm(0.002 + 0.5 * market, market)

    assert found.alpha == pytest.approx(0.024)
    assert found.beta == pytest.approx(0.5)
    assert found.months == 36


def test_too_few_months_give_no_beta() -> None:
    assert math.isnan(capm(np.arange(5.0), np.arange(5.0)).beta)


def test_the_expected_best_of_100_trials_is_that_of_the_paper() -> None:
    yearly = expected_best_sharpe(100, 0.5)

    assert yearly / math.sqrt(DAYS) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(("trials", "published"), [(100, 0.9004), (46, 0.9505)])
def test_the_deflated_sharpe_ratio_is_that_of_the_paper(trials: int, published: float) -> None:
    """Bailey and Lopez de Prado 2014, pages 9 and 10: SR 2.5, V 1/2, skew -3, kurtosis 10."""
    luck = expected_best_sharpe(trials, 0.5 / DAYS)

    found = probable_sharpe(2.5 / math.sqrt(DAYS), luck, periods=1250, skew=-3.0, kurt=10.0)

    assert found == pytest.approx(published, abs=5e-5)


def test_one_trial_was_not_selected() -> None:
    assert expected_best_sharpe(1, 0.5) == 0.0


def test_more_trials_deflate_more() -> None:
    months = np.array([0.02, -0.01, 0.015, 0.0] * 12)

    few, many = (deflated_sharpe(months, trials=n, variance=0.02) for n in (2, 50))

    assert many < few < 1


def test_moments_are_those_of_a_hand_sum() -> None:
    values = np.array([0.0, 0.0, 0.0, 4.0])  # mean 1, m2 = 3, m3 = 6, m4 = 21

    assert skewness(values) == pytest.approx(6 / 3**1.5)
    assert kurtosis(values) == pytest.approx(21 / 9)


def test_returns_that_do_not_vary_have_no_sharpe_ratio() -> None:
    assert math.isnan(sharpe(np.zeros(30)))
    assert math.isnan(deflated_sharpe(np.zeros(30), trials=3, variance=0.1))


def test_a_sure_return_is_worth_itself_whatever_the_aversion() -> None:
    months = np.full(12, 0.01)

    for aversion in (1.0, 2.0, 8.0):
        assert certainty_equivalent(months, aversion) == pytest.approx(1.01**12 - 1)


def test_the_certainty_equivalent_of_a_coin_is_its_harmonic_mean_at_aversion_two() -> None:
    coin = np.array([0.5, -0.2])

    assert certainty_equivalent(coin, 2.0) == pytest.approx((2 / (1 / 1.5 + 1 / 0.8)) ** 12 - 1)


def test_ruin_is_worth_nothing() -> None:
    assert certainty_equivalent(np.array([0.3, -1.0]), 2.0) == -1.0
    assert math.isnan(certainty_equivalent(np.array([]), 2.0))
    assert statistics.MONTHS_A_YEAR == 12
