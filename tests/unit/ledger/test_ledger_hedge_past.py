"""What the ledger tells the hedge of its own past."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.core.book import HedgeLedger, HedgeNotes, HedgeSale, Layer, LayerNote, LotNote
from bot.ledger.decision_rows import decision_row
from bot.ledger.hedge_past import COST_SESSIONS, CREDIT_SESSIONS
from bot.ledger.store import Ledger
from ledger_facts import (
    AT,
    CLOSING_PRICES,
    LOT,
    NEAR_LAYER,
    NEXT,
    OPENING_PRICES,
    SESSION,
    begin,
    buy_lot,
    close_condor,
    decision,
    execute,
    mark,
    open_condor,
    sell_lot,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTES = HedgeNotes(
    layers=(LayerNote(layer=Layer.MID, delta_steps=2, stepped=SESSION, established=4, goal=4),),
    lots=(LotNote(lot_id=LOT, due_since=SESSION),),
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger" / "steward.db") as opened:
        begin(opened)
        yield opened


def save(ledger: Ledger, session: dt.date, notes: HedgeNotes | None, *, dry: bool = False) -> None:
    made = replace(decision(session=session), notes=notes)
    ledger.save_decision(made, rules_sha256="ab" * 32, dry=dry, at=AT)


def test_the_hedge_remembers_the_last_real_decision_of_an_earlier_session(ledger: Ledger) -> None:
    assert ledger.hedge_notes(SESSION) is None

    save(ledger, SESSION, HedgeNotes())
    save(ledger, SESSION, NOTES)
    save(ledger, NEXT, HedgeNotes(), dry=True)
    save(ledger, NEXT, HedgeNotes())

    assert ledger.hedge_notes(SESSION) is None
    assert ledger.hedge_notes(NEXT) == NOTES


def test_the_layers_of_a_decision_are_kept_as_rows(ledger: Ledger) -> None:
    save(ledger, SESSION, NOTES)

    row = decision_row(ledger, SESSION, dry=False)
    kept = ledger.row("SELECT * FROM hedge_layers")

    assert row is not None
    assert row.layers == (NEAR_LAYER,)
    assert kept is not None
    assert (kept["cost_usd"], kept["extrinsic_left_usd"], kept["layer"]) == ("820.00", None, "near")
    assert kept["drift"] == pytest.approx(-0.05)


def test_a_sale_at_a_profit_is_told_of_while_its_lot_is_held_and_a_year_beyond(
    ledger: Ledger,
) -> None:
    execute(ledger, buy_lot(), "2.00")
    half = sell_lot(quantity=2, reason="monetise")
    execute(ledger, half, "5.20")
    sale = HedgeSale(
        session=NEXT, lot_id=LOT, layer=Layer.NEAR, quantity=2, gain_usd=Decimal("638.50")
    )
    much_later = NEXT + dt.timedelta(days=400)

    assert ledger.hedge_sales(NEXT) == (sale,)
    assert ledger.hedge_sales(much_later) == (sale,)  # two contracts are still held

    execute(ledger, sell_lot(quantity=2, intent_id="the rest"), "2.00")

    assert ledger.hedge_sales(NEXT) == (sale,)
    assert ledger.hedge_sales(much_later) == ()


def test_a_roll_is_no_sale_at_a_profit(ledger: Ledger) -> None:
    execute(ledger, buy_lot(), "2.00")
    execute(ledger, sell_lot(quantity=2), "5.20")

    assert ledger.hedge_sales(SESSION) == ()


def days(count: int) -> list[dt.date]:
    return [dt.date(2025, 1, 1) + dt.timedelta(days=number) for number in range(count)]


def record(ledger: Ledger, sessions: list[dt.date], **changes: object) -> None:
    for number, session in enumerate(sessions):
        cost = {"hedge_pnl_usd": Decimal(-10 * (number + 1)), "nav_usd": Decimal(1_000 + number)}
        ledger.record_mark(mark(session, **(cost | changes)))


def test_a_ledger_without_marks_knows_no_cost(ledger: Ledger) -> None:
    assert ledger.hedge_ledger(SESSION) == HedgeLedger()


def test_the_first_sessions_are_counted_from_the_start(ledger: Ledger) -> None:
    record(ledger, days(3))

    past = ledger.hedge_ledger(days(4)[-1])

    assert (past.sessions, past.net_cost_usd) == (3, Decimal(30))
    assert past.average_nav_usd == Decimal(1_001)


def test_a_cost_is_that_of_the_year_before_the_session(ledger: Ledger) -> None:
    # 260 marks lose 10 each: the year's 252 lose 2,520, whatever went before
    record(ledger, days(260))

    past = ledger.hedge_ledger(days(261)[-1])

    assert (past.sessions, past.net_cost_usd) == (COST_SESSIONS, Decimal(2_520))
    assert past.condor_sessions == CREDIT_SESSIONS
    assert past.average_nav_usd == Decimal("1133.5")  # of 1,008 to 1,259
    assert ledger.hedge_ledger(days(260)[-1]).net_cost_usd == Decimal(2_520)  # its own is left out


def test_an_unknown_mark_makes_the_cost_unknown_and_leaves_the_mean_to_the_others(
    ledger: Ledger,
) -> None:
    record(ledger, days(3))
    ledger.record_mark(mark(days(4)[-1], hedge_pnl_usd=None, nav_usd=None))

    past = ledger.hedge_ledger(days(5)[-1])

    assert past.net_cost_usd is None
    assert past.average_nav_usd == Decimal(1_001)


def test_the_credit_of_the_condors_is_their_cash_of_ninety_sessions(ledger: Ledger) -> None:
    # 2 x 5.50 received and 2 x 2.50 paid, 1.00 commission for each of 4 legs and twice
    execute(ledger, open_condor(), *OPENING_PRICES)
    execute(ledger, close_condor(), *CLOSING_PRICES)
    ledger.record_mark(mark(SESSION))
    after = SESSION + dt.timedelta(days=5)

    assert ledger.hedge_ledger(after).condor_credit_usd == Decimal(592)

    record(ledger, [SESSION + dt.timedelta(days=10 + number) for number in range(90)])

    much_later = SESSION + dt.timedelta(days=200)
    assert ledger.hedge_ledger(much_later).condor_credit_usd == Decimal(0)
