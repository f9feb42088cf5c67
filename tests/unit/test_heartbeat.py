"""The sign of life of a session that a person starts."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import pytest

from bot import heartbeat
from bot.heartbeat import Heartbeat, read_heartbeat, session_shown, write_heartbeat

if TYPE_CHECKING:
    from pathlib import Path

YESTERDAY = Heartbeat(at=dt.datetime(2026, 7, 17, 20, 0, tzinfo=dt.UTC), pid=1, state="stopped")


def state_of(path: Path) -> str | None:
    beat = read_heartbeat(path)
    return None if beat is None else beat.state


@pytest.mark.parametrize("before", [None, YESTERDAY])
def test_a_session_by_hand_is_shown_while_it_runs_and_leaves_what_was_there(
    tmp_path: Path, before: Heartbeat | None
) -> None:
    path = tmp_path / "ledger" / "heartbeat.json"
    if before is not None:
        write_heartbeat(path, before)

    async def act() -> str | None:
        async with session_shown(path):
            return state_of(path)

    assert asyncio.run(act()) == "session"
    assert read_heartbeat(path) == before


def test_a_session_by_hand_that_fails_is_not_shown_any_more(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"

    async def act() -> None:
        async with session_shown(path):
            raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(act())
    assert read_heartbeat(path) is None


def test_a_sign_of_life_that_cannot_be_written_ends_no_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "heartbeat.json"
    path.mkdir()
    ended: list[bool] = []

    async def act() -> None:
        async with session_shown(path):
            ended.append(True)

    with caplog.at_level("WARNING", logger="bot"):
        asyncio.run(act())

    assert ended == [True]
    assert ["heartbeat.not_written" in str(each.msg) for each in caplog.records] == [True, True]


def test_a_long_session_by_hand_is_shown_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "heartbeat.json"
    monkeypatch.setattr(heartbeat, "REPEAT_SECONDS", 0.0)

    async def act() -> str | None:
        async with session_shown(path):
            write_heartbeat(path, YESTERDAY)
            for _ in range(5):
                await asyncio.sleep(0)
            return state_of(path)

    assert asyncio.run(act()) == "session"
