"""Commissions of the simulated broker: its own fee and the exchange's, by contract.

=====================  ======  ====================================================
product                broker  exchange, by the premium of one contract in points
=====================  ======  ====================================================
SPX, SPXW option       0.65    below 1.00: 0.36; else 0.45
VIX, VIXW option       0.65    to 0.10: 0.10; to 0.99: 0.25; to 1.99: 0.40; else 0.50
VX future              0.85    1.40
share                  0.005   none; at least 1.00 an execution
=====================  ======  ====================================================

Left out as smaller than a cent a contract or not charged on index options: the options
regulatory fee, the clearing fee, the trading-activity fee, and the broker's minimum of 1.00 for
a whole options order. Buying and selling cost the same; expiry costs nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.simulator.instruments import Instrument

OPTION_BROKER = Decimal("0.65")
FUTURE_ALL_IN = Decimal("0.85") + Decimal("1.40")
SHARE_BROKER = Decimal("0.005")
SHARE_MINIMUM = Decimal("1.00")
SPX_EXCHANGE = ((Decimal("1.00"), Decimal("0.36")),)
SPX_EXCHANGE_ABOVE = Decimal("0.45")
VIX_EXCHANGE = (
    (Decimal("0.11"), Decimal("0.10")),
    (Decimal("1.00"), Decimal("0.25")),
    (Decimal("2.00"), Decimal("0.40")),
)
VIX_EXCHANGE_ABOVE = Decimal("0.50")


def commission(instrument: Instrument, quantity: int, price: Decimal) -> Decimal:
    """Return what trading `quantity` at `price` costs, in USD.

    commission = contracts x (broker + exchange(premium)); a share pays the larger of
    shares x 0.005 and 1.00.

    Parameters
    ----------
    instrument
        An option, a future or a share.
    quantity
        Contracts or shares; the sign does not matter.
    price
        Premium in points.
    """
    size = abs(quantity)
    if instrument.sec_type == "OPT":
        return size * (OPTION_BROKER + _exchange_fee(instrument.symbol, price))
    if instrument.sec_type == "FUT":
        return size * FUTURE_ALL_IN
    return max(size * SHARE_BROKER, SHARE_MINIMUM)


def _exchange_fee(symbol: str, premium: Decimal) -> Decimal:
    bands, above = (
        (VIX_EXCHANGE, VIX_EXCHANGE_ABOVE)
        if symbol == "VIX"
        else (SPX_EXCHANGE, SPX_EXCHANGE_ABOVE)
    )
    return next((fee for below, fee in bands if premium < below), above)
