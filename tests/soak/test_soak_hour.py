"""The judgement of the hour: an hour that was well has no fault, and each kind of fault is told."""

from __future__ import annotations

import datetime as dt
import gc
import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

from hour_judgement import PHASES, Ended, Run, faults_of, report
from hour_samples import Sample, Usage, usage

from bot.core.model import BreadthDay, BreadthSource
from bot.defaults import write_defaults
from bot.demo import point_at
from bot.ledger.store import Ledger
from bot.project import load_project
from ledger_facts import OPENING_PRICES, decision, execute, mark, open_condor

START = dt.datetime(2025, 1, 6, 13, 30, tzinfo=dt.UTC)
END = START + dt.timedelta(hours=60)
SESSIONS = [dt.date(2025, 1, day) for day in (6, 7, 8)]
IDLE = Usage(kilobytes=200_000, files=14, threads=5, seconds=1.0)


def lived(folder: Path, session: dt.date, ledger: Ledger) -> None:
    """Write what a session leaves."""
    at = dt.datetime.combine(session, dt.time(20, 30, 20), dt.UTC)
    run = ledger.begin_run(version="1", mode="simulated", account_redacted="DU***67", at=at)
    ledger.start_session(session, run_id=run, dry=False, at=at)
    for number, phase in enumerate(PHASES):
        moment = at + dt.timedelta(seconds=number)
        ledger.finish_phase(session, phase, at=moment, detail={}, dry=False)
    with ledger.writing("a snapshot") as database:
        database.execute(
            "INSERT INTO snapshots (session, dry, taken_at, body) VALUES (?, 0, '', x'')",
            (str(session),),
        )
    ledger.save_decision(decision(session=session), rules_sha256="ab", dry=False, at=at)
    ledger.record_mark(mark(session), prices={})
    count = BreadthDay(session=session, advances=1.0, declines=2.0)
    ledger.record_breadth(BreadthSource.NYSE, count)
    ledger.finish_session(session, at=at, outcome="done", dry=False)
    for path in (f"logs/reports/{session}.txt", f"logs/reports/{session}.html"):
        (folder / path).touch()
    (folder / "backups" / f"steward-{session}.db").touch()


@pytest.fixture
def well(tmp_path: Path) -> Run:
    """Three sessions, two nights, and a bot that takes up as much after the last as the first."""
    folder = tmp_path / "project"
    write_defaults(folder)
    point_at(folder, 4002)
    (folder / "logs" / "reports").mkdir(parents=True)
    (folder / "backups").mkdir()
    with Ledger.open(load_project(folder).settings.ledger.path, durable=False) as ledger:
        for session in SESSIONS:
            lived(folder, session, ledger)
        order = open_condor("2025-01-06:condor:balanced", session=SESSIONS[0])
        execute(ledger, order, *OPENING_PRICES)
    (tmp_path / "bot.log").write_text("gateway.absent\ngateway.back\n" * 2, encoding="utf-8")
    return Run(
        project=folder,
        start=START,
        end=END,
        speed=60.0,
        samples=tuple(sample(hours) for hours in range(61)),
        ended=Ended(code=0, seconds=1.0, by_itself=False),
        told={"reconcile": 0},
    )


def sample(hours: int, **changes: Any) -> Sample:
    facts: dict[str, Any] = {
        "real": hours * 60.0,
        "now": START + dt.timedelta(hours=hours),
        "bot": IDLE,
        "gateway": IDLE,
        "log_bytes": 1000,
        "ledger_bytes": 1000,
    }
    return Sample(**(facts | changes))


def test_an_hour_that_was_well_has_no_fault(well: Run) -> None:
    assert faults_of(well) == []
    assert "does not hold: 0" in report(well, [])
    assert [str(each) for each in SESSIONS] == well.figures()["sessions"]


