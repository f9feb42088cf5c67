"""What goes wrong between two looks at the broker: broken sockets, false ends, foreign hands."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.core.decision import Purpose
from bot.core.errors import GatewayUnavailableError
from bot.session import run_session
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings
from bot.simulator.wire import Message, Request

sys.path.insert(0, str(Path(__file__).parent))

from by_hand import trade_by_hand
from harness import ADVANCE_TIME, CANCEL_ORDER, PLACE_ORDER, Stage, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.simulator.connection import Connection
    from bot.simulator.wire import Fields

AT_MID = ExchangeSettings(fills=FillSettings(policy=FillPolicy.MID))
NEVER = ExchangeSettings(fills=FillSettings(policy=FillPolicy.NEVER))


def scene(
    folder: Path,
    act: Callable[[Stage], Coroutine[None, None, None]],
    *,
    exchange: ExchangeSettings = AT_MID,
    settings: GatewaySettings | None = None,
) -> None:
    async def run() -> None:
        chosen = dataclasses.replace(settings or GatewaySettings(), exchange=exchange)
        async with stage(folder, settings=chosen) as found:
            await act(found)

    asyncio.run(run())


def while_an_order_works(found: Stage, act: Callable[[], object]) -> None:
    """Do `act` once, at the first waiting after the first order was placed."""

    def listen(number: int) -> None:
        if number == ADVANCE_TIME and found.received[PLACE_ORDER]:
            found.on_message = lambda _number: None
            act()

    found.on_message = listen


def hang_up(found: Stage) -> None:
    """Break the socket of every client."""
    for client in tuple(found.gateway._clients):
        client.close()


async def interrupted(found: Stage, session: dt.date) -> None:
    """Run `session` into a socket that breaks while its first order works."""
    while_an_order_works(found, lambda: hang_up(found))
    with pytest.raises(GatewayUnavailableError):
        await found.run(session)


def test_a_condor_that_somebody_else_has_closed_is_not_closed_again(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        (condor,) = found.ledger.holdings().condors
        for leg in condor.legs:
            trade_by_hand(found, leg.contract.con_id, -leg.ratio * condor.quantity)
        left = found.positions()
        found.write_switch("flatten")

        outcome = await found.run()

        assert outcome.reconciliation.locked
        assert [intent.purpose for intent in outcome.decision.intents] == [Purpose.REDUCE]
        assert found.positions() == left
        (state,) = [state for key, state in found.states().items() if "close_condor" in key]
        assert state == "denied"

    scene(tmp_path, act)


def test_a_lock_does_not_keep_a_position_that_is_there_from_being_closed(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        (condor,) = found.ledger.holdings().condors
        trade_by_hand(found, condor.legs[0].contract.con_id, 1)
        found.write_switch("flatten")

        outcome = await found.run()

        assert outcome.reconciliation.locked
        assert found.ledger.holdings().condors == ()
        assert found.positions()[condor.legs[0].contract.label()] == 1

    scene(tmp_path, act)


def test_a_socket_that_breaks_while_an_order_works_is_an_absent_gateway(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        await interrupted(found, session)
        assert found.gateway.world.exchange.open_orders() != ()

        await found.run(session)

        assert found.gateway.world.exchange.open_orders() == ()

    scene(tmp_path, act, exchange=NEVER)


def test_a_resumed_cycle_adds_no_risk_to_a_book_that_is_locked_by_now(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        await interrupted(found, session)
        (record,) = found.ledger.intent_records()
        trade_by_hand(found, record.intent.legs[0].contract.con_id, 1)

        outcome = await found.run(session)

        assert outcome.reconciliation.locked
        assert found.ledger.holdings().condors == ()

    scene(tmp_path, act)


def test_a_resumed_cycle_sends_nothing_while_an_order_is_not_proven_ended(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        found.gateway._handlers[CANCEL_ORDER] = lambda *_arguments: None
        await found.run(session)
        first = found.gateway.world.exchange.open_orders()

        await found.run(session)

        assert len(first) == 1
        assert list(found.states().values()) == ["unknown"]
        assert found.gateway.world.exchange.open_orders() == first

    scene(tmp_path, act, exchange=NEVER)


def test_a_bot_that_is_stopped_takes_its_working_order_with_it(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        running = asyncio.create_task(found.run())
        while_an_order_works(found, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await asyncio.sleep(0.1)

        assert running.cancelled()
        assert found.received[PLACE_ORDER] == 1
        assert found.gateway.world.exchange.open_orders() == ()

    scene(tmp_path, act, exchange=NEVER)


def test_an_order_that_the_library_takes_for_cancelled_is_cancelled(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        def mislead() -> None:
            (order,) = found.gateway.world.exchange.open_orders()
            (client,) = found.gateway._clients
            client.error(order.ticket.order_id, 10349, "Order TIF was set to DAY")

        while_an_order_works(found, mislead)
        await found.run()

        assert found.received[CANCEL_ORDER] == 3
        assert list(found.states().values()) == ["cancelled"] * 3

    scene(tmp_path, act, exchange=NEVER)


def test_history_that_never_comes_forbids_new_risk_and_nothing_else(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        found.gateway._handlers[Request.HISTORICAL_DATA] = lambda *_arguments: None
        settings = found.project.settings
        broker = dataclasses.replace(settings.broker, request_timeout_seconds=1.0)
        found.project = dataclasses.replace(
            found.project, settings=dataclasses.replace(settings, broker=broker)
        )

        outcome = await found.run()

        assert {intent.purpose for intent in outcome.decision.intents} == {Purpose.PROTECT}
        assert sorted(found.positions().values()) == [2, 4, 4]

    scene(tmp_path, act)


def test_clocks_that_disagree_forbid_new_risk(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        world = found.gateway.world

        def drift(number: int) -> None:
            if number == Request.CURRENT_TIME and found.received[number] == 2:
                world.advance(world.now + dt.timedelta(seconds=10))

        found.on_message = drift
        outcome = await found.run()

        assert {intent.purpose for intent in outcome.decision.intents} == {Purpose.PROTECT}

    scene(tmp_path, act)


def test_no_order_is_sent_or_repriced_after_the_close(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        world, session = found.gateway.world, found.next_session()
        close = found.project.calendar.day(session).close
        world.advance(close - dt.timedelta(minutes=1))
        sent: list[dt.datetime] = []

        def note(number: int) -> None:
            if number == PLACE_ORDER:
                sent.append(world.now)

        found.on_message = note
        await run_session(found.project, found.ledger)

        assert sent
        assert max(sent) < close
        assert world.exchange.open_orders() == ()

    scene(tmp_path, act, exchange=NEVER)


def test_an_order_listed_as_filled_without_its_executions_is_unknown(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session, handlers = found.next_session(), found.gateway._handlers
        executions = handlers[Request.EXECUTIONS]

        def withhold(client: Connection, fields: Fields) -> None:
            client.send(Message.EXECUTIONS_END, 1, fields.integer())

        handlers[Request.EXECUTIONS] = withhold
        await found.run(session)
        assert list(found.states().values()) == ["unknown"]

        handlers[Request.EXECUTIONS] = executions
        outcome = await found.run(session)

        assert set(found.states().values()) == {"filled"}
        assert found.held() == found.positions()
        assert not outcome.reconciliation.locked

    scene(tmp_path, act)


def test_an_execution_without_its_reference_is_known_by_the_permanent_number(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        numbers = found.ledger.rows("SELECT order_ref, perm_id FROM orders WHERE perm_id > 0")

        assert len(numbers) == 4
        for row in numbers:
            intent_id = found.ledger.intent_of_perm_id(row["perm_id"])
            assert intent_id == found.ledger.intent_of(row["order_ref"])

    scene(tmp_path, act)


def test_a_preview_without_figures_is_not_taken_for_the_margin(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()

        assert len(found.ledger.holdings().condors) == 1

    scene(tmp_path, act, settings=GatewaySettings(what_if_unset_first=True))


def test_a_line_that_a_competing_session_has_silenced_is_given_back(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        asked = found.gateway._handlers[Request.MARKET_DATA]

        def compete(client: Connection, fields: Fields) -> None:
            request_id = int(fields._values[0])
            asked(client, fields)
            client.error(request_id, 10197, "No market data during competing live session")

        found.gateway._handlers[Request.MARKET_DATA] = compete
        await found.run()

        assert found.received[Request.MARKET_DATA] > 100
        assert found.received[Request.CANCEL_MARKET_DATA] == found.received[Request.MARKET_DATA]

    scene(tmp_path, act)


def test_the_hedge_is_bought_on_though_its_decision_grew_old_while_an_order_worked(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        world = found.gateway.world
        while_an_order_works(found, lambda: world.advance(world.now + dt.timedelta(minutes=16)))

        outcome = await found.run()

        assert len(outcome.decision.intents) == 4
        assert list(found.states()) == [intent.intent_id for intent in outcome.decision.intents[:3]]

    scene(tmp_path, act, exchange=NEVER)
