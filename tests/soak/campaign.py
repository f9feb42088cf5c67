"""Live years in which everything goes wrong, seed by seed, and report what came of them.

``python tests/soak/campaign.py --seeds 10`` goes on where it stood; ``--anew`` begins again. Each
seed lives in a process of its own. The end is an error if an invariant did not hold, if an
incident is not explained by what was made to go wrong, or if memory grew.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import statistics
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

HERE: Final = Path(__file__).resolve()
sys.path[:0] = [
    str(HERE.parents[2]),
    *(str(HERE.parents[1] / each) for each in ("", "scenario", "property", "soak")),
]

from explained import unexplained  # noqa: E402 - the paths come first
from mischief import SCRIPTS, known_rows  # noqa: E402
from year import Day, Lived, Plan, live  # noqa: E402

from bot.simulator.scenarios import SCENARIOS  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WARM: Final = 60
"""Sessions after which memory must not grow any more."""

MOST_DRIFT: Final = 0.05
EVERY: Final = 21
"""Sessions between two lines of progress."""


def main() -> int:
    asked = _arguments()
    if asked.anew:
        shutil.rmtree(asked.folder, ignore_errors=True)
    if asked.pairs:
        return _pairs(asked)
    plans = [_plan(asked, seed) for seed in range(asked.first_seed, asked.first_seed + asked.seeds)]
    lived = _all(plans, asked.folder, jobs=asked.jobs)
    _write(report(plans, lived), asked.folder / "soak.md")
    return int(any(faults_of(year) for year in lived))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=_positive, default=10, help="how many years")
    parser.add_argument("--first-seed", type=_positive, default=1)
    parser.add_argument("--sessions", type=_positive, default=252, help="of each year")
    parser.add_argument("--faults", type=int, default=5, help="rows of the catalogue a session")
    parser.add_argument("--scenario", default="seasons", choices=SCENARIOS)
    parser.add_argument("--rows", type=_rows, default=(), help="draw from these only: 26,33")
    parser.add_argument("--jobs", type=_positive, default=2, help="years at a time")
    parser.add_argument("--pairs", type=int, default=0, help="live so many years twice instead")
    parser.add_argument("--folder", type=Path, default=Path("build/soak"))
    parser.add_argument("--anew", action="store_true", help="forget what was lived before")
    return parser.parse_args()


def _rows(text: str) -> tuple[int, ...]:
    try:
        return known_rows(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from fault


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, received {text!r}")
    return int(text)


def _plan(asked: argparse.Namespace, seed: int) -> Plan:
    return Plan(
        seed=seed,
        sessions=asked.sessions,
        faults=asked.faults,
        scenario=asked.scenario,
        rows=asked.rows,
    )


def _all(plans: Sequence[Plan], folder: Path, *, jobs: int) -> list[Lived]:
    """Live all years, some at a time."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        futures = {
            pool.submit(_year, plan, folder / f"{number:03d}-seed-{plan.seed}"): number
            for number, plan in enumerate(plans, start=1)
        }
        done = {futures[future]: future.result() for future in as_completed(futures)}
    return [done[number] for number in sorted(done)]


def _year(plan: Plan, folder: Path) -> Lived:
    logging.disable(logging.CRITICAL)  # the client library says each of its errors on the terminal
    lived = Counter[str]()

    def hear(day: Day) -> None:
        lived["days"] += 1
        if lived["days"] % EVERY == 0 or day.broken:
            broken = f": {'; '.join(day.broken)}" if day.broken else ""
            sys.stdout.write(f"seed {plan.seed} {day.session}, {day.seconds:.2f} s{broken}\n")
            sys.stdout.flush()

    return live(plan, folder, hear=hear)


def _pairs(asked: argparse.Namespace) -> int:
    """Live years twice; return how many pairs differ."""
    plans = [_plan(asked, asked.first_seed + number) for number in range(asked.pairs)]
    lived = _all([*plans, *plans], asked.folder / "pairs", jobs=asked.jobs)
    one, two = lived[: len(plans)], lived[len(plans) :]
    same = sum(a.fingerprint == b.fingerprint for a, b in zip(one, two, strict=True))
    sys.stdout.write(f"{same} of {len(plans)} pairs have the same canonical ledger\n")
    return len(plans) - same


def faults_of(year: Lived) -> list[str]:
    """Return what must not be in a year."""
    found = [f"{day.session}: {text}" for day in year.days for text in day.broken]
    found += unexplained(year.days)
    drifted = drift(year.days)
    if drifted > MOST_DRIFT:
        found.append(f"memory grew by {drifted:.1%} after {WARM} sessions")
    return found


def drift(days: Sequence[Day]) -> float:
    """Return by how much memory grew after the warm-up; 0 for years that are shorter."""
    warm = days[WARM:]
    return warm[-1].megabytes / warm[0].megabytes - 1 if warm else 0.0


def report(plans: Sequence[Plan], lived: Sequence[Lived]) -> str:
    """Return what came of all years, in Markdown."""
    days = [day for year in lived for day in year.days]
    seconds = sorted(day.seconds for day in days)
    drawn = Counter(row for day in days for row in day.rows)
    hit = Counter(row for day in days for row in day.hit)
    notes = Counter(note for day in days for note in day.notes)
    found = [text for year in lived for text in faults_of(year)]
    lines = [
        (
            f"{len(days)} sessions of {len(plans)} seeds; "
            f"{sum(d.struck for d in days)} faults struck, "
            f"{sum(bool(d.endings) for d in days)} sessions were tried again, "
            f"{sum(d.adopted for d in days)} needed a person"
        ),
        (
            f"seconds of one core a session: median {statistics.median(seconds):.2f}, "
            f"90 % {seconds[int(0.9 * (len(seconds) - 1))]:.2f}, most {seconds[-1]:.2f}"
        ),
        (
            f"memory: {max(d.megabytes for d in days):.0f} MB at most, "
            f"drift {max(drift(year.days) for year in lived):+.1%} after {WARM} sessions"
        ),
        f"rows that struck: {_counts(hit)}",
        f"not drawn: {sorted(SCRIPTS.keys() - drawn.keys()) or 'none'}",
        f"drawn, and never struck: {sorted(drawn.keys() - hit.keys()) or 'none'}",
        f"alerts and incidents: {_counts(notes)}",
        f"broken or unexplained: {len(found)}",
        *found,
    ]
    return "\n".join(f"- {line}" for line in lines) + "\n"


def _counts(counter: Counter[int] | Counter[str]) -> str:
    return ", ".join(f"{key} x{count}" for key, count in _sorted(counter.items())) or "none"


def _sorted(items: Iterable[tuple[int | str, int]]) -> list[tuple[int | str, int]]:
    return sorted(items, key=lambda item: (str(type(item[0])), item[0]))


def _write(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    sys.stdout.write(json.dumps({"report": str(path)}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
