"""What the ibapi scenarios have in common.

The library gives callbacks and keeps nothing, so `App` records every callback and the scenarios
read their facts from the record.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from ibapi.client import EClient
from ibapi.comm import make_field
from ibapi.contract import ComboLeg, Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
CLIENT_ID = 7
DEADLINE_SECONDS = 5


class App(EWrapper, EClient):
    """A client that records callbacks as (name, arguments)."""

    def __init__(self) -> None:
        EWrapper.__init__(self)
        EClient.__init__(self, self)
        self.record: list[tuple[str, tuple[Any, ...]]] = []
        self.next_id = 0
        self.arrived = threading.Condition()

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [arguments for called, arguments in self.record if called == name]

    def last(self, name: str) -> tuple[Any, ...]:
        return self.of(name)[-1]

    def codes(self) -> list[int]:
        return [code for _, code, _ in self.of("error") if not 2100 <= code <= 2200]

    def wait(self, done: Callable[[], bool], what: str) -> None:
        with self.arrived:
            if not self.arrived.wait_for(done, DEADLINE_SECONDS):
                raise TimeoutError(f"{what} did not come; last heard {self.record[-5:]}")

    def ask(self, end: str, request: Callable[[], None]) -> None:
        """Send a request and wait for one more callback `end`."""
        before = len(self.of(end))
        request()
        self.wait(lambda: len(self.of(end)) > before, end)

    def fresh_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1


def _recorder(name: str) -> Callable[..., None]:
    def record(self: App, *arguments: Any) -> None:
        with self.arrived:
            self.record.append((name, arguments))
            self.arrived.notify_all()

    return record


for _name in (
    *("error", "nextValidId", "managedAccounts", "currentTime", "updateAccountValue"),
    *("updatePortfolio", "accountDownloadEnd", "accountSummary", "accountSummaryEnd"),
    *("position", "positionEnd", "contractDetails", "contractDetailsEnd", "marketRule"),
    *("securityDefinitionOptionParameter", "securityDefinitionOptionParameterEnd"),
    *("tickPrice", "tickSize", "tickOptionComputation", "tickSnapshotEnd", "marketDataType"),
    *("historicalData", "historicalDataEnd", "openOrder", "orderStatus", "openOrderEnd"),
    *("execDetails", "execDetailsEnd", "commissionReport", "completedOrder", "pnl"),
    *("completedOrdersEnd", "histogramData", "connectionClosed"),
):
    setattr(App, _name, _recorder(_name))


def contract(**fields: Any) -> Contract:
    made = Contract()
    vars(made).update({"currency": "USD", "exchange": "SMART", **fields})
    return made


def option(strike: float, right: str, symbol: str = "SPX", date: str = "20260821") -> Contract:
    made = contract(symbol=symbol, secType="OPT", strike=strike, right=right)
    made.lastTradeDateOrContractMonth = date
    made.tradingClass = "SPXW" if symbol == "SPX" else "VIX"
    return made


def vix_call(strike: float = 20.0) -> Contract:
    return option(strike, "C", "VIX", "20260818")


def index(symbol: str, exchange: str = "CBOE") -> Contract:
    return contract(symbol=symbol, secType="IND", exchange=exchange)


def limit(action: str, quantity: float, price: float, ref: str = "steward") -> Order:
    order = Order()
    order.action, order.totalQuantity, order.orderType = action, quantity, "LMT"
    order.lmtPrice, order.orderRef, order.tif = price, ref, "DAY"
    return order


class Base:
    """Connections to gateways, closed together."""

    def __init__(self) -> None:
        self.apps: list[App] = []

    def _connect(self, port: int, client_id: int = CLIENT_ID) -> App:
        app = App()
        app.connect(HOST, port, client_id)
        threading.Thread(target=app.run, daemon=True).start()
        self.apps.append(app)
        app.wait(lambda: bool(app.of("nextValidId")), "nextValidId")
        app.wait(lambda: len(app.of("error")) >= 3, "farm notices")
        (app.next_id,) = app.last("nextValidId")
        return app

    def close(self) -> None:
        for app in self.apps:
            app.disconnect()
        self.apps.clear()

    def _time(self, app: App) -> str:
        app.ask("currentTime", app.reqCurrentTime)
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(*app.last("currentTime")))

    def _advance(self, app: App, seconds: float) -> str:
        text = make_field(9001) + make_field(1) + make_field(seconds)
        app.ask("currentTime", lambda: app.sendMsg(text))
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(*app.last("currentTime")))

    def _open(self, port: int, client_id: int = CLIENT_ID) -> App:
        app = self._connect(port, client_id)
        self._advance(app, 2 * 3600)
        return app

    def _place(self, app: App, what: Contract, order: Order) -> int:
        order_id = app.fresh_id()
        app.placeOrder(order_id, what, order)
        return order_id

    def _details(self, app: App, what: Contract) -> list[Any]:
        req_id = app.fresh_id()
        app.ask("contractDetailsEnd", lambda: app.reqContractDetails(req_id, what))
        return [details for number, details in app.of("contractDetails") if number == req_id]

    def _condor(self, app: App) -> Contract:
        bag = contract(symbol="SPX", secType="BAG")
        bag.comboLegs = []
        spec = ((6000.0, "P", "BUY"), (6100.0, "P", "SELL"), (6700.0, "C", "SELL"))
        for strike, right, action in (*spec, (6800.0, "C", "BUY")):
            (details,) = self._details(app, option(strike, right))
            leg = ComboLeg()
            leg.conId, leg.ratio = details.contract.conId, 1
            leg.action, leg.exchange = action, "SMART"
            bag.comboLegs.append(leg)
        return bag

    @staticmethod
    def _status(app: App, order_id: int) -> tuple[Any, ...]:
        return [arguments for arguments in app.of("orderStatus") if arguments[0] == order_id][-1]

    @staticmethod
    def _fills(app: App, order_id: int | None = None) -> list[list[Any]]:
        return [
            [c.secType, c.strike, e.side, e.shares, round(e.price, 4)]
            for _, c, e in app.of("execDetails")
            if order_id in {None, e.orderId}
        ]

    @staticmethod
    def _prices(app: App, req_id: int) -> dict[int, float]:
        return {kind: price for number, kind, price, _ in app.of("tickPrice") if number == req_id}

    @staticmethod
    def _sizes(app: App, req_id: int) -> dict[int, float]:
        return {kind: size for number, kind, size in app.of("tickSize") if number == req_id}

    def _snapshot(self, app: App, what: Contract) -> int:
        req_id = app.fresh_id()
        app.ask(
            "tickSnapshotEnd",
            lambda: app.reqMktData(req_id, what, "", True, False, []),
        )
        return req_id
