"""Broker versus ledger: what happened while nobody looked, and whether the two agree.

Executions are read into the ledger first, then orders that nobody waits for any more are
brought to their end, then expired positions are settled, and at last positions are compared
contract by contract. The book is READY when they agree, LOCKED when they do not: an unexplained
position is somebody's, and unknown is not flat.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from bot.breaks import Break, compare
from bot.broker import orders
from bot.core.fold import Fill, IntentState
from bot.logs import get_logger
from bot.settlement import settle_expired

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.broker.facts import ExecutionFact, OrderSweep
    from bot.core.decision import OrderIntent
    from bot.core.model import OptionContract
    from bot.desk import Desk

log = get_logger(__name__)

CANCEL_PATIENCE_SECONDS = 10.0
CANCEL_REQUESTS = 4
"""How often an order that nobody waits for is asked to end, and how long each may take."""


POSITION_LOOK_SECONDS = 3.0
POSITION_LOOKS = 3
"""How often positions that differ are asked for before the book is locked, at what distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What the comparison found; the book is locked while there is any break."""

    breaks: tuple[Break, ...]
    settling: tuple[str, ...]
    in_flight: tuple[str, ...]

    @property
    def locked(self) -> bool:
        """Whether ledger and broker disagree."""
        return bool(self.breaks)


async def reconcile(desk: Desk) -> Reconciliation:
    """Bring the ledger up to the broker and compare the two.

    Raises
    ------
    GatewayUnavailableError, MarketDataError
        If the broker's state could not be read: nothing is then concluded.
    LedgerError
        If the ledger cannot be written.
    """
    swept = await orders.sweep(desk.broker)
    absorb(desk, swept)
    if not desk.dry:
        swept = await _end_leftovers(desk, swept)
    conclude_leftovers(desk, swept)
    _report_twins(desk, swept)
    _report_read_only(desk)
    breaks, settling = await _settled_breaks(desk)
    result = Reconciliation(
        breaks=breaks,
        settling=tuple(sorted(contract.label() for contract in settling)),
        in_flight=tuple(
            record.intent.intent_id for record in desk.ledger.intent_records(open_only=True)
        ),
    )
    _report(desk, result)
    return result


async def _settled_breaks(desk: Desk) -> tuple[tuple[Break, ...], frozenset[OptionContract]]:
    """Compare positions, and again where they differ: the broker may list them late.

    Positions and executions are two messages, and either can be ahead of the other.
    """
    for look in range(POSITION_LOOKS):
        if look:
            await desk.clock.sleep(POSITION_LOOK_SECONDS)
            absorb(desk, await orders.sweep(desk.broker))
        positions = await desk.broker.positions()
        settling = await settle_expired(desk, positions)
        breaks = compare(desk.ledger.holdings(), positions, settling)
        if not breaks:
            break
    return breaks, settling


def absorb(desk: Desk, swept: OrderSweep) -> int:
    """Write the executions of a sweep that the ledger lacks; return how many were new.

    An execution that is not ours is left alone: the positions will show it.
    """
    fresh: Counter[str] = Counter()
    for execution in swept.executions:
        intent_id = _intent_of(desk, execution)
        if intent_id is None:
            log.warning("execution.foreign", exec_id=execution.exec_id)
            continue
        reference = desk.ledger.order_ref_of(intent_id)
        fresh[intent_id] += desk.ledger.record_fill(fill_of(execution, intent_id, reference))
    _beat_the_end(desk, +fresh)
    return fresh.total()


def _beat_the_end(desk: Desk, fresh: Counter[str]) -> None:
    """Let new fills of intents that had ended correct how they ended."""
    sessions = {dt.date.fromisoformat(intent_id.partition(":")[0]) for intent_id in fresh}
    for record in chain.from_iterable(map(desk.ledger.intent_records, sorted(sessions))):
        intent = record.intent
        if not record.state.is_final or intent.intent_id not in fresh:
            continue
        units = units_filled(intent, desk.ledger.fills_of(intent.intent_id))
        if units:
            state = end_state(units, intent.quantity, rejected=False)
            desk.ledger.set_intent_state(intent.intent_id, state, at=desk.now(), detail="late fill")
            log.warning("fill.late", intent_id=intent.intent_id, units=units)


def _intent_of(desk: Desk, execution: ExecutionFact) -> str | None:
    """Return the intent behind an execution, by its reference or else by its permanent number."""
    ledger = desk.ledger
    if execution.order_ref:
        return ledger.intent_of(execution.order_ref)
    return ledger.intent_of_perm_id(execution.perm_id) if execution.perm_id else None


def split_exec_id(exec_id: str) -> tuple[str, int]:
    """Return the family of an execution and its revision, the last segment of its id."""
    family, _, revision = exec_id.rpartition(".")
    return (family, int(revision)) if revision.isdigit() and family else (exec_id, 0)


def fill_of(execution: ExecutionFact, intent_id: str, order_ref: str) -> Fill:
    """Return the ledger's form of an execution."""
    family, revision = split_exec_id(execution.exec_id)
    return Fill(
        family=family,
        revision=revision,
        intent_id=intent_id,
        order_ref=order_ref,
        contract=execution.contract,
        quantity=execution.quantity,
        price=execution.price,
        at=execution.at,
        commission_usd=execution.commission_usd,
    )


