"""Order faults 27, 29-31, 35, 37, 39, 40: what becomes of an order on its way to the venue."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import NEVER, run_on, scene, struck

from bot.core.decision import Purpose

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness


def details(found: Stage, intent_id: str) -> list[str]:
    rows = found.ledger.rows(
        "SELECT detail FROM intent_states WHERE intent_id = ? ORDER BY id", (intent_id,)
    )
    return [row["detail"] for row in rows]


def test_fault_27_a_rejected_order_is_ended_with_its_reason_and_not_tried_again(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "new" }
        what = "error"
        code = 201
        text = "Order rejected - reason:not today"
    """

    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        await run_on(found, session)
        await run_on(found, session)
        first = next(iter(found.states()))

        assert struck(found) == ["error"]
        assert found.states()[first] == "rejected"
        assert "not today" in details(found, first)[-1]
        assert witness.orders_of(first) == 0
        witness.check()

    scene(tmp_path, script, act)


def test_fault_27_a_rejection_by_the_venue_itself_is_the_end(tmp_path: Path) -> None:
    script = """
        [[fault]]
        what = "quirk"
        name = "smart-combo-refused"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert found.ledger.holdings().condors == ()
        witness.check()

    scene(tmp_path, script, act)


def test_fault_29_a_new_order_that_is_off_its_tick_never_lives(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "new", contract = "VIX" }
        what = "error"
        code = 110
        [[fault]]
        when = { received = "place_order", kind = "change", contract = "VIX", always = true }
        what = "error"
        code = 110
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        first = next(iter(found.states()))

        assert found.states()[first] == "rejected"
        assert details(found, first)[-1].startswith("error 110")
        assert list(found.states().values())[1:3] == ["cancelled", "cancelled"]
        witness.check()

    scene(tmp_path, script, act, exchange=NEVER)


def test_fault_29_every_price_sent_is_on_the_tick_of_its_product(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        prices = {
            ticket.order_ref: ticket.limit_price
            for ticket in witness.placed
            if ticket.limit_price is not None
        }
        assert len(prices) == 3
        for ticket in witness.placed:
            cents = round((ticket.limit_price or 0.0) * 100, 6)
            tick = 5 if ticket.instrument is None or cents >= 300 else 1
            assert cents % tick == 0
        witness.check()

    scene(tmp_path, "", act, exchange=NEVER)


def test_fault_30_a_combo_that_is_refused_for_its_flags_opens_nothing(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "place_order", contract = "BAG", always = true }
        what = "error"
        code = 10058
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert "error" in struck(found)
        assert list(found.states().values())[-1] == "denied"
        witness.check(forbidden=frozenset({Purpose.ADD}))

    scene(tmp_path, script, act)


def test_fault_30_a_condor_is_one_order_of_four_legs_at_one_net_price(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        combo = next(ticket for ticket in witness.placed if ticket.legs)
        assert len(combo.legs) == 4
        assert combo.limit_price is not None
        assert combo.raw["smartComboRoutingParams"] == "0"
        witness.check()

    scene(tmp_path, "", act)


def test_fault_31_nobody_waits_for_the_details_of_a_combo(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "contract_details", contract = "BAG", always = true }
        what = "drop"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == []
        assert set(found.states().values()) == {"filled"}
        witness.check()

    scene(tmp_path, script, act)


@pytest.mark.parametrize("phase", ["submitted", "acknowledged", "partly_filled", "filled"])
def test_fault_35_an_order_of_which_nothing_more_is_heard_is_never_sent_again(
    tmp_path: Path, phase: str
) -> None:
    script = f"""
        [[fault]]
        when = {{ phase = "submitted" }}
        what = "partial_fill"
        units = 1
        remainder = 4.0
        [[fault]]
        when = {{ phase = "{phase}" }}
        what = "mute"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        first = next(iter(found.states()))

        assert struck(found) == ["partial_fill", "mute"]
        assert witness.orders_of(first) == 1
        assert "unknown" in intent_states(found, first)
        witness.check()

    scene(tmp_path, script, act)


