"""What one connection sends, and how often its limiter holds it back.

The client library sends 45 messages a second and queues the rest; the gateway takes 50. The five
in between are the reserve of orders and cancels, which never queue (``bot.broker.client``).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.broker.client import IB
    from bot.settings import BrokerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What has been sent on a connection so far.

    Parameters
    ----------
    requests
        Messages, cancels and what still queues included, without those that move a simulated
        clock.
    waits
        How often messages had to queue behind the limit of a second.
    waited_seconds
        Real time, in seconds, in which some did.
    """

    requests: int
    waits: int
    waited_seconds: float

    def since(self, before: Traffic) -> Traffic:
        """Return what was sent since `before`."""
        return Traffic(
            requests=self.requests - before.requests,
            waits=self.waits - before.waits,
            waited_seconds=self.waited_seconds - before.waited_seconds,
        )


def keeps_pace(settings: BrokerSettings) -> bool:
    """Whether no more than 45 messages a second are sent.

    That is always so with IB; the simulated gateway demands it where it keeps real time, and where
    its time goes faster the client must not hold it up.
    """
    return settings.mode == "paper" or settings.simulation_speed == 1


class Meter:
    """Measures the traffic of one client.

    Parameters
    ----------
    client
        Not connected yet.
    """

    def __init__(self, client: IB) -> None:
        self._connection = client.client
        self._waits = 0
        self._waited = 0.0
        self._waiting_since: float | None = None
        self.moves = 0
        """Messages that moved a simulated clock."""
        self._connection.throttleStart += self._hold
        self._connection.throttleEnd += self._let_go

    @property
    def is_holding(self) -> bool:
        """Whether messages queue behind the limit of a second now."""
        return self._waiting_since is not None

    def read(self) -> Traffic:
        """Return what has been sent so far."""
        now = time.monotonic()
        running = 0.0 if self._waiting_since is None else now - self._waiting_since
        queued = len(self._connection._msgQ)  # noqa: SLF001 - the library has no name for it
        return Traffic(
            requests=int(self._connection.conn.numMsgSent) + queued - self.moves,
            waits=self._waits,
            waited_seconds=self._waited + running,
        )

    def _hold(self) -> None:
        self._waits += 1
        self._waiting_since = time.monotonic()

    def _let_go(self) -> None:
        if self._waiting_since is not None:
            self._waited += time.monotonic() - self._waiting_since
            self._waiting_since = None
