"""The time-shift over the socket: the close first, the new condor only for what was closed.

A threshold far below the default makes a condor of a calm market threatened in its second session.
"""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.decision import Action
from bot.core.fold import IntentState
from bot.project import load_project
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

sys.path.insert(0, str(Path(__file__).parent))

from harness import PLACE_ORDER, Stage, change_rules, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.core.fold import IntentRecord

AT_MID = ExchangeSettings(fills=FillSettings(policy=FillPolicy.MID))
NEVER = ExchangeSettings(fills=FillSettings(policy=FillPolicy.NEVER))


def scene(
    folder: Path,
    act: Callable[[Stage], Coroutine[None, None, None]],
    *,
    cash: Decimal = Decimal(1_000_000),
) -> None:
    """Run `act` after the session in which the condor was sold."""

    async def run() -> None:
        market = SyntheticMarket(scenario="calm", seed=3, sessions=30)
        settings = GatewaySettings(exchange=AT_MID, cash=cash)
        async with stage(folder, market=market, settings=settings) as found:
            # just below the delta of the short put in the next session: a little further out pays
            change_rules(folder, "shift_delta = 0.30", "shift_delta = 0.073")
            found.project = load_project(folder)
            await found.run()
            (sold,) = found.ledger.holdings().condors
            assert not sold.rolled
            await act(found)

    asyncio.run(run())


def of_condors(found: Stage, session: object) -> list[IntentRecord]:
    return [
        record
        for record in found.ledger.intent_records()
        if record.intent.session == session and record.intent.tier is not None
    ]


def fill(found: Stage, settings: ExchangeSettings) -> None:
    """Let the venue fill by other settings from now on."""
    found.gateway.world.exchange._settings = settings


def test_a_threatened_condor_is_closed_and_sold_anew_further_out(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        (old,) = found.ledger.holdings().condors
        session = found.next_session()
        await found.run(session)

        close, opened = of_condors(found, session)[:2]
        assert (close.intent.action, close.state) == (Action.CLOSE_CONDOR, IntentState.FILLED)
        assert (opened.intent.action, opened.state) == (Action.OPEN_CONDOR, IntentState.FILLED)
        assert opened.intent.after == close.intent.intent_id
        (rolled,) = (held for held in found.ledger.holdings().condors if held.rolled)
        assert 7 <= (rolled.expiry - old.expiry).days <= 21
        assert old.structure_id not in {
            held.structure_id for held in found.ledger.holdings().condors
        }
        assert paid(found, close) + paid(found, opened) <= 0
        assert found.held() == found.positions()

    scene(tmp_path, act)


def paid(found: Stage, record: IntentRecord) -> float:
    """Return what an order cost with its commissions, in USD; negative is received."""
    fills = found.ledger.fills_of(record.intent.intent_id)
    legs = [each for each in fills if each.contract is not None]
    commissions = sum(float(each.commission_usd or 0) for each in legs)
    return sum(float(each.quantity * each.price) * 100 for each in legs) + commissions


def test_where_the_new_condor_does_not_fill_the_old_one_stays_closed(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        def stop_filling(number: int) -> None:
            closed = [
                record
                for record in found.ledger.intent_records()
                if record.intent.action is Action.CLOSE_CONDOR
                and record.state is IntentState.FILLED
            ]
            if number == PLACE_ORDER and closed:
                fill(found, NEVER)

        found.on_message = stop_filling
        session = found.next_session()
        await found.run(session)

        close, opened = of_condors(found, session)[:2]
        assert close.state is IntentState.FILLED
        assert opened.intent.reason == "time_shift"
        assert opened.state is IntentState.CANCELLED
        assert found.ledger.holdings().condors == ()
        assert found.held() == found.positions()

    scene(tmp_path, act)


def test_no_more_is_sold_anew_than_was_closed(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        (old,) = found.ledger.holdings().condors
        assert old.quantity > 1
        one = FillSettings(policy=FillPolicy.MID, first_units=1)
        fill(found, ExchangeSettings(fills=one))
        session = found.next_session()
        await found.run(session)

        close, opened = of_condors(found, session)[:2]
        assert (close.state, close.intent.quantity) == (IntentState.PARTIAL, old.quantity)
        assert (opened.intent.reason, opened.intent.quantity) == ("time_shift", 1)
        assert paid(found, close) + paid(found, opened) <= 0
        held = {each.rolled: each.quantity for each in found.ledger.holdings().condors}
        assert held == {False: old.quantity - 1, True: 1}
        assert found.held() == found.positions()

    scene(tmp_path, act, cash=Decimal(3_000_000))


def test_where_the_old_condor_is_not_closed_no_new_one_is_ever_sent(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        before = found.positions()
        fill(found, NEVER)
        session = found.next_session()
        outcome = await found.run(session)

        assert "time_shift" in {intent.reason for intent in outcome.decision.intents}
        sent = of_condors(found, session)
        assert sent[0].intent.action is Action.CLOSE_CONDOR
        assert sent[0].state is IntentState.CANCELLED
        assert "time_shift" not in {record.intent.reason for record in sent}
        assert found.positions() == before == found.held()

    scene(tmp_path, act)


def test_a_rolled_condor_that_is_threatened_again_is_closed_for_good(tmp_path: Path) -> None:
    async def act(found: Stage) -> None:
        await found.run()
        (rolled,) = (held for held in found.ledger.holdings().condors if held.rolled)
        session = found.next_session()
        await found.run(session)

        records = of_condors(found, session)
        closing = [each for each in records if each.intent.structure_id == rolled.structure_id]
        assert [each.intent.action for each in closing] == [Action.CLOSE_CONDOR]
        assert rolled.structure_id not in {
            held.structure_id for held in found.ledger.holdings().condors
        }
        slots = {each.intent.intent_id.rsplit(":", 1)[1] for each in records if each.intent.after}
        assert rolled.structure_id not in slots

    scene(tmp_path, act)
