"""The books by segment: regime, market cycle, calendar year and named stretches of history.

Returns of a segment are sums of daily returns, so the segments of one kind add up to the whole.
The market cycle is that of the core: SPX below its running high by 10 % is a correction, by 20 %
a bear market.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.eras import SPLIT, TRADEABLE
from bot.evidence.figures import SESSIONS_A_YEAR, before, daily_returns, hedge_pnl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.evidence.books import BookDays, Replay

CORRECTION, BEAR = 0.10, 0.20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A named stretch of history, both ends in it."""

    name: str
    first: dt.date
    last: dt.date


GRINDS: Final = (
    Stretch(name="bear of 2000-02", first=dt.date(2000, 3, 27), last=dt.date(2002, 10, 9)),
    Stretch(name="bear of 2022", first=dt.date(2022, 1, 4), last=dt.date(2022, 10, 12)),
)
"""The two slow bear markets that the method names."""

CRASHES: Final = (
    Stretch(name="autumn of 1998", first=dt.date(1998, 7, 20), last=dt.date(1998, 10, 8)),
    Stretch(name="bear of 2007-09", first=dt.date(2007, 10, 10), last=dt.date(2009, 3, 9)),
    Stretch(name="August 2011", first=dt.date(2011, 7, 8), last=dt.date(2011, 10, 3)),
    Stretch(name="February 2018", first=dt.date(2018, 1, 29), last=dt.date(2018, 4, 2)),
    Stretch(name="crash of 2020", first=dt.date(2020, 2, 19), last=dt.date(2020, 4, 30)),
    Stretch(name="August 2024", first=dt.date(2024, 7, 17), last=dt.date(2024, 8, 30)),
    Stretch(name="April 2025", first=dt.date(2025, 2, 20), last=dt.date(2025, 5, 12)),
)
QUIET: Final = (
    Stretch(name="calm of 2017", first=dt.date(2017, 1, 3), last=dt.date(2017, 12, 29)),
)
TRADEABLE_ERA: Final = "tradeable, from July 2006"
ERAS: Final = (
    Stretch(name="modelled, to July 2006", first=dt.date(1990, 1, 1), last=dt.date(2006, 7, 16)),
    Stretch(name=TRADEABLE_ERA, first=TRADEABLE, last=dt.date(2100, 1, 1)),
    Stretch(name="chosen on, to 2014", first=dt.date(1990, 1, 1), last=dt.date(2014, 12, 31)),
    Stretch(name="held out, from 2015", first=SPLIT, last=dt.date(2100, 1, 1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Sessions of one kind.

    Parameters
    ----------
    name
        Of the kind.
    sessions
        How many.
    hedged, shadow
        Sum of daily returns of either book, decimal.
    hedge
        Sum of the hedge's daily P&L over NAV, decimal.
    """

    name: str
    sessions: int
    hedged: float
    shadow: float
    hedge: float

    @property
    def hedge_a_year(self) -> float:
        """Return the hedge's share of NAV a year, for comparison between lengths."""
        return self.hedge * SESSIONS_A_YEAR / self.sessions


def segment(
    name: str, kept: NDArray[np.bool_], hedged: BookDays, shadow: BookDays
) -> Segment | None:
    """Return the sessions that are `kept`, shape (n,); ``None`` where none is."""
    if not kept.any():
        return None
    return Segment(
        name=name,
        sessions=int(np.count_nonzero(kept)),
        hedged=float(daily_returns(hedged)[kept].sum()),
        shadow=float(daily_returns(shadow)[kept].sum()),
        hedge=float((hedge_pnl(hedged, shadow) / before(hedged))[kept].sum()),
    )


def by_label(labels: NDArray[np.str_], hedged: BookDays, shadow: BookDays) -> tuple[Segment, ...]:
    """Return one segment for each label, in the order of the alphabet; shape (n,)."""
    found = (segment(str(name), labels == name, hedged, shadow) for name in np.unique(labels))
    return tuple(each for each in found if each is not None)


def by_stretch(
    stretches: tuple[Stretch, ...], hedged: BookDays, shadow: BookDays
) -> tuple[Segment, ...]:
    """Return the stretches that the books reach."""
    found = (segment(each.name, within(each, hedged), hedged, shadow) for each in stretches)
    return tuple(each for each in found if each is not None)


def within(stretch: Stretch, book: BookDays) -> NDArray[np.bool_]:
    """Return which sessions lie in the stretch, shape (n,)."""
    first, last = np.datetime64(stretch.first), np.datetime64(stretch.last)
    return np.asarray((book.sessions >= first) & (book.sessions <= last))


def cycles(spx: NDArray[np.float64]) -> NDArray[np.str_]:
    """Return ``bull``, ``correction`` or ``bear`` for each close of SPX, shape (n,)."""
    high = np.maximum.accumulate(spx)
    falls = [spx <= high * (1 - BEAR), spx <= high * (1 - CORRECTION)]
    return np.select(falls, ["bear", "correction"], "bull")


def years_of(book: BookDays) -> NDArray[np.str_]:
    """Return the calendar year of each session, shape (n,)."""
    return book.sessions.astype("datetime64[Y]").astype(str)


def all_segments(replay: Replay) -> dict[str, tuple[Segment, ...]]:
    """Return the segments by heading."""
    hedged, shadow = replay.books["hedged"], replay.books["shadow"]
    regimes = replay.days["regime"].to_numpy().astype(str)
    return {
        "Regime of the decision": by_label(regimes, hedged, shadow),
        "Market cycle": by_label(cycles(replay.days["spx"].to_numpy(float)), hedged, shadow),
        "Eras": by_stretch(ERAS, hedged, shadow),
        "Slow bear markets": by_stretch(GRINDS, hedged, shadow),
        "Crashes": by_stretch(CRASHES, hedged, shadow),
        "Calm": by_stretch(QUIET, hedged, shadow),
    }
