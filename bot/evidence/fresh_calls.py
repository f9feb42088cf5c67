"""What a VIX call bought just before a spike became: the layers, fresh, and a far call of a month.

The call is struck by its delta (Black-76 on the VX of its own expiry) at the close of the base,
bought at the mid and a share of the modelled half-spread, and valued at the bid at a later close.
VX settlements are used where they are recorded, the model of the curve elsewhere; VVIX and VIX3M
likewise. The strike is not rounded to a listed one.

The surface moves the volatility of all expiries in proportion to VVIX, which is that of one month.
No chain beyond 50 days was recorded in a panic, so of a long call that move is the model's word: it
is also valued with VVIX kept where it stood at the base, about the least that it was worth.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from bot.core.pricing import price
from bot.evidence.history import known
from bot.surfaces.levels import VolLevels, vol_levels
from bot.surfaces.listings import vix_months, years_to_open
from bot.surfaces.quotes import SPREADS
from bot.surfaces.vix_surface import vix_vols
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    from bot.evidence.history import History

WIDEST_STRIKE: Final = 8.0
"""Highest strike that is looked at, as a multiple of the future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshCall:
    """A call by the days to its expiry and its delta."""

    name: str
    days: int
    delta: float


CALLS: Final = (
    FreshCall(name="near", days=30, delta=0.50),
    FreshCall(name="mid", days=110, delta=0.50),
    FreshCall(name="far", days=220, delta=0.20),
    FreshCall(name="month20", days=30, delta=0.20),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Close:
    """The VIX market at one close: levels, the future of the call's expiry, time and rate."""

    levels: VolLevels
    future: float
    years: float
    rate: float

    def at_vvix(self, vvix: float) -> _Close:
        """Return the same close with another VVIX, points."""
        return replace(self, levels=replace(self.levels, vvix=vvix))

    def vol(self, strike: float) -> float:
        found = vix_vols(
            np.array([strike]), forward=self.future, years=self.years, vvix=self.levels.vvix
        )
        return float(found[0])

    def delta(self, strike: float) -> float:
        """Return N(d1)."""
        deviation = self.vol(strike) * math.sqrt(self.years)
        return float(ndtr(math.log(self.future / strike) / deviation + deviation / 2))

    def mid(self, strike: float) -> float:
        discount = math.exp(-self.rate * self.years)
        vol = self.vol(strike)
        return float(price(self.future, strike, self.years, discount, vol, is_call=True))

    def half_spread(self, mid: float) -> float:
        return float(SPREADS["VIX"].half_spread(np.array([mid]), self.levels.vix)[0])


def fresh_gain(  # noqa: PLR0913 - two sessions, a call, and how it is bought and valued
    history: History,
    base: int,
    later: int,
    call: FreshCall,
    *,
    spread_share: float = 0.5,
    vvix_kept: bool = False,
) -> float:
    """Return the gain on the premium of a call bought at `base`, decimal.

    Parameters
    ----------
    history
        The recorded levels.
    base, later
        Positions of two sessions.
    call
        What is bought.
    spread_share
        Share of the half-spread paid at the purchase.
    vvix_kept
        Whether it is valued at the VVIX of the base instead of that of the later close.

    Returns
    -------
    float
        2.0 is a gain of 200 %; NaN where the VIX is not known, or the call had settled by then.
    """
    expiry = _expiry(history, base, call.days)
    bought, valued = (_close(history, at, expiry) for at in (base, later))
    if bought is None or valued is None:
        return math.nan
    if vvix_kept:
        valued = valued.at_vvix(bought.levels.vvix)
    strike = _strike(bought, call.delta)
    paid = bought.mid(strike) + spread_share * bought.half_spread(bought.mid(strike))
    mid = valued.mid(strike)
    return max(mid - valued.half_spread(mid), 0.0) / paid - 1.0


def call_bid(history: History, at: int, *, expiry: dt.date, strike: float) -> float:
    """Return the bid of a VIX call at the close of a session, points.

    From its settlement on it is what it settled to: the open of the VIX less the strike. NaN where
    the VIX is not known.
    """
    session = history.session(at)
    if session >= expiry:
        return max(0.0, float(history.vix.open[history.position(expiry)]) - strike)
    close = _close(history, at, expiry)
    if close is None:
        return math.nan
    mid = close.mid(strike)
    return max(mid - close.half_spread(mid), 0.0)


def _expiry(history: History, at: int, days: int) -> dt.date:
    session = history.session(at)
    wanted = session + dt.timedelta(days=days)
    months = vix_months(session, history.calendar)
    return min(months, key=lambda each: abs((each - wanted).days))


def _close(history: History, at: int, expiry: dt.date) -> _Close | None:
    vix = known(history.vix.close[at])
    close = history.calendar.day(history.session(at)).close
    years = years_to_open(history.calendar, expiry, close)
    if vix is None or years <= 0:
        return None
    levels = vol_levels(vix, vix3m=known(history.vix3m[at]), vvix=known(history.vvix[at]))
    future = history.vx(at).get(expiry)
    return _Close(
        levels=levels,
        future=vx_level(levels, years) if future is None else future,
        years=years,
        rate=known(history.rate[at]) or 0.0,
    )


def _strike(close: _Close, delta: float) -> float:
    """Return the strike of that delta, between a third and eight times the future."""

    def miss(logarithm: float) -> float:
        return close.delta(close.future * math.exp(logarithm)) - delta

    return close.future * math.exp(brentq(miss, -math.log(3), math.log(WIDEST_STRIKE)))
