"""The daily cycle, whole: what is traded, what is refused, what is never done twice."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.clock import new_york
from bot.core.decision import Action, Purpose
from bot.core.errors import LiveAccountError
from bot.core.fold import IntentState
from bot.core.model import BreadthSource
from bot.simulator.exchange import ExchangeSettings, OrderTicket
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

sys.path.insert(0, str(Path(__file__).parent))

from harness import ADVANCE_TIME, CANCEL_ORDER, PLACE_ORDER, Stage, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

AT_MID = ExchangeSettings(fills=FillSettings(policy=FillPolicy.MID))
NEVER = ExchangeSettings(fills=FillSettings(policy=FillPolicy.NEVER))


def scene(
    folder: Path,
    act: Callable[[Stage], Coroutine[None, None, None]],
    *,
    exchange: ExchangeSettings = AT_MID,
    settings: GatewaySettings | None = None,
    market: SyntheticMarket | None = None,
) -> None:
    async def run() -> None:
        chosen = dataclasses.replace(settings or GatewaySettings(), exchange=exchange)
        async with stage(folder, market=market or tradeable_market(), settings=chosen) as found:
            await act(found)

    asyncio.run(run())


def tradeable_market() -> SyntheticMarket:
    """A market quiet enough to sell condors in, and not so quiet that none may be sold."""
    return SyntheticMarket(scenario="calm", seed=3, sessions=30)


def intents(found: Stage) -> list[tuple[Action, Purpose, IntentState]]:
    return [
        (record.intent.action, record.intent.purpose, record.state)
        for record in found.ledger.intent_records()
    ]


def buy_by_hand(found: Stage, con_id: int) -> None:
    """Buy one contract at the market, as a person would in TWS: no reference, no client."""
    world = found.gateway.world
    ticket = OrderTicket(
        client_id=0,
        order_id=-1,
        account="DU1234567",
        instrument=world.instruments.by_con_id(con_id),
        legs=(),
        action="BUY",
        quantity=1,
        order_type="MKT",
        limit_price=None,
        tif="DAY",
        order_ref="",
        transmit=True,
        what_if=False,
        raw={},
    )
    world.exchange.submit(ticket, world.now)
    world.exchange.advance(world.now)


def test_the_first_session_buys_the_three_layers_and_then_sells_a_condor(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        outcome = await found.run()

        assert [action for action, _, _ in intents(found)] == [
            *[Action.BUY_HEDGE] * 3,
            Action.OPEN_CONDOR,
        ]
        assert {state for _, _, state in intents(found)} == {IntentState.FILLED}
        assert sorted(found.held().values()) == [-1, -1, 1, 1, 2, 4, 4]
        assert found.held() == found.positions()
        assert not outcome.reconciliation.locked

    scene(tmp_path, act)


def test_no_condor_is_sold_when_the_hedge_does_not_fill(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        outcome = await found.run()

        proposed = {intent.action for intent in outcome.decision.intents}
        assert Action.OPEN_CONDOR in proposed
        assert [state for _, _, state in intents(found)] == [IntentState.CANCELLED] * 3
        assert found.positions() == {}

    scene(tmp_path, act, exchange=NEVER)


def test_no_order_outlives_its_cycle(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()

        assert found.gateway.world.exchange.open_orders() == ()
        assert found.received[CANCEL_ORDER] == 3

    scene(tmp_path, act, exchange=NEVER)


def test_a_dry_run_decides_and_sends_nothing(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        outcome = await found.run(dry=True)

        assert len(outcome.decision.intents) == 4
        assert found.received[CANCEL_ORDER] == 0
        assert found.positions() == {}
        assert found.ledger.intent_records() == ()
        assert found.ledger.marks() == ()

    scene(tmp_path, act)


def test_a_halted_bot_sends_nothing(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        found.write_switch("halt")
        outcome = await found.run()

        assert outcome.decision.intents == ()
        assert found.received[PLACE_ORDER] == 0

    scene(tmp_path, act)


def test_fault_61_a_kill_switch_flipped_while_an_order_works_ends_it_and_all_after_it(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        def flip(number: int) -> None:
            if number == ADVANCE_TIME and found.received[PLACE_ORDER]:
                found.write_switch("halt")

        found.on_message = flip
        await found.run()

        assert found.received[PLACE_ORDER] == 1
        assert found.received[CANCEL_ORDER] == 1
        states = list(found.states().values())
        assert states[0] == "cancelled"
        assert set(states[1:]) <= {"denied"}
        assert found.gateway.world.exchange.open_orders() == ()

    scene(tmp_path, act, exchange=NEVER)


def test_fault_60_an_unreadable_config_acts_as_halt(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        found.project.settings_path.write_text("[kill_switch\n", encoding="utf-8")
        await found.run()

        assert found.received[PLACE_ORDER] == 0

    scene(tmp_path, act)


def test_a_session_run_twice_trades_once(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        await found.run(session)
        placed, held = found.received[PLACE_ORDER], found.positions()
        await found.run(session)

        assert found.received[PLACE_ORDER] == placed
        assert found.positions() == held == found.held()

    scene(tmp_path, act)


def test_a_live_account_is_refused_and_nothing_is_asked_of_it(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        with pytest.raises(LiveAccountError, match="U1234567"):
            await found.run()

        start_api = 71
        assert set(found.received) == {start_api}

    scene(tmp_path, act, settings=GatewaySettings(accounts=("U1234567",)))


def test_a_position_that_the_bot_did_not_open_locks_the_book(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        lot = found.ledger.holdings().lots[0]
        buy_by_hand(found, lot.contract.con_id)

        outcome = await found.run()

        assert outcome.reconciliation.locked
        assert all(intent.purpose is not Purpose.ADD for intent in outcome.decision.intents)
        assert [found_break.broker_quantity for found_break in outcome.reconciliation.breaks] == [
            lot.quantity + 1
        ]

    scene(tmp_path, act)


def test_every_fill_lies_inside_the_bid_and_ask(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        outcome = await found.run()
        quotes = {
            option.contract: option.quote
            for option in found.ledger.load_snapshot(outcome.decision.session).options
        }

        fills = [
            fill
            for record in found.ledger.intent_records()
            for fill in found.ledger.fills_of(record.intent.intent_id)
            if fill.contract is not None
        ]
        assert len(fills) == 7
        for fill in fills:
            quote = quotes[fill.contract]
            # The market moves a little between the snapshot and the fill.
            assert quote.bid * 0.9 <= float(fill.price) <= quote.ask * 1.1

    scene(tmp_path, act)


def test_a_fill_that_comes_after_the_cancel_is_counted_by_the_next_session(
    tmp_path: Path,
) -> None:
    late = ExchangeSettings(fills=FillSettings(policy=FillPolicy.NEVER), late_fill_seconds=30)

    async def act(found: Stage) -> None:
        session = found.next_session()
        await found.run(session)
        outcome = await found.run(session)

        assert found.held() == found.positions() != {}
        assert not outcome.reconciliation.locked

    scene(tmp_path, act, exchange=late)


def test_the_breadth_that_is_kept_is_that_of_the_shares_close(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        await found.run(session, stay=True)

        (kept,) = found.ledger.breadth(BreadthSource.NYSE, session, 10)
        world = found.gateway.world
        counted = world.market.index("AD-NYSE")
        assert f"{new_york(world.now):%H:%M}" == "16:00"
        assert (kept.advances, kept.declines) == (counted.bid, counted.ask)

    scene(tmp_path, act)


def test_a_cycle_that_does_not_stay_keeps_no_breadth_of_an_unfinished_day(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        await found.run(session)

        assert found.ledger.breadth(BreadthSource.NYSE, session, 10) == ()

    scene(tmp_path, act)


def test_a_link_that_is_lost_before_the_close_ends_no_session_that_is_done(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()

        def hang_up(number: int) -> None:
            if number == ADVANCE_TIME and found.ledger.accounted(session):
                for client in found.gateway.clients():
                    client.close()

        found.on_message = hang_up
        await found.run(session, stay=True)

        assert found.ledger.accounted(session)
        assert found.ledger.breadth(BreadthSource.NYSE, session, 10) == ()

    scene(tmp_path, act)
