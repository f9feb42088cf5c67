"""One session of the bot, as its seven phases. Read this first.

1. *preflight*  — kill switch, clock; the connection has already proven the paper account.
2. *reconcile*  — broker versus ledger; expired positions are settled; READY or LOCKED.
3. *observe*    — the market into one snapshot, stored whole.
4. *decide*     — ``decide(snapshot, book, rules)``, pure; stored with every verdict.
5. *execute*    — each intent: commit, guard, margin, send, walk the price ladder, conclude.
   Legs that are left without a structure are closed at once.
6. *mark*       — the book and its unhedged shadow at the session's last quotes.
7. *report*     — the day in one page.

A cycle can be run again at any point: phases that finished are not done twice, and an intent
that was committed is never sent again. A dry run reads quotes and margins, stores its decision
as dry, and neither sends nor cancels anything.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.bookkeeping import build_book, mark_book, unit_prices
from bot.core.adoption import adopted_shorts
from bot.core.book import TradingState
from bot.core.decision import Decision
from bot.core.errors import SessionDisputedError, UnsynchronisedError
from bot.core.hours import dispute, is_open
from bot.core.mark import Mark
from bot.core.repair import repairs
from bot.core.valuation import quotes_of
from bot.execution import STALE_SECONDS, execute_all, preview
from bot.logs import get_logger
from bot.notices import give_notice
from bot.observe import observe, requote
from bot.order_walk import Executed
from bot.quality import measure
from bot.reconcile import Reconciliation, reconcile
from strategies import decide

if TYPE_CHECKING:
    from bot.breaks import Break
    from bot.core.book import Book
    from bot.core.fold import Holdings
    from bot.core.model import MarketSnapshot, TradingDay
    from bot.desk import Desk

log = get_logger(__name__)

CLOCK_SKEW_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a cycle."""

    decision: Decision
    executed: tuple[Executed, ...]
    reconciliation: Reconciliation
    mark: Mark | None


async def run_cycle(desk: Desk) -> Outcome:
    """Run one session from preflight to report.

    Raises
    ------
    StewardError
        If the cycle cannot go on; what had been sent by then is in the ledger and is
        reconciled by the next one.
    """
    objections = await preflight(desk)
    reconciliation = await reconcile(desk)
    finish(desk, "reconcile", locked=reconciliation.locked, breaks=len(reconciliation.breaks))
    if decided_before(desk) and not outdated(desk):
        snapshot, book, decision = recall(desk, reconciliation, objections)
    else:
        snapshot = await look(desk)
        book = await hold(desk, reconciliation, snapshot, objections)
        decision = conclude(desk, snapshot, book)
    executed = await act(desk, decision, book, snapshot, breaks=reconciliation.breaks)
    executed = await repair(desk, book, snapshot) or executed
    mark = None if desk.dry else await settle_up(desk, snapshot)
    if not desk.dry:
        reconciliation = await reconcile(desk)
        measure(desk, snapshot)
    finish(desk, "report", locked=reconciliation.locked)
    return Outcome(
        decision=decision,
        executed=tuple(executed),
        reconciliation=reconciliation,
        mark=mark,
    )


async def preflight(desk: Desk) -> tuple[str, ...]:
    """Look at the kill switch, the clock and the hours; return what forbids new risk today.

    Raises
    ------
    UnsynchronisedError
        If the session is not open now: there is nothing to observe.
    SessionDisputedError
        If the broker says that it is not, whatever the calendar says.
    """
    reading = desk.reading()
    if full := desk.disk.fault():
        desk.ledger.alert_once("DISK_SPACE", full, session=desk.session, at=desk.now())
    elif reading.state is TradingState.HALT:
        text = f"nothing is sent in this session: {reading.fault or reading.reason or 'no reason'}"
        desk.ledger.alert_once("KILL_SWITCH", text, session=desk.session, at=desk.now())
    gateway_time = await desk.broker.time()
    skew = desk.clock.real_seconds(abs((gateway_time - desk.now()).total_seconds()))
    day = desk.calendar.day(desk.session)
    if not day.open <= desk.now() < day.close:
        raise UnsynchronisedError(
            f"session {desk.session} is open from {day.open} to {day.close}; it is {desk.now()}"
        )
    objections = [f"CLOCK_SKEW: {skew:.1f} s"] if skew > CLOCK_SKEW_SECONDS else []
    objections += await disputed(desk, day)
    objections += adopted_shorts(desk.ledger.holdings())
    for objection in objections:
        code, _, text = objection.partition(": ")
        desk.ledger.alert(code, text, session=desk.session, at=desk.now())
    finish(desk, "preflight", kill_switch=reading.state.value, objections=objections)
    return tuple(objections)


async def disputed(desk: Desk, day: TradingDay) -> list[str]:
    """Hold the calendar's hours against the broker's.

    Raises
    ------
    SessionDisputedError
        If the broker says that there is no trading now: the stricter of the two holds.
    """
    hours = await desk.market.liquid_hours(desk.session)
    text = dispute(day, hours)
    if hours is not None and not is_open(hours, desk.now()):
        raise SessionDisputedError(f"session {desk.session}: {text or 'the broker is closed now'}")
    return [f"SESSION_DISPUTED: {text}"] if text else []


def decided_before(desk: Desk) -> bool:
    """Whether an interrupted cycle of this session had come as far as a decision."""
    return not desk.dry and "decide" in desk.ledger.finished_phases(desk.session)


