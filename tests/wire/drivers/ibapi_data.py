"""Scenarios of ibapi: session, account, reference data, market data."""

from __future__ import annotations

import threading
import time
from typing import Any

from ibapi.comm import make_field
from ibapi.execution import ExecutionFilter
from ibapi_base import (
    CLIENT_ID,
    DEADLINE_SECONDS,
    HOST,
    App,
    Base,
    contract,
    index,
    limit,
    option,
    vix_call,
)


class DataScenarios(Base):
    """Each public method is one scenario; it takes a port and returns facts."""

    # -- session ---------------------------------------------------------------------------

    def connect_and_synchronise(self, port: int) -> Any:
        app = self._connect(port)
        notices = [code for _, code, _ in app.of("error")]
        app.ask("positionEnd", app.reqPositions)
        app.ask("openOrderEnd", app.reqOpenOrders)
        app.ask("completedOrdersEnd", lambda: app.reqCompletedOrders(False))
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
        app.ask("accountDownloadEnd", lambda: app.reqAccountUpdates(True, account))
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
        app.ask("accountDownloadEnd", lambda: app.reqAccountUpdates(True, account))
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
        app.ask("error", lambda: app.reqHistogramData(1, what, True, "1 day"))
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
        app.reqMktData(5, vix_call(), "", False, False, [])
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
        app.reqMktData(5, vix_call(), "", False, False, [])
        self._advance(app, 1)
        return {"known": 1 in self._prices(app, 5), "codes": app.codes()}

    def line_limit(self, port: int) -> Any:
        app = self._open(port)
        for req_id, strike in enumerate((19.0, 20.0, 21.0, 22.0), start=5):
            app.reqMktData(req_id, vix_call(strike), "", False, False, [])
        self._advance(app, 1)
        over = app.codes()
        app.cancelMktData(5)
        app.reqMktData(50, vix_call(23.0), "", False, False, [])
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
