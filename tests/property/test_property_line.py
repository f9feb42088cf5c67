"""Gateway x bot in any order: no order lost, duplicated or unaccounted for."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import hypothesis
import pytest
from facts_machine import Facts
from hypothesis.stateful import run_state_machine_as_test
from line_machine import STEPS_OF_AN_EXAMPLE, Counts, Line, kit

import bot.desk

EXAMPLES = 12


def settings(*, examples: int, shrinks: bool = True) -> hypothesis.settings:
    phases = [phase for phase in hypothesis.Phase if shrinks or phase.name == "generate"]
    return hypothesis.settings(
        max_examples=examples,
        stateful_step_count=STEPS_OF_AN_EXAMPLE,
        phases=phases,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


def test_whatever_happens_to_gateway_and_bot_the_six_invariants_hold() -> None:
    before = Counts.steps
    with kit():
        run_state_machine_as_test(Line, settings=settings(examples=EXAMPLES))

    assert Counts.steps - before > EXAMPLES * STEPS_OF_AN_EXAMPLE / 4


def test_a_bot_that_does_not_look_at_the_kill_switch_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bot.desk, "permitted", lambda *_: True)

    with kit(), pytest.raises(AssertionError, match="6: "):
        run_state_machine_as_test(Line, settings=settings(examples=60, shrinks=False))


def test_facts_fold_to_what_was_traded_in_whatever_order_they_are_reported() -> None:
    run_state_machine_as_test(Facts, settings=settings(examples=20))
