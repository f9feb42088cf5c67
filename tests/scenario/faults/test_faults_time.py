"""Faults of time 50, 52, 53: hours and clocks that disagree, nights without an hour or with two."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fault_scene import run_on, scene, struck
from unattended import configure, jump, outcomes, running, unattended, until_done, until_planned

from bot.core.decision import Purpose
from bot.core.errors import ConfigError, SessionDisputedError
from bot.project import load_project
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from harness import Stage
    from invariants import Witness

MONDAY = "2025-01-06"
NO_NEW_RISK = frozenset({Purpose.ADD})


def alerts(found: Stage) -> list[str]:
    return [row["code"] for row in found.ledger.rows("SELECT code FROM alerts ORDER BY id")]


def closing(at: str) -> str:
    return f"""
        [[fault]]
        what = "early_close"
        date = {MONDAY}
        {at}
    """


@pytest.mark.parametrize("at", ["at = 13:00:00", ""], ids=["early", "all day"])
def test_fault_50_a_session_that_the_broker_knows_as_over_is_not_traded(
    tmp_path: Path, at: str
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        with pytest.raises(SessionDisputedError, match=MONDAY):
            await found.run()

        assert witness.placed == []
        assert found.states() == {}

    scene(tmp_path, closing(at), act)


def test_fault_50_hours_that_differ_from_the_calendar_forbid_new_risk(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        await found.run()

        assert alerts(found) == ["SESSION_DISPUTED"]
        assert witness.purposes[Purpose.PROTECT] == 3
        witness.check(forbidden=NO_NEW_RISK)

    scene(tmp_path, closing("at = 15:45:00"), act)


def test_fault_52_the_session_after_the_clocks_change_keeps_its_time_in_new_york(
    tmp_path: Path,
) -> None:
    """On 9 March 2025 the hour from 02:00 to 03:00 is missing: 15:30 comes an hour earlier."""

    async def act() -> None:
        market = SyntheticMarket(scenario="calm", seed=3, sessions=5, first=dt.date(2025, 3, 7))
        async with unattended(tmp_path, market=market) as found:
            for session in ("2025-03-07", "2025-03-10"):
                async with running(found):
                    await until_planned(found, session)
                    jump(found, session, "15:29")
                    await until_done(found, session)

            rows = found.ledger.rows("SELECT started_at FROM sessions ORDER BY session")
            assert [row["started_at"][:14] for row in rows] == ["2025-03-07T20:", "2025-03-10T19:"]
            assert set(outcomes(found).values()) == {"done"}
            assert found.held() == found.positions()

    asyncio.run(act())


@pytest.mark.parametrize("time", ["01:30", "02:30"])
def test_fault_52_a_decision_in_the_hours_that_are_missing_or_twice_is_refused(
    tmp_path: Path, time: str
) -> None:
    async def act(found: Stage, _witness: Witness) -> None:
        configure(found, "schedule", {"decide_at": time})
        with pytest.raises(ConfigError, match=r"schedule\.decide_at"):
            load_project(tmp_path)

    scene(tmp_path, "", act)


@pytest.mark.parametrize("seconds", [5.0, -5.0])
def test_fault_53_clocks_that_disagree_forbid_new_risk_with_an_alert(
    tmp_path: Path, seconds: float
) -> None:
    script = f"""
        [[fault]]
        when = {{ received = "start_api" }}
        what = "clock_skew"
        seconds = {seconds}
    """

    async def act(found: Stage, witness: Witness) -> None:
        await run_on(found)

        assert struck(found) == ["clock_skew"]
        assert alerts(found) == ["CLOCK_SKEW"]
        witness.check(forbidden=NO_NEW_RISK)

    scene(tmp_path, script, act)
