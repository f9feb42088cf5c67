"""A fixed slice of `make fuzz`: damaged frames, odd quotes, damaged configuration."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "property"))

import pytest
from fuzz_configs import ConfigFuzz
from fuzz_quotes import QuoteFuzz, check
from fuzz_worlds import bench
from line_plan import Kind, Wish, intents

import builders
from bot.core.fold import Holdings

FRAMES = 5_000
SEED = 7


def test_damaged_frames_end_in_an_answer_or_a_known_fault_and_hang_neither_side() -> None:
    with bench() as place:
        client = place.towards_client(FRAMES, seed=SEED)
        gateway = place.towards_gateway(FRAMES, seed=SEED)

    assert place.complaints == []
    assert min(client.frames, gateway.frames) >= FRAMES
    assert client.outcomes["answered"] > 0
    assert gateway.hung_up > 0


def test_odd_quotes_make_no_order_that_cannot_be_sent() -> None:
    fuzz = QuoteFuzz(SEED)

    fuzz.run(30)

    assert fuzz.intents > 0


def test_damaged_configuration_loads_or_names_its_faults_and_never_guesses_the_switch(
    tmp_path: Path,
) -> None:
    fuzz = ConfigFuzz(tmp_path, SEED)

    fuzz.run(300)

    assert fuzz.loaded > 0
    assert fuzz.halts > 0


def test_the_check_of_orders_bites_on_a_ladder_that_falls() -> None:
    (intent,) = intents([Wish(kind=Kind.BUY, slot=0, quantity=1)], Holdings(), builders.SESSION)
    steps = intent.ladder.steps
    wrong = dataclasses.replace(intent.ladder, steps=(*steps, steps[0]))

    with pytest.raises(AssertionError):
        check(dataclasses.replace(intent, ladder=wrong), builders.market())
