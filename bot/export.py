"""Tables out of the ledger: executions, daily marks, figures; as CSV, JSON or Parquet.

Columns and their names are stable: a new one is added at the end. Money is exact: decimals in CSV,
text in JSON, ``decimal128`` in Parquet. What is unknown is an empty cell, ``null``, null.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_type_hints

from bot.core.errors import ConfigError, NotInLedgerError
from bot.core.mark import Mark
from bot.files import replace_bytes
from bot.ledger.fill_rows import FillRow, fill_rows
from bot.ledger.queries import latest_session
from bot.review.tearsheet import FIGURES, tearsheets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bot.ledger.store import Ledger

FORMATS: Final = ("csv", "json", "parquet")
SUBJECTS: Final = ("fills", "marks", "tearsheet")
DIGITS, DECIMALS = 20, 6

Cell: TypeAlias = "str | int | float | Decimal | dt.date | dt.datetime | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns of one type each.

    Parameters
    ----------
    columns
        Name and type of each column: ``str``, ``int``, ``float``, ``Decimal``, ``date`` or
        ``datetime``; each cell may be ``None``.
    rows
        Their cells.
    """

    columns: tuple[tuple[str, type], ...]
    rows: tuple[tuple[Cell, ...], ...]


def export_table(
    ledger: Ledger, subject: str, *, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> Table:
    """Return a table of the sessions from `first` to `last`, both included.

    Parameters
    ----------
    ledger
        Open to read.
    subject
        One of `SUBJECTS`.
    first, last
        Range of sessions.

    Raises
    ------
    NotInLedgerError
        If the ledger has no session in the range, though it has others.
    """
    _demand_session(ledger, first, last)
    if subject == "fills":
        return _of_facts(FillRow, fill_rows(ledger, first, last))
    marks = [mark for mark in ledger.marks() if first <= mark.session <= last]
    if subject == "marks":
        return _of_facts(Mark, marks)
    return _tearsheet(marks)


def _demand_session(ledger: Ledger, first: dt.date, last: dt.date) -> None:
    newest = latest_session(ledger)
    between = (first.isoformat(), last.isoformat())
    found = ledger.value("SELECT 1 FROM sessions WHERE session BETWEEN ? AND ? LIMIT 1", between)
    if newest is not None and found is None:
        since = "" if first == dt.date.min else f" from {first}"
        until = "" if last == dt.date.max else f" to {last}"
        raise NotInLedgerError(f"no session{since}{until}: the newest is {newest}")


def _of_facts(kind: type, facts: Sequence[Any]) -> Table:
    """Return a table with a column for each field of a dataclass."""
    hints = get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    return Table(
        columns=tuple((name, _plain_type(hints[name])) for name in names),
        rows=tuple(tuple(getattr(fact, name) for name in names) for fact in facts),
    )


def _plain_type(hint: Any) -> type:  # noqa: ANN401 - a type hint
    """Return the type of a column: ``Decimal`` of ``Decimal | None``."""
    options = getattr(hint, "__args__", (hint,))
    found: type = next(each for each in options if each is not type(None))
    return found


def _tearsheet(marks: Sequence[Mark]) -> Table:
    sheets = tearsheets(marks)
    return Table(
        columns=(("figure", str), ("book", float), ("shadow", float)),
        rows=tuple(
            (name, getattr(sheets["book"], name), getattr(sheets["shadow"], name))
            for name in FIGURES
        ),
    )


def as_bytes(table: Table, form: str) -> bytes:
    """Return a table in one of `FORMATS`."""
    writers = {"csv": _as_csv, "json": _as_json, "parquet": _as_parquet}
    return writers[form](table)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole; one that exists is not replaced.

    Raises
    ------
    ConfigError
        If it exists, or cannot be written.
    """
    if path.exists():
        raise ConfigError((f"--out {path}: exists; name a new file",))
    try:
        replace_bytes(path, content)
    except OSError as fault:
        raise ConfigError((f"--out {path}: cannot be written: {fault.strerror}",)) from fault


def _as_csv(table: Table) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name for name, _ in table.columns])
    writer.writerows([["" if cell is None else _text(cell) for cell in row] for row in table.rows])
    return text.getvalue().encode()


def _as_json(table: Table) -> bytes:
    names = [name for name, _ in table.columns]
    rows = [dict(zip(names, map(_plain, row), strict=True)) for row in table.rows]
    return (json.dumps(rows, indent=1) + "\n").encode()


def _plain(cell: Cell) -> str | int | float | None:
    return cell if cell is None or isinstance(cell, int | float) else _text(cell)


def _text(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def _as_parquet(table: Table) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - 0.2 s, only where Parquet is written
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    kinds: Mapping[type, Any] = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        Decimal: pa.decimal128(DIGITS, DECIMALS),
        dt.date: pa.date32(),
        dt.datetime: pa.timestamp("us", tz="UTC"),
    }
    columns = [
        pa.array([_exact(row[n]) for row in table.rows], type=kinds[kind])
        for n, (_, kind) in enumerate(table.columns)
    ]
    content = io.BytesIO()
    pq.write_table(pa.table(columns, names=[name for name, _ in table.columns]), content)
    return content.getvalue()


def _exact(cell: Cell) -> Cell:
    """Return a decimal with the number of places that its column has."""
    if not isinstance(cell, Decimal):
        return cell
    return cell.quantize(Decimal(1).scaleb(-DECIMALS))
