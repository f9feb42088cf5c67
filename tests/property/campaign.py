"""Run the machine of gateway and bot until enough steps were made; go on where it stood.

Each round has a seed of its own; what was done is written into the folder, so that a campaign
which was ended goes on. A failure ends it with Hypothesis' shortest example.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import hypothesis
from facts_machine import Counts as FactCounts
from facts_machine import Facts
from hypothesis.stateful import run_state_machine_as_test
from line_machine import STEPS_OF_AN_EXAMPLE, Counts, Line, kit

EXAMPLES_OF_A_ROUND = 20
FACT_EXAMPLES = 20


def main() -> None:
    asked = _arguments()
    asked.folder.mkdir(parents=True, exist_ok=True)
    path = asked.folder / "line.json"
    done = {"rounds": 0, "steps": 0, "examples": 0, "fact_steps": 0, "seconds": 0.0, "ended": {}}
    if path.is_file() and not asked.anew:
        done = json.loads(path.read_text())
    with kit():
        while done["steps"] < asked.steps:
            _round(done, asked.seed + done["rounds"])
            path.write_text(json.dumps(done, indent=1, sort_keys=True))
            _say(done, asked.steps)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="of gateway x bot")
    parser.add_argument("--seed", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, default=Path("build/property"))
    parser.add_argument("--anew", action="store_true", help="forget what was done before")
    return parser.parse_args()


def _round(done: dict[str, object], seed: int) -> None:
    began, steps, examples = time.monotonic(), Counts.steps, Counts.examples
    facts = FactCounts.steps
    Counts.ended.clear()
    _run(Line, seed, EXAMPLES_OF_A_ROUND)
    _run(Facts, seed, FACT_EXAMPLES)
    ended = Counter(done["ended"]) + Counts.ended
    done |= {
        "rounds": done["rounds"] + 1,
        "steps": done["steps"] + Counts.steps - steps,
        "examples": done["examples"] + Counts.examples - examples,
        "fact_steps": done["fact_steps"] + FactCounts.steps - facts,
        "seconds": done["seconds"] + time.monotonic() - began,
        "ended": dict(ended),
    }


def _run(machine: type[Line | Facts], seed: int, examples: int) -> None:
    settings = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=STEPS_OF_AN_EXAMPLE,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=settings)


def _say(done: dict[str, object], wanted: int) -> None:
    rate = done["steps"] / done["seconds"]
    sys.stdout.write(
        f"{done['steps']} of {wanted} steps of gateway x bot in {done['examples']} examples, "
        f"{done['fact_steps']} steps of the ledger's facts, "
        f"{done['seconds']:.0f} s, {rate:.0f} steps/s\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
