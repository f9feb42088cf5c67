"""The macro months that the user keeps in ``config/macro.csv``.

One line a month, oldest first and none left out: ``2026-07,112.3,1.38``. A cell that is empty is
unknown. The file may be absent or hold its header only: then both z-scores are unknown, which
leaves the pace of the hedge at its default. A file with a fault is refused as a whole.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.config import read_file
from bot.core.errors import ConfigError
from bot.core.model import MacroMonth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER: Final = ("month", "reer", "rate_differential_pct")
BOUNDS: Final = {"reer": (1.0, 1000.0), "rate_differential_pct": (-50.0, 50.0)}
MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


class _Line(NamedTuple):
    """A line of the file: its number, and its cells by the names of the header."""

    number: int
    cells: dict[str, str]


def load_macro(path: Path) -> tuple[MacroMonth, ...]:
    """Read ``config/macro.csv``; an absent file holds no month.

    Raises
    ------
    ConfigError
        With every fault of the file: line, column, value, bound.
    """
    if not path.exists():
        return ()
    source = f"{path.absolute().parent.name}/{path.name}"
    lines, faults = _read(read_file(path), source)
    faults += [f"{source}:{fault}" for line in lines for fault in _cell_faults(line)]
    if not faults:
        faults += [f"{source}:{fault}" for fault in _order_faults(lines)]
    if faults:
        raise ConfigError(tuple(faults))
    return tuple(_month(line.cells) for line in lines)


def _read(content: bytes, source: str) -> tuple[list[_Line], list[str]]:
    """Return the lines that have all their cells, and the faults of the others."""
    try:
        rows = list(csv.reader(content.decode().splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError((f"{source}: cannot be read: {error}",)) from error
    header = tuple(rows[0]) if rows else ()
    if header != HEADER:
        text = f"header = {','.join(header)!r}: must be {','.join(HEADER)}"
        raise ConfigError((f"{source}:1: {text}",))
    numbered = [(number, cells) for number, cells in enumerate(rows[1:], start=2) if cells]
    short = [
        f"{source}:{number}: {len(cells)} cells: must be {len(HEADER)}"
        for number, cells in numbered
        if len(cells) != len(HEADER)
    ]
    whole = [
        _Line(number, dict(zip(HEADER, map(str.strip, cells), strict=True)))
        for number, cells in numbered
        if len(cells) == len(HEADER)
    ]
    return whole, short


def _cell_faults(line: _Line) -> Iterator[str]:
    month = line.cells["month"]
    if not MONTH.fullmatch(month):
        yield f"{line.number}: month = {month!r}: must be a month as 2026-07"
    for name, (least, most) in BOUNDS.items():
        cell = line.cells[name]
        value = _number(cell)
        if cell and not (value is not None and least <= value <= most):
            yield f"{line.number}: {name} = {cell!r}: must be {least:g} to {most:g}, or empty"


def _order_faults(lines: list[_Line]) -> Iterator[str]:
    for before, line in pairwise(lines):
        month = line.cells["month"]
        expected = following(_first_day(before.cells["month"]))
        if _first_day(month) != expected:
            yield (
                f"{line.number}: month = {month!r}: must be {expected:%Y-%m}, the month after "
                "the line before; leave its cells empty when they are not known"
            )


def following(month: dt.date) -> dt.date:
    """Return the first day of the month after."""
    return (month.replace(day=28) + dt.timedelta(days=4)).replace(day=1)


def _first_day(month: str) -> dt.date:
    return dt.date.fromisoformat(f"{month}-01")


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _month(cells: dict[str, str]) -> MacroMonth:
    return MacroMonth(
        month=_first_day(cells["month"]),
        reer=_number(cells["reer"]),
        rate_differential_pct=_number(cells["rate_differential_pct"]),
    )
