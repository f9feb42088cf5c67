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
