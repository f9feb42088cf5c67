"""The ledger as the rest of the program knows it: one class, opened to write or only to read."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from bot.core.errors import LedgerError
from bot.ledger.attendance import Attendance
from bot.ledger.condor_past import CondorPast
from bot.ledger.connection import connect, connect_beside, connect_read_only
from bot.ledger.journal import Journal
from bot.ledger.lock import WriterLock
from bot.ledger.observations import Observations
from bot.ledger.orders import Orders
from bot.ledger.quality import Quality
from bot.ledger.soundness import note_path, now, taken_over
from bot.ledger.totals import faults, rebuild
from bot.ledger.versions import Versions

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path
    from typing import Self


class Ledger(Journal, Versions, Attendance, Observations, Orders, CondorPast, Quality):
    """Everything that the bot knows about its past; one file, one writer.

    Each method that writes is one transaction, and raises ``LedgerError`` when it cannot be
    carried through: the caller then acts as under ``halt``.
    """

    @classmethod
    def open(cls, path: Path, *, durable: bool = True) -> Self:
        """Open the ledger at `path` to write; make or migrate it where needed, and check it.

        What is checked, and when it is the whole file, says ``bot.ledger.soundness``.

        Parameters
        ----------
        path
            The file; its folder is made where needed.
        durable
            Whether each commit waits for the disk. Only a simulation, which can be run again,
            may do without.

        Raises
        ------
        LedgerError
            The file cannot be made, is damaged, was written by a newer version, or another
            process has it open to write.
        """
        lock = WriterLock.taken(path)
        try:
            checked_at = _taken_over(path)
            database = connect(path, durable=durable, whole=checked_at is None)
            known = (checked_at or now()) if durable else None
            return cls(database, path, lock, checked_at=known)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open_beside(cls, path: Path) -> Self:
        """Open the ledger at `path` for one short write of a person, whether or not a bot runs.

        SQLite lets one writer wait for the other. What a bot reads once and keeps in memory must
        not be written so.

        Raises
        ------
        LedgerError
            There is no ledger, or its schema is not the one of this version.
        """
        return cls(connect_beside(path), path)

    @classmethod
    def open_read_only(cls, path: Path) -> Self:
        """Open the ledger at `path` without the means to change it.

        Raises
        ------
        LedgerError
            There is no ledger, or its schema is not the one of this version.
        """
        return cls(connect_read_only(path), path)

    def totals_at_fault(self) -> tuple[str, ...]:
        """Name the totals that are not what their rows come to; every row is read.

        Totals and rows are those of one moment, whatever another process writes meanwhile.

        Raises
        ------
        LedgerError
            The database refused, or a row holds what is no amount.
        """
        try:
            self._database.execute("BEGIN")
            try:
                return faults(self._database)
            finally:
                self._database.rollback()
        except sqlite3.Error as fault:
            self._doubt()
            raise LedgerError(f"{self.path}: cannot read: {fault}") from fault

    def mend_totals(self, *, at: dt.datetime) -> tuple[str, ...]:
        """Make totals that are at fault anew from their rows, with an incident for each.

        The incidents come first: an end between the two has them told again, and not never.

        Returns
        -------
        tuple of str
            What was at fault.
        """
        found = self.totals_at_fault()
        for text in found:
            self.incident("TOTALS_DIFFER", session=None, at=at, detail=text)
        if found:
            with self.writing("the totals") as database:
                rebuild(database)
        return found


def _taken_over(path: Path) -> float | None:
    """Return when the whole file was checked, if that still holds.

    Raises
    ------
    LedgerError
        The note of it cannot be removed.
    """
    try:
        return taken_over(path)
    except OSError as fault:
        raise LedgerError(f"{note_path(path)}: cannot be removed: {fault}") from fault
