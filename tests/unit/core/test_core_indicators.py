from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from bot.core.indicators import (
    ad_line,
    ema,
    expected_daily_range_pct,
    macd,
    mcclellan_oscillator,
    rana,
    rsi,
)

# The worked examples of ChartSchool (stockcharts.com): "Relative Strength Index", 14 sessions,
# and "Moving Averages", 10 sessions; their answers are printed with two decimals.
RSI_CLOSES = (
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826,
    45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
    46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672,
    43.4205, 42.6628, 43.1314,
)  # fmt: skip
RSI_ANSWERS = (
    70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99,
    41.46, 41.87, 45.46, 37.30, 33.08, 37.77,
)  # fmt: skip
EMA_CLOSES = (
    22.27, 22.19, 22.08, 22.17, 22.18, 22.13, 22.23, 22.43, 22.24, 22.29, 22.15, 22.39, 22.38,
    22.61, 23.36, 24.05, 23.75, 23.83, 23.95, 23.63, 23.82, 23.87, 23.65, 23.19, 23.10, 23.33,
    22.68, 23.10, 22.40, 22.17,
)  # fmt: skip
EMA_ANSWERS = (
    22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.80, 22.97, 23.13, 23.28, 23.34, 23.43, 23.51,
    23.54, 23.47, 23.40, 23.39, 23.26, 23.23, 23.08, 22.92,
)  # fmt: skip

CLOSES = 100 + np.random.default_rng(7).normal(0, 1, 320).cumsum()


def reference_ema(values: list[float], period: int) -> list[float]:
    """Textbook recursion from the mean of the first `period` values on."""
    averages = [math.nan] * (period - 1) + [sum(values[:period]) / period]
    for value in values[period:]:
        averages.append(averages[-1] + 2 / (period + 1) * (value - averages[-1]))
    return averages


def reference_rsi(values: list[float], period: int) -> list[float]:
    """Wilder's recursion from the mean of the first `period` changes on."""
    changes = [later - earlier for earlier, later in itertools.pairwise(values)]
    gain = sum(max(change, 0) for change in changes[:period]) / period
    loss = sum(max(-change, 0) for change in changes[:period]) / period
    strengths = [math.nan] * period + [100 * gain / (gain + loss)]
    for change in changes[period:]:
        gain = (gain * (period - 1) + max(change, 0)) / period
        loss = (loss * (period - 1) + max(-change, 0)) / period
        strengths.append(100 * gain / (gain + loss))
    return strengths


def reference_histogram(values: list[float], fast: int, slow: int, signal: int) -> list[float]:
    """MACD as TA-Lib seeds it: both averages start on the same session."""
    late = [math.nan] * (slow - fast) + reference_ema(values[slow - fast :], fast)
    early = reference_ema(values, slow)
    line = [a - b for a, b in zip(late, early, strict=True)][slow - 1 :]
    smoothed = reference_ema(line, signal)
    padding = [math.nan] * (slow - 1)
    return padding + [a - b for a, b in zip(line, smoothed, strict=True)]


def largest_difference(actual: np.ndarray, expected: list[float]) -> float:
    assert np.isnan(actual).tolist() == np.isnan(expected).tolist()
    return float(np.nanmax(np.abs(actual - np.array(expected))))


def test_rsi_of_the_published_example() -> None:
    assert rsi(RSI_CLOSES, 14)[14:] == pytest.approx(RSI_ANSWERS, abs=0.006)


def test_ema_of_the_published_example() -> None:
    assert ema(EMA_CLOSES, 10)[9:] == pytest.approx(EMA_ANSWERS, abs=0.01)  # closes are rounded too


@pytest.mark.parametrize("period", [2, 14, 30])
def test_rsi_follows_wilders_recursion(period: int) -> None:
    assert largest_difference(rsi(CLOSES, period), reference_rsi(CLOSES.tolist(), period)) < 1e-9


