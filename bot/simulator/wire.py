r"""The TWS API wire protocol: frames, fields and message numbers.

Rules of the protocol (server versions 157 to 176)
--------------------------------------------------
* A frame is a 4-byte big-endian length followed by that many bytes. The bytes are fields, each
  one ended by NUL; field 0 is the number of the message. Some messages carry a number of their
  own version in field 1: a relic, constant since version 100 of the server.
* The connection starts with four bytes ``API\0`` and then one frame that is *not* made of
  fields: ``v157..176`` with an optional word after a space. The server answers one frame of two
  fields, its version and its time, and nothing more until the client's message 71: some
  clients discard what arrives in between.
* Numbers travel as text. An empty field is "not set"; ``1.7976931348623157E308`` is the same
  for a price or an amount. Whole numbers travel without ``.0``: one client library parses sizes
  and volumes as integers. True and false are 1 and 0.

A field never holds a NUL, and no number that is not finite leaves: clients read it differently.
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from bot.core.errors import StewardError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MIN_VERSION: Final = 157
"""Lowest server version spoken."""

MAX_VERSION: Final = 176
"""Highest server version spoken; 177 and later change fields."""

HELLO: Final = b"API\0"
"""What a client sends before its first frame."""

MAX_FRAME: Final = 1 << 20
"""Longest frame accepted (bytes); a longer one is a corrupt length."""

UNSET: Final = "1.7976931348623157E308"
UNSET_INTEGER: Final = "2147483647"
"""Text of a price or an amount that is not set, and of a count."""

_UNSET_FLOOR: Final = 1.797e308
"""Clients spell the unset double with more or fewer digits; nothing else is this large."""

Field = str | int | float | Decimal | None
"""One value on its way out; ``None`` is written as an empty field."""

_LENGTH: Final = struct.Struct(">I")


class Request(IntEnum):
    """Messages of a client."""

    MARKET_DATA = 1
    CANCEL_MARKET_DATA = 2
    PLACE_ORDER = 3
    CANCEL_ORDER = 4
    OPEN_ORDERS = 5
    ACCOUNT_UPDATES = 6
    EXECUTIONS = 7
    IDS = 8
    CONTRACT_DETAILS = 9
    MARKET_DEPTH = 10
    CANCEL_MARKET_DEPTH = 11
    NEWS_BULLETINS = 12
    CANCEL_NEWS_BULLETINS = 13
    SERVER_LOG_LEVEL = 14
    AUTO_OPEN_ORDERS = 15
    ALL_OPEN_ORDERS = 16
    MANAGED_ACCOUNTS = 17
    FA_CONFIGURATION = 18
    HISTORICAL_DATA = 20
    EXERCISE_OPTIONS = 21
    SCANNER_SUBSCRIPTION = 22
    CANCEL_SCANNER_SUBSCRIPTION = 23
    SCANNER_PARAMETERS = 24
    CANCEL_HISTORICAL_DATA = 25
    CURRENT_TIME = 49
    REAL_TIME_BARS = 50
    CANCEL_REAL_TIME_BARS = 51
    FUNDAMENTAL_DATA = 52
    CANCEL_FUNDAMENTAL_DATA = 53
    IMPLIED_VOLATILITY = 54
    OPTION_PRICE = 55
    CANCEL_IMPLIED_VOLATILITY = 56
    CANCEL_OPTION_PRICE = 57
    GLOBAL_CANCEL = 58
    MARKET_DATA_TYPE = 59
    POSITIONS = 61
    ACCOUNT_SUMMARY = 62
    CANCEL_ACCOUNT_SUMMARY = 63
    CANCEL_POSITIONS = 64
    DISPLAY_GROUPS = 67
    SUBSCRIBE_GROUP = 68
    UPDATE_GROUP = 69
    UNSUBSCRIBE_GROUP = 70
    START_API = 71
    POSITIONS_MULTI = 74
    CANCEL_POSITIONS_MULTI = 75
    ACCOUNT_UPDATES_MULTI = 76
    CANCEL_ACCOUNT_UPDATES_MULTI = 77
    OPTION_PARAMETERS = 78
    SOFT_DOLLAR_TIERS = 79
    FAMILY_CODES = 80
    MATCHING_SYMBOLS = 81
    DEPTH_EXCHANGES = 82
    SMART_COMPONENTS = 83
    NEWS_ARTICLE = 84
    NEWS_PROVIDERS = 85
    HISTORICAL_NEWS = 86
    HEAD_TIMESTAMP = 87
    HISTOGRAM = 88
    CANCEL_HISTOGRAM = 89
    CANCEL_HEAD_TIMESTAMP = 90
    MARKET_RULE = 91
    PNL = 92
    CANCEL_PNL = 93
    PNL_SINGLE = 94
    CANCEL_PNL_SINGLE = 95
    HISTORICAL_TICKS = 96
    TICK_BY_TICK = 97
    CANCEL_TICK_BY_TICK = 98
    COMPLETED_ORDERS = 99
    CALENDAR_META = 100
    CANCEL_CALENDAR_META = 101
    CALENDAR_EVENTS = 102
    CANCEL_CALENDAR_EVENTS = 103
    USER_INFO = 104
    ADVANCE_TIME = 9001
    """The simulator's own: ``9001 1 seconds`` moves simulated time; answered by CURRENT_TIME."""
    KEEP_TIME = 9002
    """The simulator's own: ``9002 1`` moves nothing; answered by CURRENT_TIME."""


