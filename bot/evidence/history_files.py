"""Tables of history as CSV files: every fault is named with its rows and what it leaves usable.

- A header may be ours or that of Cboe's and of FRED's own downloads: case does not matter, a date
  is ISO or MM/DD/YYYY, ``.`` and an empty cell are *not recorded*.
- Rows ascend by date. A row that cannot be read, repeats a date or goes back in time is a fault,
  and what lies on either side of it is not joined: the longest unbroken stretch is usable.
- A table that is missing altogether is the caller's to judge: some have a named substitute.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DATE: Final = "date"
DATE_NAMES: Final = frozenset({DATE, "observation_date", "trade date", "month"})
UNEVEN: Final = "(a row with more or fewer cells than its header)"
NOT_RECORDED: Final = ("", ".")
LEAST_LEVEL: Final = 1e-6
FIRST_LINE: Final = 2
"""Line of the first row: that of the header is 1."""

MOST_NAMED: Final = 4
"""Of more sessions than this, only the first and the last are named."""

MOST_ROWS_NAMED: Final = 6
"""Of more faulty rows than this, the first ones are named and the rest counted."""

Dates: TypeAlias = NDArray[np.datetime64]
Values: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFault:
    """What is wrong with a file of history, and what can be used of it all the same.

    Parameters
    ----------
    file
        Name of the file.
    rows
        Lines of the file, the header being line 1, in words; empty for the file as a whole.
    text
        What is wrong, with the value received and the bound.
    first, last
        Range of dates that stays usable; ``None`` when nothing does.
    """

    file: str
    rows: str
    text: str
    first: dt.date | None = None
    last: dt.date | None = None

    def __str__(self) -> str:
        """One line for people."""
        where = f"{self.file}, {self.rows}" if self.rows else self.file
        left = "nothing of it" if self.first is None else f"{self.first} to {self.last}"
        return f"{where}: {self.text}; usable: {left}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Rows of one file that can be used, oldest first.

    Parameters
    ----------
    file
        Name of the file.
    dates
        Shape (n,), ascending; strictly so unless the table has one row a contract.
    columns
        Numbers by name, shape (n,) each, NaN where not recorded.
    texts
        Cells that are no numbers, by name.
    faults
        What was wrong with the rest.
    line
        Line of the file on which the first row stands; ``None`` where several files were joined.
    """

    file: str
    dates: Dates
    columns: Mapping[str, Values]
    texts: Mapping[str, NDArray[np.str_]]
    faults: tuple[HistoryFault, ...]
    line: int | None = None

    @property
    def first(self) -> dt.date | None:
        """First usable date."""
        return as_day(self.dates[0]) if self.dates.size else None

    @property
    def last(self) -> dt.date | None:
        """Last usable date."""
        return as_day(self.dates[-1]) if self.dates.size else None


def found(folder: Path, names: Sequence[str]) -> Path | None:
    """Return the first file of `names` that the folder holds, compressed (``.gz``) or not."""
    files = (folder / f"{name}{suffix}" for name in names for suffix in ("", ".gz"))
    return next((file for file in files if file.is_file()), None)


