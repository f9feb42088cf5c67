"""Live years in which everything goes wrong, seed by seed, and report what came of them.

``python tests/soak/soak_campaign.py --seeds 10`` goes on where it stood; ``--anew`` begins again.
Each seed lives in a process of its own, and one that fails ends no other. The report is ``soak.md``
and ``soak.json`` in the folder; the exit code is 1 if a year failed, an invariant did not hold, an
incident is not explained by what was made to go wrong, or memory grew.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve()
sys.path[:0] = [
    str(HERE.parents[2]),
    *(str(HERE.parents[1] / each) for each in ("", "scenario", "property", "soak")),
]

from findings import as_json, as_markdown, gathered  # noqa: E402 - the paths come first
from mischief import ROWS, known_rows  # noqa: E402
from processes import folder_of, live_all  # noqa: E402
from year import Keep, Plan  # noqa: E402

from bot.simulator.scenarios import SCENARIOS  # noqa: E402


def main() -> int:
    """Live what is asked for; return the exit code."""
    asked = _arguments()
    if asked.anew:
        shutil.rmtree(asked.folder, ignore_errors=True)
    if asked.pairs:
        plans = [_plan(asked, asked.first_seed + number) for number in range(asked.pairs)]
        return _pairs(plans, asked.folder / "pairs", jobs=asked.jobs)
    plans = [_plan(asked, seed) for seed in range(asked.first_seed, asked.first_seed + asked.seeds)]
    if refusal := _taken(plans, asked.folder):
        sys.stderr.write(f"{refusal}\n")
        return 2
    findings = gathered(plans, live_all(plans, asked.folder, jobs=asked.jobs))
    text = as_markdown(findings)
    (asked.folder / "soak.md").write_text(text, encoding="utf-8")
    (asked.folder / "soak.json").write_text(json.dumps(as_json(findings), indent=1) + "\n")
    sys.stdout.write(f"{text}{asked.folder / 'soak.json'}\n")
    return int(bool(findings.defects))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=_positive, default=10, help="how many years")
    parser.add_argument("--first-seed", type=_positive, default=1)
    parser.add_argument("--sessions", type=_positive, default=252, help="of each year")
    parser.add_argument("--faults", type=_faults, default=5, help="rows of the catalogue a session")
    parser.add_argument("--scenario", default="seasons", choices=SCENARIOS)
    parser.add_argument("--rows", type=_rows, default=(), help="draw from these only: 26,33")
    parser.add_argument("--jobs", type=_positive, default=2, help="years at a time")
    parser.add_argument("--pairs", type=_whole, default=0, help="live so many years twice instead")
    parser.add_argument("--folder", type=Path, default=Path("build/soak"))
    parser.add_argument("--anew", action="store_true", help="forget what was lived before")
    return parser.parse_args()


def _rows(text: str) -> tuple[int, ...]:
    try:
        return known_rows(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from fault


def _whole(text: str, lowest: int = 0) -> int:
    if not text.isdecimal() or int(text) < lowest:
        told = f"must be a whole number from {lowest} on, received {text!r}"
        raise argparse.ArgumentTypeError(told)
    return int(text)


def _positive(text: str) -> int:
    return _whole(text, 1)


def _faults(text: str) -> int:
    if not text.isdecimal() or int(text) > len(ROWS):
        raise argparse.ArgumentTypeError(f"must be from 0 to {len(ROWS)}, received {text!r}")
    return int(text)


def _plan(asked: argparse.Namespace, seed: int) -> Plan:
    return Plan(
        seed=seed,
        sessions=asked.sessions,
        faults=asked.faults,
        scenario=asked.scenario,
        rows=asked.rows,
    )


def _taken(plans: list[Plan], folder: Path) -> str | None:
    """Return why the folder cannot keep the years, if another one was begun in it."""
    try:
        for number, plan in enumerate(plans, start=1):
            list(Keep(folder_of(plan, folder, number), plan).days())
    except ValueError as fault:
        return str(fault)
    return None


def _pairs(plans: list[Plan], folder: Path, *, jobs: int) -> int:
    """Live years twice; return whether a pair differs."""
    lived = live_all([*plans, *plans], folder, jobs=jobs)
    one, two = lived[: len(plans)], lived[len(plans) :]
    for year in lived:
        if year.fault:
            sys.stdout.write(f"a year failed: {year.fault}\n")
    same = sum(
        a.fingerprint == b.fingerprint and not (a.fault or b.fault)
        for a, b in zip(one, two, strict=True)
    )
    sys.stdout.write(f"{same} of {len(plans)} pairs have the same canonical ledger\n")
    return int(same < len(plans))


if __name__ == "__main__":
    sys.exit(main())
