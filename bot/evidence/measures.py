"""Everything that is measured on one replay: what the claims, the answer and the report read."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bot.evidence.books import HEDGED, SHADOW
from bot.evidence.figures import (
    BookFigures,
    Drag,
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
from bot.evidence.segments import GRINDS, SPLIT, TRADEABLE, Segment, all_segments, by_stretch
from bot.evidence.spikes import SpikeOutcome, spike_outcomes, spikes
from bot.evidence.statistics import Capm, capm, certainty_equivalent

if TYPE_CHECKING:
    from bot.evidence.books import BookDays, Replay
    from bot.evidence.history import History

AVERSIONS: Final = (1.0, 2.0, 4.0, 8.0)
"""Relative risk aversions: 1 is an investor who looks at growth alone, 8 a very careful one."""

DIVIDENDS_A_YEAR: Final = 0.018
"""Added to the price return of SPX, which the histories hold without dividends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The same figure with the hedge and without it; ``None`` and NaN are unknown."""

    hedged: float | None
    shadow: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the books are held against.

    Parameters
    ----------
    bill_days
        Return of T-bills in each session of the replay, shape (n,).
    bills, spx
        Monthly returns by period; SPX with dividends.
    dividend_a_day
        What is added to a daily return of SPX.
    """

    bill_days: NDArray[np.float64]
    bills: pd.Series[float]
    spx: pd.Series[float]
    dividend_a_day: float = DIVIDENDS_A_YEAR / 252


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


def market_of(history: History, sessions: NDArray[np.datetime64]) -> Market:
    """Return bills and SPX over the sessions of a replay.

    Bills earn the rate of the session before over the calendar days between; months of SPX that
    end outside of the history are left out.
    """
    rows = np.searchsorted(history.sessions, sessions)
    before = np.maximum(rows - 1, 0)
    days = (sessions - history.sessions[before]).astype("timedelta64[D]").astype(float)
    bill_days = np.expm1(np.nan_to_num(history.rate[before]) * days / 365)
    months = pd.DatetimeIndex(sessions).to_period("M")
    bills = (1 + pd.Series(bill_days)).groupby(months).prod() - 1
    every = pd.DatetimeIndex(history.sessions).to_period("M")
    spx = pd.Series(history.spx.close).groupby(every).last().pct_change(fill_method=None)
    return Market(bill_days=bill_days, bills=bills, spx=spx + DIVIDENDS_A_YEAR / 12)


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
        drag=drag(
            hedged,
            shadow,
            premium_usd=premium_usd[: len(hedged.sessions)],
            bill_returns=market.bill_days[: len(hedged.sessions)],
        ),
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


def premium(replay: Replay) -> NDArray[np.float64]:
    """Return the value of the hedge at the end of each session at the bid, USD; shape (n,)."""
    sessions = pd.DatetimeIndex(replay.books[HEDGED].sessions)
    if replay.layers.empty:
        return np.zeros(len(sessions))
    held = replay.layers.groupby(pd.DatetimeIndex(replay.layers["session"]))["bid_usd"].sum()
    return np.asarray(held.reindex(sessions).fillna(0.0).to_numpy(float))


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
