"""Drives intents, one after the other: what may be sent, in which order, and how much of it.

An intent is committed before its order can leave, and the kill switch is read again before every
send. ``bot.order_walk`` stays with the order. What cannot be proven is UNKNOWN, and then nothing
more is sent in this session.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from bot.breaks import after, overtraded
from bot.broker import orders
from bot.core.decision import Purpose
from bot.core.errors import GatewayUnavailableError, MarketDataError
from bot.core.fold import IntentState
from bot.core.model import MULTIPLIER
from bot.core.plan import executable_quantity, recut
from bot.core.repricing import live, repriced
from bot.core.risk import lasting_contracts
from bot.logs import get_logger
from bot.order_walk import Executed, end, ticket, work
from bot.reconcile import units_filled
from bot.upstream import Restorations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.breaks import Break
    from bot.broker.facts import MarginFact
    from bot.core.book import Book, Leg
    from bot.core.decision import OrderIntent
    from bot.core.fold import Fill
    from bot.core.model import MarketSnapshot
    from bot.desk import Desk

log = get_logger(__name__)

FRESH_SECONDS = 60.0
"""Age of a decision's quotes beyond which the legs of an order are quoted anew before it leaves."""

STALE_SECONDS = 900.0
"""Age of a decision beyond which its gates are too old to take on risk, at whatever price."""


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
        What was decided on. Its prices grow old while orders rest: legs are then quoted anew. Its
        SPX level sizes a hedge unit.
    breaks
        Where ledger and broker disagree.
    """
    course = _Course(desk, book, snapshot, breaks)
    lowering = [intent for intent in intents if intent.purpose is not Purpose.ADD]
    await course.take(lowering, may_wait=True)
    if course.waiting:
        await course.take(lowering)
    await course.take([intent for intent in intents if intent.purpose is Purpose.ADD])
    return course.done


class _Course:
    """One session's execution: what is done, and how ledger and broker stand by now.

    What lowers risk, and meets a cause that may pass before anything of it was committed, waits
    until the rest of its kind had its turn; what hangs on it waits with it, and new risk waits for
    both. Then its turn is the last.
    """

    def __init__(
        self, desk: Desk, book: Book, snapshot: MarketSnapshot, breaks: Sequence[Break]
    ) -> None:
        self.done = list(_already_done(desk))
        self.waiting = False
        self._desk, self._book, self._snapshot, self._breaks = desk, book, snapshot, breaks
        self._line, self._since = Restorations(desk), list[Executed]()

    async def take(self, intents: Sequence[OrderIntent], *, may_wait: bool = False) -> None:
        """Give each intent its turn that had none; stop at the first whose end is unproven."""
        for intent in intents:
            unproven = [result.intent_id for result in self.done if not result.state.is_final]
            if unproven:
                log.error("execution.stopped", intent_id=unproven[0])
                return
            if all(result.intent_id != intent.intent_id for result in self.done):
                await self._turn(intent, may_wait=may_wait)

    async def _turn(self, intent: OrderIntent, *, may_wait: bool) -> None:
        desk = self._desk
        if news := await self._line.caught_up():
            self._book = dataclasses.replace(self._book, locked=self._book.locked or news.locked)
            self._breaks, self._since = news.breaks, []
        final = _cut(desk, intent, self.done, self._snapshot.level("SPX"))
        if final is None:
            return
        ready = await _ready(desk, final) if may_wait else final
        if ready is None:
            self.waiting = True
            return
        broken = after(self._breaks, _fills(desk, self._since))
        self._since.append(await _take(desk, ready, self._book, self._snapshot, breaks=broken))
        self.done.append(self._since[-1])


async def _ready(desk: Desk, intent: OrderIntent) -> OrderIntent | None:
    """Return `intent` with the broker's numbers; ``None`` if what forbids it may pass."""
    try:
        numbered = dataclasses.replace(intent, legs=await _qualified(desk, intent.legs))
    except MarketDataError as fault:
        log.warning("intent.waits", intent_id=intent.intent_id, cause=f"CONTRACT_UNKNOWN: {fault}")
        return None
    if desk.broker.upstream.is_lost:
        log.warning("intent.waits", intent_id=intent.intent_id, cause="UPSTREAM_LOST")
        return None
    return numbered


def _cut(
    desk: Desk, intent: OrderIntent, done: Sequence[Executed], spx: float | None
) -> OrderIntent | None:
    """Return `intent` with the quantity that may be sent now, ``None`` if that is nothing."""
    allowed = _allowed(desk, intent, done, spx)
    if allowed < intent.quantity:
        log.info("intent.cut", intent_id=intent.intent_id, quantity=allowed)
    return dataclasses.replace(intent, quantity=allowed) if allowed else None


def _fills(desk: Desk, done: Sequence[Executed]) -> list[Fill]:
    return [fill for result in done for fill in desk.ledger.fills_of(result.intent_id)]


