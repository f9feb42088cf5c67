"""Quotes that are told otherwise than the market has them.

Only what market data lines tell is odd: the venue fills orders, and the account is valued, at
the market as it is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TickRow: TypeAlias = tuple[int, float, int]
"""Tick type, price, size."""

NO_PRICE: Final = -1


class Oddity(StrEnum):
    """What is odd about a quote."""

    SILENT = "silent"
    """Nothing is told: the client's fields stay unset."""

    EMPTY = "empty"
    """Every price is -1 with size 0."""

    ZERO = "zero"
    """Every price is 0 with size 0."""

    CROSSED = "crossed"
    """Bid and ask are exchanged."""

    LOCKED = "locked"
    """The ask equals the bid."""

    NO_SIZE = "no_size"
    """Prices come with size 0."""

    STALE = "stale"
    """Lines keep silent about what changes; a new line tells what is."""

    HALTED = "halted"
    """Trading is halted (tick 49)."""

    DELAYED = "delayed"
    """There is no live subscription: new lines get delayed data, or 354."""

    NO_GREEKS = "no_greeks"
    """No option computations."""


WITHOUT_GREEKS: Final = frozenset({Oddity.SILENT, Oddity.EMPTY, Oddity.ZERO, Oddity.NO_GREEKS})
"""What takes the option computations away."""


def distort(
    rows: Iterable[TickRow], odd: frozenset[Oddity], *, bid: int, ask: int
) -> tuple[TickRow, ...]:
    """Return the ticks as they are told.

    Parameters
    ----------
    rows
        Ticks as the market has them.
    odd
        What is odd about them.
    bid, ask
        Tick types of the two sides.
    """
    if Oddity.SILENT in odd:
        return ()
    if Oddity.EMPTY in odd:
        return tuple((kind, NO_PRICE, 0) for kind, _, _ in rows)
    if Oddity.ZERO in odd:
        return tuple((kind, 0, 0) for kind, _, _ in rows)
    small = Oddity.NO_SIZE in odd
    told = tuple((kind, price, 0 if small else size) for kind, price, size in rows)
    prices = {kind: price for kind, price, _ in told}
    if not {bid, ask} <= prices.keys():
        return told
    sides = _sides(odd, prices, bid=bid, ask=ask)
    return tuple((kind, sides.get(kind, price), size) for kind, price, size in told)


def _sides(
    odd: frozenset[Oddity], prices: Mapping[int, float], *, bid: int, ask: int
) -> dict[int, float]:
    """Return the prices that change places or meet."""
    if Oddity.CROSSED in odd:
        return {bid: prices[ask], ask: prices[bid]}
    return {ask: prices[bid]} if Oddity.LOCKED in odd else {}
