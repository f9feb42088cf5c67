"""The spike table: every rise of the VIX by 10 points, and when the hedge had paid for itself.

An **event** begins at the first close 10 points or more above the lowest close of the 10 sessions
before; such closes within 20 sessions of each other are one event. Its *base* is that lowest
close, its *top* the highest close from the beginning to 20 sessions on.

**Break-even**, counted in sessions from the beginning (0: at that close) and censored at 60, with
the hedge at the bid, in three definitions:

- *quarter*: hedge P&L from 60 sessions before the base on is back at 0;
- *year*: the same from 252 sessions before;
- *book*: the NAV of the whole book is back where it stood at the base.

A window that reaches before the first session begins there. Positions are rows of the replay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.figures import hedge_pnl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.evidence.books import BookDays

RISE_POINTS: Final = 10.0
LOOK_BACK: Final = 10
MERGED_WITHIN: Final = 20
TOP_WITHIN: Final = 20
QUARTER, YEAR = 60, 252
CENSORED_AT: Final = 60
"""Sessions from the beginning after which an event that has not broken even counts as such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """One event; positions of sessions and closes of the VIX in points."""

    base: int
    begin: int
    top: int
    vix_base: float
    vix_begin: float
    vix_top: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeOutcome:
    """What an event did to the books, as shares of the NAV at its base.

    Parameters
    ----------
    spike
        The event.
    hedge
        P&L of the hedge from base to top, commissions in.
    loss_hedged, loss_shadow
        Deepest fall of each book below its NAV of the base, until 20 sessions from the beginning.
    loss_then
        Fall of the hedged book at the close at which the unhedged one was lowest; < 0 is a gain.
    even_quarter, even_year, even_book
        Sessions to break-even in the three definitions; ``None`` where censored.
    even_shadow
        Sessions until the unhedged book is back where it stood at the base.
    watched
        Sessions that were watched: fewer than ``CENSORED_AT`` at the end of the history.
    """

    spike: Spike
    hedge: float
    loss_hedged: float
    loss_shadow: float
    loss_then: float
    even_quarter: int | None
    even_year: int | None
    even_book: int | None
    even_shadow: int | None
    watched: int

    @property
    def reduction(self) -> float:
        """Return the share of the shadow's loss that the hedge saved, NaN where it lost nothing."""
        return 1.0 - self.loss_hedged / self.loss_shadow if self.loss_shadow > 0 else math.nan

    @property
    def reduction_then(self) -> float:
        """Return the share saved at the close at which the unhedged book was lowest."""
        return 1.0 - self.loss_then / self.loss_shadow if self.loss_shadow > 0 else math.nan


def spikes(vix: NDArray[np.float64]) -> tuple[Spike, ...]:
    """Return the events of a series of closes, oldest first.

    Parameters
    ----------
    vix
        Closes in points, shape (n,); NaN where unknown, which is neither a rise nor a base.
    """
    found: list[Spike] = []
    last = -math.inf
    for at in range(1, len(vix)):
        window = vix[max(0, at - LOOK_BACK) : at]
        if not np.isfinite(window).any() or not vix[at] - np.nanmin(window) >= RISE_POINTS:
            continue
        if at - last > MERGED_WITHIN:
            found.append(_spike(vix, at))
        last = at
    return tuple(found)


def _spike(vix: NDArray[np.float64], begin: int) -> Spike:
    start = max(0, begin - LOOK_BACK)
    base = start + int(np.nanargmin(vix[start:begin]))
    top = begin + int(np.nanargmax(vix[begin : begin + TOP_WITHIN + 1]))
    return Spike(
        base=base,
        begin=begin,
        top=top,
        vix_base=float(vix[base]),
        vix_begin=float(vix[begin]),
        vix_top=float(vix[top]),
    )


def spike_outcomes(
    events: tuple[Spike, ...], hedged: BookDays, shadow: BookDays
) -> tuple[SpikeOutcome, ...]:
    """Return what each event did to the two books."""
    gains = np.concatenate([[0.0], np.cumsum(hedge_pnl(hedged, shadow))])
    return tuple(_outcome(event, hedged, shadow, gains) for event in events)


def _outcome(
    event: Spike, hedged: BookDays, shadow: BookDays, gains: NDArray[np.float64]
) -> SpikeOutcome:
    """Return one outcome; `gains` are cumulated with a 0 in front, so base b is gains[b + 1]."""
    nav, at = hedged.nav_usd[event.base], event.base + 1
    watched = slice(event.begin, event.begin + CENSORED_AT + 1)
    hedge_after = gains[1:][watched]
    return SpikeOutcome(
        spike=event,
        hedge=float(gains[event.top + 1] - gains[at]) / float(nav) if nav > 0 else math.nan,
        loss_hedged=_fall(hedged.nav_usd, event),
        loss_shadow=_fall(shadow.nav_usd, event),
        loss_then=_fall_then(hedged.nav_usd, shadow.nav_usd, event),
        even_quarter=_first(hedge_after >= gains[max(0, at - QUARTER)]),
        even_year=_first(hedge_after >= gains[max(0, at - YEAR)]),
        even_book=_first(hedged.nav_usd[watched] >= nav),
        even_shadow=_first(shadow.nav_usd[watched] >= shadow.nav_usd[event.base]),
        watched=len(hedge_after) - 1,
    )


def _course(nav: NDArray[np.float64], event: Spike) -> NDArray[np.float64]:
    """Return the NAV over that of the base, until 20 sessions from the beginning."""
    course = nav[event.base : event.begin + TOP_WITHIN + 1]
    return course / course[0] if course[0] > 0 else np.ones(len(course))


def _fall(nav: NDArray[np.float64], event: Spike) -> float:
    """Return the deepest fall below the NAV of the base, >= 0, as a share of it."""
    return max(0.0, 1.0 - float(_course(nav, event).min()))


def _fall_then(hedged: NDArray[np.float64], shadow: NDArray[np.float64], event: Spike) -> float:
    lowest = int(np.argmin(_course(shadow, event)))
    return 1.0 - float(_course(hedged, event)[lowest])


def _first(reached: NDArray[np.bool_]) -> int | None:
    at = np.flatnonzero(reached)
    return int(at[0]) if len(at) else None


def even_share(sessions: tuple[int | None, ...], within: int) -> float:
    """Return the share of events that broke even within `within` sessions; NaN without events."""
    if not sessions:
        return math.nan
    return sum(each is not None and each <= within for each in sessions) / len(sessions)


def median_sessions(sessions: tuple[int | None, ...]) -> float:
    """Return the median, ``inf`` where half or more were censored; NaN without events."""
    if not sessions:
        return math.nan
    values = sorted(math.inf if each is None else float(each) for each in sessions)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2
