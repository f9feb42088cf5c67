"""Drives intents, one after the other: commit, guard, ask for the margin, send, walk, conclude.

An intent is committed before its order can leave. The kill switch is read again before every
send. What became of an order is read from a sweep of the broker and from nothing else; what
cannot be proven is UNKNOWN, and then nothing more is sent in this session. Whatever stops the
watching of an order, a fault of the ledger or the end of the program, asks for its cancel.
"""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from bot.broker import orders
from bot.broker.orders import Ticket, WorkingOrder
from bot.core.decision import Action, Purpose
from bot.core.errors import GatewayUnavailableError, MarketDataError
from bot.core.fold import IntentState
from bot.core.plan import executable_quantity
from bot.logs import get_logger
from bot.reconcile import absorb, cancel_open, last_state, overtraded, units_filled
from bot.upstream import Restorations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.broker.facts import MarginFact, OrderSweep
    from bot.core.book import Book, Leg
    from bot.core.decision import OrderIntent
    from bot.core.model import MarketSnapshot
    from bot.desk import Desk
    from bot.reconcile import Break

log = get_logger(__name__)

LOOK_SECONDS = 5.0
"""How often a resting order and the kill switch are looked at within a step."""

STALE_SECONDS = 900.0
"""Age at which the prices of a decision are too old to take on risk or to hedge by."""

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


async def execute_all(
    desk: Desk,
    intents: Sequence[OrderIntent],
    book: Book,
    snapshot: MarketSnapshot,
    *,
    breaks: Sequence[Break] = (),
) -> list[Executed]:
    """Execute `intents` in their order, each cut to what came of those before it.

    Parameters
    ----------
    desk
        The session's tools.
    intents
        In the order of the decision: reduce, protect, add.
    book
        The book that was decided on; its lock holds for every send.
    snapshot
        What was decided on. Its prices grow old while orders rest: then only what reduces risk
        is still sent. Its SPX level sizes a hedge unit.
    breaks
        Where ledger and broker disagree.
    """
    done = list(_already_done(desk))
    known = {result.intent_id for result in done}
    line = Restorations(desk)
    for intent in intents:
        unproven = [result.intent_id for result in done if not result.state.is_final]
        if unproven:
            log.error("execution.stopped", intent_id=unproven[0])
            break
        if intent.intent_id in known:
            continue
        age = (desk.now() - snapshot.taken_at).total_seconds()
        if age > STALE_SECONDS and intent.purpose is not Purpose.REDUCE:
            log.warning("intent.stale", intent_id=intent.intent_id, age_seconds=round(age))
            continue
        book = await line.caught_up(book)
        allowed = _allowed(desk, intent, done, snapshot.level("SPX"))
        if allowed < intent.quantity:
            log.info("intent.cut", intent_id=intent.intent_id, quantity=allowed)
        if allowed == 0:
            continue
        final = dataclasses.replace(intent, quantity=allowed)
        refusal = overtraded(final, breaks)
        if refusal:
            done.append(_deny(desk, final, refusal, committed=False))
        else:
            done.append(await execute(desk, final, book))
    return done


def _already_done(desk: Desk) -> Iterator[Executed]:
    """Yield what an interrupted cycle of this session had committed: it is never sent again."""
    for record in desk.ledger.intent_records(desk.session):
        intent = record.intent
        units = units_filled(intent, desk.ledger.fills_of(intent.intent_id))
        yield Executed(intent_id=intent.intent_id, state=record.state, units=units)


async def execute(desk: Desk, intent: OrderIntent, book: Book) -> Executed:
    """Execute one intent whose quantity is final.

    Raises
    ------
    LedgerError
        If it cannot be recorded: nothing was sent, or its order has been cancelled.
    """
    try:
        legs = await _qualified(desk, intent.legs)
    except MarketDataError as fault:
        return _deny(desk, intent, f"CONTRACT_UNKNOWN: {fault}", committed=False)
    intent = dataclasses.replace(intent, legs=legs)
    forbidden = partial(desk.forbidden, intent, book)
    reference = desk.ledger.order_ref_of(intent.intent_id)
    refusal = desk.ledger.commit_unless(forbidden, intent, at=desk.now())
    refusal = refusal or await _margin_refusal(desk, intent, reference) or forbidden()
    if refusal:
        return _deny(desk, intent, refusal, committed=True)
    working = await _send(desk, intent, reference)
    if working is None:
        return _end(desk, intent, IntentState.UNKNOWN, 0, "the socket broke while sending")
    try:
        with desk.stopping(working, intent, book):
            _record_sent(desk, intent, working)
            await _walk(desk, intent, book, working)
            if working.number_taken:
                await _renumber(desk, intent, book, working)
            return await _conclude(desk, intent, working)
    except (GatewayUnavailableError, MarketDataError, ConnectionError) as fault:
        _withdraw(desk, working)
        return _end(desk, intent, IntentState.UNKNOWN, 0, str(fault))
    except BaseException:
        _withdraw(desk, working)
        raise


