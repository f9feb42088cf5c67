"""When an absent gateway is tried again, and when it is an alarm."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from bot.broker.upstream import Upstream
from bot.connection_watch import GatewayWatch, Outage, retry_seconds
from bot.core.errors import GatewayUnavailableError
from bot.defaults import write_defaults
from bot.ledger.store import Ledger
from bot.project import Project, load_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEW_YORK = ZoneInfo("America/New_York")
GONE = GatewayUnavailableError("no gateway at 127.0.0.1:4002")


class ManualClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, start: str) -> None:
        self.time = dt.datetime.fromisoformat(start).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)

    def now(self) -> dt.datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)

    def real_seconds(self, seconds: float) -> float:
        return seconds


@pytest.fixture
def project(tmp_path: Path) -> Project:
    write_defaults(tmp_path)
    return load_project(tmp_path)


@pytest.fixture
def ledger(project: Project) -> Iterator[Ledger]:
    with Ledger.open(project.settings.ledger.path) as opened:
        yield opened


def alerts(ledger: Ledger) -> list[str]:
    return [row["code"] for row in ledger.rows("SELECT code FROM alerts ORDER BY id")]


def miss_until(project: Project, ledger: Ledger, start: str, end: str) -> GatewayWatch:
    """Have the gateway absent from one New York time to another."""
    clock = ManualClock(start)
    until = ManualClock(end).now()

    async def scene() -> GatewayWatch:
        watch = GatewayWatch(ledger, clock)
        while clock.now() < until:
            await watch.missed(project, GONE)
        watch.reached()
        return watch

    return asyncio.run(scene())


def test_retries_double_up_to_a_minute() -> None:
    assert [retry_seconds(tries, 1.0) for tries in range(1, 8)] == [2, 4, 8, 16, 32, 60, 60]
    assert retry_seconds(10_000, 1.0) == 60


def test_jitter_takes_away_at_most_half() -> None:
    assert [retry_seconds(3, share) for share in (0.0, 0.5, 1.0)] == [4, 6, 8]


def test_the_restart_each_night_makes_no_alert(project: Project, ledger: Ledger) -> None:
    miss_until(project, ledger, "2026-07-20T23:45", "2026-07-21T00:15")

    assert alerts(ledger) == []


def test_the_login_of_a_whole_sunday_makes_no_alert(project: Project, ledger: Ledger) -> None:
    miss_until(project, ledger, "2026-07-19T01:00", "2026-07-19T22:00")

    assert alerts(ledger) == []


def test_an_absence_of_a_day_is_one_alert_and_one_note(project: Project, ledger: Ledger) -> None:
    miss_until(project, ledger, "2026-07-20T09:00", "2026-07-21T09:00")

    assert alerts(ledger) == ["GATEWAY_ABSENT", "GATEWAY_BACK"]


def test_an_absence_that_outlasts_the_quiet_hours_is_an_alert(
    project: Project, ledger: Ledger
) -> None:
    miss_until(project, ledger, "2026-07-20T23:45", "2026-07-21T00:29")
    assert alerts(ledger) == []

    miss_until(project, ledger, "2026-07-20T23:45", "2026-07-21T00:45")
    assert alerts(ledger) == ["GATEWAY_ABSENT", "GATEWAY_BACK"]


def test_a_short_absence_by_day_is_no_alert(project: Project, ledger: Ledger) -> None:
    miss_until(project, ledger, "2026-07-20T14:00", "2026-07-20T14:08")

    assert alerts(ledger) == []


def test_quiet_hours_do_not_count_towards_an_alert() -> None:
    now = dt.datetime(2026, 7, 20, 20, tzinfo=dt.UTC)
    loud = Outage(since=now).failed(now, quiet=False)
    quiet = loud.failed(now + dt.timedelta(hours=1), quiet=True)
    later = now + dt.timedelta(hours=2)

    assert loud.alarm_due(later, 600)
    assert not quiet.alarm_due(later, 600)
    assert not quiet.failed(later, quiet=False).alarm_due(later, 600)
    assert not dataclasses.replace(loud, alarmed=True).alarm_due(later, 600)


def test_the_line_to_the_broker_is_lost_until_it_is_restored() -> None:
    line = Upstream()
    line.hear(1100, "Connectivity between IB and Trader Workstation has been lost.")
    assert (line.no_send() or "").startswith("UPSTREAM_LOST")

    line.hear(1102, "Connectivity restored - data maintained.")
    assert line.no_send() is None
    assert (line.restorations, line.data_losses) == (1, 0)


def test_a_restoration_without_data_is_counted_as_a_loss() -> None:
    line = Upstream()
    line.hear(2110, "Connectivity between Trader Workstation and server is broken.")
    assert line.is_lost
    line.hear(1101, "Connectivity restored - data lost.")

    assert (line.is_lost, line.restorations, line.data_losses) == (False, 1, 1)


@pytest.mark.parametrize(("broken", "well"), [(2103, 2104), (2105, 2106), (2157, 2158)])
def test_data_of_a_broken_farm_is_stale_until_that_farm_is_well(broken: int, well: int) -> None:
    line = Upstream()
    line.hear(broken, "farm connection is broken:usopt")
    line.hear(well, "farm connection is OK:usfarm")
    assert line.stale() == f"DATA_STALE: broken farms: usopt ({broken})"

    line.hear(well, "farm connection is OK:usopt")
    assert line.stale() is None


def test_that_a_farm_is_well_is_news_only_where_it_was_broken() -> None:
    line = Upstream()
    told = [
        line.hear(2104, "Market data farm connection is OK:usopt"),
        line.hear(2103, "Market data farm connection is broken:usopt"),
        line.hear(2104, "Market data farm connection is OK:usfuture"),
        line.hear(2104, "Market data farm connection is OK:usopt"),
        line.hear(2104, "Market data farm connection is OK:usopt"),
        line.hear(1100, "Connectivity between IB and Trader Workstation has been lost."),
        line.hear(201, "Order rejected"),
    ]

    assert told == [False, True, False, True, False, True, True]
