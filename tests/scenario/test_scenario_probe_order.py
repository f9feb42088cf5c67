"""The one order of `steward probe`: when it is sent, and that it is never left behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from harness import CANCEL_ORDER, PLACE_ORDER, Stage
from probe_scene import nothing_is_left, outward, scene, with_broker

from bot.clock import new_york
from bot.probe.assumptions import ORDERS
from bot.probe.bench import CLOSED
from bot.probe.findings import Status
from bot.probe.runner import probe
from bot.probe.trial import LeftBehindError
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from bot.probe.runner import Report

CONTRACT_DETAILS = 9
RECORDINGS = Path(__file__).parents[1] / "recordings"


def test_the_one_order_is_a_single_condor_at_more_than_half_its_width(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            await probe(found.project)
            (order,) = found.gateway.world.exchange.completed_orders()
            ticket = order.ticket

            assert (ticket.action, ticket.quantity, ticket.limit_price) == ("BUY", 1, -35.05)
            assert [leg.action for leg in ticket.legs] == ["BUY", "SELL", "SELL", "BUY"]
            assert ticket.order_ref.startswith("probe-")
            assert order.filled == 0
            assert found.received[PLACE_ORDER] == 3  # the what-if, the order, its change
            assert found.received[CANCEL_ORDER] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("state", ["halt", "reduce_only", "no_entries", "flatten"])
def test_no_order_is_sent_unless_the_kill_switch_is_active(state: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            found.write_switch(state)
            report = await probe(found.project)

            assert found.received[PLACE_ORDER] == 0
            assert order_reasons(report) == {f"the kill switch is {state}"}

    asyncio.run(scenario())


def test_the_kill_switch_is_read_again_before_the_order_is_sent(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:

            def halt_at_the_what_if(number: int) -> None:
                if number == PLACE_ORDER:
                    found.write_switch("halt")

            found.on_message = halt_at_the_what_if
            report = await probe(found.project)

            assert found.received[PLACE_ORDER] == 1
            assert report.findings["what_if"].status is Status.HOLDS
            assert report.findings["combo_routing"].status is Status.NOT_TESTED
            assert nothing_is_left(found)

    asyncio.run(scenario())


def test_orders_can_be_left_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            report = await probe(found.project, with_orders=False)

            assert found.received[PLACE_ORDER] == 0
            assert order_reasons(report) == {"--no-orders"}
            assert not report.all_hold

    asyncio.run(scenario())


def order_reasons(report: Report) -> set[str]:
    """Return why the orders were not tested; anything else is named by its key."""
    found = {each.key: report.findings[each.key] for each in ORDERS}
    return {each.text if each.status is Status.NOT_TESTED else key for key, each in found.items()}


def test_no_order_is_sent_while_the_market_is_closed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path, GatewaySettings(speed=20)) as found:
            report = await probe(with_broker(found.project, simulation_speed=20.0))

            assert found.received[PLACE_ORDER] == 0
            assert order_reasons(report) == {CLOSED}
            assert report.findings["breadth"].text == CLOSED
            assert report.findings["option_dates"].status is Status.HOLDS
            assert outward(report) == {}

    asyncio.run(scenario())


def test_an_interrupted_probe_leaves_no_order_behind(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            running = asyncio.create_task(probe(found.project))

            def interrupt_at_the_order(number: int) -> None:
                if number == PLACE_ORDER and found.received[PLACE_ORDER] == 2:
                    asyncio.get_running_loop().call_soon(running.cancel)

            found.on_message = interrupt_at_the_order
            with pytest.raises(asyncio.CancelledError):
                await running

            assert found.received[PLACE_ORDER] == 2
            assert nothing_is_left(found)

    asyncio.run(scenario())


async def leave_an_order(found: Stage) -> str:
    """Run a probe whose cancels nobody hears; return what it says."""
    handlers = found.gateway._handlers
    cancel = handlers[CANCEL_ORDER]
    handlers[CANCEL_ORDER] = lambda *_: None
    with pytest.raises(LeftBehindError) as told:
        await probe(found.project)
    handlers[CANCEL_ORDER] = cancel
    return str(told.value)


def test_an_order_that_cannot_be_cancelled_is_told_by_its_permanent_number(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            told = await leave_an_order(found)
            (order,) = found.gateway.world.exchange.open_orders()

            assert f"permId {order.perm_id}" in told

    asyncio.run(scenario())


def test_the_next_probe_ends_what_a_former_one_left(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            await leave_an_order(found)
            report = await probe(found.project, with_orders=True)

            assert nothing_is_left(found)
            assert report.findings["cancel"].status is Status.HOLDS

    asyncio.run(scenario())


def test_a_session_ends_what_a_probe_left_and_takes_it_for_no_position(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with scene(tmp_path) as found:
            await leave_an_order(found)
            outcome = await found.run(new_york(found.gateway.world.now).date())

            assert found.gateway.world.exchange.open_orders() == ()
            assert not outcome.reconciliation.locked

    asyncio.run(scenario())


# -- recording and replay ----------------------------------------------------------------------
