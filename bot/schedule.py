"""Wakes the cycle: once now, or every session until it is stopped.

With a real gateway APScheduler fires one job at the decision time of the next session; with a
simulated one the gateway's clock is waited on, and the code that runs is the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

from bot.clock import new_york, sleep_until
from bot.core.errors import GatewayUnavailableError, StewardError
from bot.cycle import Outcome, run_cycle
from bot.logs import bound, get_logger
from bot.project import Project, connected, make_desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.core.model import Session
    from bot.ledger.store import Ledger

log = get_logger(__name__)

REPORT_COLUMNS = 100
RETRY_SECONDS = (2.0, 5.0, 15.0, 30.0, 60.0)
"""Waits between attempts to reach the gateway; the last one repeats."""


async def run_session(
    project: Project, ledger: Ledger, session: Session | None = None, *, dry: bool = False
) -> Outcome:
    """Connect, wait for the decision time of `session`, and run its cycle.

    Parameters
    ----------
    project, ledger
        Configuration, and the ledger open for writing.
    session
        The session; today's by the gateway's clock when it is not given, and then at once.
    dry
        Decide and ask, but send nothing.

    Raises
    ------
    StewardError
        If the gateway is absent, the account is wrong, or the state cannot be known.
    """
    async with connected(project) as broker:
        if session is None:
            session = new_york(broker.clock.now()).date()
        else:
            await sleep_until(broker.clock, project.decide_at(session))
        desk = make_desk(project, broker=broker, ledger=ledger, session=session, dry=dry)
        run_id = ledger.begin_run(
            version=version(),
            mode=project.settings.broker.mode,
            account_redacted=redacted(broker.account),
            at=desk.now(),
        )
        with bound(session=str(session)):
            ledger.start_session(session, run_id=run_id, dry=dry, at=desk.now())
            outcome = await run_cycle(desk)
            ledger.finish_session(session, at=desk.now(), outcome="done", dry=dry)
        ledger.end_run(run_id, at=desk.now(), outcome="done")
    if not dry:
        write_report(project, ledger, session)
    return outcome


def write_report(project: Project, ledger: Ledger, session: Session) -> None:
    """Write the session's page to ``logs/reports/``."""
    from rich.console import Console  # noqa: PLC0415 - start-up time

    from bot.review.terminal import render_review  # noqa: PLC0415 - start-up time

    folder = project.settings.logs.folder / "reports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f"{session}.txt").open("w", encoding="utf-8") as page:
        Console(file=page, width=REPORT_COLUMNS).print(render_review(ledger, session))


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


def version() -> str:
    """Return the version of the installed distribution."""
    from importlib.metadata import version as installed  # noqa: PLC0415 - start-up time

    return installed("vix-steward")


def redacted(account: str) -> str:
    """Return an account id as it may be shown: ``DU***67``."""
    return f"{account[:2]}***{account[-2:]}"
