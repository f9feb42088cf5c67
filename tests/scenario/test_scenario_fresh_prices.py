"""Orders whose turn comes late: at the prices of now, or not at all; a decision that grew old."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import PLACE_ORDER, Stage, stage
from invariants import Witness

from bot import cycle, execution
from bot.core.decision import Action, Purpose
from bot.core.errors import GatewayUnavailableError
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillSettings
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.core.decision import OrderIntent
    from bot.core.model import OptionContract
    from bot.simulator.market import SimQuote

SLOW = ExchangeSettings(fills=FillSettings(threshold_low=0.2, threshold_high=0.2))
"""Nothing fills before its ladder is nearly at its end."""

HALF_AN_HOUR = dt.timedelta(minutes=30)


class MovingMarket(SyntheticMarket):
    """A market in which all SPX options are worth `share` of what they were."""

    share = 1.0

    def option(self, contract: OptionContract) -> SimQuote | None:
        quote = super().option(contract)
        if quote is None or contract.underlying != "SPX" or self.share == 1.0:
            return quote
        bid, ask = quote.bid * self.share, quote.ask * self.share
        return dataclasses.replace(quote, bid=round(bid, 2), ask=round(ask, 2))


def scene(
    folder: Path,
    act: Callable[[Stage, Witness, MovingMarket], Coroutine[None, None, None]],
    *,
    exchange: ExchangeSettings | None = None,
) -> None:
    """Play at a venue that fills by its book."""

    async def run() -> None:
        market = MovingMarket(scenario="calm", seed=3, sessions=30)
        settings = GatewaySettings(exchange=exchange or ExchangeSettings())
        async with stage(folder, market=market, settings=settings) as found:
            await act(found, Witness(found), market)

    asyncio.run(run())


def details(found: Stage) -> dict[str, str]:
    """Return what is noted at the end of each intent that was denied."""
    rows = found.ledger.rows("SELECT intent_id, detail FROM intent_states WHERE state = 'denied'")
    return {row["intent_id"]: row["detail"] for row in rows}


def move(found: Stage, market: MovingMarket, share: float) -> None:
    """Let SPX options move as soon as the first order arrives."""

    def on_message(number: int) -> None:
        if number == PLACE_ORDER:
            market.share = share

    found.on_message = on_message


def condor_of(found: Stage) -> OrderIntent:
    (intent,) = [
        record.intent
        for record in found.ledger.intent_records()
        if record.intent.action is Action.OPEN_CONDOR
    ]
    return intent


def test_a_condor_that_pays_less_by_now_than_was_decided_is_not_sold(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness, market: MovingMarket) -> None:
        move(found, market, 0.7)
        await found.run()

        (reason,) = details(found).values()
        assert reason.startswith("STALE_PRICE: after ")
        witness.check(forbidden=frozenset({Purpose.ADD}))

    scene(tmp_path, act, exchange=SLOW)


def test_a_condor_that_pays_more_by_now_is_offered_at_what_it_pays(tmp_path: Path) -> None:
    async def act(found: Stage, witness: Witness, market: MovingMarket) -> None:
        move(found, market, 1.5)
        outcome = await found.run()

        (decided,) = [
            intent for intent in outcome.decision.intents if intent.purpose is Purpose.ADD
        ]
        offered = condor_of(found).ladder
        assert offered.steps[0] <= Decimal("1.3") * decided.mid
        assert offered.floor <= decided.ladder.floor
        prices = [ticket.limit_price for ticket in witness.placed if ticket.legs]
        assert prices[0] == float(offered.steps[0])
        witness.check()

    scene(tmp_path, act, exchange=SLOW)


def test_a_condor_of_a_decision_that_grew_old_is_not_sold_and_its_hedge_is_bought(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness, _market: MovingMarket) -> None:
        def on_message(number: int) -> None:
            if number == PLACE_ORDER and not witness.placed:
                found.gateway.world.advance(found.gateway.world.now + HALF_AN_HOUR)

        found.on_message = on_message
        await found.run()

        (reason,) = details(found).values()
        assert reason.startswith("STALE_DECISION: age=")
        assert witness.purposes[Purpose.PROTECT] == len(found.ledger.holdings().lots) == 3
        witness.check(forbidden=frozenset({Purpose.ADD}))

    scene(tmp_path, act)


def interrupted(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, *, at: int
) -> list[int]:
    """Let the `at`-th call of a function lose the gateway instead."""
    calls: list[int] = []
    function = getattr(module, name)

    async def broken(*arguments: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == at:
            raise GatewayUnavailableError("a test pulled the plug")
        return await function(*arguments, **named)

    monkeypatch.setattr(module, name, broken)
    return calls


def incidents(found: Stage) -> list[str]:
    return [row["kind"] for row in found.ledger.rows("SELECT kind FROM incidents ORDER BY id")]


@pytest.mark.parametrize(("minutes", "anew"), [(10, False), (30, True)])
def test_a_decision_that_grew_old_before_anything_was_committed_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: int, *, anew: bool
) -> None:
    async def act(found: Stage, witness: Witness, _market: MovingMarket) -> None:
        session = found.next_session()
        with monkeypatch.context() as patched:
            interrupted(patched, cycle, "act", at=1)
            with pytest.raises(GatewayUnavailableError):
                await found.run(session)
        seen = found.ledger.load_snapshot(session).taken_at
        found.gateway.advance_to(found.gateway.world.now + dt.timedelta(minutes=minutes))

        await found.run(session)

        again = found.ledger.load_snapshot(session).taken_at
        assert (again > seen) is anew
        assert incidents(found) == ["DECISION_REPLACED"] * anew
        assert set(found.states().values()) == {"filled"}
        assert witness.purposes[Purpose.ADD] == 1
        witness.check()

    scene(tmp_path, act)


def test_what_reduces_risk_is_sent_at_fresh_quotes_however_old_the_decision_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(found: Stage, witness: Witness, market: MovingMarket) -> None:
        await found.run()
        assert found.ledger.holdings().condors
        found.write_switch("flatten")
        path = found.project.settings_path
        text = path.read_text(encoding="utf-8").replace("keep_hedge = true", "keep_hedge = false")
        path.write_text(text, encoding="utf-8")
        session = found.next_session()
        with monkeypatch.context() as patched:
            interrupted(patched, execution, "execute", at=2)
            with pytest.raises(GatewayUnavailableError):
                await found.run(session)
        assert found.ledger.holdings().lots
        found.gateway.advance_to(found.gateway.world.now + HALF_AN_HOUR)
        market.share = 2.0

        await found.run(session)

        assert found.positions() == found.held() == {}
        assert incidents(found) == ["KILL_SWITCH"]
        witness.check()

    scene(tmp_path, act)
