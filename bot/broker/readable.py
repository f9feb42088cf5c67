"""What the gateway writes, taken at its word only where it can be a fact.

The client library reads a number wherever it finds one, also *nan* and *1e400*, and leaves dates
and names as they come. Half a contract, a price that is none, a trade that was neither bought nor
sold: such an answer is refused as a whole, since of what it meant nothing is known.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Final

from bot.core.errors import MarketDataError

if TYPE_CHECKING:
    from collections.abc import Iterator

UNREADABLE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading an answer ends with that is not what it should be."""

SIGNS: Final = {"BOT": 1, "SLD": -1}


@contextlib.contextmanager
def readable(what: str) -> Iterator[None]:
    """Refuse the answer that the block reads where it cannot be read.

    Raises
    ------
    MarketDataError
        With what was read, and why it could not be.
    """
    try:
        yield
    except UNREADABLE as fault:
        raise MarketDataError(f"{what}: the answer cannot be read: {fault!r}") from fault


def whole(number: float) -> int:
    """Return a count of contracts.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not math.isfinite(number) or number != int(number):
        raise ValueError(f"{number} is no whole number of contracts")
    return int(number)


def outward(number: float) -> int:
    """Return a count of what this bot does not trade, parts of one rounded away from zero.

    A share may be held in parts: that is no fault of the answer, and something is there.

    Raises
    ------
    ValueError
        If it is none.
    """
    return int(math.copysign(math.ceil(abs(finite(number))), number))


def finite(number: float) -> float:
    """Return a price.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not math.isfinite(number):
        raise ValueError(f"{number} is no price")
    return number
