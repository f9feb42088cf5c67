"""Recorded quotes of single options with everything that a model needs to price them.

What is taken, and what is left out:

- SPX: captures after the close of regular hours without flags, and the monthly expiry on every
  session of 2018-01 and 02. Evening, pre-open and intraday captures have no index levels of their
  own time; they are left out.
- VIX: captures after the close; the calls of the VXTH index, 2007-2018, one a day (VVIX of 2006
  is unreliable); the calls of 2026-04-09. The last two have mids or quotes of single calls only,
  and the forward is the VX settlement.
- Options out of the money with a bid of 0.10 and more, whose price gives a volatility. The forward
  of a chain is that of put-call parity, by expiry, so that no index level enters.

An observation is *held out* when no parameter was fitted to it: every second capture of a kind,
every second month of VXTH, all of 2026-04-09, and whole stressed episodes (`EPISODES`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bot.core.pricing import implied_vol

Values = NDArray[np.float64]

STRESSED_VIX: Final = 25.0
"""A VIX from here on is called stressed, points."""

LEAST_BID: Final = 0.10
SHORTEST_DAYS, LONGEST_DAYS = 2, 260
EPISODES: Final = (
    (dt.date(2008, 9, 1), dt.date(2009, 3, 31)),
    (dt.date(2011, 8, 1), dt.date(2011, 11, 30)),
    (dt.date(2015, 8, 17), dt.date(2015, 9, 30)),
    (dt.date(2018, 1, 2), dt.date(2018, 2, 28)),
    (dt.date(2023, 3, 6), dt.date(2023, 3, 24)),
)
"""Stressed episodes to which nothing was fitted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations:
    """Quotes of options of one underlying; shape (n,) each.

    Parameters
    ----------
    underlying
        ``"SPX"`` or ``"VIX"``.
    source
        Name of the file.
    session
        ``datetime64[D]``.
    row
        Position of the session in the history.
    days, years
        Calendar days to expiry; minutes to settlement over 525,600.
    forward, discount
        Of the same expiry: points, and the value now of 1 paid then.
    strike, is_call
        Points; only options out of the money.
    mid, half_spread
        Points; NaN half-spread where only a mid was recorded.
    vol, delta
        Implied by the mid: decimal per year; absolute, undiscounted.
    vix
        Close of the VIX of the session, points.
    held_out
        Whether no parameter was fitted to it.
    """

    underlying: NDArray[np.str_]
    source: NDArray[np.str_]
    session: NDArray[np.datetime64]
    row: NDArray[np.int64]
    days: Values
    years: Values
    forward: Values
    discount: Values
    strike: Values
    is_call: NDArray[np.bool_]
    mid: Values
    half_spread: Values
    vol: Values
    delta: Values
    vix: Values
    held_out: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """How many."""
        return int(self.mid.size)

    def log_moneyness(self) -> Values:
        """Return ln(K / F)."""
        return np.log(self.strike / self.forward)

    def where(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> Observations:
        """Return those that are marked, or that have the given positions."""
        return Observations(**{each.name: getattr(self, each.name)[kept] for each in fields(self)})


def joined(parts: list[Observations]) -> Observations:
    """Return all observations of several sets."""
    return Observations(
        **{
            each.name: np.concatenate([getattr(part, each.name) for part in parts])
            for each in fields(Observations)
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the quotes of one expiry at one time have in common.

    Parameters
    ----------
    underlying, source
        As in `Observations`.
    row
        Position of the session in the history.
    session, expiry
        Dates.
    years, forward, discount, vix
        As in `Observations`.
    held_out
        As in `Observations`.
    """

    underlying: str
    source: str
    row: int
    session: dt.date
    expiry: dt.date
    years: float
    forward: float
    discount: float
    vix: float
    held_out: bool


def observed(
    seen: Seen, strikes: Values, mid: Values, half_spread: Values, is_call: NDArray[np.bool_]
) -> Observations:
    """Return the options of one expiry that can be used; shape (n,) each, points.

    Those in the money, without a price of `LEAST_BID`, or whose price gives no volatility are left
    out.
    """
    years, forward, discount = seen.years, seen.forward, seen.discount
    found = implied_vol(mid, forward, strikes, years, discount, is_call).iv
    bid = mid - np.nan_to_num(half_spread)
    out_of_the_money = is_call == (strikes >= forward)
    kept = np.isfinite(found) & (found > 0) & (bid >= LEAST_BID) & out_of_the_money
    deviation = found[kept] * np.sqrt(years)
    call_delta = ndtr(np.log(forward / strikes[kept]) / deviation + deviation / 2)
    count = int(kept.sum())
    return Observations(
        underlying=np.full(count, seen.underlying),
        source=np.full(count, seen.source),
        session=np.full(count, np.datetime64(seen.session)),
        row=np.full(count, seen.row),
        days=np.full(count, float((seen.expiry - seen.session).days)),
        years=np.full(count, years),
        forward=np.full(count, forward),
        discount=np.full(count, discount),
        strike=strikes[kept],
        is_call=is_call[kept],
        mid=mid[kept],
        half_spread=half_spread[kept],
        vol=found[kept],
        delta=np.where(is_call[kept], call_delta, 1 - call_delta),
        vix=np.full(count, seen.vix),
        held_out=np.full(count, seen.held_out),
    )


def in_episode(session: dt.date) -> bool:
    """Whether a session belongs to a stressed episode to which nothing was fitted."""
    return any(first <= session <= last for first, last in EPISODES)
