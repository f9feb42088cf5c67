"""Leases of market-data lines: asked for while there is room, given back as soon as they answered.

- A line is released when everything that a decision can use has arrived, when the gateway refused
  it, or when its time is over; the next form that waits takes its place. There are no waves: a slow
  quote holds up its own line only.
- Whatever happens in between, leaving `leased` gives every line back.
- Lines that the gateway lost on the way (1101) are asked for again. Lines that a competing session
  silenced (10197) are asked for again after a pause, a few times in all.
- Nothing here runs by itself: time passes in `settle` only. Requests that need no line can be
  awaited between `ask` and `settle`, while the first ticks are on their way.
"""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.broker.client import Contract, Ticker
from bot.broker.meter import keeps_pace
from bot.broker.quotes import answered
from bot.core.errors import GatewayUnavailableError
from bot.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.broker.session import Broker

log = get_logger(__name__)

WITHOUT_LINE: Final = frozenset({101, 200, 321, 354, 10089, 10168})
"""Refusals of market data that leave no line open; others, as 10197, may resume."""

COMPETING_SESSION: Final = 10197
"""Refusal while the same user is logged in elsewhere with live data."""

PAUSE_SECONDS: Final = 10.0

QUICK_STEP_SECONDS: Final = 0.05
QUICK_SECONDS: Final = 1.0
"""As long as a line is younger it is looked at every `QUICK_STEP_SECONDS`, in real time."""

STEP_SECONDS: Final = 0.25


@dataclass(slots=True, kw_only=True, eq=False)
class Lease:
    """One instrument that is quoted, from the request to the answer.

    Parameters
    ----------
    form
        What is quoted.
    ticker
        What has arrived; an empty one while it waits for a line.
    waited
        Seconds since it was asked for, without those in which the limiter held messages back.
    losses
        Losses of all lines of the connection when it was asked for.
    """

    form: Contract
    ticker: Ticker
    waited: float = 0.0
    losses: int = 0


class Lines:
    """The market-data lines of one connection.

    Parameters
    ----------
    broker
        The connection.
    limit
        Lines leased at once; the venue allows 100.
    patience_seconds
        How long the answer of a line is waited for.
    pauses
        How often lines that a competing session has silenced are asked for again, in all.
    """

    def __init__(
        self, broker: Broker, *, limit: int, patience_seconds: float, pauses: int = 6
    ) -> None:
        self._broker = broker
        self._limit = limit
        self._patience = patience_seconds
        self._in_real_time = keeps_pace(broker.settings)
        self._pauses = pauses
        self._open: list[Lease] = []
        self._waiting: deque[Lease] = deque()
        self._silenced: list[Lease] = []
        self.peak = 0
        """Most lines that were open at once."""
        self.competing = 0
        """Lines that a competing session has silenced so far."""

    @property
    def open(self) -> int:
        """Lines that are held now."""
        return len(self._open)

    @contextlib.contextmanager
    def leased(self) -> Iterator[Lines]:
        """Give every line back at the end of the block, however it ends."""
        try:
            yield self
        finally:
            self.release()

    def ask(self, forms: Iterable[Contract]) -> list[Lease]:
        """Ask for quotes; what finds no line free waits for one in `settle`.

        Raises
        ------
        GatewayUnavailableError
            If the connection is gone.
        """
        leases = [Lease(form=form, ticker=Ticker(contract=form)) for form in forms]
        self._waiting.extend(leases)
        self._fill()
        return leases

    async def settle(self) -> None:
        """Wait until every lease has been answered, refused, or waited for in vain.

        Raises
        ------
        GatewayUnavailableError
            If the connection is gone.
        """
        self._look(0.0)
        while self._open or self._waiting or self._silenced:
            if self._open or self._waiting:
                step = self._step()
                await self._broker.clock.sleep(step)
                self._look(step)
            else:
                await self._after_pause()

    def release(self) -> None:
        """Give every line back, and forget what waits for one."""
        self._waiting.clear()
        self._silenced.clear()
        for lease in tuple(self._open):
            self._close(lease)

    def _fill(self) -> None:
        """Lease the lines that are free to what waits."""
        if not self._broker.client.isConnected():
            raise GatewayUnavailableError("market data: the connection is gone")
        while self._waiting and len(self._open) < self._limit:
            lease = self._waiting.popleft()
            lease.ticker = self._broker.client.reqMktData(lease.form)
            lease.losses = self._broker.upstream.data_losses
            lease.waited = 0.0
            self._open.append(lease)
        self.peak = max(self.peak, len(self._open))

    def _step(self) -> float:
        young = any(lease.waited < QUICK_SECONDS for lease in self._open)
        return QUICK_STEP_SECONDS if young and self._in_real_time else STEP_SECONDS

    def _look(self, step: float) -> None:
        """Release what is done, ask again for what was lost, and fill the lines that are free."""
        counted = 0.0 if self._broker.meter.is_holding else step
        for lease in tuple(self._open):
            lease.waited += counted
            if self._is_lost(lease):
                self._close(lease)
                self._waiting.append(lease)
            elif self._is_done(lease):
                self._close(lease)
        self._fill()

    def _is_lost(self, lease: Lease) -> bool:
        return self._broker.upstream.data_losses > lease.losses

    def _is_done(self, lease: Lease) -> bool:
        late = lease.waited >= self._patience
        return late or answered(lease.ticker) or self._is_refused(lease.ticker)

    def _is_refused(self, ticker: Ticker) -> bool:
        return self._broker.request_id(ticker) in self._broker.refused

    def _close(self, lease: Lease) -> None:
        """Give the line back, unless the refusal says that there never was one."""
        self._open.remove(lease)
        client = self._broker.client
        request_id = client.wrapper.endTicker(lease.ticker, "mktData")
        code = self._broker.refused.get(request_id)
        if code == COMPETING_SESSION:
            self.competing += 1
            self._silenced.append(lease)
        if code not in WITHOUT_LINE and client.isConnected():
            client.client.cancelMktData(request_id)

    async def _after_pause(self) -> None:
        """Ask again for what a competing session has silenced, after a pause; or give it up."""
        silenced, self._silenced = self._silenced, []
        if not self._pauses:
            return
        self._pauses -= 1
        log.warning("market_data.competing_session", pauses_left=self._pauses)
        await self._broker.clock.sleep(PAUSE_SECONDS)
        self._waiting.extend(silenced)
        self._fill()
