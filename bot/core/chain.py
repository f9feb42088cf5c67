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
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.model import OptionContract, Right
from bot.core.option_arrays import Inputs
from bot.core.pricing import BoolArray, FloatArray, vols_and_deltas
from bot.core.series import (
    MINIMUM_PARITY_STRIKES,
    PARITY_STRIKES,
    VIX_CLASSES,
    QuotedSeries,
    future_level,
    own_forward,
    read_only,
    series_of,
    strike_order,
    years_to_settlement,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.core.model import MarketSnapshot

__all__ = [
    "MINIMUM_PARITY_STRIKES",
    "PARITY_STRIKES",
    "VIX_CLASSES",
    "PricedChain",
    "expiries",
    "future_level",
    "parity_chain",
    "price_chain",
    "price_series",
    "years_to_settlement",
]

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
        position = bisect_left(self.contracts, strike_order(contract), key=strike_order)
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
        distances = [abs(abs(delta) - target) for delta in self.delta.tolist()]
        return self._nearest(
            right,
            [
                distance if distance <= tolerance + TIE and contract not in without else math.nan
                for distance, contract in zip(distances, self.contracts, strict=True)
            ],
        )

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
        quoted = (self.ask if allow_no_bid else self.mid).tolist()
        return self._nearest(
            right,
            [
                math.nan if math.isnan(price) else abs(each - strike)
                for price, each in zip(quoted, self.strike.tolist(), strict=True)
            ],
        )

    def _nearest(self, right: Right, distances: Sequence[float]) -> int | None:
        """Return the position of the least distance of one right; NaN never wins.

        With lists: a few dozen strikes cost more as arrays.
        """
        wanted = right is Right.CALL
        candidates = [
            (distance, at)
            for at, (distance, is_call) in enumerate(
                zip(distances, self.is_call.tolist(), strict=True)
            )
            if is_call == wanted and not math.isnan(distance)
        ]
        if not candidates:
            return None
        least = min(candidates)[0]
        ties = [at for distance, at in candidates if distance <= least + TIE]
        return ties[-1] if wanted else ties[0]


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
    series = series_of(snapshot, trading_class, expiry)
    if series is None:
        return None
    forward = forward or own_forward(snapshot, series)
    return None if forward is None else price_series([(series, forward)])[0]


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
    series = series_of(snapshot, trading_class, expiry)
    forward = None if series is None else series.parity_forward()
    if series is None or forward is None or forward <= 0:
        return None
    return price_series([(series, forward)])[0]


def price_series(wanted: Sequence[tuple[QuotedSeries, float]]) -> list[PricedChain]:
    """Price series at their forwards (points), all of them in one call of the kernel."""
    if not wanted:
        return []
    counts = [len(series.contracts) for series, _ in wanted]
    mid = np.concatenate([series.mid for series, _ in wanted])
    strike = np.concatenate([series.strike for series, _ in wanted])
    is_call = np.concatenate([series.is_call for series, _ in wanted])
    terms = np.array([(level, each.years, each.discount) for each, level in wanted])
    forward, years, discount = np.repeat(terms.T, counts, axis=1)
    iv, delta = vols_and_deltas(Inputs(forward, strike, years, discount, mid, is_call))
    intrinsic = np.maximum(np.where(is_call, forward - strike, strike - forward), 0.0)
    extrinsic = mid - discount * intrinsic
    ends = list(accumulate(counts))
    return [
        _chain(series, level, iv[part], delta[part], extrinsic[part])
        for (series, level), part in zip(wanted, map(slice, [0, *ends[:-1]], ends), strict=True)
    ]


def _chain(
    series: QuotedSeries, forward: float, iv: FloatArray, delta: FloatArray, extrinsic: FloatArray
) -> PricedChain:
    return PricedChain(
        underlying=series.contracts[0].underlying,
        trading_class=series.trading_class,
        expiry=series.expiry,
        years=series.years,
        forward=forward,
        discount=series.discount,
        contracts=series.contracts,
        strike=series.strike,
        is_call=series.is_call,
        bid=series.bid,
        ask=series.ask,
        mid=series.mid,
        iv=read_only(iv),
        delta=read_only(delta),
        extrinsic=read_only(extrinsic),
    )
