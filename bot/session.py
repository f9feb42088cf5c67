"""One session from the connection to its page: what `once`, the demo and the schedule run."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.backup import after_session
from bot.clock import new_york, sleep_until
from bot.core.errors import StewardError
from bot.core.model import BreadthSource
from bot.cycle import Outcome, run_cycle
from bot.governance import rules_for
from bot.logs import bound, get_logger
from bot.project import Project, connected, make_desk
from bot.quality import mark_outs
from bot.reports import write_report
from bot.tables import with_tables

if TYPE_CHECKING:
    from bot.core.model import Session
    from bot.desk import Desk
    from bot.ledger.store import Ledger

log = get_logger(__name__)

SLICE = dt.timedelta(minutes=1)
AFTER_SHARES_CLOSE = dt.timedelta(minutes=15)
"""Index options trade a quarter of an hour longer than shares, on half days too."""


async def run_session(
    project: Project,
    ledger: Ledger,
    session: Session | None = None,
    *,
    dry: bool = False,
    stay: bool = False,
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
        Stay connected after the cycle until the shares' close: to hold each order against the
        market 5 minutes after its last fill, and to keep the day's breadth.

    Raises
    ------
    StewardError
        If the gateway is absent, the account is wrong, or the state cannot be known.
    """
    async with connected(project, highest_order_id=ledger.highest_order_id()) as broker:
        if session is None:
            session = new_york(broker.clock.now()).date()
        else:
            await sleep_until(broker.clock, project.decide_at(session))
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
            write_report(project.settings.logs, ledger, session)
            after_session(project, ledger, session, at=desk.now())
            if stay:
                if await mark_outs(desk):
                    write_report(project.settings.logs, ledger, session)
                await keep_breadth(desk)
    return outcome


def _governed(
    project: Project, ledger: Ledger, session: Session, *, dry: bool, at: dt.datetime
) -> Project:
    """Return `project` with the rules that `session` is decided by, and its tables of now."""
    found = rules_for(ledger, session, dry=dry, first=project.rules, path=project.rules_path, at=at)
    governed = replace(project, rules=found.rules, rules_sha256=found.sha256)
    return with_tables(governed, ledger, session, at=at)


async def keep_breadth(desk: Desk) -> None:
    """Wait for the close of the New York Stock Exchange and keep the day's breadth.

    Only then is the count of a completed session: signals use no other. A count that cannot be
    had leaves a gap, and the series is unknown until it is long enough again; the sector funds
    stand in for it. A fault here ends nothing: the session is done.
    """
    day = desk.calendar.day(desk.session)
    try:
        await _wait(desk, day.close - AFTER_SHARES_CLOSE)
        breadth = await desk.market.breadth_now(desk.session) if desk.now() < day.close else None
        if breadth is not None:
            desk.ledger.record_breadth(BreadthSource.NYSE, breadth)
        else:
            log.warning("breadth.unknown", at=desk.now().isoformat())
    except (StewardError, ConnectionError) as fault:
        log.warning("breadth.unknown", detail=str(fault))


async def _wait(desk: Desk, moment: dt.datetime) -> None:
    """Wait in slices, reading the clock after each: the machine may be asleep meanwhile."""
    while desk.now() < moment:
        await sleep_until(desk.clock, min(moment, desk.now() + SLICE))


def version() -> str:
    """Return the version of the installed distribution."""
    from importlib.metadata import version as installed  # noqa: PLC0415 - start-up time

    return installed("vix-steward")


def redacted(account: str) -> str:
    """Return an account id as it may be shown: ``DU***67``."""
    return f"{account[:2]}***{account[-2:]}"
