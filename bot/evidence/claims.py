"""The claims of the method, each beside its measurement and what that says of it.

A claim is read at two sizes: the bot's own, and the one at which the unhedged book loses half of
its NAV in 2020, as the method says it did. A reading **holds** when the number is inside the
claim or better, **fails** when it is not, holds **in part** where the claim says several things,
and is **untested** where the history cannot tell, with the reason. No bound is widened to make a
claim hold: the bounds are the method's own words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING, Final

from bot.evidence.as_held import HeldLayer
from bot.evidence.books import HEDGED, SHADOW
from bot.evidence.figures import Pair
from bot.evidence.spikes import even_share, median_sessions

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from bot.evidence.measures import Measures
    from bot.evidence.spikes import SpikeOutcome

REDUCTION: Final = (0.35, 0.40)
DRAG: Final = (0.01, 0.02)
LOSS_HEDGED: Final = (0.12, 0.18)
LOSS_SHADOW: Final = (0.45, 0.55)
SPIKE_GAIN: Final = (2.0, 4.0)
BREAK_EVEN: Final = (3, 7)
FASTER: Final = 0.40
TAIL_LOSS: Final = 0.01
"""Loss of the unhedged book, share of NAV, from which a spike is a tail event."""


class Outcome(StrEnum):
    """What a measurement says of a claim."""

    HOLDS = "holds"
    PART = "holds in part"
    FAILS = "does not hold"
    UNTESTED = "cannot be tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One claim at one size: what was measured, and what that says."""

    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim with its readings.

    Parameters
    ----------
    key
        Short and stable.
    words
        The method's.
    readings
        At the bot's size and at the size of 2020; the second is ``None`` where it was not run.
    """

    key: str
    words: str
    default: Reading
    large: Reading | None

    @property
    def outcome(self) -> Outcome:
        """Return the outcome of both sizes: theirs where they agree, else in part."""
        found = {each.outcome for each in (self.default, self.large) if each is not None}
        told = found - {Outcome.UNTESTED}
        if not told:
            return Outcome.UNTESTED
        return told.pop() if len(told) == 1 else Outcome.PART


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshGains:
    """Gains of a call bought at the base of each spike, decimal; NaN where it had settled.

    Parameters
    ----------
    at_begin, at_top
        At the first close 10 points up, and at the highest close.
    recorded
        How many of the spikes lie where VX and VVIX are recorded.
    begin_vvix_kept
        As `at_begin`, with VVIX kept where it stood at the base.
    """

    at_begin: tuple[float, ...]
    at_top: tuple[float, ...]
    recorded: int
    begin_vvix_kept: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """The drag with all rules and with some switched off, decimal a year."""

    name: str
    drag_with: float
    drag_without: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the claims are read from, beside the measures of a size.

    Parameters
    ----------
    fresh
        By the name of the call.
    held
        The layers as they were held in each spike.
    ablations
        Of adaptivity, cash press and P/CF; empty where they were not run.
    engine_recovery
        Sessions to recover with the second engine and without it; ``None`` where not run.
    engine_condors
        Condors that the second engine opened.
    """

    fresh: Mapping[str, FreshGains]
    held: tuple[HeldLayer, ...] = ()
    ablations: tuple[Ablation, ...] = ()
    engine_recovery: Pair | None = None
    engine_condors: int = 0


def claims(default: Measures, large: Measures | None, inputs: Inputs) -> tuple[Claim, ...]:
    """Return the nine claims.

    Parameters
    ----------
    default
        At the bot's size.
    large
        At the size that loses half unhedged in 2020; ``None`` where no size does.
    inputs
        What does not depend on the size.
    """
    # Of one event at constant notional the size does not matter: those of the bot stand for both.
    sized = None if large is None else replace(large, outcomes=default.outcomes)
    both = (default, sized)
    market, engine = spike_gain(inputs.fresh, inputs.held), ablation(inputs.ablations)
    return (
        _claim("drawdown", "Drawdown cut by 35-40 % in tail events", map(_drawdown, both)),
        _claim("drag", "Drag of 1-2 % a year", map(_drag, both)),
        _claim("crash", "2020: loss of 12-18 % hedged, 45-55 % unhedged", map(_crash, both)),
        _claim("spike", "A 10-point VIX spike is 200-400 % on far calls", (market, None)),
        _claim("even", "Break-even within 3-7 sessions of a spike", (_break_even(default), None)),
        _claim(
            "recovery",
            "Recovery 40 % faster; the second engine speeds it",
            (recovery(default, inputs), None if large is None else recovery(large, None)),
        ),
        _claim("grind", "Underperforms in slow bear markets", (_grind(default), None)),
        _claim("adaptive", "Adaptivity, cash press and P/CF lower the drag", (engine, None)),
        _claim("worth", "Worth it, depending on tolerance, size, execution", map(_worth, both)),
    )