async def preview(desk: Desk, intents: Sequence[OrderIntent]) -> None:
    """Ask what each order would do to margin, and log it: all that a dry run does."""
    for intent in intents:
        try:
            legs = await _qualified(desk, intent.legs)
            dry = dataclasses.replace(intent, legs=legs)
            margin = await orders.what_if(desk.broker, _ticket(dry, "dry"))
        except (GatewayUnavailableError, MarketDataError) as fault:
            log.warning("dry.what_if", intent_id=intent.intent_id, detail=str(fault))
            continue
        change = margin.initial_margin_change_usd
        log.info("dry.what_if", intent_id=intent.intent_id, margin_change_usd=str(change))


def _allowed(desk: Desk, intent: OrderIntent, done: Sequence[Executed], spx: float | None) -> int:
    holdings = desk.ledger.holdings()
    held = {
        layer: sum(lot.quantity for lot in holdings.lots if lot.layer is layer)
        for layer in {lot.layer for lot in holdings.lots}
    }
    width = sum(condor.width_points * 100 * condor.quantity for condor in holdings.condors)
    return executable_quantity(
        intent,
        filled={result.intent_id: result.units for result in done},
        held=held,
        gross_width_usd=width,
        spx=spx,
        rules=desk.rules,
    )


async def _qualified(desk: Desk, legs: Sequence[Leg]) -> tuple[Leg, ...]:
    contracts = await desk.market.qualify([leg.contract for leg in legs])
    return tuple(
        dataclasses.replace(leg, contract=contract)
        for leg, contract in zip(legs, contracts, strict=True)
    )


async def _margin_refusal(desk: Desk, intent: OrderIntent, reference: str) -> str | None:
    """Return why the margin forbids an order that adds risk; ``None`` if it fits."""
    if intent.purpose is not Purpose.ADD:
        return None
    try:
        margin = await orders.what_if(desk.broker, _ticket(intent, reference))
        account = await desk.broker.refresh_account()
    except (GatewayUnavailableError, MarketDataError) as fault:
        return f"WHAT_IF_FAILED: {fault}"
    return margin_verdict(
        margin, account.excess_liquidity_usd, headroom=desk.rules.condor.margin_headroom
    )


def margin_verdict(
    margin: MarginFact, excess_usd: Decimal | None, *, headroom: float
) -> str | None:
    """Return why the margin does not fit the excess liquidity with `headroom` to spare.

    An unset margin or excess liquidity is unknown, and unknown is no permission.
    """
    change = margin.initial_margin_change_usd
    if change is None or excess_usd is None:
        return f"MARGIN_UNKNOWN: change={change} excess_liquidity={excess_usd}"
    limit = excess_usd * (1 - Decimal(str(headroom)))
    if change > limit:
        return f"MARGIN_EXCEEDS: change={change} limit={limit:.2f}"
    return None


def _ticket(intent: OrderIntent, reference: str) -> Ticket:
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
        return orders.place(desk.broker, _ticket(intent, reference))
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
    """
    for step, price in enumerate(intent.ladder.steps):
        if step:
            if desk.forbidden(intent, book):
                break
            orders.reprice(desk.broker, working, price)
            _event(desk, working, "repriced", price)
        if await _rest(desk, intent, book, working):
            break
    if not (working.seems_filled or working.number_taken):
        if not working.cancel_asked:
            orders.cancel(desk.broker, working)
        _event(desk, working, "cancel_requested", None)


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
    """Send an order whose number was taken once more, unless it is there after all."""
    swept = await orders.sweep(desk.broker)
    if swept.orders_of(working.ticket.order_ref) or desk.forbidden(intent, book):
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
    still works under the reference is asked to end.
    """
    for look in range(CANCEL_LOOKS):
        if look:
            await desk.clock.sleep(CANCEL_LOOK_SECONDS)
        swept = await orders.sweep(desk.broker)
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
        return _end(desk, intent, IntentState.UNKNOWN, units, "still open after the cancel")
    code = orders.refusal(desk.broker, working)
    never_listed = not (swept.orders_of(reference) or working.perm_id or units)
    if never_listed and code is None:
        return _end(desk, intent, IntentState.UNKNOWN, 0, "neither listed nor refused")
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
    return _end(desk, intent, state, units, detail)


def _deny(desk: Desk, intent: OrderIntent, refusal: str, *, committed: bool) -> Executed:
    if not committed:
        desk.ledger.commit_intent(intent, at=desk.now())
    return _end(desk, intent, IntentState.DENIED, 0, refusal)


def _end(desk: Desk, intent: OrderIntent, state: IntentState, units: int, detail: str) -> Executed:
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
