"""Years in processes of their own: one that fails says why, and the others go on."""

from __future__ import annotations

import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final

from year import Keep, Lived, live

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from year import Day, Plan

EVERY: Final = 21
"""Sessions between two lines of progress."""

END: Final = "end.json"


def folder_of(plan: Plan, folder: Path, number: int) -> Path:
    """Return where a year is kept, the first being number 1."""
    return folder / f"{number:03d}-seed-{plan.seed}"


def live_all(plans: Sequence[Plan], folder: Path, *, jobs: int) -> list[Lived]:
    """Live all years; a year that failed has the sessions that it finished, and its fault."""
    folders = [folder_of(plan, folder, number) for number, plan in enumerate(plans, start=1)]
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(_supervised, plans, folders))


def _supervised(plan: Plan, folder: Path) -> Lived:
    """Live a year in a process of its own, which may even be killed."""
    end = folder / END
    end.unlink(missing_ok=True)
    process = get_context("spawn").Process(target=_live_one, args=(plan, folder))
    process.start()
    process.join()
    if end.is_file():
        told = json.loads(end.read_text(encoding="utf-8"))
    else:
        told = {"fault": f"its process ended with code {process.exitcode}"}
    days = tuple(Keep(folder, plan).days())
    return Lived(days=days, fingerprint=told.get("fingerprint", ""), fault=told.get("fault", ""))


def _live_one(plan: Plan, folder: Path) -> None:
    """Live a year and write down how it ended."""
    logging.disable(logging.CRITICAL)  # the client library says each of its errors on the terminal
    folder.mkdir(parents=True, exist_ok=True)
    told: dict[str, str] = {}
    try:
        told["fingerprint"] = live(plan, folder, hear=_progress(plan)).fingerprint
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is a finding
        told["fault"] = f"{type(fault).__name__}: {fault}"
        sys.stdout.write(f"seed {plan.seed} failed: {told['fault']}\n")
    (folder / END).write_text(json.dumps(told), encoding="utf-8")


def _progress(plan: Plan) -> Callable[[Day], None]:
    lived = iter(range(1, plan.sessions + 1))

    def hear(day: Day) -> None:
        if next(lived) % EVERY == 0 or day.broken:
            broken = f": {'; '.join(day.broken)}" if day.broken else ""
            sys.stdout.write(f"seed {plan.seed} {day.session}, {day.seconds:.2f} s{broken}\n")
            sys.stdout.flush()

    return hear
