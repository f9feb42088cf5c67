"""Faults of the client library 63 and 64: its versions, and trades that a reconnect orphans."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import AT_MID, NEVER, run_on, scene, struck

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness

    from bot.simulator.exchange import ExchangeSettings

HANGS_UP = """
    [[fault]]
    when = { phase = "acknowledged" }
    what = "disconnect"
    how = "eof"
    passes = true
    seconds = 60.0
"""


@pytest.mark.parametrize(
    ("exchange", "state"), [(NEVER, "cancelled"), (AT_MID, "filled")], ids=["rests", "fills"]
)
def test_fault_64_an_order_whose_trade_was_orphaned_is_found_by_its_reference(
    tmp_path: Path, exchange: ExchangeSettings, state: str
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        first = next(iter(found.states()))
        assert struck(found) == ["disconnect"]
        assert found.states()[first] == state
        assert witness.orders_of(first) == 1
        witness.check()

    scene(tmp_path, HANGS_UP, act, exchange=exchange)
