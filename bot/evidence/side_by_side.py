"""The books that stand side by side, on the same sessions and from the same capital.

The promoter policy drops layers while the market is calm: a replay of its own, since every decision
after the first differs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.books import HEDGED, SHADOW, BookDays
from bot.evidence.dividends import daily_spx
from bot.evidence.engine import replay
from bot.evidence.figures import capital
from bot.evidence.sizes import at_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.core.rules import Rules
    from bot.evidence.benchmarks import Market
    from bot.evidence.books import Replay
    from bot.evidence.day_surfaces import Surfaces
    from bot.evidence.settings import ReplaySettings

PROMOTER: Final = "promoter"
CALLS: Final = "VIX calls as VXTH"
BILLS: Final = "T-bills"
SPX: Final = "SPX with dividends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoter:
    """The hedged book under the promoter policy, and what it took to replay it, seconds."""

    book: BookDays
    seconds: float


def promoter_book(surfaces: Surfaces, rules: Rules, settings: ReplaySettings) -> Promoter:
    """Replay the promoter policy over the history that the surfaces are of."""
    began = time.perf_counter()
    dropped = replace(rules, hedge=replace(rules.hedge, policy=PROMOTER))
    found = replay(surfaces.history, dropped, settings, surfaces=surfaces)
    book = at_size(found, 1.0).books[HEDGED]
    return Promoter(book=replace(book, name=PROMOTER), seconds=time.perf_counter() - began)


def side_by_side(
    alone: Replay, market: Market, calls: BookDays, promoter: Promoter | None
) -> dict[str, BookDays]:
    """Return the books by the names under which they are shown.

    Parameters
    ----------
    alone
        Each of its books sized on its own NAV.
    market
        Bills and SPX over the same sessions.
    calls
        The unhedged book with calls by the rule of VXTH on top.
    promoter
        ``None`` where it was not replayed.
    """
    hedged = alone.books[HEDGED]
    close = alone.days["spx"].to_numpy(float)
    dropped = {} if promoter is None else {PROMOTER: promoter.book}
    return {
        "hedged": hedged,
        "unhedged": alone.books[SHADOW],
        **dropped,
        CALLS: calls,
        SPX: index_book("SPX", hedged, daily_spx(close, hedged.sessions, market)),
        BILLS: index_book(BILLS, hedged, market.bill_days),
    }


def index_book(name: str, book: BookDays, returns: NDArray[np.float64]) -> BookDays:
    """Return a book of the same capital with the given daily returns, all of it interest."""
    nav = np.asarray(capital(book) * np.cumprod(1 + returns), dtype=np.float64)
    nothing = np.zeros(len(nav))
    return BookDays(
        name=name,
        sessions=book.sessions,
        nav_usd=nav,
        condor_usd=nothing,
        hedge_usd=nothing,
        carry_usd=np.diff(nav, prepend=capital(book)),
        fees_usd=nothing,
    )
