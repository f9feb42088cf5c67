"""How sure drag and drawdown reduction are: resamples of the books' joint daily P&L.

The stationary bootstrap strings together blocks of random length from the days that were, so that
a crash keeps the days after it. Both books take the same days: the hedge's gain stays on the day
of the condors' loss. Nothing is decided anew; paths on which it is are a variant of their own.

Source: Politis and Romano, *The stationary bootstrap*, JASA 89 (1994).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.figures import SESSIONS_A_YEAR, SMALLEST_FALL, before, daily_returns, hedge_pnl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bot.evidence.books import BookDays

RESAMPLES: Final = 2_000
MEAN_BLOCK: Final = 63
"""Sessions: a quarter holds a spike, its decline and the roll after it."""

CHUNK: Final = 100
"""Resamples at a time: what bounds the memory."""

LOWEST, HIGHEST = 0.05, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Median and the 5th and 95th percentile of the resamples that know it, NaN if none does."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampled:
    """What 2,000 other orders of the same days would have shown.

    Parameters
    ----------
    drag
        Decimal of NAV a year, positive is a cost.
    reduction
        ``1 - MDD(hedged) / MDD(unhedged)``.
    growth_given_up
        Yearly growth of the unhedged less that of the hedged book.
    reduced
        Share of the resamples with a drawdown in which the hedge made the deepest one smaller.
    count, mean_block
        Resamples, and the mean length of a block in sessions.
    """

    drag: Band
    reduction: Band
    growth_given_up: Band
    reduced: float
    count: int
    mean_block: int


def stationary_rows(
    days: int, count: int, *, mean_block: int, seed: int
) -> Iterator[NDArray[np.intp]]:
    """Yield resamples in chunks, as rows of day numbers.

    Each day follows the one before it (the last is followed by the first) but with probability
    ``1 / mean_block``, when a new block begins anywhere.

    Parameters
    ----------
    days
        Days to draw from; a resample has as many.
    count
        Resamples in all.
    mean_block
        Mean length of a block, >= 1.
    seed
        Of the random numbers: the same seed gives the same resamples.

    Yields
    ------
    ndarray
        Shape (at most ``CHUNK``, days), values in 0 .. days - 1.
    """
    random = np.random.default_rng(seed)
    step = np.arange(days)
    for done in range(0, count, CHUNK):
        rows = min(CHUNK, count - done)
        begins = random.random((rows, days)) < 1 / mean_block
        begins[:, 0] = True
        firsts = random.integers(0, days, (rows, days))
        opened = np.maximum.accumulate(np.where(begins, step, 0), axis=1)
        yield (np.take_along_axis(firsts, opened, axis=1) + step - opened) % days


def resample_books(
    hedged: BookDays,
    unhedged: BookDays,
    *,
    count: int = RESAMPLES,
    mean_block: int = MEAN_BLOCK,
    seed: int = 0,
) -> Resampled:
    """Return the bands of drag and drawdown reduction over resamples of the joint days.

    A day's P&L counts as a share of the NAV of the evening before, so that days of a small and of
    a large book weigh the same.
    """
    book, bare = daily_returns(hedged), daily_returns(unhedged)
    hedge = hedge_pnl(hedged, unhedged) / before(hedged)
    chunks = stationary_rows(len(book), count, mean_block=mean_block, seed=seed)
    found = np.concatenate([_figures(rows, book, bare, hedge) for rows in chunks], axis=1)
    known = found[1][np.isfinite(found[1])]
    drag, reduction, given_up = (_band(each) for each in found)
    return Resampled(
        drag=drag,
        reduction=reduction,
        growth_given_up=given_up,
        reduced=float(np.mean(known > 0)) if len(known) else math.nan,
        count=count,
        mean_block=mean_block,
    )


def _figures(
    rows: NDArray[np.intp],
    book: NDArray[np.float64],
    bare: NDArray[np.float64],
    hedge: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return drag, reduction and growth given up by resample, shape (3, resamples)."""
    drag = -hedge[rows].mean(axis=1) * SESSIONS_A_YEAR
    with_hedge, without = _paths(book[rows]), _paths(bare[rows])
    fell = _deepest(without)
    reduction = 1.0 - _deepest(with_hedge) / np.where(fell < SMALLEST_FALL, np.nan, fell)
    years = rows.shape[1] / SESSIONS_A_YEAR
    given_up = without[:, -1] ** (1 / years) - with_hedge[:, -1] ** (1 / years)
    return np.stack([drag, reduction, given_up])


def _paths(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return wealth from 1, along the last axis; wealth that is gone stays gone."""
    return np.asarray(np.cumprod(np.maximum(1.0 + returns, 0.0), axis=-1), dtype=np.float64)


def _deepest(paths: NDArray[np.float64]) -> NDArray[np.float64]:
    highs = np.maximum(np.maximum.accumulate(paths, axis=-1), 1.0)
    return np.asarray((1.0 - paths / highs).max(axis=-1), dtype=np.float64)


def _band(values: NDArray[np.float64]) -> Band:
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return Band(low=math.nan, median=math.nan, high=math.nan)
    low, median, high = np.quantile(known, (LOWEST, 0.5, HIGHEST))
    return Band(low=float(low), median=float(median), high=float(high))