def at_the_end(usage: Usage) -> tuple[Sample, ...]:
    """Samples of an hour in which only the last hours are other."""
    return tuple(sample(n, bot=usage) if n > 50 else sample(n) for n in range(61))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ended": Ended(code=1, seconds=1.0, by_itself=False)}, "SIGTERM ended the bot with 1"),
        ({"ended": Ended(code=0, seconds=1.0, by_itself=True)}, "ended by itself, with 0"),
        ({"ended": Ended(code=0, seconds=11.0, by_itself=False)}, "took 11.0 s to end"),
        ({"told": {"reconcile": 1}}, "steward reconcile: exit code 1"),
        ({"samples": at_the_end(replace(IDLE, kilobytes=211_000))}, "bot: 200000 kB after one"),
        ({"samples": at_the_end(replace(IDLE, files=16))}, "bot: 14 files after one session, 16"),
        ({"samples": at_the_end(replace(IDLE, threads=7))}, "bot: 5 threads after one session, 7"),
        ({"samples": (sample(0, log_bytes=60_000_001),)}, "60000001 bytes of logs, the cap is"),
        ({"end": START + dt.timedelta(hours=20)}, "the hour held 1 sessions"),
    ],
)
def test_each_fault_of_the_processes_is_told(well: Run, changes: dict[str, Any], told: str) -> None:
    (fault,) = faults_of(replace(well, **changes))

    assert told in fault


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DELETE FROM phases WHERE phase = 'mark' AND session_id = 2", "2025-01-07: phases ("),
        ("UPDATE sessions SET outcome = 'failed' WHERE id = 2", "2025-01-07: is in the ledger as"),
        (
            "UPDATE sessions SET session = '2025-02-07' WHERE id = 2",
            "2025-01-07: is in the ledger as []",
        ),
        ("DELETE FROM breadth WHERE session = '2025-01-08'", "2025-01-08: 0 rows in breadth"),
        ("DELETE FROM marks WHERE session = '2025-01-08'", "2025-01-08: 0 rows in marks"),
        (
            "INSERT INTO snapshots (session, dry, taken_at, body) VALUES ('2025-01-07', 0, '', '')",
            "2025-01-07: 2 rows in snapshots",
        ),
        (
            "INSERT INTO incidents (session, at, kind, detail) VALUES (NULL, '', 'JOB_MISSED', '')",
            "incident: None JOB_MISSED",
        ),
        (
            "INSERT INTO absences VALUES ('2025-01-07', 'BOT_OFF', '', '')",
            "absent: 2025-01-07 BOT_OFF",
        ),
        ("UPDATE intents SET state = 'sent'", "is sent"),
        ("DELETE FROM fills", "nothing was filled"),
    ],
)
def test_each_fault_of_the_ledger_is_told(well: Run, change: str, told: str) -> None:
    with closing(sqlite3.connect(well.project / "ledger" / "steward.db")) as database:
        database.execute(change.replace("'')", "x'')") if "snapshots" in change else change)
        database.commit()

    (fault,) = faults_of(well)

    assert told in fault


@pytest.mark.parametrize("name", ["logs/reports/2025-01-07.html", "backups/steward-2025-01-07.db"])
def test_a_page_or_a_backup_that_is_not_there_is_told(well: Run, name: str) -> None:
    (well.project / name).unlink()

    assert faults_of(well) == [f"2025-01-07: no {Path(name).name}"]


def test_a_night_in_which_the_gateway_did_not_restart_is_told(well: Run) -> None:
    (well.project.parent / "bot.log").write_text("gateway.absent\ngateway.back\n", encoding="utf-8")

    assert faults_of(well) == [
        "gateway.absent was logged 1 times in 2 nights",
        "gateway.back was logged 1 times in 2 nights",
    ]


def test_this_process_takes_up_memory_files_and_threads() -> None:
    gc.collect()  # what tests before this one left open is closed now, not in between
    before = usage(os.getpid())
    with Path(__file__).open(encoding="utf-8"):
        after = usage(os.getpid())

    assert after.files == before.files + 1
    assert after.kilobytes > 10_000
    assert after.threads >= 1
    assert after.seconds >= before.seconds
