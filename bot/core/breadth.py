"""Breadth: where most issues go, from the advances and declines of completed sessions.

It is *down* when the advance-decline line is below its EMA and the McClellan oscillator below its
lower bound, *up* when it is above the EMA and the oscillator above its upper bound, else neutral.
Sources are never spliced: the issues of the New York Stock Exchange, or else the eleven sectors.
Counts that cannot be (negative, not a number, none moved at all) make the series unknown.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bot.core import indicators
from bot.core.completed import NO_VALUES, back, consecutive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.core.indicators import FloatArray
    from bot.core.model import BreadthDay, BreadthSeries, BreadthSource, Session
    from bot.core.rules import SignalRules


class Breadth(StrEnum):
    """Where most issues go."""

    UP = "up"
    DOWN = "down"
    NEUTRAL = "neutral"


class BreadthReading(NamedTuple):
    """Fields as in ``Signals``."""

    ad_line: float | None = None
    ad_line_above_ema: bool | None = None
    rana: float | None = None
    mcclellan: float | None = None
    breadth: Breadth | None = None
    breadth_turned_down: bool | None = None
    breadth_source: BreadthSource | None = None


def read_breadth(
    series: BreadthSeries | None, past: list[Session], rules: SignalRules
) -> BreadthReading:
    """Judge the breadth of the last completed session, and whether it turned down in it.

    Parameters
    ----------
    series
        What was counted; ``None`` is unknown.
    past
        Sessions up to the last completed one.
    rules
        Periods and bounds.
    """
    days = series.days if series else ()
    advances, declines = _issues(days, past, minimum=rules.breadth_minimum_days)
    line = indicators.ad_line(advances, declines)
    above = line - indicators.ema(line, rules.breadth_ema)
    oscillator = indicators.mcclellan_oscillator(advances, declines)
    state, before = (_state(above, oscillator, sessions, rules=rules) for sessions in (0, 1))
    gap = back(above, 0)
    if series is None or gap is None or state is None:
        return BreadthReading()
    return BreadthReading(
        ad_line=back(line, 0),
        ad_line_above_ema=gap > 0,
        rana=back(indicators.rana(advances, declines), 0),
        mcclellan=back(oscillator, 0),
        breadth=state,
        breadth_turned_down=turned_down(state, before),
        breadth_source=series.source,
    )


def unbroken(days: Sequence[BreadthDay], past: Sequence[Session]) -> tuple[BreadthDay, ...]:
    """Return the end of a series that misses no session.

    Parameters
    ----------
    days
        One source, oldest first, with gaps or without.
    past
        Sessions up to the last completed one, oldest first.

    Returns
    -------
    tuple[BreadthDay, ...]
        None when the last session of `past` is missing; a count of the days before a gap is
        worth nothing to a cumulative line.
    """
    kept = {day.session: day for day in days}
    ending: list[BreadthDay] = []
    for session in reversed(past):
        if session not in kept:
            break
        ending.append(kept[session])
    return tuple(reversed(ending))


def judge_breadth(above_ema: float, oscillator: float, rules: SignalRules) -> Breadth:
    """Name the breadth of an A/D line so far above its EMA, with that McClellan oscillator."""
    if above_ema < 0 and oscillator < rules.breadth_down_oscillator:
        return Breadth.DOWN
    if above_ema > 0 and oscillator > rules.breadth_up_oscillator:
        return Breadth.UP
    return Breadth.NEUTRAL


def turned_down(state: Breadth, before: Breadth | None) -> bool | None:
    """Whether breadth is down and was not the session before."""
    return None if before is None else state is Breadth.DOWN and before is not Breadth.DOWN


def _state(
    above: FloatArray, oscillator: FloatArray, sessions: int, *, rules: SignalRules
) -> Breadth | None:
    gap, points = back(above, sessions), back(oscillator, sessions)
    return None if gap is None or points is None else judge_breadth(gap, points, rules)


def _issues(
    days: Sequence[BreadthDay], past: list[Session], *, minimum: int
) -> tuple[FloatArray, FloatArray]:
    """Return advances and declines, or no values when they are unknown."""
    advances = np.array([day.advances for day in days])
    declines = np.array([day.declines for day in days])
    complete = len(days) >= minimum and consecutive([day.session for day in days], past)
    if not complete or not ((advances >= 0) & (declines >= 0)).all():
        return NO_VALUES, NO_VALUES
    return advances, declines
