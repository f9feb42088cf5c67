"""The unattended bot on a stage: a free-running gateway whose nights are cut short."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import tomlkit
from harness import Stage, stage

from bot.clock import at_new_york
from bot.heartbeat import Heartbeat, heartbeat_path, read_heartbeat
from bot.project import load_project
from bot.schedule import run_forever
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bot.simulator.market import Market

NEW_YORK = ZoneInfo("America/New_York")
SPEED = 300.0
"""Simulated seconds in a real one: a session takes a few real seconds."""

DEADLINE_SECONDS = 60.0


@contextlib.asynccontextmanager
async def unattended(
    folder: Path,
    *,
    speed: float = SPEED,
    port: int = 0,
    market: Market | None = None,
    **tables: dict[str, object],
) -> AsyncIterator[Stage]:
    """Set up a free-running gateway and a project that follows it at its speed."""
    settings = GatewaySettings(speed=speed, port=port, tick_seconds=0.05)
    async with stage(folder, market=market, settings=settings) as found:
        defaults: dict[str, dict[str, object]] = {
            "broker": {"simulation_speed": speed, "connect_timeout_seconds": 2.0},
            "health": {"heartbeat_seconds": 1.0},
        }
        for name in {*defaults, *tables}:
            configure(found, name, {**defaults.get(name, {}), **tables.get(name, {})})
        found.project = load_project(folder)
        yield found


def configure(found: Stage, table: str, values: dict[str, object]) -> None:
    """Write keys into a table of the project's settings."""
    path = found.project.settings_path
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    document[table].update(values)
    path.write_text(tomlkit.dumps(document), encoding="utf-8")


@contextlib.asynccontextmanager
async def running(found: Stage) -> AsyncIterator[asyncio.Task[None]]:
    """Run the bot meanwhile; a fault of its own comes out here."""
    task = asyncio.create_task(run_forever(found.project, found.ledger))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def jump(found: Stage, session: str, time: str) -> None:
    """Move the world on to a New York time at once, as a machine that slept finds it."""
    moment = at_new_york(dt.date.fromisoformat(session), dt.time.fromisoformat(time))
    assert moment > found.gateway.world.now
    found.gateway.advance_to(moment)


async def until(found: Stage, condition: Callable[[], bool], what: str) -> None:
    """Wait until something is true of the stage."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, (
            f"never: {what}; it is {found.gateway.world.now}, {beat(found)}, {outcomes(found)}"
        )
        await asyncio.sleep(0.05)


async def until_done(found: Stage, session: str) -> None:
    """Wait until a session has ended, however."""
    await until(found, lambda: session in outcomes(found), f"the end of {session}")


async def until_planned(found: Stage, session: str) -> None:
    """Wait until the bot waits for a session, with nothing else to do."""
    day = dt.date.fromisoformat(session)

    def waits() -> bool:
        told = beat(found)
        return told is not None and (told.state, told.next_session) == ("waiting", day)

    await until(found, waits, f"waiting for {session}")


def beat(found: Stage) -> Heartbeat | None:
    """Return the last heartbeat."""
    return read_heartbeat(heartbeat_path(found.project.settings.ledger.path))


def outcomes(found: Stage) -> dict[str, str]:
    """Return how each session ended, or why it was never begun."""
    rows = found.ledger.rows(
        "SELECT session, outcome FROM sessions WHERE dry = 0 AND outcome IS NOT NULL "
        "UNION ALL SELECT session, reason FROM absences ORDER BY session"
    )
    return {row[0]: row[1] for row in rows}


def notes(found: Stage, table: str, column: str) -> list[str]:
    """Return the codes of the alerts, or the kinds of the incidents, in their order."""
    return [row[0] for row in found.ledger.rows(f"SELECT {column} FROM {table} ORDER BY id")]  # noqa: S608 - our own names


def tell(found: Stage, code: int, text: str) -> None:
    """Have the gateway tell every client a message of its own."""
    for client in tuple(found.gateway._clients):
        client.error(-1, code, text)
