"""A sweep: many replays, on all cores of one machine or on a Dask cluster, resumable.

Every cell of the grid is a pure function of its rules, its settings, its history and the code;
a hash of these four is its address. Each result is a file of that name, written whole as soon as
it is there, and a sweep only runs the addresses that have none: one that was interrupted goes on
where it stood, and nothing of other data or other code is ever taken for a result. What runs
where, and in which order, changes no number.

Workers read the history themselves, each once: on a cluster the folder must be there under the
same path. A worker whose data or code is not ours refuses.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import multiprocessing
import os
import signal
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pandas as pd

from bot.config import canonical_text
from bot.core.errors import EvidenceError, StewardError
from bot.files import private_folder, replace_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.evidence.grid import Cell

    Row: TypeAlias = dict[str, Any]
    Task: TypeAlias = Callable[[Cell], Row]
    Advance: TypeAlias = Callable[[int, int], None]

RESULTS: Final = "cells"
"""Folder of the single results, in that of the sweep."""

ANSWER_SECONDS: Final = 10.0
"""Within which a scheduler has to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """What runs the tasks.

    Parameters
    ----------
    executor
        Of processes, or of a cluster.
    lost
        What a task raises when its worker is gone.
    remedy
        What a person can do then.
    """

    executor: Executor
    lost: tuple[type[Exception], ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What one sweep did.

    Parameters
    ----------
    table
        A row for each cell that has a result, in the order of the grid.
    reused
        Results that were there before.
    failed
        A line for each cell that raised a fault; it is tried again the next time.
    interrupted
        Whether a person stopped it before its end.
    """

    table: pd.DataFrame
    reused: int
    failed: tuple[str, ...]
    interrupted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Results that are kept, one file each.

    Parameters
    ----------
    folder
        Where they are.
    stamp
        Hash of everything but the cell that a result depends on: data and code.
    """

    folder: Path
    stamp: str

    def path(self, cell: Cell) -> Path:
        """Return the file of a cell: the first 32 digits of a SHA-256."""
        settings = json.dumps(dataclasses.asdict(cell.settings), default=str, sort_keys=True)
        resampled = () if cell.seed is None else (str(cell.seed), str(cell.mean_block))
        parts = (self.stamp, canonical_text(cell.rules), settings, *resampled)
        address = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        return self.folder / RESULTS / f"{address[:32]}.json"

    def read(self, cell: Cell) -> Row | None:
        """Return the result of a cell; ``None`` when there is none, or its file is damaged."""
        try:
            row = json.loads(self.path(cell).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return row if isinstance(row, dict) else None

    def write(self, cell: Cell, row: Row) -> None:
        """Keep the result of a cell."""
        path = self.path(cell)
        private_folder(path.parent)
        replace_text(path, json.dumps(row))

    def table(self, cells: Sequence[Cell]) -> pd.DataFrame:
        """Return a row for each cell that has a result, in the order given."""
        found = ((cell, self.read(cell)) for cell in cells)
        return pd.DataFrame([_identity(cell) | row for cell, row in found if row is not None])


def run_sweep(
    cells: Sequence[Cell], task: Task, *, results: Results, workers: Workers, advance: Advance
) -> Sweep:
    """Run the cells that have no result yet.

    Parameters
    ----------
    cells
        The grid.
    task
        Makes a row of figures from a cell; pure, and known by name to other processes.
    results
        Where results are kept.
    workers
        Run the tasks; their executor is shut down when a person interrupts.
    advance
        Told how many cells are done, of how many.

    Raises
    ------
    EvidenceError
        If a worker is gone.
    """
    todo = [cell for cell in cells if results.read(cell) is None]
    reused = len(cells) - len(todo)
    advance(reused, len(cells))
    failed: list[str] = []
    interrupted = False
    try:
        for count, (cell, outcome) in enumerate(_outcomes(todo, task, workers), start=1):
            if isinstance(outcome, StewardError):
                failed.append(f"{_title(cell)}: {outcome}")
            else:
                results.write(cell, outcome)
            advance(reused + count, len(cells))
    except KeyboardInterrupt:
        interrupted = True
        _stop(workers.executor)
    table = results.table(cells)
    return Sweep(table=table, reused=reused, failed=tuple(failed), interrupted=interrupted)


def stamp_of(*paths: Path) -> str:
    """Return the SHA-256 of files, and of all CSV and Python files in folders.

    Raises
    ------
    EvidenceError
        If a file cannot be read.
    """
    digest = hashlib.sha256()
    for top in paths:
        for path in _files(top):
            try:
                digest.update(path.relative_to(top.parent).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
            except OSError as error:
                raise EvidenceError(f"{path}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()


@contextlib.contextmanager
def local_workers(count: int | None) -> Iterator[Workers]:
    """Open a pool of processes of this machine, one for each core by default.

    They are spawned, so that each starts from nothing as it would on another machine.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        count or os.cpu_count(), mp_context=context, initializer=_leave_interrupts_to_the_parent
    ) as pool:
        yield Workers(
            executor=pool,
            lost=(BrokenProcessPool,),
            remedy="perhaps for want of memory: give the same command with fewer --workers",
        )


@contextlib.contextmanager
def cluster_workers(scheduler: str) -> Iterator[Workers]:
    """Open the workers of a Dask cluster.

    Parameters
    ----------
    scheduler
        Its address: ``tcp://10.0.0.5:8786``.

    Raises
    ------
    EvidenceError
        If Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415 - the extra `sweep`, and slow to load
    except ImportError as error:
        raise EvidenceError(
            "a Dask cluster needs the extra: pip install 'vix-steward[sweep]'"
        ) from error
    try:
        client = Client(scheduler, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EvidenceError(f"--scheduler {scheduler}: no scheduler answers: {error}") from error
    with client:
        yield Workers(
            executor=client.get_executor(pure=False),
            lost=(CancelledError, KilledWorker),
            remedy=f"see to the cluster of {scheduler}, and give the same command again",
        )


def _outcomes(
    cells: Sequence[Cell], task: Task, workers: Workers
) -> Iterator[tuple[Cell, Row | StewardError]]:
    """Yield each result as it comes, or the fault of the cell."""
    futures = {workers.executor.submit(task, cell): cell for cell in cells}
    for future in as_completed(futures):
        try:
            yield futures[future], future.result()
        except workers.lost as error:
            raise EvidenceError(f"a worker is gone: {workers.remedy}") from error
        except StewardError as fault:
            yield futures[future], fault


def _stop(executor: Executor) -> None:
    """Forget what has not begun, and end what runs in processes of ours."""
    if isinstance(executor, ProcessPoolExecutor):
        executor.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
    else:
        executor.shutdown(wait=False)


def _identity(cell: Cell) -> Row:
    """Columns that tell a cell from the others; a list is shown as text."""
    changes = {
        name: json.dumps(value) if isinstance(value, list | tuple) else value
        for name, value in cell.changes
    }
    return {**changes, "path": -1 if cell.seed is None else cell.seed}


def _title(cell: Cell) -> str:
    history = "recorded history" if cell.seed is None else f"path {cell.seed}"
    return ", ".join((*(f"{name} = {value}" for name, value in cell.changes), history))


def _files(top: Path) -> list[Path]:
    if not top.is_dir():
        return [top]
    return sorted(path for path in top.rglob("*") if path.name.endswith((".py", ".csv", ".csv.gz")))


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
