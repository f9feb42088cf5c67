"""Quoted chains from the surfaces: one expiry at a time, all strikes and both rights at once."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bot.core.pricing import price
from bot.core.sessions import years_between
from bot.surfaces.cboe_vix import TermQuotes, replicate_vix
from bot.surfaces.quotes import SPREADS, deep_half_spread, quoted
from bot.surfaces.vix_surface import vix_vols

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.surfaces.levels import VolLevels
    from bot.surfaces.spx_surface import SpxSurface

CALIBRATION_STEPS: Final = 4
CALIBRATION_TOLERANCE: Final = 0.01
"""VIX points: finer than this the ticks of the quotes decide."""

DEEP_DEVIATIONS: Final = 2.0
SHORTEST_YEARS: Final = 1 / 525_600
"""An option in its last minute is priced as if that minute were left."""


CALL_AND_PUT: Final = np.array([[True], [False]])
"""Rows of both rights over one row of strikes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listing:
    """Strikes of one expiry and the instant at which it settles.

    Parameters
    ----------
    trading_class
        ``"SPX"``, ``"SPXW"``, ``"VIX"`` or ``"VIXW"``.
    settles
        Instant of settlement (aware).
    strikes
        Points, strictly increasing; shape (n,).
    """

    trading_class: str
    settles: dt.datetime
    strikes: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Smile:
    """What Black-76 needs to price one expiry.

    Parameters
    ----------
    forward
        Forward of the underlying at settlement, points.
    years, discount
        Time to settlement, and the value now of 1 paid then.
    vols
        Implied volatility at each strike, decimal per year; shape (n,).
    """

    forward: float
    years: float
    discount: float
    vols: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpiryQuotes:
    """Quotes of one expiry; arrays have the shape of the listing's strikes.

    Parameters
    ----------
    listing
        What was quoted.
    smile
        What it was priced from.
    call_bid, call_ask, put_bid, put_ask
        Points; 0.0 where nobody bids.
    """

    listing: Listing
    smile: Smile
    call_bid: NDArray[np.float64]
    call_ask: NDArray[np.float64]
    put_bid: NDArray[np.float64]
    put_ask: NDArray[np.float64]

    def call_delta(self) -> NDArray[np.float64]:
        """Return the delta of each call to its forward, N(d1); a put's is one less."""
        deviation = self.smile.vols * math.sqrt(self.smile.years)
        moneyness = np.log(self.smile.forward / self.listing.strikes)
        delta: NDArray[np.float64] = ndtr(moneyness / deviation + deviation / 2)
        return delta


def spx_quotes(surface: SpxSurface, listing: Listing, now: dt.datetime) -> ExpiryQuotes:
    """Quote one SPX or SPXW expiry off the surface."""
    return spx_terms(surface, (listing,), now)[0]


def spx_terms(
    surface: SpxSurface, listings: Sequence[Listing], now: dt.datetime
) -> list[ExpiryQuotes]:
    """Quote several SPX or SPXW expiries off the surface."""
    years = [_years(listing, now) for listing in listings]
    vix = surface.levels.vix
    found = []
    for listing, term, smile_of in zip(listings, years, surface.slices(years), strict=True):
        forward = surface.forward(term)
        variance = smile_of.total_variance(np.log(listing.strikes / forward))
        smile = Smile(
            forward=forward,
            years=term,
            discount=surface.discount(term),
            vols=np.sqrt(variance / term),
        )
        deep = DEEP_DEVIATIONS * vix / 100 * math.sqrt(term) * forward
        found.append(_quotes(listing, smile, vix=vix, deep=deep))
    return found


def vix_quotes(
    listing: Listing, now: dt.datetime, *, forward: float, rate: float, levels: VolLevels
) -> ExpiryQuotes:
    """Quote one VIX or VIXW expiry by Black-76 on `forward`, the VX of the same expiry."""
    years = _years(listing, now)
    smile = Smile(
        forward=forward,
        years=years,
        discount=math.exp(-rate * years),
        vols=vix_vols(listing.strikes, forward=forward, years=years, vvix=levels.vvix),
    )
    return _quotes(listing, smile, vix=levels.vix, deep=math.inf)


def term_quotes(quotes: ExpiryQuotes, rate: float) -> TermQuotes:
    """Return an SPX expiry as a term of the VIX formula."""
    return TermQuotes(
        settles=quotes.listing.settles,
        rate=rate,
        strikes=quotes.listing.strikes,
        call_bid=quotes.call_bid,
        call_ask=quotes.call_ask,
        put_bid=quotes.put_bid,
        put_ask=quotes.put_ask,
    )


def quoted_vix(surface: SpxSurface, terms: tuple[Listing, Listing], now: dt.datetime) -> float:
    """Return the VIX recomputed from the quotes of its near and next term, points."""
    near, after = (term_quotes(each, surface.rate) for each in spx_terms(surface, terms, now))
    return replicate_vix(near, after, now)


def calibrated(
    surface: SpxSurface,
    terms: tuple[Listing, Listing],
    now: dt.datetime,
    *,
    unchecked: float = 0.0,
) -> SpxSurface:
    """Return the surface scaled so that the VIX of its quotes is the VIX of its levels.

    The VIX moves almost with the root of the scale, so a fixed-point step on the ratio of the
    squares converges in two or three.

    Parameters
    ----------
    surface
        With the levels that are to be met.
    terms
        The near and the next term of the VIX.
    now
        Instant of the quotes (aware).
    unchecked
        Miss of the VIX, as a share of it, below which a step is not checked: what a step leaves
        is of second order.

    Raises
    ------
    MarketDataError
        When the quotes of a term do not give a variance.
    """
    for _ in range(CALIBRATION_STEPS):
        vix = quoted_vix(surface, terms, now)
        if abs(vix - surface.levels.vix) < CALIBRATION_TOLERANCE:
            break
        surface = replace(surface, scale=surface.scale * (surface.levels.vix / vix) ** 2)
        if abs(vix / surface.levels.vix - 1) < unchecked:
            break
    return surface


def _years(listing: Listing, now: dt.datetime) -> float:
    return max(years_between(now, listing.settles), SHORTEST_YEARS)


def _quotes(listing: Listing, smile: Smile, *, vix: float, deep: float) -> ExpiryQuotes:
    """Quote both rights; options more than `deep` points in the money are quoted wider."""
    prices = price(
        smile.forward,
        listing.strikes,
        years=smile.years,
        discount=smile.discount,
        vol=smile.vols,
        is_call=CALL_AND_PUT,
    )
    half = SPREADS[listing.trading_class].half_spread(prices.min(axis=0), vix)
    depth = smile.forward - listing.strikes
    inside = np.stack([depth, -depth])
    bids, asks = quoted(
        prices, half + deep_half_spread(inside - deep), trading_class=listing.trading_class
    )
    return ExpiryQuotes(
        listing=listing,
        smile=smile,
        call_bid=bids[0],
        call_ask=asks[0],
        put_bid=bids[1],
        put_ask=asks[1],
    )
