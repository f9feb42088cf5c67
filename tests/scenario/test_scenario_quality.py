"""What execution cost, 5 minutes on too, and quotes out of parity: through the whole bot."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from harness import Stage, stage

from bot.core.model import Right
from bot.core.parity import Arbitrage
from bot.core.quality import ORDER
from bot.ledger.quality import NOT_WAITED_FOR
from bot.review.session import review_json
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.core.model import OptionContract
    from bot.simulator.market import Market, SimQuote

FIVE_MINUTES = dt.timedelta(minutes=5)
CHEAP = 0.80


class CheapPuts(SyntheticMarket):
    """A synthetic market in which every VIX put is quoted 0.80 too low."""

    def option(self, contract: OptionContract) -> SimQuote | None:
        """Quote one option."""
        quote = super().option(contract)
        cheap = contract.trading_class == "VIX" and contract.right is Right.PUT
        if quote is None or quote.bid is None or quote.ask is None or not cheap:
            return quote
        if quote.bid <= CHEAP:
            return quote
        return dataclasses.replace(
            quote, bid=round(quote.bid - CHEAP, 2), ask=round(quote.ask - CHEAP, 2)
        )


def scene(
    folder: Path,
    act: Callable[[Stage], Coroutine[None, None, None]],
    *,
    market: Market | None = None,
) -> None:
    async def run() -> None:
        async with stage(folder, market=market) as found:
            await act(found)

    asyncio.run(run())


def test_every_fill_is_measured_and_held_against_the_market_five_minutes_on(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        await found.run(stay=True)

        rows = found.ledger.quality_rows(session)
        filled = {
            record.intent.intent_id
            for record in found.ledger.intent_records(session)
            if found.ledger.fills_of(record.intent.intent_id)
        }
        assert {row.intent_id for row in rows if row.leg == ORDER} == filled
        assert filled
        for row in rows:
            assert row.shortfall == row.price - (row.decision_mid or 0)
            assert row.note == ""
            assert row.mark_out == (row.later_mid or Decimal(0)) - row.price
        marked = found.ledger.rows("SELECT last_fill_at, marked_out_at FROM quality")
        waited = [
            dt.datetime.fromisoformat(row["marked_out_at"])
            - dt.datetime.fromisoformat(row["last_fill_at"])
            for row in marked
        ]
        assert min(waited) >= FIVE_MINUTES
        page = found.project.settings.logs.folder / "reports" / f"{session}.txt"
        assert "mark-out" in page.read_text(encoding="utf-8")
        assert '"mark_out"' in review_json(found.ledger, session)

    scene(tmp_path, act)


def test_session_that_does_not_stay_says_why_there_is_no_mark_out(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        await found.run()

        rows = found.ledger.quality_rows(session)
        assert rows
        assert {(row.mark_out, row.note) for row in rows} == {(None, NOT_WAITED_FOR)}

    scene(tmp_path, act)


def test_puts_out_of_parity_are_flagged_session_after_session_and_not_traded(
    tmp_path: Path,
) -> None:
    async def act(found: Stage) -> None:
        first = found.next_session()
        await found.run()
        await found.run()

        second = found.project.calendar.next(first)
        flags = found.ledger.parity_rows(second)
        assert flags
        assert {flag.kind for flag in flags} == {Arbitrage.CONVERSION}
        assert max(flag.sessions for flag in flags) == 2
        assert all(flag.best_edge_points > flag.fees_points for flag in flags)
        assert all(flag.size for flag in flags)
        assert not any(label.endswith("P") and "VIX" in label for label in found.positions())

    scene(tmp_path, act, market=CheapPuts(scenario="calm", seed=3, sessions=30))


def test_quotes_of_the_simulated_market_are_in_parity(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        session = found.next_session()
        await found.run()

        decision = found.ledger.load_decision(session)
        (verdict,) = (each for each in decision.verdicts if each.code == "PARITY")
        assert isinstance(verdict.observed, float)
        assert verdict.passed
        assert found.ledger.parity_rows(session) == ()

    scene(tmp_path, act)
