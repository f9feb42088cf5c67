"""Watches what arrives at the socket for damage of which the client library says nothing.

- A length prefix that lies makes the library wait for a message that never ends, while all that
  follows is swallowed: connected, and deaf. No message that we ask for comes near the cap, so a
  longer one is damage, and the connection is ended at once.
- A message that cannot be decoded is logged by the library and dropped. It may have been news of
  an order: such messages are counted, and whoever relies on the news reads the broker's state.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bot.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.broker.client import IB

    Handler = Callable[[list[str]], object]

log = get_logger(__name__)

LONGEST_FRAME: Final = 512 * 1024
"""Bytes. The longest answer that is asked for, two years of daily bars, has some 50,000."""

PREFIX: Final = struct.Struct(">I")


class StreamWatch:
    """Watches the stream of one client.

    Parameters
    ----------
    client
        Not connected yet.
    """

    def __init__(self, client: IB) -> None:
        self.undecoded = 0
        """Messages that could not be decoded, and were lost."""
        self._client = client.client
        # Behind the library's own listener: what it keeps then is the start of a frame.
        self._client.conn.hasData += self._measure
        handlers: dict[int, Handler] = self._client.decoder.handlers
        for number, handler in tuple(handlers.items()):
            handlers[number] = self._counted(number, handler)

    def _measure(self, _data: bytes) -> None:
        """Hang up where the frame that has begun is too long to be one."""
        begun: bytes = self._client._data  # noqa: SLF001 - the library has no name for it
        if len(begun) < PREFIX.size:
            return
        (length,) = PREFIX.unpack_from(begun)
        if length > LONGEST_FRAME and self._client.conn.transport is not None:
            log.error("stream.frame_too_long", bytes=length, limit=LONGEST_FRAME)
            self._client.conn.transport.abort()

    def _counted(self, number: int, handler: Handler) -> Handler:
        def handle(fields: list[str]) -> None:
            try:
                handler(fields)
            except Exception:
                self.undecoded += 1
                log.exception("stream.undecoded", message=number, fields=len(fields))
                raise

        return handle
