"""Hears each change of the kill switch the moment its file is saved, and acts on it.

While a session runs, the kernel tells of every change in the folder of the file, whatever an
editor does to it. The orders at work are then asked to end, those that the new state forbids,
and the change is kept as an incident: old and new state, the reason, and the time from the save
to the last cancel. Nothing depends on being told: the file is read again before every send and
at every look at a resting order, and a change that happened while nobody listened is kept at the
next look.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from watchfiles import awatch

from bot.clock import WallClock
from bot.core.book import TradingState
from bot.core.errors import LedgerError
from bot.logs import get_logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from bot.killswitch import KillSwitch, KillSwitchReading
    from bot.ledger.store import Ledger

log = get_logger(__name__)

INCIDENT: Final = "KILL_SWITCH"

QUIET_MILLISECONDS: Final = 10
"""How long the folder must be still before a change counts as whole."""

MOST_MILLISECONDS: Final = 50
"""How long a change is waited for that does not come to rest."""


class SwitchWatch:
    """Keeps every change of the kill switch, and ends what it forbids.

    Parameters
    ----------
    switch
        Reader of the file.
    path
        The file; its folder is watched.
    ledger
        Takes the incidents.
    now
        The time of the connection, in UTC.
    """

    def __init__(
        self, switch: KillSwitch, path: Path, *, ledger: Ledger, now: Callable[[], dt.datetime]
    ) -> None:
        self._switch, self._path = switch, path
        self._ledger, self._now = ledger, now
        self._stops: list[Callable[[], bool]] = []
        self._position: str | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen while the block runs."""
        self.look()
        listening = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    @contextlib.contextmanager
    def calling(self, stop: Callable[[], bool]) -> Iterator[None]:
        """Call `stop` at each change while the block runs, and once before.

        It says whether it has asked an order to end.
        """
        stop()
        self._stops.append(stop)
        try:
            yield
        finally:
            self._stops.remove(stop)

    def look(self) -> bool:
        """Read the file; act on a change and keep it. Return whether there was one."""
        reading = self._switch.read()
        before, after = self._last(), position(reading)
        if before == after:
            return False
        cancels = sum(stop() for stop in tuple(self._stops))
        took = self._since_the_save()
        self._position = after
        self._keep(f"{before} -> {after}: {_cause(reading)}; {_deed(cancels, took)}")
        return True

    async def _listen(self) -> None:
        """Look whenever the folder changes; without help from the kernel say so, and end."""
        try:
            async for _ in awatch(
                self._path.parent,
                watch_filter=None,
                debounce=MOST_MILLISECONDS,
                step=QUIET_MILLISECONDS,
                recursive=False,
            ):
                self.look()
        except (OSError, RuntimeError) as fault:
            log.error("kill_switch.not_watched", detail=str(fault))  # noqa: TRY400 - no trace needed

    def _last(self) -> str:
        """Return the position that was last kept; the first ledger begins at ``active``."""
        if self._position is None:
            detail = self._ledger.last_incident(INCIDENT)
            known = "" if detail is None else detail.partition(" -> ")[2].partition(":")[0]
            self._position = known or TradingState.ACTIVE.value
        return self._position

    def _since_the_save(self) -> float | None:
        """Return the seconds since the file was saved; ``None`` when it is not there."""
        try:
            saved = self._path.stat().st_mtime
        except OSError:
            return None
        return max(0.0, WallClock().now().timestamp() - saved)

    def _keep(self, detail: str) -> None:
        log.warning("kill_switch.changed", detail=detail)
        try:
            self._ledger.incident(INCIDENT, session=None, at=self._now(), detail=detail)
        except LedgerError as fault:
            log.error("kill_switch.not_kept", detail=str(fault))  # noqa: TRY400 - no trace needed


def position(reading: KillSwitchReading) -> str:
    """Return what the switch stands at, in words: ``halt``, ``flatten with the hedge``."""
    sells = reading.state is TradingState.FLATTEN and not reading.keep_hedge
    return f"{reading.state.value} with the hedge" if sells else reading.state.value


def _cause(reading: KillSwitchReading) -> str:
    return reading.fault or reading.reason or "no reason given"


def _deed(cancels: int, took: float | None) -> str:
    """Say what was done and how long after the save."""
    done = f"{cancels} cancels sent" if cancels else "seen"
    return f"{done} {_after(took)}"


def _after(took: float | None) -> str:
    if took is None:
        return "at an unknown time after the save"
    return f"{took * 1000:.0f} ms after the save"
