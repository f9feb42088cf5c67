"""Option chains priced from their own quotes: forward, implied volatility, delta.

The forward of an SPX expiry follows from put-call parity of its own quotes. The forward of a VIX
expiry is the VX future that settles on the same day, never spot VIX; where that future is not
quoted, and for VIXW without one, the chain is unknown as a whole. What must be bought all the same,
protection, can then be chosen by the parity of the options themselves (`parity_chain`).

Only live, two-sided quotes have a mid, an implied volatility and a delta. An ask with no bid is
known: its bid is 0. Locked, crossed, frozen and delayed quotes are unknown. A volatility that is
out of line with its neighbours is not repaired.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from bot.core.model import Feed, OptionContract, Right
from bot.core.pricing import BoolArray, FloatArray, implied_vol_and_greeks
from bot.core.sessions import settlement_time, years_between

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from bot.core.model import MarketSnapshot, OptionQuote, Quote

Scalar = TypeVar("Scalar", bound=np.generic)

VIX_CLASSES: Final = frozenset({"VIX", "VIXW"})
PARITY_STRIKES: Final = 9
"""Strikes nearest the money whose median gives the forward."""
MINIMUM_PARITY_STRIKES: Final = 3
"""Fewer cannot outvote one bad quote."""
TIE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PricedChain:
    """One expiry of one trading class, sorted by strike, calls before puts.

    Parameters
    ----------
    underlying, trading_class, expiry
        What it is.
    years
        Calendar time to settlement, minutes over 525,600.
    forward
        Points.
    discount
        Present value of 1 at settlement.
    contracts
        As quoted; the arrays below have one element for each.
    strike
        Points.
    is_call
        Right.
    bid, ask
        Points, NaN where unknown; a bid of 0 means that nobody bids.
    mid
        Points, NaN where the market is not two-sided.
    iv
        Black-76 volatility at the mid, decimal, NaN where there is none.
    delta
        Signed, by the forward, discounted; NaN with `iv`.
    extrinsic
        Mid less discounted intrinsic value, points; NaN with `mid`.
    """

    underlying: str
    trading_class: str
    expiry: dt.date
    years: float
    forward: float
    discount: float
    contracts: tuple[OptionContract, ...]
    strike: FloatArray
    is_call: BoolArray
    bid: FloatArray
    ask: FloatArray
    mid: FloatArray
    iv: FloatArray
    delta: FloatArray
    extrinsic: FloatArray

    def index_of(self, contract: OptionContract) -> int | None:
        """Return the position of `contract`, or ``None`` when it was not quoted."""
        position = bisect_left(self.contracts, _order(contract), key=_order)
        found = position < len(self.contracts) and self.contracts[position] == contract
        return position if found else None

    def nearest_delta(
        self,
        right: Right,
        target: float,
        *,
        tolerance: float,
        without: Collection[OptionContract] = (),
    ) -> int | None:
        """Return the two-sided option whose absolute delta is nearest to `target`.

        Parameters
        ----------
        right
            Call or put.
        target
            Absolute delta, 0 to 1.
        tolerance
            Greatest difference that is accepted, as a delta.
        without
            Contracts that shall not be taken.

        Returns
        -------
        int or None
            Position; the further out of the money of two equally near. ``None`` when there is
            none within `tolerance`.
        """
        distance = np.abs(np.abs(self.delta) - target)
        distance[~(distance <= tolerance + TIE)] = np.nan
        if without:
            distance[[contract in without for contract in self.contracts]] = np.nan
        return self._nearest(right, distance)

    def nearest_strike(
        self, right: Right, strike: float, *, allow_no_bid: bool = False
    ) -> int | None:
        """Return the option with a two-sided market whose strike is nearest to `strike`.

        Parameters
        ----------
        right
            Call or put.
        strike
            Points.
        allow_no_bid
            Whether an ask alone is enough, as for a long wing.

        Returns
        -------
        int or None
            Position; the further out of the money of two equally near. ``None`` when there is
            none.
        """
        quoted = self.ask if allow_no_bid else self.mid
        return self._nearest(right, np.where(np.isnan(quoted), np.nan, abs(self.strike - strike)))

    def _nearest(self, right: Right, distance: FloatArray) -> int | None:
        """Return the position of the least `distance` of one right; NaN never wins."""
        candidates = np.flatnonzero((self.is_call == (right is Right.CALL)) & ~np.isnan(distance))
        if not candidates.size:
            return None
        least = distance[candidates].min()
        ties = candidates[distance[candidates] <= least + TIE]
        return int(ties[-1] if right is Right.CALL else ties[0])


def expiries(
    snapshot: MarketSnapshot, trading_classes: Collection[str]
) -> tuple[tuple[str, dt.date], ...]:
    """Return the series of `trading_classes` with quotes, as (class, expiry), by expiry."""
    series = {
        (option.contract.trading_class, option.contract.expiry)
        for option in snapshot.options
        if option.contract.trading_class in trading_classes
    }
    return tuple(sorted(series, key=lambda each: (each[1], each[0])))


def future_level(snapshot: MarketSnapshot, expiry: dt.date) -> float | None:
    """Return the live mid of the VX future that settles on `expiry`, ``None`` when unknown."""
    for future in snapshot.vx_curve:
        if future.expiry == expiry and future.quote.feed is Feed.LIVE:
            return future.level
    return None


def price_chain(
    snapshot: MarketSnapshot,
    *,
    trading_class: str,
    expiry: dt.date,
    forward: float | None = None,
) -> PricedChain | None:
    """Price the quotes of one expiry.

    Parameters
    ----------
    snapshot
        Its quotes, VX curve, rate, calendar, and the time at which they were taken.
    trading_class
        ``"SPX"``, ``"SPXW"``, ``"VIX"`` or ``"VIXW"``.
    expiry
        Date of settlement.
    forward
        Points, where it is known from elsewhere than the quotes of this expiry.

    Returns
    -------
    PricedChain or None
        ``None`` where there are no quotes, no forward, or no time left, or `expiry` is not a
        session of the snapshot's calendar.
    """
    options = _quoted(snapshot, trading_class, expiry)
    years = years_to_settlement(snapshot, trading_class, expiry)
    if not options or years is None:
        return None
    quotes = _Quotes.of(options)
    discount = math.exp(-snapshot.rate * years)
    forward = forward or _own_forward(snapshot, quotes, trading_class, expiry, discount=discount)
    if forward is None:
        return None
    return _priced(options, quotes, years=years, forward=forward, discount=discount)


def parity_chain(
    snapshot: MarketSnapshot, *, trading_class: str, expiry: dt.date
) -> PricedChain | None:
    """Price the quotes of one expiry at the forward that put-call parity finds in them.

    European options of one expiry imply the future that they settle with: ``F = K + (C - P) / D``
    (Hull, Options, Futures and Other Derivatives, chapter on options on futures).

    Returns
    -------
    PricedChain or None
        As of `price_chain`; ``None`` too with fewer than three strikes of which call and put are
        quoted.
    """
    options = _quoted(snapshot, trading_class, expiry)
    years = years_to_settlement(snapshot, trading_class, expiry)
    if not options or years is None:
        return None
    forward = _Quotes.of(options).parity_forward(math.exp(-snapshot.rate * years))
    if forward is None or forward <= 0:
        return None
    return price_chain(snapshot, trading_class=trading_class, expiry=expiry, forward=forward)


def _own_forward(
    snapshot: MarketSnapshot,
    quotes: _Quotes,
    trading_class: str,
    expiry: dt.date,
    *,
    discount: float,
) -> float | None:
    """Return the VX future of a VIX expiry, and what put-call parity says of an SPX one."""
    if trading_class in VIX_CLASSES:
        return future_level(snapshot, expiry)
    return quotes.parity_forward(discount)


def _priced(
    options: tuple[OptionQuote, ...],
    quotes: _Quotes,
    *,
    years: float,
    forward: float,
    discount: float,
) -> PricedChain:
    contracts = tuple(option.contract for option in options)
    strike, is_call = quotes.strike, quotes.is_call
    (iv, _), letters = implied_vol_and_greeks(quotes.mid, forward, strike, years, discount, is_call)
    intrinsic = np.maximum(np.where(is_call, forward - strike, strike - forward), 0.0)
    return PricedChain(
        underlying=contracts[0].underlying,
        trading_class=contracts[0].trading_class,
        expiry=contracts[0].expiry,
        years=years,
        forward=forward,
        discount=discount,
        contracts=contracts,
        strike=strike,
        is_call=is_call,
        bid=quotes.bid,
        ask=quotes.ask,
        mid=quotes.mid,
        iv=_read_only(iv),
        delta=_read_only(letters.delta),
        extrinsic=_read_only(quotes.mid - discount * intrinsic),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Quotes:
    """What is known of the quotes of one expiry, as arrays."""

    strike: FloatArray
    is_call: BoolArray
    bid: FloatArray
    ask: FloatArray
    mid: FloatArray

    @classmethod
    def of(cls, options: tuple[OptionQuote, ...]) -> _Quotes:
        sides = np.array([_sides(option.quote) for option in options])
        bid, ask = sides[:, 0].copy(), sides[:, 1].copy()
        return cls(
            strike=_read_only(np.array([option.contract.strike for option in options])),
            is_call=_read_only(
                np.array([option.contract.right is Right.CALL for option in options])
            ),
            bid=_read_only(bid),
            ask=_read_only(ask),
            mid=_read_only(np.where(bid > 0, (bid + ask) / 2, np.nan)),
        )

    def parity_forward(self, discount: float) -> float | None:
        """Median of ``K + (C - P) / D`` over the strikes where call and put are nearest."""
        known = ~np.isnan(self.mid)
        calls = np.flatnonzero(known & self.is_call)
        puts = np.flatnonzero(known & ~self.is_call)
        strikes, of_calls, of_puts = np.intersect1d(
            self.strike[calls], self.strike[puts], assume_unique=True, return_indices=True
        )
        difference = self.mid[calls[of_calls]] - self.mid[puts[of_puts]]
        if difference.size < MINIMUM_PARITY_STRIKES:
            return None
        near = np.argsort(np.abs(difference), kind="stable")[:PARITY_STRIKES]
        return float(np.median(strikes[near] + difference[near] / discount))


def _quoted(
    snapshot: MarketSnapshot, trading_class: str, expiry: dt.date
) -> tuple[OptionQuote, ...]:
    """Select the quotes of one series, sorted."""
    chosen = (
        option
        for option in snapshot.options
        if option.contract.expiry == expiry and option.contract.trading_class == trading_class
    )
    return tuple(sorted(chosen, key=lambda option: _order(option.contract)))


def years_to_settlement(
    snapshot: MarketSnapshot, trading_class: str, expiry: dt.date
) -> float | None:
    """Return positive years, or ``None``: settled, or `expiry` is not a known session."""
    for day in snapshot.calendar:
        if day.session == expiry:
            years = years_between(snapshot.taken_at, settlement_time(trading_class, day))
            return years if years > 0 else None
    return None


def _sides(quote: Quote) -> tuple[float, float]:
    """Return bid and ask as far as they are known; 0 is nobody's bid."""
    bid, ask = quote.bid, quote.ask
    broken = bid is not None and ask is not None and not quote.two_sided
    if broken or not quote.sound or quote.feed is not Feed.LIVE:
        return math.nan, math.nan
    if ask is None:
        return math.nan if bid is None else bid, math.nan
    return 0.0 if bid is None else bid, ask


def _order(contract: OptionContract) -> tuple[float, Right]:
    return contract.strike, contract.right


def _read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    array.setflags(write=False)
    return array
