"""What the bot of the order machines wants in a session: wishes, and the intents made of them.

Decisions are not the subject here, orders are; so a wish names what a strategy could ask for, in
any combination, and `intents` writes it down as ``strategies`` would.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from line_market import EXPIRY, LATER, QUOTES, call, condor_legs

from bot.core.book import HedgeLot, Layer, Leg, Tier
from bot.core.decide import in_order
from bot.core.decision import Action, OrderIntent, Purpose
from bot.core.model import Quote
from bot.core.plan import (
    ALVH,
    CONDOR,
    ROLL_DUE,
    Identity,
    condor_id,
    lot_id,
    make_ladder,
    price_order,
)
from bot.core.rules import LadderRules

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from bot.core.fold import Holdings

LADDER = LadderRules(steps=3, seconds=15.0)
TIER_EXPIRY = {Tier.BALANCED: EXPIRY, Tier.CONSERVATIVE: EXPIRY, Tier.AGGRESSIVE: LATER}
LAYER_STRIKE = {Layer.NEAR: 15.0, Layer.MID: 18.0, Layer.FAR: 20.0}


class Kind(StrEnum):
    """What can be wished for."""

    OPEN = "open"
    CLOSE = "close"
    BUY = "buy"
    SELL = "sell"
    ROLL = "roll"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing to do; `slot` picks the tier or the layer, `covered` asks for hedge first."""

    kind: Kind
    slot: int
    quantity: int
    covered: bool = False


def intents(
    wishes: Iterable[Wish], holdings: Holdings, session: dt.date
) -> tuple[OrderIntent, ...]:
    """Return the intents of `wishes`, each identity once, in the order of their execution."""
    made = [intent for wish in wishes for intent in _intents(wish, holdings, session)]
    return in_order({intent.intent_id: intent for intent in made}.values())


def _intents(wish: Wish, holdings: Holdings, session: dt.date) -> Iterator[OrderIntent]:
    tier, layer = tuple(Tier)[wish.slot % 3], tuple(Layer)[wish.slot % 3]
    lots = [lot for lot in holdings.lots if lot.layer is layer]
    match wish.kind:
        case Kind.OPEN if TIER_EXPIRY[tier] >= session:
            yield _open(wish, tier, session)
        case Kind.CLOSE:
            for condor in holdings.condors:
                if condor.tier is tier and condor.expiry >= session:
                    yield _close(condor.structure_id, condor.quantity, tier, session=session)
        case Kind.BUY if call(15.0).last_trade >= session:
            yield _buy(wish.quantity, layer, lot_id(layer, session), session=session)
        case Kind.SELL:
            for lot in (lot for lot in lots if lot.contract.last_trade >= session):
                yield _sell(lot, session)
        case Kind.ROLL:
            for lot in (lot for lot in lots if lot.contract.last_trade >= session):
                yield from _roll(lot, session)


def _intent(  # noqa: PLR0913 - what is written down of one order
    identity: Identity,
    purpose: Purpose,
    structure_id: str,
    *,
    legs: tuple[Leg, ...],
    quantity: int,
    share: float,
    **more: object,
) -> OrderIntent:
    price = price_order(legs, lambda contract: _quote(QUOTES[contract]))
    if price is None:
        raise ValueError(f"{identity}: a leg has no price")
    return OrderIntent(
        intent_id=str(identity),
        session=identity.session,
        purpose=purpose,
        action=identity.action,
        structure_id=structure_id,
        legs=legs,
        quantity=quantity,
        ladder=make_ladder(price, legs, LADDER, share=share),
        mid=price.mid,
        natural=price.natural,
        **({"reason": "wished"} | more),  # type: ignore[arg-type]
    )


def _quote(sides: tuple[float, float]) -> Quote:
    return Quote(bid=sides[0], ask=sides[1])


def _open(wish: Wish, tier: Tier, session: dt.date) -> OrderIntent:
    return _intent(
        Identity(session=session, strategy=CONDOR, action=Action.OPEN_CONDOR, slot=tier.value),
        Purpose.ADD,
        condor_id(tier, session),
        legs=condor_legs(TIER_EXPIRY[tier]),
        quantity=wish.quantity,
        share=0.25,
        tier=tier,
        needs_cover=wish.covered,
        max_loss_usd=10_000.0,
    )


def _close(structure_id: str, quantity: int, tier: Tier, *, session: dt.date) -> OrderIntent:
    legs = tuple(
        Leg(contract=leg.contract, ratio=-leg.ratio) for leg in condor_legs(TIER_EXPIRY[tier])
    )
    return _intent(
        Identity(session=session, strategy=CONDOR, action=Action.CLOSE_CONDOR, slot=structure_id),
        Purpose.REDUCE,
        structure_id,
        legs=legs,
        quantity=quantity,
        share=1.0,
        tier=tier,
    )


def _buy(
    quantity: int, layer: Layer, structure_id: str, *, session: dt.date, reason: str = "wished"
) -> OrderIntent:
    return _intent(
        Identity(session=session, strategy=ALVH, action=Action.BUY_HEDGE, slot=structure_id),
        Purpose.PROTECT,
        structure_id,
        legs=(Leg(contract=call(LAYER_STRIKE[layer]), ratio=1),),
        quantity=quantity,
        share=0.5,
        layer=layer,
        extrinsic_points=1.0,
        reason=reason,
    )


def _sell(lot: HedgeLot, session: dt.date, **more: object) -> OrderIntent:
    return _intent(
        Identity(session=session, strategy=ALVH, action=Action.SELL_HEDGE, slot=lot.lot_id),
        Purpose.REDUCE,
        lot.lot_id,
        legs=(Leg(contract=lot.contract, ratio=-1),),
        quantity=lot.quantity,
        share=1.0,
        layer=lot.layer,
        **more,
    )


def _roll(lot: HedgeLot, session: dt.date) -> Iterator[OrderIntent]:
    name = lot_id(lot.layer, session, replaces=lot.lot_id)
    bought = _buy(lot.quantity, lot.layer, name, session=session, reason=ROLL_DUE)
    yield bought
    sold = _sell(lot, session, after=bought.intent_id, reason=ROLL_DUE)
    yield replace(sold, purpose=Purpose.PROTECT)  # it comes after the buy, like for like
