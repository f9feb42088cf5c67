"""Rivals at equal drag: what the hedge's money would have bought elsewhere.

- **A smaller unhedged book.** Fewer condors give up return as the hedge does. *At equal drag* the
  share of the condors kept is such that the mean yearly return given up is the drag; where the
  condors earned less than the drag no share is left, and bills alone do better. *At equal
  drawdown* it is such that the deepest drawdown is that of the hedged book.
- **SPX put spreads.** At the close of each monthly expiry a put 5 % below the market is bought and
  one 15 % below sold, both to the next monthly expiry, at the mid and the share of the half-spread
  that the books pay, with the commissions of the broker on both legs; marked at the bid, held to
  the end, settled at the close. Spreads and contracts are those of an index at today's level
  whenever they are opened, as in the replay. The number of spreads, a constant share of NAV, is
  such that their mean yearly cost is the drag.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq

from bot.core.model import MULTIPLIER
from bot.core.pricing import price
from bot.core.sessions import spx_am_expiry, third_friday, years_between
from bot.evidence.figures import SESSIONS_A_YEAR, before, daily_returns, max_drawdown, years
from bot.evidence.history import known
from bot.evidence.settings import REFERENCE_SPX
from bot.surfaces.commissions import option_commission
from bot.surfaces.levels import vol_levels
from bot.surfaces.quotes import SPREADS
from bot.surfaces.spx_surface import SpxSurface

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.evidence.books import BookDays
    from bot.evidence.history import History

BOUGHT, SOLD = 0.95, 0.85
"""Strikes of the put spread, as shares of SPX."""

WEEK: Final = 7
"""Days: the next expiry is further away than that when a spread is bought."""

NO_DEEPER: Final = 1.001
"""Factor within which two drawdowns are the same."""

DIVIDEND_YIELD: Final = 0.018
"""Mean dividend yield of SPX since 1990, decimal per year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """What one rival made of the same years.

    Parameters
    ----------
    name
        What it is.
    amount
        Share of the condors kept, or notional of the put spreads over NAV; NaN where none fits.
    returns
        Daily, shape (n,).
    """

    name: str
    amount: float
    growth: float
    drawdown: float
    note: str = ""


def is_better(rival: Rival, *, growth: float, drawdown: float) -> bool:
    """Return whether a rival fell no further than a book of that drawdown and grew faster."""
    return rival.drawdown <= drawdown * NO_DEEPER and rival.growth > growth


def condor_returns(shadow: BookDays) -> NDArray[np.float64]:
    """Return the condors' daily share of NAV, commissions in and interest out; shape (n,)."""
    return np.asarray((shadow.condor_usd + shadow.fees_usd) / before(shadow))


def smaller_at_equal_drag(shadow: BookDays, drag: float) -> Rival:
    """Return the unhedged book that gives up as much a year as the hedge costs.

    Parameters
    ----------
    shadow
        The unhedged book.
    drag
        Decimal of NAV a year.
    """
    earned = float(condor_returns(shadow).mean()) * SESSIONS_A_YEAR
    name = "fewer condors, at equal drag"
    if drag <= 0:
        return _kept(shadow, 1.0, "the same book without the hedge", "the hedge cost nothing")
    if earned <= drag:
        note = f"the condors earned {earned:.2%} a year, the hedge cost {drag:.2%}"
        return _kept(shadow, 0.0, "T-bills without condors", note)
    return _kept(shadow, 1.0 - drag / earned, name, "")


def smaller_at_equal_drawdown(shadow: BookDays, drawdown: float) -> Rival:
    """Return the unhedged book whose deepest drawdown is that of the hedged one."""

    def miss(share: float) -> float:
        return _kept(shadow, share, "", "").drawdown - drawdown

    name = "fewer condors, at equal drawdown"
    if miss(1.0) <= 0:
        return _kept(shadow, 1.0, "the same book without the hedge", "all of the condors")
    return _kept(shadow, float(brentq(miss, 0.0, 1.0, xtol=1e-4)), name, "")


def _kept(shadow: BookDays, share: float, name: str, note: str) -> Rival:
    interest = daily_returns(shadow) - condor_returns(shadow)
    return _rival(shadow, name, share, interest + share * condor_returns(shadow), note)


def _rival(
    book: BookDays, name: str, amount: float, returns: NDArray[np.float64], note: str
) -> Rival:
    """Return a rival of these returns over the sessions of `book`."""
    nav = np.concatenate([[1.0], np.cumprod(np.maximum(1.0 + returns, 0.0))])
    return Rival(
        name=name,
        amount=amount,
        growth=float(nav[-1]) ** (1 / years(book)) - 1.0,
        drawdown=max_drawdown(nav).share,
        note=note,
    )


def put_spreads_at_equal_drag(shadow: BookDays, spreads: NDArray[np.float64], drag: float) -> Rival:
    """Return the unhedged book with put spreads that cost as much a year as the hedge.

    Parameters
    ----------
    shadow
        The unhedged book.
    spreads
        Daily P&L of one put spread over SPX (`put_spread_returns`), shape (n,).
    drag
        Decimal of NAV a year.
    """
    name = "SPX put spreads, at equal drag"
    cost = -float(np.nanmean(spreads)) * SESSIONS_A_YEAR
    if cost <= 0 or drag <= 0:
        note = f"put spreads cost {cost:.2%} of notional a year, the hedge {drag:.2%}: no number"
        return Rival(name=name, amount=math.nan, growth=math.nan, drawdown=math.nan, note=note)
    amount = drag / cost
    returns = daily_returns(shadow) + amount * np.nan_to_num(spreads)
    return _rival(shadow, name, amount, returns, f"{amount:.2f} of NAV in notional")


