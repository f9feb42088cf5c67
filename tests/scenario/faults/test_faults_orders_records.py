"""Order faults 32 and 42-47: what was done is counted once, whenever and however it is told."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import run_on, scene, struck

from bot.core.decision import Purpose
from bot.core.errors import StewardError

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness

    from bot.core.fold import IntentState

RISKY = frozenset({Purpose.ADD, Purpose.PROTECT})


async def run_and_be_stopped(found: Stage, session: dt.date) -> None:
    """Run `session` into the fault that stops the bot."""
    with pytest.raises(StewardError):
        await found.run(session)


@pytest.mark.parametrize("remainder", ["remainder = 8.0", ""], ids=["later", "never"])
def test_fault_32_a_hedge_that_fills_in_parts_is_counted_by_contract(
    tmp_path: Path, remainder: str
) -> None:
    script = f"""
        [[fault]]
        when = {{ phase = "submitted", contract = "VIX" }}
        what = "partial_fill"
        units = 1
        {remainder}
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        first = next(iter(found.states().values()))

        assert struck(found) == ["partial_fill"]
        assert first == ("filled" if remainder else "partial")
        witness.check()

    scene(tmp_path, script, act)


def test_fault_32_what_a_part_of_the_hedge_does_not_cover_is_not_sold(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted", contract = "VIX" }
        what = "partial_fill"
        units = 1
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert found.ledger.holdings().condors == ()
        witness.check(forbidden=frozenset({Purpose.ADD}))

    scene(tmp_path, script, act)


@pytest.mark.parametrize("legs", [1, 2, 3])
def test_fault_32_legs_that_make_no_condor_are_closed_in_the_same_session(
    tmp_path: Path, legs: int
) -> None:
    script = f"""
        [[fault]]
        when = {{ phase = "submitted", contract = "BAG" }}
        what = "leg_fill"
        legs = {legs}
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        codes = [row["code"] for row in found.ledger.rows("SELECT code FROM alerts")]

        assert struck(found) == ["leg_fill"]
        assert "STRUCTURE_INCOMPLETE" in codes
        assert not found.ledger.holdings().broken
        assert not any("SPX" in label for label in found.positions())
        assert witness.purposes[Purpose.REDUCE] == legs
        witness.check()

    scene(tmp_path, script, act)


def test_fault_32_a_long_leg_that_nobody_wants_locks_nothing_and_is_sold_when_somebody_bids(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted", contract = "BAG" }
        what = "leg_fill"
        legs = 1
        [[fault]]
        when = { phase = "submitted", contract = "BAG" }
        what = "quote"
        how = "zero"
        contract = "SPXW*"
    """

    async def act(found: Stage, _witness: Witness) -> None:
        await run_on(found)
        left = found.ledger.holdings().incomplete
        unsold = await run_on(found)
        told = found.ledger.rows("SELECT 1 FROM alerts WHERE code = 'STRUCTURE_INCOMPLETE'")
        found.gateway.faults.state.odd.clear()
        await run_on(found)

        assert [rest.quantity for rest in left] == [1]
        assert [each.passed for each in unsold.decision.verdicts if each.code == "LOCKED"] == [True]
        assert len(told) == 1
        assert found.ledger.holdings().incomplete == ()
        assert found.held() == found.positions()

    scene(tmp_path, script, act)


def test_fault_32_legs_that_fill_later_make_a_condor_that_is_counted_once(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted", contract = "BAG" }
        what = "leg_fill"
        legs = 2
        remainder = 12.0
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == ["leg_fill"]
        assert len(found.ledger.holdings().condors) == 1
        assert witness.purposes[Purpose.REDUCE] == 0
        witness.check()

    scene(tmp_path, script, act)


@pytest.mark.parametrize("how", ["rst", "eof"])
@pytest.mark.parametrize("phase", ["submitted", "acknowledged", "partly_filled", "filled"])
def test_fault_42_a_connection_that_ends_between_send_and_record_loses_nothing(
    tmp_path: Path, phase: str, how: str
) -> None:
    script = f"""
        [[fault]]
        when = {{ phase = "submitted" }}
        what = "partial_fill"
        units = 1
        remainder = 4.0
        [[fault]]
        when = {{ phase = "{phase}" }}
        what = "disconnect"
        how = "{how}"
    """

    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        await run_and_be_stopped(found, session)
        await run_on(found, session)
        first = next(iter(found.states()))

        assert struck(found)[-1] == "disconnect"
        assert witness.orders_of(first) == (phase != "submitted")
        witness.check()

    scene(tmp_path, script, act)


def test_fault_42_an_intent_that_was_committed_and_never_sent_is_ended_at_the_start(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        report = found.ledger.set_intent_state

        def die(*_arguments: object, **_named: object) -> IntentState:
            raise StewardError("the machine is switched off")

        found.ledger.set_intent_state = die  # type: ignore[method-assign]
        await run_and_be_stopped(found, session)
        found.ledger.set_intent_state = report  # type: ignore[method-assign]
        (first,) = found.states()
        await run_on(found, session)

        assert found.states()[first] == "expired"
        assert witness.orders_of(first) == 0
        witness.check()

    scene(tmp_path, "", act)


def test_fault_43_fills_while_nobody_is_connected_are_read_at_the_next_connect(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { phase = "submitted" }
        what = "partial_fill"
        units = 1
        remainder = 60.0
        [[fault]]
        when = { phase = "partly_filled" }
        what = "disconnect"
        how = "eof"
        passes = true
        seconds = 600.0
    """

    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        await run_and_be_stopped(found, session)
        await run_on(found, session)
        first = next(iter(found.states()))

        assert found.states()[first] == "filled"
        assert witness.orders_of(first) == 1
        witness.check()

    scene(tmp_path, script, act)


def test_fault_44_executions_lost_over_midnight_lock_the_book(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { phase = "filled" }
        what = "disconnect"
        seconds = 64800.0
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_and_be_stopped(found, found.next_session())
        outcome = await run_on(found)
        codes = [row["code"] for row in found.ledger.rows("SELECT code FROM alerts")]

        assert outcome.reconciliation.locked
        assert "POSITION_BREAK" in codes
        assert sum(witness.purposes.values()) == 1
        assert found.held() == {}
        witness.check(locked=True)

    scene(tmp_path, script, act)


@pytest.mark.parametrize("seconds", [0.0, 4.0, 30.0])
def test_fault_45_a_correction_replaces_what_it_corrects(tmp_path: Path, seconds: float) -> None:
    script = f"""
        [[fault]]
        when = {{ phase = "filled" }}
        what = "correct"
        change = -0.05
        seconds = {seconds}
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        revisions = found.ledger.rows("SELECT count(*) AS n FROM fills WHERE superseded")

        assert struck(found) == ["correct"]
        assert set(found.states().values()) == {"filled"}
        assert revisions[0]["n"] <= 1
        witness.check()

    scene(tmp_path, script, act)


def test_fault_46_an_unset_commission_is_unknown_until_a_later_sweep_tells_it(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { sent = "commission", times = 2 }
        what = "unset_commission"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        world = found.gateway.world
        charged = sum(fee.commission for _, fee in world.exchange.executions() if fee is not None)

        assert struck(found) == ["unset_commission"] * 2
        assert found.ledger.commissions_missing() == ()
        assert found.ledger.commissions_usd() == charged
        witness.check()

    scene(tmp_path, script, act)


def test_fault_46_a_commission_that_stays_unset_is_not_zero(tmp_path: Path) -> None:
    script = """
        [[fault]]
        when = { sent = "commission", always = true }
        what = "unset_commission"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        legs = found.ledger.rows("SELECT family FROM fills WHERE contract IS NOT NULL")

        assert len(found.ledger.commissions_missing()) == len(legs) == 7
        assert found.ledger.commissions_usd() == 0
        witness.check()

    scene(tmp_path, script, act)


def test_fault_46_a_commission_ahead_of_its_execution_is_found_by_the_sweep(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { sent = "execution" }
        what = "delay"
        messages = 3
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert "delay" in struck(found)
        assert found.ledger.commissions_missing() == ()
        witness.check()

    scene(tmp_path, script, act)


@pytest.mark.parametrize("form", ["utc", "chicago"])
def test_fault_47_the_time_of_an_execution_is_stored_in_utc(tmp_path: Path, form: str) -> None:
    script = f"""
        [[fault]]
        when = {{ sent = "execution", always = true }}
        what = "execution_time"
        form = "{form}"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        told = {
            execution.exec_id.rpartition(".")[0]: execution.time.replace(microsecond=0)
            for execution, _ in found.gateway.world.exchange.executions()
        }
        stored = {
            row["family"]: dt.datetime.fromisoformat(row["at"])
            for row in found.ledger.rows("SELECT family, at FROM fills")
        }

        assert "execution_time" in struck(found)
        assert stored == told
        witness.check()

    scene(tmp_path, script, act)


def test_fault_47_a_time_without_a_zone_is_taken_for_utc_and_changes_no_count(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { sent = "execution", always = true }
        what = "execution_time"
        form = "bare"
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)
        times = [row["at"] for row in found.ledger.rows("SELECT at FROM fills")]

        assert {dt.datetime.fromisoformat(at).utcoffset() for at in times} == {dt.timedelta()}
        witness.check()

    scene(tmp_path, script, act)
