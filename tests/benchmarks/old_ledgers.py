"""Ledgers of many years, made of one month of real sessions that is repeated into the past.

The newest month is a demo's, as the bot wrote it, with an alert in each session besides, as a demo
has few. Each earlier month is a copy of all its rows with dates five weeks earlier, and its
structures closed: what a ledger of that age would hold, in the places where it would hold it.
Bodies of snapshots and decisions are copied as they are; only the newest are ever read. The totals
are made anew from all rows.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sqlite3
import subprocess
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.ledger.connection import SCHEMA_VERSION
from bot.ledger.totals import TOTALS, rebuild

if TYPE_CHECKING:
    from pathlib import Path

MONTH, WEEKS = 21, 5
SESSIONS_PER_YEAR = 252
STRIDE = 1_000_000
NUMBERS = frozenset({"id", "run_id", "session_id", "decision_id"})
NAMES = frozenset({"order_ref", "family"})
DATE = re.compile(r"\d{4}-\d{2}-\d{2}|(?<=-)\d{8}\b")


def demo(folder: Path) -> Path:
    """Return a project folder with a month of sessions, made once."""
    made = folder / f"month-{SCHEMA_VERSION}"
    if not (made / "logs" / "reports").is_dir():
        shutil.rmtree(made, ignore_errors=True)
        words = ("demo", "--sessions", str(MONTH), "--out", str(made))
        subprocess.run([sys.executable, "-m", "bot.start", *words], check=True, capture_output=True)
    return made


def aged(project: Path, years: int) -> Path:
    """Return a copy of the project whose ledger is that old, made once."""
    made = project.with_name(f"{project.name}-{years}-years")
    done = made / "done"
    if not done.exists():
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(project, made)
        _age(made / "ledger" / "steward.db", months=round(years * SESSIONS_PER_YEAR / MONTH))
        done.touch()
    return made


def _age(path: Path, *, months: int) -> None:
    """Put copies of all rows before the ones that are there."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.create_function("moved", 2, _moved, deterministic=True)
    database.execute("BEGIN")
    database.execute(_ALERTS)
    tables = [
        name
        for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if not name.startswith(("_", "sqlite_")) and name not in TOTALS
    ]
    for table in tables:
        database.execute(f"CREATE TEMP TABLE month_{table} AS SELECT * FROM {table}")  # noqa: S608
        database.execute(_renumbered(database, table, months))
    for month in range(1, months):
        for table in tables:
            database.execute(
                _copy(database, table), {"month": months - month, "days": -7 * WEEKS * month}
            )
    rebuild(database)
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


_ALERTS = """
INSERT INTO alerts (session, at, code, text)
SELECT session, started_at, 'CLOCK_SKEW', 'one of this age' FROM sessions WHERE dry = 0
"""


def _columns(database: sqlite3.Connection, table: str) -> dict[str, str]:
    return {row[1]: row[2] for row in database.execute(f"PRAGMA main.table_info({table})")}


def _renumbered(database: sqlite3.Connection, table: str, months: int) -> str:
    """Return the statement that makes room for the numbers of older rows."""
    numbers = [name for name in _columns(database, table) if name in NUMBERS]
    changes = ", ".join(f"{name} = {name} + {months * STRIDE}" for name in numbers)
    return f"UPDATE {table} SET {changes}" if numbers else "SELECT 1"  # noqa: S608


def _copy(database: sqlite3.Connection, table: str) -> str:
    """Return the statement that adds one earlier month of a table."""
    columns = _columns(database, table)
    values = ", ".join(_value(table, name, kind) for name, kind in columns.items())
    return f"INSERT OR IGNORE INTO {table} SELECT {values} FROM temp.month_{table}"  # noqa: S608


def _value(table: str, name: str, kind: str) -> str:
    """Return the expression of a column of an earlier month."""
    if name in NUMBERS:
        return f"{name} + :month * {STRIDE}"
    if name in NAMES:
        return f"substr({name}, 1, 14) || printf('-%05d', :month)"
    if (table, name) == ("structures", "state"):
        return "CASE state WHEN 'open' THEN 'closed' ELSE state END"
    if name == "commission_known":
        return "1"
    if kind == "TEXT" and name not in {"detail", "value", "observed", "bound", "text", "contract"}:
        return f"moved({name}, :days)"
    return name


@lru_cache(maxsize=100_000)
def _moved(text: str | None, days: int) -> str | None:
    """Return a text with its dates moved."""
    if text is None:
        return None
    return DATE.sub(lambda found: _moved_date(found[0], days), text)


def _moved_date(text: str, days: int) -> str:
    try:
        moved = dt.date.fromisoformat(text) + dt.timedelta(days=days)
    except ValueError:
        return text
    return moved.isoformat() if "-" in text else f"{moved:%Y%m%d}"
