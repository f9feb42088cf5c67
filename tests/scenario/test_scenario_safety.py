"""The whole bot with its backups, on a failing disk, and beside a second one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.backup import back_up, open_ledger, restore
from bot.core.decision import Purpose
from bot.core.errors import DamagedLedgerError, LedgerError
from bot.ledger.queries import alert_rows
from bot.ledger.store import Ledger
from bot.logs import configure
from bot.project import load_project
from bot.session import run_session
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings

sys.path.insert(0, str(Path(__file__).parent))

from harness import CANCEL_ORDER, PLACE_ORDER, Stage, stage
from typed import edit, steward

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Coroutine, Iterator

AT_MID = ExchangeSettings(fills=FillSettings(policy=FillPolicy.MID))
NEVER = ExchangeSettings(fills=FillSettings(policy=FillPolicy.NEVER))
GATEWAY_READS_SECONDS = 0.2
"""Within which the gateway has read what was sent before the connection ended."""

DISK_FAULT = "disk I/O error|disk is full"


def scene(
    folder: Path,
    act: Callable[[Stage], Coroutine[None, None, None]],
    *,
    exchange: ExchangeSettings = AT_MID,
) -> None:
    async def run() -> None:
        async with stage(folder, settings=GatewaySettings(exchange=exchange)) as found:
            await act(found)

    asyncio.run(run())


def backups(found: Stage) -> list[str]:
    folder = found.project.settings.backup.folder
    return sorted(each.name for each in folder.iterdir()) if folder.exists() else []


def live_orders(found: Stage) -> int:
    return len(found.gateway.world.exchange.open_orders())


# Backup and restore


def test_each_finished_session_is_backed_up_and_a_rehearsal_is_not(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        rehearsed = found.next_session()
        await found.run(dry=True)
        assert backups(found) == []

        first = found.next_session()
        await found.run()
        second = found.next_session()
        await found.run()

        assert rehearsed < first < second
        assert backups(found) == [f"steward-{day}.db" for day in (first, second)]

    scene(tmp_path, act)


def test_fault_57_after_corruption_and_restore_the_bot_agrees_with_the_broker(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        held, path = found.ledger.holdings(), found.project.settings.ledger.path
        found.ledger.close()
        corrupt(path)
        with pytest.raises(DamagedLedgerError, match=r"type `steward restore .*\.db") as caught:
            open_ledger(found.project)

        named = re.search(r"`steward restore (\S+) -p \S+`", str(caught.value))
        assert named
        restore(found.project.settings, Path(named[1]))

        with open_ledger(found.project) as restored:
            assert restored.holdings() == held
            assert held.condors
            assert held.lots
            outcome = await run_session(found.project, restored, found.next_session())
        assert not outcome.reconciliation.locked

    scene(tmp_path, act)


def corrupt(path: Path) -> None:
    """Overwrite every second page after the first."""
    content = bytearray(path.read_bytes())
    for start in range(8192, len(content), 8192):
        content[start : start + 4096] = os.urandom(4096)
    path.write_bytes(content)


def test_fault_57_a_backup_from_before_the_trades_is_locked_and_adds_nothing(
    tmp_path: Path,
) -> None:
    """What the broker holds and the restored ledger does not know is not the bot's to ignore."""

    async def act(found: Stage) -> None:
        await found.run(dry=True)
        with Ledger.open_read_only(found.ledger.path) as reader:
            old = back_up(found.project.settings, reader)
        await found.run()
        held = found.positions()
        found.ledger.close()
        restore(found.project.settings, old)

        with open_ledger(found.project) as restored:
            outcome = await run_session(found.project, restored, found.next_session())

        assert outcome.reconciliation.locked
        assert [each for each in outcome.decision.intents if each.purpose is Purpose.ADD] == []
        assert found.positions() == held

    scene(tmp_path, act)


def test_a_ledger_of_a_year_is_restored_in_seconds(tmp_path: Path) -> None:
    """A session writes some 20 kB; a year is made here by keeping one session's rows 250 times."""

    async def act(found: Stage) -> None:
        await found.run()
        with found.ledger.writing("a year") as database:
            for _ in range(250):
                database.execute(
                    "INSERT INTO snapshots (session, dry, taken_at, body) "
                    "SELECT session, 1, taken_at, body FROM snapshots WHERE dry = 0"
                )
        made = back_up(found.project.settings, found.ledger)
        found.ledger.close()

        start = time.monotonic()
        restore(found.project.settings, made)
        with open_ledger(found.project) as restored:
            assert restored.holdings().condors
        took = time.monotonic() - start

        assert made.stat().st_size > 5_000_000
        assert took < 10

    scene(tmp_path, act)


