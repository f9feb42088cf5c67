"""Connection faults 10 to 15: a silent socket, damaged messages, and whose account it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import run_on, scene, struck

from bot.core.decision import Purpose
from bot.core.errors import GatewayUnavailableError, LiveAccountError, UnsynchronisedError
from bot.simulator.wire import Request

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness


ADD = frozenset({Purpose.ADD})
ANY = frozenset(Purpose)


def test_fault_10_an_order_swallowed_by_a_half_open_socket_is_not_sent_again(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "new" }
        what = "half_open"
    """

    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        with pytest.raises(GatewayUnavailableError, match="no answer within"):
            await found.run(session)
        (intent_id,) = found.states()

        await run_on(found, session)

        assert found.states()[intent_id] in {"expired", "cancelled"}
        assert witness.orders_of(intent_id) <= 1
        witness.check()

    scene(tmp_path, script, act)


def test_fault_10_a_socket_that_is_half_open_before_an_order_takes_no_order(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "account_updates_multi", nth = 2 }
        what = "half_open"
    """

    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        with pytest.raises(GatewayUnavailableError, match="no answer within"):
            await found.run(session)
        assert found.states() == {}

        outcome = await run_on(found, session)

        assert {result.state.value for result in outcome.executed} == {"filled"}
        witness.check()

    scene(tmp_path, script, act)


def test_fault_10_each_order_is_preceded_by_a_sign_of_life(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        since_order = [0]
        lives: list[int] = []

        def on_message(number: int) -> None:
            since_order[0] += number == Request.CURRENT_TIME
            if number == Request.PLACE_ORDER and not preview(found, witness):
                lives.append(since_order[0])
                since_order[0] = 0

        found.on_message = on_message
        await run_on(found)

        assert len(lives) >= sum(witness.purposes.values())
        assert all(lives[:3])
        witness.check()

    scene(tmp_path, "", act)


def preview(found: Stage, witness: Witness) -> bool:
    """Whether the order that arrives is a what-if: those come before the condor only."""
    return sum(witness.purposes.values()) >= len(found.states())


@pytest.mark.parametrize("broken_first", [True, False], ids=["still-broken", "well-again"])
def test_fault_11_the_data_of_a_broken_farm_adds_no_risk_and_the_socket_stays(
    tmp_path: Path, *, broken_first: bool
) -> None:
    broken = """
        [[fault]]
        when = { sent = "option_parameters_end" }
        what = "error"
        code = 2103
    """
    well = broken.replace("{ sent", "{ nth = 2, sent").replace("2103", "2104")

    async def act(found: Stage, witness: Witness) -> None:
        outcome = await run_on(found)

        assert found.received[Request.START_API] == 1
        assert Purpose.PROTECT in witness.purposes
        assert (Purpose.ADD in witness.purposes) is not broken_first
        stale = [each for each in outcome.executed if "DATA_STALE" in each.detail]
        assert bool(stale) is broken_first
        witness.check()

    scene(tmp_path, broken if broken_first else broken + well, act)


def test_fault_12_a_length_prefix_that_lies_ends_the_connection_at_once(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { sent = "order_status" }
        what = "corrupt"
        how = "length"
    """

    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        with pytest.raises(GatewayUnavailableError, match="connection lost"):
            await found.run(session)
        (intent_id,) = found.states()

        await run_on(found, session)

        assert found.states()[intent_id] in {"filled", "cancelled"}
        assert witness.orders_of(intent_id) == 1
        witness.check()

    scene(tmp_path, script, act)


def test_fault_12_a_length_prefix_that_lies_while_synchronising_is_no_empty_book(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { sent = "positions_end" }
        what = "corrupt"
        how = "length"
    """

    async def act(found: Stage, witness: Witness) -> None:
        with pytest.raises(UnsynchronisedError, match="connection lost"):
            await found.run()

        witness.check(forbidden=ANY)

    scene(tmp_path, script, act)


@pytest.mark.parametrize("how", ["field", "truncated"])
@pytest.mark.parametrize("message", ["order_status", "execution", "open_order", "commission"])
def test_fault_13_a_message_that_cannot_be_decoded_hides_no_fill(
    tmp_path: Path, message: str, how: str
) -> None:
    script = f"""
        [[fault]]
        when = {{ sent = "{message}" }}
        what = "corrupt"
        how = "{how}"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == ["corrupt"]
        assert set(found.states().values()) == {"filled"}
        witness.check()

    scene(tmp_path, script, act)


def test_fault_13_what_cannot_be_decoded_is_followed_by_a_reconciliation(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { sent = "order_status" }
        what = "corrupt"
        how = "field"
    """
    asked: list[int] = []

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        asked.append(found.received[Request.POSITIONS])
        witness.check()

    scene(tmp_path / "calm", "", act)
    scene(tmp_path / "corrupt", script, act)
    assert asked[1] == asked[0] + 1


def test_fault_14_an_order_that_never_reached_the_wire_is_looked_up_and_not_sent_again(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "new" }
        what = "disconnect"
    """

    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        with pytest.raises(GatewayUnavailableError):
            await found.run(session)
        (intent_id,) = found.states()
        assert found.states()[intent_id] == "unknown"

        await run_on(found, session)

        assert found.states()[intent_id] == "expired"
        assert witness.orders_of(intent_id) == 0
        assert Purpose.ADD not in witness.purposes
        witness.check()

    scene(tmp_path, script, act)


@pytest.mark.parametrize(
    "offered", [["U7654321"], ["DU1234567", "U7654321"], ["DU7654321"]], ids=" ".join
)
def test_fault_15_another_account_is_refused_and_asked_for_nothing(
    tmp_path: Path, offered: list[str]
) -> None:
    script = f"""
        [[fault]]
        when = {{ received = "start_api", always = true }}
        what = "accounts"
        ids = {offered}
    """

    async def act(found: Stage, witness: Witness) -> None:
        with pytest.raises(LiveAccountError, match="only the configured paper account"):
            await found.run()

        assert set(found.received) <= {Request.START_API}
        witness.check(forbidden=ANY)

    scene(tmp_path, script, act)
