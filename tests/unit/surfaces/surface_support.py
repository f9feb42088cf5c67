"""Listings and quotes that the tests of the surfaces share."""

from __future__ import annotations

import datetime as dt

import numpy as np

from bot.core.pricing import price
from bot.core.sessions import years_between
from bot.surfaces.cboe_vix import TermQuotes
from bot.surfaces.chain import Listing

NOW = dt.datetime(2025, 1, 6, 20, 30, tzinfo=dt.UTC)
"""A Monday, 15:30 in New York."""


def spxw_listing(days: int, spot: float = 6000.0) -> Listing:
    """List SPXW `days` ahead: 5 points near the money, 25 further out."""
    dense = np.arange(spot * 0.8 // 5 * 5, spot * 1.1, 5)
    wide = np.arange(spot * 0.3 // 25 * 25, spot * 1.6, 25)
    return Listing(
        trading_class="SPXW",
        settles=dt.datetime(2025, 1, 6, 21, 0, tzinfo=dt.UTC) + dt.timedelta(days=days),
        strikes=np.unique(np.concatenate([dense, wide])).astype(float),
    )


def flat_term(settles: dt.datetime, vol: float, *, rate: float, forward: float) -> TermQuotes:
    """Quote every strike from 20 % to 400 % of the forward at one volatility, without a spread."""
    strikes = np.arange(forward * 0.2, forward * 4.0, 1.0)
    years = years_between(NOW, settles)
    discount = float(np.exp(-rate * years))
    calls, puts = (
        price(forward, strikes, years=years, discount=discount, vol=vol, is_call=is_call)
        for is_call in (True, False)
    )
    return TermQuotes(
        settles=settles,
        rate=rate,
        strikes=strikes,
        call_bid=calls,
        call_ask=calls,
        put_bid=puts,
        put_ask=puts,
    )
