"""What a session observes beyond quotes: past VX futures, macro months, breadth from its gap on."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import pytest
from harness import stage

from bot.broker.market_data import MarketData
from bot.core.model import BreadthDay, BreadthSource, MacroMonth
from bot.core.regime import compute_signals
from bot.defaults import write_defaults
from bot.project import connected
from bot.simulator.market import SimQuote
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Stage

    from bot.core.model import MarketSnapshot


def observed(folder: Path, prepare: object = None) -> tuple[MarketSnapshot, Stage]:
    """Run the first session dry, and return what it saw."""

    async def scene() -> tuple[MarketSnapshot, Stage]:
        async with stage(folder) as found:
            session = found.next_session()
            if callable(prepare):
                prepare(found, session)
            await found.run(session, dry=True)
            return found.ledger.load_snapshot(session, dry=True), found

    return asyncio.run(scene())


def test_a_session_sees_the_futures_of_thirty_one_sessions_settled_ones_included(
    tmp_path: Path,
) -> None:
    snapshot, found = observed(tmp_path)
    market = found.gateway.world.market
    days = snapshot.vx_days
    expiries = {each.expiry for day in days for each in day.closes}
    signals = compute_signals(snapshot, found.project.rules.signals)

    assert len(days) == 31
    assert days[-1].session == found.project.calendar.previous(snapshot.session)
    assert min(expiries) < snapshot.session < max(expiries)
    for expiry in expiries:
        closes = {
            day.session: each.close for day in days for each in day.closes if each.expiry == expiry
        }
        assert closes == {
            bar.session: bar.close
            for bar in market.future_bars(expiry, 60)
            if bar.session >= days[0].session
        }
    assert signals.vx_slope_change is not None
    assert signals.vx_front_volatility is not None


def test_macro_months_of_the_project_that_are_over_are_part_of_what_is_seen(tmp_path: Path) -> None:
    write_defaults(tmp_path)
    file = tmp_path / "config" / "macro.csv"
    file.write_text(file.read_text() + "2024-12,108.5,1.5\n2025-01,109,1.5\n")

    snapshot, _ = observed(tmp_path)

    assert snapshot.macro == (
        MacroMonth(month=dt.date(2024, 12, 1), reer=108.5, rate_differential_pct=1.5),
    )


@pytest.mark.parametrize(
    ("gap", "source", "days"),
    [
        (None, BreadthSource.NYSE, 100),
        (70, BreadthSource.NYSE, 70),
        (59, BreadthSource.SECTORS, None),
        (0, BreadthSource.SECTORS, None),
    ],
)
def test_a_gap_leaves_the_counts_after_it_and_else_the_sectors(
    tmp_path: Path, gap: int | None, source: BreadthSource, days: int | None
) -> None:
    def keep(found: Stage, session: dt.date) -> None:
        day = session
        for back in range(100):
            day = found.project.calendar.previous(day)
            if back != gap:
                count = BreadthDay(session=day, advances=1700.0, declines=1300.0)
                found.ledger.record_breadth(BreadthSource.NYSE, count)

    snapshot, found = observed(tmp_path, keep)
    signals = compute_signals(snapshot, found.project.rules.signals)

    assert snapshot.breadth is not None
    assert snapshot.breadth.source is source
    assert days is None or len(snapshot.breadth.days) == days
    assert signals.breadth is not None
    assert signals.breadth_source is source


class Counted(SyntheticMarket):
    """A market whose AD-NYSE shows two counts by hand."""

    counts: tuple[float | None, float | None] = (None, None)

    def index(self, symbol: str) -> SimQuote | None:
        if symbol != "AD-NYSE":
            return super().index(symbol)
        advances, declines = self.counts
        return SimQuote(bid=advances, ask=declines)


@pytest.mark.parametrize(
    ("counts", "known"),
    [
        ((1834.0, 1021.0), True),
        ((0.0, 0.0), False),
        ((-1.0, -1.0), False),
        ((1834.0, -1.0), False),
        ((None, 1021.0), False),
        ((None, None), False),
    ],
)
def test_the_bid_of_ad_nyse_counts_advances_its_ask_declines_and_no_other_count_is_one(
    tmp_path: Path, counts: tuple[float | None, float | None], *, known: bool
) -> None:
    market = Counted(scenario="calm", seed=3, sessions=3)
    market.counts = counts
    session = market.days()[0].session

    async def read() -> BreadthDay | None:
        async with stage(tmp_path, market=market) as found, connected(found.project) as broker:
            return await MarketData(broker).breadth_now(session)

    day = BreadthDay(session=session, advances=1834.0, declines=1021.0)
    assert asyncio.run(read()) == (day if known else None)
