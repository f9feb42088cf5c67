"""Copies of a ledger: made while it is in use, checked, and put in a ledger's place."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bot.core.errors import LedgerError
from bot.files import create_private, flush
from bot.ledger.connection import SCHEMA_VERSION

FAILED: Final = ".failed"
_COMPANIONS: Final = ("-wal", "-shm")


def copy_checked(source: sqlite3.Connection, path: Path) -> None:
    """Copy the database of `source` to `path`, which is then whole and on the disk, or as before.

    Raises
    ------
    LedgerError
        The copy fails its check; it is kept beside `path` under another name.
    sqlite3.Error, OSError
        The copy could not be made.
    """
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    create_private(partial)
    try:
        _copy(source, partial)
        fault = fault_of(partial)
        flush(partial)
        if fault:
            aside = partial.replace(path.with_name(path.name + FAILED))
            raise LedgerError(f"{path}: the backup fails its check: {fault}; kept as {aside.name}")
        partial.replace(path)
        flush(path.parent)
    except (sqlite3.Error, OSError):
        partial.unlink(missing_ok=True)
        raise


def _copy(source: sqlite3.Connection, path: Path) -> None:
    """Copy page by page into a single file, which needs no companion to be read."""
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        source.backup(copy)
        try:
            copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.DatabaseError:
            return  # what is damaged stays as it was copied, for the check to name


def fault_of(path: Path) -> str | None:
    """Return why the file is not a whole ledger that this version can read; ``None`` if it is."""
    if not path.is_file():
        return "there is no such file"
    try:
        with closing(_reading(path)) as database:
            found = " ".join(str(database.execute("PRAGMA quick_check(1)").fetchone()[0]).split())
            version = int(database.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as fault:
        return str(fault)
    if found != "ok":
        return f"damaged ({found})"
    if not 1 <= version <= SCHEMA_VERSION:
        return f"schema {version}, this version reads 1 to {SCHEMA_VERSION}"
    return None


def _reading(path: Path) -> sqlite3.Connection:
    """Open a file that nobody writes; without a log beside it, nothing is made there either."""
    alone = "" if Path(f"{path}-wal").exists() else "&immutable=1"
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{alone}"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def put_in_place(backup: Path, ledger: Path) -> Path | None:
    """Put a copy of `backup` in the place of `ledger`, whose lock the caller holds.

    The present ledger, with what it has not yet taken over from its write-ahead log, is complete
    under another name before anything is replaced. The old log must be gone before the new file
    comes: SQLite would play it into it.

    Returns
    -------
    Path | None
        Where the present ledger is kept; ``None`` if there was none.

    Raises
    ------
    LedgerError
        A file could not be written.
    """
    fresh = ledger.with_name(f"{ledger.name}.restoring")
    try:
        fresh.unlink(missing_ok=True)
        create_private(fresh)
        with closing(_reading(backup)) as source:
            _copy(source, fresh)
        flush(fresh)
        aside = _kept_aside(ledger) if ledger.exists() else None
        for companion in _COMPANIONS:
            Path(f"{ledger}{companion}").unlink(missing_ok=True)
        fresh.replace(ledger)
        flush(ledger.parent)
    except (sqlite3.Error, OSError) as fault:
        fresh.unlink(missing_ok=True)
        raise LedgerError(f"{ledger}: cannot restore {backup}: {fault}") from fault
    return aside


def _kept_aside(ledger: Path) -> Path:
    """Give the ledger and its log a second name."""
    stamp = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}"
    aside = ledger.with_name(f"{ledger.name}.before-restore-{stamp}")
    for companion in ("", "-wal"):
        if Path(f"{ledger}{companion}").exists():
            os.link(f"{ledger}{companion}", f"{aside}{companion}")
    flush(ledger.parent)
    return aside
