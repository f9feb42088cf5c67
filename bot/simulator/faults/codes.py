"""Error codes that a fault may tell, with the text they come with when the script gives none.

They are the codes that programs on the TWS API are known to meet; ``docs/faults.md`` says which
fault each stands for. A code that is not here is refused: a mistyped one would test nothing.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUESTS: Final = {
    100: "Max rate of messages per second has been exceeded",
    101: "Max number of tickers has been reached",
    162: "Historical Market Data Service error message:",
    200: "No security definition has been found for the request",
    300: "Can't find EId with ticker id",
    309: "Max number of market depth requests has been reached",
    320: "Error reading request",
    321: "Error validating request",
    322: "Error processing request",
    326: "Unable to connect as the client id is already in use",
    354: "Requested market data is not subscribed",
    366: "No historical data query found for ticker id",
    420: "Invalid Real-time Query",
    10089: "Requested market data requires additional subscription for API",
    10090: "Part of requested market data is not subscribed",
    10167: "Requested market data is not subscribed. Displaying delayed market data",
    10168: "Requested market data is not subscribed. Delayed market data is not enabled",
    10186: "Requested market data is not subscribed. Delayed market data is not enabled",
    10197: "No market data during competing live session",
}

_ORDERS: Final = {
    103: "Duplicate order id",
    104: "Cannot modify a filled order",
    105: "Order being modified does not match original order",
    106: "Cannot transmit order id",
    107: "Cannot transmit incomplete order",
    109: "Price is out of the range defined by the precautionary settings",
    110: "The price does not conform to the minimum price variation for this contract",
    135: "Can't find order with id",
    136: "This order cannot be cancelled",
    161: "Cancel attempted when order is not in a cancellable state",
    201: "Order rejected - reason:",
    202: "Order Canceled - reason:",
    203: "The security is not available or allowed for this account",
    387: "Unsupported order type for this exchange and security type",
    399: "Order Message:",
    434: "The order size cannot be zero",
    435: "You must specify an account",
    10058: "A combo has one net price: no leg prices, no routing parameters",
    10147: "OrderId that needs to be cancelled is not found",
    10148: "OrderId that needs to be cancelled cannot be cancelled",
    10149: "Invalid order id",
    10349: "Order TIF was set to DAY based on order preset",
}

_SYSTEM: Final = {
    502: "Couldn't connect to TWS",
    504: "Not connected",
    1100: "Connectivity between IBKR and Trader Workstation has been lost",
    1101: "Connectivity between IBKR and TWS has been restored - data lost",
    1102: "Connectivity between IBKR and TWS has been restored - data maintained",
    1300: "The socket port has been reset and this connection is being dropped",
    2103: "Market data farm connection is broken:usopt",
    2104: "Market data farm connection is OK:usopt",
    2105: "HMDS data farm connection is broken:ushmds",
    2106: "HMDS data farm connection is OK:ushmds",
    2107: "HMDS data farm connection is inactive but should be available upon demand:ushmds",
    2108: "Market data farm connection is inactive but should be available upon demand:usopt",
    2109: "Order Event Warning: outside regular trading hours is ignored",
    2110: "Connectivity between TWS and server is broken. It will be restored automatically",
    2119: "Market data farm is connecting:usopt",
    2157: "Sec-def data farm connection is broken:secdefnj",
    2158: "Sec-def data farm connection is OK:secdefnj",
}

CODES: Final[Mapping[int, str]] = MappingProxyType(_REQUESTS | _ORDERS | _SYSTEM)
"""Text by code."""
