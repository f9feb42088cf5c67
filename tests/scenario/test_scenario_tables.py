"""Events and macro months as of each session: read again, and unknown rather than guessed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from harness import stage

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Stage

    from bot.core.decision import Decision

ENDED = "fomc = [2027-01-27]\ncpi = [2024-12-11, 2025-01-06]\nppi = [2027-01-27]\n"
"""The first session of the market is Monday 2025-01-06: on the next one CPI is unknown."""


def alerts(found: Stage, code: str) -> list[str]:
    rows = found.ledger.rows("SELECT text FROM alerts WHERE code = ? ORDER BY id", (code,))
    return [row["text"] for row in rows]


def denied(decision: Decision) -> set[str]:
    return {verdict.code for verdict in decision.verdicts if not verdict.passed}


def test_a_type_that_has_ended_is_told_once_and_blocks_condors_but_not_the_hedge(
    tmp_path: Path,
) -> None:
    async def scene() -> None:
        async with stage(tmp_path) as found:
            (tmp_path / "config" / "events.toml").write_text(ENDED)
            await found.run()
            assert alerts(found, "EVENTS_ENDED") == []
            second, third = (await found.run()).decision, (await found.run()).decision

            assert "EVENT_CPI" in denied(second) & denied(third)
            assert "EVENT_FOMC" not in denied(second) | denied(third)
            (told,) = alerts(found, "EVENTS_ENDED")
            assert told == (
                "config/events.toml: cpi = ... 2025-01-06: must reach beyond the session: "
                "unknown from here on, no condor is opened; add the dates that are published"
            )
            assert found.held(), "the hedge is bought all the same"

    asyncio.run(scene())


def test_dates_added_to_the_file_count_from_the_next_session_on_without_a_restart(
    tmp_path: Path,
) -> None:
    async def scene() -> None:
        async with stage(tmp_path) as found:
            file = tmp_path / "config" / "events.toml"
            file.write_text(ENDED.replace("cpi = [2024-12-11, 2025-01-06]", "cpi = []"))
            assert "EVENT_CPI" in denied((await found.run()).decision)
            file.write_text(ENDED.replace("2025-01-06", "2025-02-12"))

            assert "EVENT_CPI" not in denied((await found.run()).decision)

    asyncio.run(scene())


def test_files_broken_while_the_bot_runs_are_named_once_and_nothing_is_opened(
    tmp_path: Path,
) -> None:
    async def scene() -> None:
        async with stage(tmp_path) as found:
            config = tmp_path / "config"
            (config / "events.toml").write_text("fomc = [2027-01-27, 2026-01-28]\ncpi = [1]\n")
            (config / "macro.csv").write_text("month,reer\n")
            first, second = (await found.run()).decision, (await found.run()).decision

            for decision in (first, second):
                assert {"EVENT_FOMC", "EVENT_CPI", "EVENT_PPI"} <= denied(decision)
                assert {intent.purpose.value for intent in decision.intents} <= {"protect"}
            told = alerts(found, "TABLE_FAULTY")
            assert (
                told[0] == 'config/events.toml:1: fomc = "2026-01-28": must come after 2027-01-27'
            )
            assert told[1].startswith("config/events.toml:2: cpi = 1: must be a valid date")
            assert told[2].startswith("config/macro.csv:1: header = 'month,reer': must be")
            assert len(told) == 3
            assert alerts(found, "EVENTS_ENDED") == []

    asyncio.run(scene())
