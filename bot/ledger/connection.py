"""The file: opening it safely, and one transaction for each thing that is written.

SQLite in WAL mode with ``synchronous=FULL``: a committed row survives the loss of power. There
is one writer; it takes the write lock when its transaction begins (``BEGIN IMMEDIATE``), as an
upgrade from reading to writing fails at once instead of waiting. Every fault of the database
becomes a ``LedgerError``: whoever meets it acts as under ``halt``.

When the whole file is checked at its opening, and what else is, says ``bot.ledger.soundness``.

The file is 0600. A folder that has to be made is 0700; one that exists keeps its mode, and is
refused if others can write it, as is a symbolic link in the place of the file.
"""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bot.core.errors import DamagedLedgerError, LedgerError, NotInLedgerError
from bot.files import create_private, distrust, private_folder
from bot.ledger.soundness import demand_ends, vouch, withdraw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self, TypeAlias

    from bot.ledger.lock import WriterLock

    Row: TypeAlias = sqlite3.Row
    Parameters: TypeAlias = Sequence[str | int | float | bytes | None]

SCHEMA_VERSION: Final = 10
"""Number of migrations in ``bot.ledger.migrations``, as the file records it."""

BUSY_TIMEOUT_SECONDS: Final = 5.0
"""How long a writer waits for the other one before that is a fault."""


class Connection:
    """A connection to one ledger file; a context manager that closes it.

    Parameters
    ----------
    database
        The open file.
    path
        Its name.
    lock
        The right to write it, given back at the end; ``None`` of one that only reads.
    checked_at
        When the whole file was last checked, in seconds since 1970, for the note of a clean close;
        ``None`` leaves none.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        path: Path,
        lock: WriterLock | None = None,
        *,
        checked_at: float | None = None,
    ) -> None:
        self._database = database
        self._lock = lock
        self._checked_at = checked_at
        self.path = path

    def close(self) -> None:
        """Close the file, and vouch for it if nothing was wrong. Closing twice is harmless."""
        checked_at, self._checked_at = self._checked_at, None
        with contextlib.suppress(sqlite3.Error):
            if checked_at is not None:
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._database.close()
        if checked_at is not None:
            with contextlib.suppress(OSError):  # without the note the next check is a whole one
                vouch(self.path, checked_at)
        if self._lock is not None:
            self._lock.release()

    @property
    def may_write(self) -> bool:
        """Whether this connection holds the right to write."""
        return self._lock is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def writing(self, what: str) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction that holds the write lock from its start.

        Parameters
        ----------
        what
            What is being written, for the message of a fault.

        Raises
        ------
        LedgerError
            The database refused; nothing of the block is kept.
        """
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                self._database.rollback()
                raise
        except sqlite3.Error as fault:
            self._doubt()
            raise LedgerError(f"{self.path}: cannot write {what}: {fault}") from fault

    def rows(self, query: str, parameters: Parameters = ()) -> list[Row]:
        """Return the rows of a query.

        Raises
        ------
        LedgerError
            The database refused.
        """
        try:
            return self._database.execute(query, parameters).fetchall()
        except sqlite3.Error as fault:
            self._doubt()
            raise LedgerError(f"{self.path}: cannot read: {fault}") from fault

    def row(self, query: str, parameters: Parameters = ()) -> Row | None:
        """Return the first row of a query, or ``None``; the others are not read.

        Raises
        ------
        LedgerError
            The database refused.
        """
        try:
            found: Row | None = self._database.execute(query, parameters).fetchone()
        except sqlite3.Error as fault:
            self._doubt()
            raise LedgerError(f"{self.path}: cannot read: {fault}") from fault
        return found

    def value(self, query: str, parameters: Parameters = ()) -> Any:  # noqa: ANN401 - any column
        """Return the first column of the first row of a query, or ``None``."""
        row = self.row(query, parameters)
        return None if row is None else row[0]

    def fault(self) -> str | None:
        """Check the whole file; return what is wrong with it, or ``None``.

        Raises
        ------
        LedgerError
            The database refused.
        """
        found = str(self.value("PRAGMA quick_check(1)"))
        if found == "ok":
            return None
        self._doubt()
        return " ".join(found.split())

    def _doubt(self) -> None:
        """Vouch no more for a file in which something was wrong; the next opening checks it."""
        self._checked_at = None
        withdraw(self.path)

    def backup(self, path: Path) -> None:
        """Copy the ledger to `path` while it is in use; see ``bot.ledger.copies``.

        Raises
        ------
        LedgerError
            The copy could not be made, or fails its check; `path` is as it was.
        """
        from bot.ledger.copies import copy_checked  # noqa: PLC0415 - which imports this module

        try:
            copy_checked(self._database, path)
        except LedgerError:
            self._doubt()
            raise
        except (sqlite3.Error, OSError) as fault:
            self._doubt()
            raise LedgerError(f"{self.path}: cannot back up to {path}: {fault}") from fault


