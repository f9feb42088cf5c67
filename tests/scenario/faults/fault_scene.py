"""One session of the whole bot into a fault script, with a witness of the invariants."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness import Stage, stage
from invariants import Witness

from bot.core.errors import StewardError
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.faults.reading import parse_script
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Coroutine

    from bot.cycle import Outcome
    from bot.simulator.market import Market

AT_MID = ExchangeSettings(fills=FillSettings(policy=FillPolicy.MID))
NEVER = ExchangeSettings(fills=FillSettings(policy=FillPolicy.NEVER))
DEADLINE_SECONDS = 0.5
"""How long the bot waits for an answer that never comes; the gateway is on this machine."""


def scene(
    folder: Path,
    script: str,
    act: Callable[[Stage, Witness], Coroutine[None, None, None]],
    *,
    exchange: ExchangeSettings = AT_MID,
    market: Market | None = None,
) -> None:
    """Set up a gateway with the faults of `script`, a bot, and a witness; then act.

    Parameters
    ----------
    folder
        Of the project.
    script
        Faults, as in ``docs/faults.md``.
    act
        Runs sessions and says what came of them.
    exchange, market
        How the venue fills, and what is quoted.
    """

    async def run() -> None:
        settings = GatewaySettings(exchange=exchange, faults=parse_script(script))
        async with stage(folder, settings=settings, market=market) as found:
            hasten(found)
            await act(found, Witness(found))

    asyncio.run(run())


def hasten(found: Stage) -> None:
    """Shorten the deadline of every request."""
    settings = found.project.settings
    broker = dataclasses.replace(
        settings.broker,
        request_timeout_seconds=DEADLINE_SECONDS,
        connect_timeout_seconds=DEADLINE_SECONDS,
    )
    found.project = dataclasses.replace(
        found.project, settings=dataclasses.replace(settings, broker=broker)
    )


async def run_on(found: Stage, session: dt.date | None = None, *, attempts: int = 4) -> Outcome:
    """Run one session to its end, again after each fault that stopped it, as the schedule does."""
    wanted = session or found.next_session()
    for attempt in range(attempts):
        try:
            return await found.run(wanted)
        except StewardError:
            if attempt == attempts - 1:
                raise
    raise AssertionError("attempts must be positive")


def struck(found: Stage) -> list[str]:
    """Return the words of the faults that struck, in their order."""
    faults = found.gateway.faults
    return [] if faults is None else [each.word for each in faults.struck]
