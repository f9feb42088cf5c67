"""A ticker of the client library as our facts: what is NaN, -1, 0, empty or halted is ``None``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from bot.core.model import Feed, Quote

if TYPE_CHECKING:
    from bot.broker.client import Ticker

FEEDS: Final = {1: Feed.LIVE, 2: Feed.FROZEN, 3: Feed.DELAYED, 4: Feed.DELAYED}
HALTED: Final = 1


def answered(ticker: Ticker) -> bool:
    """Whether everything that a decision can use of an instrument has arrived."""
    if ticker.contract is not None and ticker.contract.secType == "IND":
        sides = positive(ticker.bid) is not None and positive(ticker.ask) is not None
        return positive(ticker.last) is not None or sides
    return not math.isnan(ticker.bid) and not math.isnan(ticker.ask)


def positive(value: float | None) -> float | None:
    """Return `value` if it is a number above zero, else ``None`` (NaN, -1, 0 are unknown)."""
    if value is None or not math.isfinite(value) or value <= 0:
        return None
    return float(value)


def feed(ticker: Ticker) -> Feed:
    """Return how fresh the venue says that the ticker is; what it does not say is not live."""
    return FEEDS.get(ticker.marketDataType, Feed.DELAYED)


def clean(ticker: Ticker) -> Quote:
    """Return the usable part of a ticker.

    A side without a size is not a side; a halted instrument has no quote at all.
    """
    if ticker.halted >= HALTED:
        return Quote(feed=feed(ticker))
    bid, ask = positive(ticker.bid), positive(ticker.ask)
    return Quote(
        bid=None if ticker.bidSize == 0 else bid,
        ask=None if ticker.askSize == 0 else ask,
        bid_size=positive(ticker.bidSize),
        ask_size=positive(ticker.askSize),
        last=positive(ticker.last),
        feed=feed(ticker),
    )