def test_fault_35_no_price_is_changed_into_silence_where_the_number_may_be_forgotten(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted" }
        what = "mute"
        [[fault]]
        when = { phase = "acknowledged" }
        what = "roll_back_ids"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        executions = found.gateway.world.exchange.executions()
        numbers = {(each.order_ref, each.perm_id) for each, _ in executions}

        assert sorted(struck(found)) == ["mute", "roll_back_ids"]
        assert len(numbers) == len({reference for reference, _ in numbers})
        witness.check()

    scene(tmp_path, script, act)


@pytest.mark.parametrize("how", ['"drop"', '"corrupt"\nhow = "field"'], ids=["lost", "unreadable"])
def test_fault_35_no_price_is_changed_of_an_order_that_ended_unheard(
    tmp_path: Path, how: str
) -> None:
    news = (
        'sent = "open_order", contract = "VIX*", nth = 3',
        'sent = "order_status", contract = "VIX*", status = "Filled"',
        'sent = "execution", contract = "VIX*"',
    )
    script = "".join(f"[[fault]]\nwhen = {{ {when} }}\nwhat = {how}\n" for when in news)
    forgotten = """
        [[fault]]
        when = { phase = "acknowledged" }
        what = "roll_back_ids"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        executions = found.gateway.world.exchange.executions()
        numbers = {(each.order_ref, each.perm_id) for each, _ in executions}

        assert "roll_back_ids" in struck(found)
        assert len(numbers) == len({reference for reference, _ in numbers})
        witness.check()

    scene(tmp_path, script + forgotten, act)


def test_fault_35_an_order_that_is_lost_on_the_way_is_unknown_and_nothing_follows_it(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "new" }
        what = "drop"
        [[fault]]
        when = { received = "place_order", kind = "change", always = true }
        what = "drop"
        [[fault]]
        when = { received = "cancel_order", always = true }
        what = "drop"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        (first,) = found.states()

        assert intent_states(found, first)[2] == "unknown"
        assert "neither listed nor refused" in details(found, first)
        witness.check()

    scene(tmp_path, script, act)


def intent_states(found: Stage, intent_id: str) -> list[str]:
    rows = found.ledger.rows(
        "SELECT state FROM intent_states WHERE intent_id = ? ORDER BY id", (intent_id,)
    )
    return [row["state"] for row in rows]


def test_fault_37_an_order_whose_number_was_taken_is_sent_once_more_under_a_higher_one(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "new" }
        what = "error"
        code = 103
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        first = next(iter(found.states()))
        numbers = found.ledger.rows(
            "SELECT DISTINCT order_id FROM orders WHERE order_ref = ? ORDER BY order_id",
            (found.ledger.order_ref_of(first),),
        )

        assert found.states()[first] == "filled"
        assert witness.orders_of(first) == 1
        assert numbers[1]["order_id"] > numbers[0]["order_id"]
        witness.check()

    scene(tmp_path, script, act)


def test_fault_37_an_order_whose_number_is_taken_twice_is_given_up(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "new", times = 2 }
        what = "error"
        code = 103
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        first = next(iter(found.states()))

        assert found.states()[first] == "rejected"
        assert witness.orders_of(first) == 0
        witness.check()

    scene(tmp_path, script, act)


def test_fault_37_an_order_that_lives_under_the_taken_number_is_not_sent_again(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted" }
        what = "no_fill"
        [[fault]]
        when = { phase = "acknowledged" }
        what = "error"
        code = 103
        passes = true
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        first = next(iter(found.states()))

        assert witness.orders_of(first) == 1
        assert found.states()[first] == "cancelled"
        witness.check()

    scene(tmp_path, script, act)


@pytest.mark.parametrize("how", ["hang", "unset", "reject"])
def test_fault_39_a_margin_that_is_not_told_refuses_the_entry_and_nothing_else(
    tmp_path: Path, how: str
) -> None:
    script = f"""
        [[fault]]
        when = {{ received = "place_order", kind = "preview", always = true }}
        what = "what_if"
        how = "{how}"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert list(found.states().values()) == [*["filled"] * 3, "denied"]
        witness.check(forbidden=frozenset({Purpose.ADD}))

    scene(tmp_path, script, act)


def test_fault_39_an_unset_first_reply_is_waited_out(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { received = "place_order", kind = "preview" }
        what = "what_if"
        how = "unset_first"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == ["what_if"]
        assert set(found.states().values()) == {"filled"}
        witness.check()

    scene(tmp_path, script, act)


def test_fault_40_a_read_only_gateway_is_asked_once_and_alerted(tmp_path: Path) -> None:
    script = """
        [[fault]]
        what = "quirk"
        name = "read-only"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        states = list(found.states().values())
        codes = [row["code"] for row in found.ledger.rows("SELECT code FROM alerts")]

        assert states == ["rejected", "denied", "denied"]
        assert codes == ["READ_ONLY"]
        assert witness.placed == []
        witness.check()

    scene(tmp_path, script, act)
