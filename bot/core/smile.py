"""Where the deltas of an expiry lie before, and while, it is quoted.

A smile predicts which strikes are worth a quote; nothing is ever priced, sold or bought by it.
Its shape is that of an earlier session's quotes, or a rule of thumb where there are none; its
level follows the quotes that have been read, strike by strike:

``vol(K) = smile(x) r(x)``, ``x = ln(K/F) / sqrt(T)``

with `r` linear between the ratios of read to predicted volatility at the strikes that have been
read, and flat beyond them. A chain that is *completed* so can be given to the very rules that
decide: what they would choose is what must be read next.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.chain import PricedChain, expiries, price_chain
from bot.core.model import Right
from bot.core.pricing import greeks, price

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.core.model import MarketSnapshot, OptionContract
    from bot.core.pricing import BoolArray, FloatArray
    from bot.core.universe import ListedSeries

MINIMUM_POINTS: Final = 4
"""Fewer volatilities make no shape."""

SPX_SHAPE: Final = (
    (-3.5, 1.82),
    (-2.5, 1.52),
    (-1.5, 1.23),
    (-1.0, 1.10),
    (-0.5, 0.96),
    (0.0, 0.81),
    (0.5, 0.72),
    (1.0, 0.67),
    (1.5, 0.70),
    (2.5, 0.88),
)
"""Volatility over VIX of SPX options a month out, by standard deviations from the forward.

