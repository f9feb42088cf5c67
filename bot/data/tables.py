"""Reading of recorded CSV files: every fault names the file and the line."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import math
import zlib
from typing import TYPE_CHECKING, TextIO

from bot.core.errors import RecordedDataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Read a CSV file (``.gz`` too) and yield each line's number with its cells.

    Parameters
    ----------
    path
        The file.
    columns
        Columns to return, in this order; the file may have others.

    Raises
    ------
    RecordedDataError
        If the file is missing, cannot be read or decompressed, has no such column, or a line
        has more or fewer cells than its header (a file cut short while it was written).
    """
    line = 1
    try:
        with _opened(path) as text:
            reader = csv.reader(text, strict=True)
            header = next(reader, [])
            positions = [_position(path, header, column) for column in columns]
            for cells in reader:
                line = reader.line_num
                if len(cells) != len(header):
                    raise RecordedDataError(
                        f"{path}, line {line}: {len(cells)} cells, the header has {len(header)}"
                    )
                yield line, [cells[position] for position in positions]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise RecordedDataError(f"{path}, after line {line}: {error}") from error


def header(path: Path) -> tuple[str, ...]:
    """Return the columns of a CSV file; empty for an empty file.

    Raises
    ------
    RecordedDataError
        If the file cannot be read or decompressed.
    """
    try:
        with _opened(path) as text:
            return tuple(next(csv.reader(text, strict=True), []))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise RecordedDataError(f"{path}, line 1: {error}") from error


def number(path: Path, line: int, cell: str) -> float:
    """Return a finite number.

    Raises
    ------
    RecordedDataError
        If the cell is anything else.
    """
    try:
        value = float(cell)
    except ValueError as error:
        raise RecordedDataError(f"{path}, line {line}: {cell!r} is not a number") from error
    if not math.isfinite(value):
        raise RecordedDataError(f"{path}, line {line}: {cell!r} is not a finite number")
    return value


def optional_number(path: Path, line: int, cell: str) -> float | None:
    """Return a finite number, or ``None`` for an empty cell.

    Raises
    ------
    RecordedDataError
        If the cell is anything else.
    """
    return number(path, line, cell) if cell else None


def date(path: Path, line: int, cell: str) -> dt.date:
    """Return an ISO date.

    Raises
    ------
    RecordedDataError
        If the cell is anything else.
    """
    try:
        return dt.date.fromisoformat(cell)
    except ValueError as error:
        raise RecordedDataError(f"{path}, line {line}: {cell!r} is not a date") from error


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _position(path: Path, header: list[str], column: str) -> int:
    if column not in header:
        raise RecordedDataError(f"{path}, line 1: no column {column!r} among {header}")
    return header.index(column)
