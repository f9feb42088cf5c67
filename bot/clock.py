"""The only reader of time.

With a real gateway the wall clock rules and the gateway's time is the check on it. With the
simulated gateway the gateway owns the time: a *stepped* one stands still until the bot waits,
and every wait moves it; a *free-running* one passes `speed` times as fast as real time. The
code that waits is the same in all three.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NEW_YORK = ZoneInfo("America/New_York")

SHORTEST_SLEEP_SECONDS = 0.01
"""However fast simulated time runs, an answer needs real time to arrive over the socket."""


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> dt.datetime:
        """Return the time in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass on this clock."""
        ...

    def real_seconds(self, seconds: float) -> float:
        """Return how long `seconds` of this clock last in reality."""
        ...


class WallClock:
    """Real time."""

    def now(self) -> dt.datetime:
        """Return the time in UTC."""
        return dt.datetime.now(dt.UTC)

    async def sleep(self, seconds: float) -> None:
        """Let real seconds pass."""
        await asyncio.sleep(seconds)

    def real_seconds(self, seconds: float) -> float:
        """Return `seconds`."""
        return seconds


class SteppedClock:
    """Time of a stepped gateway: it passes only while somebody waits.

    Parameters
    ----------
    start
        The gateway's time now.
    advance
        Moves the gateway on by so many seconds and returns when everything that happened on
        the way has arrived.
    """

    def __init__(
        self, start: dt.datetime, advance: Callable[[float], Awaitable[dt.datetime]]
    ) -> None:
        self._now = start
        self._advance = advance

    def now(self) -> dt.datetime:
        """Return the gateway's time."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Move the gateway on by `seconds`."""
        self._now = await self._advance(seconds)

    def real_seconds(self, seconds: float) -> float:
        """Return `seconds`: a clock that stands still has no speed of its own."""
        return seconds


class ScaledClock:
    """Time of a free-running gateway: `speed` simulated seconds in a real one."""

    def __init__(self, start: dt.datetime, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._origin = time.monotonic()

    def now(self) -> dt.datetime:
        """Return the gateway's time as it must be by now."""
        passed = (time.monotonic() - self._origin) * self._speed
        return self._start + dt.timedelta(seconds=passed)

    async def sleep(self, seconds: float) -> None:
        """Let simulated seconds pass."""
        await asyncio.sleep(max(self.real_seconds(seconds), SHORTEST_SLEEP_SECONDS))

    def real_seconds(self, seconds: float) -> float:
        """Return `seconds` by the speed of the gateway."""
        return seconds / self._speed


async def sleep_until(clock: Clock, moment: dt.datetime) -> None:
    """Let time pass on `clock` until `moment`; return at once when it is past."""
    wait = (moment - clock.now()).total_seconds()
    if wait > 0:
        await clock.sleep(wait)


def new_york(moment: dt.datetime) -> dt.datetime:
    """Return `moment` in New York time."""
    return moment.astimezone(NEW_YORK)


def at_new_york(session: dt.date, clock_time: dt.time) -> dt.datetime:
    """Return the UTC instant of a New York wall-clock time on `session`."""
    return dt.datetime.combine(session, clock_time, NEW_YORK).astimezone(dt.UTC)
