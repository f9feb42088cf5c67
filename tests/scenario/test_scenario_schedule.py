"""The bot alone over several sessions: APScheduler in real time, sleeps, restarts, disputes."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

import pytest
from unattended import (
    beat,
    configure,
    jump,
    notes,
    outcomes,
    running,
    unattended,
    until,
    until_done,
    until_planned,
)

from bot.core.errors import LiveAccountError
from bot.project import load_project

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from harness import Stage

MONDAY, TUESDAY, WEDNESDAY, FRIDAY = "2025-01-06", "2025-01-07", "2025-01-08", "2025-01-10"


def scene(folder: Path, act: Callable[[Stage], Awaitable[None]], **options: object) -> None:
    """Run `act` on a stage with a free-running gateway."""

    async def play() -> None:
        async with unattended(folder, **options) as found:  # type: ignore[arg-type]
            await act(found)

    asyncio.run(play())


def state(found: Stage) -> str | None:
    told = beat(found)
    return told.state if told else None


def fault(found: Stage) -> bool:
    told = beat(found)
    return bool(told and told.fault)


def test_three_sessions_and_the_nights_between_run_once_each(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            for session in (MONDAY, TUESDAY, WEDNESDAY):
                await until_planned(found, session)
                jump(found, session, "15:28")
                await until_done(found, session)
            await until_planned(found, FRIDAY)

        assert outcomes(found) == {MONDAY: "done", TUESDAY: "done", WEDNESDAY: "done"}
        starts = found.ledger.rows("SELECT session, started_at FROM sessions")
        assert all(row["started_at"] >= f"{row['session']}T20:30:00" for row in starts)
        assert all(row["started_at"] < f"{row['session']}T20:40" for row in starts)
        assert found.positions() == found.held()

    scene(tmp_path, act)


def test_the_scheduler_fires_at_the_decision_time_in_real_time(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:29:58")
            await until(found, lambda: state(found) == "session", "wake-up")
            woken = found.gateway.world.now
            await until_done(found, MONDAY)

        assert 0 <= (woken - found.project.decide_at(woken.date())).total_seconds() < 30
        assert outcomes(found) == {MONDAY: "done"}

    scene(tmp_path, act, speed=5.0, broker={"look_seconds": 10.0})


def test_fault_51_a_bot_that_wakes_late_but_within_its_grace_runs_now(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:35")
            await until_done(found, MONDAY)

        assert outcomes(found) == {MONDAY: "done"}

    scene(tmp_path, act, schedule={"misfire_grace_seconds": 1800})


def test_fault_51_a_machine_that_slept_through_two_sessions_records_each_once(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, TUESDAY, "15:46")
            await until_planned(found, WEDNESDAY)
            await asyncio.sleep(2.5)

        assert outcomes(found) == {MONDAY: "BOT_OFF", TUESDAY: "BOT_OFF"}
        assert notes(found, "incidents", "kind") == ["SESSION_MISSED"] * 2

    scene(tmp_path, act)


def test_a_restart_accounts_for_every_session_since_the_first_and_runs_none_twice(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:28")
            await until_done(found, MONDAY)
            await until_planned(found, TUESDAY)
        orders = found.received[3]
        jump(found, FRIDAY, "09:00")
        for _ in range(2):
            async with running(found):
                await until_planned(found, FRIDAY)

        assert outcomes(found) == {MONDAY: "done", TUESDAY: "BOT_OFF", WEDNESDAY: "BOT_OFF"}
        assert notes(found, "incidents", "kind") == ["SESSION_MISSED"] * 2
        assert found.received[3] == orders

    scene(tmp_path, act)


def test_fault_51_a_job_that_comes_too_late_is_noted_and_the_session_missed(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        jump(found, MONDAY, "15:29:45")
        async with running(found):
            await until_planned(found, MONDAY)
            time.sleep(5)  # noqa: ASYNC251 - a loop that hangs is the point
            await until_planned(found, TUESDAY)

        assert outcomes(found) == {MONDAY: "BOT_OFF"}
        assert notes(found, "incidents", "kind") == ["JOB_MISSED", "SESSION_MISSED"]

    options = {"schedule": {"misfire_grace_seconds": 1}, "health": {"heartbeat_seconds": 60.0}}
    scene(tmp_path, act, speed=5.0, **options)


def test_fault_50_an_announced_closure_is_obeyed_as_soon_as_it_is_written(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            configure(found, "schedule", {"closures": [MONDAY]})
            await until_planned(found, TUESDAY)

        assert outcomes(found) == {}

    scene(tmp_path, act)


def test_fault_60_a_config_that_cannot_be_read_halts_and_is_told_in_the_heartbeat(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            configure(found, "schedule", {"decide_at": "25:00"})
            await until(found, lambda: fault(found), "the fault")
            told = str(getattr(beat(found), "fault", None))
            jump(found, MONDAY, "15:28")
            await until_done(found, MONDAY)

        assert re.search(r"steward\.toml:\d+: schedule\.decide_at", told)
        assert outcomes(found) == {MONDAY: "done"}
        assert found.received[3] == 0

    scene(tmp_path, act)


def test_another_account_ends_the_bot(tmp_path: Path) -> None:
    async def refused(found: Stage) -> None:
        configure(found, "broker", {"account": "DU7654321"})
        found.project = load_project(found.project.folder)
        with pytest.raises(LiveAccountError):
            async with running(found) as task:
                await asyncio.wait_for(task, 20)

    scene(tmp_path, refused)
