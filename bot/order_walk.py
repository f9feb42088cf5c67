"""One order at the venue: sent, walked along its price ladder, and brought to a proven end.

What became of an order is read from a sweep of the broker and from nothing else; what cannot be
proven is UNKNOWN. Whatever stops the watching of an order, a fault of the ledger or the end of
the program, asks for its cancel.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.broker import orders
from bot.broker.orders import Ticket, WorkingOrder
from bot.core.decision import Action
from bot.core.errors import DamagedAnswerError, GatewayUnavailableError, MarketDataError
from bot.core.fold import IntentState
from bot.logs import get_logger
from bot.reconcile import absorb, cancel_open, last_state, units_filled

if TYPE_CHECKING:
    from decimal import Decimal

    from bot.broker.facts import OrderSweep
    from bot.core.book import Book
    from bot.core.decision import OrderIntent
    from bot.desk import Desk

log = get_logger(__name__)

LOOK_SECONDS = 5.0
"""How often a resting order and the kill switch are looked at within a step."""

CANCEL_LOOK_SECONDS = 2.0
CANCEL_LOOKS = 6
"""How often the broker is asked whether a cancelled order has ended, and at what distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What became of one intent."""

    intent_id: str
    state: IntentState
    units: int
    detail: str = ""


async def work(desk: Desk, intent: OrderIntent, book: Book, reference: str) -> Executed:
    """Send the order of a committed intent and stay with it to its end.

    Raises
    ------
    LedgerError
        If it cannot be recorded: nothing was sent, or its order has been cancelled.
    """
    working = await _send(desk, intent, reference)
    if working is None:
        return end(desk, intent, IntentState.UNKNOWN, detail="the socket broke while sending")
    try:
        with desk.stopping(working, intent, book):
            _record_sent(desk, intent, working)
            await _walk(desk, intent, book, working)
            if working.number_taken:
                await _renumber(desk, intent, book, working)
            return await _conclude(desk, intent, working)
    except (GatewayUnavailableError, MarketDataError, ConnectionError) as fault:
        _withdraw(desk, working)
        return end(desk, intent, IntentState.UNKNOWN, detail=str(fault))
    except BaseException:
        _withdraw(desk, working)
        raise


def ticket(intent: OrderIntent, reference: str) -> Ticket:
    """Return what is sent for an intent: its first price is the best for us."""
    return Ticket(
        order_ref=reference,
        legs=intent.legs,
        quantity=intent.quantity,
        net_price=intent.ladder.steps[0],
    )


async def _send(desk: Desk, intent: OrderIntent, reference: str) -> WorkingOrder | None:
    """Hand the order to the socket; ``None`` when it is unknown whether it left."""
    desk.ledger.set_intent_state(intent.intent_id, IntentState.SENT, at=desk.now())
    try:
        return orders.place(desk.broker, ticket(intent, reference))
    except ConnectionError:
        return None


def _record_sent(desk: Desk, intent: OrderIntent, working: WorkingOrder) -> None:
    _record_order(desk, working)
    _event(desk, working, "sent", intent.ladder.steps[0])


def _record_order(desk: Desk, working: WorkingOrder) -> None:
    """Note the order's numbers: when it is sent, and with the permanent one when it has ended."""
    desk.ledger.record_order(
        working.ticket.order_ref,
        order_id=working.order_id,
        perm_id=working.perm_id,
        client_id=desk.broker.settings.client_id,
        at=desk.now(),
    )


def _withdraw(desk: Desk, working: WorkingOrder) -> None:
    """Cancel an order that is watched no longer; the next reconciliation says how it ended."""
    log.error("order.withdrawn", order_ref=working.ticket.order_ref)
    with contextlib.suppress(ConnectionError):
        orders.cancel(desk.broker, working)


async def _walk(desk: Desk, intent: OrderIntent, book: Book, working: WorkingOrder) -> None:
    """Offer each price of the ladder for its time, then ask for the end.

    An order that the library takes for cancelled may be alive: only a filled one needs no cancel.

    Raises
    ------
    GatewayUnavailableError
        If the gateway does not answer.
    """
    for step, price in enumerate(intent.ladder.steps):
        if step:
            listed = await _is_at_work(desk, working)
            done = working.seems_done or working.cancel_asked or not listed
            if done or desk.forbidden(intent, book):
                break
            orders.reprice(desk.broker, working, price)
            _event(desk, working, "repriced", price)
        if await _rest(desk, intent, book, working):
            break
    if not (working.seems_filled or working.number_taken):
        if not working.cancel_asked:
            orders.cancel(desk.broker, working)
        _event(desk, working, "cancel_requested", None)


async def _is_at_work(desk: Desk, working: WorkingOrder) -> bool:
    """Whether the venue itself lists an order as open: asked before each change of its price.

    One that filled unheard may by now be unknown to the gateway under its number, and the change
    would be a second order. A list that cannot be read shows nothing: then it is cancelled.

    Raises
    ------
    GatewayUnavailableError
        If the gateway does not answer.
    """
    try:
        listed = await orders.is_at_work(desk.broker, working)
    except (DamagedAnswerError, MarketDataError) as fault:
        log.warning("order.unlisted", order_ref=working.ticket.order_ref, detail=str(fault))
        return False
    if not listed:
        log.warning("order.unlisted", order_ref=working.ticket.order_ref)
    return listed


