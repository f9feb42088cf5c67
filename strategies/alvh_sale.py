"""The sale of the whole hedge, when a person asks for it (kill switch ``flatten``).

Rules, with the exceptions:

- Under ``flatten`` with ``keep_hedge = false`` every lot is sold, as REDUCE and after the condors,
  through to the natural price. In every other state nothing is sold here.
- A lot for which nobody is known to bid is kept: it can be tried again in the next session.
- No order is sent for a contract in its last session, nor for a lot on which an order is not
  proven ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.book import Leg, TradingState
from bot.core.decision import Action, OrderIntent, Purpose, Verdict
from bot.core.plan import ALVH, FLATTEN, Identity, in_flight_slots, make_ladder, price_order
from strategies.base import Context, Proposal

if TYPE_CHECKING:
    from bot.core.book import HedgeLot
    from bot.core.decision import Observed
    from bot.core.plan import OrderPrice


def propose(context: Context) -> Proposal:
    """Return the sale of every lot when it is asked for, and the verdicts of all its gates."""
    lots = sorted(context.book.lots, key=lambda lot: lot.lot_id)
    proposals = [_sale(context, lot) for lot in lots]
    return Proposal(
        intents=tuple(intent for proposal in proposals for intent in proposal.intents),
        verdicts=tuple(verdict for proposal in proposals for verdict in proposal.verdicts),
    )


def _sale(context: Context, lot: HedgeLot) -> Proposal:
    asked = _flatten(context, lot)
    if not asked.passed:
        return Proposal(verdicts=(asked,))
    legs = (Leg(contract=lot.contract, ratio=-1),)
    price = price_order(legs, context.quote)
    obstacles = _obstacles(context, lot, price)
    verdicts = (asked, *obstacles)
    if price is None or not all(verdict.passed for verdict in obstacles):
        return Proposal(verdicts=verdicts)
    return Proposal(intents=(_sell(context, lot, legs=legs, price=price),), verdicts=verdicts)


def _verdict(
    code: str, lot: HedgeLot, *, observed: Observed, limit: Observed, passed: bool
) -> Verdict:
    return Verdict(
        code=code, subject=f"lot:{lot.lot_id}", observed=observed, limit=limit, passed=passed
    )


def _flatten(context: Context, lot: HedgeLot) -> Verdict:
    """Fire when the trading state asks for the hedge to be sold too."""
    state, keep = context.book.trading_state, context.book.keep_hedge
    return _verdict(
        "FLATTEN",
        lot,
        observed=f"{state.value}, keep_hedge {keep}",
        limit=f"{TradingState.FLATTEN.value}, keep_hedge False",
        passed=state is TradingState.FLATTEN and not keep,
    )


def _obstacles(context: Context, lot: HedgeLot, price: OrderPrice | None) -> tuple[Verdict, ...]:
    """Return the verdicts of what can stand in the way of the sale."""
    last, in_flight = lot.contract.last_trade, lot.lot_id in in_flight_slots(context.book, ALVH)
    return (
        _verdict(
            "LAST_SESSION",
            lot,
            observed=last.isoformat(),
            limit=f"after {context.session}",
            passed=last > context.session,
        ),
        _verdict("EXIT_IN_FLIGHT", lot, observed=in_flight, limit=False, passed=not in_flight),
        _verdict(
            "LOT_QUOTE",
            lot,
            observed=None if price is None else -float(price.natural),
            limit="bid",
            passed=price is not None and price.natural < 0,
        ),
    )


def _sell(
    context: Context, lot: HedgeLot, *, legs: tuple[Leg, ...], price: OrderPrice
) -> OrderIntent:
    rules = context.rules.ladder
    identity = Identity(
        session=context.session, strategy=ALVH, action=Action.SELL_HEDGE, slot=lot.lot_id
    )
    return OrderIntent(
        intent_id=str(identity),
        session=context.session,
        purpose=Purpose.REDUCE,
        action=Action.SELL_HEDGE,
        structure_id=lot.lot_id,
        legs=legs,
        quantity=lot.quantity,
        ladder=make_ladder(price, legs, rules, share=rules.reduce_floor_share),
        mid=price.mid,
        natural=price.natural,
        reason=FLATTEN,
        layer=lot.layer,
    )
