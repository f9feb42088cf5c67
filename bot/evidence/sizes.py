"""The same decisions at another size, and the size that loses half unhedged in 2020.

A book of size s holds, for each dollar of its own NAV, s times the contracts of the bot. The
dollars are counted anew at the beginning of each month, and what is held in it is kept as it is,
so that a fall of the NAV makes no position smaller: such a book can be ruined. The caps of the
rules are those of the bot; no broker would margin it, and the report says so.

**Size 1 is how the two books are compared.** The shadow of a replay has the contracts of the
hedged book, which were sized on a NAV that the hedge has paid out of; year after year its own NAV
is larger, and the same dollars are a smaller share of it. Falls and growth of the two could not be
compared. So the unhedged book, too, holds its contracts for each dollar of its own NAV, and earns
interest on it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq

from bot.evidence.books import HEDGED, SHADOW, BookDays, Replay
from bot.evidence.figures import Pair, before, between, capital, from_capital, hedge_pnl

if TYPE_CHECKING:
    from numpy.typing import NDArray

CRASH_FIRST, CRASH_LAST = dt.date(2020, 2, 19), dt.date(2020, 4, 30)
LOSS_OF_2020: Final = 0.50
"""Middle of the 45-55 % that the method says the unhedged book lost."""

LARGEST: Final = 500.0
"""Size beyond which none is looked for."""


def resized(
    book: BookDays,
    size: float,
    *,
    nav: NDArray[np.float64],
    periods: NDArray[np.generic] | None = None,
) -> BookDays:
    """Return `book` with `size` times its contracts for each dollar of NAV; nothing after ruin.

    Parameters
    ----------
    book
        At the bot's size.
    size
        Factor, > 0.
    nav
        NAV of the bot before each session, on which it decided; shape (n,), USD.
    periods
        Label of each session, shape (n,): at the first of each label the dollars are counted.
        The month by default.
    """
    labels = book.sessions.astype("datetime64[M]") if periods is None else periods
    share, interest = np.zeros(len(nav)), np.zeros(len(nav))
    begins = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]])).tolist()
    traded, worth = book.pnl_usd - book.carry_usd, capital(book)
    for begin, end in zip(begins, [*begins[1:], len(nav)], strict=True):
        rows, start = slice(begin, end), max(worth, 0.0)
        ratio = start / float(nav[begin]) if nav[begin] > 0 else 0.0
        share[rows] = size * ratio
        interest[rows] = book.carry_usd[rows] * ratio
        worth = start + float(np.sum(share[rows] * traded[rows] + interest[rows]))
        worth = worth if _survived(start, share[rows] * traded[rows] + interest[rows]) else 0.0
    return replace(
        book,
        nav_usd=capital(book) + np.cumsum(share * traded + interest),
        condor_usd=(book.condor_usd + book.fees_usd) * share,
        hedge_usd=book.hedge_usd * share,
        fees_usd=np.zeros(len(share)),
        carry_usd=interest,
    )


def _survived(start: float, gains: NDArray[np.float64]) -> bool:
    return start + float(np.cumsum(gains).min()) > 0


def at_size(replay: Replay, size: float) -> Replay:
    """Return a replay as the engine gave it with both books at a size, each on its own NAV.

    Commissions go to what they were paid for.
    """
    hedged, shadow = replay.books[HEDGED], replay.books[SHADOW]
    nav, hedge = before(hedged), hedge_pnl(hedged, shadow)
    hedged = replace(hedged, hedge_usd=hedge, fees_usd=shadow.fees_usd)
    books = {book.name: resized(book, size, nav=nav) for book in (hedged, shadow)}
    return replace(replay, books=books, settings=replace(replay.settings, size=size))


def crash_losses(replay: Replay, size: float) -> Pair:
    """Return the deepest losses from 2020-02-19 to 2020-04-30, of NAV at the first close.

    Both books begin there at that size, whatever they had become by then, and keep it.
    """
    sized = {book.name: _crash_loss(replay, book, size) for book in replay.books.values()}
    return Pair(hedged=sized[HEDGED], shadow=sized[SHADOW])


def _crash_loss(replay: Replay, book: BookDays, size: float) -> float | None:
    first, last = np.datetime64(CRASH_FIRST), np.datetime64(CRASH_LAST)
    after = between(book, first + 1, last)
    bot = between(replay.books[HEDGED], first + 1, last)
    if after is None or bot is None or book.sessions[0] > first or book.sessions[-1] < last:
        return None
    held = np.zeros(len(after.sessions))
    nav = from_capital(resized(after, size, nav=before(bot), periods=held))
    return max(0.0, 1.0 - float(nav.min() / nav[0]))


def size_of_2020(replay: Replay) -> float | None:
    """Return the size at which the shadow loses half from 19 February to 30 April 2020.

    ``None`` where 2020 is not in the replay, or no size up to ``LARGEST`` loses as much.
    """

    def miss(size: float) -> float:
        loss = _crash_loss(replay, replay.books[SHADOW], size)
        return -LOSS_OF_2020 if loss is None else loss - LOSS_OF_2020

    if not miss(1.0) < 0 < miss(LARGEST):
        return None
    return float(brentq(miss, 1.0, LARGEST, xtol=1e-3))
