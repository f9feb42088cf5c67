"""What the machine of gateway and bot has found, each as a plain example."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from line_machine import Line, kit
from line_market import QUOTES
from line_world import LineWorld


def run_to_its_end(world: LineWorld) -> None:
    world.step(world.begin, [])
    while world.run is not None:
        world.step(world.wait)


@pytest.mark.parametrize("how", ["field", "truncated"])
def test_positions_of_which_a_message_is_lost_are_unknown_and_not_absent(how: str) -> None:
    script = f"""
        [[fault]]
        when = {{ sent = "position", always = true }}
        what = "corrupt"
        how = "{how}"
    """
    ends: list[bool] = []
    with kit():
        world = LineWorld(Line.kit)
        world.open()
        world.completed = lambda run: ends.append(run.last.locked)  # type: ignore[method-assign]
        world.step(world.trade_by_hand, next(iter(QUOTES)), 2)
        world.step(world.inject, script)
        run_to_its_end(world)
        world.step(world.forgive)
        assert ends == []

        run_to_its_end(world)

        assert ends == [True]
        world.close()
