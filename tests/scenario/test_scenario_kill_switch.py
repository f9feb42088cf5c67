"""The kill switch acts by itself the moment its file is saved, and every change is kept."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from harness import Stage, stage
from kill_switch_trials import trials

from bot.core.decision import Action
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def scene(
    folder: Path, act: Callable[[Stage], Coroutine[None, None, None]], policy: FillPolicy
) -> None:
    async def run() -> None:
        exchange = ExchangeSettings(fills=FillSettings(policy=policy))
        async with stage(folder, settings=GatewaySettings(exchange=exchange)) as found:
            await act(found)

    asyncio.run(run())


def changes(found: Stage) -> list[str]:
    rows = found.ledger.rows("SELECT detail FROM incidents WHERE kind = 'KILL_SWITCH' ORDER BY id")
    return [row["detail"] for row in rows]


def test_fault_61_a_saved_halt_cancels_a_working_order_that_nobody_looks_at(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        await trials(found, 2)

        halted, resumed, *_ = changes(found)
        assert re.fullmatch(r"active -> halt: a test; 1 cancels sent \d+ ms after the save", halted)
        assert re.fullmatch(r"halt -> active: a test; seen \d+ ms after the save", resumed)
        assert len(changes(found)) == 4

    scene(tmp_path, act, FillPolicy.NEVER)


def test_a_change_between_two_sessions_is_kept_once(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        found.write_switch("halt")
        await found.run()
        await found.run()

        (change,) = changes(found)
        assert change.startswith("active -> halt: a test; seen ")

    scene(tmp_path, act, FillPolicy.MID)


def test_a_value_that_is_none_of_the_five_is_kept_as_a_halt_that_says_so(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        path = found.project.settings_path
        path.write_text(path.read_text().replace('state = "active"', 'state = "off"'))
        await found.run()

        (change,) = changes(found)
        assert change.startswith("active -> halt: ")
        assert 'kill_switch.state = "off": must be' in change
        assert found.positions() == {}

    scene(tmp_path, act, FillPolicy.MID)


def test_flatten_without_the_hedge_sells_everything(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        assert found.positions()
        path = found.project.settings_path
        path.write_text(path.read_text().replace("keep_hedge = true", "keep_hedge = false"))
        found.write_switch("flatten")

        outcome = await found.run()

        actions = [intent.action for intent in outcome.decision.intents]
        assert actions == [Action.CLOSE_CONDOR] + [Action.SELL_HEDGE] * 3
        assert found.positions() == found.held() == {}
        assert changes(found)[0].startswith("active -> flatten with the hedge: a test")

    scene(tmp_path, act, FillPolicy.MID)