async def _take(
    desk: Desk,
    intent: OrderIntent,
    book: Book,
    snapshot: MarketSnapshot,
    *,
    breaks: Sequence[Break],
) -> Executed:
    """Execute an intent whose turn has come at the prices of now, or deny it."""
    age = (desk.now() - snapshot.taken_at).total_seconds()
    refusal = (
        overtraded(intent, breaks)
        or _too_old(intent, age)
        or _half_a_plan(desk, intent)
        or _left_short(desk, intent)
    )
    repaying = recut(intent, _paid_usd(desk, intent.after))
    if repaying is None:
        refusal = refusal or f"SHIFT_UNPAID: {intent.after} cost more than any price brings back"
    if refusal or repaying is None:
        return _deny(desk, intent, refusal or "", committed=False)
    intent = repaying
    priced = intent if age <= FRESH_SECONDS else await _at_prices_of_now(desk, intent)
    if priced is None:
        floor = intent.ladder.floor
        refusal = f"STALE_PRICE: after {age:.0f} s nothing is quoted at {floor} or better"
        return _deny(desk, intent, refusal, committed=False)
    return await execute(desk, priced, book)


def _paid_usd(desk: Desk, intent_id: str | None) -> Decimal:
    """Return what the fills of an intent have cost, in USD without commissions."""
    fills = () if intent_id is None else desk.ledger.fills_of(intent_id)
    legs = (fill for fill in fills if fill.contract is not None)
    return sum((fill.quantity * fill.price * MULTIPLIER for fill in legs), Decimal(0))


def _too_old(intent: OrderIntent, age_seconds: float) -> str | None:
    if intent.purpose is not Purpose.ADD or age_seconds <= STALE_SECONDS:
        return None
    return f"STALE_DECISION: age={age_seconds:.0f} s limit={STALE_SECONDS:.0f} s"


def _half_a_plan(desk: Desk, intent: OrderIntent) -> str | None:
    """Return why nothing may be added: the venue, or we, refused a hedge order of the session.

    One that found no seller within its floor is the market's answer, and the cover rule cuts the
    condor to what is held. A refusal is none: what is due could not even be offered.
    """
    if intent.purpose is not Purpose.ADD:
        return None
    for record in desk.ledger.intent_records(desk.session):
        refused = record.state in {IntentState.REJECTED, IntentState.DENIED}
        if refused and record.intent.purpose is Purpose.PROTECT:
            return f"HEDGE_REFUSED: {record.intent.intent_id} {record.state.value}"
    return None


def _left_short(desk: Desk, intent: OrderIntent) -> str | None:
    """Return why nothing may be added: an order before it in the session left a short leg alone.

    The book was whole when it was decided on; such legs are closed once all orders had their turn.
    """
    if intent.purpose is not Purpose.ADD:
        return None
    holdings = desk.ledger.holdings()
    if not holdings.broken:
        return None
    rests = ", ".join(f"{rest.quantity:+d} {rest.contract.label()}" for rest in holdings.incomplete)
    return f"LOCKED: these legs complete no structure: {rests}"


async def _at_prices_of_now(desk: Desk, intent: OrderIntent) -> OrderIntent | None:
    """Return `intent` with its ladder at fresh quotes; ``None`` if it adds risk too cheaply."""
    quotes = await desk.market.options([leg.contract for leg in intent.legs])
    fresh = repriced(intent, live(quotes), desk.rules.ladder)
    steps = None if fresh is None else [str(step) for step in fresh.ladder.steps]
    log.info("intent.repriced", intent_id=intent.intent_id, mid=str(intent.mid), steps=steps)
    return fresh


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
    return await work(desk, intent, book, reference)


async def preview(desk: Desk, intents: Sequence[OrderIntent]) -> None:
    """Ask what each order would do to margin, and log it: all that a dry run does."""
    for intent in intents:
        try:
            legs = await _qualified(desk, intent.legs)
            dry = dataclasses.replace(intent, legs=legs)
            margin = await orders.what_if(desk.broker, ticket(dry, "dry"))
        except (GatewayUnavailableError, MarketDataError) as fault:
            log.warning("dry.what_if", intent_id=intent.intent_id, detail=str(fault))
            continue
        change = margin.initial_margin_change_usd
        log.info("dry.what_if", intent_id=intent.intent_id, margin_change_usd=str(change))


def _allowed(desk: Desk, intent: OrderIntent, done: Sequence[Executed], spx: float | None) -> int:
    holdings = desk.ledger.holdings()
    width = sum(condor.width_points * 100 * condor.quantity for condor in holdings.condors)
    return executable_quantity(
        intent,
        filled={result.intent_id: result.units for result in done},
        held=lasting_contracts(holdings.lots, desk.session),
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
        margin = await orders.what_if(desk.broker, ticket(intent, reference))
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


def _deny(desk: Desk, intent: OrderIntent, refusal: str, *, committed: bool) -> Executed:
    if not committed:
        desk.ledger.commit_intent(intent, at=desk.now())
    return end(desk, intent, IntentState.DENIED, detail=refusal)
