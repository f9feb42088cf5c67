"""The VIX by its published formula, from the quotes of two SPX expiries.

Rules of the index, with their exceptions:

- Two terms are used, the last weekly expiry at most 30 calendar days away (*near*) and the
  first one further away (*next*). Weekly expiries are Fridays, or the Thursday before when
  the Friday is a holiday, so the terms lie 23 to 37 days away, or 38 beside such a Thursday.
- On a third Friday the AM-settled SPX is used (settlement 09:30), else the PM-settled SPXW
  (settlement 16:00). Time runs in minutes to that instant, over a year of 525,600 minutes.
- The forward comes from the strike at which call and put mids differ least; K0 is the first
  strike at or below it.
- Out-of-the-money options enter by their mids. An option without a bid is left out; after two
  consecutive strikes without a bid, everything further out is left out too.
- Both term variances are interpolated to 30 days in total variance.

Source: Cboe, *Volatility Index Methodology: Cboe Volatility Index* (VIX white paper).
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bot.core.errors import MarketDataError
from bot.core.sessions import MINUTES_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable


MINUTES_IN_30_DAYS: Final = 43_200
_TARGET_DAYS: Final = 30
_NEAREST_DAYS: Final = 23
_FURTHEST_DAYS: Final = 38


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TermQuotes:
    """Quotes of one SPX expiry at strikes where both rights are listed.

    Parameters
    ----------
    settles
        Instant of settlement (aware).
    rate
        Continuously compounded rate to settlement, decimal per year.
    strikes
        Index points, strictly increasing; shape (n,), n >= 3.
    call_bid, call_ask, put_bid, put_ask
        Index points, 0.0 where nobody bids; shape (n,) each.
    """

    settles: dt.datetime
    rate: float
    strikes: NDArray[np.float64]
    call_bid: NDArray[np.float64]
    call_ask: NDArray[np.float64]
    put_bid: NDArray[np.float64]
    put_ask: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermVariance:
    """What the formula makes of one term.

    Parameters
    ----------
    minutes
        Minutes to settlement.
    forward
        Forward index level, points.
    k0
        First strike at or below the forward, points.
    variance
        Annualised variance, decimal (0.04 is a volatility of 20 %).
    strikes_used
        Options that entered the sum.
    """

    minutes: float
    forward: float
    k0: float
    variance: float
    strikes_used: int


def vix_terms(expiries: Iterable[dt.date], session: dt.date) -> tuple[dt.date, dt.date]:
    """Return the near and the next term of `session` among listed SPX expiries.

    Raises
    ------
    MarketDataError
        When no weekly expiry lies 23-30 days away, or none 31-38 days.
    """
    weekly = sorted({expiry.isocalendar()[:2]: expiry for expiry in sorted(expiries)}.values())
    days = [(expiry - session).days for expiry in weekly]
    near = [e for e, n in zip(weekly, days, strict=True) if _NEAREST_DAYS <= n <= _TARGET_DAYS]
    after = [e for e, n in zip(weekly, days, strict=True) if _TARGET_DAYS < n <= _FURTHEST_DAYS]
    if not near or not after:
        raise MarketDataError(
            f"VIX terms of {session}: weekly expiries at {days} days do not bracket 30 days "
            f"within {_NEAREST_DAYS}-{_FURTHEST_DAYS}"
        )
    return near[-1], after[0]


def term_variance(term: TermQuotes, now: dt.datetime) -> TermVariance:
    """Compute the variance of one term.

    ``variance = 2/T sum(dK/K^2 e^{RT} Q(K)) - (F/K0 - 1)^2 / T``

    Raises
    ------
    MarketDataError
        When the term has settled, or no strike has both rights bid.
    """
    minutes = (term.settles - now).total_seconds() / 60
    if minutes <= 0:
        raise MarketDataError(f"VIX term: settles {term.settles}, which is not after {now}")
    years = minutes / MINUTES_PER_YEAR
    growth = math.exp(term.rate * years)
    forward = _forward(term, growth)
    at = int(np.searchsorted(term.strikes, forward, side="right")) - 1
    strikes, prices = _out_of_the_money(term, at)
    if strikes.size < 2:  # noqa: PLR2004 - a strike interval needs two strikes
        raise MarketDataError(
            f"VIX term settling {term.settles}: {strikes.size} quoted strikes, needs 2"
        )
    total = growth * float(np.sum(_intervals(strikes) / strikes**2 * prices))
    k0 = float(term.strikes[at])
    return TermVariance(
        minutes=minutes,
        forward=forward,
        k0=k0,
        variance=(2 * total - (forward / k0 - 1) ** 2) / years,
        strikes_used=int(strikes.size),
    )


def vix_of(near: TermVariance, after: TermVariance) -> float:
    """Interpolate two term variances to 30 days; in VIX points.

    Raises
    ------
    MarketDataError
        When the interpolated variance is not positive.
    """
    span = after.minutes - near.minutes
    near_share = (after.minutes - MINUTES_IN_30_DAYS) / span
    total = near.minutes * near.variance * near_share
    total += after.minutes * after.variance * (1 - near_share)
    if total <= 0:
        raise MarketDataError(f"VIX: 30-day total variance {total:g} minutes, must be > 0")
    return 100 * math.sqrt(total / MINUTES_IN_30_DAYS)


def replicate_vix(near: TermQuotes, after: TermQuotes, now: dt.datetime) -> float:
    """Return the VIX at `now` from the quotes of its two terms, in points."""
    return vix_of(term_variance(near, now), term_variance(after, now))


def _forward(term: TermQuotes, growth: float) -> float:
    """Forward from put-call parity where call and put mids differ least."""
    difference = (term.call_bid + term.call_ask - term.put_bid - term.put_ask) / 2
    quoted = (term.call_bid > 0) & (term.put_bid > 0)
    if not quoted.any():
        raise MarketDataError(
            f"VIX term settling {term.settles}: no strike has both a call and a put bid"
        )
    at = int(np.argmin(np.where(quoted, np.abs(difference), np.inf)))
    return float(term.strikes[at] + growth * difference[at])


def _out_of_the_money(term: TermQuotes, at: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Strikes and mids that enter the sum: puts below K0, calls above, their mean at K0."""
    calls = (term.call_bid + term.call_ask) / 2
    puts = (term.put_bid + term.put_ask) / 2
    below = (at - 1 - _kept(term.put_bid[:at][::-1]))[::-1]
    above = at + 1 + _kept(term.call_bid[at + 1 :])
    strikes = np.concatenate([term.strikes[below], term.strikes[at : at + 1], term.strikes[above]])
    middle = (calls[at : at + 1] + puts[at : at + 1]) / 2
    return strikes, np.concatenate([puts[below], middle, calls[above]])


def _kept(bids: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions with a bid, outwards from the money, up to two zero bids in a row."""
    zero = bids <= 0
    pairs = np.flatnonzero(zero[1:] & zero[:-1])
    end = int(pairs[0]) if pairs.size else int(bids.size)
    return np.flatnonzero(~zero[:end])


def _intervals(strikes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the distance between a strike's neighbours; at both ends the distance to the next."""
    gaps = np.diff(strikes)
    inner = (gaps[:-1] + gaps[1:]) / 2
    return np.concatenate([gaps[:1], inner, gaps[-1:]])
