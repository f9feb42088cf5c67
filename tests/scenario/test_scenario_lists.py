"""Lists of the broker that lag, orders of another client, values that never come."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent / "faults"))

from fault_scene import NEVER, run_on, scene
from harness import CANCEL_ORDER, Stage
from unattended import notes

from bot.broker import orders
from bot.broker.orders import Ticket
from bot.broker.session import connect
from bot.core.book import Leg
from bot.core.errors import UnsynchronisedError
from bot.project import connected, make_desk
from bot.reconcile import reconcile
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.faults.reading import parse_script
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from invariants import Witness

BOUGHT = dt.date(2025, 1, 27)
AFTER_EXPIRY = tuple(dt.date(2025, 2, day) for day in (20, 21))
"""The near lot that is bought then settles on 19 February."""


NEVER_SETTLED = """
    [[fault]]
    when = { received = "historical_data", contract = "VRO", always = true }
    what = "error"
    code = 162
"""


def alerts(found: Stage, code: str) -> list[tuple[str, str]]:
    rows = found.ledger.rows("SELECT session, text FROM alerts WHERE code = ?", (code,))
    return [(row["session"], row["text"]) for row in rows]


def test_fault_49_a_settlement_value_that_never_comes_is_told_and_nothing_is_booked(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, _witness: Witness) -> None:
        await run_on(found, BOUGHT)
        for session in AFTER_EXPIRY:
            outcome = await run_on(found, session)

        told = alerts(found, "SETTLEMENT_OVERDUE")
        assert [session for session, _ in told] == [str(AFTER_EXPIRY[-1])]
        assert all("VIX 2025-02-19" in text and "(VRO)" in text for _, text in told)
        assert len(outcome.reconciliation.settling) == 1
        assert not outcome.reconciliation.locked
        assert (
            found.ledger.rows("SELECT * FROM settlements WHERE contract LIKE '%2025-02-19%'") == []
        )

    market = SyntheticMarket(scenario="calm", seed=3, sessions=25, first=BOUGHT)
    scene(tmp_path, NEVER_SETTLED, act, market=market)


@pytest.mark.parametrize(("times", "locked"), [(1, False), (9, True)], ids=["once", "for good"])
def test_positions_that_lag_are_asked_for_again_before_the_book_is_locked(
    tmp_path: Path, times: int, *, locked: bool
) -> None:
    async def act(found: Stage, _witness: Witness) -> None:
        await run_on(found)
        held = len(found.positions())
        script = f"""
            [[fault]]
            when = {{ sent = "position", nth = {held + 1}, times = {times * held} }}
            what = "drop"
        """
        found.gateway.inject(parse_script(script))

        outcome = await run_on(found)

        assert bool(notes(found, "alerts", "code").count("POSITION_BREAK")) is locked
        assert ("LOCKED" in denied(outcome)) is locked

    scene(tmp_path, "", act)


def denied(outcome: object) -> list[str]:
    verdicts = outcome.decision.verdicts  # type: ignore[attr-defined]
    return [verdict.code for verdict in verdicts if not verdict.passed]


def test_the_order_of_another_client_is_told_and_no_number_of_ours_is_cancelled_for_it(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, _witness: Witness) -> None:
        session = found.next_session()
        await run_on(found, session)
        settings = found.project.settings.broker
        other = dataclasses.replace(settings, client_id=settings.client_id + 1)
        async with connect(other, found.project.calendar) as broker:
            contract = next(held.contract for held in await broker.positions() if held.contract)
            ticket = Ticket(
                order_ref=f"{orders.PROBE_PREFIX}other",
                legs=(Leg(contract=contract, ratio=1),),
                quantity=1,
                net_price=Decimal("0.01"),
            )
            orders.place(broker, ticket)
            await orders.sweep(broker)

        before = found.received[CANCEL_ORDER]
        await run_on(found, session)

        (_, text), *_ = alerts(found, "ORDER_NOT_CANCELLED")
        assert f"was placed by client {other.client_id}" in text
        assert found.received[CANCEL_ORDER] == before
        assert len(found.gateway.world.exchange.open_orders()) == 1

    scene(tmp_path, "", act)


def test_fault_40_a_read_only_gateway_that_lists_no_orders_is_named_at_the_connection(
    tmp_path: Path,
) -> None:
    script = """
        [[fault]]
        when = { received = "completed_orders" }
        what = "error"
        code = 321
        text = "Error validating request.-'cd' : cause - The API interface is in Read-Only mode."
    """

    async def act(found: Stage, witness: Witness) -> None:
        with pytest.raises(UnsynchronisedError, match=r"READ_ONLY: .*untick Read-Only API"):
            async with connected(found.project):
                pass
        assert witness.placed == []

    scene(tmp_path, script, act, exchange=NEVER)


def test_a_fill_that_is_told_in_the_next_session_corrects_how_its_intent_ended(
    tmp_path: Path,
) -> None:
    async def act(found: Stage, witness: Witness) -> None:
        session = found.next_session()
        await run_on(found, session)
        assert "cancelled" in found.states().values()
        found.gateway.advance_to(found.gateway.world.now + dt.timedelta(minutes=2))

        async with connected(found.project) as broker:
            following = found.project.calendar.next(session)
            desk = make_desk(
                found.project, broker=broker, ledger=found.ledger, session=following, dry=False
            )
            await reconcile(desk)

        assert set(found.states().values()) == {"filled"}
        witness.check()

    fills = FillSettings(policy=FillPolicy.NEVER)
    scene(tmp_path, "", act, exchange=ExchangeSettings(fills=fills, late_fill_seconds=60))
