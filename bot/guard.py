"""The places that the bot writes to: room for the ledger, and a target that can take backups.

An order that cannot be recorded must not exist. So a disk that is nearly full acts as ``halt``
before it is full, and so does one whose free space cannot be told.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.config import fault_line
from bot.files import free_mb
from bot.settings import LedgerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskGuard:
    """Watches the room where the ledger lies.

    Parameters
    ----------
    ledger
        The file, and how many megabytes must be free beside it.
    """

    ledger: LedgerSettings

    def fault(self) -> str | None:
        """Return why the disk forbids sending, with the remedy, or ``None``."""
        folder, least = self.ledger.path.parent, self.ledger.minimum_free_mb
        try:
            free = free_mb(folder)
        except OSError as fault:
            return f"{folder}: free disk space is unknown: {fault.strerror}"
        if free >= least:
            return None
        return (
            f"{folder}: {free:.0f} MB of disk space are free, ledger.minimum_free_mb = {least}: "
            f"make room there"
        )


def backup_faults(settings: Settings, path: Path) -> Iterator[str]:
    """Yield what makes ``backup.folder`` useless as a target, worded as faults of the file `path`.

    Beside the ledger a copy is lost with it, and among the logs it is taken for one of them.
    """
    folder = settings.backup.folder
    found = (
        _misplaced(settings, folder.resolve())
        or _occupied(folder)
        or _closed(_nearest(folder.absolute()))
    )
    if found:
        yield fault_line(path, "backup.folder", folder, found)


def _misplaced(settings: Settings, folder: Path) -> str | None:
    ledger, logs = settings.ledger.path.resolve().parent, settings.logs.folder.resolve()
    if folder == ledger:
        return "is the folder of the ledger: name one of its own, better on another disk"
    if folder.is_relative_to(logs):
        return f"lies in logs.folder = {logs}: name a folder outside of it"
    return None


def _occupied(folder: Path) -> str | None:
    if _is_there(folder) and not folder.is_dir():
        return "is a file: name a folder"
    return None


def _nearest(folder: Path) -> Path:
    """Return what is there of the folder and of those that it lies in."""
    return next(each for each in (folder, *folder.parents) if _is_there(each))


def _is_there(path: Path) -> bool:
    """Whether `path` is known to exist; inside a folder that is closed to us nothing is."""
    try:
        return path.exists()
    except PermissionError:
        return False


def _closed(there: Path) -> str | None:
    """Return why nothing can be written into what is there, or ``None``."""
    if not there.is_dir():
        return f"cannot be made: {there} is a file: name another folder"
    if not os.access(there, os.W_OK | os.X_OK, effective_ids=True):
        return f"cannot be written: type `chmod u+wx {shlex.quote(str(there))}`, or name another"
    return None
