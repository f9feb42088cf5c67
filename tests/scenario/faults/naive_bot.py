"""The daily purchase as tutorials write it, with nothing but ib_insync.

It believes what the library shows: a connection that is up is synchronised, a price that is
there is a quote, a trade that says cancelled is over, the fills of a trade are its executions.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING

from ib_insync import IB, Contract, LimitOrder, Option, Trade

if TYPE_CHECKING:
    from ib_insync import Fill

ADVANCE_TIME = 9001
LOOK_SECONDS, LOOKS = 5.0, 4
ANSWER_SECONDS = 0.4


@dataclass(slots=True)
class NaiveBot:
    """Buys VIX calls until it holds as many as it was told to.

    Parameters
    ----------
    port
        Of the gateway.
    """

    port: int
    ib: IB = field(default_factory=IB)
    trades: dict[int, Trade] = field(default_factory=dict)
    contract: Contract = field(
        default_factory=lambda: Option("VIX", "20260818", 20.0, "C", "SMART", tradingClass="VIX")
    )

    async def connect(self) -> None:
        """Connect, unless it is up."""
        if not self.ib.isConnected():
            await self.ib.connectAsync("127.0.0.1", self.port, clientId=1, timeout=ANSWER_SECONDS)

    async def session(self, target: int) -> None:
        """Buy what is missing: at the middle, then at the ask; once more if it was cancelled."""
        await self.connect()
        missing = target - int(sum(position.position for position in self.ib.positions()))
        if missing > 0:
            await self.ib.qualifyContractsAsync(self.contract)
            for _ in range(2):
                trade = await self.buy(missing)
                if trade is None or trade.orderStatus.status != "Cancelled":
                    break

    async def buy(self, quantity: int) -> Trade | None:
        """Buy, and look after the order until it is done."""
        ticker = self.ib.reqMktData(self.contract)
        await self.sleep(1)
        if isnan(ticker.bid) or isnan(ticker.ask):
            return None
        middle = round((ticker.bid + ticker.ask) / 2, 2)
        trade = self.ib.placeOrder(self.contract, LimitOrder("BUY", quantity, middle))
        self.trades[trade.order.orderId] = trade
        await self.watch(trade)
        if trade.isActive() and trade.orderStatus.filled == 0 and self.ib.isConnected():
            trade.order.lmtPrice = ticker.ask
            self.ib.placeOrder(self.contract, trade.order)
            await self.watch(trade)
        return trade

    async def watch(self, trade: Trade) -> None:
        """Wait until the trade says that it is done, or for long enough."""
        for _ in range(LOOKS):
            if trade.isDone():
                break
            await self.sleep(LOOK_SECONDS)

    async def sleep(self, seconds: float) -> None:
        """Let the gateway's time pass; connect anew if the connection was lost."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            await self.connect()
            answer = self.ib.wrapper.startReq("currentTime")
            self.ib.client.send(ADVANCE_TIME, 1, seconds)
            await asyncio.wait_for(answer, ANSWER_SECONDS)

    @property
    def fills(self) -> list[Fill]:
        """What it takes for its executions."""
        return [fill for trade in self.trades.values() for fill in trade.fills]

    @property
    def held(self) -> int:
        """How many calls it takes itself to hold."""
        return int(sum(fill.execution.shares for fill in self.fills))

    @property
    def working(self) -> int:
        """How many orders it takes to be at work."""
        return sum(not trade.isDone() for trade in self.trades.values())


logging.getLogger("ib_insync").setLevel(logging.CRITICAL)