class Message(IntEnum):
    """Messages of the gateway."""

    TICK_PRICE = 1
    TICK_SIZE = 2
    ORDER_STATUS = 3
    ERROR = 4
    OPEN_ORDER = 5
    ACCOUNT_VALUE = 6
    PORTFOLIO_VALUE = 7
    ACCOUNT_TIME = 8
    NEXT_VALID_ID = 9
    CONTRACT_DETAILS = 10
    EXECUTION = 11
    MANAGED_ACCOUNTS = 15
    FA_CONFIGURATION = 16
    HISTORICAL_DATA = 17
    SCANNER_PARAMETERS = 19
    OPTION_COMPUTATION = 21
    TICK_GENERIC = 45
    TICK_STRING = 46
    CURRENT_TIME = 49
    CONTRACT_DETAILS_END = 52
    OPEN_ORDERS_END = 53
    ACCOUNT_DOWNLOAD_END = 54
    EXECUTIONS_END = 55
    TICK_SNAPSHOT_END = 57
    MARKET_DATA_TYPE = 58
    COMMISSION = 59
    POSITION = 61
    POSITIONS_END = 62
    ACCOUNT_SUMMARY = 63
    ACCOUNT_SUMMARY_END = 64
    DISPLAY_GROUPS = 67
    POSITION_MULTI = 71
    POSITION_MULTI_END = 72
    ACCOUNT_UPDATE_MULTI = 73
    ACCOUNT_UPDATE_MULTI_END = 74
    OPTION_PARAMETERS = 75
    OPTION_PARAMETERS_END = 76
    SOFT_DOLLAR_TIERS = 77
    FAMILY_CODES = 78
    SYMBOL_SAMPLES = 79
    DEPTH_EXCHANGES = 80
    TICK_PARAMETERS = 81
    SMART_COMPONENTS = 82
    NEWS_PROVIDERS = 85
    HEAD_TIMESTAMP = 88
    MARKET_RULE = 93
    PNL = 94
    PNL_SINGLE = 95
    COMPLETED_ORDER = 101
    COMPLETED_ORDERS_END = 102
    USER_INFO = 107


VERSIONED: Final = frozenset(
    request
    for request in Request
    if request not in {Request.PLACE_ORDER, Request.HISTORICAL_DATA, Request.SCANNER_SUBSCRIPTION}
    and (request < Request.OPTION_PARAMETERS or request >= Request.ADVANCE_TIME)
)
"""Requests with a version of their own in field 1; later ones were made without."""


class WireError(StewardError):
    """A frame or a field that does not follow the protocol."""


def field_text(value: Field) -> str:
    """Write one value as the field's text.

    Raises
    ------
    WireError
        For a number that is not finite, and for text that holds a NUL.
    """
    if type(value) is float and math.isfinite(value):
        return repr(value).removesuffix(".0")  # nine fields of ten of a year of bars
    if isinstance(value, str):
        if "\0" in value:
            raise WireError(f"field {value!r} holds a NUL, which ends a field")
        return value
    if value is None:
        return ""
    if isinstance(value, int):
        return str(int(value))
    if not math.isfinite(value):
        raise WireError(f"field {value!r} is not a finite number; send None for unknown")
    return f"{value:f}" if isinstance(value, Decimal) else repr(float(value)).removesuffix(".0")


