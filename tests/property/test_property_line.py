"""Gateway x bot in any order: no order lost, duplicated or unaccounted for."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import hypothesis
from hypothesis.stateful import run_state_machine_as_test
from line_machine import STEPS_OF_AN_EXAMPLE, Counts, Line, kit

EXAMPLES = 12


def test_whatever_happens_to_gateway_and_bot_the_six_invariants_hold() -> None:
    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS_OF_AN_EXAMPLE,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    before = Counts.steps
    with kit():
        run_state_machine_as_test(Line, settings=settings)

    assert Counts.steps - before > EXAMPLES * STEPS_OF_AN_EXAMPLE / 4
