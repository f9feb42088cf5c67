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

from bot.broker import orders
from bot.core.decision import Purpose
from bot.core.errors import GatewayUnavailableError, MarketDataError
from bot.core.fold import IntentState
from bot.core.plan import executable_quantity
from bot.logs import get_logger
from bot.order_walk import Executed, end, ticket, work
from bot.reconcile import overtraded, units_filled
from bot.upstream import Restorations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.broker.facts import MarginFact
    from bot.core.book import Book, Leg
    from bot.core.decision import OrderIntent
    from bot.core.model import MarketSnapshot
    from bot.desk import Desk
    from bot.reconcile import Break

log = get_logger(__name__)

STALE_SECONDS = 900.0
"""Age at which the prices of a decision are too old to take on risk or to hedge by."""


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
