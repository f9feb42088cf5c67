"""One writer: a lock beside the ledger, held as long as it is open to write.

The lock is the kernel's (``flock``) and ends with its process, however that dies: a file that
is left behind is no obstacle. It holds the number of the process that wrote it last, for the
message to the second one. The file is never removed: between its removal and the next start
two processes could each lock a file of their own. Reading takes no lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.errors import LedgerError
from bot.files import create_private

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self


def lock_path(ledger: Path) -> Path:
    """Return the lock file of a ledger."""
    return ledger.with_name(f"{ledger.name}.lock")


@dataclass(slots=True)
class WriterLock:
    """The right to write one ledger; a context manager that gives it back."""

    descriptor: int | None

    @classmethod
    def taken(cls, ledger: Path) -> Self:
        """Take the lock of `ledger`.

        Raises
        ------
        LedgerError
            Another process holds it, or the lock file cannot be made.
        """
        path = lock_path(ledger)
        try:
            create_private(path)
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except OSError as fault:
            raise LedgerError(f"{path}: cannot open the ledger's lock: {fault}") from fault
        try:
            _take(descriptor, ledger)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back. Doing it twice is harmless."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _take(descriptor: int, ledger: Path) -> None:
    """Lock the open file and write this process's number into it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        holder = _written(descriptor) or "of unknown number"
        raise LedgerError(
            f"{ledger}: process {holder} has it open to write, and one bot at a time may: "
            f"stop that one first (`steward status` and `steward review` work beside it)"
        ) from fault
    except OSError as fault:
        raise LedgerError(f"{ledger}: cannot be locked: {fault}") from fault
    with contextlib.suppress(OSError):  # a full disk costs the number, not the lock
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def holder(ledger: Path) -> str | None:
    """Return the number of the process that has `ledger` open to write, or ``None``.

    Raises
    ------
    LedgerError
        The lock file is there and cannot be opened.
    """
    try:
        descriptor = os.open(lock_path(ledger), os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise LedgerError(f"{lock_path(ledger)}: cannot be read: {fault}") from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written(descriptor) or "of unknown number"
    else:
        return None
    finally:
        os.close(descriptor)


def _written(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode("ascii", errors="replace").strip()
