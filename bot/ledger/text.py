"""How plain values are written: times, exact decimals, and JSON without NaN."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.core.errors import LedgerError

if TYPE_CHECKING:
    from bot.core.decision import Observed


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
