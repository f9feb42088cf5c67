"""Faults as unmodified ib_insync sees them: what it shows is not always what is."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fixed_market import FixedMarket
from raw_client import TWO_HOURS

from bot.broker.client import IB, ComboLeg, Contract, Option, Order, Trade
from bot.simulator.faults.reading import parse_script
from bot.simulator.gateway import Gateway
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TEXT = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
SCRIPTS = dict(re.findall(r"### (\d+): .*\n\n```toml\n([^`]*)```", TEXT))


class Client:
    """A connected ib_insync with the gateway it is connected to."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.codes: list[int] = []
        self.ib = IB()

    async def connect(self, seconds: float = 2.0) -> None:
        """Connect as client 1, with a library that knows nothing yet."""
        self.ib.disconnect()
        await asyncio.sleep(0.01)
        self.ib = IB()
        self.ib.errorEvent += lambda _id, code, *_: self.codes.append(code)
        await self.ib.connectAsync("127.0.0.1", self.gateway.port, clientId=1, timeout=seconds)

    async def advance(self, seconds: float) -> None:
        """Move the gateway's time."""
        answer = self.ib.wrapper.startReq("currentTime")
        self.ib.client.send(9001, 1, seconds)
        await asyncio.wait_for(answer, 2.0)

    async def buy(self, price: float = 1.6, ref: str = "S-1") -> Trade:
        """Place an order for the VIX 20 call and let 10 seconds pass."""
        trade = await self.place(price, ref)
        await self.advance(10)
        return trade

    async def place(self, price: float, ref: str) -> Trade:
        """Place an order for the VIX 20 call."""
        call = Option("VIX", "20260818", 20.0, "C", "SMART", tradingClass="VIX")
        await self.ib.qualifyContractsAsync(call)
        order = Order(action="BUY", totalQuantity=1, orderType="LMT", lmtPrice=price, orderRef=ref)
        return self.ib.placeOrder(call, order)

    def live(self) -> int:
        """Return how many orders live at the venue."""
        return len(self.gateway.world.exchange.open_orders())


def scene(script: str, act: Callable[[Client], Awaitable[None]], *, sync: float = 2.0) -> None:
    """Connect at 11:00 New York to a gateway with the faults of `script`, and act.

    Parameters
    ----------
    sync
        Seconds that the library may take to synchronise.
    """

    async def run() -> None:
        settings = GatewaySettings(faults=parse_script(script))
        async with Gateway(FixedMarket(), settings) as gateway:
            client = Client(gateway)
            await client.connect(sync)
            try:
                await client.advance(TWO_HOURS)
                await act(client)
            finally:
                client.ib.disconnect()

    logging.getLogger("ib_insync").setLevel(logging.CRITICAL)
    asyncio.run(run())


def test_fault_2_the_library_is_connected_and_says_that_it_holds_nothing() -> None:
    buy_first = """
        [[fault]]
        when = { sent = "positions_end", nth = 2 }
        what = "drop"
        [[fault]]
        when = { sent = "position", nth = 2, always = true }
        what = "drop"
    """

    async def act(client: Client) -> None:
        await client.buy()
        await client.connect(0.3)

        assert client.ib.isConnected()
        assert client.ib.positions() == []
        assert len(client.gateway.world.account.positions()) == 1

    scene(buy_first, act)


def test_fault_8_the_library_takes_ids_that_were_used() -> None:
    async def act(client: Client) -> None:
        trade = await client.buy()
        await client.connect()

        assert client.ib.client.getReqId() <= trade.order.orderId

    scene(SCRIPTS["8"], act)


