"""What monetising sales of the hedge have brought, folded from facts.

Rules, with the exceptions:

- A sale counts when it filled, by its fills; what an order wanted counts for nothing.
- The gain of a sale is its proceeds less the cost of the contracts sold: the average price of the
  lot's purchase, and the share of its commissions. Commissions that are not known yet are left
  out, as they are of the cash.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.book import HedgeSale
from bot.core.decision import Action, OrderIntent
from bot.core.fold import Fill, IntentRecord, newest_revisions
from bot.core.model import MULTIPLIER
from bot.core.plan import MONETISE, MONETISE_REST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROFIT_TAKING: Final = (MONETISE, MONETISE_REST)
CENT: Final = Decimal("0.01")


def hedge_sales(records: Iterable[IntentRecord], fills: Iterable[Fill]) -> tuple[HedgeSale, ...]:
    """Return the monetising sales among `records`, in their order.

    Parameters
    ----------
    records
        Every intent of the lots that were sold from: their purchases too.
    fills
        Executions of these, in any revision.
    """
    intents = [record.intent for record in records]
    executed = defaultdict[str, list[Fill]](list)
    for fill in newest_revisions(fills):
        executed[fill.intent_id].append(fill)
    bought = defaultdict[str, list[Fill]](list)
    for intent in intents:
        if intent.action is Action.BUY_HEDGE:
            bought[intent.structure_id] += executed[intent.intent_id]
    return tuple(
        _sale(intent, executed[intent.intent_id], bought[intent.structure_id])
        for intent in intents
        if intent.reason in PROFIT_TAKING and executed[intent.intent_id]
    )


def _sale(intent: OrderIntent, sold: Sequence[Fill], bought: Sequence[Fill]) -> HedgeSale:
    """Hold the proceeds of one intent against its share of the purchase.

    ``gain = proceeds + contracts sold / contracts bought x cash of the purchase``, both after
    commissions; the cash of a purchase is negative.
    """
    if intent.layer is None:
        raise ValueError(f"intent {intent.intent_id}: sells hedge of no layer")
    quantity = -sum(fill.quantity for fill in sold)
    share = Decimal(quantity) / sum(fill.quantity for fill in bought)
    return HedgeSale(
        session=intent.session,
        lot_id=intent.structure_id,
        layer=intent.layer,
        quantity=quantity,
        gain_usd=(_cash_usd(sold) + share * _cash_usd(bought)).quantize(CENT),
    )


def _cash_usd(fills: Iterable[Fill]) -> Decimal:
    return sum(
        (-fill.quantity * fill.price * MULTIPLIER - (fill.commission_usd or 0) for fill in fills),
        Decimal(0),
    )
