from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from bot.core.indicators import macd
from bot.core.model import (
    BreadthSource,
    FutureQuote,
    Quote,
)
from bot.core.regime import Breadth, Regime, as_signals, compute_signals
from bot.core.rules import SignalRules
from market_states import (
    CALM,
    CRASH,
    FALLING,
    MORE_FALL,
    QUIET_VIX,
    RISING,
    SESSION,
    bars,
    breadth,
    curve,
    levels,
)

RULES = SignalRules()


def test_a_rising_market_with_low_vix_is_calm_with_no_point() -> None:
    signals = compute_signals(CALM, RULES)

    assert signals.regime is Regime.CALM
    assert (signals.stress_score, signals.stress_unknown, signals.unknown) == (0, 0, ())
    assert signals.breadth is Breadth.UP
    assert signals.ad_line_above_ema is True
    assert signals.breadth_source is BreadthSource.NYSE


def test_a_crash_is_stress_with_all_five_points() -> None:
    signals = compute_signals(CRASH, RULES)

    assert signals.regime is Regime.STRESS
    assert (signals.stress_score, signals.stress_unknown) == (5, 0)
    assert signals.breadth is Breadth.DOWN
    assert signals.ad_line_above_ema is False
    assert signals.spx_rsi is not None
    assert signals.spx_rsi < 35


def test_levels_ratios_and_range_follow_their_formulas() -> None:
    signals = compute_signals(CALM, RULES)

    assert (signals.vix, signals.vix3m) == (15.0, 17.5)
    assert signals.vix_over_vix3m == pytest.approx(15 / 17.5)
    assert signals.vix_over_median == pytest.approx(1.0)
    assert signals.edr_pct == pytest.approx(15 / math.sqrt(252))
    assert signals.vx2_over_vx1 == pytest.approx(0.125)


def test_rsi_of_a_rising_market_is_100_and_of_an_alternating_vix_near_50() -> None:
    signals = compute_signals(CALM, RULES)

    assert signals.spx_rsi == pytest.approx(100.0)
    assert signals.vix_rsi == pytest.approx(50.0, abs=2.0)


def test_the_oscillator_of_a_lasting_fall_follows_its_closed_form() -> None:
    # 60 sessions of RANA 2/15, so both averages stand there; then 10 of -2/3
    signals = compute_signals(CRASH, RULES)

    fast, slow = (1 - 2 / 20) ** 10, (1 - 2 / 40) ** 10
    assert signals.mcclellan == pytest.approx(1000 * (2 / 15 + 2 / 3) * (fast - slow), abs=1e-9)


@pytest.mark.parametrize(
    ("vix", "vix3m", "score"),
    [
        (17.5, 17.51, 0),
        (17.5, 17.5, 1),
        (18.74, 30.0, 0),
        (18.75, 30.0, 1),
        (18.75, 18.75, 2),
    ],
)
def test_vix_gives_a_point_at_vix3m_and_one_at_a_quarter_above_its_median(
    vix: float, vix3m: float, score: int
) -> None:
    signals = compute_signals(dataclasses.replace(CALM, indexes=levels(vix, vix3m)), RULES)

    assert signals.stress_score == score


def test_falling_prices_give_a_point_for_macd_and_one_for_rsi() -> None:
    signals = compute_signals(dataclasses.replace(CALM, spx_bars=bars(FALLING)), RULES)

    assert signals.stress_score == 2
    assert signals.regime is Regime.TRANSITION


def test_a_negative_histogram_that_rises_gives_no_point() -> None:
    recovering = [*FALLING, *(FALLING[-1] * 1.004 ** np.arange(1.0, 6.0))]
    without_rsi = SignalRules(stress_rsi=1.0)

    signals = compute_signals(dataclasses.replace(CALM, spx_bars=bars(recovering)), without_rsi)

    assert signals.macd_histogram is not None
    assert signals.macd_histogram_previous is not None
    assert signals.macd_histogram_previous < signals.macd_histogram < 0
    assert signals.stress_score == 0


