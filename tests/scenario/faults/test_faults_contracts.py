"""Contract and history faults 24 and 25: absent, ambiguous, endless, paced."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import run_on, scene, struck

from bot.core.decision import Purpose
from bot.simulator.wire import Request

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness

ADD = frozenset({Purpose.ADD})
ANY = frozenset(Purpose)
MOST_LINES = 600
MOST_SECONDS = 10.0


def fault(when: str, what: str) -> str:
    return f"[[fault]]\nwhen = {{ {when}, always = true }}\nwhat = {what}\n"


@pytest.mark.parametrize(
    ("contract", "forbidden"), [("SPX", ADD), ("VIX", ANY)], ids=["SPX", "VIX"]
)
@pytest.mark.parametrize(
    ("where", "what"),
    [
        pytest.param("received", '"error"\ncode = 200', id="absent"),
        pytest.param("sent", '"drop"', id="empty-list"),
        pytest.param("sent", '"replay"', id="ambiguous"),
    ],
)
def test_fault_24_an_underlying_that_is_not_one_contract_is_not_traded(
    tmp_path: Path, contract: str, forbidden: frozenset[Purpose], where: str, what: str
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found)
        witness.check(forbidden=forbidden)

    script = fault(f'{where} = "contract_details", contract = "{contract}"', what)
    scene(tmp_path, script, act)


@pytest.mark.parametrize("what", ['"drop"', '"replay"'], ids=["empty-list", "ambiguous"])
def test_fault_24_an_order_with_a_leg_that_is_not_one_contract_is_denied_with_the_reason(
    tmp_path: Path, what: str
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        outcome = await run_on(found)

        assert struck(found)
        denied = [each.detail for each in outcome.executed if each.state.value == "denied"]
        assert len(denied) == 1
        assert "CONTRACT_UNKNOWN" in denied[0]
        witness.check(forbidden=ADD)

    scene(tmp_path, fault('sent = "contract_details", contract = "SPXW*P*"', what), act)


def test_fault_24_a_hedge_call_that_is_unknown_for_once_is_bought_before_a_condor_is_sold(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        outcome = await run_on(found)

        assert struck(found) == ["drop"]
        done = found.ledger.intent_records(outcome.decision.session)
        assert {each.state.value for each in done} == {"filled"}
        purposes = [each.intent.purpose for each in done]
        assert purposes == [Purpose.PROTECT] * 3 + [Purpose.ADD]
        first = outcome.decision.intents[0].intent_id
        assert [each.intent.intent_id for each in done].index(first) == 2
        assert witness.orders_of(first) == 1
        witness.check()

    script = fault('sent = "contract_details", contract = "VIX*C*"', '"drop"')
    scene(tmp_path, script.replace(", always = true", ""), act)


@pytest.mark.parametrize(
    "message",
    ["contract_details_end", "option_parameters_end", "option_parameters", "historical_data"],
)
def test_fault_25_an_answer_that_never_ends_costs_its_deadline_and_adds_no_risk(
    tmp_path: Path, message: str
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        begun = asyncio.get_running_loop().time()
        await run_on(found)

        assert struck(found)
        assert asyncio.get_running_loop().time() - begun < MOST_SECONDS
        witness.check(forbidden=ADD)

    scene(tmp_path, fault(f'sent = "{message}"', '"drop"'), act)


@pytest.mark.parametrize("code", [100, 162, 420])
def test_fault_25_history_that_is_paced_is_unknown_and_adds_no_risk(
    tmp_path: Path, code: int
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found)
        witness.check(forbidden=ADD)

    scene(tmp_path, fault('received = "historical_data"', f'"error"\ncode = {code}'), act)


def test_fault_25_a_chain_is_asked_for_by_a_bounded_number_of_strikes(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert 0 < found.received[Request.MARKET_DATA] < MOST_LINES
        witness.check()

    scene(tmp_path, "", act)
