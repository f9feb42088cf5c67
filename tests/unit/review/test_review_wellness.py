"""``steward status --check`` says what is unwell, one line for each reason."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.clock import WallClock
from bot.defaults import write_defaults
from bot.heartbeat import Heartbeat, heartbeat_path, write_heartbeat
from bot.ledger.attendance import AbsenceReason
from bot.ledger.store import Ledger
from bot.review.wellness import unwell

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 7, 21, 14, 0, tzinfo=dt.UTC)
MONDAY = dt.date(2026, 7, 20)
BEAT = Heartbeat(at=NOW, pid=1, state="waiting")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose last session is done and whose bot lives."""
    write_defaults(tmp_path)
    beat(tmp_path)
    with Ledger.open(ledger_path(tmp_path)) as ledger:
        session(ledger, "done")
    return tmp_path


def ledger_path(project: Path) -> Path:
    return project / "ledger" / "steward.db"


def beat(project: Path, **changes: object) -> None:
    write_heartbeat(heartbeat_path(ledger_path(project)), replace(BEAT, **changes))  # type: ignore[arg-type]


def session(ledger: Ledger, outcome: str, *, day: dt.date = MONDAY, locked: bool = False) -> None:
    run_id = ledger.begin_run(version="1", mode="paper", account_redacted="DU***67", at=NOW)
    ledger.start_session(day, run_id=run_id, dry=False, at=NOW)
    ledger.finish_phase(day, "report", at=NOW, detail={"locked": locked}, dry=False)
    ledger.finish_session(day, at=NOW, outcome=outcome, dry=False)


def change(project: Path, old: str, new: str) -> None:
    path = project / "config" / "steward.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def only(project: Path) -> str:
    (reason,) = unwell(project, NOW)
    return reason


def test_a_bot_that_lives_and_whose_last_session_is_done_is_well(project: Path) -> None:
    assert unwell(project, NOW) == ()


def test_a_heartbeat_may_be_late_but_not_four_times(project: Path) -> None:
    assert unwell(project, NOW + dt.timedelta(seconds=120)) == ()
    (reason,) = unwell(project, NOW + dt.timedelta(seconds=121))

    assert reason.startswith("heartbeat: 121 s old, limit 120 s")


def test_a_bot_that_was_stopped_is_unwell(project: Path) -> None:
    beat(project, state="stopped")

    assert only(project).startswith("heartbeat: the bot was stopped 0 s ago; start it")


def test_a_bot_that_never_ran_is_unwell(tmp_path: Path) -> None:
    write_defaults(tmp_path)
    reasons = unwell(tmp_path, NOW)

    assert [reason.partition(":")[0] for reason in reasons] == ["heartbeat", "disk", "ledger"]


def test_a_fault_that_halts_the_bot_is_unwell(project: Path) -> None:
    beat(project, fault="config/steward.toml:3: broker.port = 99999: too large\nmore")

    assert only(project).startswith("halted by fault: config/steward.toml:3: broker.port")


def test_an_absent_gateway_is_unwell_once_it_was_an_alarm(project: Path) -> None:
    beat(project, gateway_absent_since=NOW)
    assert unwell(project, NOW) == ()

    beat(project, gateway_absent_since=NOW, alarmed=True)
    assert only(project).startswith("gateway: absent since 2026-07-21 14:00 UTC")


@pytest.mark.parametrize("outcome", ["failed", "disputed", "interrupted"])
def test_a_last_session_that_was_not_done_is_unwell(project: Path, outcome: str) -> None:
    with Ledger.open(ledger_path(project)) as ledger:
        session(ledger, outcome, day=dt.date(2026, 7, 21))

    assert only(project).startswith(f"session 2026-07-21 ended as {outcome}")


