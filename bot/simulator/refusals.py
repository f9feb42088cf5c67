"""What the gateway does not offer, and how it says so.

A request that a real gateway would answer gets an empty answer where the client waits for one
without a request id, and an error of the kind a real gateway gives where the request has an id.
Nothing is left without an answer, except what has none.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from bot.simulator.errors import RequestRefusedError
from bot.simulator.wire import Message, Request

if TYPE_CHECKING:
    from bot.simulator.connection import Connection, Handler
    from bot.simulator.settings import GatewaySettings
    from bot.simulator.wire import Field, Fields

WITH_ERROR: Final = {
    Request.MARKET_DEPTH: (10092, "Deep market data is not supported for this combination"),
    Request.EXERCISE_OPTIONS: (10009, "Exercise is not offered by the simulated gateway"),
    Request.SCANNER_SUBSCRIPTION: (162, "Historical Market Data Service error message:no scanner"),
    Request.REAL_TIME_BARS: (420, "Invalid Real-time Query: not offered"),
    Request.FUNDAMENTAL_DATA: (430, "The fundamentals data for the security is not available"),
    Request.IMPLIED_VOLATILITY: (10090, "Part of requested market data is not subscribed"),
    Request.OPTION_PRICE: (10090, "Part of requested market data is not subscribed"),
    Request.NEWS_ARTICLE: (10172, "Failed to request news article: not offered"),
    Request.HISTORICAL_NEWS: (10276, "News feed is not allowed"),
    Request.HISTOGRAM: (162, "Historical Market Data Service error message:no histogram"),
    Request.HISTORICAL_TICKS: (162, "Historical Market Data Service error message:no ticks"),
    Request.TICK_BY_TICK: (10189, "Failed to request tick-by-tick data: not offered"),
    Request.CALENDAR_META: (10276, "News feed is not allowed"),
    Request.CALENDAR_EVENTS: (10276, "News feed is not allowed"),
    Request.SUBSCRIBE_GROUP: (322, "Error processing request. Display groups are not offered"),
    Request.UPDATE_GROUP: (322, "Error processing request. Display groups are not offered"),
}
"""Requests with an id that are refused: code and text."""

SILENT: Final = (
    *(Request.NEWS_BULLETINS, Request.CANCEL_NEWS_BULLETINS, Request.SERVER_LOG_LEVEL),
    *(Request.CANCEL_MARKET_DEPTH, Request.CANCEL_SCANNER_SUBSCRIPTION),
    *(Request.CANCEL_HISTORICAL_DATA, Request.CANCEL_REAL_TIME_BARS),
    *(Request.CANCEL_FUNDAMENTAL_DATA, Request.CANCEL_IMPLIED_VOLATILITY),
    *(Request.CANCEL_OPTION_PRICE, Request.CANCEL_HISTOGRAM, Request.CANCEL_HEAD_TIMESTAMP),
    *(Request.CANCEL_TICK_BY_TICK, Request.CANCEL_CALENDAR_META),
    *(Request.CANCEL_CALENDAR_EVENTS, Request.UNSUBSCRIBE_GROUP),
)
"""Requests that have no answer."""

EMPTY: Final[dict[Request, tuple[Message, tuple[Field, ...]]]] = {
    Request.FA_CONFIGURATION: (Message.FA_CONFIGURATION, (1, 1, "<?xml version='1.0'?>")),
    Request.SCANNER_PARAMETERS: (Message.SCANNER_PARAMETERS, (1, "<ScanParameterResponse/>")),
    Request.DEPTH_EXCHANGES: (Message.DEPTH_EXCHANGES, (0,)),
    Request.NEWS_PROVIDERS: (Message.NEWS_PROVIDERS, (0,)),
}
"""Requests without an id that are answered with nothing in it."""

EMPTY_BY_ID: Final[dict[Request, tuple[Message, tuple[Field, ...], tuple[Field, ...]]]] = {
    Request.DISPLAY_GROUPS: (Message.DISPLAY_GROUPS, (1,), ("",)),
    Request.SOFT_DOLLAR_TIERS: (Message.SOFT_DOLLAR_TIERS, (), (0,)),
    Request.MATCHING_SYMBOLS: (Message.SYMBOL_SAMPLES, (), (0,)),
    Request.SMART_COMPONENTS: (Message.SMART_COMPONENTS, (), (0,)),
    Request.USER_INFO: (Message.USER_INFO, (), ("",)),
}
"""Requests with an id that are answered with nothing: message, fields before and behind the id."""


def refusals(settings: GatewaySettings) -> dict[int, Handler]:
    """Return the handlers of all requests that are not offered."""
    table: dict[int, Handler] = dict.fromkeys(SILENT, _ignore)
    table |= {request: partial(_refuse, request) for request in WITH_ERROR}
    table |= {request: partial(_answer, request) for request in EMPTY}
    table |= {request: partial(_answer_by_id, request) for request in EMPTY_BY_ID}
    table[Request.FAMILY_CODES] = partial(_family_codes, settings.accounts)
    return table


def _ignore(_client: Connection, _fields: Fields) -> None:
    """Take note of a request that has no answer."""


def _refuse(request: Request, _client: Connection, fields: Fields) -> None:
    raise RequestRefusedError(fields.integer(), *WITH_ERROR[request])


def _answer(request: Request, client: Connection, _fields: Fields) -> None:
    message, values = EMPTY[request]
    client.send(message, *values)


def _answer_by_id(request: Request, client: Connection, fields: Fields) -> None:
    message, before, behind = EMPTY_BY_ID[request]
    client.send(message, *before, fields.integer(), *behind)


def _family_codes(accounts: tuple[str, ...], client: Connection, _fields: Fields) -> None:
    codes = [text for account in accounts for text in (account, "")]
    client.send(Message.FAMILY_CODES, len(accounts), *codes)