def test_fault_12_the_library_stays_connected_and_hears_no_more() -> None:
    async def act(client: Client) -> None:
        trade = await client.place(1.6, "S-1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.ib.reqCurrentTimeAsync(), 0.3)

        assert client.ib.isConnected()
        assert trade.orderStatus.status != "Filled"
        assert client.live() == 0

    scene(SCRIPTS["12"], act)


def test_fault_13_the_library_drops_what_it_cannot_decode() -> None:
    script = """
        [[fault]]
        when = { sent = "order_status", status = "Filled" }
        what = "corrupt"
        how = "field"
    """

    async def act(client: Client) -> None:
        trade = await client.buy()

        assert trade.orderStatus.status == "Submitted"
        assert len(trade.fills) == 1

    scene(script, act)


def test_fault_26_the_library_says_cancelled_and_the_order_lives() -> None:
    async def act(client: Client) -> None:
        trade = await client.buy()

        assert client.codes[-1] == 321
        assert trade.orderStatus.status == "Cancelled"
        assert client.live() == 1

    scene(SCRIPTS["26"], act)


def test_fault_28_a_change_is_refused_and_the_original_lives() -> None:
    async def act(client: Client) -> None:
        trade = await client.buy(price=1.5)
        trade.order.lmtPrice = 1.45
        client.ib.placeOrder(trade.contract, trade.order)
        await client.advance(1)
        (order,) = client.gateway.world.exchange.open_orders()

        assert client.codes[-1] == 110
        assert order.ticket.limit_price == 1.5

    scene(SCRIPTS["28"], act)


def test_fault_33_a_fill_comes_after_the_cancel() -> None:
    async def act(client: Client) -> None:
        trade = await client.buy(price=1.5)
        client.ib.cancelOrder(trade.order)
        await client.advance(1)
        cancelled = trade.orderStatus.status
        await client.advance(30)

        assert cancelled == "Cancelled"
        assert [fill.execution.shares for fill in trade.fills] == [1]

    scene(SCRIPTS["33"], act)


def test_fault_36_two_orders_live_with_one_reference() -> None:
    async def act(client: Client) -> None:
        await client.buy(price=1.5, ref="twin")
        trades = await client.ib.reqAllOpenOrdersAsync()

        assert len({trade.order.permId for trade in trades}) == 2
        assert {trade.order.orderRef for trade in trades} == {"twin"}

    scene(SCRIPTS["36"], act)


def test_fault_41_a_filled_order_is_submitted_again() -> None:
    async def act(client: Client) -> None:
        trade = await client.buy()
        filled = trade.orderStatus.status
        await client.advance(120)

        assert (filled, trade.orderStatus.status) == ("Filled", "Submitted")

    scene(SCRIPTS["41"], act)


def test_fault_45_the_library_counts_a_correction_as_a_second_fill() -> None:
    async def act(client: Client) -> None:
        trade = await client.buy()
        await client.advance(60)

        assert [fill.execution.price for fill in trade.fills] == [1.6, 1.55]
        assert sum(fill.execution.shares for fill in trade.fills) == 2

    scene(SCRIPTS["45"], act)


def test_fault_46_the_library_shows_an_unset_commission_as_it_came() -> None:
    async def act(client: Client) -> None:
        trade = await client.buy()

        assert trade.fills[0].commissionReport.commission > 1e300

    scene(SCRIPTS["46"], act)


@pytest.mark.parametrize(("form", "hour"), [("utc", 15), ("bare", 11)])
def test_fault_47_the_library_reads_the_time_as_it_is_written(form: str, hour: int) -> None:
    script = SCRIPTS["47"].replace('"utc"', f'"{form}"')

    async def act(client: Client) -> None:
        trade = await client.buy()

        assert trade.fills[0].execution.time.hour == hour

    scene(script, act)


def test_fault_64_the_old_trade_hears_nothing_after_a_reconnect() -> None:
    async def act(client: Client) -> None:
        old = await client.place(1.5, "S-1")
        await asyncio.wait_for(client.ib.disconnectedEvent, 2.0)
        await client.connect()
        (new,) = client.ib.openTrades()
        client.ib.reqGlobalCancel()
        await client.advance(1)

        assert new.order.permId == old.order.permId
        assert (old.orderStatus.status, new.orderStatus.status) == ("PreSubmitted", "Cancelled")

    scene(SCRIPTS["64"], act)


def test_fault_32_a_broken_combo_has_legs_and_is_not_filled() -> None:
    async def act(client: Client) -> None:
        puts = [
            Option("SPX", "20260821", strike, "P", "SMART", tradingClass="SPXW")
            for strike in (6100.0, 6000.0)
        ]
        await client.ib.qualifyContractsAsync(*puts)
        legs = [
            ComboLeg(conId=put.conId, ratio=1, action=action, exchange="SMART")
            for put, action in zip(puts, ("SELL", "BUY"), strict=True)
        ]
        combo = Contract(
            symbol="SPX", secType="BAG", exchange="SMART", currency="USD", comboLegs=legs
        )
        order = Order(action="BUY", totalQuantity=1, orderType="LMT", lmtPrice=-7.0)
        trade = client.ib.placeOrder(combo, order)
        await client.advance(10)

        assert trade.filled() == 0
        assert [fill.contract.strike for fill in trade.fills] == [6100.0]

    scene(SCRIPTS["32"].replace("legs = 2", "legs = 1"), act)
