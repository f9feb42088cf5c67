"""Price increments of SPX and VIX options, exact in Decimal.

=============  ============  =================
trading class  below 3.00    3.00 and above
=============  ============  =================
SPX, SPXW      0.05          0.10
VIX            0.01          0.05
VIXW           0.01          0.01
=============  ============  =================

Combos (BAG) of either move in 0.05 at any price. The broker's ``minTick`` misreports index
options; this table does not depend on it.

Net prices are signed, debits positive: *down* is cheaper to pay or dearer to receive, which is
better for us; *up* is worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

COMBO_TICK: Final = Decimal("0.05")
BAND_LIMIT: Final = Decimal("3.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class TickBands:
    """Increments of one trading class below and from `BAND_LIMIT`."""

    below: Decimal
    above: Decimal


_SPX: Final = TickBands(below=Decimal("0.05"), above=Decimal("0.10"))
TICKS: Final[Mapping[str, TickBands]] = {
    "SPX": _SPX,
    "SPXW": _SPX,
    "VIX": TickBands(below=Decimal("0.01"), above=Decimal("0.05")),
    "VIXW": TickBands(below=Decimal("0.01"), above=Decimal("0.01")),
}


def tick(trading_class: str, price: Decimal) -> Decimal:
    """Return the increment of a single option at `price`, the sign of which does not matter.

    Parameters
    ----------
    trading_class
        ``"SPX"``, ``"SPXW"``, ``"VIX"`` or ``"VIXW"``.
    price
        Price or signed net price, in points.

    Raises
    ------
    ValueError
        If the trading class has no tick table.
    """
    try:
        bands = TICKS[trading_class]
    except KeyError as error:
        raise ValueError(
            f"no tick table for trading class {trading_class!r}: use {', '.join(TICKS)}"
        ) from error
    return bands.below if abs(price) < BAND_LIMIT else bands.above


def round_down(price: Decimal, increment: Decimal) -> Decimal:
    """Return the highest multiple of `increment` that is not above `price`."""
    return (price / increment).to_integral_value(ROUND_FLOOR) * increment


def round_up(price: Decimal, increment: Decimal) -> Decimal:
    """Return the lowest multiple of `increment` that is not below `price`."""
    return (price / increment).to_integral_value(ROUND_CEILING) * increment
