"""Numbers what a process does to the world outside, and ends it by SIGKILL at one of these points.

A *boundary* is a commit of the ledger, a message handed to the gateway's socket, or bytes that
came from it. Nothing else that a session does outlives its process, so being killed at every
boundary is being killed everywhere. They are found while the bot runs: SQLite tells of each
statement before it runs it, and the client library's connection is wrapped. The bot is as it is.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ib_insync.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

COMMIT, ORDER, SEND, RECEIVE = "commit", "order", "send", "receive"
KINDS = (COMMIT, ORDER, SEND, RECEIVE)
ORDER_MESSAGES = (b"3", b"4")
"""Messages that place, change and cancel orders."""

LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where a process ends: before the `number`-th boundary of a kind, or amid its message."""

    kind: str
    number: int
    torn: bool = False


@dataclass(slots=True)
class Boundaries:
    """The boundaries of this process up to now."""

    record: Path
    stop: Stop | None
    met: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Count from now on."""
        self._watch_ledger()
        self._watch_socket()

    def finish(self) -> None:
        """Write down what was met, in order: the process came to its end."""
        self._write(" ".join(self.met))

    def reach(self, kind: str) -> bool:
        """Count one boundary; return whether it is the one to die at."""
        self.met.append(kind)
        stop = self.stop
        return stop is not None and kind == stop.kind and self.met.count(kind) == stop.number

    def die(self) -> None:
        """End the process as a loss of power would; nothing is flushed, nothing is closed."""
        self._write(f"killed {self.met[-1]}")
        os.kill(os.getpid(), signal.SIGKILL)

    def _write(self, line: str) -> None:
        self.record.write_text(line, encoding="ascii")

    def _watch_ledger(self) -> None:
        connect = sqlite3.connect

        def heard(statement: str) -> None:
            if statement.strip().upper() == "COMMIT" and self.reach(COMMIT):
                self.die()

        def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
            database: sqlite3.Connection = connect(*arguments, **options)
            database.set_trace_callback(heard)
            return database

        setattr(sqlite3, "connect", traced)  # noqa: B010 - its type is overloaded

    def _watch_socket(self) -> None:
        send: Callable[[Connection, bytes], None] = Connection.sendMsg
        receive: Callable[[Connection, bytes], None] = Connection.data_received

        def sent(connection: Connection, message: bytes) -> None:
            if self.reach(kind_of(message)):
                if self.stop and self.stop.torn:
                    send(connection, message[: len(message) // 2])
                self.die()
            send(connection, message)

        def received(connection: Connection, data: bytes) -> None:
            if self.reach(RECEIVE):
                self.die()
            receive(connection, data)

        Connection.sendMsg, Connection.data_received = sent, received  # type: ignore[method-assign]


def kind_of(message: bytes) -> str:
    """Whether a message is about an order."""
    number = message[LENGTH_BYTES:].partition(b"\0")[0]
    return ORDER if number in ORDER_MESSAGES else SEND
