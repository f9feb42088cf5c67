"""The state machine of gateway and bot: what can happen to an order line, in any order."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from idle_loop import IdleLoop
from line_faults import FAULTS
from line_invariants import CLIENT_ID, Invariants
from line_market import DAYS, QUOTES
from line_plan import Kind, Wish
from line_world import RESTING, Kit, LineWorld

from bot.core.book import TradingState
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.simulator.exchange import OrderSnapshot

FILLING = FillPolicy.BOOK
CENT = Decimal("0.05")


def _wishes(kinds: tuple[Kind, ...]) -> st.SearchStrategy[list[Wish]]:
    wish = st.builds(
        Wish,
        kind=st.sampled_from(kinds),
        slot=st.integers(0, 2),
        quantity=st.integers(1, 4),
        covered=st.sampled_from((False, False, False, True)),
    )
    return st.lists(wish, min_size=2, max_size=5)


FIRST = _wishes((Kind.OPEN, Kind.BUY))
WISHES = _wishes((Kind.OPEN, Kind.BUY, Kind.OPEN, Kind.BUY, *Kind))
STATES = (*(TradingState.ACTIVE,) * 5, *TradingState)
PICK = st.integers(0, 7)
TURNS = st.integers(0, 40)
LAST_WAITS = 40
STEPS_OF_AN_EXAMPLE = 80


class Counts:
    """Steps that were made, by rule, over all examples of this process."""

    steps = 0
    examples = 0
    ended: ClassVar[Counter[str]] = Counter()
    """What the examples came to: states of intents, faults that struck, sessions, breaks."""


class Line(RuleBasedStateMachine):
    """Gateway x bot."""

    kit: Kit

    def __init__(self) -> None:
        super().__init__()
        self.world = LineWorld(self.kit)
        self.watch = Invariants(self.world)
        self.world.completed = self.watch.at_rest  # type: ignore[method-assign]

    @initialize(wishes=FIRST)
    def first_day(self, wishes: list[Wish]) -> None:
        """The bot is started on an empty ledger."""
        Counts.examples += 1
        self.world.open()
        self.world.step(self.world.begin, wishes)
        self._checked()

    # -- the bot ---------------------------------------------------------------------------

    @precondition(lambda self: self.world.run is None)
    @rule(wishes=WISHES)
    def start(self, wishes: list[Wish]) -> None:
        """It is started, again or in a later session."""
        self.world.step(self.world.begin, wishes)
        self._checked()

    @precondition(lambda self: self.world.is_parked)
    @rule()
    def wait(self) -> None:
        """Its wait ends."""
        self.world.step(self.world.wait)
        self._checked()

    @precondition(lambda self: self.world.is_parked)
    @rule(waits=st.integers(1, 4))
    def go_on(self, waits: int) -> None:
        """Some of its waits end, one after the other."""
        for _ in range(waits):
            if self.world.is_parked:
                self.wait()

    @precondition(lambda self: self.world.is_parked)
    @rule(turns=TURNS, wake=st.booleans())
    def kill(self, turns: int, wake: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        """It dies between any two turns of its loop."""
        self.world.kill(turns=turns, wake=wake)
        self._checked()

    @precondition(lambda self: self.world.is_parked)
    @rule()
    def stop(self) -> None:
        """It is told to end, and ends in order."""
        self.world.stop()
        self._checked()

    # -- the venue -------------------------------------------------------------------------

    @property
    def _live(self) -> tuple[OrderSnapshot, ...]:
        exchange = self.world.gateway.world.exchange
        return tuple(o for o in exchange.open_orders() if o.ticket.client_id == CLIENT_ID)

    @precondition(lambda self: bool(self._live))
    @rule(
        pick=PICK,
        units=st.sampled_from([None, None, 1, 2]),
        legs=st.sampled_from([None, None, None, 1, 2, 3]),
    )
    def fill(self, pick: int, units: int | None, legs: int | None) -> None:
        """An order fills: whole, some units of it, or some legs."""
        fills = FillSettings(
            policy=FILLING,
            threshold_low=0.0,
            threshold_high=0.0,
            rest_seconds=0.0,
            first_units=units,
            loose_legs=legs,
            remainder_seconds=0.0 if legs is None else None,
        )
        self._treat(pick, ExchangeSettings(fills=fills))
        self._pass(1.0)

    @precondition(lambda self: bool(self._live))
    @rule(pick=PICK)
    def fill_whole(self, pick: int) -> None:
        """An order fills."""
        self.fill(pick, None, None)

    @precondition(lambda self: bool(self._live))
    @rule(pick=PICK)
    def rest(self, pick: int) -> None:
        """What is left of an order stays at rest."""
        self._treat(pick, ExchangeSettings(fills=RESTING))
        self._checked()

    @precondition(lambda self: bool(self._live))
    @rule(pick=PICK, seconds=st.sampled_from([1.0, 3.0, 30.0]))
    def fill_late(self, pick: int, seconds: float) -> None:
        """An order will fill all the same, so long after it was cancelled."""
        self._treat(pick, ExchangeSettings(fills=RESTING, late_fill_seconds=seconds))
        self._checked()

    @precondition(lambda self: bool(self._live))
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        """The venue, or a person, ends an order."""
        order = self._live[pick % len(self._live)]
        exchange = self.world.gateway.world.exchange
        self.world.step(
            lambda: self.world.gateway.publish(
                exchange.cancel(CLIENT_ID, order.ticket.order_id, self.world.now)
            )
        )
        self._checked()

    @precondition(lambda self: bool(self._correctable))
    @rule(pick=PICK, change=st.sampled_from([CENT, -CENT, 3 * CENT]))
    def correct(self, pick: int, change: Decimal) -> None:
        """The venue corrects the price of an execution."""
        exec_id, price = self._correctable[pick % len(self._correctable)]
        exchange = self.world.gateway.world.exchange
        self.world.step(
            lambda: self.world.gateway.publish(
                exchange.correct(exec_id, price + change, now=self.world.now)
            )
        )
        self._checked()

    @property
    def _correctable(self) -> list[tuple[str, Decimal]]:
        exchange = self.world.gateway.world.exchange
        return [
            (event.exec_id, event.price)
            for event, fee in exchange.executions()
            if fee is not None and event.order_ref
        ]

    @rule(pick=PICK, quantity=st.sampled_from((0, 0, 0, 0, 0, 0, -1, 1, 2)))
    def act_by_hand(self, pick: int, quantity: int) -> None:
        """Somebody trades in the same account; or positions vanish without a word."""
        contract = tuple(QUOTES)[pick % len(QUOTES)]
        if quantity:
            self.watch.is_excused = True
            self.world.step(self.world.trade_by_hand, contract, quantity)
        elif pick == 0:
            self.watch.is_excused = True
            name = f"{contract.trading_class} *"
            self.world.step(self.world.inject, f'[[fault]]\nwhat = "expire"\ncontract = "{name}"')
        self._checked()

    # -- the gateway -----------------------------------------------------------------------

    @precondition(lambda self: self.world.run is not None)
    @rule(how=st.sampled_from(["reset", "close"]), turns=TURNS, wake=st.booleans())
    def hang_up(self, how: str, turns: int, wake: bool) -> None:  # noqa: FBT001 - as above
        """The connection drops, between any two turns of the loop."""
        self.world.loop.run_until_complete(self._turned(turns, wake=wake))
        self.world.step(self._hang_up, how)
        self._checked()

    async def _turned(self, turns: int, *, wake: bool) -> None:
        if wake and self.world.is_parked:
            self.world.wait()
        for _ in range(turns):
            await asyncio.sleep(0)

    def _hang_up(self, how: str) -> None:
        for client in self.world.gateway.clients():
            getattr(client, how)()

    @rule(rolls_back=st.booleans())
    def restart_gateway(self, rolls_back: bool) -> None:  # noqa: FBT001 - as above
        """The gateway restarts, and may have forgotten which order numbers were used."""
        self.world.step(self._hang_up, "reset")
        if rolls_back:
            self.world.gateway.world.exchange.roll_back_order_ids()
        self._checked()

    @rule(fault=st.sampled_from(FAULTS))
    def inject(self, fault: str) -> None:
        """The gateway will do something wrong."""
        self.world.step(self.world.inject, fault)
        self._checked()

    # -- the person, and time --------------------------------------------------------------

    @rule(state=st.sampled_from(STATES), heard=st.booleans())
    def switch(self, state: TradingState, heard: bool) -> None:  # noqa: FBT001 - as above
        """The kill switch is set; the bot may hear of it at once, or at its next look."""
        self.world.step(self._switch, state, heard)
        self._checked()

    def _switch(self, state: TradingState, heard: bool) -> None:  # noqa: FBT001 - as above
        self.world.write_switch(state)
        run = self.world.run
        if heard and run is not None and run.desk is not None:
            run.desk.switch_watch.look()

    @rule(seconds=st.sampled_from([1.0, 10.0, 60.0]))
    def pass_time(self, seconds: float) -> None:
        """Time passes, and nobody looks."""
        self._pass(seconds)

    @precondition(lambda self: self.world.run is None and self.world.session < DAYS[-1].session)
    @rule()
    def next_session(self) -> None:
        """The next session comes."""
        self.watch.forget_the_day()
        later = next(day.session for day in DAYS if day.session > self.world.session)
        self.world.step(self.world.gateway.advance_to, self.world.project.decide_at(later))
        self._checked()

    # -- what rules are made of ------------------------------------------------------------

    def _treat(self, pick: int, settings: ExchangeSettings) -> None:
        order = self._live[pick % len(self._live)]
        self.world.gateway.world.exchange.treat(order.ticket.key, settings)

    def _pass(self, seconds: float) -> None:
        self.world.step(
            self.world.gateway.advance_to, self.world.now + dt.timedelta(seconds=seconds)
        )
        self._checked()

    def _checked(self) -> None:
        Counts.steps += 1
        self.watch.at_any_time()

    def teardown(self) -> None:
        """Let the gateway do right again, run the bot to its end, and look for what is missing."""
        try:
            if hasattr(self.world, "ledger"):
                self._aftermath()
        finally:
            self.world.close()

    def _aftermath(self) -> None:
        world = self.world
        if world.run is not None:
            world.kill()
        world.step(world.forgive)
        world.step(self._hang_up, "reset")
        world.write_switch(TradingState.HALT)
        world.step(world.begin, [])
        for _ in range(LAST_WAITS):
            if world.run is None:
                break
            world.step(world.wait)
        assert world.run is None, "the last session does not end"
        self._checked()
        self.watch.finally_()
        self._tell()

    def _tell(self) -> None:
        Counts.ended.update(f"intent {state}" for state in self.watch.states.values())
        Counts.ended["executions"] += len(self.watch.executed)
        Counts.ended["bots that came to their end"] += self.watch.ends
        Counts.ended["of these locked"] += self.watch.locks
        faults = self.world.gateway.faults
        Counts.ended.update(f"fault {each.word}" for each in (faults.struck if faults else ()))


@contextlib.contextmanager
def kit() -> Iterator[None]:
    """Provide what all examples share, and silence the logs: failures are what counts."""
    loop = IdleLoop()
    asyncio.set_event_loop(loop)
    logging.disable(logging.CRITICAL)
    Line.kit = Kit(loop)
    try:
        yield
    finally:
        Line.kit.close()
        logging.disable(logging.NOTSET)
        asyncio.set_event_loop(None)
        loop.close()
