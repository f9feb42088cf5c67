"""Everything that is measured on one replay: what the claims, the answer and the report read."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.books import HEDGED, SHADOW
from bot.evidence.eras import SPLIT, TRADEABLE
from bot.evidence.figures import (
    BookFigures,
    Drag,
    Pair,
    between,
    book_figures,
    cost_of_capital,
    drag,
    drawdown_reduction,
    from_capital,
    max_drawdown,
    monthly_returns,
    sessions_to_recover,
    solvent,
)
from bot.evidence.segments import GRINDS, Segment, all_segments, by_stretch
from bot.evidence.spikes import SpikeOutcome, spike_outcomes, spikes
from bot.evidence.statistics import Capm, capm, certainty_equivalent

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from bot.evidence.benchmarks import Market
    from bot.evidence.books import BookDays, Replay

AVERSIONS: Final = (1.0, 2.0, 4.0, 8.0)
"""Relative risk aversions: 1 is an investor who looks at growth alone, 8 a very careful one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What one replay shows.

    Parameters
    ----------
    name
        Of the size or the variant.
    size
        Factor on all contracts.
    hedged, shadow
        Figures of the two books.
    ruined
        Session in which a book was worth nothing, by its name; those that survived are not in it.
    drag, reduction
        Over all sessions.
    since
        Drag since the hedge can be traded; ``None`` where the replay begins later or ends before.
    outcomes
        Of the spikes.
    recovery
        Sessions from the trough of the deepest drawdown to the old high grown at the cost of
        capital; ``None`` where the history ended first.
    capital_cost
        That cost, decimal a year.
    crash
        Deepest loss from 2020-02-19 to 2020-04-30, ``None`` where it is not in the replay.
    grinds
        The two slow bear markets, as far as they are in the replay.
    equivalents
        Certainty equivalents by risk aversion, decimal a year.
    capm
        Of either book by its name.
    eras
        Of the unhedged book by era: since the hedge can be traded, and since nothing was chosen.
    segments
        By heading.
    """

    name: str
    size: float
    sessions: int
    first: dt.date
    last: dt.date
    hedged: BookFigures
    shadow: BookFigures
    ruined: Mapping[str, dt.date]
    drag: Drag
    since: Drag | None
    reduction: float
    outcomes: tuple[SpikeOutcome, ...]
    recovery: Pair
    capital_cost: float
    crash: Pair
    grinds: tuple[Segment, ...]
    equivalents: Mapping[float, Pair]
    capm: Mapping[str, Capm]
    eras: Mapping[str, Capm]
    segments: Mapping[str, tuple[Segment, ...]]


def measure(
    name: str,
    replay: Replay,
    market: Market,
    *,
    premium_usd: NDArray[np.float64],
    crash: Pair,
) -> Measures:
    """Return what one replay shows, up to the session in which a book is ruined.

    Parameters
    ----------
    name
        What the replay is called in tables.
    replay
        With its two books, each sized on its own NAV (``sizes.at_size``).
    market
        Over the same sessions.
    premium_usd
        Value of the hedge at the end of each session, shape (n,).
    crash
        Losses in the crash of 2020 (``sizes.crash_losses``).
    """
    hedged, shadow = solvent(replay.books[HEDGED]), solvent(replay.books[SHADOW])
    ruined = _ruin(hedged, shadow)
    if ruined:
        replay = _until(replay, min(ruined.values()))
        return replace(
            _measured(name, replay, market, premium_usd=premium_usd, crash=crash), ruined=ruined
        )
    return _measured(name, replay, market, premium_usd=premium_usd, crash=crash)


def _until(replay: Replay, last: dt.date) -> Replay:
    """Return the replay to the end of a session, books that are ruined in it with nothing."""
    day = np.datetime64(last)
    kept = {
        name: between(solvent(book), book.sessions[0], day) for name, book in replay.books.items()
    }
    books = {name: book for name, book in kept.items() if book is not None}
    return replace(replay, books=books, days=replay.days.loc[: str(last)])


def _measured(
    name: str,
    replay: Replay,
    market: Market,
    *,
    premium_usd: NDArray[np.float64],
    crash: Pair,
) -> Measures:
    hedged, shadow = replay.books[HEDGED], replay.books[SHADOW]
    months = {book.name: monthly_returns(book) for book in (hedged, shadow)}
    capms = {name: _capm(returns, market) for name, returns in months.items()}
    cost = cost_of_capital(_mean_rate(market), _beta(capms[shadow.name]))
    events = spikes(replay.days["vix"].to_numpy(float))
    return Measures(
        name=name,
        size=replay.settings.size,
        sessions=len(hedged.sessions),
        first=hedged.sessions[0].item(),
        last=hedged.sessions[-1].item(),
        hedged=book_figures(hedged, market.bills),
        shadow=book_figures(shadow, market.bills),
        ruined={},
        drag=_drag(hedged, shadow, market, premium_usd),
        since=_drag_since(TRADEABLE, hedged, shadow, market, premium_usd),
        reduction=drawdown_reduction(hedged, shadow),
        outcomes=spike_outcomes(events, hedged, shadow),
        recovery=Pair(hedged=_recovery(hedged, cost), shadow=_recovery(shadow, cost)),
        capital_cost=cost,
        crash=crash,
        grinds=by_stretch(GRINDS, hedged, shadow),
        equivalents=_equivalents(months[hedged.name], months[shadow.name]),
        capm=capms,
        eras={
            f"from {first.year} on": _capm(months[shadow.name].loc[str(first) :], market)
            for first in (TRADEABLE, SPLIT)
        },
        segments=all_segments(replay),
    )


def _drag(
    hedged: BookDays, shadow: BookDays, market: Market, premium_usd: NDArray[np.float64]
) -> Drag:
    count = len(hedged.sessions)
    return drag(
        hedged, shadow, premium_usd=premium_usd[:count], bill_returns=market.bill_days[:count]
    )


def _drag_since(
    first: dt.date,
    hedged: BookDays,
    shadow: BookDays,
    market: Market,
    premium_usd: NDArray[np.float64],
) -> Drag | None:
    """Return the drag from a day on; ``None`` where nothing, or everything, lies after it."""
    begin, sessions = np.datetime64(first), hedged.sessions
    own, bare = (between(book, begin, sessions[-1]) for book in (hedged, shadow))
    if own is None or bare is None or len(own.sessions) == len(sessions):
        return None
    kept = np.flatnonzero(sessions >= begin)
    return drag(own, bare, premium_usd=premium_usd[kept], bill_returns=market.bill_days[kept])


def _recovery(book: BookDays, cost: float) -> int | None:
    return sessions_to_recover(book, max_drawdown(from_capital(book)), cost_of_capital=cost)


def _capm(months: pd.Series[float], market: Market) -> Capm:
    bills = market.bills.reindex(months.index)
    spx = market.spx.reindex(months.index)
    return capm(_values(months - bills), _values(spx - bills))


def _values(series: pd.Series[float]) -> NDArray[np.float64]:
    return np.asarray(series, dtype=np.float64)


def _beta(found: Capm) -> float:
    return 0.0 if math.isnan(found.beta) else found.beta


def _mean_rate(market: Market) -> float:
    """Return the yearly return of bills over the months."""
    return float((1 + market.bills.mean()) ** 12 - 1)


def _ruin(*books: BookDays) -> dict[str, dt.date]:
    gone = {book.name: book.sessions[book.nav_usd <= 0] for book in books}
    return {name: days[0].item() for name, days in gone.items() if len(days)}


def _equivalents(hedged: pd.Series[float], shadow: pd.Series[float]) -> dict[float, Pair]:
    with_hedge, without = _values(hedged.dropna()), _values(shadow.dropna())
    return {
        aversion: Pair(
            hedged=certainty_equivalent(with_hedge, aversion),
            shadow=certainty_equivalent(without, aversion),
        )
        for aversion in AVERSIONS
    }
