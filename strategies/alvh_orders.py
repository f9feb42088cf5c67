"""The orders of the hedge: one VIX call bought or sold, as PROTECT.

A sale for which nobody is known to bid is not offered. The ladder of a hedge order always offers
the mid or more (``bot.core.plan``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.book import HedgeLot, Layer, Leg
from bot.core.decision import Action, OrderIntent, Purpose
from bot.core.model import OptionContract
from bot.core.plan import ALVH, Identity, OrderPrice, lot_id, make_hedge_ladder, price_order

if TYPE_CHECKING:
    from strategies.base import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A VIX call to be bought."""

    contract: OptionContract
    extrinsic_points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What shall be bought: contracts for a layer, in place of a lot or of none, and why."""

    layer: Layer
    choice: Choice
    quantity: int
    reason: str
    replaces: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What shall be sold of a lot, why, and after which purchase; see ``OrderIntent``."""

    lot: HedgeLot
    quantity: int
    reason: str
    after: str | None = None
    after_reserved: int = 0


def buy(context: Context, purchase: Purchase) -> tuple[OrderIntent, ...]:
    """Return the order of a purchase; none where it cannot be priced."""
    legs = (Leg(contract=purchase.choice.contract, ratio=1),)
    price = price_order(legs, context.quote)
    if price is None:
        return ()
    slot = purchase.layer.value if purchase.replaces is None else purchase.replaces
    return (
        OrderIntent(
            intent_id=_identity(context, Action.BUY_HEDGE, slot),
            session=context.session,
            purpose=Purpose.PROTECT,
            action=Action.BUY_HEDGE,
            structure_id=lot_id(purchase.layer, context.session, replaces=purchase.replaces),
            legs=legs,
            quantity=purchase.quantity,
            ladder=make_hedge_ladder(price, legs[0], context.rules.ladder),
            mid=price.mid,
            natural=price.natural,
            reason=purchase.reason,
            layer=purchase.layer,
            extrinsic_points=purchase.choice.extrinsic_points,
        ),
    )


def sale_price(context: Context, lot: HedgeLot) -> OrderPrice | None:
    """Net price of selling one contract of `lot`, or ``None`` where nobody is known to bid."""
    price = price_order((Leg(contract=lot.contract, ratio=-1),), context.quote)
    return price if price is not None and price.natural < 0 else None


def sell(context: Context, sale: Sale) -> tuple[OrderIntent, ...]:
    """Return the order of a sale; none where nobody is known to bid."""
    price = sale_price(context, sale.lot)
    if price is None:
        return ()
    legs = (Leg(contract=sale.lot.contract, ratio=-1),)
    return (
        OrderIntent(
            intent_id=_identity(context, Action.SELL_HEDGE, sale.lot.lot_id),
            session=context.session,
            purpose=Purpose.PROTECT,
            action=Action.SELL_HEDGE,
            structure_id=sale.lot.lot_id,
            legs=legs,
            quantity=sale.quantity,
            ladder=make_hedge_ladder(price, legs[0], context.rules.ladder),
            mid=price.mid,
            natural=price.natural,
            reason=sale.reason,
            layer=sale.lot.layer,
            after=sale.after,
            after_reserved=sale.after_reserved,
        ),
    )


def _identity(context: Context, action: Action, slot: str) -> str:
    return str(Identity(session=context.session, strategy=ALVH, action=action, slot=slot))
