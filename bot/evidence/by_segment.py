"""Every book over the same sessions of one kind: a regime, a cycle, an era, a bear, a crash.

The sessions of a segment need not follow each other: their returns are chained as if they did.
Of k sessions with returns r and bills b::

    return = prod(1 + r) - 1             volatility = std(r) sqrt(252)
    Sharpe = mean(r - b) / std(r - b) sqrt(252)

Deepest fall and worst month are those of the chain; a month counts with those of its sessions that
lie in the segment. Returns are not made yearly: many segments are shorter than a year.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from bot.evidence.figures import SESSIONS_A_YEAR, daily_returns, max_drawdown
from bot.evidence.segments import CRASHES, ERAS, GRINDS, QUIET, cycles, within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from bot.evidence.books import BookDays, Replay

    Rows = NDArray[np.bool_]

NO_SPREAD: Final = 1e-12
"""Deviation of daily returns below which it is that of the arithmetic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSegment:
    """One book in one segment; rates are decimal, NaN where undefined."""

    segment: str
    book: str
    sessions: int
    gained: float
    volatility: float
    sharpe: float
    drawdown: float
    worst_month: float


def rows_of_segments(replay: Replay) -> dict[str, dict[str, Rows]]:
    """Return the sessions of each segment by heading and name, shape (n,); empty ones left out."""
    book = replay.books["hedged"]
    regimes = replay.days["regime"].to_numpy().astype(str)
    cycle = cycles(replay.days["spx"].to_numpy(float))
    stretches = {
        "Eras": ERAS,
        "Slow bear markets": GRINDS,
        "Crashes": CRASHES,
        "Calm": QUIET,
    }
    labelled = {"Regime of the decision": regimes, "Market cycle": cycle}
    found = {
        heading: {str(name): labels == name for name in np.unique(labels)}
        for heading, labels in labelled.items()
    } | {
        heading: {each.name: within(each, book) for each in named}
        for heading, named in stretches.items()
    }
    return {
        heading: {name: rows for name, rows in named.items() if rows.any()}
        for heading, named in found.items()
    }


def books_by_segment(
    books: Mapping[str, BookDays],
    segments: Mapping[str, Mapping[str, Rows]],
    bill_days: NDArray[np.float64],
) -> dict[str, tuple[BookSegment, ...]]:
    """Return each book in each segment by heading, book within segment.

    Parameters
    ----------
    books
        By the name that is shown; the same sessions.
    segments
        See `rows_of_segments`.
    bill_days
        Return of bills in each session, shape (n,).
    """
    return {
        heading: tuple(
            book_segment((segment, name), book, rows, bill_days)
            for segment, rows in named.items()
            for name, book in books.items()
        )
        for heading, named in segments.items()
        if named
    }


def book_segment(
    names: tuple[str, str], book: BookDays, rows: Rows, bill_days: NDArray[np.float64]
) -> BookSegment:
    """Return one book in one segment.

    Parameters
    ----------
    names
        Of the segment and of the book.
    book
        All its sessions.
    rows
        Those of the segment, shape (n,).
    bill_days
        Return of bills in each session, shape (n,).
    """
    returns, bills = daily_returns(book)[rows], bill_days[rows]
    course = np.concatenate([[1.0], np.cumprod(1 + returns)])
    months = pd.DatetimeIndex(book.sessions[rows]).to_period("M")
    by_month = (1 + pd.Series(returns)).groupby(months).prod() - 1
    return BookSegment(
        segment=names[0],
        book=names[1],
        sessions=len(returns),
        gained=float(course[-1]) - 1,
        volatility=_deviation(returns) * math.sqrt(SESSIONS_A_YEAR),
        sharpe=_sharpe(returns - bills),
        drawdown=max_drawdown(course).share,
        worst_month=float(by_month.min()),
    )


def _deviation(returns: NDArray[np.float64]) -> float:
    return float(np.std(returns, ddof=1)) if len(returns) > 1 else math.nan


def _sharpe(excess: NDArray[np.float64]) -> float:
    spread = _deviation(excess)
    if not spread > NO_SPREAD:
        return math.nan
    return float(excess.mean()) / spread * math.sqrt(SESSIONS_A_YEAR)
