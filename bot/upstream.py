"""What is done when the gateway loses the broker, or has it back, in the middle of a session.

A message that could not be decoded is news that was missed too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.broker import orders
from bot.logs import get_logger
from bot.reconcile import Reconciliation, absorb, reconcile

if TYPE_CHECKING:
    from bot.desk import Desk

log = get_logger(__name__)

PATIENCE_SECONDS: Final = 120.0
"""How long a lost line is waited for before each intent; then the intent is denied."""

LOOK_SECONDS: Final = 5.0


class Restorations:
    """Follows the line of one session, so that nothing is sent on what was missed.

    Parameters
    ----------
    desk
        The session's tools.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seen = desk.broker.upstream.restorations
        self._losses = desk.broker.upstream.data_losses
        self._undecoded = desk.broker.stream.undecoded

    async def caught_up(self) -> Reconciliation | None:
        """Wait while the line is lost, then read what was missed.

        The gateway is asked for its time first: a half-open socket looks connected, and takes
        an order nowhere.

        Returns
        -------
        Reconciliation or None
            How ledger and broker stand now; ``None`` where no more than a fill can have been
            missed.

        Raises
        ------
        GatewayUnavailableError, MarketDataError
            If the gateway is silent, or the broker's state cannot be read.
        """
        await self._patience()
        await self._desk.broker.time()
        upstream = self._desk.broker.upstream
        unread = self._desk.broker.stream.undecoded - self._undecoded
        if upstream.restorations == self._seen and not unread:
            return None
        lost_data = upstream.data_losses > self._losses
        self._seen, self._losses = upstream.restorations, upstream.data_losses
        self._undecoded += unread
        log.warning("upstream.restored", data_lost=lost_data, unread_messages=unread)
        if not (lost_data or unread):
            absorb(self._desk, await orders.sweep(self._desk.broker))
            return None
        return await reconcile(self._desk)

    async def _patience(self) -> None:
        left = PATIENCE_SECONDS
        while left > 0 and self._desk.broker.upstream.is_lost:
            await self._desk.clock.sleep(LOOK_SECONDS)
            left -= LOOK_SECONDS