def units_filled(intent: OrderIntent, fills: Iterable[Fill]) -> int:
    """Return how many whole units of `intent` its fills make up.

    Legs are counted, never the combo's summary: a unit is filled when each of its legs is.
    """
    filled: Counter[OptionContract] = Counter()
    for fill in fills:
        if fill.contract is not None:
            filled[fill.contract] += fill.quantity
    return max(0, min(filled[leg.contract] // leg.ratio for leg in intent.legs))


def end_state(units: int, quantity: int, *, rejected: bool) -> IntentState:
    """Return how an order ended that the broker no longer works."""
    if units >= quantity:
        return IntentState.FILLED
    if units > 0:
        return IntentState.PARTIAL
    return IntentState.REJECTED if rejected else IntentState.CANCELLED


def last_state(
    swept: OrderSweep, reference: str, *, units: int, quantity: int, rejected: bool = False
) -> IntentState:
    """Return how an order ended that is not open; ``UNKNOWN`` while the broker contradicts itself.

    An order that is listed as filled, and whose executions are not all there, is not done with.
    """
    if units < quantity and swept.says_filled(reference):
        return IntentState.UNKNOWN
    return end_state(units, quantity, rejected=rejected)


def conclude_leftovers(desk: Desk, swept: OrderSweep) -> None:
    """End every intent that the broker does not work any more.

    Orders are DAY orders, so one that is neither open nor completed today never reached the
    market or ended with its session; its executions of today are in the sweep, those of
    earlier days show as a position break.
    """
    for record in desk.ledger.intent_records(open_only=True):
        intent = record.intent
        reference = desk.ledger.order_ref_of(intent.intent_id)
        if swept.is_open(reference):
            continue
        units = units_filled(intent, desk.ledger.fills_of(intent.intent_id))
        state = last_state(swept, reference, units=units, quantity=intent.quantity)
        if not units and not swept.orders_of(reference):
            state = IntentState.EXPIRED
        desk.ledger.set_intent_state(
            intent.intent_id, state, at=desk.now(), detail="concluded by reconciliation"
        )
        log.info("intent.reconciled", intent_id=intent.intent_id, state=state.value)


async def _end_leftovers(desk: Desk, swept: OrderSweep) -> OrderSweep:
    """Cancel our orders that a former cycle or probe left at work, then look again."""
    for _ in range(CANCEL_REQUESTS):
        names = {order.order_ref for order in swept.orders if order.is_open}
        ours = [name for name in sorted(names) if _is_ours(desk, name)]
        if not ours:
            return swept
        for name in ours:
            cancel_open(desk, swept, name)
        await desk.clock.sleep(CANCEL_PATIENCE_SECONDS)
        swept = await orders.sweep(desk.broker)
        absorb(desk, swept)
    left = [name for name in ours if swept.is_open(name)]
    if left:
        text = f"still at work after {CANCEL_REQUESTS} cancels: {', '.join(left)}"
        desk.ledger.alert("ORDER_NOT_CANCELLED", text, session=desk.session, at=desk.now())
    return swept


def cancel_open(desk: Desk, swept: OrderSweep, reference: str) -> None:
    """Ask for the end of everything that a sweep lists as open under a reference.

    An order number means something to the client that gave it: to cancel the number of another
    client would end an order of this one, or none. Such an order is left to a person.

    Raises
    ------
    ConnectionError
        If the socket is gone.
    """
    for order in swept.orders_of(reference):
        if not order.is_open:
            continue
        if order.client_id != desk.broker.settings.client_id:
            text = f"{reference} was placed by client {order.client_id}, which alone can cancel it"
            desk.ledger.alert_once("ORDER_NOT_CANCELLED", text, session=desk.session, at=desk.now())
            continue
        log.warning("order.leftover", order_ref=reference, perm_id=order.perm_id)
        orders.cancel_listed(desk.broker, order)


def _is_ours(desk: Desk, order_ref: str) -> bool:
    """Whether an order is of an intent, or of a probe that was killed."""
    if order_ref.startswith(orders.PROBE_PREFIX):
        return True
    return bool(order_ref) and desk.ledger.intent_of(order_ref) is not None


def _report_twins(desk: Desk, swept: OrderSweep) -> None:
    """Alert to references under which the venue had more than one order."""
    for reference in filter(desk.ledger.intent_of, swept.twins()):
        numbers = ", ".join(str(order.perm_id) for order in swept.orders_of(reference))
        text = f"{reference} is more than one order: {numbers}; all were asked to end"
        desk.ledger.alert_once("ORDER_TWINS", text, session=desk.session, at=desk.now())


def _report_read_only(desk: Desk) -> None:
    """Alert to a gateway whose API has refused an order for being read-only."""
    upstream = desk.broker.upstream
    if upstream.is_read_only and (text := upstream.no_send()):
        code, _, found = text.partition(": ")
        desk.ledger.alert(code, found, session=desk.session, at=desk.now())


def _report(desk: Desk, result: Reconciliation) -> None:
    for found in result.breaks:
        log.error("position.break", contract=found.label, detail=found.text)
        desk.ledger.alert_once("POSITION_BREAK", found.text, session=desk.session, at=desk.now())
    for label in result.settling:
        log.info("position.settling", contract=label)
