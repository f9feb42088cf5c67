"""Backups of the ledger: one checked copy for each session, and the way back from one.

- A copy is made by SQLite's online backup while the ledger is in use, checked, flushed to the
  disk and only then given its name. Making a session's copy again replaces it in the same way.
- One that fails its check is kept aside as ``NAME.failed`` and noted as an incident. It takes
  no good one's place, and while the newest fails none is rotated away.
- A restore keeps the present ledger aside. What happened since the backup is unknown to the
  restored one: the broker still knows it, and reconciliation locks the book where they differ.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from bot.core.errors import DamagedLedgerError, LedgerError
from bot.ledger.copies import fault_of, put_in_place
from bot.ledger.lock import WriterLock
from bot.ledger.page_rows import neighbours
from bot.ledger.queries import latest_session
from bot.ledger.store import Ledger
from bot.logs import get_logger

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from bot.core.model import Session
    from bot.project import Project
    from bot.settings import Settings

log = get_logger(__name__)

DATES: Final = "????-??-??"
FAILED_KEPT: Final = 3
"""Copies that failed their check; each is as large as the ledger, and the newest tell most."""


def after_session(project: Project, ledger: Ledger, session: Session, *, at: dt.datetime) -> None:
    """Back up the ledger once `session` is finished; a failure is noted and raises nothing.

    After the first session of a week every total is held against its rows too.
    """
    try:
        made = back_up(project.settings, ledger, session)
    except (LedgerError, OSError) as fault:
        log.exception("backup.failed", session=str(session))
        _note_failure(ledger, "BACKUP_FAILED", session, at=at, detail=str(fault))
    else:
        log.info("backup.made", path=str(made), megabytes=round(made.stat().st_size / 1e6, 1))
        _hold_totals(ledger, session, at=at)


def _hold_totals(ledger: Ledger, session: Session, *, at: dt.datetime) -> None:
    """Hold every total against its rows, once a week; what differs or cannot be told is noted."""
    try:
        found = ledger.mend_totals(at=at) if _begins_week(ledger, session) else ()
    except LedgerError as fault:
        log.warning("totals.not_checked", detail=str(fault))
        _note_failure(ledger, "TOTALS_DIFFER", session, at=at, detail=f"not checked: {fault}")
    else:
        if found:
            log.error("totals.differ", faults=list(found))


def _begins_week(ledger: Ledger, session: Session) -> bool:
    """Whether a session is the first of its week that the ledger knows."""
    before, _ = neighbours(ledger, session)
    return before is None or before.isocalendar()[:2] != session.isocalendar()[:2]


def _note_failure(
    ledger: Ledger, kind: str, session: Session, *, at: dt.datetime, detail: str
) -> None:
    try:
        ledger.incident(kind, session=session, at=at, detail=detail)
    except LedgerError as fault:
        log.warning("backup.failure_not_noted", detail=str(fault))


def back_up(settings: Settings, ledger: Ledger, session: Session | None = None) -> Path:
    """Copy the ledger to the backup of `session`, thin the older ones, return its path.

    Parameters
    ----------
    settings
        Where to, and how many are kept.
    ledger
        Open to write or only to read.
    session
        The session that the copy is named by; the newest in the ledger when not given.

    Raises
    ------
    LedgerError
        The copy could not be made or failed its check, or there is no session yet.
    """
    session = session or latest_session(ledger)
    if session is None:
        raise LedgerError(f"{ledger.path}: holds no session yet: there is nothing to back up")
    folder, stem = settings.backup.folder, ledger.path.stem
    made = folder / f"{stem}-{session}.db"
    try:
        ledger.backup(made)
    finally:
        _thin(folder, f"{stem}-{DATES}.db.failed", keep=FAILED_KEPT)
    _thin(folder, f"{stem}-{DATES}.db", keep=settings.backup.keep, made=made)
    return made


def _thin(folder: Path, pattern: str, *, keep: int, made: Path | None = None) -> None:
    """Remove the oldest copies by date, never the one just made, whatever dates lie about."""
    for copy in sorted(folder.glob(pattern))[:-keep]:
        if copy != made:
            copy.unlink(missing_ok=True)


def newest_good(settings: Settings) -> Path | None:
    """Return the newest backup that passes its check; ``None`` if none does."""
    pattern = f"{settings.ledger.path.stem}-{DATES}.db"
    copies = sorted(settings.backup.folder.glob(pattern), reverse=True)
    return next((copy for copy in copies if fault_of(copy) is None), None)


def open_ledger(project: Project) -> Ledger:
    """Open the project's ledger to write; of a damaged one, name the backup to restore.

    Raises
    ------
    LedgerError
        It cannot be opened, or another process has it.
    """
    try:
        return Ledger.open(project.settings.ledger.path)
    except DamagedLedgerError as fault:
        raise DamagedLedgerError(f"{fault}; {remedy(project)}") from fault


def remedy(project: Project) -> str:
    """Name the backup that takes the place of a damaged ledger, and the command that puts it."""
    found = newest_good(project.settings)
    if found is None:
        return f"there is no good backup in {project.settings.backup.folder}"
    command = f"steward restore {shlex.quote(str(found))} -p {shlex.quote(str(project.folder))}"
    return f"the newest good backup is {found.name}: type `{command}`"


def restore(settings: Settings, backup: Path) -> Path | None:
    """Put `backup` in the place of the ledger.

    Returns
    -------
    Path | None
        Where the ledger that was there is kept; ``None`` if there was none.

    Raises
    ------
    LedgerError
        The backup fails its check, or a bot has the ledger open: nothing was changed.
    """
    if fault := fault_of(backup):
        raise LedgerError(f"{backup}: cannot be restored: {fault}; nothing was changed")
    with WriterLock.taken(settings.ledger.path):
        return put_in_place(backup, settings.ledger.path)
