"""Quality of execution: what an order cost against the mid, and what its price was worth after.

Rules, with the exceptions:

- All prices are net debits of one unit in points, as everywhere: what is paid is positive, what
  is received is negative. So one formula holds for a purchase, a sale and a combo, and a cost is
  positive whichever way the trade went.
- Each order is measured as a whole, and each of its legs by itself. A leg's price is that of one
  contract in the direction of its trade. The venue may book a combo's legs at prices that only
  add up: then legs look good and bad in turn, and the order as a whole is what counts.
- The mid is that at the decision. A sale that nobody bids for has a mid of 0.
- What is unknown is ``None``: a leg that was not quoted then, a mid that could not be had after.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.book import Leg
from bot.core.model import Feed, OptionContract
from bot.core.plan import price_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.core.decision import OrderIntent
    from bot.core.fold import Fill
    from bot.core.model import Quote

    Quotes = Callable[[OptionContract], Quote | None]

MARK_OUT_AFTER: Final = dt.timedelta(minutes=5)
"""How long after its last fill an order is held against the market again."""

FINEST: Final = Decimal("0.0001")
"""An average of fills is rounded to a hundredth of a cent."""

ORDER: Final = ""
"""Name of the measurement of an order as a whole; a leg is named by its contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What was paid for one unit of an order, or for one contract of one of its legs.

    Parameters
    ----------
    intent_id
        The order.
    leg
        Label of the contract; ``ORDER`` for the order as a whole.
    quantity
        Units, or contracts, that filled.
    mid
        Net debit at the decision's mids; ``None`` when unknown.
    price
        Net debit paid, the average of all fills.
    last_fill
        UTC time of the last of them.
    """

    intent_id: str
    leg: str
    quantity: int
    mid: Decimal | None
    price: Decimal
    last_fill: dt.datetime

    @property
    def shortfall(self) -> Decimal | None:
        """Implementation shortfall in points, see ``implementation_shortfall``."""
        return None if self.mid is None else implementation_shortfall(self.price, self.mid)

    @property
    def spread(self) -> Decimal | None:
        """Effective spread in points, see ``effective_spread``."""
        return None if self.mid is None else effective_spread(self.price, self.mid)


def implementation_shortfall(price: Decimal, mid: Decimal) -> Decimal:
    """Return what was paid above the decision's mid: ``fill - decision mid``, in points.

    Of net debits, so the sign of the trade is in both: positive costs money.

    Notes
    -----
    Perold, "The implementation shortfall: paper versus reality", J. Portfolio Management 14
    (1988), for the part that was filled; what did not fill costs nothing here.
    """
    return price - mid


def effective_spread(price: Decimal, mid: Decimal) -> Decimal:
    """Return the effective spread in points: ``2 |fill - mid|``.

    Notes
    -----
    SEC Rule 605 (17 CFR 242.600), with the mid at the decision instead of at receipt.
    """
    return 2 * abs(price - mid)


def mark_out(price: Decimal, later_mid: Decimal) -> Decimal:
    """Return what the trade has earned by the mid some minutes on: ``later mid - fill``, points.

    Of net debits: positive when the market moved the trade's way, negative when the fill was
    picked off.
    """
    return later_mid - price


def net_mid(legs: Iterable[Leg], quotes: Quotes) -> Decimal | None:
    """Return the net debit of one unit at the mids of live quotes.

    ``None`` when a leg is not quoted: delayed, frozen, crossed and locked are no quotes.
    """
    price = price_order(legs, lambda contract: _live(quotes(contract)))
    return None if price is None else price.mid


def _live(quote: Quote | None) -> Quote | None:
    if quote is None or quote.feed is not Feed.LIVE:
        return None
    crossed = quote.bid is not None and quote.ask is not None and quote.bid >= quote.ask
    return None if crossed else quote


def executions(
    intent: OrderIntent, fills: Iterable[Fill], *, units: int, quotes: Quotes
) -> tuple[Execution, ...]:
    """Return the measurements of one order: of the whole first, then of each leg that filled.

    Parameters
    ----------
    intent
        The order.
    fills
        Its executions; summaries of combos are passed over.
    units
        Complete units that they make up.
    quotes
        Looks up what was quoted at the decision.

    Returns
    -------
    tuple of Execution
        Empty when nothing filled; without the whole while a leg has not filled at all.
    """
    traded = _by_contract(fills)
    legs = tuple(
        _leg(intent, leg, traded[leg.contract], quotes)
        for leg in intent.legs
        if leg.contract in traded
    )
    if not units or len(legs) < len(intent.legs):
        return legs
    whole = Execution(
        intent_id=intent.intent_id,
        leg=ORDER,
        quantity=units,
        mid=intent.mid,
        price=sum(
            (abs(leg.ratio) * made.price for leg, made in zip(intent.legs, legs, strict=True)),
            Decimal(0),
        ),
        last_fill=max(made.last_fill for made in legs),
    )
    return (whole, *legs)


def _by_contract(fills: Iterable[Fill]) -> dict[OptionContract, list[Fill]]:
    """Group the fills of legs; what was traded and corrected away again was not traded."""
    found = defaultdict[OptionContract, list["Fill"]](list)
    for fill in fills:
        if fill.contract is not None:
            found[fill.contract].append(fill)
    return {
        contract: mine for contract, mine in found.items() if sum(fill.quantity for fill in mine)
    }


def _leg(intent: OrderIntent, leg: Leg, fills: list[Fill], quotes: Quotes) -> Execution:
    one = direction(leg)
    contracts = sum(fill.quantity for fill in fills)
    value = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
    return Execution(
        intent_id=intent.intent_id,
        leg=leg.contract.label(),
        quantity=abs(contracts),
        mid=net_mid((one,), quotes),
        price=(one.ratio * value / contracts).quantize(FINEST),
        last_fill=max(fill.at for fill in fills),
    )


def direction(leg: Leg) -> Leg:
    """Return one contract of `leg`, bought or sold as the order does."""
    return Leg(contract=leg.contract, ratio=1 if leg.ratio > 0 else -1)
