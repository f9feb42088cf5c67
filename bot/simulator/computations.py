"""Option computations as the venue tells them beside an option's quote (message 21).

The model's implied volatility and delta come from the market; gamma, vega and theta are
Black-76 on the underlying price that the market names, without discounting. The volatilities of
bid and ask are one Newton step away from the model's, ``iv + (price - mid) / vega``, and carry
the model's Greeks. All of it is the venue's opinion, good for display; decisions are made from
quotes.

Units on the wire: vega for one vol point (0.01), theta for one calendar day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.pricing import DAYS_PER_YEAR, greeks

if TYPE_CHECKING:
    from bot.simulator.instruments import Instrument
    from bot.simulator.market import SimQuote
    from bot.simulator.wire import Field

NOT_COMPUTED: Final = -1
"""Text for a volatility or price that is not known."""

NOT_COMPUTED_GREEK: Final = -2
"""Text for a Greek that is not known."""

PRICE_BASED: Final = 1
"""Attribute: volatility of a price, not of a return."""

LEAST_DAYS: Final = 1 / 24
SECONDS_PER_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What the venue's model says about one option; vega in points for one vol point."""

    iv: float
    delta: float
    gamma: float
    vega: float
    theta: float
    price: float
    underlying: float

    def at(self, price: float | None) -> tuple[Field, ...]:
        """Return the fields behind the tick type for the option at `price`."""
        iv = self._iv_at(price)
        values = (iv, self.delta, price, 0, self.gamma, self.vega, self.theta, self.underlying)
        return UNKNOWN if price is None or iv is None else (PRICE_BASED, *values)

    def _iv_at(self, price: float | None) -> float | None:
        if price is None or price <= 0 or self.vega <= 0:
            return None
        iv = self.iv + (price - self.price) / (100 * self.vega)
        return iv if iv > 0 else None


UNKNOWN: Final[tuple[Field, ...]] = (
    PRICE_BASED,
    *(NOT_COMPUTED, NOT_COMPUTED_GREEK, NOT_COMPUTED, NOT_COMPUTED),
    *(NOT_COMPUTED_GREEK, NOT_COMPUTED_GREEK, NOT_COMPUTED_GREEK, NOT_COMPUTED),
)
"""The fields behind the tick type when nothing is known."""


def model(instrument: Instrument, quote: SimQuote, *, seconds_left: float) -> Model | None:
    """Return the venue's model of an option, or ``None`` when the market knows no volatility.

    Parameters
    ----------
    instrument
        The option.
    quote
        With its volatility and the price of its underlying.
    seconds_left
        To its settlement.
    """
    mid = _mid(quote)
    if quote.iv is None or quote.underlying_price is None or mid is None:
        return None
    years = max(seconds_left / SECONDS_PER_DAY, LEAST_DAYS) / DAYS_PER_YEAR
    is_call = instrument.right == "C"
    point = greeks(quote.underlying_price, instrument.strike, years, 1.0, quote.iv, is_call)
    values = [float(value) for value in (point.delta, point.gamma, point.vega, point.theta)]
    if not np.isfinite(values).all():
        return None
    delta, gamma, vega, theta = values
    return Model(
        iv=quote.iv,
        delta=delta if quote.delta is None else quote.delta,
        gamma=gamma,
        vega=vega / 100,
        theta=theta,
        price=mid,
        underlying=quote.underlying_price,
    )


def _mid(quote: SimQuote) -> float | None:
    if quote.bid is None or quote.ask is None:
        return None
    return (quote.bid + quote.ask) / 2
