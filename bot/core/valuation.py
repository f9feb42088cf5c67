"""What open structures are worth at the quotes of a snapshot.

A condor is marked at the mids of its legs; a long wing that nobody bids for is worth 0, and a
short leg costs half of its ask then. The hedge is marked at the bid, which is what it would
fetch; a call without a bid is worth 0. A structure with a leg of which nothing is known has no
value: unknown is not zero.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.model import MULTIPLIER, Feed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.core.book import Condor, HedgeLot, Leg
    from bot.core.fold import Residual
    from bot.core.model import MarketSnapshot, OptionContract, Quote

    Quotes = Mapping[OptionContract, Quote]


def quotes_of(snapshot: MarketSnapshot) -> Quotes:
    """Return the quotes of a snapshot by contract."""
    return {option.contract: option.quote for option in snapshot.options}


def live_quotes_of(snapshot: MarketSnapshot) -> dict[OptionContract, Quote]:
    """Return the quotes that a decision may rest on: live, and neither crossed nor locked."""
    return {
        option.contract: option.quote
        for option in snapshot.options
        if option.quote.feed is Feed.LIVE and option.quote.sound
    }


def leg_points(leg: Leg, quotes: Quotes) -> float | None:
    """Return the mid of a leg in points, unsigned; an absent bid beside an ask is a bid of 0.

    A long leg that nobody bids for is worth 0, not half of its ask.
    """
    quote = quotes.get(leg.contract)
    if quote is None or quote.ask is None:
        return None
    if quote.bid is None:
        return 0.0 if leg.ratio > 0 else quote.ask / 2
    return quote.mid


def condor_value_usd(condor: Condor, quotes: Quotes) -> Decimal | None:
    """Return the value of an open condor, negative while closing it costs something."""
    points = [leg_points(leg, quotes) for leg in condor.legs]
    known = [point for point in points if point is not None]
    if len(known) < len(points):
        return None
    net = sum(leg.ratio * point for leg, point in zip(condor.legs, known, strict=True))
    return _usd(net, condor.quantity)


def bid_points(contract: OptionContract, quotes: Quotes) -> float | None:
    """Return the bid of a contract; 0 where an ask stands alone, ``None`` where nothing is."""
    return bid_of(quotes.get(contract))


def bid_of(quote: Quote | None) -> float | None:
    """Return the bid of a quote; 0 where an ask stands alone, ``None`` where nothing is."""
    if quote is None or (quote.bid is None and quote.ask is None):
        return None
    return quote.bid or 0.0


def lot_value_usd(lot: HedgeLot, quotes: Quotes) -> Decimal | None:
    """Return the value of a hedge lot at the bid."""
    bid = bid_points(lot.contract, quotes)
    return None if bid is None else _usd(bid, lot.quantity)


def lot_mid_value_usd(lot: HedgeLot, quotes: Quotes) -> Decimal | None:
    """Return the value of a hedge lot at the mid; at the bid where there is no mid."""
    quote = quotes.get(lot.contract)
    mid = quote.mid if quote else None
    return lot_value_usd(lot, quotes) if mid is None else _usd(mid, lot.quantity)


def residual_value_usd(residual: Residual, quotes: Quotes) -> Decimal | None:
    """Return the value of contracts left over from a structure: bid if long, ask if short."""
    quote = quotes.get(residual.contract)
    if residual.quantity > 0:
        bid = bid_points(residual.contract, quotes)
        return None if bid is None else _usd(bid, residual.quantity)
    ask = quote.ask if quote else None
    return None if ask is None else _usd(ask, residual.quantity)


def total_usd(values: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of `values`, or ``None`` when one of them is unknown."""
    total = Decimal(0)
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _usd(points: float, quantity: int) -> Decimal:
    """Return an amount to the cent."""
    return (Decimal(str(points)) * quantity * MULTIPLIER).quantize(Decimal("0.01"))
