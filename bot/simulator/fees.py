"""Commissions of the simulated broker: its own fee and the exchange's, by contract.

=====================  ======  ====================================================
product                broker  exchange
=====================  ======  ====================================================
index option           as in ``bot.surfaces.commissions``
VX future              0.85    1.40
share                  0.005   none; at least 1.00 an execution
=====================  ======  ====================================================

Buying and selling cost the same; expiry costs nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bot.surfaces.commissions import option_commission

if TYPE_CHECKING:
    from bot.simulator.instruments import Instrument

FUTURE_ALL_IN = Decimal("0.85") + Decimal("1.40")
SHARE_BROKER = Decimal("0.005")
SHARE_MINIMUM = Decimal("1.00")


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
        return option_commission(instrument.symbol, size, price)
    if instrument.sec_type == "FUT":
        return size * FUTURE_ALL_IN
    return max(size * SHARE_BROKER, SHARE_MINIMUM)
