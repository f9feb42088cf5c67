"""The one place that knows which client library is there.

Today it is ib_insync 0.9.86. Its maintained successor, ib_async, offers the same names; the two
share a module name (``eventkit``) and cannot live in one environment, so a change of library is
a change of this file and of the lock, and the wire suite must pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import TypeAlias

from ib_insync import (
    IB,
    BarData,
    ComboLeg,
    Contract,
    ContractDetails,
    ExecutionFilter,
    Fill,
    Future,
    Index,
    Option,
    Order,
    OrderState,
    Position,
    Stock,
    Ticker,
    Trade,
)
from ib_insync.util import UNSET_DOUBLE
from ib_insync.wrapper import RequestError

from bot.data.wire_recording import Sender

__all__ = [
    "IB",
    "BarData",
    "ComboLeg",
    "Contract",
    "ContractDetails",
    "ExecutionFilter",
    "Fill",
    "Future",
    "Index",
    "Option",
    "Order",
    "OrderState",
    "Position",
    "RequestError",
    "Stock",
    "Tap",
    "Ticker",
    "Trade",
    "library_name",
    "new_client",
    "tap_wire",
]

Tap: TypeAlias = Callable[[Sender, Sequence[str]], None]
"""Hears the fields of one message, the message's number first."""

LENGTH_BYTES = 4
HELLO = b"API"
UNSET_ON_THE_WIRE = "1.7976931348623157E308"

ORDER_MESSAGES = ("3\0", "4\0")
"""How messages begin that place, change and cancel an order."""

ADVANCE_MESSAGE = 9001
"""Message of the simulated gateway that lets its time pass; a real one never gets it."""


def _is_no_gateway_message(record: logging.LogRecord) -> bool:
    """Keep the gateway's errors out of the library's log: they are logged under their codes."""
    return not str(record.msg).startswith(("Error ", "Warning "))


def _is_no_failed_connection(record: logging.LogRecord) -> bool:
    """Keep failed connections out of it too: they are raised, and tried again all night long."""
    return not str(record.msg).startswith(("API connection failed", "Make sure API port"))


def new_client(*, throttled: bool) -> IB:
    """Return a client that raises the errors of requests instead of answering with nothing.

    Orders and cancels never wait behind other requests.

    Parameters
    ----------
    throttled
        Keep the library's 45 messages a second, which a real gateway demands. Only a
        simulated gateway may be asked without.
    """
    logging.getLogger("ib_insync.wrapper").addFilter(_is_no_gateway_message)
    logging.getLogger("ib_insync.client").addFilter(_is_no_failed_connection)
    client = IB()
    client.RaiseRequestErrors = True
    client.TimezoneTWS = "UTC"  # Times written without a zone, YYYYMMDD-HH:MM:SS, are UTC.
    _await_margins(client)
    if not throttled:
        client.client.MaxRequests = 0
    _let_orders_pass(client)
    return client


def _let_orders_pass(client: IB) -> None:
    """Write orders and cancels to the socket at once, whatever waits in the library's throttle.

    What waits there is lost when the connection ends, so a cancel on the way out would never
    leave. The few order messages fit between the library's 45 messages a second and the
    gateway's 50; they count, so that the others wait for them.
    """
    connection = client.client
    queue: Callable[[str | None], object] = connection.sendMsg  # type: ignore[assignment]

    def send(message: str | None) -> None:
        if message is None or not message.startswith(ORDER_MESSAGES):
            queue(message)
            return
        connection.conn.sendMsg(connection._prefix(message.encode()))  # noqa: SLF001 - as the library does
        connection._timeQ.append(asyncio.get_running_loop().time())  # noqa: SLF001 - the same

    setattr(connection, "sendMsg", send)  # noqa: B010 - on this one client only


def _await_margins(client: IB) -> None:
    """Let a what-if wait for its figures where the gateway sends an unset preview first.

    The library means to, but knows an unset number as ``1.797...e+308`` only, and the wire writes
    ``1.797...E308``: it would take the empty preview for the answer.
    """
    answer = client.wrapper.openOrder

    def open_order(order_id: int, contract: Contract, order: Order, state: OrderState) -> None:
        if _is_unset(state.initMarginChange):
            state.initMarginChange = str(UNSET_DOUBLE)
        answer(order_id, contract, order, state)

    setattr(client.wrapper, "openOrder", open_order)  # noqa: B010 - on this one client only


def _is_unset(number: str) -> bool:
    return number.upper() == UNSET_ON_THE_WIRE


def library_name() -> str:
    """Return the client library and its version, as one word."""
    return f"ib_insync-{version('ib_insync')}"


def tap_wire(client: IB, tap: Tap) -> None:
    """Let `tap` hear every message at the socket, before the library acts on it.

    The handshake, which is not made of fields, is not heard. The library offers no hook for
    this, so the two functions that each message passes are wrapped on this one client.
    """
    connection, decoder = client.client.conn, client.client.decoder
    send: Callable[[bytes], None] = connection.sendMsg
    interpret: Callable[[list[str]], None] = decoder.interpret

    def sent(message: bytes) -> None:
        if not message.startswith(HELLO):
            fields = message[LENGTH_BYTES:].decode(errors="replace").split("\0")
            tap(Sender.CLIENT, fields[:-1])
        send(message)

    def heard(fields: list[str]) -> None:
        tap(Sender.GATEWAY, tuple(fields))
        interpret(fields)

    connection.sendMsg = sent  # type: ignore[method-assign]
    decoder.interpret = heard  # type: ignore[method-assign]