def test_falling_breadth_gives_a_point() -> None:
    signals = compute_signals(dataclasses.replace(CALM, breadth=breadth(MORE_FALL)), RULES)

    assert signals.stress_score == 1
    assert signals.regime is Regime.CALM


def test_breadth_is_neutral_when_line_and_oscillator_disagree() -> None:
    weakening = [(2000.0, 1000.0)] * 60 + [(1550.0, 1450.0)] * 10
    signals = compute_signals(dataclasses.replace(CALM, breadth=breadth(weakening)), RULES)

    assert signals.ad_line_above_ema is True
    assert signals.mcclellan is not None
    assert signals.mcclellan < 0
    assert signals.breadth is Breadth.NEUTRAL


def test_the_source_of_breadth_is_kept() -> None:
    sectors = breadth([(6.0, 5.0)] * 60, BreadthSource.SECTORS)

    signals = compute_signals(dataclasses.replace(CALM, breadth=sectors), RULES)

    assert signals.breadth_source is BreadthSource.SECTORS


def test_vix_at_20_is_not_calm_even_without_a_point() -> None:
    vix_bars = bars([close + 3 for close in QUIET_VIX])
    quiet = dataclasses.replace(CALM, vix_bars=vix_bars)

    at_limit = compute_signals(dataclasses.replace(quiet, indexes=levels(20.0, 22.0)), RULES)
    below = compute_signals(dataclasses.replace(quiet, indexes=levels(19.99, 22.0)), RULES)

    assert (at_limit.stress_score, at_limit.regime) == (0, Regime.TRANSITION)
    assert (below.stress_score, below.regime) == (0, Regime.CALM)


def test_the_vx_slope_skips_the_future_that_settles_today() -> None:
    settling = FutureQuote(expiry=SESSION, quote=Quote(bid=15.0, ask=15.1))

    signals = compute_signals(
        dataclasses.replace(CALM, vx_curve=(settling, *curve(16.0, 18.0))), RULES
    )

    assert signals.vx2_over_vx1 == pytest.approx(0.125)


@pytest.mark.parametrize("futures", [curve(16.0), curve(None, 18.0, 19.0), curve(16.0, None, 19.0)])
def test_the_vx_slope_never_takes_a_later_future_for_one_without_a_quote(
    futures: tuple[FutureQuote, ...],
) -> None:
    signals = compute_signals(dataclasses.replace(CALM, vx_curve=futures), RULES)

    assert signals.vx2_over_vx1 is None


def test_macd_crosses_below_once_when_a_rise_turns_into_a_fall() -> None:
    closes = [*RISING[:310], *(RISING[309] * 0.999 ** np.arange(1.0, 11.0))]
    histogram = macd(closes).histogram
    turning_points = [
        end for end in range(311, 321) if histogram[end - 1] < 0 <= histogram[end - 2]
    ]
    crossings = [
        end
        for end in range(311, 321)
        if compute_signals(
            dataclasses.replace(CALM, spx_bars=bars(closes[:end])), RULES
        ).macd_crossed_below
    ]

    assert len(crossings) == 1
    assert crossings == turning_points


def test_the_median_needs_all_its_sessions() -> None:
    rules = SignalRules(stress_vix_median_days=321)

    assert compute_signals(CALM, rules).vix_over_median is None


def test_every_figure_is_listed_by_name_in_plain_values() -> None:
    signals = compute_signals(dataclasses.replace(CRASH, vx_curve=(), breadth=None), RULES)

    listed = {signal.name: signal.value for signal in as_signals(signals)}

    assert set(listed) == {field.name for field in dataclasses.fields(signals)}
    assert listed["regime"] == "stress"
    assert type(listed["regime"]) is str
    assert listed["unknown"] == "breadth,vx_curve"
    assert listed["breadth"] is None
    assert listed["vix"] == 40.0
