"""When the whole file is checked at its opening, and what is checked else.

``PRAGMA quick_check`` reads every page: a second for each half gigabyte. It is made

- once in `EVERY`,
- after an end that was not clean: a killed process, loss of power, a fault of the database,
- whenever the file is not the very one that was closed: another size or inode, another time of
  change of the content or of the inode, or a write-ahead log that is not empty. A restore, another
  program and a repaired disk are that. So is a copy, even of file and note together with their
  times: no program sets the time of change of an inode.

Otherwise `demand_ends` reads the header, the schema and the newest rows of every table.

What vouches for the file is a note beside it, ``NAME.sound``. It is removed, and the removal
flushed, before the first write; a clean close writes it again, once the log is in the file and the
file is on the disk. So the note is missing after every other end. Any process that meets a fault of
the file removes the note, one that only reads too. It is later than the file by the clock of the
file system: a change within the same tick of that clock would not show.

Why that is enough for an order: a page that SQLite finds malformed while a session reads it is a
``LedgerError`` there, and no order leaves after one, as none leaves without a committed intent.
What a session does not read can not mislead it. What only the whole check can find (a malformed
page of the past) is found within `EVERY`, and by the check of each session's backup, which is
whole. Neither finds an amount that was changed by hand in a page that stays well-formed; the
totals do, in part.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.files import flush, replace_text

if TYPE_CHECKING:
    import sqlite3

EVERY: Final = dt.timedelta(days=7)
NEWEST_ROWS: Final = 8

TICK_SECONDS: Final = 0.002
TICKS: Final = 25
"""How long is waited for the file system's clock; a coarser one has the whole file checked."""


def note_path(ledger: Path) -> Path:
    """Return the note that vouches for a ledger."""
    return ledger.with_name(f"{ledger.name}.sound")


def taken_over(ledger: Path) -> float | None:
    """Return when the whole file was checked last, if that still holds; remove the note.

    Returns
    -------
    float | None
        Seconds since 1970; ``None``: the whole file has to be checked now.

    Raises
    ------
    OSError
        The note is there and cannot be removed: it would vouch for what is written now.
    """
    path = note_path(ledger)
    try:
        note = json.loads(path.read_text(encoding="ascii"))
        checked_at = float(note["checked_at"])
        same = note["file"] == _identity(ledger) and _is_later(path, ledger) and _is_empty(ledger)
        holds = same and _is_recent(checked_at)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        holds, checked_at = False, 0.0
    path.unlink()
    flush(path.parent)
    return checked_at if holds else None


def vouch(ledger: Path, checked_at: float) -> None:
    """Leave the note that a ledger was closed cleanly; nothing is left of one with a log beside it.

    Raises
    ------
    OSError
        The note cannot be written; the next opening checks the whole file.
    """
    if not _is_empty(ledger):
        return
    path = note_path(ledger)
    replace_text(path, json.dumps({"checked_at": checked_at, "file": _identity(ledger)}))
    for _ in range(TICKS):
        if _is_later(path, ledger):
            return
        time.sleep(TICK_SECONDS)
        os.utime(path)


def withdraw(ledger: Path) -> None:
    """Remove the note, as a fault was found; one that cannot be removed is tried at the opening."""
    with contextlib.suppress(OSError):
        note_path(ledger).unlink(missing_ok=True)


def now() -> float:
    """Return the time of this machine, in seconds since 1970."""
    return dt.datetime.now(dt.UTC).timestamp()


def demand_ends(database: sqlite3.Connection) -> None:
    """Read the newest rows of every table.

    Raises
    ------
    sqlite3.DatabaseError
        A page on the way to them is malformed.
    """
    tables = database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' "
        "ESCAPE '!'"
    ).fetchall()
    for (name,) in tables:
        database.execute(
            f"SELECT * FROM {name} ORDER BY rowid DESC LIMIT ?",  # noqa: S608 - a name of the schema
            (NEWEST_ROWS,),
        ).fetchall()


def _identity(ledger: Path) -> list[int]:
    found = ledger.stat()
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _is_later(note: Path, ledger: Path) -> bool:
    """Whether a change of the file after the note would show in its times."""
    found = ledger.stat()
    return note.stat().st_mtime_ns > max(found.st_mtime_ns, found.st_ctime_ns)


def _is_empty(ledger: Path) -> bool:
    """Whether nothing waits in the write-ahead log."""
    log = Path(f"{ledger}-wal")
    return not log.exists() or log.stat().st_size == 0


def _is_recent(checked_at: float) -> bool:
    """Whether the last check is no older than `EVERY`, and not in the future of this clock."""
    return 0 <= now() - checked_at < EVERY.total_seconds()
