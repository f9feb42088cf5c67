"""Connection faults 1 to 9: the gateway is absent, incomplete, restarted, or cut off its broker."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import AT_MID, NEVER, run_on, scene, struck
from unattended import notes, running, unattended, until, until_planned

from bot.core.decision import Purpose
from bot.core.errors import GatewayUnavailableError, UnsynchronisedError
from bot.simulator.faults.reading import parse_script
from bot.simulator.wire import Request

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness

    from bot.simulator.exchange import ExchangeSettings

ADD = frozenset({Purpose.ADD})
ANY = frozenset(Purpose)
MONDAY = "2025-01-06"


def alerts(found: Stage) -> list[str]:
    return notes(found, "alerts", "code")


def elapsed() -> float:
    return asyncio.get_running_loop().time()


def absent_for_a_while(folder: Path, script: str) -> None:
    """Let the unattended bot meet a gateway that is gone, and back soon."""

    async def play() -> None:
        broker = {"alarm_after_seconds": 200.0, "connect_timeout_seconds": 0.5}
        async with unattended(folder, broker=broker) as found, running(found):
            await until_planned(found, MONDAY)
            found.gateway.inject(parse_script(f"[[fault]]\n{script}"))
            await until(found, lambda: "GATEWAY_BACK" in alerts(found), "the gateway is back")

            assert alerts(found) == ["GATEWAY_ABSENT", "GATEWAY_BACK"]
            assert not found.received[Request.PLACE_ORDER]

    asyncio.run(play())


def test_fault_01_a_gateway_that_is_down_is_tried_again_with_one_alert_and_one_note(
    tmp_path: Path,
) -> None:
    absent_for_a_while(tmp_path, 'what = "close_port"\nseconds = 2.0')


def test_fault_09_a_login_that_has_expired_is_one_alert_and_resumes_by_itself(
    tmp_path: Path,
) -> None:
    absent_for_a_while(tmp_path, 'when = { sent = "hello", times = 3 }\nwhat = "drop"')


@pytest.mark.parametrize(
    "message",
    [
        "positions_end",
        "open_orders_end",
        "completed_orders_end",
        "executions_end",
        "account_download_end",
        "account_update_multi_end",
    ],
)
def test_fault_02_without_a_part_of_the_broker_s_state_nothing_is_concluded_or_sent(
    tmp_path: Path, message: str
) -> None:
    script = f"""
        [[fault]]
        when = {{ sent = "{message}", always = true }}
        what = "drop"
    """

    async def act(found: Stage, witness: Witness) -> None:
        with pytest.raises(UnsynchronisedError, match="no answer within"):
            await found.run()

        assert struck(found) == ["drop"]
        witness.check(forbidden=ANY)

    scene(tmp_path, script, act)


def test_fault_02_positions_that_do_not_come_are_not_an_empty_book(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { sent = "positions_end", nth = 4 }
        what = "drop"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await found.run()
        bought = dict(witness.purposes)
        with pytest.raises(UnsynchronisedError):
            await found.run()

        assert found.held() == found.positions() != {}
        assert dict(witness.purposes) == bought
        outcome = await run_on(found)
        assert not outcome.reconciliation.locked
        witness.check()

    scene(tmp_path, script, act)


def test_fault_03_a_client_id_in_use_is_told_at_once_and_the_same_id_is_tried_again(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "start_api" }
        what = "client_id_busy"
    """

    async def act(found: Stage, witness: Witness) -> None:
        begun = elapsed()
        with pytest.raises(GatewayUnavailableError, match="client_id = 17 is in use"):
            await found.run()

        deadline = found.project.settings.broker.connect_timeout_seconds
        assert elapsed() - begun < deadline / 2
        await run_on(found)
        clients = found.ledger.rows("SELECT DISTINCT client_id FROM orders")
        assert [row["client_id"] for row in clients] == [17]
        witness.check()

    scene(tmp_path, script, act)


