"""Orders: what clients place, cancel and ask for, and what they hear of it.

* A client hears of its own orders only; others see them through reqAllOpenOrders. Completed
  orders and executions are seen by all.
* Each change of an order is told as openOrder and orderStatus. Executions of a combo come as one
  for the whole, without legs, and one for each leg; commissions of the legs follow at the end.
* Recorded gateways tell a fill in either of two orders, see `FillOrder`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.simulator import orders_out
from bot.simulator.instruments import combo
from bot.simulator.orders import (
    CommissionEvent,
    Event,
    ExecutionEvent,
    ExecutionQuery,
    MarginPreview,
    OrderError,
    OrderSnapshot,
    OrderTicket,
    OrderUpdate,
)
from bot.simulator.orders_in import PlacedOrder, read_place_order
from bot.simulator.settings import FillOrder
from bot.simulator.wire import Message, Request, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.simulator.connection import Connection, Handler
    from bot.simulator.instruments import Instrument
    from bot.simulator.wire import Fields
    from bot.simulator.world import World


class PreviewAnswer(StrEnum):
    """How a what-if order is answered."""

    SET = "set"
    """With its margins."""

    UNSET = "unset"
    """With margins that are not set, and nothing more."""

    UNSET_FIRST = "unset_first"
    """With margins that are not set, then with those that are."""


UNSET_MARGINS: Final = {
    PreviewAnswer.SET: (False,),
    PreviewAnswer.UNSET: (True,),
    PreviewAnswer.UNSET_FIRST: (True, False),
}
"""Whether the margins are unset, for each openOrder of an answer."""


class OrderDesk:
    """Serves orders.

    Parameters
    ----------
    world
        The venue.
    clients
        Gives the connected clients by their number.
    publish
        Tells every desk what happened.
    """

    def __init__(
        self,
        world: World,
        *,
        clients: Callable[[], Mapping[int, Connection]],
        publish: Callable[[list[Event]], None],
    ) -> None:
        self._world = world
        self._clients = clients
        self._publish = publish
        unset_first = world.settings.what_if_unset_first
        self.preview_answer = PreviewAnswer.UNSET_FIRST if unset_first else PreviewAnswer.SET
        """How what-if orders are answered."""

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers of this desk by request number."""
        return {
            Request.PLACE_ORDER: self.place_order,
            Request.CANCEL_ORDER: self.cancel_order,
            Request.GLOBAL_CANCEL: self.global_cancel,
            Request.OPEN_ORDERS: self.open_orders,
            Request.ALL_OPEN_ORDERS: self.all_open_orders,
            Request.AUTO_OPEN_ORDERS: self.auto_open_orders,
            Request.COMPLETED_ORDERS: self.completed_orders,
            Request.EXECUTIONS: self.executions,
        }

    def next_id(self, client: Connection) -> int:
        """Return the lowest order id that a client has not used."""
        return self._world.exchange.next_order_id(_number(client))

    # -- requests --------------------------------------------------------------------------

    def place_order(self, client: Connection, fields: Fields) -> None:
        """Place an order, modify one of the same id, or preview its margin."""
        placed = read_place_order(fields, client.version)
        instrument = self._instrument(placed)
        account = placed.account or self._world.account.account_id
        raw = {**placed.raw, "account": account, "tif": placed.tif or "DAY"}
        ticket = _ticket(replace(placed, raw=raw), _number(client), instrument=instrument)
        self._publish(self._world.exchange.submit(ticket, self._world.now))

    def _instrument(self, placed: PlacedOrder) -> Instrument:
        """Return the one instrument that the order is for."""
        if placed.contract.sec_type == "BAG":
            return combo(placed.contract.symbol, placed.contract.exchange)
        return self._world.only_instrument(placed.order_id, placed.contract)

    def cancel_order(self, client: Connection, fields: Fields) -> None:
        """Cancel an order of the client."""
        order_id, now = fields.integer(), self._world.now
        self._publish(self._world.exchange.cancel(_number(client), order_id, now))

    def global_cancel(self, _client: Connection, _fields: Fields) -> None:
        """Cancel every open order, whoever placed it."""
        self._publish(self._world.exchange.cancel_all(self._world.now))

    def open_orders(self, client: Connection, _fields: Fields) -> None:
        """Tell the client's own open orders."""
        orders = self._world.exchange.open_orders()
        own = (order for order in orders if order.ticket.client_id == client.client_id)
        self._tell_open(client, own)

    def all_open_orders(self, client: Connection, _fields: Fields) -> None:
        """Tell everybody's open orders."""
        self._tell_open(client, self._world.exchange.open_orders())

    def auto_open_orders(self, client: Connection, fields: Fields) -> None:
        """Take note of a wish to be bound to manual orders, of which there are none."""

    def _tell_open(self, client: Connection, orders: Iterable[OrderSnapshot]) -> None:
        for order in orders:
            _tell_order(client, order)
        client.send(Message.OPEN_ORDERS_END, 1)

    def completed_orders(self, client: Connection, _fields: Fields) -> None:
        """Tell the orders that were done today."""
        for order in self._world.exchange.completed_orders():
            fields = orders_out.completed_order(order, client.version)
            client.send(Message.COMPLETED_ORDER, *fields)
        client.send(Message.COMPLETED_ORDERS_END)

    def executions(self, client: Connection, fields: Fields) -> None:
        """Tell today's executions, each with its commission."""
        req_id = fields.integer()
        for execution, commission in self._world.exchange.executions(_query(fields)):
            client.send(Message.EXECUTION, *orders_out.execution(execution, req_id))
            if commission is not None:
                client.send(Message.COMMISSION, 1, *orders_out.commission(commission))
        client.send(Message.EXECUTIONS_END, 1, req_id)

    # -- what happened ---------------------------------------------------------------------

    def tell(self, events: list[Event]) -> None:
        """Tell each client what happened to its orders."""
        clients = self._clients()
        executed_by = {e.exec_id: e.client_id for e in events if isinstance(e, ExecutionEvent)}
        for event in self._in_order(events):
            owner = _owner(event, executed_by)
            if owner is not None and owner in clients:
                self._tell_event(clients[owner], event)

    def _in_order(self, events: list[Event]) -> list[Event]:
        if self._world.settings.fill_order is FillOrder.ORDER_STATUS_FIRST:
            return events
        return sorted(events, key=lambda event: not isinstance(event, ExecutionEvent))

    def _tell_event(self, client: Connection, event: Event) -> None:
        match event:
            case OrderUpdate(order=order):
                _tell_order(client, order)
            case MarginPreview():
                self._tell_preview(client, event)
            case ExecutionEvent():
                client.send(Message.EXECUTION, *orders_out.execution(event, -1))
            case CommissionEvent():
                client.send(Message.COMMISSION, 1, *orders_out.commission(event))
            case OrderError(order_id=order_id, code=code, message=message):
                client.error(order_id, code, message)
            case _:
                raise TypeError(f"event {event!r} is not about an order")

    def _tell_preview(self, client: Connection, margin: MarginPreview) -> None:
        for unset in UNSET_MARGINS[self.preview_answer]:
            preview = orders_out.preview(margin, client.version, unset=unset)
            client.send(Message.OPEN_ORDER, *preview)


