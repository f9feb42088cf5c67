"""The scenarios of the wire suite for ib_insync and its successor ib_async, which share an API.

Run as a program of the library's own environment: ``driver_ib_insync.py`` and
``driver_ib_async.py`` bind the library. A scenario connects to a gateway of its own and returns
facts; it judges nothing.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import Any

HOST = "127.0.0.1"
CLIENT_ID = 7
ADVANCE = 9001
UNSET = 1e300


class Scenarios:
    """Each public method is one scenario; it takes a port and returns facts."""

    def __init__(self, library: Any) -> None:
        self.lib = library
        self.ibs: list[Any] = []

    # -- helpers ---------------------------------------------------------------------------

    def _connect(self, port: int, client_id: int = CLIENT_ID) -> Any:
        ib = self.lib.IB()
        ib.heard = []
        ib.errorEvent += lambda req_id, code, text, contract: ib.heard.append((req_id, code))
        ib.connect(HOST, port, clientId=client_id, timeout=5)
        self.ibs.append(ib)
        return ib

    def close(self) -> None:
        for ib in self.ibs:
            ib.disconnect()
        self.ibs.clear()

    @staticmethod
    def _codes(ib: Any) -> list[int]:
        return [code for _, code in ib.heard if code < 2100 or code > 2200]

    def _advance(self, ib: Any, seconds: float) -> str:
        future = ib.wrapper.startReq("currentTime")
        ib.client.send(ADVANCE, 1, seconds)
        return str(ib._run(future).strftime("%Y-%m-%d %H:%M:%S"))

    def _open(self, port: int, client_id: int = CLIENT_ID) -> Any:
        """Connect in the first session at 11:00 New York."""
        ib = self._connect(port, client_id)
        self._advance(ib, 2 * 3600)
        return ib

    def _vix_call(self, ib: Any, strike: float = 20.0) -> Any:
        call = self.lib.Option("VIX", "20260818", strike, "C", "SMART", tradingClass="VIX")
        ib.qualifyContracts(call)
        return call

    def _spx(self, strike: float, right: str) -> Any:
        return self.lib.Option("SPX", "20260821", strike, right, "SMART", tradingClass="SPXW")

    def _condor(self, ib: Any) -> Any:
        legs = []
        spec = ((6000.0, "P", "BUY"), (6100.0, "P", "SELL"), (6700.0, "C", "SELL"))
        for strike, right, action in (*spec, (6800.0, "C", "BUY")):
            leg = self._spx(strike, right)
            ib.qualifyContracts(leg)
            legs.append(self.lib.ComboLeg(leg.conId, 1, action, "SMART"))
        return self.lib.Contract(
            secType="BAG", symbol="SPX", exchange="SMART", currency="USD", comboLegs=legs
        )

    def _buy(self, quantity: float, price: float, ref: str = "steward") -> Any:
        return self.lib.LimitOrder("BUY", quantity, price, orderRef=ref)

    def _statuses(self, trade: Any) -> list[str]:
        statuses = [entry.status for entry in trade.log]
        return [s for i, s in enumerate(statuses) if i == 0 or s != statuses[i - 1]]

    @staticmethod
    def _fill(fill: Any) -> list[Any]:
        e, c = fill.execution, fill.contract
        return [c.secType, c.strike, e.side, e.shares, round(e.price, 4)]

    @staticmethod
    def _family(fill: Any) -> str:
        return ".".join(fill.execution.execId.split(".")[:-2])

    # -- session ---------------------------------------------------------------------------

    def connect_and_synchronise(self, port: int) -> Any:
        ib = self._connect(port)
        return {
            "version": ib.client.serverVersion(),
            "accounts": ib.managedAccounts(),
            "notices": [code for _, code in ib.heard],
            "positions": len(ib.positions()),
            "orders": len(ib.openTrades()),
        }

    def live_account(self, port: int) -> Any:
        return {"accounts": self._connect(port).managedAccounts()}

    def current_time(self, port: int) -> Any:
        return {"time": f"{self._connect(port).reqCurrentTime():%Y-%m-%d %H:%M:%S}"}

    def stepped_clock(self, port: int) -> Any:
        ib = self._connect(port)
        before = f"{ib.reqCurrentTime():%H:%M:%S}"
        ib.sleep(0.05)
        still = f"{ib.reqCurrentTime():%H:%M:%S}"
        return {"before": before, "still": still, "after": self._advance(ib, 86_400 + 90)}

    def busy_client_id(self, port: int) -> Any:
        first = self._connect(port)
        second = self.lib.IB()
        second.heard = []
        second.errorEvent += lambda req_id, code, text, contract: second.heard.append(code)
        try:
            second.connect(HOST, port, clientId=CLIENT_ID, timeout=1)
        except (TimeoutError, ConnectionError):
            refused = True
        else:
            refused = False
        return {
            "refused": refused,
            "codes": second.heard,
            "first_still_connected": first.isConnected(),
        }

    def unknown_message(self, port: int) -> Any:
        ib = self._connect(port)
        ib.client.send(4321, 1)
        ib.reqCurrentTime()
        return {"heard": ib.heard[3:]}

    # -- account ---------------------------------------------------------------------------

    def account_values(self, port: int) -> Any:
        ib = self._connect(port)
        tags = ("NetLiquidation", "TotalCashValue", "ExcessLiquidity", "InitMarginReq")
        values = {v.tag: v.value for v in ib.accountValues() if v.currency == "USD"}
        summary = {v.tag: v.value for v in ib.accountSummary()}
        return {
            "values": {tag: values[tag] for tag in tags},
            "summary": summary["NetLiquidation"],
        }

    def positions(self, port: int) -> Any:
        ib = self._open(port)
        ib.placeOrder(self._vix_call(ib), self._buy(2, 1.60))
        self._advance(ib, 10)
        other = self._connect(port, client_id=8)
        (position,) = other.positions()
        (item,) = ib.portfolio()
        return {
            "quantity": position.position,
            "contract": [position.contract.localSymbol, position.contract.exchange],
            "cost": round(position.avgCost, 4),
            "market_value": item.marketValue,
            "unrealized": round(item.unrealizedPNL, 4),
        }

    def profit_and_loss(self, port: int) -> Any:
        ib = self._open(port)
        ib.placeOrder(self._vix_call(ib), self._buy(2, 1.60))
        self._advance(ib, 10)
        pnl = ib.reqPnL(ib.managedAccounts()[0])
        self._advance(ib, 3600)
        return {"daily": round(pnl.dailyPnL, 4), "unrealized": round(pnl.unrealizedPnL, 4)}

    # -- reference -------------------------------------------------------------------------

    def contract_details_unique(self, port: int) -> Any:
        ib = self._connect(port)
        call = self.lib.Option("VIX", "20260818", 20.0, "C", "SMART", tradingClass="VIX")
        (details,) = ib.reqContractDetails(call)
        contract = details.contract
        return {
            "symbol": contract.localSymbol,
            "last_trade": contract.lastTradeDateOrContractMonth,
            "expiry": details.realExpirationDate,
            "multiplier": contract.multiplier,
            "exchanges": details.validExchanges,
            "rules": details.marketRuleIds,
            "underlying": [details.underSymbol, details.underSecType],
            "today": details.liquidHours.split(";")[0],
            "saturday": details.liquidHours.split(";")[5],
        }

    def contract_details_ambiguous(self, port: int) -> Any:
        ib = self._connect(port)
        found = ib.reqContractDetails(self.lib.Option("SPX", "20260820", 6100.0, "P", "SMART"))
        return {"classes": sorted(d.contract.tradingClass for d in found)}

    def contract_details_absent(self, port: int) -> Any:
        ib = self._connect(port)
        found = ib.reqContractDetails(self.lib.Option("SPX", "20260820", 6101.0, "P", "SMART"))
        return {"found": len(found), "codes": self._codes(ib)}

    def option_parameters(self, port: int) -> Any:
        ib = self._connect(port)
        (index,) = ib.reqContractDetails(self.lib.Index("SPX", "CBOE"))
        chains = ib.reqSecDefOptParams("SPX", "", "IND", index.contract.conId)
        return {
            f"{c.exchange} {c.tradingClass}": [sorted(c.expirations), len(c.strikes), c.multiplier]
            for c in chains
        }

    def market_rule(self, port: int) -> Any:
        ib = self._connect(port)
        rule = ib.reqMarketRule(110)
        return {"bands": [[band.lowEdge, band.increment] for band in rule]}

    def unsupported_request(self, port: int) -> Any:
        ib = self._connect(port)
        answer = ib.reqHistogramData(self._vix_call(ib), True, "1 day")
        return {"answer": len(answer), "codes": self._codes(ib)}

    # -- market data -----------------------------------------------------------------------

    def snapshot_quotes(self, port: int) -> Any:
        ib = self._open(port)
        (ticker,) = ib.reqTickers(self._vix_call(ib))
        vx = self.lib.Future("VIX", "20260819", "CFE", tradingClass="VX", currency="USD")
        ib.qualifyContracts(vx)
        (future,) = ib.reqTickers(vx)
        return {
            "call": [ticker.bid, ticker.ask, ticker.bidSize, ticker.askSize],
            "type": ticker.marketDataType,
            "future": [future.bid, future.ask],
        }

    def index_quotes(self, port: int) -> Any:
        ib = self._open(port)
        indexes = (self.lib.Index("SPX", "CBOE"), self.lib.Index("AD-NYSE", "NYSE"))
        ib.qualifyContracts(*indexes)
        spx, breadth = ib.reqTickers(*indexes)
        return {
            "spx": [spx.last, spx.close],
            "advances_declines": [breadth.bid, breadth.ask],
        }

    def streaming_quotes(self, port: int) -> Any:
        ib = self._open(port)
        ticker = ib.reqMktData(self._vix_call(ib), "", False, False)
        self._advance(ib, 1)
        before = [ticker.bid, ticker.ask]
        self._advance(ib, 3600)
        after = [ticker.bid, ticker.ask]
        ib.cancelMktData(ticker.contract)
        return {"before": before, "after": after}

    def option_computations(self, port: int) -> Any:
        ib = self._open(port)
        (ticker,) = ib.reqTickers(self._vix_call(ib))
        model = ticker.modelGreeks
        return {
            "iv": model.impliedVol,
            "delta": model.delta,
            "underlying": model.undPrice,
            "ordered": ticker.bidGreeks.impliedVol < model.impliedVol < ticker.askGreeks.impliedVol,
            "gamma": round(model.gamma, 3),
            "vega": round(model.vega, 4),
            "theta": round(model.theta, 4),
        }

    def nobody_bids(self, port: int) -> Any:
        ib = self._open(port)
        (ticker,) = ib.reqTickers(self._vix_call(ib, 40.0))
        return {"bid": [ticker.bid, ticker.bidSize], "ask": ticker.ask}

    def delayed_data(self, port: int) -> Any:
        ib = self._open(port)
        ib.reqMarketDataType(3)
        (ticker,) = ib.reqTickers(self._vix_call(ib))
        quote = [ticker.bid, ticker.ask]
        return {"quote": quote, "type": ticker.marketDataType, "codes": self._codes(ib)}

    def not_subscribed(self, port: int) -> Any:
        ib = self._open(port)
        ticker = ib.reqMktData(self._vix_call(ib), "", False, False)
        self._advance(ib, 1)
        return {"known": ticker.bid == 1.5, "codes": self._codes(ib)}

    def line_limit(self, port: int) -> Any:
        ib = self._open(port)
        contracts = [self._vix_call(ib, strike) for strike in (19.0, 20.0, 21.0, 22.0)]
        for contract in contracts:
            ib.reqMktData(contract, "", False, False)
        self._advance(ib, 1)
        over = self._codes(ib)
        ib.cancelMktData(contracts[0])
        ib.reqMktData(self._vix_call(ib, 23.0), "", False, False)
        self._advance(ib, 1)
        return {"over": over, "after_cancel": self._codes(ib)}

    def historical_bars(self, port: int) -> Any:
        ib = self._open(port)
        spx = self.lib.Index("SPX", "CBOE")
        bars = ib.reqHistoricalData(spx, "", "3 D", "1 day", "TRADES", True)  # noqa: FBT003 - API
        none = ib.reqHistoricalData(self._vix_call(ib), "", "3 D", "1 day", "TRADES", True)
        return {
            "bars": [[str(b.date), b.open, b.high, b.low, b.close] for b in bars],
            "none": len(none),
            "codes": self._codes(ib),
        }

    # -- orders ----------------------------------------------------------------------------

    def fill_of_one_call(self, port: int) -> Any:
        ib = self._open(port)
        trade = ib.placeOrder(self._vix_call(ib), self._buy(1, 1.60))
        self._advance(ib, 10)
        (fill,) = trade.fills
        return {
            "statuses": self._statuses(trade),
            "fill": self._fill(fill),
            "reference": [fill.execution.orderRef, trade.order.orderRef],
            "commission": fill.commissionReport.commission,
            "time": f"{fill.execution.time:%H:%M:%S}",
            "average": trade.orderStatus.avgFillPrice,
        }

    def executions_first(self, port: int) -> Any:
        return self.fill_of_one_call(port)

    def modify(self, port: int) -> Any:
        ib = self._open(port)
        trade = ib.placeOrder(self._vix_call(ib), self._buy(1, 1.50))
        self._advance(ib, 10)
        resting, perm_id = trade.orderStatus.status, trade.order.permId
        trade.order.lmtPrice = 1.60
        ib.placeOrder(trade.contract, trade.order)
        self._advance(ib, 10)
        same = trade.order.permId == perm_id
        return {"resting": resting, "status": trade.orderStatus.status, "same": same}

    def cancel(self, port: int) -> Any:
        ib = self._open(port)
        trade = ib.placeOrder(self._vix_call(ib), self._buy(1, 1.50))
        self._advance(ib, 10)
        ib.cancelOrder(trade.order)
        self._advance(ib, 1)
        codes = self._codes(ib)
        ib.client.cancelOrder(trade.order.orderId)
        ib.client.cancelOrder(9999)
        self._advance(ib, 1)
        return {
            "status": trade.orderStatus.status,
            "codes": codes,
            "again": self._codes(ib)[len(codes) :],
            "open": len(ib.reqAllOpenOrders()),
        }

    def reject(self, port: int) -> Any:
        ib = self._open(port)
        call = self.lib.Option("VIX", "20260818", 99.0, "C", "SMART", tradingClass="VIX")
        trade = ib.placeOrder(call, self._buy(1, 1.60))
        self._advance(ib, 1)
        dear = ib.placeOrder(self._vix_call(ib), self._buy(100_000, 1.60))
        self._advance(ib, 1)
        codes = self._codes(ib)
        return {"codes": codes, "unknown": trade.isDone(), "dear": dear.isDone()}

    def what_if(self, port: int) -> Any:
        ib = self._open(port)
        state = ib.whatIfOrder(self._condor(ib), self._buy(1, -12.90, "preview"))
        return {
            "initial": float(state.initMarginChange) > 0,
            "after": float(state.initMarginAfter) == float(state.initMarginChange),
            "commission": 0 < state.commission < 20,
            "orders": len(ib.reqAllOpenOrders()),
        }

    def combo_open_and_close(self, port: int) -> Any:
        ib = self._open(port)
        opened = ib.placeOrder(self._condor(ib), self._buy(1, -12.90, "open"))
        self._advance(ib, 10)
        held = sorted([p.contract.strike, p.position] for p in ib.positions())
        legs = self._condor(ib)
        closing = self.lib.LimitOrder("SELL", 1, -14.50, orderRef="close")
        closed = ib.placeOrder(legs, closing)
        self._advance(ib, 10)
        return {
            "open": [self._fill(fill) for fill in opened.fills],
            "open_average": opened.orderStatus.avgFillPrice,
            "families": len({self._family(fill) for fill in opened.fills}),
            "held": held,
            "close": [self._fill(fill) for fill in closed.fills],
            "close_average": closed.orderStatus.avgFillPrice,
            "left": len(ib.positions()),
        }

    def partial_fill(self, port: int) -> Any:
        ib = self._open(port)
        trade = ib.placeOrder(self._vix_call(ib), self._buy(3, 1.60))
        self._advance(ib, 10)
        status = trade.orderStatus
        return {"status": status.status, "filled": status.filled, "remaining": status.remaining}

    def open_orders_of_others(self, port: int) -> Any:
        ib = self._open(port)
        ib.placeOrder(self._vix_call(ib), self._buy(1, 1.50, "mine"))
        self._advance(ib, 10)
        other = self._connect(port, client_id=8)
        own = len(other.openTrades())
        everybody = other.reqAllOpenOrders()
        return {"own": own, "all": [t.order.orderRef for t in everybody]}

    def executions_after_reconnect(self, port: int) -> Any:
        ib = self._open(port)
        ib.placeOrder(self._vix_call(ib), self._buy(1, 1.60))
        self._advance(ib, 10)
        ib.disconnect()
        again = self._connect(port)
        fills = again.fills()
        return {
            "fills": [self._fill(fill) for fill in fills],
            "references": [fill.execution.orderRef for fill in fills],
            "commissions": [fill.commissionReport.commission for fill in fills],
        }

    def completed_orders_after_reconnect(self, port: int) -> Any:
        ib = self._open(port)
        ib.placeOrder(self._condor(ib), self._buy(1, -12.90, "condor"))
        self._advance(ib, 10)
        ib.disconnect()
        again = self._connect(port)
        (trade,) = again.reqCompletedOrders(False)
        return {
            "reference": trade.order.orderRef,
            "status": trade.orderStatus.status,
            "filled": trade.order.filledQuantity,
            "legs": [leg.action for leg in trade.contract.comboLegs],
            "price": trade.order.lmtPrice,
        }

    def restored_order_sent_back(self, port: int) -> Any:
        ib = self._open(port)
        ib.placeOrder(self._vix_call(ib), self._buy(1, 1.50, "restored"))
        self._advance(ib, 10)
        ib.disconnect()
        again = self._connect(port)
        (trade,) = again.openTrades()
        trade.order.lmtPrice = 1.60
        again.placeOrder(trade.contract, trade.order)
        self._advance(again, 10)
        return {"status": trade.orderStatus.status, "codes": self._codes(again)}


def run(library: Any) -> None:
    """Run the scenarios named on standard input, each against its port; print their facts."""
    logging.disable(logging.CRITICAL)
    scenarios, facts = Scenarios(library), {}
    for name, port in json.load(sys.stdin).items():
        try:
            facts[name] = getattr(scenarios, name)(port)
        except Exception:  # noqa: BLE001 - a scenario that fails is a fact, told with its trace
            facts[name] = {"failed": traceback.format_exc()}
        finally:
            scenarios.close()
    json.dump(facts, sys.stdout)