def test_a_missed_session_is_unwell_until_a_later_one_is_done(project: Path) -> None:
    with Ledger.open(ledger_path(project)) as ledger:
        missed = dt.date(2026, 7, 21)
        ledger.record_absence(missed, AbsenceReason.BOT_OFF, at=NOW, detail="asleep")
        assert only(project) == "session 2026-07-21 was missed: BOT_OFF: asleep"

        session(ledger, "done", day=dt.date(2026, 7, 22))
        assert unwell(project, NOW) == ()


def test_a_locked_book_is_unwell(project: Path) -> None:
    with Ledger.open(ledger_path(project)) as ledger:
        session(ledger, "done", day=dt.date(2026, 7, 21), locked=True)

    assert only(project).startswith("LOCKED")


def test_a_disk_without_room_is_unwell(project: Path) -> None:
    change(project, "minimum_free_mb = 200", "minimum_free_mb = 999999999")

    assert only(project).startswith("disk: ")


@pytest.mark.parametrize("state", ["no_entries", "halt", "flatten"])
def test_a_state_that_a_person_chose_is_not_unwell(project: Path, state: str) -> None:
    change(project, 'state = "active"', f'state = "{state}"')

    assert unwell(project, NOW) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [('state = "active"', 'state = "aktive"'), ('state = "active"', ""), ("[kill_switch]", "[x]")],
)
def test_a_kill_switch_that_cannot_be_read_is_unwell(project: Path, old: str, new: str) -> None:
    change(project, old, new)

    assert only(project).startswith("halted by fault: kill_switch.state")


@pytest.mark.parametrize(
    ("old", "new"),
    [("[broker]", "[broker"), ("heartbeat_seconds = 30.0", 'heartbeat_seconds = "soon"')],
)
def test_a_config_that_cannot_be_read_is_unwell(project: Path, old: str, new: str) -> None:
    change(project, old, new)

    assert only(project).startswith("config: ")


def test_the_command_exits_1_when_unwell_and_loads_nothing_slow(project: Path) -> None:
    code = (
        "import sys\n"
        "from bot.cli import app\n"
        f"code = app(['status', '--check', '-p', {str(project)!r}], standalone_mode=False)\n"
        "print('loaded', code, *sorted({each.partition('.')[0] for each in sys.modules}))\n"
    )
    beat(project, at=WallClock().now())
    well = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    beat(project)
    ill = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    (said, well_code, *loaded), (reason, ill_line) = (
        [well.stdout.splitlines()[0], *well.stdout.splitlines()[1].split()[1:]],
        ill.stdout.splitlines(),
    )
    assert (said, well_code) == ("well", "None")
    assert reason.startswith("heartbeat: ")
    assert ill_line.split()[1] == "1"
    assert set(loaded) & {"ib_insync", "numpy", "pandas", "apscheduler", "structlog"} == set()


def test_the_check_itself_needs_no_library(project: Path) -> None:
    code = "import sys, bot.review.wellness; print({'pydantic', 'rich'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=project
    )

    assert done.stdout.strip() == "set()"


def test_the_failed_backup_of_the_last_session_is_unwell_until_there_is_a_copy(
    project: Path,
) -> None:
    with Ledger.open(ledger_path(project)) as ledger:
        ledger.incident("BACKUP_FAILED", session=MONDAY, at=NOW, detail="the disk is full")

    assert only(project) == f"backup of {MONDAY}: the disk is full; `steward backup` tries again"

    (project / "backups").mkdir()
    copy = project / "backups" / f"steward-{MONDAY}.db"
    for age, well in ((1, False), (-1, True)):
        copy.touch()
        os.utime(copy, (NOW.timestamp() - age,) * 2)
        assert (unwell(project, NOW) == ()) is well


def test_the_failed_backup_of_a_session_before_is_past(project: Path) -> None:
    with Ledger.open(ledger_path(project)) as ledger:
        ledger.incident("BACKUP_FAILED", session=MONDAY, at=NOW, detail="the disk is full")
        session(ledger, "done", day=dt.date(2026, 7, 21))

    assert unwell(project, NOW) == ()
