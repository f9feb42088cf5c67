from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bot.core.breadth import Breadth, judge_breadth
from bot.core.indicators import macd
from bot.core.regime import MarketCycle, compute_signals
from bot.core.rules import SignalRules
from bot.core.stress_score import negative_and_falling
from bot.core.trend import crossed_below_zero, drawdown, named_cycle
from market_states import CALM, QUIET_VIX, RISING, bars, breadth, levels

RULES = SignalRules()


@pytest.mark.parametrize(
    ("depth", "cycle"),
    [
        (0.0, MarketCycle.BULL),
        (0.0999, MarketCycle.BULL),
        (0.10, MarketCycle.CORRECTION),
        (0.1999, MarketCycle.CORRECTION),
        (0.20, MarketCycle.BEAR),
        (0.9, MarketCycle.BEAR),
    ],
)
def test_a_tenth_below_the_high_is_a_correction_and_a_fifth_is_a_bear_market(
    depth: float, cycle: MarketCycle
) -> None:
    assert named_cycle(depth, RULES) is cycle


def test_the_drawdown_is_measured_from_the_running_high_not_from_the_last_rise() -> None:
    assert drawdown(np.array([100.0, 200.0, 120.0, 150.0])) == pytest.approx(0.25)
    assert drawdown(np.array([])) is None


def test_a_market_that_falls_by_a_quarter_is_a_bear_market_under_its_mean() -> None:
    closes = [100.0] * 310 + [75.0] * 10

    signals = compute_signals(dataclasses.replace(CALM, spx_bars=bars(closes)), RULES)

    assert signals.cycle is MarketCycle.BEAR
    assert signals.spx_drawdown == pytest.approx(0.25)
    assert signals.spx_long_mean == pytest.approx((190 * 100 + 10 * 75) / 200)
    assert signals.spx_above_long_mean is False


def test_a_rising_market_is_a_bull_market_above_its_mean() -> None:
    signals = compute_signals(CALM, RULES)

    assert (signals.cycle, signals.spx_drawdown) == (MarketCycle.BULL, 0.0)
    assert signals.spx_above_long_mean is True


def test_macd_is_the_histogram_plus_its_signal_line() -> None:
    signals = compute_signals(CALM, RULES)
    line = macd(RISING).line[-1]

    assert signals.macd == pytest.approx(line)
    assert signals.macd_signal is not None
    assert signals.macd_histogram == pytest.approx(line - signals.macd_signal)


@pytest.mark.parametrize(
    ("now", "before", "crossed"),
    [
        (-0.1, 0.0, True),
        (-0.1, -0.2, False),
        (0.0, 0.1, False),
        (None, 0.1, None),
        (-0.1, None, None),
    ],
)
def test_a_crossing_is_below_zero_now_and_not_before(
    now: float | None, before: float | None, *, crossed: bool | None
) -> None:
    assert crossed_below_zero(now, before) is crossed


def test_means_of_vix_include_the_last_close() -> None:
    # 14.8 and 15.2 in turn; the last five are 14.8, 15.2, 14.8, 15.2 and then 30
    closes = [*QUIET_VIX[:-1], 30.0]

    signals = compute_signals(dataclasses.replace(CALM, vix_bars=bars(closes)), RULES)

    assert signals.vix_close == 30.0
    assert signals.vix_short_mean == pytest.approx((30 + sum(QUIET_VIX[-5:-1])) / 5)
    assert signals.vix_long_mean == pytest.approx((30 + sum(QUIET_VIX[-200:-1])) / 200)


def test_the_histogram_of_vix_is_that_of_its_closes() -> None:
    closes = [*QUIET_VIX[:-3], 20.0, 30.0, 25.0]

    signals = compute_signals(dataclasses.replace(CALM, vix_bars=bars(closes)), RULES)

    assert signals.vix_macd_histogram == pytest.approx(macd(closes).histogram[-1])


@pytest.mark.parametrize(("vix", "inverted"), [(17.49, False), (17.5, False), (17.51, True)])
def test_backwardation_is_vix_above_vix3m(vix: float, *, inverted: bool) -> None:
    signals = compute_signals(dataclasses.replace(CALM, indexes=levels(vix, 17.5)), RULES)

    assert signals.backwardation is inverted


@pytest.mark.parametrize(
    ("gap", "oscillator", "state"),
    [
        (-1.0, -50.01, Breadth.DOWN),
        (-1.0, -50.0, Breadth.NEUTRAL),
        (1.0, -90.0, Breadth.NEUTRAL),
        (1.0, 0.01, Breadth.UP),
        (1.0, 0.0, Breadth.NEUTRAL),
        (-1.0, 90.0, Breadth.NEUTRAL),
        (0.0, -90.0, Breadth.NEUTRAL),
    ],
)
def test_breadth_is_up_or_down_when_line_and_oscillator_agree(
    gap: float, oscillator: float, state: Breadth
) -> None:
    assert judge_breadth(gap, oscillator, RULES) is state


@pytest.mark.parametrize(
    ("now", "before", "point"),
    [
        (-2.0, -1.0, True),
        (-1.0, -1.0, False),
        (-1.0, -2.0, False),
        (1.0, 2.0, False),
        (0.0, 1.0, False),
        (-1.0, 1.0, True),
        (None, 1.0, None),
        (-1.0, None, None),
    ],
)
def test_momentum_is_a_point_below_zero_and_falling(
    now: float | None, before: float | None, *, point: bool | None
) -> None:
    assert negative_and_falling(now, before) is point


def test_breadth_turns_down_once() -> None:
    # the fall takes a session or two to pull the oscillator under -50 and the line under its EMA
    issues = [(1700.0, 1300.0)] * 60 + [(200.0, 2800.0)] * 6
    turns = [
        compute_signals(
            dataclasses.replace(CALM, breadth=breadth(issues[:end])), RULES
        ).breadth_turned_down
        for end in range(61, 67)
    ]

    assert turns.count(True) == 1
    assert turns.count(False) == 5


def test_the_turn_is_unknown_when_the_session_before_could_not_be_judged() -> None:
    rules = SignalRules(breadth_minimum_days=39)

    signals = compute_signals(
        dataclasses.replace(CALM, breadth=breadth([(1700.0, 1300.0)] * 39)), rules
    )

    assert signals.breadth is not None
    assert signals.breadth_turned_down is None
