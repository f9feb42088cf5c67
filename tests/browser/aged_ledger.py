"""A ledger of ten years, made from one of weeks: the same sessions again, moved into the past.

The newest sessions stay the real ones. Snapshots and decisions of the copies are those of their
model, byte by byte: what matters here is how many rows there are and how large they are.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.ledger.totals import TOTALS, rebuild

if TYPE_CHECKING:
    from pathlib import Path

COPIES: Final = 62
STEP_DAYS: Final = 63
"""Nine weeks: more than the forty sessions of the model last, and weekdays stay weekdays."""

ID_STEP: Final = 1_000_000
ONCE: Final = frozenset({"runs", "config_versions", "_sqlite_migrations"})

_DATE: Final = re.compile(r"(?<!\d)(20\d\d)(-?)([01]\d)\2([0-3]\d)(?!\d)")


def age(young: Path, old: Path, *, copies: int = COPIES) -> int:
    """Write a copy of the ledger `young` to `old` with its past; return its sessions."""
    shutil.copyfile(young, old)
    database = sqlite3.connect(old)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("ATTACH DATABASE ? AS young", (str(young),))
    names = [
        row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    for copy in range(1, copies + 1):
        database.create_function("moved", 1, partial(_moved, days=-copy * STEP_DAYS))
        for name in set(names) - ONCE - TOTALS - {"sqlite_sequence"}:
            _again(database, name, copy)
    rebuild(database)
    database.commit()
    counted = int(database.execute("SELECT count(*) FROM sessions WHERE dry = 0").fetchone()[0])
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    return counted


def _moved(text: str | None, *, days: int) -> str | None:
    if text is None:
        return None

    def earlier(found: re.Match[str]) -> str:
        year, dash, month, day = found.groups()
        try:
            date = dt.date(int(year), int(month), int(day)) + dt.timedelta(days=days)
        except ValueError:
            return found.group()
        return date.strftime(f"%Y{dash}%m{dash}%d")

    return _DATE.sub(earlier, text)


def _again(database: sqlite3.Connection, table: str, copy: int) -> None:
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    shown = ", ".join(_column(name, kind, copy) for _, name, kind, *_ in columns)
    database.execute(f"INSERT OR IGNORE INTO {table} SELECT {shown} FROM young.{table}")  # noqa: S608 - names of the schema


def _column(name: str, kind: str, copy: int) -> str:
    """Return how a column is copied: numbers of rows and names that must differ, dates moved."""
    if kind == "INTEGER" and name != "run_id" and (name == "id" or name.endswith("_id")):
        return f"{name} + {copy * ID_STEP}"
    if name == "order_ref":
        return f"substr({name}, 1, 17) || '{copy:03d}'"
    if name == "family":
        return f"{name} || '.{copy}'"
    return f"moved({name})" if kind == "TEXT" else name
