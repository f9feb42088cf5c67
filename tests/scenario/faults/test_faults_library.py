"""Faults of the client library 63 and 64: its versions, and trades that a reconnect orphans."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import metadata, requires
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import AT_MID, NEVER, run_on, scene, struck

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness

    from bot.simulator.exchange import ExchangeSettings

RESTS, FILLS = 'phase = "acknowledged"', 'received = "place_order", kind = "change"'
"""The first price of the first order is not met, its second is."""


@pytest.mark.parametrize(
    ("when", "exchange", "state"),
    [(RESTS, NEVER, "cancelled"), (FILLS, AT_MID, "filled")],
    ids=["rests", "fills meanwhile"],
)
def test_fault_64_an_order_whose_trade_was_orphaned_is_found_by_its_reference(
    tmp_path: Path, when: str, exchange: ExchangeSettings, state: str
) -> None:
    script = f"""
        [[fault]]
        when = {{ {when} }}
        what = "disconnect"
        how = "eof"
        passes = true
        seconds = 60.0
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        first = next(iter(found.states()))
        assert struck(found) == ["disconnect"]
        assert found.states()[first] == state
        assert witness.orders_of(first) == 1
        witness.check()

    scene(tmp_path, script, act, exchange=exchange)


def test_fault_63_a_library_that_drifted_out_of_its_bounds_is_named_by_the_check(
    tmp_path: Path,
) -> None:
    project, packages = tmp_path / "project", tmp_path / "packages"
    steward("init", project)
    drifted = packages / "ib_insync-0.9.85.dist-info" / "METADATA"
    drifted.parent.mkdir(parents=True)
    drifted.write_text("Metadata-Version: 2.1\nName: ib_insync\nVersion: 0.9.85\n")

    sound = steward("check", "-p", project)
    found = steward("check", "-p", project, PYTHONPATH=str(packages))

    assert "libraries within bounds" in sound
    assert "ib_insync 0.9.85 is not ==0.9.86" in found
    assert "deploy/runtime.lock" in found


def test_fault_63_the_versions_that_are_allowed_are_bounded() -> None:
    wanted = [line for line in requires("vix-steward") or () if ";" not in line]

    assert all("<" in line or "==" in line for line in wanted)
    assert "<3.14" in metadata("vix-steward")["Requires-Python"]


def steward(*arguments: object, **environment: str) -> str:
    """Run a command; return all that it says, on one line."""
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment, "COLUMNS": "400"},
    )
    return " ".join((done.stdout + done.stderr).split())
