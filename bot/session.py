"""One session from the connection to its page: what `once`, the demo and the schedule run."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from bot.backup import after_session
from bot.clock import new_york, sleep_until
from bot.closing import keep_breadth
from bot.core.errors import MarketClosedError
from bot.cycle import Outcome, run_cycle
from bot.governance import rules_for
from bot.heartbeat import heartbeat_path, session_shown
from bot.logs import bound, get_logger
from bot.project import Project, connected, make_desk
from bot.quality import mark_outs
from bot.reports import write_report
from bot.retention import thin_after_session
from bot.tables import with_tables

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.model import Session
    from bot.desk import Desk
    from bot.ledger.store import Ledger

log = get_logger(__name__)


class Stay(Enum):
    """How long a session stays connected after its cycle."""

    NOT = "not"
    MARK_OUTS = "mark-outs"
    """Until each order was held against the market 5 minutes after its last fill."""
    CLOSE = "close"
    """Until the shares' close too, to keep the day's breadth: where no schedule does."""


async def run_session(
    project: Project,
    ledger: Ledger,
    session: Session | None = None,
    *,
    dry: bool = False,
    stay: Stay = Stay.NOT,
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
    stay
        What is waited for after the cycle.

    Raises
    ------
    MarketClosedError
        If there is no trading now: nothing is begun.
    StewardError
        If the gateway is absent, the account is wrong, or the state cannot be known.
    """
    async with connected(project, highest_order_id=ledger.highest_order_id()) as broker:
        if session is None:
            session = new_york(broker.clock.now()).date()
        else:
            await sleep_until(broker.clock, project.decide_at(session))
        _refuse_out_of_hours(project, session, broker.clock.now())
        project = _governed(project, ledger, session, dry=dry, at=broker.clock.now())
        desk = make_desk(project, broker=broker, ledger=ledger, session=session, dry=dry)
        run_id = ledger.begin_run(
            version=version(),
            mode=project.settings.broker.mode,
            account_redacted=redacted(broker.account),
            at=desk.now(),
        )
        with bound(session=str(session)):
            ledger.start_session(
                session, run_id=run_id, dry=dry, at=desk.now(), rules_sha256=desk.rules_sha256
            )
            async with desk.switch_watch.running():
                outcome = await run_cycle(desk)
            ledger.finish_session(session, at=desk.now(), outcome="done", dry=dry)
        ledger.end_run(run_id, at=desk.now(), outcome="done")
        if not dry:
            await _round_off(project, desk, stay)
    return outcome


async def run_once(project: Project, ledger: Ledger, *, dry: bool = False) -> Outcome:
    """Run today's session at once, and show other programs meanwhile that one runs.

    Raises
    ------
    StewardError
        As ``run_session``.
    """
    async with session_shown(heartbeat_path(project.settings.ledger.path)):
        return await run_session(project, ledger, dry=dry)


async def _round_off(project: Project, desk: Desk, stay: Stay) -> None:
    """Write the page and the backup of a session that is done, and wait for what comes later."""
    logs, ledger, session = project.settings.logs, desk.ledger, desk.session
    write_report(logs, ledger, session)
    after_session(project, ledger, session, at=desk.now())
    if stay is not Stay.NOT and await mark_outs(desk):
        write_report(logs, ledger, session)
    if stay is Stay.CLOSE:
        await keep_breadth(desk)
    thin_after_session(project.settings.snapshots, ledger, session, at=desk.now())


def _governed(
    project: Project, ledger: Ledger, session: Session, *, dry: bool, at: dt.datetime
) -> Project:
    """Return `project` with the rules that `session` is decided by, and its tables of now."""
    found = rules_for(ledger, session, dry=dry, first=project.rules, path=project.rules_path, at=at)
    governed = replace(project, rules=found.rules, rules_sha256=found.sha256)
    return with_tables(governed, ledger, session, at=at)


def _refuse_out_of_hours(project: Project, session: Session, now: dt.datetime) -> None:
    """Begin nothing while there is no trading: it would be half a session.

    Raises
    ------
    MarketClosedError
        With the hours, in New York time.
    """
    calendar, here = project.calendar, new_york(now)
    if not calendar.is_session(session):
        raise MarketClosedError(f"{session} is no session: there is no trading today")
    day = calendar.day(session)
    if not day.open <= now < day.close:
        opens, closes = new_york(day.open), new_york(day.close)
        raise MarketClosedError(
            f"session {session} is open from {opens:%H:%M} to {closes:%H:%M} New York time; "
            f"it is {here:%Y-%m-%d %H:%M}"
        )


def version() -> str:
    """Return the version of the installed distribution."""
    from importlib.metadata import version as installed  # noqa: PLC0415 - start-up time

    return installed("vix-steward")


def redacted(account: str) -> str:
    """Return an account id as it may be shown: ``DU***67``."""
    return f"{account[:2]}***{account[-2:]}"
