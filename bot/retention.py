"""Old snapshots are packed or thinned after each session; see ``bot.ledger.retention``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.errors import LedgerError
from bot.ledger.retention import Terms, thin
from bot.logs import get_logger

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.model import Session
    from bot.ledger.store import Ledger
    from bot.settings import SnapshotSettings

log = get_logger(__name__)


def terms_of(settings: SnapshotSettings, today: Session) -> Terms:
    """Return how old snapshots may become, counted from a session."""
    return Terms(
        today=today,
        pack_days=settings.pack_days,
        thin_days=settings.thin_days,
        at_once=settings.at_once,
    )


def thin_after_session(
    settings: SnapshotSettings, ledger: Ledger, session: Session, *, at: dt.datetime
) -> None:
    """Do a day's work on old snapshots; a failure is noted, once, and raises nothing."""
    try:
        done = thin(ledger, terms_of(settings, session), at=at)
    except LedgerError as fault:
        log.exception("snapshots.not_thinned", session=str(session))
        _note_failure(ledger, session, at=at, detail=str(fault))
        return
    if done.unreadable:
        log.error("snapshots.unreadable", faults=list(done.unreadable))
        _note_failure(ledger, session, at=at, detail="; ".join(done.unreadable))
    if done.packed or done.thinned:
        kilobytes = round(done.freed_bytes / 1000)
        log.info("snapshots.thinned", packed=done.packed, thinned=done.thinned, freed_kb=kilobytes)


def _note_failure(ledger: Ledger, session: Session, *, at: dt.datetime, detail: str) -> None:
    try:
        if ledger.last_incident("THINNING_FAILED") != detail:
            ledger.incident("THINNING_FAILED", session=session, at=at, detail=detail)
    except LedgerError as fault:
        log.warning("snapshots.failure_not_noted", detail=str(fault))
