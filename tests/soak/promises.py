"""The invariants that only many sessions can break, asked at each order and after each session.

They stand beside those of ``invariants``:

3. An order ended as the venue has it: filled, in part, or not at all.
5. What the book could lose, with every order that is not proven ended, is within the cap of the
   book whenever an order that adds risk reaches the venue.
6. Nothing that adds risk reaches the venue on a book that was locked or met an objection, nor
   where the venue itself says that it must not: its clock or its hours are disputed, or it held
   something else than the ledger when the run began.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from invariants import Witness

from bot.clock import new_york
from bot.core.book import TradingState
from bot.core.decision import Purpose
from bot.core.fold import IntentState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness import Stage

    from bot.core.book import Book, Condor
    from bot.core.decision import OrderIntent
    from bot.simulator.exchange import OrderTicket

CENT: Final = 0.01
POINT_USD: Final = 100.0


@dataclass(slots=True)
class Warden(Witness):
    """A witness who also asks of each order whether book and venue allow it."""

    differing: frozenset[str] = frozenset()

    def run_begins(self) -> None:
        """Note what the venue holds otherwise than the ledger, and no order can explain."""
        self.differing = frozenset(_differing(self.found))

    def _see(self, ticket: OrderTicket) -> None:
        first = all(each.order_ref != ticket.order_ref for each in self.placed)
        Witness._see(self, ticket)
        intent_id = self.found.ledger.intent_of(ticket.order_ref)
        if first and intent_id is not None:
            self.broken += _against(self.found, intent_id, self.differing)


def _differing(found: Stage) -> Iterator[str]:
    """Yield the contracts that ledger and venue count differently, unless an order is unproven."""
    held, positions = found.held(), found.positions()
    today = new_york(found.gateway.world.now).date()
    moving = {
        leg.contract.label()
        for record in found.ledger.intent_records(open_only=True)
        for leg in record.intent.legs
    }
    over = {
        contract.label()
        for contract in found.ledger.holdings().net_positions()
        if contract.last_trade <= today
    }
    for label in ({*held, *positions}) - moving - over:
        if held.get(label, 0) != positions.get(label, 0):
            yield label


def _against(found: Stage, intent_id: str, differing: frozenset[str]) -> Iterator[str]:
    """Yield what speaks against an order that has reached the venue."""
    today = new_york(found.gateway.world.now).date()
    ledger = found.ledger
    known = (*ledger.intent_records(today), *ledger.intent_records(open_only=True))
    records = {each.intent.intent_id: each for each in known}
    if intent_id not in records:
        yield f"3: {intent_id} was sent, and had ended on a day before"
        return
    intent = records[intent_id].intent
    if intent.purpose is not Purpose.ADD:
        return
    book = found.ledger.load_book(intent.session)
    if differing:
        yield f"6: {intent_id} was sent, ledger and venue differ: {sorted(differing)}"
    if found.gateway.clock_skew or found.gateway.world.closes_told:
        yield f"6: {intent_id} was sent while clock or hours are disputed"
    if book.locked or book.objections or book.trading_state is not TradingState.ACTIVE:
        yield f"6: {intent_id} was sent on {_state(book)}"
    moving = [each.intent for each in records.values() if not each.state.is_final]
    risk = sum(map(_at_risk_usd, found.ledger.holdings().condors)) + sum(map(_new_usd, moving))
    cap = float(book.nav_usd or 0) * found.project.rules.condor.book_risk_pct_of_nav
    if risk > cap + CENT:
        yield f"5: {intent_id} was sent with {risk:.2f} USD at risk, the cap is {cap:.2f}"


def _state(book: Book) -> str:
    locked = "locked, " if book.locked else ""
    return f"a book that is {locked}{book.trading_state.value}, {', '.join(book.objections)}"


def _at_risk_usd(condor: Condor) -> float:
    """Return the width of the wider spread less the credit, of all units."""
    low_put, short_put, short_call, high_call = sorted(leg.contract.strike for leg in condor.legs)
    width = max(short_put - low_put, high_call - short_call)
    return (width - float(condor.credit_points)) * POINT_USD * condor.quantity


def _new_usd(intent: OrderIntent) -> float:
    return intent.max_loss_usd * intent.quantity if intent.purpose is Purpose.ADD else 0.0


def ended_otherwise(found: Stage) -> Iterator[str]:
    """Yield the intents of today whose end is not what the venue has executed."""
    today = new_york(found.gateway.world.now).date()
    traded = _executed_today(found)
    for record in found.ledger.intent_records(today):
        intent = record.intent
        legs = traded[found.ledger.order_ref_of(intent.intent_id)]
        units = min(legs[leg.contract.label()] // leg.ratio for leg in intent.legs)
        if (record.state in _DONE) != (units > 0) or (
            (record.state is IntentState.FILLED) != (units >= intent.quantity)
        ):
            yield f"3: {intent.intent_id} is {record.state.value}, the venue has {units} units"


_DONE: Final = frozenset({IntentState.FILLED, IntentState.PARTIAL})


def _executed_today(found: Stage) -> defaultdict[str, Counter[str]]:
    """Return signed contracts by label and by reference, each family of executions once."""
    world = found.gateway.world
    families = {
        each.exec_id.rpartition(".")[0]: each
        for each, _ in world.exchange.executions()
        if each.order_ref and each.instrument.sec_type == "OPT"
    }
    traded: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in families.values():
        label = world.instruments.option_contract(each.instrument).label()
        traded[each.order_ref][label] += each.shares if each.side == "BOT" else -each.shares
    return traded
