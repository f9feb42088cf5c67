"""The connection itself: answers that come too late, cancels on the way out, lists that lag."""

from __future__ import annotations

import asyncio
import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from harness import CANCEL_ORDER, PLACE_ORDER, Stage, stage

from bot.broker import orders
from bot.broker.orders import Ticket
from bot.broker.session import Broker, connect
from bot.core.book import Leg
from bot.core.errors import GatewayUnavailableError
from bot.project import connected
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.faults.reading import parse_script
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

DEADLINE_SECONDS = 0.3


def scene(
    folder: Path, act: Callable[[Stage], Awaitable[None]], *, fills: FillPolicy = FillPolicy.MID
) -> None:
    async def play() -> None:
        exchange = ExchangeSettings(fills=FillSettings(policy=fills))
        async with stage(folder, settings=GatewaySettings(exchange=exchange)) as found:
            broker = dataclasses.replace(
                found.project.settings.broker, request_timeout_seconds=DEADLINE_SECONDS
            )
            settings = dataclasses.replace(found.project.settings, broker=broker)
            found.project = dataclasses.replace(found.project, settings=settings)
            await act(found)

    asyncio.run(play())


LATE_BY_A_MESSAGE = """
    [[fault]]
    when = {{ sent = "{message}" }}
    what = "delay"
    messages = 1
"""


def test_positions_that_come_after_their_time_out_are_not_taken_for_the_next_ones(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        async with connected(found.project) as broker:
            whole = await broker.positions()
            found.gateway.inject(parse_script(LATE_BY_A_MESSAGE.format(message="positions_end")))
            with pytest.raises(GatewayUnavailableError, match="positions"):
                await broker.positions()

            _, again = await asyncio.gather(broker.time(), broker.positions())

        assert len(whole) == 7
        assert again == whole

    scene(tmp_path, act)


def test_an_answer_that_never_comes_lets_the_next_request_time_out_and_no_wrong_one_pass(
    tmp_path: Path,
) -> None:
    lost = '[[fault]]\nwhen = { sent = "positions_end" }\nwhat = "drop"'

    async def act(found: Stage) -> None:
        await found.run()
        async with connected(found.project) as broker:
            found.gateway.inject(parse_script(lost))
            for _ in range(3):
                with pytest.raises(GatewayUnavailableError, match="positions"):
                    await broker.positions()
        async with connected(found.project) as broker:
            assert len(await broker.positions()) == 7

    scene(tmp_path, act)


async def rest(found: Stage, broker: Broker) -> orders.WorkingOrder:
    """Place an order that nobody fills: a call for a cent."""
    lot = found.ledger.holdings().lots[0]
    (contract,) = [
        held.contract for held in await broker.positions() if held.contract == lot.contract
    ]
    assert contract is not None
    ticket = Ticket(
        order_ref="rest",
        legs=(Leg(contract=contract, ratio=1),),
        quantity=1,
        net_price=Decimal("0.01"),
    )
    working = orders.place(broker, ticket)
    await orders.sweep(broker)
    return working


def test_a_cancel_leaves_before_the_socket_closes_whatever_the_throttle_holds(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        settings = dataclasses.replace(found.project.settings.broker, mode="paper")
        async with connect(settings, found.project.calendar) as broker:
            working = await rest(found, broker)
            exchange = found.gateway.world.exchange
            assert len(exchange.open_orders()) == 1
            for _ in range(100):
                broker.client.client.reqCurrentTime()
            orders.cancel(broker, working)
        await asyncio.sleep(0.2)

        assert exchange.open_orders() == ()

    scene(tmp_path, act)


def test_what_a_killed_session_left_at_work_is_cancelled_before_anything_is_ordered(
    tmp_path: Path,
) -> None:
    """The cancel of the dying process is lost too."""
    lost = '[[fault]]\nwhen = { received = "cancel_order" }\nwhat = "drop"'

    async def act(found: Stage) -> None:
        session, running = found.next_session(), asyncio.current_task()
        assert running is not None
        found.gateway.inject(parse_script(lost))

        def die(number: int) -> None:
            if number == PLACE_ORDER:
                running.cancel()

        found.on_message = die
        with pytest.raises(asyncio.CancelledError):
            await found.run(session)
        running.uncancel()
        assert len(found.gateway.world.exchange.open_orders()) == 1

        heard: list[int] = []
        found.on_message = heard.append
        await found.run(session)

        assert CANCEL_ORDER in heard
        assert PLACE_ORDER not in heard[: heard.index(CANCEL_ORDER)]
        assert found.held() == found.positions()

    scene(tmp_path, act, fills=FillPolicy.NEVER)
