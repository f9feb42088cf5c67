"""Order faults 26, 28, 33, 34, 36, 38, 41: an order's life is not what the library shows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import AT_MID, NEVER, run_on, scene, struck
from harness import CANCEL_ORDER

from bot.order_walk import CANCEL_LOOKS
from bot.simulator.faults.reading import parse_script

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Stage
    from invariants import Witness

    from bot.simulator.exchange import ExchangeSettings

FALSE_CANCELS = (103, 104, 105, 161, 321, 10147, 10148, 10149, 10349)


def alerts(found: Stage) -> list[str]:
    return [row["code"] for row in found.ledger.rows("SELECT code FROM alerts ORDER BY id")]


@pytest.mark.parametrize("code", FALSE_CANCELS)
def test_fault_26_an_order_that_only_the_library_takes_for_cancelled_is_ended(
    tmp_path: Path, code: int
) -> None:
    script = f"""
        [[fault]]
        when = {{ phase = "submitted" }}
        what = "no_fill"
        [[fault]]
        when = {{ sent = "order_status", status = "Submitted" }}
        what = "error"
        code = {code}
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == ["no_fill", "error"]
        assert next(iter(found.states().values())) == "cancelled"
        assert witness.orders_of(next(iter(found.states()))) == 1
        witness.check()

    scene(tmp_path, script, act)