def fingerprint(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of the files' names and contents, hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a file of history holds beside its dates; names in lower case.

    Parameters
    ----------
    numbers, texts
        Columns that the file must have.
    optional
        Columns of numbers that it may have; NaN throughout where it has not.
    also_dates
        Those of the texts that must be dates.
    repeats
        Whether a date may have several rows: one for each contract or event.
    positive
        Whether a number must be > 0.
    most_move
        Greatest believable ratio of two closes in a row, or of their inverse.
    """

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    also_dates: tuple[str, ...] = ()
    repeats: bool = False
    positive: bool = True
    most_move: float = math.inf


def read_table(path: Path, layout: Layout) -> Table:
    """Read a CSV file of history, ``.gz`` too.

    Returns
    -------
    Table
        The longest stretch without a fault; empty, with the fault, when nothing can be read.
    """
    try:
        raw = _cells(path)
        _require(raw, (DATE, *layout.numbers, *layout.texts))
    except _UnreadableError as error:
        return nothing(path.name, layout, str(error))
    dates = _dates(raw[DATE])
    values = {name: _values(raw, name) for name in (*layout.numbers, *layout.optional)}
    checks = _date_checks(raw[DATE], dates, repeats=layout.repeats)
    checks += [_no_date(raw[name], _dates(raw[name])) for name in layout.also_dates]
    for name in (name for name in values if name in raw):
        checks += _checks(raw[name], values[name], positive=layout.positive)
    checks += _jumps(values, layout.most_move)
    kept = _longest(np.logical_or.reduce([bad for _, bad in checks]))
    return Table(
        file=path.name,
        dates=dates[kept],
        columns={name: each[kept] for name, each in values.items()},
        texts={name: raw[name].to_numpy(dtype=str)[kept] for name in layout.texts},
        faults=tuple(_faults(path.name, checks, dates[kept])),
        line=kept.start + FIRST_LINE,
    )


def nothing(file: str, layout: Layout, text: str) -> Table:
    """Return a table without a row, and the fault that left it so."""
    return Table(
        file=file,
        dates=np.array([], "datetime64[D]"),
        columns={name: np.array([]) for name in (*layout.numbers, *layout.optional)},
        texts={name: np.array([], str) for name in layout.texts},
        faults=(HistoryFault(file=file, rows="", text=text),),
    )


_Check: TypeAlias = "tuple[str, Rows]"
"""What is wrong, and the rows with which it is."""


class _UnreadableError(Exception):
    """A file of which no row can be used."""


def _cells(path: Path) -> pd.DataFrame:
    """All cells as texts by lower-case header."""
    try:
        with _opened(path) as text:
            read = list(csv.reader(text, strict=True))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise _UnreadableError(f"cannot be read: {error}") from error
    if len(read) < 2:  # noqa: PLR2004 - a header and one row
        raise _UnreadableError("no row")
    header = [_column(name) for name in read[0]]
    blank = [UNEVEN, *[""] * len(header)]
    blank.insert(header.index(DATE) if DATE in header else 0, blank.pop(0))
    even = [row if len(row) == len(header) else blank[: len(header)] for row in read[1:]]
    return pd.DataFrame(even, columns=header, dtype=str)


def _column(name: str) -> str:
    plain = name.strip().lower()
    return DATE if plain in DATE_NAMES else plain


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _require(raw: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in raw]
    if missing:
        raise _UnreadableError(f"no column {', '.join(missing)} among {', '.join(map(str, raw))}")


def _dates(cells: pd.Series) -> Dates:
    """Dates of ISO, YYYY-MM or MM/DD/YYYY cells; NaT for any other."""
    american = cells.str.contains("/", regex=False)
    iso = pd.to_datetime(cells.where(~american), format="ISO8601", errors="coerce")
    other = pd.to_datetime(cells.where(american), format="%m/%d/%Y", errors="coerce")
    return iso.fillna(other).to_numpy("datetime64[D]")


def _values(raw: pd.DataFrame, name: str) -> Values:
    """Numbers of a column; NaN where a cell is none, and throughout where there is no column."""
    if name not in raw:
        return np.full(len(raw), np.nan)
    return pd.to_numeric(raw[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)


def _date_checks(cells: pd.Series, dates: Dates, *, repeats: bool) -> list[_Check]:
    """Rows without a date, out of order, and with a date that was there before."""
    unknown = np.isnat(dates)
    days = np.where(unknown, np.datetime64("0001-01-01", "D"), dates)
    highest = np.concatenate([days[:1], np.maximum.accumulate(days)[:-1]])
    again = np.concatenate([[False], days[1:] == highest[1:]]) & ~unknown
    checks = [
        _no_date(cells, dates),
        ("dates go back: rows must ascend by date", (days < highest) & ~unknown),
    ]
    return checks if repeats else [*checks, ("the date of an earlier row again", again)]


def _no_date(cells: pd.Series, dates: Dates) -> _Check:
    unknown = np.isnat(dates)
    return f"{_first(cells, unknown)!r} is not a date", unknown


def _checks(cells: pd.Series, values: Values, *, positive: bool) -> list[_Check]:
    """Rows with a cell that is no number, and with a number that cannot be a level."""
    recorded = ~cells.isin(NOT_RECORDED).to_numpy()
    wrong = recorded & ~np.isfinite(values)
    low = recorded & (values <= 0) if positive else np.zeros_like(recorded)
    return [
        (f"{cells.name} = {_first(cells, wrong)!r} is not a number", wrong),
        (f"{cells.name} = {_first(cells, low)} must be > 0", low),
    ]


def _jumps(values: Mapping[str, Values], most_move: float) -> list[_Check]:
    """Rows whose close is too far from the one before: a digit lost, another instrument."""
    if not math.isfinite(most_move):
        return []
    moves = np.abs(np.diff(np.log(np.maximum(values["close"], LEAST_LEVEL))))
    far = np.concatenate([[False], moves > math.log(most_move)])
    return [(f"close moves by more than a factor of {most_move:g} from the row before", far)]


def _first(cells: pd.Series, rows: Rows) -> str:
    return str(cells.iloc[int(np.argmax(rows))])


def _longest(bad: Rows) -> slice:
    """Return the longest stretch of rows of which none is bad."""
    edges = np.concatenate([[-1], np.flatnonzero(bad), [bad.size]])
    at = int(np.argmax(np.diff(edges)))
    return slice(int(edges[at]) + 1, int(edges[at + 1]))


def _faults(file: str, checks: Sequence[_Check], kept: Dates) -> Iterator[HistoryFault]:
    first, last = (as_day(kept[0]), as_day(kept[-1])) if kept.size else (None, None)
    for text, bad in checks:
        if bad.any():
            yield HistoryFault(file=file, rows=lines_of(bad), text=text, first=first, last=last)


def lines_of(bad: Rows, line: int = FIRST_LINE) -> str:
    """Return the lines of a file in words, the first of the rows being on `line`."""
    lines = np.flatnonzero(bad) + line
    named = ", ".join(str(line) for line in lines[:MOST_ROWS_NAMED])
    more = lines.size - MOST_ROWS_NAMED
    return f"line{'s' * (lines.size > 1)} {named}{f' and {more} more' if more > 0 else ''}"


def as_day(value: np.datetime64) -> dt.date:
    """Return a date of numpy as one of the library."""
    day: dt.date = value.astype("datetime64[D]").item()
    return day


def named(sessions: list[dt.date]) -> str:
    """Return sessions in words."""
    if len(sessions) <= MOST_NAMED:
        return f"{', '.join(map(str, sessions))}"
    return f"{len(sessions)} sessions from {sessions[0]} to {sessions[-1]}"
