"""The gateway comes and goes: restarts, refusals, and what it says of its own lines."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import socket
from typing import TYPE_CHECKING, Any

from harness import PLACE_ORDER, Stage, stage
from unattended import (
    beat,
    jump,
    notes,
    outcomes,
    running,
    tell,
    unattended,
    until,
    until_done,
    until_planned,
)

from bot.core.decision import Purpose
from bot.project import connected
from bot.simulator.gateway import Gateway
from bot.simulator.reference_desk import ReferenceDesk
from bot.simulator.wire import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import pytest

    from bot.simulator.connection import Handler

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def alone(folder: Path, act: Callable[[Stage], Awaitable[None]], **tables: Any) -> None:
    """Run `act` with a free-running gateway that keeps its port when it starts again."""

    async def play() -> None:
        async with unattended(folder, port=free_port(), **tables) as found:
            await act(found)

    asyncio.run(play())


def stepped(folder: Path, act: Callable[[Stage], Awaitable[None]]) -> None:
    """Run `act` with a gateway whose time moves with the bot's."""

    async def play() -> None:
        async with stage(folder) as found:
            await act(found)

    asyncio.run(play())


async def shut_down(found: Stage) -> None:
    """Stop listening and hang up on everybody: the world behind it stays."""
    await Gateway.__aexit__(found.gateway, None, None, None)


async def start_again(found: Stage) -> None:
    await Gateway.__aenter__(found.gateway)


def missed(found: Stage) -> bool:
    told = beat(found)
    return bool(told and told.gateway_absent_since)