# A failing disk


def test_fault_56_on_a_nearly_full_disk_nothing_is_sent_and_a_person_is_told(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        edit(tmp_path, "ledger", minimum_free_mb=1_000_000)
        project = load_project(tmp_path)
        session = found.next_session()

        outcome = await run_session(project, found.ledger, session)

        assert outcome.decision.intents == ()
        assert found.received[PLACE_ORDER] == 0
        (alert,) = [row for row in alert_rows(found.ledger, session) if row.code == "DISK_SPACE"]
        assert "ledger.minimum_free_mb = 1000000: make room there" in alert.text

    scene(tmp_path, act)


@pytest.mark.parametrize("filled_at", [PLACE_ORDER, CANCEL_ORDER])
def test_fault_56_a_disk_that_fills_while_an_order_works_ends_the_order(
    tmp_path: Path, filled_at: int
) -> None:
    async def act(found: Stage) -> None:
        seen = []

        def fill_up(message: int) -> None:
            if message == filled_at and live_orders(found):
                seen.append(message)
                limit_files(Path(f"{found.ledger.path}-wal").stat().st_size)

        found.on_message = fill_up
        with files_as_large_as_wanted_afterwards():
            with pytest.raises(LedgerError, match=DISK_FAULT):
                await found.run()
            await asyncio.sleep(GATEWAY_READS_SECONDS)

        assert seen
        assert found.received[CANCEL_ORDER] >= 1
        assert live_orders(found) == 0
        assert found.positions() == {}

    scene(tmp_path, act, exchange=NEVER)


@pytest.mark.parametrize("room", [0, 100_000, 200_000, 250_000, 300_000, 400_000])
def test_fault_56_a_file_system_that_takes_no_more_lets_no_order_live_unrecorded(
    tmp_path: Path, room: int
) -> None:
    """At no point of a session; once there is room it is finished, and nothing is sent twice."""

    async def act(found: Stage) -> None:
        found.ledger.value("PRAGMA wal_checkpoint(TRUNCATE)")
        session = found.next_session()
        with files_as_large_as_wanted_afterwards():
            limit_files(room)
            await tried(found, session)
        assert live_orders(found) == 0
        ordered = orders_at_the_venue(found)

        again = await found.run(session)

        assert not again.reconciliation.locked
        assert found.held() == found.positions()
        assert found.positions()
        references = orders_at_the_venue(found)
        assert ordered <= references
        assert all(count == 1 for count in references.values())

    scene(tmp_path, act)


async def tried(found: Stage, session: dt.date) -> None:
    try:
        await found.run(session)
    except LedgerError as fault:
        if not re.search(DISK_FAULT, str(fault)):
            raise


def orders_at_the_venue(found: Stage) -> Counter[str]:
    """Count the orders that the venue has had, by their reference."""
    done = found.gateway.world.exchange.completed_orders()
    return Counter(order.ticket.order_ref for order in done)


def limit_files(size: int) -> None:
    """Let the kernel refuse to write any file beyond `size`, as a full disk would."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))


@contextlib.contextmanager
def files_as_large_as_wanted_afterwards() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# Two bots


def test_fault_54_a_second_bot_is_refused_and_looking_is_not(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()

        second = steward("once", "-p", tmp_path)
        status = steward("status", "-p", tmp_path)
        review = steward("review", "-p", tmp_path)
        copy = steward("backup", "-p", tmp_path)

        assert second.returncode == 1
        assert f"process {os.getpid()} has it open to write" in second.stderr
        assert "stop that one first" in second.stderr
        assert [each.returncode for each in (status, review, copy)] == [0, 0, 0]

    scene(tmp_path, act)


# What is left on the disk


@pytest.fixture
def quiet_logging() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    for handler in [each for each in root.handlers if (each.name or "").startswith("steward.")]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.getLogger("bot").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


@pytest.mark.usefixtures("quiet_logging")
def test_fault_62_a_long_run_stays_under_the_cap_of_its_logs_and_backups(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        edit(tmp_path, "logs", max_bytes=10_000, backups=1, reports=2)
        edit(tmp_path, "backup", keep=2)
        project = load_project(tmp_path)
        configure(project.settings.logs, console=False)
        for _ in range(5):
            await run_session(project, found.ledger, found.next_session())

        logs = project.settings.logs.folder
        assert sum(each.stat().st_size for each in logs.glob("steward.jsonl*")) <= 20_000
        assert len(list(logs.glob("steward.jsonl*"))) == 2
        assert len(list((logs / "reports").iterdir())) == 2
        assert len(backups(found)) == 2

    scene(tmp_path, act)
