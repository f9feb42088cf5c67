"""How whole objects are written: as JSON, compressed where they are large.

An object is stored only if it reads back equal, which is checked at each writing: what JSON
cannot carry (NaN, infinity, a type that changes on the way) is refused there and then, rather
than found in a year. Decimals are strings in the JSON, so they stay exact.

Pydantic is imported when the first object passes, so that read-only commands start without it.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING, Final, TypeVar

from bot.core.errors import LedgerError

if TYPE_CHECKING:
    from typing import Any

    from pydantic import TypeAdapter

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
    try:
        text = _adapter(kind).dump_json(value, warnings="error").decode()
    except ValueError as fault:
        raise LedgerError(f"{kind.__name__}: cannot be stored: {fault}") from fault
    if decode(text, kind) != value:
        raise LedgerError(f"{kind.__name__}: cannot be stored: NaN, or a value of a wrong type")
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
    return decode(inflate(body, kind.__name__), kind)


def inflate(body: bytes, name: str) -> bytes:
    """Return the JSON of what ``pack`` wrote.

    Raises
    ------
    LedgerError
        It is damaged; `name` says what it was to be.
    """
    try:
        return zlib.decompress(body)
    except zlib.error as fault:
        raise LedgerError(f"{name}: cannot be unpacked from the ledger: {fault}") from fault


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        from pydantic import TypeAdapter  # noqa: PLC0415 - read-only commands start without it

        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
