"""The quotes of one expiry as arrays, before they are priced, and the forward that they imply.

Only live, two-sided quotes have a mid. An ask with no bid is known: its bid is 0. Locked, crossed,
frozen and delayed quotes are unknown. Of SPX the forward is that of put-call parity, of VIX the
VX future that settles on the same day, never spot VIX.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeVar

import numpy as np

from bot.core.model import MOST_POINTS, Feed, OptionContract, Right
from bot.core.pricing import BoolArray, FloatArray
from bot.core.sessions import settlement_time, years_between

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from bot.core.model import MarketSnapshot, OptionQuote, Quote

Scalar = TypeVar("Scalar", bound=np.generic)

Key: TypeAlias = "tuple[str, dt.date]"
"""Trading class and expiry."""

VIX_CLASSES: Final = frozenset({"VIX", "VIXW"})
PARITY_STRIKES: Final = 9
"""Strikes nearest the money whose median gives the forward."""
MINIMUM_PARITY_STRIKES: Final = 3
"""Fewer cannot outvote one bad quote."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuotedSeries:
    """The quotes of one expiry of one trading class as arrays, before they are priced.

    Parameters
    ----------
    trading_class, expiry
        What it is.
    years, discount
        Time to settlement, and the present value of 1 then.
    contracts
        Sorted by strike, calls before puts; the arrays have one element for each.
    strike, is_call, bid, ask, mid
        As of `PricedChain`.
    """

    trading_class: str
    expiry: dt.date
    years: float
    discount: float
    contracts: tuple[OptionContract, ...]
    strike: FloatArray
    is_call: BoolArray
    bid: FloatArray
    ask: FloatArray
    mid: FloatArray

    def parity_forward(self) -> float | None:
        """Median of ``K + (C - P) / D`` over the strikes where call and put are nearest."""
        mids: tuple[dict[float, float], dict[float, float]] = ({}, {})
        options = zip(self.strike.tolist(), self.is_call.tolist(), self.mid.tolist(), strict=True)
        for strike, is_call, mid in options:
            if not math.isnan(mid):
                mids[is_call][strike] = mid
        puts, calls = mids
        pairs = [(calls[strike] - put, strike) for strike, put in puts.items() if strike in calls]
        if len(pairs) < MINIMUM_PARITY_STRIKES:
            return None
        near = sorted(pairs, key=lambda pair: abs(pair[0]))[:PARITY_STRIKES]
        return median(strike + difference / self.discount for difference, strike in near)


def own_forward(snapshot: MarketSnapshot, series: QuotedSeries) -> float | None:
    """Return the VX future of a VIX expiry, and what put-call parity says of an SPX one."""
    if series.trading_class in VIX_CLASSES:
        return future_level(snapshot, series.expiry)
    return series.parity_forward()


def series_of(snapshot: MarketSnapshot, trading_class: str, expiry: dt.date) -> QuotedSeries | None:
    """Return the quotes of one expiry; ``None`` where there are none, or no time is left.

    Parameters
    ----------
    snapshot, trading_class, expiry
        As for `price_chain`.
    """
    key = trading_class, expiry
    return quoted_series(snapshot, {key: _quoted(snapshot, *key)}).get(key)


def quoted_series(
    snapshot: MarketSnapshot, quoted: Mapping[Key, Sequence[OptionQuote]]
) -> dict[Key, QuotedSeries]:
    """Return the series that have quotes and time left, their arrays all made in one step.

    Parameters
    ----------
    snapshot
        As for `price_chain`.
    quoted
        Quotes by trading class and expiry, in any order.
    """
    years = {key: years_to_settlement(snapshot, *key) for key, options in quoted.items() if options}
    left = {key: each for key, each in years.items() if each is not None}
    ordered = {key: sorted(quoted[key], key=_BY_STRIKE) for key in left}
    columns = _Columns.of([option for options in ordered.values() for option in options])
    ends = accumulate(len(options) for options in ordered.values())
    return {
        key: QuotedSeries(
            trading_class=key[0],
            expiry=key[1],
            years=left[key],
            discount=math.exp(-snapshot.rate * left[key]),
            contracts=tuple([option.contract for option in options]),
            strike=columns.strike[end - len(options) : end],
            is_call=columns.is_call[end - len(options) : end],
            bid=columns.bid[end - len(options) : end],
            ask=columns.ask[end - len(options) : end],
            mid=columns.mid[end - len(options) : end],
        )
        for (key, options), end in zip(ordered.items(), ends, strict=True)
    }


class _Columns(NamedTuple):
    """Quotes as arrays; fields as of `QuotedSeries`."""

    strike: FloatArray
    is_call: BoolArray
    bid: FloatArray
    ask: FloatArray
    mid: FloatArray

    @classmethod
    def of(cls, options: Sequence[OptionQuote]) -> Self:
        """Read them off `options`."""
        sides = [_sides(option.quote) for option in options]
        return cls(
            strike=read_only(np.array([option.contract.strike for option in options])),
            is_call=read_only(
                np.array([option.contract.right is Right.CALL for option in options])
            ),
            bid=read_only(np.array([bid for bid, _ in sides])),
            ask=read_only(np.array([ask for _, ask in sides])),
            mid=read_only(
                np.array([(bid + ask) / 2 if bid > 0 else math.nan for bid, ask in sides])
            ),
        )


def future_level(snapshot: MarketSnapshot, expiry: dt.date) -> float | None:
    """Return the live mid of the VX future that settles on `expiry`, ``None`` when unknown."""
    for future in snapshot.vx_curve:
        if future.expiry == expiry and future.quote.feed is Feed.LIVE:
            return future.level
    return None


def _quoted(
    snapshot: MarketSnapshot, trading_class: str, expiry: dt.date
) -> tuple[OptionQuote, ...]:
    """Select the quotes of one series."""
    return tuple(
        option
        for option in snapshot.options
        if option.contract.expiry == expiry and option.contract.trading_class == trading_class
    )


def years_to_settlement(
    snapshot: MarketSnapshot, trading_class: str, expiry: dt.date
) -> float | None:
    """Return positive years, or ``None``: settled, or `expiry` is not a known session."""
    days = snapshot.calendar
    at = bisect_left(days, expiry, key=_SESSION)
    if at == len(days) or days[at].session != expiry:
        return None
    years = years_between(snapshot.taken_at, settlement_time(trading_class, days[at]))
    return years if years > 0 else None


def _sides(quote: Quote) -> tuple[float, float]:
    """Return bid and ask as far as they are known; 0 is nobody's bid."""
    bid, ask = quote.bid, quote.ask
    if (
        bid is not None
        and ask is not None
        and quote.feed is Feed.LIVE
        and 0 < bid < ask < MOST_POINTS
    ):
        return bid, ask
    broken = bid is not None and ask is not None and not quote.two_sided
    if broken or not quote.sound or quote.feed is not Feed.LIVE:
        return math.nan, math.nan
    if ask is None:
        return math.nan if bid is None else bid, math.nan
    return 0.0 if bid is None else bid, ask


strike_order: Callable[[OptionContract], tuple[float, Right]] = attrgetter("strike", "right")
"""Sort key of contracts: by strike, calls before puts."""

_BY_STRIKE: Final = attrgetter("contract.strike", "contract.right")
_SESSION: Final = attrgetter("session")


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return `array`, which nobody may change any more."""
    array.setflags(write=False)
    return array
