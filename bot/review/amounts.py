"""Sums in USD in which one unknown amount makes the whole unknown."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.model import MULTIPLIER

if TYPE_CHECKING:
    from collections.abc import Iterable


def worth(price: Decimal | None, quantity: int) -> Decimal | None:
    """Return what `quantity` units are worth at a price in points."""
    return None if price is None else price * quantity * MULTIPLIER


def sum_known(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Sum amounts; one that is unknown makes the sum unknown."""
    found = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        found += amount
    return found
