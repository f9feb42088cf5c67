"""The adaptive hedge over the socket: an entry in parts, rolls that wait or come early, profits.

The gateway steps over the sessions in between, so each test plays only those that it is about.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.book import Layer
from bot.core.fold import IntentState
from bot.project import load_project
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

sys.path.insert(0, str(Path(__file__).parent))

from harness import Stage, change_rules, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.core.book import HedgeLot
    from bot.core.decision import Decision
    from bot.simulator.market import Market

WAIT = "wait_sessions = 5                  # a due roll may wait so long in a calm rise; 0 is never"
FALLING = "spx_long_mean = 200"
AT_MID = ExchangeSettings(fills=FillSettings(policy=FillPolicy.MID))


def scene(
    folder: Path,
    market: SyntheticMarket,
    act: Callable[[Stage], Coroutine[None, None, None]],
    *changes: tuple[str, str],
) -> None:
    """Run `act` on a stage whose rules are changed line by line."""

    async def run() -> None:
        settings = dataclasses.replace(GatewaySettings(), exchange=AT_MID)
        async with stage(folder, market=market, settings=settings) as found:
            for old, new in changes:
                change_rules(folder, f"{old}\n", f"{new}\n")
            found.project = load_project(folder)
            await act(found)

    asyncio.run(run())


async def play(found: Stage, market: Market, number: int) -> Decision:
    """Play one session of the market by its number from 0."""
    outcome = await found.run(market.days()[number].session)
    assert not outcome.reconciliation.locked
    assert found.held() == found.positions()
    return outcome.decision


def orders(found: Stage, decision: Decision, layer: Layer) -> list[tuple[str, str, int]]:
    """Reason, action and units of each order of a layer in a session; all of them have filled."""
    records = [
        record
        for record in found.ledger.intent_records(decision.session)
        if record.intent.layer is layer
    ]
    assert {record.state for record in records} <= {IntentState.FILLED}
    return [
        (record.intent.reason, record.intent.action.value, record.intent.quantity)
        for record in records
    ]


def lots(found: Stage, layer: Layer) -> list[HedgeLot]:
    return [lot for lot in found.ledger.holdings().lots if lot.layer is layer]


def test_a_first_hedge_is_bought_in_two_sessions(tmp_path: Path) -> None:
    market = SyntheticMarket(scenario="calm", seed=3, sessions=30)

    async def act(found: Stage) -> None:
        first = await play(found, market, 0)
        second = await play(found, market, 1)

        assert orders(found, first, Layer.NEAR) == [("missing", "buy_hedge", 2)]
        assert orders(found, second, Layer.NEAR) == [("missing", "buy_hedge", 2)]
        assert sum(lot.quantity for lot in lots(found, Layer.MID)) == 4

    scene(tmp_path, market, act, ("sessions = 1", "sessions = 2"))


def test_a_due_roll_waits_in_a_calm_rise_and_is_made_when_its_sessions_are_over(
    tmp_path: Path,
) -> None:
    market = SyntheticMarket(scenario="calm", seed=2, sessions=30)

    async def act(found: Stage) -> None:
        await play(found, market, 0)
        (old,) = lots(found, Layer.MID)
        waiting = await play(found, market, 13)  # 79 DTE, the first day on which it is due
        rolled = await play(found, market, 14)

        assert orders(found, waiting, Layer.MID) == []
        assert [layer.roll_reason for layer in waiting.layers if layer.layer is Layer.MID] == [
            f"roll_due waits since {waiting.session}"
        ]
        assert orders(found, rolled, Layer.MID) == [
            ("roll_due", "buy_hedge", 4),
            ("roll_due", "sell_hedge", 4),
        ]
        (new,) = lots(found, Layer.MID)
        assert new.contract.expiry > old.contract.expiry

    scene(
        tmp_path,
        market,
        act,
        ("roll_dte = 40", "roll_dte = 79"),
        (WAIT, "wait_sessions = 1"),
    )


def test_a_turn_in_transition_rolls_the_near_layer_early_over_the_wire(tmp_path: Path) -> None:
    market = SyntheticMarket(scenario="grind-down", seed=8, sessions=30)

    async def act(found: Stage) -> None:
        await play(found, market, 0)
        (old,) = lots(found, Layer.NEAR)
        turned = await play(found, market, 4)

        assert turned.regime == "transition"
        assert orders(found, turned, Layer.NEAR) == [
            ("roll_early", "buy_hedge", 4),
            ("roll_early", "sell_hedge", 4),
        ]
        (new,) = lots(found, Layer.NEAR)
        assert new.contract != old.contract

    scene(tmp_path, market, act, ("calm_vix = 20.0", "calm_vix = 10.0"))


def test_a_spike_sells_half_and_its_end_buys_the_layer_anew_before_the_rest_goes(
    tmp_path: Path,
) -> None:
    market = SyntheticMarket(scenario="spike", seed=3, sessions=60)

    async def act(found: Stage) -> None:
        await play(found, market, 0)
        (bought,) = lots(found, Layer.MID)
        peak = await play(found, market, 24)
        (halved,) = lots(found, Layer.MID)
        units = found.ledger.marks()[-1]
        between = await play(found, market, 25)
        over = await play(found, market, 36)

        assert orders(found, peak, Layer.MID) == [("monetise", "sell_hedge", 2)]
        assert (bought.quantity, halved.quantity) == (4, 2)
        assert (units.units_held, units.units_required) == (1, 1)  # a halved lot stands for all
        assert orders(found, between, Layer.MID) == []  # what is left is the target
        assert orders(found, over, Layer.MID) == [
            ("reopen", "buy_hedge", 4),
            ("monetise_rest", "sell_hedge", 2),
        ]
        (anew,) = lots(found, Layer.MID)
        assert (anew.quantity, anew.contract == bought.contract) == (4, False)
        gains = found.ledger.hedge_sales(bought.opened)
        assert [(sale.layer, sale.quantity) for sale in gains if sale.lot_id == bought.lot_id] == [
            (Layer.MID, 2),
            (Layer.MID, 2),
        ]
        assert all(sale.gain_usd > 0 for sale in gains)

    scene(tmp_path, market, act)


def test_a_hedge_that_is_kept_from_being_bought_in_a_quiet_decline_is_an_incident(
    tmp_path: Path,
) -> None:
    market = SyntheticMarket(scenario="grind-down", seed=8, sessions=30)

    async def act(found: Stage) -> None:
        found.write_switch("reduce_only")
        for number in (3, 4):
            await play(found, market, number)

        incidents = found.ledger.rows(
            "SELECT session, kind, detail FROM incidents WHERE session IS NOT NULL"
        )
        alerts = found.ledger.rows("SELECT session, text FROM alerts WHERE code = 'MINIMUM_HEDGE'")
        assert [tuple(row) for row in incidents] == [
            (
                market.days()[number].session.isoformat(),
                "PROTECTION_ABANDONED",
                "10 contracts short of their goal in a decline without fear",
            )
            for number in (3, 4)
        ]
        assert [row["session"] for row in alerts] == [market.days()[3].session.isoformat()]

    scene(
        tmp_path,
        market,
        act,
        (FALLING, "spx_long_mean = 5"),
        ("minimum_nav_usd = 225_000.0", "minimum_nav_usd = 5_000_000.0"),
    )
