"""Minimum price variations of the products that the simulated venue lists.

A price band starts at its low edge and holds up to the next one. SPX and SPXW options quote in
0.05 below 3.00 and 0.10 from there; monthly VIX options in 0.01 below 3.00 and 0.05 from there;
VIX weeklys in 0.01 throughout; VX futures in 0.05; shares in 0.01; a combo of index options has
one net price in 0.05, whatever its legs quote in, and either sign.

The broker's own ``minTick`` says 0.05 for every index option, which is wrong twice: the market
rule (message 93) is what counts. Rule numbers are ours; a client must look them up.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CENT = Decimal("0.01")
NICKEL = Decimal("0.05")
DIME = Decimal("0.10")
THREE = Decimal(3)
ZERO = Decimal(0)

SPX_RULE = 109
VIX_RULE = 110
CENT_RULE = 26
NICKEL_RULE = 32

MARKET_RULES: Mapping[int, tuple[tuple[Decimal, Decimal], ...]] = {
    CENT_RULE: ((ZERO, CENT),),
    NICKEL_RULE: ((ZERO, NICKEL),),
    SPX_RULE: ((ZERO, NICKEL), (THREE, DIME)),
    VIX_RULE: ((ZERO, CENT), (THREE, NICKEL)),
}
"""Price bands of each market rule: (low edge, increment), lowest first."""


def increment(rule: int, price: Decimal) -> Decimal:
    """Return the minimum variation that market rule `rule` has at `price`.

    The sign of a combo's net price says credit or debit and does not change its band.

    Raises
    ------
    KeyError
        If there is no such rule.
    """
    size = abs(price)
    return next(step for edge, step in reversed(MARKET_RULES[rule]) if size >= edge)


def on_tick(rule: int, price: Decimal) -> bool:
    """Return whether `price` is a multiple of the variation of its band."""
    return price % increment(rule, price) == 0


def ceil_to(step: Decimal, price: Decimal) -> Decimal:
    """Return the lowest multiple of `step` that is not below `price`."""
    return (price / step).to_integral_value(rounding=ROUND_CEILING) * step


def to_decimal(price: float) -> Decimal:
    """Return a market's float price as the decimal it stands for (6 places)."""
    return Decimal(str(round(price, 6)))