def _owner(event: Event, executed_by: Mapping[str, int]) -> int | None:
    """Return the number of the client that placed the order; commissions come with executions."""
    match event:
        case OrderUpdate(order=order):
            return order.ticket.client_id
        case MarginPreview(ticket=ticket):
            return ticket.client_id
        case ExecutionEvent(client_id=client_id) | OrderError(client_id=client_id):
            return client_id
        case CommissionEvent(exec_id=exec_id):
            return executed_by.get(exec_id)
        case _:
            return None


def _tell_order(client: Connection, order: OrderSnapshot) -> None:
    client.send(Message.OPEN_ORDER, *orders_out.open_order(order, client.version))
    client.send(Message.ORDER_STATUS, *orders_out.order_status(order))


def _number(client: Connection) -> int:
    """Return the client's number.

    Raises
    ------
    WireError
        If it has not started the API.
    """
    if client.client_id is None:
        raise WireError("client has not started the API; message 71 comes first")
    return client.client_id


def _ticket(placed: PlacedOrder, client_id: int, *, instrument: Instrument) -> OrderTicket:
    return OrderTicket(
        client_id=client_id,
        order_id=placed.order_id,
        account=placed.account,
        instrument=instrument,
        legs=placed.legs,
        action=placed.action,
        quantity=placed.quantity,
        order_type=placed.order_type,
        limit_price=placed.limit_price,
        tif=placed.tif,
        order_ref=placed.order_ref,
        transmit=placed.transmit,
        what_if=placed.what_if,
        raw=placed.raw,
    )


def _query(fields: Fields) -> ExecutionQuery:
    """Read an execution filter; client id 0 means everybody's."""
    client_id = fields.integer()
    account, since, symbol, sec_type, exchange, side = fields.take(6)
    return ExecutionQuery(
        client_id=client_id,
        account=account,
        since=_filter_time(since),
        symbol=symbol,
        sec_type=sec_type,
        exchange=exchange,
        side=side,
    )


def _filter_time(text: str) -> dt.datetime | None:
    """Read ``YYYYMMDD-HH:MM:SS`` (UTC) or ``YYYYMMDD HH:MM:SS[ zone]`` (New York by default)."""
    if not text:
        return None
    stamp, zone = text[:17].replace("-", " "), text[17:].strip()
    name = "UTC" if text[8:9] == "-" else zone or orders_out.ZONE
    try:
        return dt.datetime.strptime(stamp, "%Y%m%d %H:%M:%S").replace(tzinfo=ZoneInfo(name))
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise WireError(f"time {text!r}, expected is YYYYMMDD-HH:MM:SS in UTC") from error
