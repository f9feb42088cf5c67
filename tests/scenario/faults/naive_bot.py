"""The daily trade as tutorials write it, with nothing but ib_insync: calls bought, a condor sold.

It believes what the library shows: a connection that is up is synchronised, a price that is
there is a quote, a trade that says cancelled is over, the fills of a trade are its executions.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING

from ib_insync import IB, ComboLeg, Contract, LimitOrder, Option, Trade

if TYPE_CHECKING:
    from ib_insync import Fill

ADVANCE_TIME = 9001
LOOK_SECONDS, LOOKS = 5.0, 4
ANSWER_SECONDS = 0.4


Legs = tuple[tuple[Option, int], ...]
"""What one unit is made of, bought (1) or sold (-1)."""


def call() -> Legs:
    """Return the VIX call that is bought."""
    return ((Option("VIX", "20260818", 20.0, "C", "SMART", tradingClass="VIX"), 1),)


def condor() -> Legs:
    """Return the four legs of the condor that is sold."""
    strikes = ((6000.0, "P", 1), (6100.0, "P", -1), (6700.0, "C", -1), (6800.0, "C", 1))
    return tuple(
        (Option("SPX", "20260821", strike, right, "SMART", tradingClass="SPXW"), ratio)
        for strike, right, ratio in strikes
    )


def units_of(legs: Legs, held: dict[int, float]) -> int:
    """Return how many whole units the positions by contract number make up."""
    return int(min(ratio * held.get(leg.conId, 0.0) for leg, ratio in legs))


@dataclass(slots=True)
class NaiveBot:
    """Trades until it holds as many units as it was told to.

    Parameters
    ----------
    port
        Of the gateway.
    legs
        What it trades.
    """

    port: int
    legs: Legs = field(default_factory=call)
    ib: IB = field(default_factory=IB)
    trades: dict[int, Trade] = field(default_factory=dict)

    async def connect(self) -> None:
        """Connect, unless it is up."""
        if not self.ib.isConnected():
            await self.ib.connectAsync("127.0.0.1", self.port, clientId=1, timeout=ANSWER_SECONDS)

    async def session(self, target: int) -> None:
        """Trade what is missing: at the middle, then at the natural price; again if cancelled."""
        await self.connect()
        await self.ib.qualifyContractsAsync(*(leg for leg, _ in self.legs))
        held = {each.contract.conId: each.position for each in self.ib.positions()}
        missing = target - units_of(self.legs, held)
        if missing > 0:
            for _ in range(2):
                trade = await self.trade(missing)
                if trade is None or trade.orderStatus.status != "Cancelled":
                    break

    def contract(self) -> Contract:
        """Return what is ordered: the option, or a combo of its legs."""
        if len(self.legs) == 1:
            return self.legs[0][0]
        legs = [
            ComboLeg(leg.conId, 1, "BUY" if ratio > 0 else "SELL", "SMART")
            for leg, ratio in self.legs
        ]
        return Contract("BAG", symbol="SPX", exchange="SMART", currency="USD", comboLegs=legs)

    async def trade(self, quantity: int) -> Trade | None:
        """Trade, and look after the order until it is done."""
        tickers = [(self.ib.reqMktData(leg), ratio) for leg, ratio in self.legs]
        await self.sleep(1)
        if any(isnan(ticker.bid) or isnan(ticker.ask) for ticker, _ in tickers):
            return None
        middle = sum(ratio * (ticker.bid + ticker.ask) / 2 for ticker, ratio in tickers)
        natural = sum(
            ratio * (ticker.ask if ratio > 0 else ticker.bid) for ticker, ratio in tickers
        )
        contract = self.contract()
        trade = self.ib.placeOrder(contract, LimitOrder("BUY", quantity, round(middle, 2)))
        self.trades[trade.order.orderId] = trade
        await self.watch(trade)
        if trade.isActive() and trade.orderStatus.filled == 0 and self.ib.isConnected():
            trade.order.lmtPrice = round(natural, 2)
            self.ib.placeOrder(contract, trade.order)
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
    def held(self) -> dict[int, float]:
        """What it takes itself to hold, by contract number."""
        net: Counter[int] = Counter()
        for fill in self.fills:
            if fill.contract.secType != "BAG":
                sign = 1 if fill.execution.side == "BOT" else -1
                net[fill.contract.conId] += sign * int(fill.execution.shares)
        return {number: float(quantity) for number, quantity in net.items() if quantity}

    @property
    def working(self) -> int:
        """How many orders it takes to be at work."""
        return sum(not trade.isDone() for trade in self.trades.values())


logging.getLogger("ib_insync").setLevel(logging.CRITICAL)
