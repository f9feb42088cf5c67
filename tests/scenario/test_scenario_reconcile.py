"""Ledger and broker side by side, and a person who accepts the broker's view."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.adoption import Sides, as_text, compare_sides
from bot.backup import back_up, restore
from bot.clock import new_york
from bot.core.decision import Purpose
from bot.core.errors import AdoptionRefusedError, GatewayUnavailableError
from bot.ledger.store import Ledger
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.faults.reading import parse_script
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings

sys.path.insert(0, str(Path(__file__).parent))

from harness import PLACE_ORDER, Stage, stage
from test_scenario_review import hang_up, trade_by_hand, while_an_order_works

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


AT_MID = ExchangeSettings(fills=FillSettings(policy=FillPolicy.MID))
NEVER = ExchangeSettings(fills=FillSettings(policy=FillPolicy.NEVER))
DOWN_PAST_MIDNIGHT = """
[[fault]]
when = { phase = "filled" }
what = "disconnect"
seconds = 64800.0
"""
REASON = "the statement says so"


def scene(
    folder: Path,
    act: Callable[[Stage], Coroutine[None, None, None]],
    *,
    exchange: ExchangeSettings = AT_MID,
    faults: str = "",
) -> None:
    async def run() -> None:
        settings = GatewaySettings(exchange=exchange, faults=parse_script(faults))
        async with stage(folder, settings=settings) as found:
            await act(found)

    asyncio.run(run())


async def look(found: Stage) -> Sides:
    return await compare_sides(found.project, found.ledger)


async def adopt(found: Stage, reason: str = REASON) -> Sides:
    return await compare_sides(found.project, found.ledger, adopt=reason)


async def agrees(found: Stage) -> Sides:
    """Adopt, and hold that nothing was sent and both sides are the same then."""
    sent, venue = found.received[PLACE_ORDER], found.positions()
    sides = await adopt(found)
    assert not sides.locked
    assert sides.breaks == ()
    assert found.held() == venue == found.positions()
    assert found.received[PLACE_ORDER] == sent
    assert not (await look(found)).locked
    return sides


def incidents(found: Stage) -> list[str]:
    rows = found.ledger.rows("SELECT detail FROM incidents WHERE kind = 'POSITIONS_ADOPTED'")
    return [row["detail"] for row in rows]


def fills(found: Stage) -> int:
    return int(found.ledger.value("SELECT count(*) FROM fills"))


def test_two_sides_that_agree_are_ready_and_there_is_nothing_to_adopt(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()

        sides = await adopt(found)

        assert (sides.locked, sides.adopted) == (False, ())
        assert as_text(sides).endswith("READY")
        assert incidents(found) == []

    scene(tmp_path, act)


def test_a_condor_closed_by_hand_is_let_go_of_and_another_may_be_sold(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        (condor,) = found.ledger.holdings().condors
        for leg in condor.legs:
            trade_by_hand(found, leg.contract.con_id, -leg.ratio * condor.quantity)
        known = fills(found)

        sides = await look(found)
        assert sides.locked
        assert {(line.ledger, line.broker) for line in sides.breaks} == {
            (leg.ratio * condor.quantity, 0) for leg in condor.legs
        }
        assert as_text(sides).count("BREAK") == 4

        await agrees(found)
        assert found.ledger.holdings().condors == ()
        assert fills(found) == known
        (detail,) = incidents(found)
        assert detail.startswith(f"{REASON}: ")
        assert detail.count(condor.structure_id) == 4

        outcome = await found.run()
        assert not outcome.reconciliation.locked
        assert Purpose.ADD in {intent.purpose for intent in outcome.decision.intents}

    scene(tmp_path, act)


def test_what_was_bought_by_hand_is_held_beside_and_never_traded(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        lot = found.ledger.holdings().lots[0]
        trade_by_hand(found, lot.contract.con_id, 3)

        await agrees(found)
        found.write_switch("flatten")
        outcome = await found.run()

        assert not outcome.reconciliation.locked
        assert found.positions()[lot.contract.label()] == lot.quantity + 3
        assert found.held() == found.positions()

    scene(tmp_path, act)


def test_fault_44_executions_lost_over_midnight_are_adopted(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        with pytest.raises(GatewayUnavailableError, match="connection lost"):
            await found.run(session)
        later = found.project.calendar.next(session)
        assert new_york(found.gateway.world.now).date() == later
        assert found.positions()
        assert found.held() == {}

        assert (await look(found)).locked
        await agrees(found)

        assert not (await found.run(later)).reconciliation.locked

    scene(tmp_path, act, faults=DOWN_PAST_MIDNIGHT)


def test_an_old_backup_that_was_restored_takes_over_what_the_broker_holds(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        settings = found.project.settings
        found.write_switch("halt")
        await found.run()
        empty = back_up(settings, found.ledger)
        found.write_switch("active")
        await found.run()
        found.ledger.close()
        restore(settings, empty)
        with Ledger.open(settings.ledger.path) as ledger:
            found.ledger = ledger
            assert found.held() == {}
            assert (await look(found)).locked

            await agrees(found)
            outcome = await found.run()

            assert not outcome.reconciliation.locked
            assert Purpose.ADD not in {intent.purpose for intent in outcome.decision.intents}
            assert any("ADOPTED_SHORT" in text for text in ledger_alerts(found))

    scene(tmp_path, act)


def ledger_alerts(found: Stage) -> list[str]:
    return [row["code"] for row in found.ledger.rows("SELECT code FROM alerts")]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_an_adoption_without_a_reason_is_refused_before_anything_is_asked(
    tmp_path: Path, reason: str
) -> None:
    async def act(found: Stage) -> None:
        with pytest.raises(AdoptionRefusedError, match="--reason TEXT"):
            await adopt(found, reason)

        assert not found.received

    scene(tmp_path, act)


def test_an_adoption_with_an_order_at_work_is_refused(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        while_an_order_works(found, lambda: hang_up(found))
        with pytest.raises(GatewayUnavailableError, match="connection lost"):
            await found.run()

        sides = await look(found)
        with pytest.raises(AdoptionRefusedError, match="orders are in flight: st-"):
            await adopt(found)

        assert sides.open_orders
        assert incidents(found) == []

    scene(tmp_path, act, exchange=NEVER)


def test_the_command_shows_both_sides_and_exits_by_what_it_finds(tmp_path: Path) -> None:
    def steward(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot.cli", "reconcile", "-p", str(tmp_path), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    async def act(found: Stage) -> None:
        await found.run()
        lot = found.ledger.holdings().lots[0]
        trade_by_hand(found, lot.contract.con_id, 1)
        found.ledger.close()

        shown = await asyncio.to_thread(steward)
        refused = await asyncio.to_thread(steward, "--adopt")
        done = await asyncio.to_thread(steward, "--adopt", "--reason", REASON)

        assert [each.returncode for each in (shown, refused, done)] == [1, 1, 0]
        assert f"{lot.contract.label()}" in shown.stdout
        assert "BREAK" in shown.stdout
        assert shown.stdout.endswith("LOCKED\n")
        assert "--reason TEXT" in refused.stderr
        assert done.stdout.endswith("READY\n")

    scene(tmp_path, act)