def test_fault_04_while_the_line_is_lost_fills_are_taken_and_nothing_is_sent(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted" }
        what = "partial_fill"
        units = 1
        [[fault]]
        when = { phase = "partly_filled" }
        what = "upstream"
        state = "lost"
    """

    async def act(found: Stage, witness: Witness) -> None:
        outcome = await run_on(found)

        states = [result.state.value for result in outcome.executed]
        assert states[0] == "partial"
        assert set(states[1:]) == {"denied"}
        assert all("UPSTREAM_LOST" in result.detail for result in outcome.executed[1:])
        assert sum(witness.purposes.values()) == 1
        witness.check(forbidden=ADD)

    scene(tmp_path, script, act)


def test_fault_04_a_hedge_order_that_met_a_lost_line_is_sent_once_it_is_back(
    tmp_path: Path,
) -> None:
    waiting = [
        """
        [[fault]]
        when = { phase = "filled" }
        what = "upstream"
        state = "lost"
        [[fault]]
        when = { after = 200 }
        what = "upstream"
        state = "restored"
        """
    ]

    async def act(found: Stage, witness: Witness) -> None:
        def on_message(number: int) -> None:
            if number == Request.PLACE_ORDER and waiting:
                found.gateway.inject(parse_script(waiting.pop()))

        found.on_message = on_message
        outcome = await run_on(found)
        decided = [intent.intent_id for intent in outcome.decision.intents]

        assert struck(found) == ["upstream", "upstream"]
        done = [result.intent_id for result in outcome.executed]
        assert done == [decided[0], decided[2], decided[1], *decided[3:]]
        assert {result.state.value for result in outcome.executed} == {"filled"}
        assert [witness.orders_of(intent_id) for intent_id in decided] == [1] * len(decided)
        witness.check()

    scene(tmp_path, "", act)


LOST_AND_BACK = """
    [[fault]]
    when = {{ phase = "submitted" }}
    what = "upstream"
    state = "lost"
    [[fault]]
    when = {{ phase = "cancel_requested" }}
    what = "upstream"
    state = "{state}"
"""


def test_fault_05_quotes_that_were_lost_on_the_way_are_asked_for_again(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "market_data", nth = 6 }
        what = "upstream"
        state = "data_lost"
    """

    async def act(found: Stage, witness: Witness) -> None:
        outcome = await run_on(found)

        assert struck(found) == ["upstream"]
        assert {result.state.value for result in outcome.executed} == {"filled"}
        assert set(witness.purposes) == {Purpose.PROTECT, Purpose.ADD}
        witness.check()

    scene(tmp_path, script, act)


def asked_between_orders(folder: Path, state: str, request_number: Request) -> tuple[int, int]:
    """Count a request between the first two orders, without and with a line lost meanwhile."""
    asked: list[int] = []

    async def act(found: Stage, witness: Witness) -> None:
        before_order: list[int] = []

        def on_message(number: int) -> None:
            if number == Request.PLACE_ORDER:
                before_order.append(found.received[request_number])

        found.on_message = on_message
        await run_on(found)

        asked.append(before_order[1] - before_order[0])
        witness.check()

    scene(folder / "calm", "", act)
    scene(folder / "lost", LOST_AND_BACK.format(state=state), act)
    return asked[0], asked[1]


def test_fault_05_a_line_that_is_back_without_data_is_reconciled_before_the_next_order(
    tmp_path: Path,
) -> None:
    calm, lost = asked_between_orders(tmp_path, "data_lost", Request.POSITIONS)
    assert lost > calm


def test_fault_06_executions_are_swept_before_the_next_order_when_the_line_is_back(
    tmp_path: Path,
) -> None:
    calm, lost = asked_between_orders(tmp_path, "restored", Request.EXECUTIONS)
    assert lost > calm


@pytest.mark.parametrize(
    ("exchange", "ends"),
    [(NEVER, {"cancelled"}), (AT_MID, {"filled", "cancelled"})],
    ids=["resting", "filling"],
)
def test_fault_07_an_order_in_flight_at_the_restart_is_looked_up_and_not_sent_again(
    tmp_path: Path, exchange: ExchangeSettings, ends: set[str]
) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted" }
        what = "disconnect"
        passes = true
        [[fault]]
        when = { phase = "submitted" }
        what = "refuse"
        connections = 2
    """

    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        with pytest.raises(GatewayUnavailableError):
            await found.run(session)
        assert list(found.states().values()) == ["unknown"]

        await run_on(found, session)

        assert next(iter(found.states().values())) in ends
        assert witness.orders_of(next(iter(found.states()))) == 1
        witness.check()

    scene(tmp_path, script, act, exchange=exchange)


def test_fault_08_order_ids_that_roll_back_are_never_used_twice(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { phase = "acknowledged" }
        what = "roll_back_ids"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        found.write_switch("flatten")
        await run_on(found)

        rows = found.ledger.rows(
            "SELECT count(DISTINCT order_id) AS numbers, count(DISTINCT order_ref) AS n FROM orders"
        )
        assert rows[0]["numbers"] == rows[0]["n"] == len(found.states())
        witness.check()

    scene(tmp_path, script, act)