async def _rest(desk: Desk, intent: OrderIntent, book: Book, working: WorkingOrder) -> bool:
    """Let the order rest for one step; return whether there is nothing more to wait for."""
    left = intent.ladder.seconds
    while left > 0 and not working.seems_done:
        await desk.clock.sleep(min(LOOK_SECONDS, left))
        left -= LOOK_SECONDS
        if desk.forbidden(intent, book):
            return False
        if orders.has_twin(desk.broker, working):
            return True
    return working.seems_done


async def _renumber(desk: Desk, intent: OrderIntent, book: Book, working: WorkingOrder) -> None:
    """Send an order whose number was taken once more, unless it is there or was executed after all.

    The venue's lists may be late: an execution says as well that it has the order.
    """
    reference = working.ticket.order_ref
    swept = await orders.sweep(desk.broker)
    if working.cancel_asked or swept.knows(reference) or desk.forbidden(intent, book):
        return
    listed = max((order.order_id for order in swept.orders), default=0)
    above = max(listed, working.order_id, desk.ledger.highest_order_id())
    log.warning("order.renumbered", order_ref=working.ticket.order_ref, above=above)
    orders.place_renumbered(desk.broker, working, above=above)
    _record_sent(desk, intent, working)
    await _walk(desk, intent, book, working)


async def _last_sweep(desk: Desk, intent: OrderIntent, reference: str) -> OrderSweep:
    """Look until the order has ended or patience is at its end; write down what was filled.

    A cancel can be lost, and an order can be there twice: from the second look on, whatever
    still works under the reference is asked to end. A look that cannot be read says nothing: the
    next one may be whole, and only that of the last look is the fault of the order.
    """
    for look in range(CANCEL_LOOKS):
        if look:
            await desk.clock.sleep(CANCEL_LOOK_SECONDS)
        try:
            swept = await orders.sweep(desk.broker)
        except (DamagedAnswerError, MarketDataError) as fault:
            if look == CANCEL_LOOKS - 1:
                raise
            log.warning("sweep.unreadable", order_ref=reference, look=look, detail=str(fault))
            continue
        absorb(desk, swept)
        units = units_filled(intent, desk.ledger.fills_of(intent.intent_id))
        state = last_state(swept, reference, units=units, quantity=intent.quantity)
        if swept.proves_end(reference) and state.is_final:
            break
        if look:
            cancel_open(desk, swept, reference)
    return swept


async def _conclude(desk: Desk, intent: OrderIntent, working: WorkingOrder) -> Executed:
    """Read what became of the order from the broker and write it down."""
    reference = working.ticket.order_ref
    swept = await _last_sweep(desk, intent, reference)
    units = units_filled(intent, desk.ledger.fills_of(intent.intent_id))
    if swept.is_open(reference):
        return end(
            desk, intent, IntentState.UNKNOWN, units=units, detail="still open after the cancel"
        )
    code = orders.refusal(desk.broker, working)
    never_listed = not (swept.orders_of(reference) or working.perm_id or units)
    if never_listed and code is None:
        return end(desk, intent, IntentState.UNKNOWN, detail="neither listed nor refused")
    refused = [f"error {code}"] if never_listed else []
    detail = "; ".join([*refused, *working.messages[-2:]])
    state = last_state(
        swept,
        reference,
        units=units,
        quantity=intent.quantity,
        rejected=working.rejected or never_listed,
    )
    _record_order(desk, working)
    _event(desk, working, state.value, None, detail=detail)
    return end(desk, intent, state, units=units, detail=detail)


def end(
    desk: Desk, intent: OrderIntent, state: IntentState, *, units: int = 0, detail: str
) -> Executed:
    """Write down how an intent ended, with the units that its fills make up."""
    desk.ledger.set_intent_state(intent.intent_id, state, at=desk.now(), detail=detail)
    level = "warning" if state in {IntentState.UNKNOWN, IntentState.REJECTED} else "info"
    getattr(log, level)(
        "intent.ended",
        intent_id=intent.intent_id,
        action=intent.action.value,
        state=state.value,
        units=units,
        quantity=intent.quantity,
        detail=detail,
    )
    if state is IntentState.PARTIAL and intent.action is Action.OPEN_CONDOR:
        log.info("condor.partial", intent_id=intent.intent_id, units=units)
    return Executed(intent_id=intent.intent_id, state=state, units=units, detail=detail)


def _event(
    desk: Desk,
    working: WorkingOrder,
    kind: str,
    price: Decimal | None,
    *,
    detail: str = "",
) -> None:
    status = working.trade.orderStatus
    desk.ledger.record_order_event(
        working.ticket.order_ref,
        kind=kind,
        status=working.status_hint,
        price=price,
        filled=int(status.filled),
        remaining=int(status.remaining),
        at=desk.now(),
        detail=detail,
    )
