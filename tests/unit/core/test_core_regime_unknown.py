from __future__ import annotations

import dataclasses
import datetime as dt
import math

import pytest

from bot.core.model import (
    BreadthSeries,
    BreadthSource,
    DailyBar,
    Feed,
    IndexLevel,
)
from bot.core.regime import Regime, compute_signals
from bot.core.rules import SignalRules
from market_states import (
    CALENDAR,
    CALENDAR_START,
    CALM,
    CRASH,
    MORE_RISE,
    SESSION,
    breadth,
    levels,
)

RULES = SignalRules()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("spx_bars", {"spx_bars": ()}),
        ("vix_bars", {"vix_bars": ()}),
        ("breadth", {"breadth": None}),
        ("vix", {"indexes": levels(None, 17.5)}),
        ("vix3m", {"indexes": levels(15.0, None)}),
        ("vx_curve", {"vx_curve": ()}),
    ],
)
def test_each_unknown_input_is_named_and_is_not_calm(name: str, change: dict[str, object]) -> None:
    signals = compute_signals(dataclasses.replace(CALM, **change), RULES)  # type: ignore[arg-type]

    assert signals.unknown == (name,)
    assert signals.regime is Regime.TRANSITION
    assert signals.stress_score == 0


def test_unknown_points_are_counted_apart_from_those_that_are_false() -> None:
    signals = compute_signals(dataclasses.replace(CALM, spx_bars=(), vix_bars=()), RULES)

    assert (signals.stress_score, signals.stress_unknown) == (0, 3)
    assert signals.macd_histogram is None
    assert signals.macd_crossed_below is None
    assert signals.spx_rsi is None
    assert signals.vix_over_median is None


def test_three_certain_points_are_stress_whatever_else_is_unknown() -> None:
    signals = compute_signals(
        dataclasses.replace(CRASH, breadth=None, vx_curve=(), indexes=levels(40.0, None)), RULES
    )

    assert (signals.stress_score, signals.stress_unknown) == (3, 2)
    assert signals.regime is Regime.STRESS


def test_nothing_known_is_neither_calm_nor_a_score_of_zero() -> None:
    signals = compute_signals(
        dataclasses.replace(CALM, spx_bars=(), vix_bars=(), breadth=None, indexes=(), vx_curve=()),
        RULES,
    )

    assert signals.stress_score is None
    assert signals.stress_unknown == 5
    assert signals.regime is Regime.TRANSITION
    assert signals.edr_pct is None
    assert signals.unknown == ("spx_bars", "vix_bars", "breadth", "vix", "vix3m", "vx_curve")


def test_a_level_that_is_not_live_is_unknown() -> None:
    frozen = (IndexLevel(symbol="VIX", last=15.0, feed=Feed.FROZEN), *levels(15.0, 17.5)[1:])

    assert compute_signals(dataclasses.replace(CALM, indexes=frozen), RULES).vix is None


def broken_series() -> dict[str, tuple[DailyBar, ...]]:
    good = CALM.spx_bars
    of_today = dataclasses.replace(good[-1], session=SESSION)
    return {
        "too short": good[-299:],
        "a gap": (*good[:-50], *good[-49:]),
        "ends early": good[:-1],
        "holds the session itself": (*good, of_today),
        "twice the same day": (*good[:-1], good[-2], good[-1]),
        "not a number": (*good[:-1], dataclasses.replace(good[-1], close=math.nan)),
        "zero": (*good[:-9], dataclasses.replace(good[-9], close=0.0), *good[-8:]),
        "infinite": (*good[:-9], dataclasses.replace(good[-9], close=math.inf), *good[-8:]),
        "a Saturday": (
            *good[:-5],
            dataclasses.replace(good[-1], session=dt.date(2026, 7, 18)),
            *good[-5:],
        ),
    }


@pytest.mark.parametrize("fault", broken_series())
def test_a_broken_series_of_bars_is_unknown(fault: str) -> None:
    series = broken_series()[fault]

    signals = compute_signals(dataclasses.replace(CALM, spx_bars=series, vix_bars=series), RULES)

    assert signals.unknown == ("spx_bars", "vix_bars")
    assert (signals.macd_histogram, signals.spx_rsi, signals.vix_rsi) == (None, None, None)
    assert signals.vix_over_median is None


def test_exactly_the_least_number_of_bars_is_known() -> None:
    signals = compute_signals(dataclasses.replace(CALM, spx_bars=CALM.spx_bars[-300:]), RULES)

    assert signals.unknown == ()


def test_a_gap_before_the_calendar_begins_cannot_be_seen() -> None:
    first_known = next(i for i, bar in enumerate(CALM.spx_bars) if bar.session >= CALENDAR_START)
    with_gap = (*CALM.spx_bars[: first_known - 9], *CALM.spx_bars[first_known - 8 :])

    assert compute_signals(dataclasses.replace(CALM, spx_bars=with_gap), RULES).unknown == ()


def test_bars_are_unknown_when_the_calendar_knows_no_session_before() -> None:
    snapshot = dataclasses.replace(CALM, calendar=CALENDAR[-2:])

    assert compute_signals(snapshot, RULES).unknown == ("spx_bars", "vix_bars", "breadth")


@pytest.mark.parametrize(
    "series",
    [
        breadth(MORE_RISE[-59:]),
        BreadthSeries(source=BreadthSource.NYSE, days=breadth(MORE_RISE).days[:-1]),
        breadth([*MORE_RISE[:-1], (0.0, 0.0)]),
        breadth([*MORE_RISE[:-1], (math.nan, 1000.0)]),
        breadth([*MORE_RISE[:-1], (2000.0, -1.0)]),
        BreadthSeries(source=BreadthSource.NYSE, days=()),
    ],
)
def test_breadth_that_is_short_stale_or_impossible_is_unknown(series: BreadthSeries) -> None:
    signals = compute_signals(dataclasses.replace(CALM, breadth=series), RULES)

    assert signals.unknown == ("breadth",)
    assert (signals.breadth, signals.breadth_source, signals.mcclellan) == (None, None, None)


def test_exactly_the_least_number_of_breadth_days_is_known() -> None:
    signals = compute_signals(dataclasses.replace(CALM, breadth=breadth(MORE_RISE[-60:])), RULES)

    assert signals.breadth is not None
