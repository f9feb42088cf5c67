"""How facts are written: whole objects as JSON, plain values as text.

An object is stored only if it reads back equal, which is checked at each writing: what JSON
cannot carry (NaN, infinity, a type that changes on the way) is refused there and then, rather
than found in a year. Decimals are strings in the JSON, so they stay exact.

Plain text needs the standard library only. Objects need pydantic, which is imported when the
first object passes, so that read-only commands start without it.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar

from bot.core.errors import LedgerError

if TYPE_CHECKING:
    from typing import Any

    from pydantic import TypeAdapter

    from bot.core.decision import Observed

T = TypeVar("T")

ORDER_REF_PREFIX: Final = "st-"
_ORDER_REF_BYTES: Final = 10

_adapters: Final[dict[type, TypeAdapter[Any]]] = {}


def order_ref(intent_id: str) -> str:
    """Return the key by which the venue knows the intent: 19 ASCII characters.

    80 bits of the SHA-256 of `intent_id` in base32, behind a prefix that marks it as ours. The
    same intent has the same key in every process, so an order that is found at the venue after
    a crash leads back to its intent.
    """
    digest = hashlib.sha256(intent_id.encode()).digest()[:_ORDER_REF_BYTES]
    return ORDER_REF_PREFIX + base64.b32encode(digest).decode().lower()


def encode(value: T, kind: type[T]) -> str:
    """Write `value` as JSON.

    Raises
    ------
    LedgerError
        It would not read back equal.
    """
    text = _adapter(kind).dump_json(value).decode()
    if decode(text, kind) != value:
        raise LedgerError(f"{kind.__name__}: does not survive being stored (NaN or a wrong type)")
    return text


def decode(text: str | bytes, kind: type[T]) -> T:
    """Read what ``encode`` wrote.

    Raises
    ------
    LedgerError
        The text is not an object of this kind.
    """
    try:
        value: T = _adapter(kind).validate_json(text)
    except ValueError as fault:
        raise LedgerError(f"{kind.__name__}: cannot be read from the ledger: {fault}") from fault
    return value


def pack(value: T, kind: type[T]) -> bytes:
    """Write a large object as compressed JSON; see ``encode``."""
    return zlib.compress(encode(value, kind).encode(), level=6)


def unpack(body: bytes, kind: type[T]) -> T:
    """Read what ``pack`` wrote."""
    try:
        text = zlib.decompress(body)
    except zlib.error as fault:
        raise LedgerError(
            f"{kind.__name__}: cannot be unpacked from the ledger: {fault}"
        ) from fault
    return decode(text, kind)


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        from pydantic import TypeAdapter  # noqa: PLC0415 - read-only commands start without it

        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def time_text(at: dt.datetime) -> str:
    """Write a UTC time; texts sort as times do.

    Raises
    ------
    LedgerError
        The time is naive.
    """
    if at.tzinfo is None:
        raise LedgerError(f"time {at.isoformat()}: has no zone; pass an aware datetime")
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


def decimal_text(amount: Decimal) -> str:
    """Write an exact decimal.

    Raises
    ------
    LedgerError
        It is NaN or infinite.
    """
    if not amount.is_finite():
        raise LedgerError(f"amount {amount}: must be finite; unknown is None")
    return str(amount)


def optional_decimal_text(amount: Decimal | None) -> str | None:
    """Write an exact decimal; unknown stays unknown."""
    return None if amount is None else decimal_text(amount)


def optional_decimal(text: str | None) -> Decimal | None:
    """Read an exact decimal; unknown stays unknown."""
    return None if text is None else Decimal(text)


def plain_text(value: Observed | dict[str, object]) -> str:
    """Write a plain value as JSON.

    Raises
    ------
    LedgerError
        It holds NaN, infinity, or something that JSON has no form for.
    """
    try:
        return json.dumps(value, allow_nan=False, sort_keys=True)
    except (ValueError, TypeError) as fault:
        raise LedgerError(f"value {value!r}: cannot be stored: {fault}") from fault
