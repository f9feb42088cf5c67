"""An event loop in which waiting costs nothing, and in which a hang is found at once.

Gateway and bot live in it, with a real socket between them. Its time stands still while there
is anything to do and jumps to the next timer when there is not, so a deadline of 20 seconds
passes at once, and no run depends on how busy the machine is. When nothing is left that could
ever happen, nobody will be waked again: that is a hang, and an error.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from _typeshed import FileDescriptorLike

LOOKS = 4
"""How often is looked for bytes before there are none: the kernel may need a moment for them. To
sleep instead would cost a busy machine's whole time slice, thousands of times."""


class NothingToWaitForError(Exception):
    """The loop waits, and nothing can end it."""


class _Impatient(selectors.BaseSelector):
    """Never waits: where nothing is to be read, it is the loop that goes on."""

    def __init__(self, loop: IdleLoop) -> None:
        self._real = selectors.SelectSelector()
        self._loop = loop

    def register(
        self, fileobj: FileDescriptorLike, events: int, data: object = None
    ) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(
        self, fileobj: FileDescriptorLike, events: int, data: object = None
    ) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        for _ in range(LOOKS):
            events = self._real.select(0)
            if events or timeout == 0:
                return events
        self._loop.rest(timeout)
        return []

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()


class IdleLoop(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        self._virtual = 1_000_000.0
        self._resting: list[asyncio.Future[None]] = []
        super().__init__(_Impatient(self))

    def time(self) -> float:
        """Return the loop's own time in seconds."""
        return self._virtual

    async def quiet(self) -> None:
        """Wait until nothing is to be done and nothing to be read; timers do not count."""
        waiter = self.create_future()
        self._resting.append(waiter)
        await waiter

    def rest(self, timeout: float | None) -> None:
        """Tell who waits for quiet; else let time jump to the next timer.

        Raises
        ------
        NothingToWaitForError
            If there is none.
        """
        if self._resting:
            self._wake(self._resting)
            self._resting = []
        elif timeout is None:
            raise NothingToWaitForError("neither a message nor a timer is left to wait for")
        else:
            self._virtual += timeout

    @staticmethod
    def _wake(waiting: Iterable[asyncio.Future[None]]) -> None:
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
