"""A decision knows the past and its own snapshot, whatever else lies about.

Two ways to see it. In a world whose future is replaced by noise the bot reads the same snapshot
and decides the same. And a snapshot into which something of the session itself or later has found
its way decides the same, or counts that series as unknown: it never uses it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import builders
from bot.core.decision import Purpose
from bot.core.model import (
    BreadthDay,
    DailyBar,
    EventTable,
    FutureClose,
    MacroMonth,
    VxDay,
)
from bot.core.rules import Rules
from bot.simulator.paths import STEPS, elapsed
from bot.simulator.synthetic import SyntheticMarket
from strategies import decide

sys.path.insert(0, str(Path(__file__).parents[1] / "scenario"))

from harness import stage

if TYPE_CHECKING:
    from bot.core.decision import Decision
    from bot.core.model import MarketSnapshot, Session

NOISE = np.random.default_rng(12)
MINUTES_READ = dt.timedelta(minutes=10)
"""How long after the decision time prices are the same: the cycle reads and trades in them."""

SESSION = builders.SESSION
LATER = [SESSION, SESSION + dt.timedelta(days=1)]
LAST_EXPIRY = dt.date(2027, 3, 17)


def scrambled(market: SyntheticMarket, session: Session, now: dt.datetime) -> SyntheticMarket:
    """Replace everything after `now` by noise: the rest of the session, and all later ones."""
    days = market._paths.days
    row = next(at for at, day in enumerate(days) if day.session == session)
    step = int(elapsed(days[row], now) * STEPS) + 1
    for levels in market._paths.levels.values():
        rest, later = levels[row, step + 1 :], levels[row + 1 :]
        rest *= np.exp(NOISE.normal(0, 0.2, rest.shape))
        later *= np.exp(NOISE.normal(0, 0.5, later.shape))
    market._shocks[row + 1 :] = NOISE.normal(0, 3, market._shocks[row + 1 :].shape)
    return market


async def decided(folder: Path, market: SyntheticMarket, sessions: int) -> list[object]:
    """Run sessions; return the snapshot and the decision of each."""
    async with stage(folder, market=market) as found:
        for _ in range(sessions):
            await found.run(stay=False)
        ledger = found.ledger
        return [
            (ledger.load_snapshot(session), ledger.load_decision(session))
            for session in ledger.decided_sessions()
        ]


def test_a_world_with_another_future_gives_the_same_snapshots_and_decisions(
    tmp_path: Path,
) -> None:
    def world() -> SyntheticMarket:
        return SyntheticMarket(scenario="crash-and-recover", seed=5, sessions=30)

    known = asyncio.run(decided(tmp_path / "known", world(), 2))
    (_, second) = known
    snapshot, decision = second  # type: ignore[misc]
    other = scrambled(world(), decision.session, snapshot.taken_at + MINUTES_READ)

    again = asyncio.run(decided(tmp_path / "other", other, 2))

    assert decision.intents
    assert again == known


def bar(session: Session) -> DailyBar:
    return DailyBar(session=session, open=9000, high=9999, low=1, close=1)


def market_decision(**changes: object) -> Decision:
    snapshot: MarketSnapshot = replace(builders.market(), **changes)  # type: ignore[arg-type]
    return decide(snapshot, builders.book(), Rules())


def adds(decision: Decision) -> list[str]:
    return [each.intent_id for each in decision.intents if each.purpose is Purpose.ADD]


def test_the_market_of_these_tests_is_one_in_which_risk_is_added() -> None:
    assert adds(market_decision())


@pytest.mark.parametrize("session", LATER)
@pytest.mark.parametrize("series", ["spx_bars", "vix_bars"])
def test_a_bar_of_the_session_or_later_makes_its_series_unknown(
    series: str, session: Session
) -> None:
    known = getattr(builders.market(), series)

    decision = market_decision(**{series: (*known, bar(session))})

    signals = {signal.name: signal.value for signal in decision.signals}
    assert series in str(signals["unknown"]).split(",")
    assert adds(decision) == []


@pytest.mark.parametrize("session", LATER)
def test_breadth_of_the_session_or_later_makes_breadth_unknown(session: Session) -> None:
    known = builders.market().breadth
    assert known is not None
    day = BreadthDay(session=session, advances=1, declines=2999)

    decision = market_decision(breadth=replace(known, days=(*known.days, day)))

    signals = {signal.name: signal.value for signal in decision.signals}
    assert signals["breadth"] is None
    assert adds(decision) == []


@pytest.mark.parametrize("session", LATER)
def test_closes_of_futures_of_the_session_or_later_are_ignored(session: Session) -> None:
    closes = tuple(FutureClose(expiry=expiry, close=99.0) for expiry in builders.VX)
    days = (*builders.market().vx_days, VxDay(session=session, closes=closes))

    assert market_decision(vx_days=days) == market_decision()


def test_macro_figures_of_months_that_are_not_over_are_ignored() -> None:
    months = [dt.date(2026, 7, 1), dt.date(2026, 8, 1), dt.date(2027, 1, 1)]
    noise = tuple(
        MacroMonth(month=month, reer=float(500 + at), rate_differential_pct=30.0)
        for at, month in enumerate(months)
    )

    assert market_decision(macro=(*builders.market().macro, *noise)) == market_decision()


def test_events_after_the_next_session_change_no_order() -> None:
    """The next date of each type is shown, so that its verdict differs; nothing else may."""
    far = tuple(SESSION + dt.timedelta(days=int(day)) for day in NOISE.integers(3, 400, 30))
    noise = EventTable(**{name: tuple(sorted(set(far))) for name in ("fomc", "cpi", "ppi")})
    first, second = market_decision(events=noise), market_decision()

    def rest(decision: Decision) -> Decision:
        verdicts = tuple(
            replace(each, observed=None) if each.code.startswith("EVENT_") else each
            for each in decision.verdicts
        )
        return replace(decision, verdicts=verdicts)

    assert rest(first) == rest(second)


def test_sessions_after_the_last_expiry_that_is_quoted_change_nothing() -> None:
    known = builders.market().calendar
    noise = tuple(
        replace(day, half_day=not day.half_day, close=day.close - dt.timedelta(hours=3))
        for day in known
        if day.session > LAST_EXPIRY and day.session.day % 3
    )
    kept = tuple(day for day in known if day.session <= LAST_EXPIRY)

    assert market_decision(calendar=kept + noise) == market_decision()
