"""Runs unattended: wakes for every session, in New York time, until it is stopped.

APScheduler fires three jobs, all from memory: what it forgets in a restart the ledger knows.

- *look*, every few seconds: reads the schedule anew, records what was missed, plans the wake-up
  anew and gives the heartbeat. A machine that slept wakes up here, so that no timer set before
  the sleep is trusted.
- *session*, at the next wake-up: one session, run to its end or accounted for.
- *close*, when the shares close: the day's breadth, whatever became of the session.

With a simulated gateway the gateway's clock is followed, at whatever speed it runs, and the
code that runs is the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

from bot.attendance import attend, catch_up
from bot.clock import NEW_YORK, Clock, WallClock, new_york
from bot.closing import AFTER_SHARES_CLOSE, close_day, shares_close, unclosed
from bot.connection_watch import GatewayWatch
from bot.core.errors import ConfigError, LedgerError, LiveAccountError, StewardError
from bot.health import Pulse
from bot.heartbeat import Heartbeat
from bot.killswitch import KillSwitch
from bot.logs import get_logger
from bot.project import rescheduled
from bot.session import redacted, version
from bot.wakeups import WakeUp, next_wake, wake_up

if TYPE_CHECKING:
    from bot.core.model import Session
    from bot.ledger.store import Ledger
    from bot.project import Project

log = get_logger(__name__)

LOOK_JOB, SESSION_JOB, CLOSE_JOB = "look", "session", "close"

STOP_SECONDS = 30.0
"""How long a session that is told to stop has to withdraw its order."""

MEMORY = dt.timedelta(days=10)
"""How far back each look searches for what nothing accounts for; the first searches all."""


async def run_forever(project: Project, ledger: Ledger, *, clock: Clock | None = None) -> None:
    """Run every session as it comes, until cancelled, or told to stop by SIGTERM.

    Parameters
    ----------
    project, ledger
        Configuration, and the ledger open for writing.
    clock
        The time, with a paper account; the wall clock when not given.

    Raises
    ------
    LiveAccountError
        If the gateway ever serves an account that is not the configured paper account.
    LedgerError
        If the ledger's last session lies in the future.
    """
    stop_on_sigterm()
    await Unattended(project, ledger, clock).serve()


def stop_on_sigterm() -> None:
    """Cancel the present task on SIGTERM: what it has open is then closed in good order."""
    task = asyncio.current_task()
    if task is not None and threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


class Unattended:
    """The bot between and during its sessions.

    Parameters
    ----------
    project, ledger
        Configuration, and the ledger open for writing.
    clock
        The time, with a paper account; the wall clock when not given.
    """

    def __init__(self, project: Project, ledger: Ledger, clock: Clock | None = None) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler  # noqa: PLC0415 - start-up time

        self._project, self._ledger = project, ledger
        broker = project.settings.broker
        self._stepped = broker.mode == "simulated" and broker.simulation_speed == 0
        self._watch = GatewayWatch(ledger, clock)
        self._knows_time = broker.mode == "paper"
        self._pulse = Pulse(project)
        self._switch = KillSwitch(project.settings_path)
        self._scheduler = AsyncIOScheduler(timezone=NEW_YORK)
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._since: dt.datetime | None = None
        self._wake: WakeUp | None = None
        self._last: Session | None = None
        self._busy = False
        self._session: asyncio.Task[None] | None = None
        self._closed: Session | None = None
        self._last_fault: str | None = None
        self._fault: str | None = None

    async def serve(self) -> None:
        """Look and run sessions until cancelled.

        Raises
        ------
        LiveAccountError
            If the gateway serves another account.
        """
        self._start()
        watching = asyncio.create_task(self._keep_watch())
        try:
            done, _ = await asyncio.wait(
                {watching, self._ended}, return_when=asyncio.FIRST_COMPLETED
            )
            done.pop().result()
        finally:
            await self._stop(watching)

    def _start(self) -> None:
        from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED  # noqa: PLC0415 - as above

        self._scheduler.add_listener(self._heard, EVENT_JOB_MISSED | EVENT_JOB_ERROR)
        self._scheduler.add_job(
            self._look,
            "interval",
            seconds=self._project.settings.health.heartbeat_seconds,
            next_run_time=WallClock().now(),
            id=LOOK_JOB,
            misfire_grace_time=None,
            coalesce=True,
        )
        self._scheduler.start()
        self._pulse.ready()

    async def _stop(self, watching: asyncio.Task[None]) -> None:
        """Cancel what runs, and wait until it has hung up and withdrawn its order."""
        watching.cancel()
        self._scheduler.remove_listener(self._heard)
        self._scheduler.shutdown(wait=False)
        await asyncio.wait({watching, self._session or watching}, timeout=STOP_SECONDS)
        self._pulse.stopping()

    async def _keep_watch(self) -> None:
        """Meet the gateway, then look at it for ever, unless its time stands still meanwhile."""
        await self._meet()
        if self._stepped:
            await asyncio.Event().wait()
        await self._watch.keep_looking(self._project)

    async def _meet(self) -> None:
        """Learn a simulated gateway's time; a real one is not waited for."""
        if self._project.settings.broker.mode == "simulated":
            await self._watch.meet(self._project)
            self._knows_time = True
            self._look_soon()

    def _look_soon(self) -> None:
        self._scheduler.modify_job(LOOK_JOB, next_run_time=WallClock().now())

    async def _look(self) -> None:
        """Plan the next session on what is true now, and give the heartbeat."""
        faults: list[str] = []
        if self._knows_time and not self._busy:
            faults = self._plan()
        reading = self._switch.read()
        self._fault = next(iter(faults), reading.fault)
        self._beat()

    def _plan(self) -> list[str]:
        """Account for the past and set the wake-up; return what stood in the way."""
        faults = []
        try:
            self._project = rescheduled(self._project)
        except ConfigError as fault:
            faults.append(str(fault))
        try:
            now = self._watch.clock.now()
            self._account(now)
            closing = self._set_close(now)
            if not (closing and self._stepped):
                self._set(self._next(now))
        except StewardError as fault:
            faults.append(str(fault))
        return faults

    def _account(self, now: dt.datetime) -> None:
        """Record what was missed; the first look starts where the ledger does."""
        if self._since is None:
            self._refuse_the_future(now)
            broker = self._project.settings.broker
            self._ledger.begin_run(
                version=version(),
                mode=broker.mode,
                account_redacted=redacted(broker.account),
                at=now,
            )
            self._since = self._ledger.unattended_since() or now
        missed = catch_up(self._project, self._ledger, now, since=self._since)
        for session in missed:
            log.error("session.missed", session=str(session))
        self._since = max(self._since, now - MEMORY)

    def _refuse_the_future(self, now: dt.datetime) -> None:
        """End the bot where its ledger knows sessions to come: it would wait in silence."""
        newest, today = self._ledger.last_accounted(), new_york(now).date()
        if newest is not None and newest > today and not self._ended.done():
            self._ended.set_exception(
                LedgerError(
                    f"{self._ledger.path}: its last session is {newest}, and today is {today}: "
                    "set this machine's clock, or begin with a new ledger where it was another "
                    "gateway's time (ledger.path)"
                )
            )

    def _next(self, now: dt.datetime) -> WakeUp:
        """Return the next wake-up: a session that was interrupted and is still open comes first."""
        calendar, schedule = self._project.calendar, self._project.settings.schedule
        for session in self._ledger.unfinished():
            day = calendar.day(session) if calendar.is_session(session) else None
            if day and session != self._last and day.open <= now < day.close:
                return wake_up(session, calendar, schedule)
        known = [day for day in (self._ledger.last_accounted(), self._last) if day is not None]
        return next_wake(now, calendar, schedule, last=max(known, default=None))

    def _set(self, wake: WakeUp) -> None:
        """Have the session run in time; what was planned before is replaced."""
        clock = self._watch.clock
        ahead = max(0.0, (wake.at - clock.now()).total_seconds())
        grace = max(wake.latest - max(wake.at, clock.now()), dt.timedelta(seconds=1))
        if wake != self._wake:
            log.info("session.planned", session=str(wake.session), at=wake.at.isoformat())
        self._wake = wake
        lead = 0.0 if self._stepped else clock.real_seconds(ahead)
        self._scheduler.add_job(
            self._run,
            "date",
            args=(wake,),
            run_date=WallClock().now() + dt.timedelta(seconds=lead),
            id=SESSION_JOB,
            replace_existing=True,
            misfire_grace_time=math.ceil(clock.real_seconds(grace.total_seconds())),
        )

    def _set_close(self, now: dt.datetime) -> bool:
        """Have today's breadth read at the shares' close; return whether only that is left.

        A stepped gateway's time passes only while somebody waits: there the session comes first.
        """
        calendar = self._project.calendar
        session = unclosed(self._ledger, calendar, now)
        if session is None or session == self._closed:
            return False
        over = session in self._ledger.accounted(session)
        if self._stepped and not over:
            return False
        ahead = max(0.0, (shares_close(session, calendar) - now).total_seconds())
        lead = 0.0 if self._stepped else self._watch.clock.real_seconds(ahead)
        self._scheduler.add_job(
            self._close,
            "date",
            args=(session,),
            run_date=WallClock().now() + dt.timedelta(seconds=lead),
            id=CLOSE_JOB,
            replace_existing=True,
            misfire_grace_time=math.ceil(AFTER_SHARES_CLOSE.total_seconds()),
        )
        return over

    async def _close(self, session: Session) -> None:
        """Keep the breadth of one session, once."""
        if session == self._closed:
            return
        self._closed = session
        try:
            await close_day(self._project, self._ledger, session, self._watch)
        except LiveAccountError as fault:
            self._ended.set_exception(fault)
        except asyncio.CancelledError:
            log.warning("close.stopped", session=str(session))
            return
        except StewardError as fault:
            log.warning("breadth.unknown", session=str(session), detail=str(fault))
        if self._stepped:
            await self._meet()
        self._look_soon()

    async def _run(self, wake: WakeUp) -> None:
        """Run one session, once."""
        if self._busy or wake.session == self._last:
            return
        self._busy, self._last, self._watch.paused = True, wake.session, True
        self._session = asyncio.current_task()
        self._beat()
        try:
            done = await attend(self._project, self._ledger, wake, self._watch)
            if done and self._trouble() is None:
                self._pulse.ping()
        except LiveAccountError as fault:
            self._ended.set_exception(fault)
        except asyncio.CancelledError:
            log.warning("session.stopped", session=str(wake.session))
            return
        finally:
            self._busy = self._watch.paused = False
            self._session = None
        await self._meet()
        self._look_soon()

    def _heard(self, event: Any) -> None:  # noqa: ANN401 - APScheduler has no types
        """Note a job that came too late, or broke, and plan anew.

        A look that breaks comes again by itself: to look at once would be to break at once. The
        same fault time after time is noted once.
        """
        kind = "JOB_FAILED" if event.exception else "JOB_MISSED"
        detail = f"job {event.job_id} of {event.scheduled_run_time}: {event.exception!r}"
        log.error("schedule.fault", kind=kind, detail=detail, exc_info=event.exception)
        fault = f"{event.job_id}: {event.exception!r}"
        if event.exception is None or fault != self._last_fault:
            self._note(kind, detail)
        self._last_fault = fault
        if event.job_id != LOOK_JOB:
            self._look_soon()

    def _note(self, kind: str, detail: str) -> None:
        try:
            self._ledger.incident(kind, session=None, at=self._watch.clock.now(), detail=detail)
        except LedgerError:
            log.exception("schedule.fault_not_noted")

    def _beat(self) -> None:
        outage, wake = self._watch.outage, self._wake
        waiting = "waiting" if self._knows_time else "starting"
        beat = Heartbeat(
            at=WallClock().now(),
            pid=os.getpid(),
            state="session" if self._busy else waiting,
            next_session=wake.session if wake else None,
            next_wake=wake.at if wake else None,
            gateway_absent_since=outage.since if outage else None,
            alarmed=outage.alarmed if outage else False,
            fault=self._fault,
            trouble=self._trouble(),
        )
        self._pulse.beat(beat, self._figures())

    def _trouble(self) -> str | None:
        """Return what became of the last session, if it is no good news; no ping is sent then."""
        try:
            return self._ledger.trouble()
        except LedgerError as fault:
            return str(fault)

    def _figures(self) -> dict[str, float]:
        try:
            return self._ledger.attendance_figures()
        except LedgerError:
            return {}
