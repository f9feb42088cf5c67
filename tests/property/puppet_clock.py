"""The clock of a bot whose waits the machine ends."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from idle_loop import IdleLoop

    from bot.simulator.gateway import Gateway

SHORT_SECONDS = 1.0
"""Waits that are too short to be worth a step of the machine: for quotes."""


class PuppetClock:
    """The gateway's time; who sleeps on it is waked by the machine."""

    def __init__(self, gateway: Gateway, loop: IdleLoop) -> None:
        self._gateway, self._loop = gateway, loop
        self.sleeper: asyncio.Future[None] | None = None
        self.wakes_at = dt.datetime.min.replace(tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self._gateway.world.now

    async def sleep(self, seconds: float) -> None:
        if seconds < SHORT_SECONDS:
            await self._loop.quiet()
            return
        self.wakes_at = self.now() + dt.timedelta(seconds=seconds)
        self.sleeper = self._loop.create_future()
        try:
            await self.sleeper
        finally:
            self.sleeper = None

    def real_seconds(self, seconds: float) -> float:
        return seconds

    def wake(self) -> None:
        if self.sleeper is not None and not self.sleeper.done():
            self.sleeper.set_result(None)