def test_fault_26_a_false_cancel_of_an_order_that_fills_hides_no_fill(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted" }
        what = "partial_fill"
        units = 1
        remainder = 600.0
        [[fault]]
        when = { phase = "partly_filled" }
        what = "error"
        code = 321
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == ["partial_fill", "error"]
        assert next(iter(found.states().values())) == "partial"
        witness.check()

    scene(tmp_path, script, act)


@pytest.mark.parametrize("code", [110, 105])
def test_fault_28_a_refused_change_leaves_the_original_alive_until_it_is_cancelled(
    tmp_path: Path, code: int
) -> None:
    script = f"""
        [[fault]]
        when = {{ received = "place_order", kind = "change", always = true }}
        what = "error"
        code = {code}
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert set(struck(found)) == {"error"}
        assert set(found.states().values()) == {"cancelled"}
        witness.check()

    scene(tmp_path, script, act, exchange=NEVER)


def test_fault_33_a_fill_after_the_cancel_is_accepted(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted" }
        what = "no_fill"
        [[fault]]
        when = { phase = "cancel_requested" }
        what = "late_fill"
        seconds = 5.0
    """

    async def act(found: Stage, witness: Witness) -> None:
        outcome = await run_on(found)

        assert struck(found) == ["no_fill", "late_fill"]
        assert not outcome.reconciliation.locked
        assert next(iter(found.states().values())) == "filled"
        assert sum(found.positions().values()) > 0
        witness.check()

    scene(tmp_path, script, act)


@pytest.mark.parametrize("code", [161, 10147, 10148])
def test_fault_34_a_cancel_that_is_refused_is_asked_for_again(tmp_path: Path, code: int) -> None:
    script = f"""
        [[fault]]
        when = {{ received = "cancel_order" }}
        what = "error"
        code = {code}
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == ["error"]
        assert list(found.states().values()) == ["cancelled"] * 3
        witness.check()

    scene(tmp_path, script, act, exchange=NEVER)


def test_fault_34_a_late_acknowledgement_of_the_cancel_is_waited_for(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "cancel_order", times = 3 }
        what = "delay"
        seconds = 5.0
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert list(found.states().values()) == ["cancelled"] * 3
        witness.check()

    scene(tmp_path, script, act, exchange=NEVER)


UNREADABLE = {
    "undecodable": """
        [[fault]]
        when = {{ sent = "completed_order", times = {looks} }}
        what = "corrupt"
        how = "field"
    """,
    "refused": """
        [[fault]]
        when = {{ received = "executions", times = {looks} }}
        what = "error"
        code = 322
    """,
}
"""A sweep that cannot be read: in a message of its answer, or as the request is refused."""


def at_the_first_cancel(found: Stage, script: str) -> Callable[[int], None]:
    """Return a listener that does what `script` says from the first cancel on."""
    waiting = [script]

    def listen(number: int) -> None:
        if number == CANCEL_ORDER and waiting:
            found.gateway.inject(parse_script(waiting.pop()))

    return listen


@pytest.mark.parametrize("script", UNREADABLE.values(), ids=UNREADABLE)
def test_fault_34_a_look_after_the_cancel_that_cannot_be_read_is_followed_by_another(
    tmp_path: Path, script: str
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        found.on_message = at_the_first_cancel(found, script.format(looks=1))
        await run_on(found)

        assert len(struck(found)) == 1
        assert list(found.states().values()) == ["cancelled"] * 3
        witness.check()

    scene(tmp_path, "", act, exchange=NEVER)


def test_fault_34_an_end_of_which_no_look_can_be_read_is_unknown(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        script = UNREADABLE["refused"].format(looks=CANCEL_LOOKS)
        found.on_message = at_the_first_cancel(found, script)
        await run_on(found)
        states = found.ledger.rows("SELECT state FROM intent_states ORDER BY id")

        assert len(struck(found)) == CANCEL_LOOKS
        assert [row["state"] for row in states][:3] == ["committed", "sent", "unknown"]
        witness.check()

    scene(tmp_path, "", act, exchange=NEVER)


def test_fault_34_an_order_that_cannot_be_cancelled_stops_the_session_with_an_alert(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "cancel_order", always = true }
        what = "error"
        code = 10148
    """

    async def act(found: Stage, witness: Witness) -> None:
        outcome = await run_on(found)

        assert list(found.states().values()) == ["unknown"]
        assert len(outcome.reconciliation.in_flight) == 1
        assert "ORDER_NOT_CANCELLED" in alerts(found)
        assert sum(witness.purposes.values()) == 1

    scene(tmp_path, script, act, exchange=NEVER)


@pytest.mark.parametrize("exchange", [NEVER, AT_MID], ids=["resting", "filled"])
def test_fault_36_both_of_two_orders_with_one_reference_are_ended_and_alerted(
    tmp_path: Path, exchange: ExchangeSettings
) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted" }
        what = "duplicate"
    """

    async def act(found: Stage, witness: Witness) -> None:
        witness.twins = True
        await run_on(found)

        assert witness.orders_of(next(iter(found.states()))) == 2
        assert alerts(found).count("ORDER_TWINS") == 1
        witness.check()

    scene(tmp_path, script, act, exchange=exchange)


@pytest.mark.parametrize("state", ["Inactive", "PendingSubmit", "PendingCancel"])
def test_fault_38_an_order_that_is_stuck_is_ended_at_its_deadline(
    tmp_path: Path, state: str
) -> None:
    script = f"""
        [[fault]]
        when = {{ sent = "order_status", status = "Submitted", always = true }}
        what = "rewrite"
        fields = {{ 2 = "{state}" }}
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert set(struck(found)) == {"rewrite"}
        assert set(found.states().values()) == {"cancelled"}
        witness.check()

    scene(tmp_path, script, act, exchange=NEVER)


def test_fault_41_a_status_told_again_after_the_fill_takes_nothing_back(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { sent = "order_status", status = "PreSubmitted" }
        what = "replay"
        seconds = 4.0
        [[fault]]
        when = { sent = "order_status", status = "Submitted" }
        what = "replay"
        seconds = 6.0
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == ["replay", "replay"]
        assert set(found.states().values()) == {"filled"}
        witness.check()

    scene(tmp_path, script, act)


def test_fault_26_an_order_that_the_venue_has_taken_is_not_sent_again_as_its_number_was_taken(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        what = "quirk"
        name = "completed-without-ref"
        [[fault]]
        when = { sent = "execution" }
        what = "error"
        code = 103
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        first = next(iter(found.states()))

        assert struck(found)[-1] == "error"
        assert witness.orders_of(first) == 1
        assert found.states()[first] == "filled"
        witness.check()

    scene(tmp_path, script, act)
