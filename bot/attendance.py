"""Sees to it that every session of the calendar has run, or has one recorded reason.

A session that was begun ends as

- ``done``;
- ``disputed``: calendar and broker disagree on whether there is trading;
- ``failed``: a fault that waiting does not mend;
- ``interrupted``: gateway or bot went away and the grace passed. It is not decided any more, but
  while its market is open its orders are still ended and its fills still read.

One that was never begun is an *absence* (``bot.ledger.attendance``). All but ``done`` are
incidents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.backup import after_session
from bot.connection_watch import ABSENT
from bot.core.errors import (
    LedgerError,
    LiveAccountError,
    SessionDisputedError,
    StewardError,
)
from bot.ledger.attendance import AbsenceReason
from bot.logs import bound, get_logger
from bot.project import connected, make_desk
from bot.reconcile import reconcile
from bot.reports import write_report
from bot.retention import thin_after_session
from bot.session import Stay, run_session
from bot.wakeups import overdue

if TYPE_CHECKING:
    import datetime as dt

    from bot.connection_watch import GatewayWatch
    from bot.core.model import Session
    from bot.ledger.store import Ledger
    from bot.project import Project
    from bot.wakeups import WakeUp

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is recorded of a session that is not done.

    Parameters
    ----------
    outcome
        Of a session that was begun.
    absence
        Reason of one that was not.
    detail
        What was met.
    """

    outcome: str
    absence: AbsenceReason
    detail: str = ""


CUT_OFF: Final = Ending(outcome="interrupted", absence=AbsenceReason.GATEWAY_ABSENT)
ABANDONED: Final = Ending(
    outcome="interrupted",
    absence=AbsenceReason.BOT_OFF,
    detail="the bot did not run, or its machine slept, until its grace had passed",
)
DISPUTED: Final = Ending(outcome="disputed", absence=AbsenceReason.SESSION_FAILED)
FAILED: Final = Ending(outcome="failed", absence=AbsenceReason.SESSION_FAILED)


async def attend(project: Project, ledger: Ledger, wake: WakeUp, watch: GatewayWatch) -> bool:
    """Run the session of `wake`, reaching for the gateway while it may still begin or be ended.

    Returns
    -------
    bool
        Whether it is done. If not, the ledger says why.

    Raises
    ------
    LiveAccountError
        If the gateway serves another account: nothing can be done about that here.
    """
    if watch.clock.now() > wake.latest and wake.session not in ledger.unfinished():
        _conclude(project, ledger, wake.session, ABANDONED, at=watch.clock.now())
        return False
    while True:
        try:
            return await _one_attempt(project, ledger, wake, watch)
        except ABSENT as fault:
            if watch.clock.now() >= _last_chance(project, ledger, wake):
                _conclude(
                    project,
                    ledger,
                    wake.session,
                    replace(CUT_OFF, detail=str(fault)),
                    at=watch.clock.now(),
                )
                return False
            await watch.missed(project, fault)
        except LiveAccountError:
            raise
        except StewardError as fault:
            kind = DISPUTED if isinstance(fault, SessionDisputedError) else FAILED
            ending = replace(kind, detail=str(fault))
            _conclude(project, ledger, wake.session, ending, at=watch.clock.now())
            return False
        except Exception as fault:
            ending = replace(FAILED, detail=repr(fault))
            _conclude(project, ledger, wake.session, ending, at=watch.clock.now())
            raise


async def _one_attempt(project: Project, ledger: Ledger, wake: WakeUp, watch: GatewayWatch) -> bool:
    """Run the session, or end what is left of it when its grace has passed."""
    late = watch.clock.now() > wake.latest
    async with watch.line:
        if late:
            await tidy(project, ledger, wake.session)
        else:
            await run_session(project, ledger, wake.session, stay=Stay.MARK_OUTS)
    watch.reached()
    if late:
        detail = f"its grace passed at {wake.latest:%H:%M} UTC; its orders are ended"
        _conclude(
            project, ledger, wake.session, replace(CUT_OFF, detail=detail), at=watch.clock.now()
        )
    return not late


async def tidy(project: Project, ledger: Ledger, session: Session) -> None:
    """End the orders that an interrupted session left at work, and read its fills.

    Raises
    ------
    StewardError
        If the broker cannot be reached, or its state cannot be known.
    """
    async with connected(project) as broker:
        desk = make_desk(project, broker=broker, ledger=ledger, session=session, dry=False)
        with bound(session=str(session)):
            await reconcile(desk)


def catch_up(
    project: Project, ledger: Ledger, now: dt.datetime, *, since: dt.datetime
) -> tuple[Session, ...]:
    """Record every session due from `since` on that is overdue and that nothing accounts for.

    One that was begun is left alone until its close: it can still be tidied.

    Returns
    -------
    tuple of Session
        What was recorded.

    Raises
    ------
    LedgerError
        If the ledger cannot be written.
    """
    due = overdue(now, project.calendar, project.settings.schedule, since=since)
    if not due:
        return ()
    known, begun = ledger.accounted(due[0]), ledger.unfinished()
    missing = [session for session in due if session not in known]
    recorded = [
        session
        for session in missing
        if session not in begun or now >= project.calendar.day(session).close
    ]
    for session in recorded:
        _record(project, ledger, session, ABANDONED, at=now)
    return tuple(recorded)


def _last_chance(project: Project, ledger: Ledger, wake: WakeUp) -> dt.datetime:
    """Return until when the gateway is worth reaching for."""
    if wake.session in ledger.unfinished():
        return project.calendar.day(wake.session).close
    return wake.latest


def _conclude(
    project: Project, ledger: Ledger, session: Session, ending: Ending, *, at: dt.datetime
) -> None:
    """Account for a session that is not done; a ledger that refuses does not stop the bot."""
    outcome, detail = ending.outcome, ending.detail
    log.error("session.not_done", session=str(session), outcome=outcome, detail=detail)
    try:
        _record(project, ledger, session, ending, at=at)
    except LedgerError:
        log.exception("session.not_recorded", session=str(session))


def _record(
    project: Project, ledger: Ledger, session: Session, ending: Ending, *, at: dt.datetime
) -> None:
    """Account for it; one that was begun has its page and its backup like any other."""
    if session not in ledger.unfinished():
        ledger.record_absence(session, ending.absence, at=at, detail=ending.detail)
        return
    kind = f"SESSION_{ending.outcome.upper()}"
    ledger.finish_session(session, at=at, outcome=ending.outcome, dry=False)
    ledger.incident(kind, session=session, at=at, detail=ending.detail)
    write_report(project.settings.logs, ledger, session)
    after_session(project, ledger, session, at=at)
    thin_after_session(project.settings.snapshots, ledger, session, at=at)
