"""The bot over recorded chains: real quotes, modelled ones named, broken files not traded."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.core.decision import Action
from bot.simulator.playback import PlaybackMarket

sys.path.insert(0, str(Path(__file__).parent))

from harness import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

pytestmark = pytest.mark.data

FRIDAY, MONDAY = dt.date(2026, 7, 24), dt.date(2026, 7, 27)


def scene(
    folder: Path, market: PlaybackMarket, act: Callable[[Stage], Coroutine[None, None, None]]
) -> None:
    async def run() -> None:
        async with stage(folder, market=market) as found:
            await act(found)

    asyncio.run(run())


def assert_fills_lie_inside_the_quotes(found: Stage) -> int:
    """Compare every leg fill with the recorded quotes of its session; return how many."""
    count = 0
    for record in found.ledger.intent_records():
        snapshot = found.ledger.load_snapshot(record.intent.session)
        for fill in found.ledger.fills_of(record.intent.intent_id):
            if fill.contract is None or fill.contract.underlying != "SPX":
                continue
            quote = snapshot.quote(fill.contract)
            assert quote is not None
            assert quote.bid <= float(fill.price) <= quote.ask
            count += 1
    return count


def test_condors_are_sold_inside_recorded_quotes_behind_a_modelled_hedge(
    tmp_path: Path, data_dir: Path
) -> None:
    market = PlaybackMarket(
        chains=data_dir / "option_chains", history=data_dir, first=FRIDAY, last=MONDAY
    )

    async def act(found: Stage) -> None:
        for session in (FRIDAY, MONDAY):
            outcome = await found.run(session)

            assert not outcome.reconciliation.locked
            assert found.held() == found.positions()
        actions = {record.intent.action for record in found.ledger.intent_records()}
        assert actions == {Action.BUY_HEDGE, Action.OPEN_CONDOR}
        assert len(found.ledger.holdings().lots) >= 3
        assert assert_fills_lie_inside_the_quotes(found) >= 4
        modelled = {note.subject for note in market.provenance() if note.provenance == "modelled"}
        assert "VIX options" in modelled
        assert "SPX options" not in modelled

    scene(tmp_path, market, act)


def test_the_three_layers_are_bought_on_a_recorded_vix_chain(
    tmp_path: Path, data_dir: Path
) -> None:
    session = dt.date(2021, 4, 26)
    market = PlaybackMarket(
        chains=data_dir / "option_chains", history=data_dir, first=session, last=session
    )

    async def act(found: Stage) -> None:
        await found.run(session)

        bought = {
            lot.layer.value: (lot.contract.expiry, lot.quantity)
            for lot in found.ledger.holdings().lots
        }
        # 30, 110 and 220 days: May lies 23 days out, August 114, November 205
        assert bought == {
            "near": (dt.date(2021, 5, 19), 4),
            "mid": (dt.date(2021, 8, 18), 4),
            "far": (dt.date(2021, 11, 17), 2),
        }
        recorded = {note.subject for note in market.provenance() if note.provenance == "recorded"}
        assert {"VIX options", "VX curve"} <= recorded

    scene(tmp_path, market, act)


def test_a_half_written_chain_is_named_and_its_session_is_not_traded(
    tmp_path: Path, data_dir: Path
) -> None:
    chains = tmp_path / "chains"
    (chains / "spx").mkdir(parents=True)
    name = "2026-07-24_1841_close_nattobbm.csv.gz"
    shutil.copy(data_dir / "option_chains" / "index.csv", chains)
    whole = (data_dir / "option_chains" / "spx" / name).read_bytes()
    (chains / "spx" / name).write_bytes(whole[: len(whole) // 2])
    assert len(gzip.decompress(whole)) > 0
    market = PlaybackMarket(chains=chains, history=data_dir, first=FRIDAY, last=FRIDAY)

    async def act(found: Stage) -> None:
        outcome = await found.run(FRIDAY)

        sold = [
            intent for intent in outcome.decision.intents if intent.action is Action.OPEN_CONDOR
        ]
        assert sold == []
        assert found.positions() == {}
        assert any(name in note.detail for note in market.provenance())

    scene(tmp_path / "project", market, act)
