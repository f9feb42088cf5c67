"""The chains on which the kernel is measured: SPX with 60 expiries, and a grid of VIX options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bot.core.pricing import BoolArray, FloatArray, price

if TYPE_CHECKING:
    from pathlib import Path

SPX, RATE, DIVIDENDS = 6400.0, 0.04, 0.012
TICK = 0.05
DAYS = (
    *range(1, 46),
    *(52, 60, 75, 90, 120, 150, 180, 240, 300, 365, 450, 540, 730, 1095, 1825),
)
"""SPX lists an expiry for almost every session of the next weeks, then months, then years."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionChain:
    """Options with their model prices and volatilities; flat arrays of one length."""

    forward: FloatArray
    strike: FloatArray
    years: FloatArray
    discount: FloatArray
    call: BoolArray
    vol: FloatArray
    price: FloatArray

    @property
    def size(self) -> int:
        """Number of contracts."""
        return self.strike.size

    @property
    def market(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, BoolArray]:
        """What the kernel takes after the price."""
        return self.forward, self.strike, self.years, self.discount, self.call

    def quotes(self) -> FloatArray:
        """Return the prices as they are quoted: to the tick, and 0 for the worthless."""
        quoted: FloatArray = np.round(self.price / TICK) * TICK
        return quoted

    def save(self, path: Path) -> None:
        """Write the arrays for a process that does not have this program."""
        fields = ("forward", "strike", "years", "discount", "call", "vol", "price")
        np.savez(path, quotes=self.quotes(), **{name: getattr(self, name) for name in fields})


def spx_chain(contracts: int = 20_000) -> OptionChain:
    """Return an SPX chain of 60 expiries, calls and puts at each strike.

    Strikes reach from about seven deviations below the forward to two and a half above, at steps of
    5 points or more; the volatility falls towards the upside and smiles at the ends, steeper for
    shorter times.
    """
    each = -(-contracts // (2 * len(DAYS)))
    years = np.repeat(np.array(DAYS) / 365.0, each)
    place = np.tile(np.linspace(-7.0, 2.5, each), len(DAYS))
    forward = SPX * np.exp((RATE - DIVIDENDS) * years)
    at_the_money = 0.11 + 0.06 * (1 - np.exp(-2 * years))
    strike = np.round(forward * np.exp(place * at_the_money * np.sqrt(years)) / 5) * 5
    z = np.log(strike / forward) / (at_the_money * np.sqrt(years))
    vol = at_the_money * (1 - 0.13 * z + 0.01 * z * z)
    return _chain(forward, strike, years, np.maximum(vol, 0.06))


def vix_grid() -> OptionChain:
    """Return VIX options at volatilities of 50 to 400 %, a day to nine months from settlement."""
    years, ratio, vol = (
        axis.ravel()
        for axis in np.meshgrid(
            np.array([1, 2, 5, 9, 16, 30, 60, 90, 120, 180, 270]) / 365.0,
            np.concatenate([np.linspace(0.5, 1.5, 21), np.linspace(1.6, 6.0, 12)]),
            np.linspace(0.5, 4.0, 29),
            indexing="ij",
        )
    )
    forward = 18.0 + 2.0 * np.sqrt(years)
    return _chain(forward, np.round(forward * ratio * 2) / 2, years, vol)


def _chain(
    forward: FloatArray, strike: FloatArray, years: FloatArray, vol: FloatArray
) -> OptionChain:
    """Return calls and puts at each strike."""
    forward, strike, years, vol = (np.tile(each, 2) for each in (forward, strike, years, vol))
    call = np.arange(strike.size) < strike.size // 2
    discount = np.exp(-RATE * years)
    return OptionChain(
        forward=forward,
        strike=strike,
        years=years,
        discount=discount,
        call=call,
        vol=vol,
        price=price(forward, strike, years, discount, vol, call),
    )
