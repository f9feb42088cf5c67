"""Completed sessions of a snapshot, as arrays; a series that cannot be trusted has no values.

A series is unknown as a whole when it is too short, has a gap, holds a number that cannot be, or
does not end on the session before. The sessions before the calendar's table begins are only held
to ascend: a year later their weight in any recursive average here is below 1e-7.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.core.indicators import FloatArray
    from bot.core.model import DailyBar, MarketSnapshot, Session
    from bot.core.rules import SignalRules

NO_VALUES: Final = np.empty(0)
"""A series that is unknown."""


class Completed(NamedTuple):
    """What the signals of one snapshot have in common, judged once for all of them.

    Parameters
    ----------
    past
        Sessions before the one being decided, as far as the calendar reaches.
    spx, vix
        Completed closes in points, oldest first; no values when they are unknown.
    """

    past: list[Session]
    spx: FloatArray
    vix: FloatArray


def completed_series(snapshot: MarketSnapshot, rules: SignalRules) -> Completed:
    """Return the completed closes of a snapshot."""
    past = past_sessions(snapshot)
    return Completed(
        past=past,
        spx=completed_closes(snapshot.spx_bars, past, minimum=rules.minimum_bars),
        vix=completed_closes(snapshot.vix_bars, past, minimum=rules.minimum_bars),
    )


def past_sessions(snapshot: MarketSnapshot) -> list[Session]:
    """Return the sessions before the one being decided, as far as the calendar reaches."""
    days = snapshot.calendar
    end = bisect_left(days, snapshot.session, key=lambda day: day.session)
    return [day.session for day in days[:end]]


def consecutive(sessions: list[Session], past: list[Session]) -> bool:
    """Whether no session of `past` is missing, as far back as both reach."""
    overlap = min(len(past), len(sessions))
    if overlap == 0 or sessions[-overlap:] != past[-overlap:]:
        return False
    older = sessions[: len(sessions) - overlap + 1]
    return all(map(operator.lt, older, older[1:]))


def completed_closes(bars: Sequence[DailyBar], past: list[Session], *, minimum: int) -> FloatArray:
    """Return the closes of `bars` in points, oldest first; no values when they are unknown."""
    closes = np.array([bar.close for bar in bars])
    complete = len(bars) >= minimum and consecutive([bar.session for bar in bars], past)
    possible = (closes > 0) & np.isfinite(closes)
    return closes if complete and possible.all() else NO_VALUES


def back(series: FloatArray, sessions: int) -> float | None:
    """Return the value so many sessions before the last one, ``None`` when unknown."""
    if series.size <= sessions or math.isnan(series[-1 - sessions]):
        return None
    return float(series[-1 - sessions])


def trailing_mean(series: FloatArray, sessions: int) -> float | None:
    """Return the mean of the last `sessions` values, ``None`` when there are fewer."""
    return float(series[-sessions:].mean()) if series.size >= sessions else None


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """Return the quotient, ``None`` when either is unknown."""
    return None if numerator is None or denominator is None else numerator / denominator


def less(value: float | None, subtracted: float | None) -> float | None:
    """Return the difference, ``None`` when either is unknown."""
    return None if value is None or subtracted is None else value - subtracted


def below(value: float | None, bound: float | None) -> bool | None:
    """Whether `value` lies below `bound`, ``None`` when either is unknown."""
    return None if value is None or bound is None else value < bound


def at_least(value: float | None, bound: float | None) -> bool | None:
    """Whether `value` reaches `bound`, ``None`` when either is unknown."""
    return None if value is None or bound is None else value >= bound
