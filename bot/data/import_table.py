"""Reading of tables that others wrote: every fault names the file, the line and the column."""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.errors import RecordedDataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def read_lines(path: Path) -> tuple[tuple[int, list[str]], ...]:
    """Read a CSV file (``.gz`` too): each line that is not empty, with its number.

    Raises
    ------
    RecordedDataError
        If it is missing, cut short, or no text.
    """
    line = 0
    found: list[tuple[int, list[str]]] = []
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise RecordedDataError(f"{path}: {fault.strerror}") from fault
    try:
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
        reader = csv.reader(text.splitlines(), strict=True, skipinitialspace=True)
        for cells in reader:
            line = reader.line_num
            if any(cells):
                found.append((line, [cell.strip() for cell in cells]))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as fault:
        raise RecordedDataError(f"{path}, after line {line}: {fault}") from fault
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One line of a table.

    Parameters
    ----------
    path, line
        Where it stands.
    by_column
        Its cells by the names of their columns.
    """

    path: Path
    line: int
    by_column: Mapping[str, str]

    def fault(self, column: str, text: str) -> RecordedDataError:
        """Return a fault of one cell, to be raised."""
        return RecordedDataError(
            f"{self.path}, line {self.line}, column {column}: {self.by_column[column]!r} {text}"
        )

    def number(self, column: str) -> float:
        """Return a finite number.

        Raises
        ------
        RecordedDataError
            If the cell is anything else.
        """
        try:
            value = float(self.by_column[column])
        except ValueError as error:
            raise self.fault(column, "is not a number") from error
        if not math.isfinite(value):
            raise self.fault(column, "is not a finite number")
        return value

    def optional_number(self, column: str) -> float | None:
        """Return a finite number, ``None`` for an empty cell."""
        return self.number(column) if self.by_column[column] else None

    def positive(self, column: str) -> float | None:
        """Return a number above zero; ``None`` for zero and for an empty cell, which say nothing.

        Raises
        ------
        RecordedDataError
            If it is negative, or no number.
        """
        value = self.optional_number(column)
        if value is not None and value < 0:
            raise self.fault(column, "must be >= 0")
        return value or None

    def strike(self, column: str) -> float:
        """Return a strike.

        Raises
        ------
        RecordedDataError
            If it is not above zero, or no number.
        """
        value = self.positive(column)
        if value is None:
            raise self.fault(column, "must be > 0")
        return value


def rows(
    path: Path, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]
) -> Iterator[Cells]:
    """Yield the lines below a header by its columns.

    Raises
    ------
    RecordedDataError
        If a line has more or fewer cells than the header (a file cut short while it was written),
        or there is none.
    """
    if not lines:
        raise RecordedDataError(f"{path}: no line below the header")
    for line, cells in lines:
        if len(cells) != len(header):
            column = header[min(len(cells), len(header)) - 1]
            raise RecordedDataError(
                f"{path}, line {line}, column {column}: {len(cells)} cells, the header has "
                f"{len(header)}"
            )
        yield Cells(path=path, line=line, by_column=dict(zip(header, cells, strict=True)))
