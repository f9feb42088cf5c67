"""Chains of SPX expiries that are held but no longer quoted round the money.

Of a condor that is held only its own four legs need to be quoted, and put-call parity finds no
forward in them. The forward is then that of spot grown at the *carry* which the nearest priced
expiry implies, ``q = ln(F / S) / T``: rate less dividends hardly differ between two expiries a few
weeks apart (Hull, Options, Futures and Other Derivatives, chapter 5: ``F = S exp((r - q) T)``).
Without a priced expiry or an SPX level the chain is unknown.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.core.chain import PricedChain, expiries, price_chain, years_to_settlement

if TYPE_CHECKING:
    from bot.core.model import MarketSnapshot

ChainOf: TypeAlias = Callable[[str, dt.date], PricedChain | None]
"""Looks up the priced chain of a trading class and an expiry."""

SPX_CLASSES: Final = ("SPXW", "SPX")


def carried_forward(spot: float, reference: PricedChain, years: float) -> float:
    """Return the forward in `years` at the carry of `reference`: ``S (F / S) ** (years / T)``.

    Parameters
    ----------
    spot
        SPX, points.
    reference
        A priced chain of the same underlying.
    years
        Time to settlement of the forward wanted.
    """
    return at_carry(spot, forward=reference.forward, over=reference.years, years=years)


def at_carry(spot: float, *, forward: float, over: float, years: float) -> float:
    """Return the forward in `years` at the carry of a `forward` that lies `over` years ahead."""
    return spot * math.exp(math.log(forward / spot) * years / over)


def nearness(expiry: dt.date) -> Callable[[tuple[str, dt.date]], tuple[int, dt.date, str]]:
    """Return the sort key of series by how near they are to `expiry`, the nearer one on a tie."""
    return lambda series: (abs((series[1] - expiry).days), series[1], series[0])


def held_chain(
    snapshot: MarketSnapshot, trading_class: str, expiry: dt.date, *, chain: ChainOf
) -> PricedChain | None:
    """Return the chain of an expiry by its own forward, or by the carry of the nearest one.

    Parameters
    ----------
    snapshot
        Quotes and the level of SPX.
    trading_class, expiry
        What is held.
    chain
        Prices a chain from its own quotes.
    """
    own = chain(trading_class, expiry)
    spot = snapshot.level("SPX")
    if own is not None or trading_class not in SPX_CLASSES or spot is None or spot <= 0:
        return own
    reference = _nearest(snapshot, expiry, chain=chain)
    years = years_to_settlement(snapshot, trading_class, expiry)
    if reference is None or years is None:
        return None
    forward = carried_forward(spot, reference, years)
    return price_chain(snapshot, trading_class=trading_class, expiry=expiry, forward=forward)


def _nearest(snapshot: MarketSnapshot, expiry: dt.date, *, chain: ChainOf) -> PricedChain | None:
    """Return the priced SPX chain whose expiry is nearest, the nearer one on a tie."""
    listed = sorted(expiries(snapshot, SPX_CLASSES), key=nearness(expiry))
    priced = (chain(*each) for each in listed)
    return next((found for found in priced if found is not None), None)
