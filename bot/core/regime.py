"""The state of the market: signals, stress score, regime (methodology, sections 1 and 2).

Indicators use completed sessions up to the one before; levels of VIX, VIX3M and the VX curve are
those of the snapshot. A series is unknown when it is too short, has a gap, holds a number that
cannot be, or does not end on the session before; what is derived from it is ``None``. The sessions
before the calendar's table begins are only held to ascend: a year later their weight in any
average here is below 1e-7.

The stress score counts one point each for: MACD histogram below 0 and falling; SPX RSI below 35;
breadth down; VIX/VIX3M at 1 or above; VIX at 1.25 times its 20-session median or above. Points
that cannot be judged are counted apart. ``stress`` is a score of 3 or more, whatever else is
unknown; ``calm`` is at most 1 with VIX below 20 and no input unknown; the rest is ``transition``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from bot.core import indicators
from bot.core.chain import future_level
from bot.core.decision import Observed, Signal
from bot.core.model import BreadthSource

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from bot.core.indicators import FloatArray
    from bot.core.model import DailyBar, MarketSnapshot
    from bot.core.rules import SignalRules

STRESS_POINTS: Final = 3
CALM_POINTS: Final = 1
INVERTED: Final = 1.0
"""VIX/VIX3M at or above which the term structure is inverted."""

NO_VALUES: Final = np.empty(0)
"""A series that is unknown."""


class Breadth(StrEnum):
    """Where most issues go."""

    UP = "up"
    DOWN = "down"
    NEUTRAL = "neutral"


class Regime(StrEnum):
    """State of the market, from the stress score."""

    CALM = "calm"
    TRANSITION = "transition"
    STRESS = "stress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Every computed figure that a rule may ask for; ``None`` is unknown.

    Parameters
    ----------
    macd_histogram, macd_histogram_previous
        MACD less its signal line on SPX closes, in points: last completed session, and the one
        before.
    macd_crossed_below
        Whether the histogram is below 0 and was not the session before.
    spx_rsi, vix_rsi
        Wilder's RSI of the closes, 0 to 100.
    ad_line_above_ema
        Whether the advance-decline line is above its EMA.
    mcclellan
        McClellan oscillator of 1000 x RANA.
    breadth
        Verdict of the two.
    breadth_source
        Which series was counted.
    vix, vix3m
        Levels of the snapshot, percent points.
    vix_over_vix3m
        Their ratio; above 1 is backwardation.
    vix_over_median
        VIX over the median of its last completed closes.
    edr_pct
        Expected daily range, percent of SPX.
    vx2_over_vx1
        Second VX future over the first, less 1.
    stress_score
        Points that are certainly true, 0 to 5; ``None`` when none can be judged.
    stress_unknown
        Points that cannot be judged.
    unknown
        Names of the inputs that are unknown.
    regime
        State of the market.
    """

    macd_histogram: float | None
    macd_histogram_previous: float | None
    macd_crossed_below: bool | None
    spx_rsi: float | None
    vix_rsi: float | None
    ad_line_above_ema: bool | None
    mcclellan: float | None
    breadth: Breadth | None
    breadth_source: BreadthSource | None
    vix: float | None
    vix3m: float | None
    vix_over_vix3m: float | None
    vix_over_median: float | None
    edr_pct: float | None
    vx2_over_vx1: float | None
    stress_score: int | None
    stress_unknown: int
    unknown: tuple[str, ...]
    regime: Regime


class _Trend(NamedTuple):
    """Of the SPX closes."""

    histogram: float | None
    previous: float | None
    rsi: float | None

    @property
    def crossed_below(self) -> bool | None:
        if self.histogram is None or self.previous is None:
            return None
        return self.histogram < 0 <= self.previous

    @property
    def negative_and_falling(self) -> bool | None:
        if self.histogram is None or self.previous is None:
            return None
        return self.histogram < 0 and self.histogram < self.previous


class _BreadthReading(NamedTuple):
    """Of the advancing and declining issues."""

    above: bool | None
    oscillator: float | None
    state: Breadth | None
    source: BreadthSource | None

    @property
    def down(self) -> bool | None:
        return None if self.state is None else self.state is Breadth.DOWN


