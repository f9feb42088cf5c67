"""Faults 48 and 49: positions that somebody else moved, and positions that expire."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import NEVER, run_on, scene

from bot.simulator.faults.reading import parse_script
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness


def test_fault_48_a_trade_by_hand_is_not_touched_and_locks_the_book(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { phase = "filled" }
        what = "manual_trade"
        contract = "VIX 250219C00020000"
        quantity = 3
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        sent = len(witness.placed)
        outcome = await run_on(found)

        assert outcome.reconciliation.locked
        assert found.positions()["VIX 2025-02-19 20C"] == 3
        assert len(witness.placed) == sent
        witness.check(locked=True)

    scene(tmp_path, script, act)


def test_fault_48_an_order_by_hand_is_not_cancelled(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted" }
        what = "manual_trade"
        contract = "VIX 250219C00020000"
        quantity = 3
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        orders = found.gateway.world.exchange.open_orders()

        assert [order.ticket.order_id for order in orders] == [-1]
        witness.check()

    scene(tmp_path, script, act, exchange=NEVER)


def test_fault_49_a_position_that_vanishes_before_its_expiry_locks_the_book(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        found.gateway.inject(parse_script('[[fault]]\nwhat = "expire"\ncontract = "VIX*"'))
        outcome = await run_on(found)

        assert outcome.reconciliation.locked
        witness.check(locked=True)

    scene(tmp_path, "", act)


def test_fault_49_what_expired_is_booked_in_cash_and_ordered_no_more(tmp_path: Path) -> None:
    market = SyntheticMarket(scenario="calm", seed=3, sessions=60)

    async def act(found: Stage, witness: Witness) -> None:
        world = found.gateway.world
        cash = world.account.cash
        await run_on(found)
        condor = found.ledger.holdings().condors[0]
        lots = found.ledger.holdings().lots
        end = max(condor.expiry, min(lot.contract.expiry for lot in lots))
        session = found.project.calendar.next(end)
        world.advance(found.project.calendar.day(session).open)
        outcome = await run_on(found)

        assert not outcome.reconciliation.locked
        assert found.ledger.rows("SELECT count(*) AS n FROM settlements")[0]["n"] >= 5
        assert found.ledger.cash_flow_usd() == world.account.cash - cash
        witness.check()

    scene(tmp_path, "", act, market=market)
