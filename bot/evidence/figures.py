"""Figures of one book and of two, from their days: what the hedge cost and what it saved.

- **Drag** = -(what the hedge changed) / mean NAV a year, and the T-bill interest that its premium
  would have earned. What it changed is the P&L of the hedged book less that of the shadow: the
  hedge and its commissions.
- **Drawdown reduction** = ``1 - MDD(hedged) / MDD(shadow)``.
- **Recovery** = sessions from the trough until ``NAV >= peak (1 + w) ** (t / 365)``, t in calendar
  days since the peak: with w = 0 the old high, with w the cost of capital the high that the
  capital could have reached elsewhere.
- **Cost of capital** w = T-bill + beta x 5 %: the account carries no debit, so debt has no share.

Drawdowns are of the marks at the end of each session, and start from the capital before the first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.optimize import brentq

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.evidence.books import BookDays

DAYS_A_YEAR: Final = 365.25
SESSIONS_A_YEAR: Final = 252
EQUITY_PREMIUM: Final = 0.05
SMALLEST_FALL: Final = 0.001
"""Drawdown of the shadow below which a reduction would be noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The same figure with the hedge and without it; ``None`` and NaN are unknown."""

    hedged: float | None
    shadow: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """The deepest fall of a book below its running high.

    Parameters
    ----------
    share
        Of the high, >= 0.
    peak, trough
        Positions in the array of NAV; -1 is the capital before the first session.
    """

    share: float
    peak: int
    trough: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFigures:
    """One book over all its sessions; rates are decimal a year, NaN where undefined.

    Parameters
    ----------
    growth
        Compound annual growth of NAV.
    volatility
        Standard deviation of daily returns, a year.
    sharpe
        Mean monthly return over bills by its deviation, a year.
    drawdown
        The deepest.
    recovery_sessions
        From its trough to the old high; ``None`` if that was not reached again.
    worst_month
        Its return.
    """

    name: str
    growth: float
    volatility: float
    sharpe: float
    drawdown: Drawdown
    recovery_sessions: int | None
    worst_month: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drag:
    """What the hedge cost a year, decimal of mean NAV; positive is a cost.

    Parameters
    ----------
    hedge
        Its P&L at the marks, commissions in.
    interest
        T-bill interest on the premium.
    growth
        Growth of the shadow less that of the hedged book: compounding in.
    """

    hedge: float
    interest: float
    growth: float

    @property
    def total(self) -> float:
        """Return the hedge and the interest on its premium."""
        return self.hedge + self.interest


def capital(book: BookDays) -> float:
    """Return the NAV before the first session, USD."""
    return float(book.nav_usd[0] - book.pnl_usd[0])


def before(book: BookDays) -> NDArray[np.float64]:
    """Return the NAV before each session, USD; shape (n,)."""
    return book.nav_usd - book.pnl_usd


def daily_returns(book: BookDays) -> NDArray[np.float64]:
    """Return the return of each session on the NAV before it, 0 after ruin; shape (n,)."""
    start = before(book)
    return np.divide(book.pnl_usd, start, out=np.zeros(len(start)), where=start > 0)


def solvent(book: BookDays) -> BookDays:
    """Return `book` as it is, or ended with nothing at the first session without a positive NAV."""
    gone = np.flatnonzero(book.nav_usd <= 0)
    if len(gone) == 0:
        return book
    kept = np.arange(len(book.nav_usd)) <= gone[0]
    ruin = np.where(np.arange(len(kept)) == gone[0], -book.nav_usd, 0.0)
    return type(book)(
        name=book.name,
        sessions=book.sessions,
        nav_usd=np.where(kept, book.nav_usd, 0.0) + ruin,
        condor_usd=book.condor_usd * kept + ruin,
        hedge_usd=book.hedge_usd * kept,
        carry_usd=book.carry_usd * kept,
        fees_usd=book.fees_usd * kept,
    )


def from_capital(book: BookDays) -> NDArray[np.float64]:
    """Return the NAV with the capital before the first session in front; shape (n + 1,)."""
    return np.concatenate([[capital(book)], book.nav_usd])


def years(book: BookDays) -> float:
    """Return the calendar years of the sessions, that before the first included."""
    days = (book.sessions[-1] - book.sessions[0]).astype("timedelta64[D]").astype(int) + 1
    return float(days) / DAYS_A_YEAR


def growth(book: BookDays) -> float:
    """Return the compound annual growth, ``(last / first) ** (1 / years) - 1``; -1 when ruined."""
    multiple = float(book.nav_usd[-1]) / capital(book)
    return multiple ** (1 / years(book)) - 1 if multiple > 0 else -1.0


def max_drawdown(nav: NDArray[np.float64]) -> Drawdown:
    """Return the deepest fall of `nav`, the capital in front: shape (n + 1,)."""
    highs = np.maximum.accumulate(nav)
    falls = 1.0 - nav / highs
    trough = int(np.argmax(falls))
    peak = int(np.argmax(nav[: trough + 1] >= highs[trough]))
    return Drawdown(share=float(falls[trough]), peak=peak - 1, trough=trough - 1)


def sessions_to_recover(book: BookDays, fall: Drawdown, *, cost_of_capital: float) -> int | None:
    """Return the sessions from the trough to ``NAV >= peak (1 + w) ** (t / 365)``.

    Parameters
    ----------
    book
        What fell.
    fall
        Its drawdown.
    cost_of_capital
        w, decimal a year; 0 asks for the old high only.

    Returns
    -------
    int or None
        ``None`` when the end of the book came first.
    """
    if fall.share <= 0:
        return 0
    peak_day = book.sessions[max(fall.peak, 0)]
    later = slice(fall.trough + 1, None)
    days = (book.sessions[later] - peak_day).astype("timedelta64[D]").astype(float)
    wanted = from_capital(book)[fall.peak + 1] * (1 + cost_of_capital) ** (days / 365)
    reached = np.flatnonzero(book.nav_usd[later] >= wanted)
    return int(reached[0]) + 1 if len(reached) else None


def cost_of_capital(bill_rate: float, beta: float) -> float:
    """Return w = T-bill + beta x 5 %, decimal a year; a negative beta counts as 0."""
    return bill_rate + max(beta, 0.0) * EQUITY_PREMIUM


def monthly_returns(book: BookDays) -> pd.Series[float]:
    """Return the return of each month by period, NaN after ruin; the first may be a part of one."""
    months = pd.DatetimeIndex(book.sessions).to_period("M")
    ends = pd.Series(book.nav_usd).groupby(months).last()
    starts = ends.shift(1)
    starts.iloc[0] = capital(book)
    return ends / starts.where(starts > 0) - 1


def yearly_returns(book: BookDays) -> pd.Series[float]:
    """Return the return of each year by number; the first and the last may be parts."""
    months = monthly_returns(book)
    return (1 + months).groupby(pd.PeriodIndex(months.index).year).prod() - 1


def book_figures(book: BookDays, bills: pd.Series[float]) -> BookFigures:
    """Return the figures of one book.

    Parameters
    ----------
    book
        Its days.
    bills
        Monthly returns of T-bills by period.
    """
    months, fall = monthly_returns(book), max_drawdown(from_capital(book))
    excess = (months - bills.reindex(months.index)).dropna()
    spread = float(excess.std()) if len(excess) > 1 else math.nan
    return BookFigures(
        name=book.name,
        growth=growth(book),
        volatility=float(np.std(daily_returns(book), ddof=1)) * math.sqrt(SESSIONS_A_YEAR),
        sharpe=float(excess.mean()) / spread * math.sqrt(12) if spread > 0 else math.nan,
        drawdown=fall,
        recovery_sessions=sessions_to_recover(book, fall, cost_of_capital=0.0),
        worst_month=float(months.min()),
    )


def hedge_pnl(hedged: BookDays, shadow: BookDays) -> NDArray[np.float64]:
    """Return what the hedge and its commissions made of each session, USD; shape (n,)."""
    return hedged.hedge_usd + hedged.fees_usd - shadow.fees_usd


def drag(
    hedged: BookDays,
    shadow: BookDays,
    *,
    premium_usd: NDArray[np.float64],
    bill_returns: NDArray[np.float64],
) -> Drag:
    """Return what the hedge cost a year.

    Parameters
    ----------
    hedged, shadow
        The same sessions.
    premium_usd
        Value of the hedge at the end of each session, shape (n,).
    bill_returns
        Return of T-bills in each session, shape (n,).
    """
    span, mean_nav = years(hedged), float(np.mean(before(hedged)))
    lost = float(np.nansum(premium_usd[:-1] * bill_returns[1:]))
    return Drag(
        hedge=-float(np.sum(hedge_pnl(hedged, shadow))) / mean_nav / span,
        interest=lost / mean_nav / span,
        growth=growth(shadow) - growth(hedged),
    )


def drawdown_reduction(hedged: BookDays, shadow: BookDays) -> float:
    """Return ``1 - MDD(hedged) / MDD(shadow)``; NaN when the shadow hardly fell."""
    bare = max_drawdown(from_capital(shadow)).share
    if bare < SMALLEST_FALL:
        return math.nan
    return 1.0 - max_drawdown(from_capital(hedged)).share / bare


def between(book: BookDays, first: np.datetime64, last: np.datetime64) -> BookDays | None:
    """Return the days of `book` from `first` to `last`; ``None`` where there are none."""
    kept = (book.sessions >= first) & (book.sessions <= last)
    if not kept.any():
        return None
    return type(book)(
        name=book.name,
        sessions=book.sessions[kept],
        nav_usd=book.nav_usd[kept],
        condor_usd=book.condor_usd[kept],
        hedge_usd=book.hedge_usd[kept],
        carry_usd=book.carry_usd[kept],
        fees_usd=book.fees_usd[kept],
    )


def internal_rate(days: NDArray[np.float64], flows_usd: NDArray[np.float64]) -> float:
    """Return the yearly rate at which the flows are worth nothing, NaN where there is none.

    Solves ``sum flow / (1 + r) ** (day / 365) = 0`` for r in (-99.99 %, 100,000 %).

    Parameters
    ----------
    days
        Calendar days from any origin, shape (n,).
    flows_usd
        Money paid in is negative, what came back is positive.
    """

    def value(rate: float) -> float:
        return float(np.sum(flows_usd / (1 + rate) ** (days / 365)))

    low, high = -0.9999, 1_000.0
    if len(days) == 0 or value(low) * value(high) > 0:
        return math.nan
    return float(brentq(value, low, high))