class _Volatility(NamedTuple):
    """Of VIX: levels of the snapshot against VIX3M and its own completed closes."""

    vix: float | None
    vix3m: float | None
    median: float | None
    rsi: float | None

    @property
    def over_vix3m(self) -> float | None:
        return _ratio(self.vix, self.vix3m)

    @property
    def over_median(self) -> float | None:
        return _ratio(self.vix, self.median)

    @property
    def edr_pct(self) -> float | None:
        return None if self.vix is None else indicators.expected_daily_range_pct(self.vix)


def compute_signals(snapshot: MarketSnapshot, rules: SignalRules) -> Signals:
    """Compute the signals of one session from what was known before and in its snapshot.

    Parameters
    ----------
    snapshot
        Bars and breadth up to the session before, levels of now.
    rules
        Periods and thresholds.

    Returns
    -------
    Signals
        With the names of the inputs that are unknown.
    """
    trend = _trend(snapshot, rules)
    breadth = _breadth(snapshot, rules)
    volatility = _volatility(snapshot, rules)
    slope = _vx2_over_vx1(snapshot)
    points = _stress_points(trend, breadth, volatility, rules=rules)
    unknown = _unknown_inputs(trend, breadth, volatility, slope=slope)
    score = _score(points)
    return Signals(
        macd_histogram=trend.histogram,
        macd_histogram_previous=trend.previous,
        macd_crossed_below=trend.crossed_below,
        spx_rsi=trend.rsi,
        vix_rsi=volatility.rsi,
        ad_line_above_ema=breadth.above,
        mcclellan=breadth.oscillator,
        breadth=breadth.state,
        breadth_source=breadth.source,
        vix=volatility.vix,
        vix3m=volatility.vix3m,
        vix_over_vix3m=volatility.over_vix3m,
        vix_over_median=volatility.over_median,
        edr_pct=volatility.edr_pct,
        vx2_over_vx1=slope,
        stress_score=score,
        stress_unknown=points.count(None),
        unknown=unknown,
        regime=_regime(score, vix=volatility.vix, unknown=unknown, rules=rules),
    )


def as_signals(signals: Signals) -> tuple[Signal, ...]:
    """Return the figures by name, for the ledger; unknown inputs are joined by commas."""
    return tuple(
        Signal(name=field.name, value=_plain(getattr(signals, field.name)))
        for field in fields(signals)
    )


def _plain(value: Observed | tuple[str, ...]) -> Observed:
    if isinstance(value, tuple):
        return ",".join(value)
    return value.value if isinstance(value, StrEnum) else value


def _trend(snapshot: MarketSnapshot, rules: SignalRules) -> _Trend:
    closes = _closes(snapshot.spx_bars, snapshot, minimum=rules.minimum_bars)
    histogram = indicators.macd_histogram(
        closes, fast=rules.macd_fast, slow=rules.macd_slow, signal=rules.macd_signal
    )
    strength = indicators.rsi(closes, rules.rsi_period)
    return _Trend(_back(histogram, 0), _back(histogram, 1), _back(strength, 0))


def _volatility(snapshot: MarketSnapshot, rules: SignalRules) -> _Volatility:
    closes = _closes(snapshot.vix_bars, snapshot, minimum=rules.minimum_bars)
    days = rules.stress_vix_median_days
    return _Volatility(
        vix=snapshot.level("VIX"),
        vix3m=snapshot.level("VIX3M"),
        median=float(np.median(closes[-days:])) if closes.size >= days else None,
        rsi=_back(indicators.rsi(closes, rules.rsi_period), 0),
    )


def _breadth(snapshot: MarketSnapshot, rules: SignalRules) -> _BreadthReading:
    """Judge breadth: the A/D line against its EMA, and the McClellan oscillator."""
    advances, declines = _issues(snapshot, minimum=rules.breadth_minimum_days)
    line = indicators.ad_line(advances, declines)
    gap = _back(line - indicators.ema(line, rules.breadth_ema), 0)
    oscillator = _back(indicators.mcclellan_oscillator(advances, declines), 0)
    if snapshot.breadth is None or gap is None or oscillator is None:
        return _BreadthReading(None, None, None, None)
    state = Breadth.NEUTRAL
    if gap < 0 and oscillator < rules.breadth_down_oscillator:
        state = Breadth.DOWN
    if gap > 0 and oscillator > rules.breadth_up_oscillator:
        state = Breadth.UP
    return _BreadthReading(gap > 0, oscillator, state, snapshot.breadth.source)


