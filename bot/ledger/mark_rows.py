"""How a mark is written as a row, and read back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bot.core.mark import Mark
from bot.ledger.text import optional_decimal, optional_decimal_text, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

Columns: TypeAlias = "dict[str, str | float | None]"

_FIELDS: Final = tuple(field.name for field in dataclasses.fields(Mark))
_MONEY: Final = frozenset(name for name in _FIELDS if name.endswith("_usd")) - {"gross_width_usd"}

MARK_COLUMNS: Final = ", ".join(f"marks.{name}" for name in _FIELDS)
"""The columns of a mark, in the order in which `read_mark` takes them."""


def mark_row(mark: Mark) -> Columns:
    """Return the row of a mark."""
    row = {name: getattr(mark, name) for name in _FIELDS}
    money = {name: optional_decimal_text(row[name]) for name in _MONEY}
    return row | money | {"session": mark.session.isoformat(), "at": time_text(mark.at)}


def read_mark(row: Sequence[Any]) -> Mark:
    """Read a row of `MARK_COLUMNS`; columns behind them are left alone."""
    values: dict[str, Any] = dict(zip(_FIELDS, row, strict=False))
    for name in _MONEY:
        values[name] = optional_decimal(values[name])
    values["session"] = dt.date.fromisoformat(values["session"])
    values["at"] = dt.datetime.fromisoformat(values["at"])
    return Mark(**values)
