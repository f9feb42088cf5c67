"""The ledger as the rest of the program knows it: one class, opened to write or only to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ledger.attendance import Attendance
from bot.ledger.condor_past import CondorPast
from bot.ledger.connection import connect, connect_beside, connect_read_only
from bot.ledger.journal import Journal
from bot.ledger.lock import WriterLock
from bot.ledger.observations import Observations
from bot.ledger.orders import Orders
from bot.ledger.quality import Quality
from bot.ledger.versions import Versions

if TYPE_CHECKING:
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
            return cls(connect(path, durable=durable), path, lock)
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
