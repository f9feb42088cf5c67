"""How figures look: right for a column, the same everywhere, ``—`` for the unknown."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.core.decision import Observed

UNKNOWN = "—"

_PRECISE = 10.0
_YEAR = re.compile(r" \d{4}-")


def usd(amount: Decimal | None) -> str:
    """Write whole dollars: ``1,234,567``."""
    return UNKNOWN if amount is None else f"{amount:,.0f}"


def signed_usd(amount: Decimal | None) -> str:
    """Write a gain or a loss in whole dollars: ``+1,234``, ``-567``, ``0``."""
    if amount is None:
        return UNKNOWN
    text = f"{amount:+,.0f}"
    return "0" if text in {"+0", "-0"} else text


def cents(amount: Decimal | None) -> str:
    """Write dollars and cents."""
    return UNKNOWN if amount is None else f"{amount:,.2f}"


def points(amount: Decimal | None) -> str:
    """Write a price in points."""
    return UNKNOWN if amount is None else f"{amount:,.2f}"


def percent(share: float | None) -> str:
    """Write a share as percent: ``1.25%``."""
    return UNKNOWN if share is None else f"{share:.2%}"


def observed(value: Observed) -> str:
    """Write what a gate saw or its bound."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _number(value)
    return f"{value:,}" if isinstance(value, int) else value or "none"


def _number(value: float) -> str:
    if abs(value) >= _PRECISE or value == 0:
        return f"{value:,.2f}".removesuffix(".00")
    return f"{value:.4g}"


def without_year(label: str) -> str:
    """Write contracts without the year of their expiry: nothing is traded a year ahead."""
    return _YEAR.sub(" ", label)


def clock(at: str | None) -> str:
    """Write the UTC time of a ledger time: ``19:30:05``."""
    return UNKNOWN if at is None else f"{dt.datetime.fromisoformat(at):%H:%M:%S}"


def tone(amount: Decimal | None) -> str:
    """Return the style of a gain or a loss."""
    if amount is None or amount == Decimal(0):
        return "dim"
    return "green" if amount > 0 else "red"