def frame(fields: Iterable[Field]) -> bytes:
    """Make one frame of `fields`, the first of which is the message's number."""
    texts = [each if type(each) is str else field_text(each) for each in fields]
    payload = "\0".join([*texts, ""]).encode()
    if payload.count(0) > len(texts):
        tuple(map(field_text, texts))  # which refuses the text that holds a NUL
    return _LENGTH.pack(len(payload)) + payload


def split_fields(payload: bytes) -> list[str]:
    """Split the payload of a frame into its fields.

    Raises
    ------
    WireError
        If the last field is not ended, or the bytes are not text.
    """
    if not payload.endswith(b"\0"):
        raise WireError(f"payload of {len(payload)} bytes does not end with a NUL")
    try:
        return payload[:-1].decode().split("\0")
    except UnicodeDecodeError as error:
        raise WireError(f"payload of {len(payload)} bytes is not UTF-8 text") from error


class FrameReader:
    """Cuts a stream of bytes into payloads, whatever the pieces in which it arrives."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._greeted = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        r"""Take more bytes and give every payload that is complete by now.

        Raises
        ------
        WireError
            If the stream does not start with ``API\0`` or a length exceeds ``MAX_FRAME``.
        """
        self._buffer += data
        if not self._greeted and not self._greet():
            return
        start = 0
        try:
            while (end := self._end_of_frame(start)) is not None:
                payload = bytes(self._buffer[start + _LENGTH.size : end])
                start = end
                yield payload
        finally:
            del self._buffer[:start]

    def _greet(self) -> bool:
        start = bytes(self._buffer[: len(HELLO)])
        if not HELLO.startswith(start):
            raise WireError(f"stream starts with {start!r}, not with {HELLO!r}")
        self._greeted = start == HELLO
        if self._greeted:
            del self._buffer[: len(HELLO)]
        return self._greeted

    def _end_of_frame(self, start: int) -> int | None:
        """Return where the frame at `start` ends, or ``None`` while it is incomplete."""
        body = start + _LENGTH.size
        if len(self._buffer) < body:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer, start)
        if length > MAX_FRAME:
            raise WireError(f"frame of {length} bytes exceeds the limit of {MAX_FRAME}")
        end: int = body + length
        return end if len(self._buffer) >= end else None


class Fields:
    """Reads the fields of one message in their order.

    Parameters
    ----------
    values
        The fields, without the message's number.
    """

    __slots__ = ("_at", "_values")

    def __init__(self, values: Sequence[str]) -> None:
        self._values = values
        self._at = 0

    @property
    def left(self) -> int:
        """Number of fields not yet read."""
        return len(self._values) - self._at

    def text(self) -> str:
        """Read the next field as it is.

        Raises
        ------
        WireError
            If there is none.
        """
        if self._at >= len(self._values):
            raise WireError(f"message ends after {len(self._values)} fields, one more expected")
        self._at += 1
        return self._values[self._at - 1]

    def integer(self) -> int:
        """Read a whole number; empty is 0.

        Raises
        ------
        WireError
            If it is not a whole number.
        """
        text = self.text()
        try:
            return int(text or 0)
        except ValueError as error:
            raise WireError(f"field {self._at} is {text!r}, a whole number expected") from error

    def number(self) -> float | None:
        """Read a number; empty and *unset* are ``None``.

        Raises
        ------
        WireError
            If it is not a finite number.
        """
        return parse_number(self.text())

    def flag(self) -> bool:
        """Read a truth value: 1 or ``true``, else false."""
        return self.text() in {"1", "true", "True"}

    def take(self, count: int) -> list[str]:
        """Read the next `count` fields as they are."""
        return [self.text() for _ in range(count)]

    def finish(self, what: str) -> None:
        """Make sure that the whole message has been read.

        Raises
        ------
        WireError
            If fields are left over: the reading of an earlier one was wrong.
        """
        if self.left:
            rest = list(self._values[self._at : self._at + 5])
            raise WireError(f"{what}: {self.left} fields left over, {rest!r} first")


def parse_number(text: str) -> float | None:
    """Read the text of a number; empty and *unset* are ``None``.

    Raises
    ------
    WireError
        If it is not a finite number.
    """
    if text in {"", UNSET, UNSET_INTEGER}:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise WireError(f"field {text!r} is not a number") from error
    if not math.isfinite(value):
        raise WireError(f"field {text!r} is not a finite number")
    return None if value >= _UNSET_FLOOR else value
