"""What one layer buys and sells in one session: from its lots and its goal to orders.

Rules, with the exceptions:

- What is missing is bought. What a lot stands for counts, also where half of it was sold.
- A roll buys first and sells no more than the buy filled. Lots of a layer that roll for the same
  reason are replaced by one purchase, which makes one lot of them. It replaces no more than the
  goal needs; a due lot that is not needed is sold without a replacement. What is not due is never
  sold, unless at a profit.
- The rest of a lot that was halved is sold once the layer is bought anew in full; if that purchase
  fails, it is kept.
- A lot for which nobody bids stays. A call is not rolled into itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.core.book import HedgeLot, Layer, LayerNote
from bot.core.decision import OrderIntent
from bot.core.hedge_budget import stepped_delta, stepped_lately, stepped_note
from bot.core.hedge_figures import LotFigures
from bot.core.hedge_pace import ended, entry_day, entry_note, layer_note, paced_goal
from bot.core.hedge_rolls import RollReason, early_gains
from bot.core.model import OptionContract
from bot.core.monetise import half_of
from bot.core.plan import MONETISE, MONETISE_REST, REOPEN
from bot.core.risk import layer_rules
from strategies.alvh_choice import buyable_expiries, choose_contract
from strategies.alvh_orders import Choice, Purchase, Sale, buy, sale_price, sell

if TYPE_CHECKING:
    from strategies.alvh_conditions import Conditions
    from strategies.alvh_state import LayerState
    from strategies.base import Context

MISSING: Final = "missing"
ROLL_REST: Final = "roll_rest"
"""Reasons: a layer below its goal, and what is left of a lot that needs no replacement."""

Intents = tuple[OrderIntent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is asked of one layer.

    Parameters
    ----------
    target
        Contracts that it shall have in the end.
    hasten
        Whether neither the pace nor the cash press holds it up: gains of the near layer restore it.
    sold
        Contracts that the hedge sells in this session; it buys none of them.
    """

    target: int
    hasten: bool
    sold: frozenset[OptionContract]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A lot with the contracts that are bought in its place, and those that are sold of it."""

    lot: HedgeLot
    bought: int
    sold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPlan:
    """What one layer wants.

    Parameters
    ----------
    note
        What it hands on to the next session.
    target, goal
        Contracts wanted in the end, and in this session.
    delta
        At which it buys.
    choice
        What it would buy, ``None`` where nothing is quoted.
    early
        Lots that are rolled early.
    profit
        Orders that take a profit out of it.
    orders
        All others, in the order of execution.
    """

    note: LayerNote
    target: int
    goal: int
    delta: float
    choice: Choice | None
    early: tuple[LotFigures, ...] = ()
    profit: Intents = ()
    orders: Intents = ()


def plan_layer(
    context: Context, state: LayerState, conditions: Conditions, demand: Demand
) -> LayerPlan:
    """Return what a layer wants.

    Parameters
    ----------
    context, state, conditions
        The session, the layer's lots, and what holds for the whole hedge.
    demand
        What is asked of the layer.
    """
    entry = _entry(context, state, demand.target)
    paced = _goal(context, entry, conditions, held=state.covers)
    goal = entry.goal if demand.hasten else paced
    note = _stepped(context, state, ended(entry, goal), conditions)
    rules = layer_rules(state.layer, context.rules.hedge)
    delta = stepped_delta(note.delta_steps, rules, context.rules.hedge.budget)
    expiries = buyable_expiries(conditions.monthly, context.session, rules)
    choice = choose_contract(context, expiries, delta=delta, sold=demand.sold)
    plan = LayerPlan(
        note=note,
        target=demand.target,
        goal=goal,
        delta=delta,
        choice=choice,
        early=_early(context, state, conditions, choice, delta=delta),
        profit=_profit(context, state),
    )
    return replace(plan, orders=_orders(context, state, plan))


def _entry(context: Context, state: LayerState, target: int) -> LayerNote:
    note = layer_note(context.book.notes, state.layer, held=state.covers)
    return entry_note(note, target, held=state.covers, session=context.session)


def _goal(context: Context, entry: LayerNote, conditions: Conditions, *, held: int) -> int:
    """Return the contracts to be had now, by the pace; a pressed unit above the first waits.

    What was had already is kept: the press delays purchases, and lets nothing go.
    """
    if entry.initiated is None:
        return entry.goal
    rules = context.rules.hedge
    goal = paced_goal(entry, conditions.pace, session=context.session, calendar=context.calendar)
    day = entry_day(entry.initiated, context.session, context.calendar)
    if not conditions.press or day > rules.press.wait_sessions:
        return goal
    first = layer_rules(entry.layer, rules).contracts
    return min(goal, max(first, entry.established, held))


def _stepped(
    context: Context, state: LayerState, note: LayerNote, conditions: Conditions
) -> LayerNote:
    """Let a layer that rolls now take a step of delta, at most one in a quarter."""
    rules = context.rules.hedge
    lately = stepped_lately(note, context.session, calendar=context.calendar, rules=rules.budget)
    if not state.due or lately:
        return note
    return stepped_note(
        note,
        conditions.direction,
        session=context.session,
        layer=layer_rules(state.layer, rules),
        rules=rules.budget,
    )


def _early(
    context: Context,
    state: LayerState,
    conditions: Conditions,
    choice: Choice | None,
    *,
    delta: float,
) -> tuple[LotFigures, ...]:
    """Return the near lots that are rolled early; the cash press lets the call lapse."""
    called = conditions.early and not (conditions.forbidden or conditions.press)
    if state.layer is not Layer.NEAR or not called or choice is None:
        return ()
    bought, rules = choice.contract, context.rules.hedge.rolls
    return tuple(
        lot
        for lot in state.fresh
        if not lot.sold
        and lot not in state.profit
        and lot.lot.contract != bought
        and early_gains(lot, expiry=bought.expiry, target_delta=delta, rules=rules)
    )


def _profit(context: Context, state: LayerState) -> Intents:
    rules = context.rules.hedge.profit
    return tuple(
        intent
        for lot in state.profit
        for intent in sell(
            context, Sale(lot=lot.lot, quantity=half_of(lot, rules), reason=MONETISE)
        )
    )


def _orders(context: Context, state: LayerState, plan: LayerPlan) -> Intents:
    """Return purchases of what is missing, rolls, and re-openings, in this order."""
    needed = plan.goal - sum(lot.covers for lot in state.kept)
    due = [lot.figures.lot for lot in state.due]
    rolled = _shared_out(needed, [lot.quantity for lot in due])
    intents = _fill_up(context, state.layer, needed - sum(lot.quantity for lot in due), plan.choice)
    if not (state.due or plan.early):
        return intents + _reopenings(context, state, plan, rolled=0)
    swaps = {reason: list[Swap]() for reason in RollReason}
    for lot, quantity in zip(state.due, rolled, strict=True):
        swaps[lot.reason].append(Swap(lot=lot.figures.lot, bought=quantity, sold=quantity))
    for early in plan.early:
        units = early.lot.quantity
        swaps[RollReason.EARLY].append(Swap(lot=early.lot, bought=units, sold=units))
    for reason, wanted in swaps.items():
        intents += _swapped(
            context, wanted, plan.choice, reasons=(reason.value, reason.value, ROLL_REST)
        )
    return intents + _reopenings(context, state, plan, rolled=sum(rolled))


def _shared_out(needed: int, quantities: list[int]) -> list[int]:
    """Share what is `needed` out among `quantities`, the first one first."""
    shares = []
    for quantity in quantities:
        shares.append(min(quantity, max(needed, 0)))
        needed -= shares[-1]
    return shares


def _fill_up(context: Context, layer: Layer, missing: int, choice: Choice | None) -> Intents:
    """Buy what the layer lacks."""
    if missing <= 0 or choice is None:
        return ()
    return buy(context, Purchase(layer=layer, choice=choice, quantity=missing, reason=MISSING))


def _reopenings(context: Context, state: LayerState, plan: LayerPlan, *, rolled: int) -> Intents:
    """Buy halved lots anew in full as far as they are needed, and sell their rest after that."""
    if not state.rest:
        return ()
    lots = [lot for lot in state.rest if sale_price(context, lot.lot) is not None]
    others = sum(lot.covers for lot in state.kept if lot not in lots)
    anew = _shared_out(plan.goal - others - rolled, [lot.covers for lot in lots])
    swaps = [
        Swap(lot=lot.lot, bought=quantity, sold=lot.lot.quantity)
        for lot, quantity in zip(lots, anew, strict=True)
    ]
    reasons = (REOPEN, MONETISE_REST, MONETISE_REST)
    return _swapped(context, swaps, plan.choice, reasons=reasons)


def _swapped(
    context: Context, swaps: list[Swap], choice: Choice | None, *, reasons: tuple[str, str, str]
) -> Intents:
    """Buy in one order what replaces the lots, then sell each of them, no more than was bought.

    Parameters
    ----------
    context, choice
        The session, and the call that is bought.
    swaps
        Lots to be replaced. Those that need no replacement are sold by themselves.
    reasons
        Of the purchase, of the sales after it, and of sales without a purchase.
    """
    why_bought, why_sold, why_dropped = reasons
    intents: Intents = ()
    for swap in swaps:
        if swap.bought == 0:
            rest = Sale(lot=swap.lot, quantity=swap.lot.quantity, reason=why_dropped)
            intents += sell(context, rest)
    wanted = [swap for swap in swaps if swap.bought and _differs(swap.lot, choice)]
    if not wanted or choice is None:
        return intents
    buys = buy(
        context,
        Purchase(
            layer=wanted[0].lot.layer,
            choice=choice,
            quantity=sum(swap.bought for swap in wanted),
            reason=why_bought,
            replaces=wanted[0].lot.lot_id,
        ),
    )
    return intents + buys + _sold_after(context, wanted, buys, why_sold)


def _differs(lot: HedgeLot, choice: Choice | None) -> bool:
    return choice is not None and choice.contract != lot.contract


def _sold_after(context: Context, swaps: list[Swap], buys: Intents, reason: str) -> Intents:
    """Sell each lot once the purchase has filled for it and for those before it.

    Of a halved lot more is bought than is left to be sold: what makes the layer full comes first.
    """
    intents: Intents = ()
    reserved = 0
    for buy_first in buys:
        for swap in swaps:
            sale = Sale(
                lot=swap.lot,
                quantity=swap.sold,
                reason=reason,
                after=buy_first.intent_id,
                after_reserved=reserved + max(0, swap.bought - swap.sold),
            )
            intents += sell(context, sale)
            reserved += swap.bought
    return intents
