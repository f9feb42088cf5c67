"""Stress score and regime (methodology, section 2).

One point each for: MACD histogram below 0 and falling; SPX RSI below 35; breadth down; VIX/VIX3M
at 1 or above; VIX at 1.25 times its 20-session median or above. Points that cannot be judged are
counted apart. ``stress`` is a score of 3 or more, whatever else is unknown; ``calm`` is at most 1
with VIX below 20 and no input unknown; the rest is ``transition``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.core.breadth import Breadth, BreadthReading
from bot.core.completed import at_least, below
from bot.core.volatility import INVERTED, Volatility

if TYPE_CHECKING:
    from bot.core.rules import SignalRules
    from bot.core.trend import Trend

STRESS_POINTS: Final = 3
CALM_POINTS: Final = 1


class Regime(StrEnum):
    """State of the market, from the stress score."""

    CALM = "calm"
    TRANSITION = "transition"
    STRESS = "stress"


class StressPoints(NamedTuple):
    """The five points; fields as in ``Signals``."""

    stress_macd: bool | None
    stress_rsi: bool | None
    stress_breadth: bool | None
    stress_term: bool | None
    stress_vix: bool | None


def stress_points(
    trend: Trend, breadth: BreadthReading, volatility: Volatility, *, rules: SignalRules
) -> StressPoints:
    """Judge each point; ``None`` is a point that cannot be judged."""
    state = breadth.breadth
    return StressPoints(
        stress_macd=negative_and_falling(trend.macd_histogram, trend.macd_histogram_previous),
        stress_rsi=below(trend.spx_rsi, rules.stress_rsi),
        stress_breadth=None if state is None else state is Breadth.DOWN,
        stress_term=at_least(volatility.vix_over_vix3m, INVERTED),
        stress_vix=at_least(volatility.vix_over_median, rules.stress_vix_multiple),
    )


def negative_and_falling(now: float | None, before: float | None) -> bool | None:
    """Whether a value is below 0 and below that of the session before."""
    return None if now is None or before is None else now < min(0.0, before)


def stress_score(points: StressPoints) -> int | None:
    """Return the points that are certainly true, 0 to 5; ``None`` when none can be judged."""
    return None if points.count(None) == len(points) else points.count(True)


def regime(
    score: int | None, *, vix: float | None, unknown: tuple[str, ...], rules: SignalRules
) -> Regime:
    """Name the state of the market; an unknown input is never calm."""
    if score is not None and score >= STRESS_POINTS:
        return Regime.STRESS
    if unknown or score is None or vix is None:
        return Regime.TRANSITION
    return Regime.CALM if score <= CALM_POINTS and vix < rules.calm_vix else Regime.TRANSITION
