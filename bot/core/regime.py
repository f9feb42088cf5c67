"""The state of the market in one object: every signal of a session (methodology, section 2).

Indicators use completed sessions up to the one before; levels of VIX, VIX3M and the VX curve are
those of the snapshot. What cannot be known is ``None``. The terms live where their subject does:
``trend``, ``breadth``, ``volatility``, ``term_structure``, ``macro``, ``stress_score``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from bot.core.breadth import Breadth, BreadthReading, read_breadth
from bot.core.completed import completed_series
from bot.core.decision import Observed, Signal
from bot.core.macro import macro_scores
from bot.core.model import BreadthSource
from bot.core.stress_score import Regime, regime, stress_points, stress_score
from bot.core.term_structure import TermStructure, term_structure
from bot.core.trend import MarketCycle, Trend, market_cycle, spx_trend
from bot.core.volatility import Volatility, volatility

if TYPE_CHECKING:
    from bot.core.model import MarketSnapshot
    from bot.core.rules import SignalRules

__all__ = ["Breadth", "MarketCycle", "Regime", "Signals", "as_signals", "compute_signals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Every computed figure that a rule may ask for; ``None`` is unknown.

    Parameters
    ----------
    macd, macd_signal
        MACD of the SPX closes and its signal line, in points, last completed session.
    macd_histogram, macd_histogram_previous
        MACD less its signal line, in points: last completed session, and the one before.
    macd_crossed_below
        Whether the histogram is below 0 and was not the session before.
    spx_rsi, vix_rsi
        Wilder's RSI of the closes, 0 to 100.
    spx_drawdown
        How far the last SPX close is below the highest one at hand, a share of that.
    spx_long_mean, spx_above_long_mean
        Mean of the last (200) SPX closes, and whether the last one is above it.
    cycle
        Bull, correction or bear, by the drawdown.
    ad_line, ad_line_above_ema
        Advance-decline line in issues from the first session at hand, and whether it is above
        its EMA.
    rana
        Ratio-adjusted net advances of the last session, -1 to 1.
    mcclellan
        McClellan oscillator of 1000 x RANA.
    breadth, breadth_turned_down
        Verdict of line and oscillator, and whether it is down and was not the session before.
    breadth_source
        Which series was counted.
    vix, vix9d, vix3m, vvix, skew
        Levels of the snapshot, points.
    edr_pct
        Expected daily range, percent of SPX.
    vix_over_vix3m, backwardation
        Ratio of the levels, and whether it is above 1.
    vix_over_median
        VIX over the median of its last (20) completed closes.
    vix_close, vix_short_mean, vix_long_mean
        Last completed close of VIX, and means of the last (5 and 200) of them, that one included.
    vix_macd_histogram
        As `macd_histogram`, of the VIX closes.
    vx2_over_vx1
        Second VX future over the first, less 1.
    vx_30_days, vx_60_days
        VX at constant maturity, points.
    vx_slope, vx_slope_change, vx_steepening
        60-day level over the 30-day one, less 1; less what it was (5) sessions ago; and whether
        that is a fall: the curve steepens under stress.
    vx_front_volatility
        Realised volatility of the front VX future over (30) sessions, percent a year.
    reer_z, rate_differential_z
        z-scores of the real effective exchange rate and of the policy-rate differential.
    stress_macd, stress_rsi, stress_breadth, stress_term, stress_vix
        The five points of the stress score.
    stress_score
        Points that are certainly true, 0 to 5; ``None`` when none can be judged.
    stress_unknown
        Points that cannot be judged.
    unknown
        Names of the regime's inputs that are unknown. Macro and past VX futures are none of
        them: rules that use these see the figure itself as unknown.
    regime
        State of the market.
    """

    macd: float | None
    macd_signal: float | None
    macd_histogram: float | None
    macd_histogram_previous: float | None
    macd_crossed_below: bool | None
    spx_rsi: float | None
    vix_rsi: float | None
    spx_drawdown: float | None
    spx_long_mean: float | None
    spx_above_long_mean: bool | None
    cycle: MarketCycle | None
    ad_line: float | None
    ad_line_above_ema: bool | None
    rana: float | None
    mcclellan: float | None
    breadth: Breadth | None
    breadth_turned_down: bool | None
    breadth_source: BreadthSource | None
    vix: float | None
    vix9d: float | None
    vix3m: float | None
    vvix: float | None
    skew: float | None
    edr_pct: float | None
    vix_over_vix3m: float | None
    backwardation: bool | None
    vix_over_median: float | None
    vix_close: float | None
    vix_short_mean: float | None
    vix_long_mean: float | None
    vix_macd_histogram: float | None
    vx2_over_vx1: float | None
    vx_30_days: float | None
    vx_60_days: float | None
    vx_slope: float | None
    vx_slope_change: float | None
    vx_steepening: bool | None
    vx_front_volatility: float | None
    reer_z: float | None
    rate_differential_z: float | None
    stress_macd: bool | None
    stress_rsi: bool | None
    stress_breadth: bool | None
    stress_term: bool | None
    stress_vix: bool | None
    stress_score: int | None
    stress_unknown: int
    unknown: tuple[str, ...]
    regime: Regime


NAMES: Final = tuple(field.name for field in fields(Signals))
_values: Final = attrgetter(*NAMES)


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
    completed = completed_series(snapshot, rules)
    trend = spx_trend(completed.spx, rules)
    breadth = read_breadth(snapshot.breadth, completed.past, rules)
    levels = volatility(snapshot, completed.vix, rules)
    curve = term_structure(snapshot, completed.past, rules)
    points = stress_points(trend, breadth, levels, rules=rules)
    unknown = unknown_inputs(trend, breadth, levels, curve=curve)
    score = stress_score(points)
    return Signals(
        **trend._asdict(),
        **market_cycle(completed.spx, rules)._asdict(),
        **breadth._asdict(),
        **levels._asdict(),
        **curve._asdict(),
        **macro_scores(snapshot, rules)._asdict(),
        **points._asdict(),
        stress_score=score,
        stress_unknown=points.count(None),
        unknown=unknown,
        regime=regime(score, vix=levels.vix, unknown=unknown, rules=rules),
    )


def unknown_inputs(
    trend: Trend, breadth: BreadthReading, levels: Volatility, *, curve: TermStructure
) -> tuple[str, ...]:
    """Return the names of the regime's inputs that are unknown."""
    inputs: dict[str, object] = {
        "spx_bars": trend.spx_rsi if trend.macd_histogram_previous is not None else None,
        "vix_bars": levels.vix_rsi,
        "breadth": breadth.breadth,
        "vix": levels.vix,
        "vix3m": levels.vix3m,
        "vx_curve": curve.vx2_over_vx1,
    }
    return tuple(name for name, value in inputs.items() if value is None)


def as_signals(signals: Signals) -> tuple[Signal, ...]:
    """Return the figures by name, for the ledger; unknown inputs are joined by commas."""
    return tuple(
        Signal(name=name, value=_plain(value))
        for name, value in zip(NAMES, _values(signals), strict=True)
    )


def _plain(value: Observed | tuple[str, ...]) -> Observed:
    if isinstance(value, tuple):
        return ",".join(value)
    return value.value if isinstance(value, StrEnum) else value