@pytest.mark.parametrize("period", [1, 2, 20, 320])
def test_ema_follows_its_recursion(period: int) -> None:
    assert largest_difference(ema(CLOSES, period), reference_ema(CLOSES.tolist(), period)) < 1e-9


@pytest.mark.parametrize(("fast", "slow", "signal"), [(12, 26, 9), (5, 35, 5)])
def test_macd_histogram_follows_its_recursion(fast: int, slow: int, signal: int) -> None:
    actual = macd(CLOSES, fast=fast, slow=slow, signal=signal).histogram
    expected = reference_histogram(CLOSES.tolist(), fast, slow, signal)

    assert largest_difference(actual, expected) < 1e-9


def test_rsi_is_100_when_all_rise_and_0_when_all_fall() -> None:
    rising = np.arange(1.0, 31.0)

    assert rsi(rising)[-1] == 100.0
    assert rsi(rising[::-1])[-1] == 0.0


def test_one_nan_makes_the_whole_series_unknown_not_zero() -> None:
    broken = CLOSES.copy()
    broken[100] = math.nan

    assert np.isnan(rsi(broken)).all()
    assert np.isnan(macd(broken).histogram).all()
    assert np.isnan(ema(broken, 20)).all()
    assert np.isnan(ad_line(broken, CLOSES)).all()


def test_an_infinity_makes_the_whole_series_unknown() -> None:
    assert np.isnan(rsi([*CLOSES.tolist(), math.inf])).all()


@pytest.mark.parametrize("length", [0, 1, 14])
def test_a_series_shorter_than_the_indicator_needs_is_unknown(length: int) -> None:
    short = CLOSES[:length]

    for unknown in (rsi(short, 14), ema(short, 15), macd(short).histogram):
        assert unknown.shape == (length,)
        assert np.isnan(unknown).all()


def test_the_shortest_known_series_has_one_value() -> None:
    assert np.isfinite(rsi(CLOSES[:15], 14)).sum() == 1
    assert np.isfinite(ema(CLOSES[:15], 15)).sum() == 1
    assert np.isfinite(macd(CLOSES[:34]).histogram).sum() == 1
    assert np.isnan(macd(CLOSES[:33]).histogram).all()


def test_ad_line_adds_up_what_rose_less_what_fell() -> None:
    assert ad_line([1500, 1000, 2000], [1200, 1600, 700]).tolist() == [300.0, -300.0, 1000.0]


def test_rana_is_the_share_of_net_advances() -> None:
    assert rana([2000, 500, 9], [1000, 1500, 2]) == pytest.approx([1 / 3, -0.5, 7 / 11])


def test_rana_is_unknown_where_nothing_moved() -> None:
    assert np.isnan(rana([0.0], [0.0])).all()


def test_mcclellan_oscillator_is_the_difference_of_two_averages() -> None:
    generator = np.random.default_rng(11)
    advances = generator.integers(300, 2700, 80).astype(float)
    declines = 3000 - advances
    scaled = [1000 * (up - down) / (up + down) for up, down in zip(advances, declines, strict=True)]
    fast, slow = reference_ema(scaled, 19), reference_ema(scaled, 39)
    expected = [a - b for a, b in zip(fast, slow, strict=True)]

    assert largest_difference(mcclellan_oscillator(advances, declines), expected) < 1e-9


def test_mcclellan_oscillator_of_steady_breadth_is_zero() -> None:
    oscillator = mcclellan_oscillator(np.full(60, 2000.0), np.full(60, 1000.0))

    assert oscillator[-1] == pytest.approx(0.0, abs=1e-9)


def test_mcclellan_oscillator_is_unknown_below_39_sessions() -> None:
    assert np.isnan(mcclellan_oscillator(np.full(38, 2.0), np.full(38, 1.0))).all()


def test_expected_daily_range_of_vix_16_is_about_one_percent() -> None:
    assert expected_daily_range_pct(16.0) == pytest.approx(1.0079, abs=5e-5)
