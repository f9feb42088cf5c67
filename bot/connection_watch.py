"""Watches the gateway while no session runs: is it there, since when not, when to try again.

Between sessions nothing is held open. The gateway is looked at every few minutes over a
connection of its own; one that is absent is tried again and again, ever more slowly and with
jitter. Its restart each night and its login each week are no news. An absence that lasts is one
alert, however long, and its end is one note.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.clock import Clock, WallClock
from bot.core.errors import GatewayUnavailableError, LedgerError, UnsynchronisedError
from bot.logs import get_logger
from bot.project import connected
from bot.quiet import is_quiet, parse_window

if TYPE_CHECKING:
    from bot.ledger.store import Ledger
    from bot.project import Project

log = get_logger(__name__)

FIRST_RETRY_SECONDS: Final = 2.0
LONGEST_RETRY_SECONDS: Final = 60.0

ABSENT: Final = (GatewayUnavailableError, UnsynchronisedError)
"""Faults that waiting mends: no gateway, or one that is not logged in yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One absence of the gateway.

    Parameters
    ----------
    since
        When it was first missed (UTC).
    loud_since
        Since when it is missed outside of quiet hours; ``None`` while they last.
    tries
        Attempts in vain.
    alarmed
        Whether the one alert was given.
    """

    since: dt.datetime
    loud_since: dt.datetime | None = None
    tries: int = 0
    alarmed: bool = False

    def failed(self, now: dt.datetime, *, quiet: bool) -> Outage:
        """Return the absence after one more attempt in vain."""
        loud_since = None if quiet else self.loud_since or now
        return replace(self, tries=self.tries + 1, loud_since=loud_since)

    def alarm_due(self, now: dt.datetime, after_seconds: float) -> bool:
        """Whether it has lasted so long, quiet hours left out, that a person should know."""
        if self.alarmed or self.loud_since is None:
            return False
        return (now - self.loud_since).total_seconds() >= after_seconds


def retry_seconds(tries: int, share: float) -> float:
    """Return the wait after `tries` (>= 1) attempts in vain: doubled each time, up to a minute.

    Half of it is certain, and `share` (0 to 1) says how much of the other half: many bots that
    lost one gateway must not come back at the same instant.
    """
    doubled = FIRST_RETRY_SECONDS * 2.0 ** min(tries - 1, 16)
    return min(doubled, LONGEST_RETRY_SECONDS) * (0.5 + share / 2)


def heed_cancellation() -> None:
    """End a task that was told to: `asyncio.wait_for` of Python 3.11 may have swallowed the word.

    It does when what it waits for is done at the same instant. A loop that tries for ever must
    therefore ask.

    Raises
    ------
    asyncio.CancelledError
        If the present task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class GatewayWatch:
    """Knows whether the gateway is there, and what time it is.

    Parameters
    ----------
    ledger
        Takes the alert and the note.
    clock
        The time; with a simulated gateway its own, once it was reached.
    """

    def __init__(self, ledger: Ledger, clock: Clock | None = None) -> None:
        self._ledger = ledger
        self._random = random.SystemRandom()
        self.clock: Clock = clock or WallClock()
        self.outage: Outage | None = None
        self.line = asyncio.Lock()
        """Held while the one client id is connected."""
        self.paused = False
        """Whether a session reaches for the gateway by itself."""

    async def look(self, project: Project) -> None:
        """Connect, prove the account, synchronise, read the time, and hang up.

        Raises
        ------
        GatewayUnavailableError, UnsynchronisedError
            If it is absent.
        LiveAccountError
            If it serves another account.
        """
        async with self.line, connected(project) as broker:
            await broker.time()
            if project.settings.broker.mode == "simulated":
                self.clock = broker.clock
        self.reached()

    async def meet(self, project: Project) -> None:
        """Look until the gateway is there.

        Raises
        ------
        LiveAccountError
            If it serves another account.
        """
        while True:
            try:
                return await self.look(project)
            except ABSENT as fault:
                await self.missed(project, fault)

    async def keep_looking(self, project: Project) -> None:
        """Look every so often, for ever.

        Raises
        ------
        LiveAccountError
            If it serves another account.
        """
        while True:
            if not self.paused:
                await self.meet(project)
            heed_cancellation()
            await self.clock.sleep(project.settings.broker.look_seconds)

    def reached(self) -> None:
        """Note that it is there."""
        outage, self.outage = self.outage, None
        if outage is None:
            return
        seconds = round((self.clock.now() - outage.since).total_seconds())
        log.info("gateway.back", absent_seconds=seconds, tries=outage.tries)
        if outage.alarmed:
            self._alert("GATEWAY_BACK", f"after {seconds} s")

    async def missed(self, project: Project, fault: Exception) -> None:
        """Note that it is absent, and wait as long as the next attempt is off."""
        heed_cancellation()
        settings, now = project.settings.broker, self.clock.now()
        quiet = is_quiet(now, map(parse_window, settings.quiet_windows))
        first = self.outage is None
        self.outage = (self.outage or Outage(since=now)).failed(now, quiet=quiet)
        wait = retry_seconds(self.outage.tries, self._random.random())
        report = log.info if quiet or not first else log.warning
        report("gateway.absent", detail=str(fault), tries=self.outage.tries, retry_in=round(wait))
        if self.outage.alarm_due(now, settings.alarm_after_seconds):
            self.outage = replace(self.outage, alarmed=True)
            log.error("gateway.alarm", since=self.outage.since.isoformat())
            self._alert("GATEWAY_ABSENT", f"since {self.outage.since:%Y-%m-%d %H:%M} UTC: {fault}")
        await self.clock.sleep(wait)

    def _alert(self, code: str, text: str) -> None:
        try:
            self._ledger.alert(code, text, session=None, at=self.clock.now())
        except LedgerError as fault:
            log.warning("alert.not_noted", code=code, detail=str(fault))
