"""Fault 65: a condor is there and its hedge fails, or the reverse; half a plan is no plan."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import run_on, scene
from harness import PLACE_ORDER, change_rules

from bot.core.decision import Action, Purpose
from bot.core.fold import IntentState
from bot.project import load_project
from bot.simulator.synthetic import SyntheticMarket
from ledger_facts import AT, fill, open_condor

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness

    from bot.simulator.exchange import Event, OrderTicket

ROLL_DUE = dt.date(2025, 2, 14)
MONDAY, TUESDAY = dt.date(2025, 1, 6), dt.date(2025, 1, 7)
CONDOR_SOLD, LAYER_GONE, NEXT = (dt.date(2025, 2, day) for day in (10, 20, 21))


def rejected(contract: str, when: str) -> str:
    return f"""
        [[fault]]
        when = {{ received = "place_order", kind = "new", contract = "{contract}", {when} }}
        what = "error"
        code = 201
        text = "Order rejected - reason:not today"
    """


def roll_by_days_only(found: Stage) -> None:
    """Let no lost time value roll the near layer before it expires."""
    change_rules(found.project.folder, "extrinsic_gone = 0.60", "extrinsic_gone = 1.00")
    changed = load_project(found.project.folder)
    found.project = dataclasses.replace(changed, settings=found.project.settings)


def tried(found: Stage, session: dt.date) -> dict[Action, list[str]]:
    """Return how the intents of a session ended, by what they do."""
    ended: dict[Action, list[str]] = {}
    for record in found.ledger.intent_records(session):
        ended.setdefault(record.intent.action, []).append(record.state.value)
    return ended


@pytest.mark.parametrize(
    ("first", "filled"), [(1, []), (2, ["filled"])], ids=["every layer", "all but one layer"]
)
def test_fault_65_no_condor_is_sold_while_the_hedge_fails_and_each_layer_is_tried_once_a_session(
    tmp_path: Path, first: int, filled: list[str]
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        outcome = await run_on(found, MONDAY)
        placed = found.received[PLACE_ORDER]
        await run_on(found, MONDAY)

        missing = 3 - len(filled)
        assert Action.OPEN_CONDOR in {intent.action for intent in outcome.decision.intents}
        assert tried(found, MONDAY) == {Action.BUY_HEDGE: filled + ["rejected"] * missing}
        assert found.received[PLACE_ORDER] == placed

        await run_on(found, TUESDAY)
        assert tried(found, TUESDAY) == {Action.BUY_HEDGE: ["rejected"] * missing}
        assert len(found.ledger.holdings().lots) == len(filled)
        witness.check(forbidden=frozenset({Purpose.ADD}))

    scene(tmp_path, rejected("VIX", f"nth = {first}, always = true"), act)


def test_fault_65_a_condor_that_fails_behind_its_hedge_is_tried_again_and_the_hedge_is_not(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found, MONDAY)
        hedge, placed = found.positions(), found.received[PLACE_ORDER]
        await run_on(found, MONDAY)

        assert tried(found, MONDAY)[Action.OPEN_CONDOR] == ["rejected"]
        assert found.received[PLACE_ORDER] == placed

        await run_on(found, TUESDAY)
        assert tried(found, TUESDAY) == {Action.OPEN_CONDOR: ["filled"]}
        assert hedge.items() <= found.positions().items()
        assert len(found.ledger.holdings().condors) == 1
        witness.check()

    scene(tmp_path, rejected("BAG", f"session = {MONDAY}, always = true"), act)


def test_fault_65_a_condor_whose_near_layer_expired_and_cannot_be_bought_gets_no_second_one(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        roll_by_days_only(found)
        for session in (MONDAY, CONDOR_SOLD):
            await run_on(found, session)
        condors = found.ledger.holdings().condors

        outcome = await run_on(found, LAYER_GONE)

        proposed = [intent.action for intent in outcome.decision.intents]
        assert proposed == [Action.BUY_HEDGE, Action.OPEN_CONDOR]
        assert tried(found, LAYER_GONE) == {Action.BUY_HEDGE: ["rejected"]}
        assert found.ledger.holdings().condors == condors
        witness.check()

        await run_on(found, NEXT)
        assert tried(found, NEXT)[Action.BUY_HEDGE] == ["filled"]
        witness.check()

    market = SyntheticMarket(scenario="calm", seed=3, sessions=40)
    scene(tmp_path, rejected("VIX", f"session = {LAYER_GONE}, always = true"), act, market=market)


def test_fault_65_a_roll_that_is_rejected_means_no_condor_though_the_old_lot_still_covers(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found, MONDAY)
        outcome = await run_on(found, ROLL_DUE)

        proposed = [intent.action for intent in outcome.decision.intents]
        assert {Action.BUY_HEDGE, Action.OPEN_CONDOR} <= set(proposed)
        assert sum(lot.quantity for lot in found.ledger.holdings().lots) == 10
        ended = tried(found, ROLL_DUE)
        assert ended[Action.BUY_HEDGE] == ["rejected"]
        assert ended[Action.OPEN_CONDOR] == ["denied"]
        assert any("HEDGE_REFUSED" in each.detail for each in outcome.executed)
        witness.check()

    market = SyntheticMarket(scenario="calm", seed=3, sessions=40)
    scene(tmp_path, rejected("VIX", f"session = {ROLL_DUE}, always = true"), act, market=market)


def test_fault_65_nothing_is_added_once_an_order_of_the_session_has_left_a_short_leg_alone(
    tmp_path: Path,
) -> None:
    torn = open_condor("2025-01-06:condor:torn", quantity=1, session=MONDAY)

    async def act(found: Stage, witness: Witness) -> None:
        exchange = found.gateway.world.exchange
        submit = exchange.submit

        def tear(ticket: OrderTicket, now: dt.datetime) -> list[Event]:
            if not ticket.what_if and torn.intent_id not in found.states():
                found.ledger.commit_intent(torn, at=AT)
                found.ledger.record_fill(fill(torn, 1, "6.20"))
                found.ledger.set_intent_state(torn.intent_id, IntentState.CANCELLED, at=AT)
            return submit(ticket, now)

        exchange.submit = tear  # type: ignore[method-assign]
        outcome = await run_on(found, MONDAY)

        assert Action.OPEN_CONDOR in {intent.action for intent in outcome.decision.intents}
        assert witness.purposes[Purpose.PROTECT] >= 1
        assert witness.purposes[Purpose.ADD] == 0
        told = found.ledger.rows("SELECT detail FROM intent_states WHERE state = 'denied'")
        assert ["LOCKED: these legs" in row["detail"] for row in told] == [True]

    scene(tmp_path, "", act)
