"""Runs the wire scenarios with IB's own ibapi.

The library gives callbacks and keeps nothing, so the driver records every callback and reads the
facts from the record. The scenarios are those of ``ib_scenarios.py``.
"""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from ibapi.client import EClient
from ibapi.comm import make_field
from ibapi.contract import ComboLeg, Contract
from ibapi.execution import ExecutionFilter
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


class Scenarios:
    """Each public method is one scenario; it takes a port and returns facts."""

    def __init__(self) -> None:
        self.apps: list[App] = []

    # -- helpers ---------------------------------------------------------------------------

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
            lambda: app.reqMktData(req_id, what, "", True, False, []),  # noqa: FBT003 - API
        )
        return req_id

    # -- session ---------------------------------------------------------------------------

    def connect_and_synchronise(self, port: int) -> Any:
        app = self._connect(port)
        notices = [code for _, code, _ in app.of("error")]
        app.ask("positionEnd", app.reqPositions)
        app.ask("openOrderEnd", app.reqOpenOrders)
        app.ask("completedOrdersEnd", lambda: app.reqCompletedOrders(False))  # noqa: FBT003 - API
        app.ask("execDetailsEnd", lambda: app.reqExecutions(1, ExecutionFilter()))
        return {
            "version": app.serverVersion(),
            "accounts": app.last("managedAccounts")[0].split(","),
            "notices": notices,
            "positions": len(app.of("position")),
            "orders": len(app.of("openOrder")),
        }

    def live_account(self, port: int) -> Any:
        return {"accounts": self._connect(port).last("managedAccounts")[0].split(",")}

    def current_time(self, port: int) -> Any:
        return {"time": self._time(self._connect(port))}

    def stepped_clock(self, port: int) -> Any:
        app = self._connect(port)
        before = self._time(app)[11:]
        time.sleep(0.05)
        still = self._time(app)[11:]
        return {"before": before, "still": still, "after": self._advance(app, 86_400 + 90)}

    def busy_client_id(self, port: int) -> Any:
        first = self._connect(port)
        second = App()
        second.connect(HOST, port, CLIENT_ID)
        thread = threading.Thread(target=second.run, daemon=True)
        thread.start()
        second.wait(lambda: bool(second.of("connectionClosed")), "connectionClosed")
        thread.join(DEADLINE_SECONDS)
        return {
            "refused": not second.of("nextValidId"),
            "codes": second.codes(),
            "first_still_connected": first.isConnected(),
        }

    def unknown_message(self, port: int) -> Any:
        app = self._connect(port)
        app.sendMsg(make_field(4321) + make_field(1))
        app.ask("currentTime", app.reqCurrentTime)
        return {"heard": [[number, code] for number, code, _ in app.of("error")[3:]]}

    # -- account ---------------------------------------------------------------------------

    def account_values(self, port: int) -> Any:
        app = self._connect(port)
        tags = ("NetLiquidation", "TotalCashValue", "ExcessLiquidity", "InitMarginReq")
        account = app.last("managedAccounts")[0]
        app.ask("accountDownloadEnd", lambda: app.reqAccountUpdates(True, account))  # noqa: FBT003
        values = {tag: value for tag, value, *_ in app.of("updateAccountValue")}
        app.ask("accountSummaryEnd", lambda: app.reqAccountSummary(1, "All", ",".join(tags)))
        summary = {tag: value for _, _, tag, value, _ in app.of("accountSummary")}
        return {
            "values": {tag: values[tag] for tag in tags},
            "summary": summary["NetLiquidation"],
        }

    def positions(self, port: int) -> Any:
        app = self._open(port)
        account = app.last("managedAccounts")[0]
        app.ask("accountDownloadEnd", lambda: app.reqAccountUpdates(True, account))  # noqa: FBT003
        self._place(app, vix_call(), limit("BUY", 2, 1.60))
        self._advance(app, 10)
        other = self._connect(port, client_id=8)
        other.ask("positionEnd", other.reqPositions)
        _, held, quantity, cost = other.last("position")
        _, _, _, value, _, unrealized, *_ = app.last("updatePortfolio")
        return {
            "quantity": quantity,
            "contract": [held.localSymbol, held.exchange],
            "cost": round(cost, 4),
            "market_value": value,
            "unrealized": round(unrealized, 4),
        }

    def profit_and_loss(self, port: int) -> Any:
        app = self._open(port)
        self._place(app, vix_call(), limit("BUY", 2, 1.60))
        self._advance(app, 10)
        app.reqPnL(1, app.last("managedAccounts")[0], "")
        self._advance(app, 3600)
        _, daily, unrealized, _ = app.last("pnl")
        return {"daily": round(daily, 4), "unrealized": round(unrealized, 4)}

    # -- reference -------------------------------------------------------------------------

    def contract_details_unique(self, port: int) -> Any:
        (details,) = self._details(self._connect(port), vix_call())
        return {
            "symbol": details.contract.localSymbol,
            "last_trade": details.contract.lastTradeDateOrContractMonth,
            "expiry": details.realExpirationDate,
            "multiplier": details.contract.multiplier,
            "exchanges": details.validExchanges,
            "rules": details.marketRuleIds,
            "underlying": [details.underSymbol, details.underSecType],
            "today": details.liquidHours.split(";")[0],
            "saturday": details.liquidHours.split(";")[5],
        }

    def contract_details_ambiguous(self, port: int) -> Any:
        what = option(6100.0, "P", date="20260820")
        what.tradingClass = ""
        found = self._details(self._connect(port), what)
        return {"classes": sorted(d.contract.tradingClass for d in found)}

    def contract_details_absent(self, port: int) -> Any:
        app = self._connect(port)
        what = option(6101.0, "P", date="20260820")
        app.ask("error", lambda: app.reqContractDetails(1, what))
        return {"found": len(app.of("contractDetails")), "codes": app.codes()}

    def option_parameters(self, port: int) -> Any:
        app = self._connect(port)
        (details,) = self._details(app, index("SPX"))
        app.ask(
            "securityDefinitionOptionParameterEnd",
            lambda: app.reqSecDefOptParams(9, "SPX", "", "IND", details.contract.conId),
        )
        return {
            f"{exchange} {trading_class}": [sorted(expirations), len(strikes), multiplier]
            for _, exchange, _, trading_class, multiplier, expirations, strikes in app.of(
                "securityDefinitionOptionParameter"
            )
        }

    def market_rule(self, port: int) -> Any:
        app = self._connect(port)
        app.ask("marketRule", lambda: app.reqMarketRule(110))
        _, bands = app.last("marketRule")
        return {"bands": [[band.lowEdge, band.increment] for band in bands]}

    def unsupported_request(self, port: int) -> Any:
        app = self._connect(port)
        what = vix_call()
        app.ask("error", lambda: app.reqHistogramData(1, what, True, "1 day"))  # noqa: FBT003
        return {"answer": len(app.of("histogramData")), "codes": app.codes()}

    # -- market data -----------------------------------------------------------------------

    def snapshot_quotes(self, port: int) -> Any:
        app = self._open(port)
        call = self._snapshot(app, vix_call())
        future = contract(symbol="VIX", secType="FUT", exchange="CFE", tradingClass="VX")
        future.lastTradeDateOrContractMonth = "20260819"
        prices, sizes = self._prices(app, call), self._sizes(app, call)
        kind = app.last("marketDataType")[1]
        later = self._prices(app, self._snapshot(app, future))
        return {
            "call": [prices[1], prices[2], sizes[0], sizes[3]],
            "type": kind,
            "future": [later[1], later[2]],
        }

    def index_quotes(self, port: int) -> Any:
        app = self._open(port)
        spx = self._prices(app, self._snapshot(app, index("SPX")))
        breadth = self._prices(app, self._snapshot(app, index("AD-NYSE", "NYSE")))
        return {"spx": [spx[4], spx[9]], "advances_declines": [breadth[1], breadth[2]]}

    def streaming_quotes(self, port: int) -> Any:
        app = self._open(port)
        app.reqMktData(5, vix_call(), "", False, False, [])  # noqa: FBT003 - API
        self._advance(app, 1)
        before = self._prices(app, 5)
        self._advance(app, 3600)
        after = self._prices(app, 5)
        app.cancelMktData(5)
        return {"before": [before[1], before[2]], "after": [after[1], after[2]]}

    def option_computations(self, port: int) -> Any:
        app = self._open(port)
        req_id = self._snapshot(app, vix_call())
        told = {
            kind: values
            for number, kind, _, *values in app.of("tickOptionComputation")
            if number == req_id
        }
        iv, delta, _, _, gamma, vega, theta, underlying = told[13]
        return {
            "iv": iv,
            "delta": delta,
            "underlying": underlying,
            "ordered": told[10][0] < iv < told[11][0],
            "gamma": round(gamma, 3),
            "vega": round(vega, 4),
            "theta": round(theta, 4),
        }

    def nobody_bids(self, port: int) -> Any:
        app = self._open(port)
        req_id = self._snapshot(app, vix_call(40.0))
        prices, sizes = self._prices(app, req_id), self._sizes(app, req_id)
        return {"bid": [prices[1], sizes[0]], "ask": prices[2]}

    def delayed_data(self, port: int) -> Any:
        app = self._open(port)
        app.reqMarketDataType(3)
        prices = self._prices(app, self._snapshot(app, vix_call()))
        kind = app.last("marketDataType")[1]
        return {"quote": [prices[66], prices[67]], "type": kind, "codes": app.codes()}

    def not_subscribed(self, port: int) -> Any:
        app = self._open(port)
        app.reqMktData(5, vix_call(), "", False, False, [])  # noqa: FBT003 - API
        self._advance(app, 1)
        return {"known": 1 in self._prices(app, 5), "codes": app.codes()}

    def line_limit(self, port: int) -> Any:
        app = self._open(port)
        for req_id, strike in enumerate((19.0, 20.0, 21.0, 22.0), start=5):
            app.reqMktData(req_id, vix_call(strike), "", False, False, [])  # noqa: FBT003 - API
        self._advance(app, 1)
        over = app.codes()
        app.cancelMktData(5)
        app.reqMktData(50, vix_call(23.0), "", False, False, [])  # noqa: FBT003 - API
        self._advance(app, 1)
        return {"over": over, "after_cancel": app.codes()}

    def historical_bars(self, port: int) -> Any:
        app = self._open(port)
        arguments = ("", "3 D", "1 day", "TRADES", 1, 1, False, [])
        spx, call = index("SPX"), vix_call()
        app.ask("historicalDataEnd", lambda: app.reqHistoricalData(1, spx, *arguments))
        app.ask("error", lambda: app.reqHistoricalData(2, call, *arguments))
        bars = [bar for number, bar in app.of("historicalData") if number == 1]
        return {
            "bars": [
                [f"{b.date[:4]}-{b.date[4:6]}-{b.date[6:]}", b.open, b.high, b.low, b.close]
                for b in bars
            ],
            "none": len([1 for number, _ in app.of("historicalData") if number == 2]),
            "codes": app.codes(),
        }

    # -- orders ----------------------------------------------------------------------------

    def fill_of_one_call(self, port: int) -> Any:
        app = self._open(port)
        order_id = self._place(app, vix_call(), limit("BUY", 1, 1.60))
        self._advance(app, 10)
        (fill,) = self._fills(app, order_id)
        _, _, execution = app.last("execDetails")
        _, _, order, _ = app.last("openOrder")
        (report,) = app.last("commissionReport")
        statuses = [arguments[1] for arguments in app.of("orderStatus")]
        return {
            "statuses": statuses,
            "fill": fill,
            "reference": [execution.orderRef, order.orderRef],
            "commission": report.commission,
            "time": _utc(execution.time),
            "average": self._status(app, order_id)[4],
        }

    def executions_first(self, port: int) -> Any:
        return self.fill_of_one_call(port)

    def modify(self, port: int) -> Any:
        app = self._open(port)
        order = limit("BUY", 1, 1.50)
        order_id = self._place(app, vix_call(), order)
        self._advance(app, 10)
        resting = self._status(app, order_id)
        order.lmtPrice = 1.60
        app.placeOrder(order_id, vix_call(), order)
        self._advance(app, 10)
        after = self._status(app, order_id)
        return {"resting": resting[1], "status": after[1], "same": after[5] == resting[5]}

    def cancel(self, port: int) -> Any:
        app = self._open(port)
        order_id = self._place(app, vix_call(), limit("BUY", 1, 1.50))
        self._advance(app, 10)
        app.cancelOrder(order_id)
        self._advance(app, 1)
        codes = app.codes()
        app.cancelOrder(order_id)
        app.cancelOrder(9999)
        self._advance(app, 1)
        before = len(app.of("openOrder"))
        app.ask("openOrderEnd", app.reqAllOpenOrders)
        return {
            "status": self._status(app, order_id)[1],
            "codes": codes,
            "again": app.codes()[len(codes) :],
            "open": len(app.of("openOrder")) - before,
        }

    def reject(self, port: int) -> Any:
        app = self._open(port)
        self._place(app, vix_call(99.0), limit("BUY", 1, 1.60))
        self._advance(app, 1)
        dear = self._place(app, vix_call(), limit("BUY", 100_000, 1.60))
        self._advance(app, 1)
        codes = app.codes()
        done = self._status(app, dear)[1] == "Inactive"
        return {"codes": codes, "unknown": 200 in codes, "dear": done}

    def what_if(self, port: int) -> Any:
        app = self._open(port)
        order = limit("BUY", 1, -12.90, "preview")
        order.whatIf = True
        bag = self._condor(app)
        app.ask("openOrder", lambda: self._ignore(self._place(app, bag, order)))
        state = app.last("openOrder")[3]
        before = len(app.of("openOrder"))
        app.ask("openOrderEnd", app.reqAllOpenOrders)
        return {
            "initial": float(state.initMarginChange) > 0,
            "after": float(state.initMarginAfter) == float(state.initMarginChange),
            "commission": 0 < state.commission < 20,
            "orders": len(app.of("openOrder")) - before,
        }

    @staticmethod
    def _ignore(_value: object) -> None:
        return None

    def combo_open_and_close(self, port: int) -> Any:
        app = self._open(port)
        bag = self._condor(app)
        opened = self._place(app, bag, limit("BUY", 1, -12.90, "open"))
        self._advance(app, 10)
        app.ask("positionEnd", app.reqPositions)
        held = sorted([c.strike, quantity] for _, c, quantity, _ in app.of("position"))
        families = {
            ".".join(e.execId.split(".")[:-2])
            for _, _, e in app.of("execDetails")
            if e.orderId == opened
        }
        closed = self._place(app, bag, limit("SELL", 1, -14.50, "close"))
        self._advance(app, 10)
        left = {c.conId: quantity for _, c, quantity, _ in app.of("position")}
        return {
            "open": self._fills(app, opened),
            "open_average": self._status(app, opened)[4],
            "families": len(families),
            "held": held,
            "close": self._fills(app, closed),
            "close_average": self._status(app, closed)[4],
            "left": len([quantity for quantity in left.values() if quantity]),
        }

    def partial_fill(self, port: int) -> Any:
        app = self._open(port)
        order_id = self._place(app, vix_call(), limit("BUY", 3, 1.60))
        self._advance(app, 10)
        _, status, filled, remaining, *_ = self._status(app, order_id)
        return {"status": status, "filled": filled, "remaining": remaining}

    def open_orders_of_others(self, port: int) -> Any:
        app = self._open(port)
        self._place(app, vix_call(), limit("BUY", 1, 1.50, "mine"))
        self._advance(app, 10)
        other = self._connect(port, client_id=8)
        other.ask("openOrderEnd", other.reqOpenOrders)
        own = len(other.of("openOrder"))
        other.ask("openOrderEnd", other.reqAllOpenOrders)
        return {"own": own, "all": [order.orderRef for _, _, order, _ in other.of("openOrder")]}

    def _reconnected(self, app: App, port: int) -> App:
        """Hang up and connect again under the same id.

        The library's reader keeps the socket open for up to a second after a disconnect, unless
        it is shut down before.
        """
        app.conn.socket.shutdown(socket.SHUT_RDWR)
        app.disconnect()
        time.sleep(0.05)
        return self._connect(port)

    def executions_after_reconnect(self, port: int) -> Any:
        app = self._open(port)
        self._place(app, vix_call(), limit("BUY", 1, 1.60))
        self._advance(app, 10)
        again = self._reconnected(app, port)
        again.ask("execDetailsEnd", lambda: again.reqExecutions(1, ExecutionFilter()))
        return {
            "fills": self._fills(again),
            "references": [e.orderRef for _, _, e in again.of("execDetails")],
            "commissions": [report.commission for (report,) in again.of("commissionReport")],
        }

    def completed_orders_after_reconnect(self, port: int) -> Any:
        app = self._open(port)
        self._place(app, self._condor(app), limit("BUY", 1, -12.90, "condor"))
        self._advance(app, 10)
        again = self._reconnected(app, port)
        again.ask("completedOrdersEnd", lambda: again.reqCompletedOrders(False))  # noqa: FBT003
        what, order, state = again.last("completedOrder")
        return {
            "reference": order.orderRef,
            "status": state.status,
            "filled": order.filledQuantity,
            "legs": [leg.action for leg in what.comboLegs],
            "price": order.lmtPrice,
        }

    def restored_order_sent_back(self, port: int) -> Any:
        app = self._open(port)
        self._place(app, vix_call(), limit("BUY", 1, 1.50, "restored"))
        self._advance(app, 10)
        again = self._reconnected(app, port)
        again.ask("openOrderEnd", again.reqOpenOrders)
        order_id, what, order, _ = again.last("openOrder")
        order.lmtPrice = 1.60
        again.placeOrder(order_id, what, order)
        self._advance(again, 10)
        return {"status": self._status(again, order_id)[1], "codes": again.codes()}


def _utc(text: str) -> str:
    """Return the UTC time of ``YYYYMMDD HH:MM:SS America/New_York``, summer time."""
    stamp, zone = text[9:17], text[18:]
    if zone != "America/New_York":
        raise ValueError(f"execution time {text!r} is not in New York")
    return f"{int(stamp[:2]) + 4:02d}{stamp[2:]}"


def main() -> None:
    """Run the scenarios named on standard input, each against its port; print their facts."""
    logging.disable(logging.CRITICAL)
    scenarios, facts = Scenarios(), {}
    for name, port in json.load(sys.stdin).items():
        try:
            facts[name] = getattr(scenarios, name)(port)
        except Exception:  # noqa: BLE001 - a scenario that fails is a fact, told with its trace
            facts[name] = {"failed": traceback.format_exc()}
        finally:
            scenarios.close()
    json.dump(facts, sys.stdout)


if __name__ == "__main__":
    main()