def _vx2_over_vx1(snapshot: MarketSnapshot) -> float | None:
    """Slope of the first two VX futures that settle after this session; none is skipped."""
    ahead = sorted(each.expiry for each in snapshot.vx_curve if each.expiry > snapshot.session)
    levels = [future_level(snapshot, expiry) for expiry in ahead[:2]]
    first, second = levels if len(levels) == 2 else (None, None)  # noqa: PLR2004 - a pair
    ratio = _ratio(second, first)
    return None if ratio is None else ratio - 1


def _stress_points(
    trend: _Trend, breadth: _BreadthReading, volatility: _Volatility, *, rules: SignalRules
) -> tuple[bool | None, ...]:
    return (
        trend.negative_and_falling,
        None if trend.rsi is None else trend.rsi < rules.stress_rsi,
        breadth.down,
        _at_least(volatility.over_vix3m, INVERTED),
        _at_least(volatility.over_median, rules.stress_vix_multiple),
    )


def _score(points: tuple[bool | None, ...]) -> int | None:
    return None if points.count(None) == len(points) else points.count(True)


def _regime(
    score: int | None, *, vix: float | None, unknown: tuple[str, ...], rules: SignalRules
) -> Regime:
    if score is not None and score >= STRESS_POINTS:
        return Regime.STRESS
    if unknown or score is None or vix is None:
        return Regime.TRANSITION
    return Regime.CALM if score <= CALM_POINTS and vix < rules.calm_vix else Regime.TRANSITION


def _unknown_inputs(
    trend: _Trend, breadth: _BreadthReading, volatility: _Volatility, *, slope: float | None
) -> tuple[str, ...]:
    inputs: dict[str, object] = {
        "spx_bars": trend.rsi if trend.previous is not None else None,
        "vix_bars": volatility.rsi,
        "breadth": breadth.state,
        "vix": volatility.vix,
        "vix3m": volatility.vix3m,
        "vx_curve": slope,
    }
    return tuple(name for name, value in inputs.items() if value is None)


def _closes(bars: Sequence[DailyBar], snapshot: MarketSnapshot, *, minimum: int) -> FloatArray:
    """Return the closes, or no values when they are unknown."""
    closes = np.array([bar.close for bar in bars])
    complete = len(bars) >= minimum and _consecutive([bar.session for bar in bars], snapshot)
    possible = (closes > 0) & np.isfinite(closes)
    return closes if complete and possible.all() else NO_VALUES


def _issues(snapshot: MarketSnapshot, *, minimum: int) -> tuple[FloatArray, FloatArray]:
    """Return advances and declines, or no values when they are unknown."""
    days = snapshot.breadth.days if snapshot.breadth else ()
    issues = np.array([(day.advances, day.declines) for day in days]).reshape(-1, 2)
    complete = len(days) >= minimum and _consecutive([day.session for day in days], snapshot)
    if not complete or not (issues >= 0).all():
        return NO_VALUES, NO_VALUES
    return issues[:, 0], issues[:, 1]


def _consecutive(sessions: list[dt.date], snapshot: MarketSnapshot) -> bool:
    """Whether no session is missing as far as the calendar reaches, up to the one before."""
    past = [day.session for day in snapshot.calendar if day.session < snapshot.session]
    overlap = min(len(past), len(sessions))
    ascending = all(earlier < later for earlier, later in pairwise(sessions))
    return overlap > 0 and ascending and sessions[-overlap:] == past[-overlap:]


def _back(series: FloatArray, sessions: int) -> float | None:
    """Return the value so many sessions before the last one, ``None`` when unknown."""
    if series.size <= sessions or math.isnan(series[-1 - sessions]):
        return None
    return float(series[-1 - sessions])


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or denominator is None else numerator / denominator


def _at_least(value: float | None, limit: float) -> bool | None:
    return None if value is None else value >= limit
