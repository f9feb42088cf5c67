"""One client on its socket: what it sent, cut into messages; what it is told, put into frames.

Everything that leaves goes through ``Connection.send``, everything that arrives through
``Listener.receive``. What is sent during one turn of the event loop leaves together, in pieces
of at most 32 KB: the client libraries slow down on reads that are much longer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from bot.simulator.wire import Field, Fields, FrameReader, Message, WireError, frame

if TYPE_CHECKING:
    from bot.simulator.quirks import Deviations

logger = logging.getLogger("steward.simulator")

PIECE: Final = 32_000
"""Longest piece written at once (bytes). No multiple of 4096: IB's own Python client loses what
it has read when a read of that size is full and nothing follows."""

REASON_VERSION: Final = 166
"""Server version since which an error carries one more field."""

RESET: Final = struct.pack("ii", 1, 0)
"""Option SO_LINGER: closing discards what was not sent and resets the connection."""


class Listener(Protocol):
    """What stands behind the connections: the gateway."""

    def opened(self, client: Connection) -> None:
        """Take note of a new connection."""
        ...

    def receive(self, client: Connection, payload: bytes) -> None:
        """Handle one message."""
        ...

    def closed(self, client: Connection) -> None:
        """Forget a connection."""
        ...


class Connection(asyncio.Protocol):
    """One client.

    Parameters
    ----------
    listener
        Who handles its messages.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._pending: list[bytes] = []
        self.version = 0
        """Server version agreed on; 0 before the handshake."""
        self.client_id: int | None = None
        """Its number; ``None`` until it started the API."""
        self.deviations: Deviations | None = None
        """What bends its messages; ``None`` when nothing does."""
        self.tap: Tap | None = None
        """Takes its messages in place of the socket; ``None`` when nobody does."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket; small messages leave at once."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"transport {transport!r} cannot be written to")
        self._transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._listener.opened(self)

    def data_received(self, data: bytes) -> None:
        """Cut the stream into messages and hand each on."""
        try:
            for payload in self._reader.feed(data):
                if self._transport is None:
                    return
                self._listener.receive(self, payload)
        except WireError as error:
            logger.warning("client %s: %s; closing", self.client_id, error)
            self.close()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the socket."""
        logger.info("client %s gone: %s", self.client_id, exc or "closed")
        self._transport = None
        self._listener.closed(self)

    def send(self, message: Message, *fields: Field) -> None:
        """Tell the client one message."""
        self.send_fields(message, *fields)

    def send_fields(self, *fields: Field) -> None:
        """Tell the client one frame; only the handshake has no message number."""
        told = (fields,) if self.deviations is None else self.deviations.tell(fields)
        for message in told:
            if self.tap is None:
                self.queue(frame(message))
            else:
                self.tap(self, message)

    def queue(self, data: bytes) -> None:
        """Let one frame leave with the others of this turn."""
        if not self._pending:
            asyncio.get_running_loop().call_soon(self.flush)
        self._pending.append(data)

    def error(self, req_id: int, code: int, text: str) -> None:
        """Tell the client an error or a notice."""
        logger.debug("client %s, id %s: %s %s", self.client_id, req_id, code, text)
        self.send_fields(*error_fields(self.version, req_id, code, text=text))

    def flush(self) -> None:
        """Write what waits to be sent."""
        if self._transport is None or not self._pending:
            return
        data = b"".join(self._pending)
        self._pending.clear()
        for start in range(0, len(data), PIECE):
            self._transport.write(data[start : start + PIECE])

    def close(self) -> None:
        """Write what waits and hang up."""
        self.flush()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def reset(self) -> None:
        """Hang up with a reset; what waits is lost."""
        self._pending.clear()
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._transport.abort()
            self._transport = None


def error_fields(version: int, req_id: int, code: int, *, text: str) -> tuple[Field, ...]:
    """Return the fields of an error, with its number."""
    reason = ("",) if version >= REASON_VERSION else ()
    return (Message.ERROR, 2, req_id, code, text, *reason)


Tap: TypeAlias = Callable[[Connection, Sequence[Field]], None]
"""Takes one message that is on its way to a client."""

Handler: TypeAlias = Callable[[Connection, Fields], None]
"""Handles one message of one client; a ``RequestRefusedError`` it raises is told to the client."""
