"""The evidence: history decided from 1990 to today, its pricing, its memory, and its scaling.

Needs the folder of recorded data (STEWARD_DATA). The whole replay runs once, by processor time and
as the only thing in its process, so that the greatest resident memory is its own: hedged book and
shadow come out of one run, the overlay of the VXTH kind is reckoned from the same days. Pricing is
timed call by call inside a replay of three months with a panic in them (2018), beside vollib's loop
over the same legs. Scaling is the wall time of one sweep by one worker and by two, each worker's
start and reading of the data included: on a machine that others use it says little, and has no
target.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
from figures import Figure, at_least, at_most, milliseconds, missing, timed
from vollib.black.greeks import analytical
from vollib.black.implied_volatility import implied_volatility

from bot.core import chain
from bot.core.option_arrays import Inputs
from bot.core.pricing import vols_and_deltas
from bot.core.rules import Rules
from bot.evidence.campaigns import ReplayTask, stamp_of_sweep
from bot.evidence.engine import replay
from bot.evidence.grid import Cell
from bot.evidence.history_load import load_history
from bot.evidence.settings import ReplaySettings
from bot.evidence.sweep import Results, local_workers, run_sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.evidence.history import History

WHOLE_SECONDS, MEMORY_MB, RATIO = 60.0, 500.0, 100.0
SLICE = ReplaySettings(first=dt.date(2018, 1, 2), last=dt.date(2018, 3, 29))
SWEPT = ReplaySettings(first=dt.date(2012, 1, 3), last=dt.date(2012, 6, 29))
CELLS, WORKERS = 8, (1, 2)
LOOPED, ROUNDS = 300, 7
KILOBYTES, NS_PER_MS = 1024, 1e6


def measure() -> Iterator[Figure]:
    """Yield time and memory of the whole replay, the ratio of its pricing, and the scaling."""
    folder = os.environ.get("STEWARD_DATA")
    if folder is None:
        yield missing("history from 1990 to today", "STEWARD_DATA is not set", "s")
        return
    history = load_history(Path(folder))
    yield from _whole(history)
    yield from _pricing(history)
    yield from _scaling(Path(folder), history)


def _whole(history: History) -> Iterator[Figure]:
    spent = milliseconds(lambda: replay(history, Rules(), ReplaySettings())) / 1000
    sessions = len(history.usable())
    note = f"{sessions} sessions, hedged book and shadow, processor time of one process"
    yield at_most("history from 1990 to today", spent, "s", WHOLE_SECONDS, note=note)
    yield Figure(name="one session of it", value=spent / sessions * 1000, unit="ms")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES
    yield at_most("greatest resident memory of it", used, "MB", MEMORY_MB)


def _pricing(history: History) -> Iterator[Figure]:
    """Time each call of the kernel in a slice, then the same legs one by one in vollib."""
    calls: list[tuple[float, tuple[np.ndarray, ...], np.ndarray]] = []

    def timed_call(inputs: Inputs) -> object:
        start = time.process_time_ns()
        found = vols_and_deltas(inputs)
        spent = time.process_time_ns() - start
        calls.append((spent, tuple(inputs), found[0]))
        return found

    with patch.object(chain, "vols_and_deltas", timed_call):
        replay(history, Rules(), SLICE)
    priced = [np.concatenate([call[1][each] for call in calls]) for each in range(6)]
    known = np.flatnonzero(np.isfinite(np.concatenate([call[2] for call in calls])))
    ours = sum(call[0] for call in calls) / len(priced[0])
    theirs = statistics.median(_vollib_ns(priced, known) for _ in range(ROUNDS))
    together = min(timed(lambda: vols_and_deltas(Inputs(*priced)), rounds=ROUNDS))
    note = f"{len(priced[0])} legs in {len(calls)} calls, one a decision, from {SLICE.first} on"
    yield Figure(name="IV and delta of one leg in a replay", value=ours, unit="ns", note=note)
    yield at_least("pricing over vollib called per leg", theirs / ours, "x", RATIO, note=note)
    yield Figure(
        name="the same legs in one call, over vollib",
        value=theirs / (together * NS_PER_MS / len(priced[0])),
        unit="x",
        note="what each call costs by itself is then shared by all",
    )


def _vollib_ns(priced: list[np.ndarray], known: np.ndarray) -> float:
    """Return what vollib takes for one leg: its volatility and its delta."""
    step = max(1, len(known) // LOOPED)
    legs = known[::step][:LOOPED]

    def loop() -> None:
        for at in legs:
            forward, strike, years, discount, quote = (float(each[at]) for each in priced[:5])
            flag, rate = "c" if priced[5][at] else "p", -np.log(discount) / years
            iv = implied_volatility(quote, forward, strike, rate, years, flag)
            analytical.delta(flag, forward, strike, years, rate, iv)

    return milliseconds(loop) * NS_PER_MS / len(legs)


def _scaling(folder: Path, history: History) -> Iterator[Figure]:
    cells = tuple(
        Cell(rules=Rules(), settings=SWEPT, seed=seed, changes=()) for seed in range(CELLS)
    )
    task = ReplayTask(folder=folder.resolve(), stamp=stamp_of_sweep(history))
    taken = {count: _swept(cells, task, count) for count in WORKERS}
    for count, (seconds, processor) in taken.items():
        yield Figure(
            name=f"sweep of {CELLS} half years, {count} worker{'s' * (count > 1)}",
            value=seconds,
            unit="s",
            note=f"wall time; {processor:.0f} s of processor time by the workers",
            curve="sweep, wall time by workers",
            x=float(count),
        )
    name = f"speed of {WORKERS[-1]} workers over one"
    note = "wall time, start included: on a machine that others use it says little"
    yield Figure(name=name, value=taken[1][0] / taken[2][0], unit="x", note=note)


def _swept(cells: tuple[Cell, ...], task: ReplayTask, workers: int) -> tuple[float, float]:
    """Return the wall time of a sweep, and the processor time of its workers, in seconds."""
    before = _of_children()
    with tempfile.TemporaryDirectory() as folder:
        results = Results(folder=Path(folder), stamp=task.stamp)
        start = time.perf_counter()
        with local_workers(workers) as pool:
            found = run_sweep(cells, task, results=results, workers=pool, advance=lambda *_: None)
        if len(found.table) != len(cells):
            raise RuntimeError(f"{len(found.table)} of {len(cells)} replays: {found.failed}")
        return time.perf_counter() - start, _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
