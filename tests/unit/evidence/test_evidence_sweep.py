"""Many replays: the same numbers wherever they run, and none twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import sweep_tasks
from bot.core.errors import EvidenceError
from bot.core.rules import Rules
from bot.evidence import sweep
from bot.evidence.grid import Cell
from bot.evidence.settings import ReplaySettings
from bot.evidence.sweep import (
    RESULTS,
    Results,
    Sweep,
    Workers,
    cluster_workers,
    local_workers,
    run_sweep,
    stamp_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
CELLS = tuple(
    Cell(
        rules=Rules(rate=0.03),
        settings=ReplaySettings(spread_share=share),
        seed=seed,
        changes=(("spread_share", share), ("condor.tiers", ["balanced"])),
    )
    for share in (0.25, 0.5, 1.0)
    for seed in (None, 1, 2, 3)
)


def swept(
    folder: Path,
    workers: Workers,
    task: object = sweep_tasks.figures,
    *,
    cells: tuple[Cell, ...] = CELLS,
    stamp: str = "data and code",
) -> Sweep:
    results = Results(folder=folder, stamp=stamp)
    return run_sweep(cells, task, results=results, workers=workers, advance=lambda *_: None)


def interrupted_at_once(folder: Path, workers: Workers) -> Sweep:
    """Run until the first result, when a person types Ctrl-C."""

    def advance(done: int, _total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    results = Results(folder=folder, stamp="data and code")
    return run_sweep(CELLS, sweep_tasks.figures, results=results, workers=workers, advance=advance)


def in_threads(folder: Path, **options: object) -> Sweep:
    with ThreadPoolExecutor(1) as executor:
        return swept(folder, Workers(executor=executor), **options)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """Start a scheduler and two workers on loopback; their address."""
    file = tmp_path / "scheduler.json"
    common = ("--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
        "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__GIL__ENABLED": "false",
    }
    worker = ("dask_worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path))
    commands = (("dask_scheduler", "--port", "0"), worker, worker)
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", f"distributed.cli.{name}", *options, *common],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name, *options in commands
    ]
    try:
        until(lambda: address(file))
        yield address(file)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def address(file: Path) -> str:
    """Address of the scheduler; empty until it has written it."""
    try:
        return str(json.loads(file.read_text())["address"])
    except (OSError, ValueError):
        return ""


def until(true: Callable[[], object], *, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds} s: {true}")
        time.sleep(0.05)


def test_a_row_holds_what_was_changed_the_history_and_the_figures(tmp_path: Path) -> None:
    table = in_threads(tmp_path).table

    assert list(table.columns) == [
        *("spread_share", "condor.tiers", "path", "root", "unknown", "seed_squared"),
    ]
    assert table.iloc[-1].to_dict() | {"unknown": None} == {
        "spread_share": 1.0,
        "condor.tiers": '["balanced"]',
        "path": 3,
        "root": 1.4142135623730951 / 3,
        "unknown": None,
        "seed_squared": 9,
    }
    assert table["path"].tolist() == [-1, 1, 2, 3] * 3
    assert table["unknown"].isna().all()


def test_any_number_of_workers_anywhere_gives_the_same_numbers(
    tmp_path: Path, cluster: str
) -> None:
    expected = in_threads(tmp_path / "threads").table
    with local_workers(2) as workers:
        processes = swept(tmp_path / "processes", workers)
    with cluster_workers(cluster) as workers:
        cluster_sweep = swept(tmp_path / "cluster", workers)
        interrupted = interrupted_at_once(tmp_path / "interrupted", workers)

    pd.testing.assert_frame_equal(processes.table, expected, check_exact=True)
    pd.testing.assert_frame_equal(cluster_sweep.table, expected, check_exact=True)
    assert (processes.failed, cluster_sweep.failed) == ((), ())
    assert (interrupted.interrupted, len(interrupted.table)) == (True, 1)


def test_what_has_a_result_is_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    monkeypatch.setenv(sweep_tasks.CALLS, str(calls))
    cells = tuple(
        replace(CELLS[0], settings=ReplaySettings(size=float(size))) for size in range(1, 6)
    )
    first = in_threads(tmp_path, cells=cells[:3])
    for each in calls.iterdir():
        each.unlink()
    second = in_threads(tmp_path, cells=cells)

    assert (first.reused, second.reused) == (0, 3)
    assert sorted(each.name for each in calls.iterdir()) == ["4.0-None", "5.0-None"]
    assert len(second.table) == 5


def test_progress_counts_what_was_there_and_what_comes(tmp_path: Path) -> None:
    in_threads(tmp_path, cells=CELLS[:2])
    told: list[tuple[int, int]] = []
    with ThreadPoolExecutor(1) as executor:
        run_sweep(
            CELLS[:4],
            sweep_tasks.figures,
            results=Results(folder=tmp_path, stamp="data and code"),
            workers=Workers(executor=executor),
            advance=lambda done, total: told.append((done, total)),
        )

    assert told == [(2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    "other",
    [
        {"rules": Rules(rate=0.031)},
        {"settings": ReplaySettings(spread_share=0.26)},
        {"seed": 4},
        {"seed": 1, "mean_block": 21},
    ],
)
def test_another_cell_has_a_result_of_its_own(tmp_path: Path, other: dict[str, object]) -> None:
    results = Results(folder=tmp_path, stamp="x")
    cell = replace(CELLS[0], seed=1) if "mean_block" in other else CELLS[0]

    assert results.path(replace(cell, **other)) != results.path(cell)


def test_a_result_of_other_data_or_code_is_none(tmp_path: Path) -> None:
    in_threads(tmp_path, cells=CELLS[:2])

    assert in_threads(tmp_path, cells=CELLS[:2], stamp="other").reused == 0


def test_names_of_changes_make_no_other_result(tmp_path: Path) -> None:
    results = Results(folder=tmp_path, stamp="x")

    assert results.path(replace(CELLS[0], changes=())) == results.path(CELLS[0])


@pytest.mark.parametrize("damage", ["", "{", "[1]", '"text"'])
def test_a_damaged_result_is_made_anew(tmp_path: Path, damage: str) -> None:
    expected = in_threads(tmp_path, cells=CELLS[:1]).table
    (file,) = (tmp_path / RESULTS).iterdir()
    file.write_text(damage, encoding="utf-8")
    again = in_threads(tmp_path, cells=CELLS[:1])

    assert again.reused == 0
    pd.testing.assert_frame_equal(again.table, expected)


def test_a_fault_of_one_replay_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    found = in_threads(tmp_path, task=sweep_tasks.refusing)

    assert len(found.table) == 8
    assert found.failed[1] == (
        "spread_share = 0.5, condor.tiers = ['balanced'], path 1: half is refused"
    )
    assert in_threads(tmp_path).reused == 8


def test_a_worker_that_dies_is_a_fault_with_its_remedy(tmp_path: Path) -> None:
    with (
        local_workers(1) as workers,
        pytest.raises(EvidenceError, match="fewer --workers"),
    ):
        swept(tmp_path, workers, sweep_tasks.dying)


def test_a_cluster_that_goes_away_is_a_fault_with_its_remedy(tmp_path: Path) -> None:
    class Gone(ThreadPoolExecutor):
        def submit(self, *_: object) -> Future[object]:  # type: ignore[override]
            future: Future[object] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    workers = Workers(executor=Gone(1), lost=(CancelledError,), remedy="see to the cluster")
    with pytest.raises(EvidenceError, match="a worker is gone: see to the cluster"):
        swept(tmp_path, workers)


def test_an_interrupt_keeps_what_is_done_and_ends_what_runs(tmp_path: Path) -> None:
    """Another process, since it is a person's Ctrl-C that ends it."""
    code = (
        "import sys, sweep_tasks\n"
        "from pathlib import Path\n"
        "from test_evidence_sweep import CELLS, local_workers, swept\n"
        "if __name__ == '__main__':\n"
        "    with local_workers(2) as workers:\n"
        "        found = swept(Path(sys.argv[1]), workers, sweep_tasks.slow)\n"
        "    print('interrupted', found.interrupted, len(found.table))\n"
    )
    script = tmp_path / "interrupted.py"
    script.write_text(code, encoding="utf-8")
    search = os.pathsep.join(str(each) for each in (ROOT, ROOT / "tests", Path(__file__).parent))
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": search},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        until(lambda: len(list((tmp_path / RESULTS).glob("*.json"))) == 2)
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=50)
    finally:
        process.kill()

    assert said.split() == ["interrupted", "True", "2"]


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "ANSWER_SECONDS", 0.5)
    with (
        pytest.raises(EvidenceError, match=r"--scheduler tcp://127\.0\.0\.1:9"),
        cluster_workers("tcp://127.0.0.1:9"),
    ):
        pass


def test_a_stamp_changes_with_any_byte_and_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.csv").write_text("1", encoding="utf-8")
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    first = stamp_of(folder)
    (folder / "notes.txt").write_text("y", encoding="utf-8")
    other_notes = stamp_of(folder)
    (folder / "a.csv").write_text("2", encoding="utf-8")
    other_data = stamp_of(folder)
    (folder / "a.csv").rename(folder / "b.csv")

    assert other_notes == first
    assert len({first, other_data, stamp_of(folder)}) == 3


def test_a_file_without_content_is_no_stamp(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"none\.csv: cannot be read"):
        stamp_of(tmp_path / "none.csv")