Medians of 37 end-of-day chains from 2020 to 2026 at VIX 13 to 66; they scatter by about 0.04.
"""

VIX_SHAPE: Final = ((-1.0, 0.75), (-0.5, 0.85), (0.0, 0.97), (0.5, 1.10), (1.0, 1.20), (3.0, 1.55))
"""The same of VIX options, over the VVIX brought to the term of the expiry."""

SPX_CLASSES: Final = ("SPX", "SPXW")
ORDINARY_VVIX: Final = 95.0
VVIX_DAYS: Final = 30
VVIX_DECAY: Final = 0.2
"""The volatility of a VX future falls with its term, about as ``(30 days / term) ** 0.2``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smile:
    """Predicted volatilities of one expiry.

    Parameters
    ----------
    moneyness
        ``ln(K/F) / sqrt(years)``, ascending.
    vol
        Decimal, annual, one for each.
    """

    moneyness: tuple[float, ...]
    vol: tuple[float, ...]

    def at(self, moneyness: FloatArray) -> FloatArray:
        """Return the volatility at each moneyness: linear in between, flat beyond the ends."""
        found: FloatArray = np.interp(moneyness, self.moneyness, self.vol)
        return found

    def scaled(self, ratio: float) -> Smile:
        """Return the same shape at another level: in standard deviations it keeps its place."""
        return Smile(
            moneyness=tuple(each * ratio for each in self.moneyness),
            vol=tuple(vol * ratio for vol in self.vol),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the options of one expiry are predicted with.

    Parameters
    ----------
    years
        To settlement, positive.
    forward
        Points: predicted, or as read.
    discount
        Present value of 1 at settlement.
    smile
        Predicted volatilities.
    """

    years: float
    forward: float
    discount: float
    smile: Smile

    def as_read(self, chain: PricedChain) -> Terms:
        """Return the terms with the forward of a chain that has been read."""
        return replace(self, forward=chain.forward, discount=chain.discount)

    def moneyness(self, strike: FloatArray) -> FloatArray:
        """Return ``ln(K/F) / sqrt(T)``."""
        found: FloatArray = np.log(strike / self.forward) / math.sqrt(self.years)
        return found


def spx_smile(vix: float) -> Smile:
    """Return a rule-of-thumb smile of SPX options about a month out, `vix` in points."""
    return Smile(
        moneyness=tuple(x for x, _ in SPX_SHAPE), vol=tuple(y for _, y in SPX_SHAPE)
    ).scaled(vix / 100)


def vix_smile(vvix: float, years: float) -> Smile:
    """Return a rule-of-thumb smile of VIX options of that term, `vvix` in points."""
    term = (VVIX_DAYS / (365 * years)) ** VVIX_DECAY
    return Smile(
        moneyness=tuple(x for x, _ in VIX_SHAPE), vol=tuple(y for _, y in VIX_SHAPE)
    ).scaled(vvix / 100 * term)


def smile_of(chain: PricedChain) -> Smile | None:
    """Return the smile of the options out of the money; ``None`` where too few are quoted."""
    strike, vol = _out_of_the_money(chain)
    if strike.size < MINIMUM_POINTS:
        return None
    moneyness = np.log(strike / chain.forward) / math.sqrt(chain.years)
    return Smile(moneyness=tuple(map(float, moneyness)), vol=tuple(map(float, vol)))


def completed(series: ListedSeries, terms: Terms, read: PricedChain | None) -> PricedChain:
    """Return the chain of all listed strikes, as read where they were, else as predicted.

    Parameters
    ----------
    series
        Its listed strikes.
    terms
        For the strikes that have not been read; with the forward of `read` where there is one.
    read
        What has been read, ``None`` for nothing. What was asked for and has no market has none
        here either.
    """
    contracts = tuple(
        series.contract(strike, right)
        for strike in sorted(series.strikes)
        for right in (Right.CALL, Right.PUT)
    )
    full = _predicted(contracts, terms, _ratios(terms, read))
    return full if read is None else _overlaid(full, read)


def _predicted(
    contracts: Sequence[OptionContract], terms: Terms, ratios: tuple[FloatArray, FloatArray]
) -> PricedChain:
    """Return a chain in which every contract is quoted at its predicted value."""
    strike = np.array([contract.strike for contract in contracts])
    is_call = np.array([contract.right is Right.CALL for contract in contracts])
    moneyness = terms.moneyness(strike)
    vol = terms.smile.at(moneyness) * np.interp(moneyness, *ratios)
    inputs = (terms.forward, strike, terms.years, terms.discount, vol, is_call)
    mid = price(*inputs)
    return PricedChain(
        underlying=contracts[0].underlying,
        trading_class=contracts[0].trading_class,
        expiry=contracts[0].expiry,
        years=terms.years,
        forward=terms.forward,
        discount=terms.discount,
        contracts=tuple(contracts),
        strike=strike,
        is_call=is_call,
        bid=mid.copy(),
        ask=mid.copy(),
        mid=mid,
        iv=vol,
        delta=greeks(*inputs).delta,
        extrinsic=mid - terms.discount * _intrinsic(terms.forward, strike, is_call),
    )


def _intrinsic(forward: float, strike: FloatArray, is_call: BoolArray) -> FloatArray:
    found: FloatArray = np.maximum(np.where(is_call, forward - strike, strike - forward), 0.0)
    return found


def _overlaid(full: PricedChain, read: PricedChain) -> PricedChain:
    """Return `full` with everything that has been read in its place."""
    places = [(full.index_of(contract), n) for n, contract in enumerate(read.contracts)]
    into = [place for place, _ in places if place is not None]
    out = [n for place, n in places if place is not None]
    columns = {}
    for name in ("bid", "ask", "mid", "iv", "delta", "extrinsic"):
        column = getattr(full, name).copy()
        column[into] = getattr(read, name)[out]
        columns[name] = column
    return replace(full, **columns)


def _ratios(terms: Terms, read: PricedChain | None) -> tuple[FloatArray, FloatArray]:
    """Return moneyness, ascending, and how many times the prediction was read there."""
    if read is not None:
        strike, vol = _out_of_the_money(read)
        if strike.size:
            moneyness = terms.moneyness(strike)
            return moneyness, vol / terms.smile.at(moneyness)
    return np.zeros(1), np.ones(1)


def _out_of_the_money(chain: PricedChain) -> tuple[FloatArray, FloatArray]:
    """Return strikes, ascending, and volatilities of what is out of the money and has one."""
    out = chain.is_call == (chain.strike >= chain.forward)
    chosen = np.flatnonzero(out & np.isfinite(chain.iv))
    return chain.strike[chosen], chain.iv[chosen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Smiles:
    """Shapes that an earlier session leaves behind.

    Parameters
    ----------
    spx
        Of SPX options at a VIX of 100; ``None`` where nothing is known.
    vix
        Of VIX options, with the settlement date of each.
    """

    spx: Smile | None = None
    vix: tuple[tuple[dt.date, Smile], ...] = ()

    def of_spx(self, vix: float) -> Smile:
        """Return the smile of SPX options at a VIX of `vix` points."""
        return spx_smile(vix) if self.spx is None else self.spx.scaled(vix / 100)

    def of_vix(self, expiry: dt.date, vvix: float | None, years: float) -> Smile:
        """Return the smile of the VIX options of `expiry`: as it was left, or by rule of thumb."""
        for settled, smile in self.vix:
            if settled == expiry:
                return smile
        return vix_smile(ORDINARY_VVIX if vvix is None else vvix, years)


def smiles_of(snapshot: MarketSnapshot) -> Smiles:
    """Return the shapes that the quotes of `snapshot` show."""
    vix = snapshot.level("VIX")
    found = [_best(snapshot, SPX_CLASSES)] if vix is not None else []
    spx = next((smile.scaled(100 / vix) for smile in found if smile is not None and vix), None)
    of_vix = [
        (expiry, smile_of(chain))
        for trading_class, expiry in expiries(snapshot, ("VIX",))
        if (chain := price_chain(snapshot, trading_class=trading_class, expiry=expiry)) is not None
    ]
    return Smiles(spx=spx, vix=tuple((day, smile) for day, smile in of_vix if smile is not None))


def _best(snapshot: MarketSnapshot, trading_classes: Collection[str]) -> Smile | None:
    """Return the smile of the expiry of which most is quoted."""
    chains = (
        price_chain(snapshot, trading_class=trading_class, expiry=expiry)
        for trading_class, expiry in expiries(snapshot, trading_classes)
    )
    smiles = [smile for chain in chains if chain is not None and (smile := smile_of(chain))]
    return max(smiles, key=lambda smile: len(smile.vol), default=None)
