"""Commissions of index options at the broker: its own fee and the exchange's, by contract.

=====================  ======  ====================================================
product                broker  exchange, by the premium of one contract in points
=====================  ======  ====================================================
SPX, SPXW option       0.65    below 1.00: 0.36; else 0.45
VIX, VIXW option       0.65    to 0.10: 0.10; to 0.99: 0.25; to 1.99: 0.40; else 0.50
=====================  ======  ====================================================

Left out as smaller than a cent a contract or not charged on index options: the options
regulatory fee, the clearing fee, the trading-activity fee, and the broker's minimum of 1.00 for
a whole options order. Buying and selling cost the same; expiry costs nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

OPTION_BROKER: Final = Decimal("0.65")
SPX_EXCHANGE: Final = ((Decimal("1.00"), Decimal("0.36")),)
SPX_EXCHANGE_ABOVE: Final = Decimal("0.45")
VIX_EXCHANGE: Final = (
    (Decimal("0.11"), Decimal("0.10")),
    (Decimal("1.00"), Decimal("0.25")),
    (Decimal("2.00"), Decimal("0.40")),
)
VIX_EXCHANGE_ABOVE: Final = Decimal("0.50")


def option_commission(underlying: str, quantity: int, price: Decimal) -> Decimal:
    """Return what trading options costs: ``contracts x (broker + exchange(premium))``, USD.

    Parameters
    ----------
    underlying
        ``"SPX"`` or ``"VIX"``.
    quantity
        Contracts; the sign does not matter.
    price
        Premium of one contract, points.
    """
    return abs(quantity) * (OPTION_BROKER + _exchange_fee(underlying, price))


def _exchange_fee(underlying: str, premium: Decimal) -> Decimal:
    bands, above = (
        (VIX_EXCHANGE, VIX_EXCHANGE_ABOVE)
        if underlying == "VIX"
        else (SPX_EXCHANGE, SPX_EXCHANGE_ABOVE)
    )
    return next((fee for below, fee in bands if premium < below), above)
