"""Rules change between sessions, never within one; what was decided is decided again the same."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.clock import WallClock
from bot.core.decision import Decision
from bot.core.errors import GatewayUnavailableError
from bot.governance import KIND, adopt
from bot.ledger.codec import pack
from bot.replay import Comparison, decide_again, decide_all_again
from bot.review.words import WORDS
from bot.simulator.synthetic import SyntheticMarket

sys.path.insert(0, str(Path(__file__).parent))

from harness import ADVANCE_TIME, PLACE_ORDER, Stage, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def scene(folder: Path, act: Callable[[Stage], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        market = SyntheticMarket(scenario="crash-and-recover", seed=3, sessions=30)
        async with stage(folder, market=market) as found:
            await act(found)

    asyncio.run(run())


def propose(found: Stage) -> None:
    """Ask for condors of 30 days instead of 35."""
    path = found.project.rules_path
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("dte_target = 35", "dte_target = 30"), encoding="utf-8")


def codes(found: Stage) -> list[str]:
    return [row["code"] for row in found.ledger.rows("SELECT code FROM alerts ORDER BY id")]


def decided_by(found: Stage) -> list[str]:
    return [found.ledger.rules_sha256(session) for session in found.ledger.decided_sessions()]


def steward(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, with a hash seed of its own."""
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )


def test_a_proposal_waits_until_a_person_adopts_it_and_counts_from_the_next_session(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        propose(found)
        await found.run()
        await found.run()
        adopt(found.ledger, found.project.rules_path, reason="shorter", at=WallClock().now())
        await found.run()

        first, second = [version.sha256 for version in found.ledger.config_history(KIND)]
        assert decided_by(found) == [first, first, first, second]
        assert codes(found) == ["RULES_PROPOSED"]

    scene(tmp_path, act)


def test_a_session_that_is_taken_up_again_ends_by_the_rules_that_it_began_with(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()

        def break_off(number: int) -> None:
            if number == ADVANCE_TIME and found.received[PLACE_ORDER]:
                found.on_message = lambda _number: None
                for client in tuple(found.gateway._clients):
                    client.close()

        found.on_message = break_off
        with pytest.raises(GatewayUnavailableError):
            await found.run(session)
        propose(found)
        adopt(found.ledger, found.project.rules_path, reason="shorter", at=WallClock().now())

        await found.run(session)
        await found.run()

        first, second = [version.sha256 for version in found.ledger.config_history(KIND)]
        assert decided_by(found) == [first, second]

    scene(tmp_path, act)


def test_every_session_decides_again_identically_here_and_in_another_process(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        sessions = 3
        for _ in range(sessions):
            await found.run(stay=True)

        again = decide_all_again(found.ledger)
        elsewhere = steward("decide-again", "--all", "-p", tmp_path)

        assert [each.comparison for each in again] == [Comparison.SAME] * sessions
        assert elsewhere.returncode == 0, elsewhere.stderr
        assert f"{sessions} decided again: {sessions} identical, 0 different" in elsewhere.stdout

    scene(tmp_path, act)


def test_a_person_reviews_and_adopts_at_the_terminal_while_the_bot_has_the_ledger(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        propose(found)
        here = ("-p", tmp_path)

        review = steward("rules", "review", "--last", 1, *here)
        adopted = steward("rules", "adopt", "--reason", "shorter", *here)
        shown = json.loads(steward("rules", "show", "--json", *here).stdout)

        assert "of 1 sessions would differ" in review.stdout
        assert max(map(len, review.stdout.splitlines())) <= 100
        assert adopted.returncode == 0
        assert "condor.dte_target: 35 -> 30" in adopted.stdout
        assert shown["in_force"]["reason"] == "shorter"
        assert shown["values"]["condor.dte_target"] == 30
        assert shown["waiting"] == []

    scene(tmp_path, act)


def test_a_session_is_explained_at_the_terminal(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        decision = (await found.run()).decision

        page = steward("explain", decision.session, "-p", tmp_path)

        assert decision.intents
        for intent in decision.intents:
            assert intent.intent_id in page.stdout
        for verdict in decision.verdicts:
            assert f"{verdict.code} passes when" in page.stdout
            assert verdict.code in WORDS
        assert max(map(len, page.stdout.splitlines())) <= 100

    scene(tmp_path, act)


def test_a_decision_that_was_tampered_with_is_found_and_named(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        decision = (await found.run(session)).decision
        first, *rest = decision.intents
        changed = dataclasses.replace(first, quantity=first.quantity + 1)
        tampered = dataclasses.replace(decision, regime="stress", intents=(changed, *rest))
        forge(found, "UPDATE decisions SET body = ?", pack(tampered, Decision))

        differences = {
            (each.part, each.name) for each in decide_again(found.ledger, session).differences
        }
        elsewhere = steward("decide-again", session, "-p", tmp_path)

        assert differences == {("regime", ""), ("intents", f"{first.intent_id} quantity")}
        assert elsewhere.returncode == 1
        assert f"{first.intent_id} quantity: was {changed.quantity}, is" in elsewhere.stdout

    scene(tmp_path, act)


def test_a_session_of_another_decision_version_is_named_and_not_compared(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        await found.run(session)
        forge(found, "UPDATE decisions SET decision_version = ?", 1)

        elsewhere = steward("decide-again", "--all", "-p", tmp_path)

        assert decide_again(found.ledger, session).comparison is Comparison.OTHER_VERSION
        assert elsewhere.returncode == 0
        assert f"{session}: decided by version 1, not compared" in elsewhere.stdout

    scene(tmp_path, act)


def forge(found: Stage, statement: str, value: bytes | int) -> None:
    with found.ledger.writing("what a forger would") as database:
        database.execute(statement, (value,))