def outdated(desk: Desk) -> bool:
    """Whether what was decided is too old to act on, and nothing of it was committed: then anew."""
    taken_at = desk.ledger.load_snapshot(desk.session).taken_at
    age = (desk.now() - taken_at).total_seconds()
    if age <= STALE_SECONDS or desk.ledger.intent_records(desk.session):
        return False
    text = f"what was seen at {taken_at:%H:%M} UTC is {age / 60:.0f} minutes old: decided anew"
    desk.ledger.incident("DECISION_REPLACED", session=desk.session, at=desk.now(), detail=text)
    log.warning("decision.replaced", age_seconds=round(age))
    return True


def recall(
    desk: Desk, reconciliation: Reconciliation, objections: tuple[str, ...]
) -> tuple[MarketSnapshot, Book, Decision]:
    """Return what an interrupted cycle had decided and on what; locks are those of now."""
    log.warning("cycle.resumed")
    ledger, session = desk.ledger, desk.session
    book = dataclasses.replace(
        ledger.load_book(session),
        locked=reconciliation.locked or ledger.holdings().broken,
        in_flight=reconciliation.in_flight,
        objections=objections,
    )
    return ledger.load_snapshot(session), book, ledger.load_decision(session)


async def look(desk: Desk) -> MarketSnapshot:
    """Observe the market and store what was seen, whole."""
    began, before = desk.now(), desk.broker.meter.read()
    snapshot = await observe(desk)
    if lines := desk.market.lines.competing:
        text = f"the user is logged in elsewhere with live data: {lines} lines were silenced"
        desk.ledger.alert("COMPETING_SESSION", text, session=desk.session, at=desk.now())
    desk.ledger.save_snapshot(snapshot, dry=desk.dry)
    traffic = desk.broker.meter.read().since(before)
    finish(
        desk,
        "observe",
        options=len(snapshot.options),
        peak_lines=desk.market.lines.peak,
        requests=traffic.requests,
        waits=traffic.waits,
        waited_seconds=round(traffic.waited_seconds, 3),
        seconds=round((desk.now() - began).total_seconds(), 3),
    )
    return snapshot


async def hold(
    desk: Desk,
    reconciliation: Reconciliation,
    snapshot: MarketSnapshot,
    objections: tuple[str, ...],
) -> Book:
    """Return the book to decide on; clocks or hours that disagree forbid new risk."""
    account = await desk.broker.refresh_account()
    book = build_book(desk, account, reconciliation, snapshot)
    return dataclasses.replace(book, objections=objections)


def conclude(desk: Desk, snapshot: MarketSnapshot, book: Book) -> Decision:
    """Decide, and store the decision with every verdict."""
    decision = decide(snapshot, book, desk.rules)
    desk.ledger.save_decision(
        decision, rules_sha256=desk.rules_sha256, dry=desk.dry, at=desk.now(), book=book
    )
    keep_parity(desk, snapshot, decision)
    give_notice(desk, decision)
    denied = [verdict.code for verdict in decision.verdicts if not verdict.passed]
    finish(desk, "decide", regime=decision.regime, intents=len(decision.intents), denied=denied)
    return decision


def keep_parity(desk: Desk, snapshot: MarketSnapshot, decision: Decision) -> None:
    """Keep the flags of the parity monitor, so that it shows how long they last."""
    if decision.parity and not desk.dry:
        previous = desk.calendar.previous(desk.session)
        desk.ledger.record_parity(
            decision.parity, desk.session, previous=previous, at=snapshot.taken_at
        )


async def act(
    desk: Desk,
    decision: Decision,
    book: Book,
    snapshot: MarketSnapshot,
    *,
    breaks: tuple[Break, ...],
) -> list[Executed]:
    """Execute the intents; preview them in a dry run."""
    executed: list[Executed] = []
    if desk.dry:
        await preview(desk, decision.intents)
    else:
        executed = await execute_all(desk, decision.intents, book, snapshot, breaks=breaks)
    finish(desk, "execute", executed=len(executed))
    return executed


async def repair(desk: Desk, book: Book, snapshot: MarketSnapshot) -> list[Executed]:
    """Close legs that belong to no structure; return what became of all orders of the session."""
    if desk.dry or not desk.ledger.holdings().incomplete:
        return []
    reconciliation = await reconcile(desk)
    holdings = desk.ledger.holdings()
    tell_incomplete(desk, holdings)
    fresh = await requote(desk, snapshot)
    intents = repairs(
        holdings.incomplete, quotes_of(fresh), desk.rules.ladder, session=desk.session
    )
    return await execute_all(desk, intents, book, fresh, breaks=reconciliation.breaks)


def tell_incomplete(desk: Desk, holdings: Holdings) -> None:
    """Alert to legs without a structure: each session to short ones, once to what is only long."""
    rests = holdings.incomplete
    text = ", ".join(f"{rest.quantity:+d} {rest.contract.label()}" for rest in rests)
    if holdings.broken or (rests and not desk.ledger.has_alert("STRUCTURE_INCOMPLETE", text)):
        desk.ledger.alert_once("STRUCTURE_INCOMPLETE", text, session=desk.session, at=desk.now())


async def settle_up(desk: Desk, snapshot: MarketSnapshot) -> Mark:
    """Mark the book and its shadow at fresh quotes of everything held."""
    account = await desk.broker.refresh_account()
    fresh = await requote(desk, snapshot)
    mark = mark_book(desk, account, fresh)
    desk.ledger.record_mark(mark, prices=unit_prices(desk.ledger.holdings(), fresh))
    finish(desk, "mark", nav_usd=str(mark.nav_usd), shadow_nav_usd=str(mark.shadow_nav_usd))
    return mark


def finish(desk: Desk, phase: str, **detail: object) -> None:
    """Note that `phase` is done, in the ledger and in the log."""
    desk.ledger.finish_phase(desk.session, phase, at=desk.now(), detail=detail, dry=desk.dry)
    log.info("phase.done", phase=phase, **detail)