def _claim(key: str, words: str, readings: Sequence[Reading | None] | map[Reading | None]) -> Claim:
    default, large = readings
    if default is None:
        raise ValueError(f"claim {key!r} has no reading at the bot's own size")
    return Claim(key=key, words=words, default=default, large=large)


def _inside(value: float, *, at_most: float) -> Outcome:
    """Return what a cost says of its upper bound."""
    if math.isnan(value):
        return Outcome.UNTESTED
    return Outcome.HOLDS if value <= at_most else Outcome.FAILS


def _drawdown(measured: Measures | None) -> Reading | None:
    """Read the reduction overall and the median over the spikes that cost the shadow 1 %."""
    if measured is None:
        return None
    if measured.ruined:
        return _after_ruin(measured.ruined)
    tails = [each for each in measured.outcomes if each.loss_shadow >= TAIL_LOSS]
    cut, then = _middle(tails, "reduction"), _middle(tails, "reduction_then")
    events = (
        f"median of tail events ({len(tails)}) {cut:+.0%}, at the low of the unhedged {then:+.0%}"
        if tails
        else "no spike cost the unhedged book 1 %"
    )
    if math.isnan(measured.reduction):
        return Reading(outcome=Outcome.UNTESTED, text="the unhedged book hardly fell")
    text = f"deepest fall {_change(measured.reduction)}; {events}"
    parts = [measured.reduction >= REDUCTION[0]]
    parts += [cut >= REDUCTION[0]] if tails else []
    return Reading(outcome=_of(parts), text=text)


def _middle(tails: Sequence[SpikeOutcome], name: str) -> float:
    """Return the median of a figure of the tail events; NaN without any."""
    return median(getattr(each, name) for each in tails) if tails else math.nan


def _change(reduction: float) -> str:
    return f"cut by {reduction:.0%}" if reduction >= 0 else f"deeper by {-reduction:.0%}"


def _of(parts: Sequence[bool]) -> Outcome:
    if all(parts):
        return Outcome.HOLDS
    return Outcome.PART if any(parts) else Outcome.FAILS


def _drag(measured: Measures | None) -> Reading | None:
    if measured is None:
        return None
    total = measured.drag.total
    below = ", less than claimed" if total < DRAG[0] else ""
    text = (
        f"{total:.2%} of NAV a year{below}{', until ruin' if measured.ruined else ''} "
        f"(hedge {measured.drag.hedge:.2%}, interest {measured.drag.interest:.2%})"
    )
    return Reading(outcome=_inside(total, at_most=DRAG[1]), text=text)


def _crash(measured: Measures | None) -> Reading | None:
    """Read the crash; where the unhedged loss is not that of the claim it is not its size."""
    if measured is None:
        return None
    hedged, shadow = measured.crash.hedged, measured.crash.shadow
    if hedged is None or shadow is None or math.isnan(shadow):
        return Reading(outcome=Outcome.UNTESTED, text="2020 is not in the history")
    text = f"{hedged:.1%} hedged, {shadow:.1%} unhedged"
    if not LOSS_SHADOW[0] <= shadow <= LOSS_SHADOW[1]:
        return Reading(outcome=Outcome.UNTESTED, text=f"{text}: not the size of the claim")
    return Reading(outcome=_inside(hedged, at_most=LOSS_HEDGED[1]), text=text)


def spike_gain(fresh: Mapping[str, FreshGains], held: Sequence[HeldLayer] = ()) -> Reading:
    """Read the gain of a fresh far call, and of a 20-delta call of one month beside it.

    What the far layer made as it was held is said, and is no part of the claim.
    """
    medians = {name: _median(fresh[name].at_begin) for name in ("far", "month20") if name in fresh}
    if not medians or any(math.isnan(each) for each in medians.values()):
        return Reading(outcome=Outcome.UNTESTED, text="no spike in the history")
    gains = fresh["far"]
    text = (
        f"far layer {medians['far']:+.0%}{_kept(gains)}, "
        f"20-delta call of a month {medians['month20']:+.0%} "
        f"(medians at the first close 10 points up; spikes {len(gains.at_begin)}, "
        f"with recorded VX {gains.recorded}){_held(held)}"
    )
    return Reading(outcome=_of([each >= SPIKE_GAIN[0] for each in medians.values()]), text=text)


def _held(layers: Sequence[HeldLayer]) -> str:
    """Say what the far layer made of its premium from base to top, and what that was of NAV."""
    far = [each for each in layers if each.layer == "far"]
    gain = _median([each.of_premium for each in far])
    if math.isnan(gain):
        return ""
    of_nav = _median([each.of_nav for each in far])
    return f"; as held, the far layer {gain:+.0%} to the top, {of_nav:+.2%} of NAV"


def _kept(gains: FreshGains) -> str:
    """Say what of a gain does not rest on the model's rise of long volatility."""
    least = _median(gains.begin_vvix_kept)
    return "" if math.isnan(least) else f" ({least:+.0%} had its volatility not risen)"


