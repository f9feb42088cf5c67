"""A condor of the profile daily over the socket: sold near the close, gone at the next one."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from decimal import Decimal
from pathlib import Path

from bot.core.decision import Action
from bot.project import load_project
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

sys.path.insert(0, str(Path(__file__).parent))

from harness import change_rules, stage

AT_MID = ExchangeSettings(fills=FillSettings(policy=FillPolicy.MID))


def test_a_daily_condor_is_sold_for_the_next_session_and_left_to_expire(tmp_path: Path) -> None:
    async def run() -> None:
        market = SyntheticMarket(scenario="calm", seed=3, sessions=30)
        settings = dataclasses.replace(GatewaySettings(), exchange=AT_MID)
        async with stage(tmp_path, market=market, settings=settings) as found:
            change_rules(tmp_path, 'profile = "monthly"', 'profile = "daily"')
            change_rules(tmp_path, "delta_floor = 0.05", "delta_floor = 0.03")
            found.project = load_project(tmp_path)
            session = found.next_session()
            await found.run(session)

            (sold,) = found.ledger.holdings().condors
            following = found.project.calendar.next(session)
            assert sold.expiry == following
            assert sold.credit_points >= Decimal("0.65")  # 0.70 at the mid of the decision
            await found.run(following)
            await found.run(found.project.calendar.next(following))

            closes = [
                record
                for record in found.ledger.intent_records()
                if record.intent.action is Action.CLOSE_CONDOR
            ]
            assert closes == []
            assert sold.structure_id not in {
                held.structure_id for held in found.ledger.holdings().condors
            }
            assert found.held() == found.positions()

    asyncio.run(run())
