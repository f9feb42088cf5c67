"""The numbers of orders go on where the ledger stands, whatever the gateway remembers."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from harness import Stage, stage


def order_ids(found: Stage) -> list[int]:
    rows = found.ledger.rows("SELECT DISTINCT order_id FROM orders ORDER BY order_id")
    return [row["order_id"] for row in rows]


def test_a_gateway_that_forgot_its_order_ids_is_given_none_twice(tmp_path: Path) -> None:
    async def act() -> None:
        async with stage(tmp_path) as found:
            await found.run()
            first = order_ids(found)
            found.gateway.world.exchange.roll_back_order_ids()
            found.write_switch("flatten")

            await found.run()

            assert first
            assert len(order_ids(found)) > len(first)
            assert min(set(order_ids(found)) - set(first)) > max(first)

    asyncio.run(act())