def connect(path: Path, *, durable: bool = True, whole: bool = True) -> sqlite3.Connection:
    """Open the ledger at `path` for writing, made and migrated where needed.

    Without `durable` a commit does not wait for the disk: loss of power may lose or damage the
    file, the death of the process may not. Without `whole` only the newest rows are checked.

    Raises
    ------
    LedgerError
        The file cannot be made, is damaged, or was written by a newer version.
    """
    with _opening(path):
        private_folder(path.parent)
        if fault := distrust(path):
            raise LedgerError(f"{path}: {fault}")
        create_private(path)
        database = sqlite3.connect(path, isolation_level=None)
        with _closed_on_fault(database):
            _configure(database, durable=durable)
            if whole:
                _check(database, path)
            else:
                demand_ends(database)
            _migrate(database, path)
    return database


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open the ledger at `path` without the means to change it.

    Raises
    ------
    LedgerError
        There is no ledger, it cannot be read, or its schema is not the one of this version.
    """
    with _opening(path):
        database = _connect_existing(path, mode="ro")
        with _closed_on_fault(database):
            database.row_factory = sqlite3.Row
            _demand_schema(database, path)
    return database


def connect_beside(path: Path) -> sqlite3.Connection:
    """Open the ledger at `path` for writing while another process may have it too.

    Raises
    ------
    LedgerError
        There is no ledger, it cannot be written, or its schema is not the one of this version.
    """
    with _opening(path):
        database = _connect_existing(path, mode="rw")
        with _closed_on_fault(database):
            _configure(database, durable=True)
            _demand_schema(database, path)
    return database


def _connect_existing(path: Path, *, mode: str) -> sqlite3.Connection:
    if not path.is_file():
        raise NotInLedgerError(
            f"{path}: there is no ledger; a first `steward once` or `run` makes it"
        )
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as fault:
        damaged = type(fault) is sqlite3.DatabaseError  # its subclasses tell of other things
        kind = DamagedLedgerError if damaged else LedgerError
        raise kind(f"{path}: cannot open the ledger: {fault}") from fault


@contextmanager
def _closed_on_fault(database: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


def _configure(database: sqlite3.Connection, *, durable: bool) -> None:
    database.row_factory = sqlite3.Row
    database.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000:.0f}")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    database.execute("PRAGMA foreign_keys = ON")


def _check(database: sqlite3.Connection, path: Path) -> None:
    found = " ".join(database.execute("PRAGMA quick_check(1)").fetchone()[0].split())
    if found != "ok":
        raise DamagedLedgerError(f"{path}: damaged ({found})")


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    version = _schema_version(database)
    if version > SCHEMA_VERSION:
        raise NotInLedgerError(_wrong_version(path, version))
    if version < SCHEMA_VERSION:
        from bot.ledger.migrations import migrate  # noqa: PLC0415 - 0.4 s, once in a schema's life

        migrate(database)


def _schema_version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _demand_schema(database: sqlite3.Connection, path: Path) -> None:
    version = _schema_version(database)
    if version != SCHEMA_VERSION:
        raise NotInLedgerError(_wrong_version(path, version))


def _wrong_version(path: Path, version: int) -> str:
    newer = version > SCHEMA_VERSION
    remedy = "install the newer steward" if newer else "`steward check` upgrades it"
    return f"{path}: schema {version}, this version reads {SCHEMA_VERSION}; {remedy}"
