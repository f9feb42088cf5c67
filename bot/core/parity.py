"""Put-call parity of VIX options against the VX future of their expiry.

A VIX call and put of one strike, and the VX future that settles to the same print, can be
combined so that nothing is left to chance. Bought below and sold above what parity says, the
combination earns its *edge*:

- **conversion**: sell the call, buy the put, buy the future.
- **reversal**: buy the call, sell the put, sell the future.

All prices are those at which each leg can be traded now: what is bought costs the ask, what is
sold brings the bid. Edges are points of one option, before fees. A leg without a bid cannot be
sold, and what is not quoted on both sides has no edge.

One VX future is 1,000 USD a point, one VIX option 100: ten pairs of options go with one future.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.core.model import MULTIPLIER, Quote

if TYPE_CHECKING:
    from bot.core.rules import ParityRules

PAIRS_TO_A_FUTURE: Final = 10
"""Pairs of VIX options that one VX future hedges."""


class Arbitrage(StrEnum):
    """Which way round the three legs are traded; named by the side of the future and the pair."""

    CONVERSION = "conversion"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityFlag:
    """A combination whose edge was above its fees in one snapshot.

    Parameters
    ----------
    expiry, strike, kind
        Which combination.
    edge_points
        What one pair of options earns, before fees.
    fees_points
        Fees of one pair, with its tenth of a future.
    size
        Pairs that the quotes of all three legs have room for; ``None`` when one of them does
        not say.
    """

    expiry: dt.date
    strike: float
    kind: Arbitrage
    edge_points: float
    fees_points: float
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityQuotes:
    """The three markets of one strike.

    Parameters
    ----------
    strike
        Points.
    call, put
        The VIX options.
    future
        The VX future that settles on the same day.
    discount
        Present value of 1 at settlement, ``exp(-rT)``.
    """

    strike: float
    call: Quote
    put: Quote
    future: Quote
    discount: float


def conversion_edge(quotes: ParityQuotes) -> float | None:
    """Return what selling the call, buying the put and the future earns, in points.

    ``C_bid - P_ask - D (F_ask - K)``

    ``None`` when a leg is not quoted on both sides.

    Notes
    -----
    Put-call parity of options on a future: Black, "The pricing of commodity contracts", J.
    Financial Economics 3 (1976); the conversion is Hull, *Options, Futures, and Other
    Derivatives*, chapter on options on futures.
    """
    call, put, future = quotes.call, quotes.put, quotes.future
    if not _quoted(quotes) or call.bid is None or put.ask is None or future.ask is None:
        return None
    return call.bid - put.ask - quotes.discount * (future.ask - quotes.strike)


def reversal_edge(quotes: ParityQuotes) -> float | None:
    """Return what buying the call, selling the put and the future earns, in points.

    ``D (F_bid - K) - C_ask + P_bid``

    ``None`` when a leg is not quoted on both sides.
    """
    call, put, future = quotes.call, quotes.put, quotes.future
    if not _quoted(quotes) or call.ask is None or put.bid is None or future.bid is None:
        return None
    return quotes.discount * (future.bid - quotes.strike) - call.ask + put.bid


def edge(kind: Arbitrage, quotes: ParityQuotes) -> float | None:
    """Return the edge of one combination; see ``conversion_edge`` and ``reversal_edge``."""
    return conversion_edge(quotes) if kind is Arbitrage.CONVERSION else reversal_edge(quotes)


def pair_fees_points(rules: ParityRules) -> float:
    """Return the fees of one pair in points: two options and a tenth of a future.

    ``(2 x option fee + future fee / 10) / 100``
    """
    usd = 2 * rules.option_fee_usd + rules.future_fee_usd / PAIRS_TO_A_FUTURE
    return usd / MULTIPLIER


def pair_size(kind: Arbitrage, quotes: ParityQuotes) -> int | None:
    """Return how many pairs the sizes of the quotes traded have room for; ``None`` if unknown."""
    call, put, future = quotes.call, quotes.put, quotes.future
    if kind is Arbitrage.CONVERSION:
        sizes = (call.bid_size, put.ask_size, future.ask_size)
    else:
        sizes = (call.ask_size, put.bid_size, future.bid_size)
    on_call, on_put, on_future = sizes
    if on_call is None or on_put is None or on_future is None:
        return None
    return int(min(on_call, on_put, on_future * PAIRS_TO_A_FUTURE))


def _quoted(quotes: ParityQuotes) -> bool:
    return quotes.call.two_sided and quotes.put.two_sided and quotes.future.two_sided
