"""Scenarios of ib_insync and ib_async: orders, from the first preview to after a reconnect."""

from __future__ import annotations

from typing import Any

from ib_base import Base


class OrderScenarios(Base):
    """Each public method is one scenario; it takes a port and returns facts."""

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

    def round_trip(self, port: int) -> Any:
        """Every message whose fields depend on the server version."""
        ib = self._open(port)
        (details,) = ib.reqContractDetails(self._vix_call(ib))
        resting = ib.placeOrder(self._vix_call(ib), self._buy(1, 1.50, "resting"))
        filled = ib.placeOrder(self._condor(ib), self._buy(1, -12.90, "filled"))
        self._advance(ib, 10)
        ib.disconnect()
        again = self._connect(port)
        (restored,) = again.openTrades()
        (completed,) = again.reqCompletedOrders(False)
        return {
            "version": again.client.serverVersion(),
            "contract": details.contract.localSymbol,
            "rules": details.marketRuleIds,
            "sizes": [details.minSize, details.suggestedSizeIncrement],
            "open": [restored.order.orderRef, restored.order.lmtPrice, restored.order.tif],
            "same": restored.order.permId == resting.order.permId,
            "completed": [completed.order.orderRef, completed.orderStatus.status],
            "executions": len(again.fills()),
            "sent": len(filled.fills),
        }