def as_rival(book: BookDays, name: str, note: str) -> Rival:
    """Return a whole book as a rival."""
    return _rival(book, name, 1.0, daily_returns(book), note)


def put_spread_returns(
    history: History,
    sessions: NDArray[np.datetime64],
    *,
    spread_share: float = 0.5,
    spread_stress: float = 1.0,
) -> NDArray[np.float64]:
    """Return the daily P&L of one rolled put spread, over the SPX of the day before.

    Parameters
    ----------
    history
        Levels; a session without a VIX keeps the mark of the one before.
    sessions
        Of the books, shape (n,).
    spread_share
        Share of the half-spread paid.
    spread_stress
        Factor on every half-spread.

    Returns
    -------
    ndarray, shape (n,)
        A purchase is at the close of an expiry, the first on the first session: what it loses to
        the spread at once is a loss of that day.
    """
    found, spread = np.zeros(len(sessions)), None
    for row, session in enumerate(sessions.tolist()):
        at = history.position(session)
        if spread is not None:
            mark = spread.mark(history, at)
            found[row] = (mark - spread.value) / float(history.spx.close[at - 1])
            spread.value = mark
        if spread is None or session >= spread.expiry:
            spread = _PutSpread.opened(history, at, spread_stress)
            found[row] -= spread.cost(history, at, spread_share) / float(history.spx.close[at])
    return found


class _PutSpread:
    """One put spread that is held: its strikes, its expiry and its last mark in points."""

    def __init__(self, strikes: NDArray[np.float64], expiry: dt.date, spread_stress: float) -> None:
        self.strikes = strikes
        self.expiry = expiry
        self._stress = spread_stress
        self.value = 0.0

    @classmethod
    def opened(cls, history: History, at: int, spread_stress: float) -> _PutSpread:
        """Return the spread to the next monthly expiry that is more than a week away."""
        after = history.session(at) + dt.timedelta(days=WEEK)
        months = (divmod(after.year * 12 + after.month - 1 + n, 12) for n in range(2))
        named = [(year, month + 1) for year, month in months]
        year, month = next(each for each in named if third_friday(*each) > after)
        expiry = spx_am_expiry(year, month, history.calendar)
        return cls(float(history.spx.close[at]) * np.array([BOUGHT, SOLD]), expiry, spread_stress)

    def cost(self, history: History, at: int, spread_share: float) -> float:
        """Return what the purchase loses at once, commissions in, and set the first mark."""
        mids, halves = self._mids(history, at)
        self.value = float(mids[0] - mids[1] - halves.sum())
        fees = commissions(mids, float(history.spx.close[at]))
        return float((spread_share + 1) * halves.sum()) + fees

    def mark(self, history: History, at: int) -> float:
        """Return the value at the bid, that at the expiry intrinsic; unknown keeps the last."""
        spot = float(history.spx.close[at])
        if history.session(at) >= self.expiry:
            return float(np.maximum(self.strikes - spot, 0.0) @ np.array([1.0, -1.0]))
        if known(history.vix.close[at]) is None:
            return self.value
        mids, halves = self._mids(history, at)
        return max(float(mids[0] - mids[1] - halves.sum()), 0.0)

    def _mids(self, history: History, at: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mids and half-spreads of both puts, points; shape (2,) each."""
        vix = float(history.vix.close[at])
        levels = vol_levels(
            vix,
            vix9d=known(history.vix9d[at]),
            vix3m=known(history.vix3m[at]),
            skew=known(history.skew[at]),
        )
        rate = known(history.rate[at]) or 0.0
        surface = SpxSurface(
            spot=float(history.spx.close[at]),
            levels=levels,
            rate=rate,
            dividend_yield=DIVIDEND_YIELD,
        )
        calendar = history.calendar
        now, end = calendar.day(history.session(at)).close, calendar.day(self.expiry).close
        left = years_between(now, end)
        vols = surface.vols(self.strikes, left)
        forward, discount = surface.forward(left), surface.discount(left)
        mids = price(forward, self.strikes, left, discount, vols, is_call=False)
        today = REFERENCE_SPX / float(history.spx.close[at])
        halves = SPREADS["SPX"].half_spread(mids * today, vix) / today
        return mids, halves * self._stress


def commissions(mids: NDArray[np.float64], spot: float) -> float:
    """Return the commissions of one contract of each leg, in points of SPX as it was.

    ``sum(option_commission) / 100 x spot / reference``: a contract has the notional that one of
    today has, so its premium in points of today decides what the exchange charges.

    Parameters
    ----------
    mids
        Of the legs, points of SPX as it was; shape (k,).
    spot
        SPX as it was, points.
    """
    today = REFERENCE_SPX / spot
    paid = sum(
        float(option_commission("SPX", 1, Decimal(str(round(mid * today, 2)))))
        for mid in mids.tolist()
    )
    return paid / MULTIPLIER / today
