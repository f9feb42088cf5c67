"""Watches what arrives at the socket for damage of which the client library says nothing.

- A length prefix that lies makes the library wait for a message that never ends, while all that
  follows is swallowed: connected, and deaf. No message that we ask for comes near the cap, so a
  longer one is damage, and the connection is ended at once.
- A message that cannot be decoded is logged by the library and dropped. It may have been news of
  an order: such messages are counted, and whoever relies on the news reads the broker's state.
"""

from __future__ import annotations

import contextlib
import logging
import struct
import sys
from typing import TYPE_CHECKING, Final

from bot.core.errors import DamagedAnswerError
from bot.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.broker.client import IB

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
        client.client.decoder.logger = _Counting(self._lost)

    @contextlib.contextmanager
    def complete(self, what: str) -> Iterator[None]:
        """Refuse an answer of which a message is lost: what it told of is unknown, not absent.

        Damage on the way is mended by asking again over a new connection, as one that broke is.

        Raises
        ------
        DamagedAnswerError
            If a message that came while the block ran could not be decoded.
        """
        before = self.undecoded
        yield
        if lost := self.undecoded - before:
            raise DamagedAnswerError(
                f"{what}: {lost} messages that came could not be decoded; "
                "restart the gateway if that stays so"
            )

    def _measure(self, _data: bytes) -> None:
        """Hang up where the frame that has begun is too long to be one."""
        begun: bytes = self._client._data  # noqa: SLF001 - the library has no name for it
        if len(begun) < PREFIX.size:
            return
        (length,) = PREFIX.unpack_from(begun)
        if length > LONGEST_FRAME and self._client.conn.transport is not None:
            log.error("stream.frame_too_long", bytes=length, limit=LONGEST_FRAME)
            self._client.conn.transport.abort()

    def _lost(self) -> None:
        self.undecoded += 1
        log.error("stream.undecoded", cause=repr(sys.exception()), so_far=self.undecoded)


class _Counting(logging.Logger):
    """The decoder's log: its one sign that a message could not be decoded."""

    def __init__(self, lost: Callable[[], None]) -> None:
        super().__init__("decoder")
        self._tell = lost

    def exception(self, *_: object, **__: object) -> None:
        """Tell of it; the text is left out, for it may name the account."""
        self._tell()
