"""Scenarios of ib_insync and ib_async: session, account, reference data, market data."""

from __future__ import annotations

from typing import Any

from ib_base import CLIENT_ID, HOST, Base


class DataScenarios(Base):
    """Each public method is one scenario; it takes a port and returns facts."""

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
        second.errorEvent += lambda *error: second.heard.append(error[1])
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
        bars = ib.reqHistoricalData(spx, "", "3 D", "1 day", "TRADES", True)
        none = ib.reqHistoricalData(self._vix_call(ib), "", "3 D", "1 day", "TRADES", True)
        return {
            "bars": [[str(b.date), b.open, b.high, b.low, b.close] for b in bars],
            "none": len(none),
            "codes": self._codes(ib),
        }
