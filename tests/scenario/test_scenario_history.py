"""Histories fetched over the socket into a folder, and a folder that is checked by command."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

import pytest
from harness import Stage, stage
from typed import steward

from bot.core.errors import RecordedDataError
from bot.data.histories import Histories
from bot.history_fetch import VOL_INDEXES, fetch_history
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path


def scene(folder: Path, act: Callable[[Stage], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        market = SyntheticMarket(scenario="calm", seed=3, sessions=5)
        async with stage(folder, market=market) as found:
            await act(found)

    asyncio.run(run())


def test_bars_of_all_series_are_fetched_as_the_venue_has_them(tmp_path: Path) -> None:
    folder = tmp_path / "history"

    async def act(found: Stage) -> None:
        fetched = await fetch_history(found.project, folder)
        market = found.gateway.world.market
        histories = Histories(folder)
        bars = market.bars("SPX", 300)
        assert [histories.spx.on(bar.session) for bar in bars] == list(bars)
        vvix = market.bars("VVIX", 1)[0]
        assert histories.vol_closes[vvix.session].vvix == vvix.close
        curve = histories.vx_settlements[bars[-1].session]
        assert {expiry: market.future_bars(expiry, 1)[0].close for expiry in curve} == curve
        assert len(curve) >= 9
        assert {each.series for each in fetched} == {"SPX", "VIX", *VOL_INDEXES, "VX"}

    scene(tmp_path, act)


def test_what_the_folder_holds_beyond_the_bars_stays(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    folder.mkdir()
    old = "1999-12-30,1460.0,1470.0,1450.0,1464.47"
    (folder / "spx_daily.csv").write_text(f"date,open,high,low,close\n{old}\n")

    async def act(found: Stage) -> None:
        await fetch_history(found.project, folder)
        await fetch_history(found.project, folder)

    scene(tmp_path, act)
    lines = (folder / "spx_daily.csv").read_text().splitlines()
    assert lines[1] == old
    assert len(lines) == len(set(lines)) > 300


def test_a_file_of_another_origin_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    folder.mkdir()
    file = folder / "vx_futures_by_expiry.csv.gz"
    content = gzip.compress(b"date,expiry,open,settle\n2025-01-02,2025-01-22,17.0,17.1\n")
    file.write_bytes(content)

    async def act(found: Stage) -> None:
        with pytest.raises(RecordedDataError, match="is of another origin and is left alone"):
            await fetch_history(found.project, folder)

    scene(tmp_path, act)
    assert file.read_bytes() == content
    assert not (folder / "spx_daily.csv").exists()


def test_a_folder_with_faults_is_told_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "spx_daily.csv").write_text("date,open,high,low,close\n2025-01-06,1,1,1,x\n")
    result = steward("history", "check", str(tmp_path))

    assert result.returncode == 2
    assert "spx_daily.csv, line 2: close = 'x' is not a number" in result.stderr
    assert "vix_daily.csv: no file: nothing to test" in result.stderr
