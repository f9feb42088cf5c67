"""The port on 127.0.0.1 that a gateway listens on; it can be closed for a while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HOST: Final = "127.0.0.1"


class Port:
    """A port.

    Parameters
    ----------
    number
        Which one; 0 takes a free one and keeps it.
    protocol
        Makes what serves a connection.
    """

    def __init__(self, number: int, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._number = number
        self._protocol = protocol
        self._server: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None

    @property
    def number(self) -> int:
        """Its number, also while it is closed for a while.

        Raises
        ------
        RuntimeError
            Before it was opened.
        """
        if self._server is None:
            raise RuntimeError("the gateway is not listening yet; enter it first")
        return self._number

    async def open(self, delay: float = 0.0) -> None:
        """Listen, `delay` seconds of real time from now."""
        await asyncio.sleep(delay)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, HOST, self._number)
        self._number = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop listening for good; connections stay."""
        if self._reopening is not None:
            self._reopening.cancel()
        if self._server is not None:
            self._server.close()

    def close_for(self, seconds: float) -> None:
        """Stop listening for `seconds` of real time; connections stay."""
        self.close()
        self._reopening = asyncio.get_running_loop().create_task(self.open(seconds))