def _median(values: Sequence[float]) -> float:
    known = [each for each in values if not math.isnan(each)]
    return median(known) if known else math.nan


def _break_even(measured: Measures) -> Reading:
    found = {
        "cost of 60 sessions": tuple(each.even_quarter for each in measured.outcomes),
        "of 252": tuple(each.even_year for each in measured.outcomes),
        "whole book": tuple(each.even_book for each in measured.outcomes),
    }
    if not measured.outcomes:
        return Reading(outcome=Outcome.UNTESTED, text="no spike in the history")
    text = "; ".join(
        f"{name} {_sessions(median_sessions(each))} ({even_share(each, BREAK_EVEN[1]):.0%} in 7)"
        for name, each in found.items()
    )
    within = [median_sessions(each) <= BREAK_EVEN[1] for each in found.values()]
    return Reading(outcome=_of(within), text=f"median sessions: {text}")


def _sessions(count: float) -> str:
    return "over 60" if math.isinf(count) else f"{count:.0f}"


def recovery(measured: Measures, inputs: Inputs | None) -> Reading:
    """Read how long the deepest drawdown took, and what the second engine changed of it."""
    if measured.ruined:
        return Reading(outcome=Outcome.UNTESTED, text="ruined: nothing to recover from")
    hedged, shadow = measured.recovery.hedged, measured.recovery.shadow
    text = f"{_count(hedged)} hedged, {_count(shadow)} unhedged"
    if hedged is None and shadow is None:
        return Reading(outcome=Outcome.UNTESTED, text=f"{text}: neither recovered")
    limit = math.inf if shadow is None else (1 - FASTER) * shadow
    parts = [hedged is not None and hedged <= limit]
    if inputs is not None:
        engine, told = _engine(inputs)
        parts += [] if engine is None else [engine]
        text = f"{text}; {told}"
    return Reading(outcome=_of(parts), text=text)


def _engine(inputs: Inputs) -> tuple[bool | None, str]:
    if inputs.engine_recovery is None:
        return None, "second engine: not run"
    if inputs.engine_condors == 0:
        return None, "the second engine never found a condor to open"
    fast, slow = inputs.engine_recovery.hedged, inputs.engine_recovery.shadow
    told = f"with the second engine {_count(fast)}, without {_count(slow)}"
    if fast is None:
        return False, told
    return slow is None or fast < slow, told


def _count(sessions: float | None) -> str:
    return "not recovered" if sessions is None else f"{sessions:.0f} sessions"


def _grind(measured: Measures) -> Reading:
    if not measured.grinds:
        return Reading(outcome=Outcome.UNTESTED, text="neither 2000-02 nor 2022 in the history")
    text = "; ".join(
        f"{each.name}: hedge {each.hedge_a_year:+.2%} of NAV a year" for each in measured.grinds
    )
    return Reading(outcome=_of([each.hedge < 0 for each in measured.grinds]), text=text)


def ablation(found: tuple[Ablation, ...]) -> Reading:
    """Read whether the drag is lower with each rule than without it."""
    if not found:
        return Reading(outcome=Outcome.UNTESTED, text="not run: each rule off in turn")
    text = "; ".join(f"without {each.name} {each.drag_without:.2%}" for each in found)
    lower = [each.drag_with < each.drag_without for each in found]
    return Reading(outcome=_of(lower), text=f"drag {found[0].drag_with:.2%}; {text}")


def _worth(measured: Measures | None) -> Reading | None:
    """Read the risk aversions at which the hedged book is worth more than the unhedged."""
    if measured is None:
        return None
    if measured.ruined:
        return _after_ruin(measured.ruined)
    better = [
        aversion
        for aversion, pair in measured.equivalents.items()
        if pair.hedged is not None and pair.shadow is not None and pair.hedged > pair.shadow
    ]
    text = "; ".join(
        f"{aversion:.0f}: {_gap(pair)}" for aversion, pair in measured.equivalents.items()
    )
    outcome = Outcome.HOLDS if better else Outcome.FAILS
    return Reading(outcome=outcome, text=f"worth a year by risk aversion {text}")


def _after_ruin(ruined: Mapping[str, dt.date]) -> Reading:
    """Read a size at which a book was ruined: what the hedge did is good if its book survived."""
    words = {HEDGED: "hedged", SHADOW: "unhedged"}
    text = ", ".join(f"{words[name]} book ruined on {day}" for name, day in sorted(ruined.items()))
    survived = HEDGED not in ruined
    return Reading(outcome=Outcome.HOLDS if survived else Outcome.FAILS, text=text)


def _gap(pair: Pair) -> str:
    if pair.hedged is None or pair.shadow is None:
        return "unknown"
    return f"{pair.hedged - pair.shadow:+.2%}"
