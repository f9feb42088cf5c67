"""The six invariants of ``docs/faults.md``, between the venue's own books and the ledger.

Some can be checked at any instant (`Invariants.at_any_time`), some only when a bot has come to
its end (`Invariants.at_rest`), and what is sent is checked as it reaches the venue.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from line_world import LineWorld

from bot.core.book import TradingState
from bot.core.decision import Purpose
from bot.core.lifecycle import _RANK, IntentState
from bot.core.model import MULTIPLIER
from bot.core.plan import ROLL_DUE
from bot.simulator.exchange import ExecutionEvent

if TYPE_CHECKING:
    import datetime as dt

    from line_world import Run

    from bot.core.decision import OrderIntent
    from bot.simulator.exchange import Event, OrderTicket

CLIENT_ID = 17
CLOSING = frozenset({TradingState.REDUCE_ONLY, TradingState.FLATTEN})


@dataclass(slots=True)
class Invariants:
    """Watches one world from its beginning."""

    world: LineWorld
    broken: list[str] = field(default_factory=list)
    twins: set[str] = field(default_factory=set)
    """References of which a fault has placed a second order."""
    duplicates: int = 0
    is_excused: bool = False
    """Whether the broker's positions may differ for good: by hand, or by what nobody looked up."""
    is_settling: bool = False
    """Whether an expired position waits for its settlement value, known on the next day."""
    ends: int = 0
    locks: int = 0
    executed: dict[str, ExecutionEvent] = field(default_factory=dict)
    """Every execution of ours that the venue has ever reported, by its full number."""
    states: dict[str, IntentState] = field(default_factory=dict)
    accepted: dict[str, set[tuple[int, int]]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        exchange = self.world.gateway.world.exchange
        submit = exchange.submit

        def watched(ticket: OrderTicket, now: dt.datetime) -> list[Event]:
            ours = ticket.client_id == CLIENT_ID and not ticket.what_if
            live = {order.ticket.key for order in exchange.open_orders()}
            if ours:
                self._note_twin(ticket)
                self._sent(ticket, is_new=ticket.key not in live)
            events = submit(ticket, now)
            if ours:
                self._accept(ticket)
            return events

        exchange.submit = watched  # type: ignore[method-assign]

    # -- at the venue's door ---------------------------------------------------------------

    def _note_twin(self, ticket: OrderTicket) -> None:
        """Note an order that a fault has just placed twice, which no bot can prevent."""
        faults = self.world.gateway.faults
        struck = 0 if faults is None else sum(each.word == "duplicate" for each in faults.struck)
        if struck > self.duplicates:
            self.duplicates = struck
            self.twins.add(ticket.order_ref)

    def _sent(self, ticket: OrderTicket, *, is_new: bool) -> None:
        """Invariants 1, 5 and 6, of an order or a change of one that arrives."""
        intent, state = self._intent(ticket.order_ref)
        if intent is None or state is None:
            self.broken.append(f"1: {ticket.order_ref!r} has no intent")
            return
        if is_new and state is not IntentState.SENT:
            self.broken.append(f"1: {ticket.order_ref} is sent while its intent is {state}")
        if state.is_final:
            self.broken.append(f"3: {ticket.order_ref} is changed, its intent is {state}")
        if ticket.quantity != intent.quantity or not ticket.limit_price:
            self.broken.append(f"1: {ticket.order_ref} is not what was committed: {ticket}")
        if ticket.account != self.world.project.settings.broker.account:
            self.broken.append(f"6: {ticket.order_ref} is for account {ticket.account!r}")
        if intent.purpose is Purpose.ADD and is_new:
            self.broken += [
                f"5: {ticket.order_ref} adds risk beside {name}, which is {other}"
                for name, other in self._states().items()
                if not other.is_final and name != intent.intent_id
            ]
        self._permitted(ticket, intent)

    def _permitted(self, ticket: OrderTicket, intent: OrderIntent) -> None:
        run = self.world.run
        if run is None or ticket.order_id not in run.sent_under:
            return  # the bytes of one that is dead by now, or a second order by a fault
        state = run.sent_under[ticket.order_id]
        closes = intent.purpose is Purpose.REDUCE or intent.reason == ROLL_DUE
        locked = run.first is not None and run.first.locked
        forbidden = (
            state is TradingState.HALT
            or ((state in CLOSING or locked) and not closes)
            or (state is TradingState.NO_ENTRIES and intent.purpose is Purpose.ADD)
        )
        if forbidden:
            text = f"{intent.purpose} under {state}, locked={locked}"
            self.broken.append(f"6: {ticket.order_ref} was sent: {text}")

    def _accept(self, ticket: OrderTicket) -> None:
        exchange = self.world.gateway.world.exchange
        known = (*exchange.open_orders(), *exchange.completed_orders())
        if ticket.key not in {order.ticket.key for order in known}:
            return
        self.accepted[ticket.order_ref].add(ticket.key)
        if len(self.accepted[ticket.order_ref]) > 1 and ticket.order_ref not in self.twins:
            keys = self.accepted[ticket.order_ref]
            self.broken.append(f"1: {ticket.order_ref} became orders {sorted(keys)}")

    def _intent(self, reference: str) -> tuple[OrderIntent | None, IntentState | None]:
        for record in self.world.ledger.intent_records():
            if self.world.ledger.order_ref_of(record.intent.intent_id) == reference:
                return record.intent, record.state
        return None, None

    # -- at any time -----------------------------------------------------------------------

    def at_any_time(self) -> None:
        """Check what holds after every step."""
        self._remember()
        assert not self.broken, self.broken
        live = [
            order.ticket.order_ref
            for order in self.world.gateway.world.exchange.open_orders()
            if order.ticket.client_id == CLIENT_ID
        ]
        twice = {ref for ref, n in Counter(live).items() if n > 1 and ref not in self.twins}
        assert twice == set(), "1: lives twice"
        self._ends_are_proven(set(live))
        self._fills_are_the_venues()
        self._within_the_intent()

    def _remember(self) -> None:
        for event, _ in self.world.gateway.world.exchange.executions():
            if event.order_ref:
                self.executed[event.exec_id] = event

    def _states(self) -> dict[str, IntentState]:
        rows = self.world.ledger.rows("SELECT intent_id, state FROM intents")
        return {row["intent_id"]: IntentState(row["state"]) for row in rows}

    def _ends_are_proven(self, live: set[str]) -> None:
        """Invariant 3: states only rise, and what has ended is not at work."""
        states = self._states()
        for name, state in states.items():
            before = self.states.get(name, state)
            assert _RANK[state] >= _RANK[before], f"3: {name} fell from {before} to {state}"
            assert not (before.is_final and not state.is_final), f"3: {name} lives again"
            reference = self.world.ledger.order_ref_of(name)
            if state.is_final and reference not in self.twins:
                assert reference not in live, f"3: {name} is {state} and at work"
        assert states.keys() >= self.states.keys(), "an intent is lost"
        self.states = states

    def _fills_are_the_venues(self) -> None:
        """Invariant 2: nothing counted that was not executed, and no family counted twice."""
        rows = self.world.ledger.rows(
            "SELECT family, revision, quantity, price, contract FROM fills WHERE NOT superseded"
        )
        assert len({row["family"] for row in rows}) == len(rows), "2: a family is counted twice"
        cash = Decimal(0)
        for row in rows:
            told = self.executed.get(f"{row['family']}.{row['revision']:02d}")
            assert told is not None, f"2: {row['family']} was never executed"
            quantity = told.shares if told.side == "BOT" else -told.shares
            assert (row["quantity"], Decimal(row["price"])) == (quantity, told.price), "2: figures"
            if row["contract"] is not None:
                cash -= quantity * told.price * MULTIPLIER
        assert self._booked() == cash, "2: the structures hold other cash than the fills"

    def _booked(self) -> Decimal:
        """Cash of the structures as booked, without commissions and settlements."""
        rows = self.world.ledger.rows("SELECT cash_usd, commissions_usd FROM structures")
        settled = self.world.ledger.rows("SELECT quantity, value_points FROM settlements")
        paid = sum(row["quantity"] * Decimal(row["value_points"]) for row in settled)
        total = sum(Decimal(row["cash_usd"]) + Decimal(row["commissions_usd"]) for row in rows)
        return Decimal(total - paid * MULTIPLIER)

    def _within_the_intent(self) -> None:
        """Invariant 1 by its effect: nothing was traded beyond what was meant."""
        traded: Counter[tuple[str, int]] = Counter()
        families = {}
        for exec_id, event in self.executed.items():
            families[exec_id.rpartition(".")[0]] = event
        for event in families.values():
            traded[event.order_ref, event.instrument.con_id] += event.shares
        limits = {
            row["order_ref"]: row["quantity"]
            for row in self.world.ledger.rows("SELECT order_ref, quantity FROM intents")
        }
        for (reference, _), units in traded.items():
            if reference not in self.twins:
                assert units <= limits[reference], f"1: {reference} traded {units}"

    # -- at rest ---------------------------------------------------------------------------

    def at_rest(self, run: Run) -> None:
        """Check what holds when a bot came to its end; nothing has happened since."""
        self._remember()
        self.ends += 1
        self.locks += run.last is not None and run.last.locked
        self.is_settling = run.last is not None and bool(run.last.settling)
        if run.last is not None and not (run.last.locked or run.last.settling):
            assert self.held() == self.positions(), "4: ledger and broker differ, and no lock"

    def held(self) -> dict[str, int]:
        """Return the positions of the ledger."""
        net = self.world.ledger.holdings().net_positions()
        return {contract.label(): quantity for contract, quantity in net.items()}

    def positions(self) -> dict[str, int]:
        """Return the venue's own positions."""
        world = self.world.gateway.world
        return {
            world.instruments.option_contract(line.instrument).label(): int(line.quantity)
            for line in world.account.positions()
            if line.quantity
        }

    def finally_(self) -> None:
        """Check what holds after a last session without faults."""
        exchange = self.world.gateway.world.exchange
        assert [o for o in exchange.open_orders() if o.ticket.client_id == CLIENT_ID] == []
        alive = {name: state for name, state in self._states().items() if not state.is_final}
        assert alive == {}, "3: intents without an end"
        assert self._uncounted() == set(), "2: executions that are not counted"
        excused = self.is_excused or self.is_settling
        assert excused or self.held() == self.positions(), "4: differ without a reason"

    def _uncounted(self) -> set[str]:
        """Return today's executions of ours that the ledger does not count."""
        exchange = self.world.gateway.world.exchange
        today = {event.exec_id for event, _ in exchange.executions() if event.order_ref}
        rows = self.world.ledger.rows("SELECT family, revision FROM fills WHERE NOT superseded")
        return today - {f"{row['family']}.{row['revision']:02d}" for row in rows}

    def forget_the_day(self) -> None:
        """Excuse what the ledger lacks of a day that ends: the gateway forgets it at midnight."""
        self._remember()
        live = self.world.gateway.world.exchange.open_orders()
        self.is_excused |= bool(self._uncounted()) or bool(live)