def test_the_restart_each_night_is_waited_through_without_an_alert(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:28")
            await until_done(found, MONDAY)
            await until_planned(found, TUESDAY)
            jump(found, MONDAY, "23:50")
            await asyncio.sleep(1.5)
            await shut_down(found)
            await until(found, lambda: missed(found), "the absence noted")
            await start_again(found)
            await until(found, lambda: not missed(found), "the gateway met again")
            jump(found, TUESDAY, "15:28")
            await until_done(found, TUESDAY)

        assert outcomes(found) == {MONDAY: "done", TUESDAY: "done"}
        assert notes(found, "alerts", "code") == []

    alone(tmp_path, act, broker={"quiet_windows": ["23:00-09:00"]})


def test_a_gateway_that_refuses_for_hours_is_one_alert_and_one_note(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            await shut_down(found)
            await until(found, lambda: "GATEWAY_ABSENT" in notes(found, "alerts", "code"), "alert")
            await asyncio.sleep(3)
            await start_again(found)
            await until(found, lambda: not missed(found), "the gateway met again")

        assert notes(found, "alerts", "code") == ["GATEWAY_ABSENT", "GATEWAY_BACK"]

    alone(tmp_path, act, broker={"quiet_windows": []})


def test_a_gateway_that_is_absent_through_the_grace_costs_the_session_once(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:18")
            await asyncio.sleep(1.3)
            await shut_down(found)
            await until_done(found, MONDAY)
            await start_again(found)
            await until_planned(found, TUESDAY)

        assert outcomes(found) == {MONDAY: "GATEWAY_ABSENT"}
        assert notes(found, "incidents", "kind") == ["SESSION_MISSED"]

    alone(tmp_path, act)


def test_a_gateway_that_comes_back_within_the_grace_is_used(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:20")
            await asyncio.sleep(1.2)
            await shut_down(found)
            await asyncio.sleep(1.5)
            await start_again(found)
            await until_done(found, MONDAY)

        assert outcomes(found) == {MONDAY: "done"}
        assert found.positions() == found.held()

    alone(tmp_path, act, schedule={"misfire_grace_seconds": 1800})


def test_a_gateway_killed_in_the_middle_of_a_session_is_met_again_and_nothing_sent_twice(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        killed = asyncio.Event()

        def on_message(number: int) -> None:
            if number == PLACE_ORDER and not killed.is_set():
                killed.set()

        found.on_message = on_message
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:28")
            await asyncio.wait_for(killed.wait(), 30)
            await shut_down(found)
            await asyncio.sleep(0.5)
            await start_again(found)
            await until_done(found, MONDAY)

        assert outcomes(found) == {MONDAY: "done"}
        assert found.positions() == found.held()
        sent = found.ledger.rows(
            "SELECT order_ref, count(DISTINCT order_id) AS orders FROM orders GROUP BY order_ref"
        )
        assert {row["orders"] for row in sent} == {1}

    alone(tmp_path, act, schedule={"misfire_grace_seconds": 3600})


def after_the_decision(found: Stage, act: Callable[[], None]) -> None:
    """Have something happen once, before the first message that follows the decision."""
    session = found.next_session()

    def on_message(_number: int) -> None:
        if "decide" in found.ledger.finished_phases(session):
            found.on_message = lambda _number: None
            act()

    found.on_message = on_message


def test_while_the_line_to_the_broker_is_lost_nothing_is_sent(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        after_the_decision(found, lambda: tell(found, 1100, "Connectivity has been lost."))
        outcome = await found.run()

        assert outcome.decision.intents
        assert found.positions() == {}
        denied = [result for result in outcome.executed if result.state.value == "denied"]
        assert denied
        assert all(result.detail.startswith("UPSTREAM_LOST") for result in denied)

    stepped(tmp_path, act)


def test_a_line_that_comes_back_in_time_costs_nothing(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        def flap() -> None:
            tell(found, 1100, "Connectivity has been lost.")
            tell(found, 1101, "Connectivity restored - data lost.")
            tell(found, 1100, "Connectivity has been lost.")
            tell(found, 1102, "Connectivity restored - data maintained.")

        after_the_decision(found, flap)
        outcome = await found.run()

        assert {result.state.value for result in outcome.executed} == {"filled"}
        assert found.positions() == found.held()

    stepped(tmp_path, act)


def test_no_new_risk_is_taken_on_the_data_of_a_broken_farm(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        text = "Market data farm connection is broken:usopt"
        after_the_decision(found, lambda: tell(found, 2103, text))
        outcome = await found.run()

        purposes = {intent.intent_id: intent.purpose for intent in outcome.decision.intents}
        states = {(purposes[result.intent_id], result.state.value) for result in outcome.executed}
        assert (Purpose.ADD, "denied") in states
        assert (Purpose.PROTECT, "filled") in states
        assert (Purpose.ADD, "filled") not in states

    stepped(tmp_path, act)


def test_hours_of_the_broker_that_end_early_forbid_new_risk_and_nothing_else(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        hours = "20250106:0930-20250106:1545"
        found.gateway._handlers[Request.CONTRACT_DETAILS] = with_hours(found, hours)
        outcome = await found.run()

        assert {intent.purpose for intent in outcome.decision.intents} == {Purpose.PROTECT}
        (verdict,) = (v for v in outcome.decision.verdicts if v.code == "SESSION_DISPUTED")
        assert "broker 14:30-20:45" in str(verdict.observed)
        assert notes(found, "alerts", "code") == ["SESSION_DISPUTED"]

    stepped(tmp_path, act)


def test_a_day_that_the_broker_calls_closed_is_no_session(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        found.gateway._handlers[Request.CONTRACT_DETAILS] = with_hours(found, "20250106:CLOSED")
        async with running(found):
            await until_done(found, TUESDAY)

        assert outcomes(found)[MONDAY] == "disputed"
        assert "SESSION_DISPUTED" in notes(found, "incidents", "kind")
        assert found.ledger.intent_records(dt.date.fromisoformat(MONDAY)) == ()

    stepped(tmp_path, act)


def with_hours(found: Stage, hours: str) -> Handler:
    """Return the handler of contract details with other hours."""
    desk = ReferenceDesk(found.gateway.world)
    desk._hours = lambda _instrument: (hours, hours)  # type: ignore[method-assign, assignment]
    return desk.contract_details


def test_the_greeting_of_a_connection_is_a_detail_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def look() -> None:
        async with stage(tmp_path) as found, connected(found.project):
            pass

    with caplog.at_level(logging.DEBUG, logger="bot"):
        asyncio.run(look())

    told = [each for each in caplog.records if "gateway.message" in str(each.msg)]
    assert len(told) == 3
    assert {each.levelno for each in told} == {logging.DEBUG}
