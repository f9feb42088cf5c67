"""Runs the probe: connects, tests one assumption after the other, and keeps its time."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.broker.market_data import MarketData
from bot.clock import SteppedClock, WallClock, new_york, sleep_until
from bot.core.errors import GatewayUnavailableError, LiveAccountError
from bot.data.wire_recording import WireRecording
from bot.logs import get_logger
from bot.probe.assumptions import ASSUMPTIONS, ORDERS
from bot.probe.bench import Bench
from bot.probe.findings import Finding, Status, differs, holds, not_tested
from bot.probe.market import CHECKS, checked
from bot.probe.recording import Recorder
from bot.probe.trial import Trial, clear
from bot.project import connected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.broker.session import Broker
    from bot.project import Project

log = get_logger(__name__)

TIME_LIMIT_SECONDS: Final = 240.0
"""Real time for all tests; what an order leaves to do is done after it."""

MARGIN: Final = dt.timedelta(minutes=10)
"""No order is sent so shortly after the open or before the stocks' close."""

STOCKS_CLOSE_EARLIER: Final = dt.timedelta(minutes=15)
NEEDS: Final = {"vx_quotes": "vx_listing"}
"""Tests that say something only where another assumption holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the probe found.

    Parameters
    ----------
    at
        When it ended, in UTC.
    findings
        By the key of the assumption, in the order of the table.
    recording
        What passed the wire, redacted.
    """

    at: dt.datetime
    findings: dict[str, Finding]
    recording: WireRecording

    @property
    def all_hold(self) -> bool:
        """Whether every assumption was seen to hold."""
        return all(finding.status is Status.HOLDS for finding in self.findings.values())


async def probe(project: Project, *, with_orders: bool = True, hide: Iterable[str] = ()) -> Report:
    """Test every assumption against the project's gateway.

    Parameters
    ----------
    project
        Configuration.
    with_orders
        Whether the trial order may be sent, as far as kill switch and market allow it.
    hide
        Words that the recording must not have.

    Raises
    ------
    GatewayUnavailableError
        If nothing listens, or the client id is in use: stop the bot first.
    LeftBehindError
        If an order may still be open.
    """
    recorder = Recorder()
    findings: dict[str, Finding] = {}
    version = 0
    try:
        async with connected(project, tap=recorder.hear) as broker:
            version = broker.server_version
            bench = await _bench(project, broker, recorder)
            findings["paper_account"] = holds("only paper accounts are offered")
            await _all(bench, findings, with_orders=with_orders)
    except LiveAccountError as refusal:
        findings["paper_account"] = differs(str(refusal))
    rest = not_tested("the account was refused" if not version else "not reached in time")
    at = WallClock().now()
    return Report(
        at=at,
        findings={each.key: findings.get(each.key, rest) for each in ASSUMPTIONS},
        recording=recorder.recording(server_version=version, at=at, words=hide),
    )


async def probe_until_stopped(
    project: Project, *, with_orders: bool = True, hide: Iterable[str] = ()
) -> Report:
    """Probe as the main task of a process: SIGINT and SIGTERM end it once its order is gone.

    Impatience changes nothing: a second signal would cut the cleaning short.

    Raises
    ------
    asyncio.CancelledError
        When it was stopped; nothing is left open then.
    """
    task = asyncio.current_task()

    def stop() -> None:
        if task is not None and not task.cancelling():
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return await probe(project, with_orders=with_orders, hide=hide)


async def _bench(project: Project, broker: Broker, recorder: Recorder) -> Bench:
    """Return the bench; a stepped gateway is first brought to the time of the next decision."""
    session = project.calendar.on_or_after(new_york(broker.clock.now()).date())
    if isinstance(broker.clock, SteppedClock):
        if project.calendar.day(session).close <= broker.clock.now():
            session = project.calendar.next(session)
        await sleep_until(broker.clock, project.decide_at(session))
    day, now = project.calendar.day(session), broker.clock.now()
    return Bench(
        project=project,
        broker=broker,
        market=MarketData(broker),
        recorder=recorder,
        session=session,
        is_open=day.open + MARGIN <= now < day.close - STOCKS_CLOSE_EARLIER - MARGIN,
    )


async def _all(bench: Bench, findings: dict[str, Finding], *, with_orders: bool) -> None:
    """Fill `findings` as far as time and connection allow."""
    if with_orders:
        await clear(bench)
    try:
        async with asyncio.timeout(TIME_LIMIT_SECONDS):
            for key in CHECKS:
                findings[key] = await _checked(bench, key, findings)
                log.info("probe.tested", key=key, status=findings[key].status.value)
            findings |= await _orders(bench, with_orders=with_orders)
    except TimeoutError:
        log.warning("probe.time", seconds=TIME_LIMIT_SECONDS)
    except GatewayUnavailableError as broken:
        rest = not_tested(str(broken))
        findings |= {each.key: rest for each in ASSUMPTIONS if each.key not in findings}


async def _checked(bench: Bench, key: str, findings: dict[str, Finding]) -> Finding:
    needed = NEEDS.get(key)
    if needed is not None and findings[needed].status is not Status.HOLDS:
        return not_tested(f"{needed} does not hold")
    return await checked(bench, key)


async def _orders(bench: Bench, *, with_orders: bool) -> dict[str, Finding]:
    if not with_orders:
        return dict.fromkeys((each.key for each in ORDERS), not_tested("--no-orders"))
    return await Trial(bench).run()
