"""The one place that knows which client library is there.

Today it is ib_insync 0.9.86. Its maintained successor, ib_async, offers the same names; the two
share a module name (``eventkit``) and cannot live in one environment, so a change of library is
a change of this file and of the lock, and the wire suite must pass.
"""

from __future__ import annotations

import logging

from ib_insync import (
    IB,
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
    Stock,
    Ticker,
    Trade,
)
from ib_insync.wrapper import RequestError

__all__ = [
    "IB",
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
    "RequestError",
    "Stock",
    "Ticker",
    "Trade",
    "new_client",
]

ADVANCE_MESSAGE = 9001
"""Message of the simulated gateway that lets its time pass; a real one never gets it."""


def _is_no_gateway_message(record: logging.LogRecord) -> bool:
    """Keep the gateway's errors out of the library's log: they are logged under their codes."""
    return not str(record.msg).startswith(("Error ", "Warning "))


def new_client(*, throttled: bool) -> IB:
    """Return a client that raises the errors of requests instead of answering with nothing.

    Parameters
    ----------
    throttled
        Keep the library's 45 messages a second, which a real gateway demands. Only a
        simulated gateway may be asked without.
    """
    logging.getLogger("ib_insync.wrapper").addFilter(_is_no_gateway_message)
    client = IB()
    client.RaiseRequestErrors = True
    if not throttled:
        client.client.MaxRequests = 0
    return client
