"""What only the close of the day can tell: how many shares rose and fell.

Breadth is the count of a completed session, and signals use no other. It is read at 16:00 New York
time, over a connection of its own where the session's is gone: a link that is lost in between, or
a bot that is started again, costs no day of the series. A count that cannot be had leaves a gap,
and the series is unknown until it is long enough again; the sector funds stand in for it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from bot.clock import new_york, sleep_until
from bot.connection_watch import ABSENT
from bot.core.errors import StewardError
from bot.core.model import BreadthSource
from bot.logs import bound, get_logger
from bot.project import connected, make_desk

if TYPE_CHECKING:
    from bot.connection_watch import GatewayWatch
    from bot.core.model import Session
    from bot.core.sessions import TradingCalendar
    from bot.desk import Desk
    from bot.ledger.store import Ledger
    from bot.project import Project

log = get_logger(__name__)

SLICE: Final = dt.timedelta(minutes=1)
AFTER_SHARES_CLOSE: Final = dt.timedelta(minutes=15)
"""Index options trade a quarter of an hour longer than shares, on half days too."""


def shares_close(session: Session, calendar: TradingCalendar) -> dt.datetime:
    """Return when the New York Stock Exchange closes on `session` (UTC).

    Raises
    ------
    CalendarError
        If it is not a session of `calendar`.
    """
    return calendar.day(session).close - AFTER_SHARES_CLOSE


def unclosed(ledger: Ledger, calendar: TradingCalendar, now: dt.datetime) -> Session | None:
    """Return today's session while its breadth is not kept and can still be had."""
    today = new_york(now).date()
    if not calendar.is_session(today) or now >= calendar.day(today).close:
        return None
    kept = ledger.breadth(BreadthSource.NYSE, today, 1)
    return None if kept and kept[0].session == today else today


async def close_day(
    project: Project, ledger: Ledger, session: Session, watch: GatewayWatch
) -> None:
    """Keep the breadth of `session`, reaching for the gateway until index options close.

    Raises
    ------
    LiveAccountError
        If the gateway serves another account.
    """
    while watch.clock.now() < project.calendar.day(session).close:
        try:
            async with watch.line, connected(project) as broker:
                desk = make_desk(project, broker=broker, ledger=ledger, session=session, dry=False)
                with bound(session=str(session)):
                    await wait_for_the_close(desk)
                    await _count(desk)
            watch.reached()
        except ABSENT as fault:
            await watch.missed(project, fault)
        else:
            return


async def keep_breadth(desk: Desk) -> None:
    """Wait for the close and keep the day's breadth; a fault here ends nothing."""
    try:
        await wait_for_the_close(desk)
        await _count(desk)
    except (StewardError, ConnectionError) as fault:
        log.warning("breadth.unknown", detail=str(fault))


async def wait_for_the_close(desk: Desk) -> None:
    """Wait in slices, reading the clock after each: the machine may be asleep meanwhile."""
    moment = shares_close(desk.session, desk.calendar)
    while desk.now() < moment:
        await sleep_until(desk.clock, min(moment, desk.now() + SLICE))


async def _count(desk: Desk) -> None:
    is_open = desk.now() < desk.calendar.day(desk.session).close
    breadth = await desk.market.breadth_now(desk.session) if is_open else None
    if breadth is None:
        log.warning("breadth.unknown", at=desk.now().isoformat())
        return
    desk.ledger.record_breadth(BreadthSource.NYSE, breadth)
    log.info("breadth.kept", advances=breadth.advances, declines=breadth.declines)
