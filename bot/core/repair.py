"""Orders that end what other orders left incomplete: pure, from residuals and quotes to intents.

A combo can trade leg by leg, and stop in between. What is then held completes no structure, and a
short leg may stand without its wing. Rules, with the exceptions:

- Everything incomplete is closed, as REDUCE, through to the natural price: to complete a
  structure would be to take on risk.
- Shorts are bought back first. A long leg is sold afterwards, and at most as many as shorts of
  its right and structure were bought back: until then it is their wing.
- A leg that is not quoted, a long one for which nobody bids, and one whose trading has ended are
  left alone, and so is what a person has adopted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.core.book import Leg
from bot.core.decision import Action, OrderIntent, Purpose
from bot.core.plan import ALVH, CONDOR, Identity, make_ladder, price_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.core.fold import Residual
    from bot.core.model import Session
    from bot.core.rules import LadderRules
    from bot.core.valuation import Quotes

INCOMPLETE: Final = "incomplete"
"""Reason of an order that closes a leg which belongs to no complete structure."""


def repairs(
    residuals: Iterable[Residual], quotes: Quotes, rules: LadderRules, *, session: Session
) -> tuple[OrderIntent, ...]:
    """Return the orders that close `residuals`, in the order of their execution.

    Parameters
    ----------
    residuals
        Signed contracts that complete no structure.
    quotes
        Fresh quotes by contract.
    rules
        Price ladder; what must get out may concede ``reduce_floor_share``.
    session
        The session in which they are closed.
    """
    open_ones = [
        residual
        for residual in residuals
        if not residual.adopted and residual.contract.last_trade >= session
    ]
    shorts = {_side(residual): residual for residual in open_ones if residual.quantity < 0}
    intents = [
        _close(residual, quotes, rules, session=session, after=shorts.get(_side(residual)))
        for residual in sorted(open_ones, key=lambda residual: residual.quantity > 0)
    ]
    return tuple(intent for intent in intents if intent is not None)


def _side(residual: Residual) -> tuple[str, str]:
    return residual.structure_id, residual.contract.right.value


def _close(
    residual: Residual,
    quotes: Quotes,
    rules: LadderRules,
    *,
    session: Session,
    after: Residual | None,
) -> OrderIntent | None:
    """Return the order that closes one residual, or ``None`` where no price is to be had."""
    is_long = residual.quantity > 0
    legs = (Leg(contract=residual.contract, ratio=-1 if is_long else 1),)
    price = price_order(legs, quotes.get)
    if price is None or (is_long and not price.natural):
        return None
    return OrderIntent(
        intent_id=str(_identity(residual, session)),
        session=session,
        purpose=Purpose.REDUCE,
        action=_action(residual),
        structure_id=residual.structure_id,
        legs=legs,
        quantity=abs(residual.quantity),
        ladder=make_ladder(price, legs, rules, share=rules.reduce_floor_share),
        mid=price.mid,
        natural=price.natural,
        reason=INCOMPLETE,
        after=str(_identity(after, session)) if is_long and after is not None else None,
    )


def _action(residual: Residual) -> Action:
    is_hedge = residual.contract.underlying == "VIX"
    return Action.SELL_HEDGE if is_hedge else Action.CLOSE_CONDOR


def _identity(residual: Residual, session: Session) -> Identity:
    action = _action(residual)
    return Identity(
        session=session,
        strategy=ALVH if action is Action.SELL_HEDGE else CONDOR,
        action=action,
        slot=f"{residual.structure_id}:{residual.contract.label().replace(' ', '-')}",
    )
