"""Wakes the cycle: once now, or every session until it is stopped.

With a real gateway APScheduler fires one job at the decision time of the next session; with a
simulated one the gateway's clock is waited on, and the code that runs is the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

from bot.clock import new_york
from bot.core.errors import GatewayUnavailableError, StewardError
from bot.logs import get_logger
from bot.project import Project, connected
from bot.session import run_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.core.model import Session
    from bot.cycle import Outcome
    from bot.ledger.store import Ledger

log = get_logger(__name__)

RETRY_SECONDS = (2.0, 5.0, 15.0, 30.0, 60.0)
"""Waits between attempts to reach the gateway; the last one repeats."""


async def run_forever(project: Project, ledger: Ledger) -> None:
    """Run every session as it comes, until cancelled."""
    if project.settings.broker.mode == "simulated":
        await _run_simulated(project, ledger)
    else:
        await _run_live(project, ledger)


def next_session(project: Project, now: dt.datetime, *, after: Session | None) -> Session:
    """Return the first session that can still be decided on time and comes after `after`."""
    grace = dt.timedelta(seconds=project.settings.schedule.misfire_grace_seconds)
    session = project.calendar.on_or_after(new_york(now).date())
    while (after is not None and session <= after) or project.decide_at(session) + grace < now:
        session = project.calendar.next(session)
    return session


async def _run_simulated(project: Project, ledger: Ledger) -> None:
    last: Session | None = None
    while True:
        async with connected(project) as broker:
            now = broker.clock.now()
        last = next_session(project, now, after=last)
        await attempt(project, ledger, last)


async def _run_live(project: Project, ledger: Ledger) -> None:
    """Let APScheduler fire one job for each session, and ask for the next when it is done."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415 - start-up time

    scheduler = AsyncIOScheduler(timezone="America/New_York")
    schedule_next = _planner(project, ledger, scheduler.add_job)
    scheduler.start()
    schedule_next(None)
    try:
        await asyncio.Event().wait()
    finally:
        scheduler.shutdown(wait=False)


def _planner(
    project: Project, ledger: Ledger, add_job: Callable[..., object]
) -> Callable[[Session | None], None]:
    def plan(after: Session | None) -> None:
        session = next_session(project, dt.datetime.now(dt.UTC), after=after)
        run_date = project.decide_at(session)
        log.info("session.planned", session=str(session), at=run_date.isoformat())
        add_job(
            run,
            "date",
            args=(session,),
            run_date=run_date,
            id=f"session {session}",
            misfire_grace_time=project.settings.schedule.misfire_grace_seconds,
        )

    async def run(session: Session) -> None:
        try:
            await attempt(project, ledger, session)
        finally:
            plan(session)

    return plan


async def attempt(project: Project, ledger: Ledger, session: Session) -> Outcome | None:
    """Run `session`, reaching for the gateway again and again until the session's close.

    A fault other than an absent gateway ends the session: it is logged, noted as an incident,
    and the bot stays up for the next one.
    """
    close = project.calendar.day(session).close
    for seconds in _waits():
        try:
            return await run_session(project, ledger, session)
        except GatewayUnavailableError as fault:
            log.warning("gateway.absent", session=str(session), detail=str(fault), retry_in=seconds)
        except StewardError as fault:
            log.exception("session.failed", session=str(session))
            now = dt.datetime.now(dt.UTC)
            ledger.incident("SESSION_FAILED", session=session, at=now, detail=str(fault))
            return None
        await asyncio.sleep(seconds)
        if dt.datetime.now(dt.UTC) > close and project.settings.broker.mode == "paper":
            break
    return None


def _waits() -> Iterator[float]:
    yield from RETRY_SECONDS
    while True:
        yield RETRY_SECONDS[-1]
