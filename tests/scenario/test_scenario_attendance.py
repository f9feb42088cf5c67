"""What is left of sessions that did not go well, and what the bot refuses to begin."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import pytest
from harness import PLACE_ORDER, Stage, stage
from unattended import (
    beat,
    jump,
    notes,
    outcomes,
    running,
    unattended,
    until,
    until_done,
    until_planned,
)

from bot import session as one_session
from bot.core.errors import LedgerError, MarketClosedError, MarketDataError
from bot.core.model import BreadthSource
from bot.killswitch import KillSwitch
from bot.ledger.attendance import AbsenceReason
from bot.session import run_session
from bot.simulator.faults.reading import parse_script

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

POSITIONS = 61
MONDAY, TUESDAY = "2025-01-06", "2025-01-07"
FIRST = dt.date.fromisoformat(MONDAY)


def alone(folder: Path, act: Callable[[Stage], Awaitable[None]], **tables: object) -> None:
    """Run `act` on a stage with a free-running gateway."""

    async def play() -> None:
        async with unattended(folder, **tables) as found:  # type: ignore[arg-type]
            await act(found)

    asyncio.run(play())


def stepped(folder: Path, act: Callable[[Stage], Awaitable[None]]) -> None:
    """Run `act` with a gateway whose time moves with the bot's."""

    async def play() -> None:
        async with stage(folder) as found:
            await act(found)

    asyncio.run(play())


def kept(found: Stage) -> list[dt.date]:
    """Return the sessions whose breadth is kept."""
    return [day.session for day in found.ledger.breadth(BreadthSource.NYSE, dt.date(2026, 1, 1), 9)]


def test_a_bot_that_is_started_again_after_its_session_still_keeps_the_days_breadth(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:28")
            await until_done(found, MONDAY)
        assert kept(found) == []

        async with running(found):
            await until(found, lambda: kept(found) == [FIRST], "the breadth of Monday")
            read_at = found.gateway.world.now
            await until_planned(found, TUESDAY)

        close = found.project.calendar.day(FIRST).close
        assert close - dt.timedelta(minutes=15) <= read_at < close

    alone(tmp_path, act)


def test_a_session_that_failed_has_its_page_its_backup_and_no_ping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_desk: object) -> None:
        raise MarketDataError("a test broke the session")

    async def act(found: Stage) -> None:
        monkeypatch.setattr(one_session, "run_cycle", broken)
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:28")
            await until_done(found, MONDAY)
            await until(found, lambda: bool(trouble(found)), "the trouble in the heartbeat")
            assert trouble(found) == f"session {MONDAY} ended as failed"
            await until(found, lambda: kept(found) == [FIRST], "the breadth of Monday")

        settings = found.project.settings
        assert outcomes(found) == {MONDAY: "failed"}
        assert (settings.logs.folder / "reports" / f"{MONDAY}.txt").exists()
        assert [each.name for each in settings.backup.folder.iterdir()] == [f"steward-{MONDAY}.db"]

    alone(tmp_path, act)


def test_an_answer_of_which_a_message_is_damaged_is_asked_for_again_over_a_new_connection(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { sent = "position" }
        what = "corrupt"
        how = "field"
    """

    async def act(found: Stage) -> None:
        def damage(number: int) -> None:
            faults = found.gateway.faults
            marked = "mark" in found.ledger.finished_phases(FIRST)
            if number == POSITIONS and marked and not (faults and faults.struck):
                found.gateway.inject(parse_script(script))

        found.on_message = damage
        async with running(found):
            await until_planned(found, MONDAY)
            jump(found, MONDAY, "15:28")
            await until_done(found, MONDAY)

        assert [each.word for each in found.gateway.faults.struck] == ["corrupt"]  # type: ignore[union-attr]
        assert outcomes(found) == {MONDAY: "done"}
        assert found.held() == found.positions() != {}

    alone(tmp_path, act, speed=60.0)  # the grace of a session is then 15 real seconds


def trouble(found: Stage) -> str | None:
    told = beat(found)
    return told.trouble if told else None


def test_a_ledger_whose_last_session_lies_in_the_future_ends_the_bot_and_says_why(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        found.ledger.record_absence(
            dt.date(2025, 6, 2), AbsenceReason.BOT_OFF, at=found.gateway.world.now, detail="a test"
        )
        with pytest.raises(LedgerError, match="last session is 2025-06-02, and today is 2025-01-0"):
            async with running(found) as task:
                await asyncio.wait_for(task, 20)

    alone(tmp_path, act)


def test_a_look_that_breaks_is_noted_once_and_not_repeated_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    def broken(_switch: KillSwitch) -> None:
        looks.append(1)
        raise RuntimeError("a test broke the look")

    async def act(found: Stage) -> None:
        monkeypatch.setattr(KillSwitch, "read", broken)
        async with running(found):
            await asyncio.sleep(3.5)

        assert 2 <= len(looks) <= 6
        assert notes(found, "incidents", "kind") == ["JOB_FAILED"]

    alone(tmp_path, act)


@pytest.mark.parametrize("dry", [True, False], ids=["rehearsal", "real"])
def test_once_begins_nothing_before_the_open(tmp_path: Path, *, dry: bool) -> None:
    async def act(found: Stage) -> None:
        opens = found.project.calendar.day(FIRST).open
        assert found.gateway.world.now < opens

        with pytest.raises(MarketClosedError) as refused:
            await run_session(found.project, found.ledger, dry=dry)

        assert str(refused.value).startswith(
            f"session {MONDAY} is open from 09:30 to 16:15 New York time; it is {MONDAY} 0"
        )
        assert found.ledger.rows("SELECT id FROM sessions UNION ALL SELECT id FROM runs") == []

    stepped(tmp_path, act)


def test_a_session_under_halt_is_one_alert(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        found.write_switch("halt")
        await found.run(session)
        await found.run(session)

        assert notes(found, "alerts", "code") == ["KILL_SWITCH"]
        assert found.received[PLACE_ORDER] == 0

    stepped(tmp_path, act)
