"""The signals beside their thresholds, each as a scale with its bounds and where it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.core.stress_score import STRESS_POINTS
from bot.review.format import observed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.core.decision import Observed, Signal
    from bot.core.rules import Rules

WIDTH: Final = 240.0
"""Units of a gauge's drawing from its least to its greatest value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One signal on its scale.

    Parameters
    ----------
    name, value
        What it is, and what was seen, in words.
    at
        Where it stands, 0 to `WIDTH`; ``None`` when it is unknown. Beyond the scale is its end.
    bounds
        Where the thresholds stand.
    low, high
        Between which the rules let it be without acting.
    out
        Whether it is beyond.
    rule
        What the thresholds mean.
    """

    name: str
    value: str
    at: float | None
    bounds: tuple[float, ...]
    low: float
    high: float
    out: bool
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A signal with its least and greatest value on paper, its bounds, and what they mean."""

    signal: str
    name: str
    ends: tuple[float, float]
    least: float = -math.inf
    most: float = math.inf
    rule: str


def gauges(signals: Iterable[Signal], rules: Rules) -> tuple[Gauge, ...]:
    """Return the signals that rules of entry and of the hedge watch.

    Parameters
    ----------
    signals
        Of one decision.
    rules
        In force for it.
    """
    values = {signal.name: signal.value for signal in signals}
    return tuple(_gauge(scale, values) for scale in _scales(rules))


def _scales(rules: Rules) -> Sequence[Scale]:
    return (*_of_volatility(rules), *_of_trend(rules), *_of_hedge(rules))


def _of_volatility(rules: Rules) -> Sequence[Scale]:
    condor = rules.condor
    return (
        Scale(
            signal="vix",
            name="VIX",
            ends=(8, 48),
            most=condor.vix_high,
            rule=f"above {condor.vix_high:g} entries are scaled down, or held",
        ),
        Scale(
            signal="vix_over_vix3m",
            name="VIX / VIX3M",
            ends=(0.7, 1.3),
            most=condor.term_structure_limit,
            rule=f"from {condor.term_structure_limit:g} on no entry: backwardation",
        ),
    )


def _of_trend(rules: Rules) -> Sequence[Scale]:
    condor, signals = rules.condor, rules.signals
    return (
        Scale(
            signal="spx_rsi",
            name="RSI of SPX",
            ends=(0, 100),
            least=condor.rsi_low,
            most=condor.rsi_high,
            rule=f"outside {condor.rsi_low:g} to {condor.rsi_high:g} a side moves out; "
            f"stress below {signals.stress_rsi:g}",
        ),
        Scale(
            signal="macd_histogram",
            name="MACD histogram",
            ends=(-60, 60),
            least=0,
            rule="a cross below 0 with breadth down stops entries",
        ),
        Scale(
            signal="mcclellan",
            name="McClellan oscillator",
            ends=(-150, 150),
            least=signals.breadth_down_oscillator,
            rule=f"breadth is down from {signals.breadth_down_oscillator:g}, "
            f"up from {signals.breadth_up_oscillator:g}",
        ),
        Scale(
            signal="stress_score",
            name="Stress score",
            ends=(0, 5),
            most=STRESS_POINTS,
            rule=f"{STRESS_POINTS} of 5 points are stress: no entry",
        ),
    )


def _of_hedge(rules: Rules) -> Sequence[Scale]:
    hedge = rules.hedge
    return (
        Scale(
            signal="vix_rsi",
            name="RSI of VIX",
            ends=(0, 100),
            most=hedge.rolls.restrike_vix_rsi,
            rule=f"above {hedge.rolls.restrike_vix_rsi:g} no hedge call is struck anew early",
        ),
        Scale(
            signal="vx2_over_vx1",
            name="VX2 / VX1 - 1",
            ends=(-0.2, 0.25),
            most=hedge.press.slope,
            rule=f"from {hedge.press.slope:.0%} on, with dear VIX options, new calls wait",
        ),
        Scale(
            signal="quick_ratio",
            name="Quick ratio",
            ends=(0, 6),
            least=rules.health.quick_ratio_entries,
            rule=f"below {rules.health.quick_ratio_entries:g} no entry, "
            f"below {rules.health.quick_ratio_reduce_only:g} risk is only reduced",
        ),
    )


def _gauge(scale: Scale, values: Mapping[str, Observed]) -> Gauge:
    seen = values.get(scale.signal)
    number = seen if isinstance(seen, int | float) and not isinstance(seen, bool) else None
    finite = [bound for bound in (scale.least, scale.most) if math.isfinite(bound)]
    return Gauge(
        name=scale.name,
        value=observed(seen),
        at=None if number is None else _place(number, scale.ends),
        bounds=tuple(_place(bound, scale.ends) for bound in finite),
        low=_place(scale.least, scale.ends),
        high=_place(scale.most, scale.ends),
        out=number is not None and not scale.least <= number <= scale.most,
        rule=scale.rule,
    )


def _place(value: float, ends: tuple[float, float]) -> float:
    share = (value - ends[0]) / (ends[1] - ends[0])
    return round(min(max(share, 0.0), 1.0) * WIDTH, 1)
