"""Chains recorded over the socket: interrupted, gone on with, and played back as they were."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from typing import TYPE_CHECKING

import pytest
from harness import Stage, stage
from typed import gateway

from bot.broker.market_data import MarketData
from bot.clock import sleep_until
from bot.core.errors import MarketClosedError, RecordedDataError
from bot.core.model import Right
from bot.data.chain_files import read_capture, read_rows
from bot.data.chains import listed_sessions
from bot.data.recording import RESUME_WITHIN
from bot.demo import point_at
from bot.heartbeat import Heartbeat
from bot.project import connected
from bot.record import LINES, record_chains
from bot.simulator.playback import PlaybackMarket
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from click.testing import Result

    from bot.core.model import OptionContract, Quote

FIRST, SECOND = dt.date(2025, 1, 6), dt.date(2025, 1, 7)
TEN = dt.time(10, 0)
REQUEST_QUOTES, REQUEST_DETAILS = 1, 9
MIDWAY = 400
"""Quotes asked for until the bot begins to decide a session, amidst a series."""

OF_INDEX, OF_FUTURES = 1, 1
"""Requests for contract details that a recording makes beside one for each series."""


class Killed(BaseException):
    """What no handler of the recorder may catch."""


def scene(folder: Path, act: Callable[[Stage], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        market = SyntheticMarket(scenario="calm", seed=3, sessions=5)
        async with stage(folder, market=market, settings=GatewaySettings(lines=100)) as found:
            await act(found)

    asyncio.run(run())


def killed_after(series: int) -> Callable[[int, int], None]:
    """A progress bar on which the power fails."""

    def advance(done: int, _total: int) -> None:
        if done == series:
            raise Killed

    return advance


async def begin_and_kill(found: Stage, folder: Path, *, after: int) -> None:
    with pytest.raises(Killed):
        await record_chains(found.project, ["VIX"], folder, at=TEN, advance=killed_after(after))


def quotes_kept(path: Path) -> dict[tuple[str, dt.date, float, str], tuple[object, ...]]:
    return {
        (row.root, row.expiry, row.strike, row.right): (
            row.bid,
            row.ask,
            row.bid_size,
            row.ask_size,
        )
        for row in read_rows(path)
    }


async def quotes_played(
    folder: Path, chains: Path
) -> dict[tuple[str, dt.date, float, str], tuple[object, ...]]:
    """Ask a gateway that plays `chains` for all of them, over the socket."""
    market = PlaybackMarket(chains=chains)
    quoted: dict[OptionContract, Quote] = {}
    async with stage(folder, market=market) as found, connected(found.project) as broker:
        await sleep_until(broker.clock, found.project.decide_at(FIRST))
        reader = MarketData(broker)
        for series in await reader.series("VIX"):
            wanted = [series.contract(k, right) for k in series.strikes for right in Right]
            quoted |= await reader.options(wanted)
    return {
        (option.trading_class, option.expiry, option.strike, option.right.value): (
            quote.bid,
            quote.ask,
            quote.bid_size,
            quote.ask_size,
        )
        for option, quote in quoted.items()
    }


def test_a_recording_that_was_killed_goes_on_and_is_played_back_as_it_was(tmp_path: Path) -> None:
    chains = tmp_path / "chains"

    async def act(found: Stage) -> None:
        await begin_and_kill(found, chains, after=6)
        assert list(chains.glob("*.parquet")) == []
        asked = found.received[REQUEST_DETAILS]
        (made,) = await record_chains(found.project, ["VIX"], chains, at=TEN)

        assert made.resumed == 6
        assert made.facts.expiries == 14
        assert found.received[REQUEST_DETAILS] - asked == OF_INDEX + OF_FUTURES + 8

    scene(tmp_path / "project", act)

    kept = quotes_kept(chains / "VIX-2025-01-06.parquet")
    (session,) = listed_sessions(chains)
    played = asyncio.run(quotes_played(tmp_path / "played", chains))

    assert not [path for path in chains.iterdir() if path.is_dir()]
    assert (session.session, session.spx) == (FIRST, None)
    assert len(kept) > 1_500
    assert played == kept


def test_a_recording_that_was_left_for_long_is_discarded_whole(tmp_path: Path) -> None:
    chains = tmp_path / "chains"

    async def act(found: Stage) -> None:
        await begin_and_kill(found, chains, after=6)
        async with connected(found.project) as broker:
            await broker.clock.sleep(RESUME_WITHIN.total_seconds() + 60)
        (made,) = await record_chains(found.project, ["VIX"], chains)

        assert made.resumed == 0
        rows = read_rows(made.path)
        assert (
            min(row.quoted_at for row in rows if row.quoted_at)
            - dt.datetime(2025, 1, 6, 15, 0, tzinfo=dt.UTC)
            > RESUME_WITHIN
        )

    scene(tmp_path / "project", act)


def test_a_session_is_recorded_once(tmp_path: Path) -> None:
    chains = tmp_path / "chains"
    chains.mkdir()
    (chains / "VIX-2025-01-06.parquet").write_bytes(b"recorded before")

    async def act(found: Stage) -> None:
        with pytest.raises(RecordedDataError, match="is there already"):
            await record_chains(found.project, ["VIX"], chains, at=TEN)

        assert [path.read_bytes() for path in chains.iterdir()] == [b"recorded before"]

    scene(tmp_path / "project", act)


def test_before_the_open_there_is_nothing_to_record(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        with pytest.raises(MarketClosedError, match="opens at 09:30"):
            await record_chains(found.project, ["VIX"], tmp_path / "chains")

    scene(tmp_path / "project", act)


def test_a_recorder_stands_aside_while_the_bot_decides_a_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = tmp_path / "chains"
    asked_at: list[tuple[str, int]] = []
    stage_of: list[Stage] = []

    def heartbeat(_path: Path) -> Heartbeat:
        quotes = stage_of[0].received[REQUEST_QUOTES]
        busy = quotes > MIDWAY and sum(state == "session" for state, _ in asked_at) < 3
        asked_at.append(("session" if busy else "waiting", quotes))
        return Heartbeat(at=dt.datetime.now(dt.UTC), pid=1, state=asked_at[-1][0])

    monkeypatch.setattr("bot.record.read_heartbeat", heartbeat)
    monkeypatch.setattr("bot.record.STAND_ASIDE_SECONDS", 0.0)

    async def act(found: Stage) -> None:
        stage_of.append(found)
        async with connected(found.project):  # the bot, under the number of the project
            (made,) = await record_chains(found.project, ["VIX"], chains, at=TEN)

        assert made.facts.expiries == 14
        waves = [quotes for _, quotes in asked_at]
        stood = [quotes for state, quotes in asked_at if state == "session"]
        assert max(after - before for before, after in itertools.pairwise(waves)) <= LINES
        assert len(stood) == 3
        assert len(set(stood)) == 1, "nothing is asked for while the bot decides"

    scene(tmp_path / "project", act)


def test_the_command_says_what_it_recorded(
    project: Path, steward_here: Callable[..., Result]
) -> None:
    with gateway("--seed", 3) as port:
        point_at(project, port)
        made = steward_here("record", "-p", project, "--underlying", "VIX", "--at", "10:00")
    odd = steward_here("record", "-p", project, "--underlying", "NDX")

    assert made.exit_code == 0, made.output
    assert "VIX-2025-01-06.parquet: 14 series, 1736 of 1736 options quoted" in made.stdout
    assert read_capture(project / "chains" / "VIX-2025-01-06.parquet").flags == ()
    assert (odd.exit_code, odd.stderr) == (2, "--underlying NDX: must be one of SPX, VIX, both\n")
