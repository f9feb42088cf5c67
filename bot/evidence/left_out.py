"""One event left out at a time: what drag, drawdown and alpha would have been without it.

An event is every spike, from its base to 60 sessions after its beginning, and every stretch of
history that has a name. Its sessions count as if they had not been: their P&L is none, they are no
part of the year that a drag is a cost of, and the months that they touch are no part of the
regression. Nothing is decided anew.

The answer **hangs on** an event without which one of its two halves would be another: whether the
deepest drawdown is smaller by a tenth, and whether an investor of risk aversion 4 would rather have
the hedged book (``bot.evidence.verdict``). Of the rivals, the smaller unhedged book that falls as
deep is made anew; one of the others that was better over the whole history is taken to be so
without the event.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bot.evidence.benchmarks import Market
from bot.evidence.books import BookDays
from bot.evidence.figures import (
    before,
    capital,
    drawdown_reduction,
    from_capital,
    growth,
    hedge_pnl,
    max_drawdown,
    monthly_returns,
    years,
)
from bot.evidence.rivals import is_better, smaller_at_equal_drawdown
from bot.evidence.segments import CRASHES, GRINDS, within
from bot.evidence.spikes import CENSORED_AT
from bot.evidence.statistics import capm, certainty_equivalent
from bot.evidence.verdict import JUDGING_AVERSION, WORKS_FROM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.evidence.spikes import Spike

    Rows = NDArray[np.bool_]

NOTHING: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What is measured without one event.

    Parameters
    ----------
    name
        Of the event; ``"none"`` is the whole history.
    sessions
        That are left out.
    drag
        Decimal of NAV a year of what is left, interest on the premium in.
    reduction
        Of the deepest drawdown; NaN where the unhedged book hardly fell.
    alpha, alpha_t
        Of the hedged book against SPX, decimal a year.
    condor_alpha, condor_t
        Of the unhedged one.
    works, worth
        The two halves of the answer; ``None`` where what is left cannot tell.
    """

    name: str
    sessions: int
    drag: float
    reduction: float
    alpha: float
    alpha_t: float
    condor_alpha: float
    condor_t: float
    works: bool | None
    worth: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The two books, and what they are held against.

    Parameters
    ----------
    hedged, shadow
        The same sessions, each sized on its own NAV.
    premium_usd
        Value of the hedge at the end of each session, shape (n,).
    market
        Bills and SPX over the same sessions.
    cheaper
        Whether a rival that is no smaller unhedged book was better over the whole history.
    """

    hedged: BookDays
    shadow: BookDays
    premium_usd: NDArray[np.float64]
    market: Market
    cheaper: bool = False


def events(book: BookDays, spikes: Sequence[Spike]) -> Iterator[tuple[str, Rows]]:
    """Yield the sessions of each event by its name: named stretches, then spikes, oldest first."""
    for stretch in sorted((*GRINDS, *CRASHES), key=lambda each: each.first):
        rows = within(stretch, book)
        if rows.any() and not rows.all():
            yield stretch.name, rows
    positions = np.arange(len(book.sessions))
    for spike in spikes:
        rows = (positions > spike.base) & (positions <= spike.begin + CENSORED_AT)
        yield f"spike of {book.sessions[spike.begin]}", rows


def left_out(found: Measured, spikes: Sequence[Spike]) -> tuple[LeftOut, ...]:
    """Return the whole history, then what is left of it without each event."""
    nothing = np.zeros(len(found.hedged.sessions), dtype=np.bool_)
    each = [(NOTHING, nothing), *events(found.hedged, spikes)]
    return tuple(measured_without(found, name, rows) for name, rows in each)


def measured_without(found: Measured, name: str, rows: Rows) -> LeftOut:
    """Return what is measured without some sessions.

    Parameters
    ----------
    found
        The books.
    name
        Of what is left out.
    rows
        Sessions that are, shape (n,).
    """
    hedged, shadow = (_without(book, rows) for book in (found.hedged, found.shadow))
    reduction = drawdown_reduction(hedged, shadow)
    months = {book.name: _months(book, rows) for book in (hedged, shadow)}
    own, bare = (
        capm(
            _excess(each, found.market.bills), _excess(_spx(each, found.market), found.market.bills)
        )
        for each in months.values()
    )
    return LeftOut(
        name=name,
        sessions=int(rows.sum()),
        drag=_drag(found, ~rows),
        reduction=reduction,
        alpha=own.alpha,
        alpha_t=own.alpha_t,
        condor_alpha=bare.alpha,
        condor_t=bare.alpha_t,
        works=None if math.isnan(reduction) else reduction >= WORKS_FROM,
        worth=_worth(hedged, shadow, months, cheaper=found.cheaper),
    )


def hanging(found: Sequence[LeftOut]) -> tuple[LeftOut, ...]:
    """Return the events without which a half of the answer would be another."""
    whole, *others = found
    return tuple(each for each in others if (each.works, each.worth) != (whole.works, whole.worth))


def hangs_on(found: Sequence[LeftOut]) -> str:
    """Return a sentence: which event the answer hangs on, or how little one moves it.

    Of several, the one that moves the reduction of the drawdown most is named. Empty without an
    event, and where the unhedged book hardly fell.
    """
    if not found or math.isnan(found[0].reduction):
        return ""
    whole, *others = found
    if not others:
        return ""
    turning = hanging(found)
    most = max(turning or others, key=lambda each: _weight(whole, each))
    if turning:
        also = "" if len(turning) == 1 else f" (and on {len(turning) - 1} more)"
        return (
            f"The answer hangs on one event, {most.name}{also}: without it {_other(whole, most)} "
            f"(reduction {_share(most)} instead of {_share(whole)}, drag {most.drag:.2%} instead "
            f"of {whole.drag:.2%})."
        )
    return (
        "The answer hangs on no single event: it is the same without any one of "
        f"{len(others)}. Of them {most.name} weighs most: without it the reduction of the drawdown "
        f"is {_share(most)} instead of {_share(whole)}."
    )


def _weight(whole: LeftOut, without: LeftOut) -> float:
    """Return by how much an event moves the reduction; most where nothing is left to reduce."""
    moved = abs(without.reduction - whole.reduction)
    return math.inf if math.isnan(moved) else moved


def _share(found: LeftOut) -> str:
    return "unknown" if math.isnan(found.reduction) else f"{found.reduction:.0%}"


def _other(whole: LeftOut, without: LeftOut) -> str:
    """Return what would be said of the hedge without an event."""
    if None in {without.works, without.worth}:
        return "the history could not tell"
    said = []
    if without.works != whole.works:
        said.append("the hedge would " + ("work" if without.works else "not work"))
    if without.worth != whole.worth:
        said.append("it would " + ("be" if without.worth else "not be") + " worth its cost")
    return " and ".join(said)


def _without(book: BookDays, rows: Rows) -> BookDays:
    """Return `book` as if nothing had happened in some sessions."""
    keep = np.where(rows, 0.0, 1.0)
    return replace(
        book,
        nav_usd=capital(book) + np.cumsum(book.pnl_usd * keep),
        condor_usd=book.condor_usd * keep,
        hedge_usd=book.hedge_usd * keep,
        carry_usd=book.carry_usd * keep,
        fees_usd=book.fees_usd * keep,
    )


def _drag(found: Measured, kept: Rows) -> float:
    """Return what the hedge cost a year of the sessions that are kept, decimal of their NAV."""
    interest = np.zeros(len(kept))
    interest[1:] = np.nan_to_num(found.premium_usd[:-1] * found.market.bill_days[1:])
    cost = interest - hedge_pnl(found.hedged, found.shadow)
    nav, span = float(before(found.hedged)[kept].mean()), years(found.hedged) * kept.mean()
    return float(cost[kept].sum()) / nav / float(span)


def _months(book: BookDays, rows: Rows) -> pd.Series[float]:
    """Return the returns of the months of which no session is left out."""
    months = pd.DatetimeIndex(book.sessions).to_period("M")
    found = monthly_returns(book)
    return found[~found.index.isin(months[rows])]


def _excess(months: pd.Series[float], bills: pd.Series[float]) -> NDArray[np.float64]:
    return np.asarray(months - bills.reindex(months.index), dtype=np.float64)


def _spx(months: pd.Series[float], market: Market) -> pd.Series[float]:
    return market.spx.reindex(months.index)


def _worth(
    hedged: BookDays, shadow: BookDays, months: dict[str, pd.Series[float]], *, cheaper: bool
) -> bool | None:
    """Return whether a careful investor would rather have the hedge than do without it.

    Parameters
    ----------
    hedged, shadow
        All sessions, those that are left out without P&L.
    months
        Returns of the months that are left, by book.
    cheaper
        Whether a rival that is not made anew is better.
    """
    ours, bare = (
        certainty_equivalent(np.asarray(months[book.name].dropna(), float), JUDGING_AVERSION)
        for book in (hedged, shadow)
    )
    if ours is None or bare is None or math.isnan(ours - bare):
        return None
    own, fall = growth(hedged), max_drawdown(from_capital(hedged)).share
    smaller = smaller_at_equal_drawdown(shadow, fall)
    return ours > bare and not (cheaper or is_better(smaller, growth=own, drawdown=fall))
