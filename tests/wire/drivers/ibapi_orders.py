"""Scenarios of ibapi: orders, from the first preview to after a reconnect."""

from __future__ import annotations

import socket
import time
from typing import Any

from ibapi.execution import ExecutionFilter
from ibapi_base import App, Base, limit, vix_call


class OrderScenarios(Base):
    """Each public method is one scenario; it takes a port and returns facts."""

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
        again.ask("completedOrdersEnd", lambda: again.reqCompletedOrders(False))
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
