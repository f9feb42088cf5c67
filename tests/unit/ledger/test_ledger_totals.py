"""Totals are what their rows come to, whatever was written in which order."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from bot.core.errors import LedgerError
from bot.core.quality import executions
from bot.ledger import totals
from bot.ledger.store import Ledger
from bot.ledger.totals import faults, rebuild
from ledger_facts import (
    AT,
    CALL,
    CLOSING_PRICES,
    LOT,
    NEXT,
    OPENING_PRICES,
    SESSION,
    begin,
    buy_lot,
    close_condor,
    execute,
    mark,
    open_condor,
    settlement,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "steward.db", durable=False) as opened:
        yield opened


def day(number: int) -> dt.date:
    return SESSION + dt.timedelta(days=number)


def kept(ledger: Ledger, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in ledger.rows(query)]


def trade(ledger: Ledger) -> None:
    """Sell two condors and buy them back, and buy a lot that settles."""
    begin(ledger)
    execute(ledger, open_condor(), *OPENING_PRICES)
    execute(ledger, close_condor(), *CLOSING_PRICES)
    execute(ledger, buy_lot(), "2.05")
    ledger.record_settlement(settlement(CALL, 1, "3.00", structure_id=LOT))


def test_the_totals_of_structures_are_the_sums_of_their_rows(ledger: Ledger) -> None:
    trade(ledger)

    sums = {
        (kind, slot, state): (Decimal(cash), Decimal(commissions))
        for kind, slot, state, cash, commissions in kept(
            ledger, "SELECT kind, slot, state, cash_usd, commissions_usd FROM structures"
        )
    }
    found = {
        (kind, slot, state): (Decimal(cash), Decimal(commissions))
        for kind, slot, state, _, _, cash, commissions in kept(
            ledger, "SELECT * FROM structure_totals"
        )
    }
    assert found == sums
    assert len(found) == 2
    assert ledger.cash_flow_usd() == sum(cash for cash, _ in sums.values())
    assert ledger.commissions_usd() == sum(amount for _, amount in sums.values())
    assert faults(ledger._database) == ()


def test_a_structure_that_is_only_planned_counts_without_cash(ledger: Ledger) -> None:
    begin(ledger)
    ledger.commit_intent(buy_lot(), at=AT)

    assert kept(ledger, "SELECT * FROM structure_totals") == [
        ("lot", "near", "planned", 1, 0, "0", "0")
    ]


def test_changes_of_the_kill_switch_are_counted_from_active_on(ledger: Ledger) -> None:
    for number, state in enumerate(["active", "halt", "halt", "active"]):
        begin(ledger, day(number))
        detail: dict[str, object] = {"kill_switch": state}
        ledger.finish_phase(day(number), "preflight", at=AT, detail=detail, dry=False)

    changes = [row[0] for row in kept(ledger, "SELECT changes FROM switch_readings")]
    assert changes == [0, 1, 1, 2]
    assert faults(ledger._database) == ()


def test_a_rehearsal_changes_no_total(ledger: Ledger) -> None:
    begin(ledger, dry=True)
    ledger.finish_phase(SESSION, "preflight", at=AT, detail={"kill_switch": "halt"}, dry=True)

    assert kept(ledger, "SELECT * FROM switch_readings") == []


def test_the_cost_of_execution_is_summed_up_session_by_session(ledger: Ledger) -> None:
    """4 calls at 2.05 against a mid of 2.00 cost 20 USD; measured again they cost it once."""
    begin(ledger)
    execute(ledger, buy_lot(), "2.05")
    fills = ledger.fills_of(buy_lot().intent_id)
    measured = executions(buy_lot(), fills, units=4, quotes=lambda _: None)
    measured = tuple(replace(each, mid=Decimal("2.00")) for each in measured)
    for session in (SESSION, SESSION):
        ledger.record_executions(session, measured)

    ((orders, known, usd),) = kept(ledger, "SELECT orders, known, usd FROM execution_costs")
    assert (orders, known, Decimal(usd)) == (1, 1, 20)
    assert faults(ledger._database) == ()


def test_a_mark_that_is_recorded_again_carries_all_later_ones_with_it(ledger: Ledger) -> None:
    for number, nav in enumerate([1_000_000, 990_000, 1_010_000]):
        ledger.record_mark(mark(day(number), nav_usd=Decimal(nav)))
    ledger.record_mark(mark(day(1), nav_usd=Decimal(950_000)))

    assert [row[0] for row in kept(ledger, "SELECT number FROM courses ORDER BY session")] == [
        1, 2, 3,
    ]  # fmt: skip
    shares = kept(ledger, "SELECT json_extract(body, '$.book.fall_usd') FROM courses")
    assert shares[-1] != shares[0]
    assert faults(ledger._database) == ()


def test_a_course_that_is_missing_is_made_again_before_it_is_carried_on(ledger: Ledger) -> None:
    for number in range(2):
        ledger.record_mark(mark(day(number)))
    with ledger.writing("a fault") as database:
        database.execute("DELETE FROM courses WHERE number = 2")

    ledger.record_mark(mark(day(2)))

    assert faults(ledger._database) == ()


def test_a_mark_between_others_is_counted_in_its_place(ledger: Ledger) -> None:
    for number in (0, 2, 1):
        ledger.record_mark(mark(day(number)))

    assert kept(ledger, "SELECT session, number FROM courses ORDER BY session") == [
        (str(day(0)), 1),
        (str(day(1)), 2),
        (str(day(2)), 3),
    ]
    assert faults(ledger._database) == ()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("UPDATE structure_totals SET cash_usd = '1' WHERE kind = 'lot'", "lot near"),
        ("DELETE FROM structure_totals WHERE kind = 'condor'", "condor balanced"),
        ("UPDATE switch_readings SET changes = 7", "switch_readings: 1 of 1"),
        ("DELETE FROM switch_readings", "switch_readings: 1 of 1"),
        ("UPDATE marks SET nav_usd = '5'", "courses: 2 of 2 rows differ, the first 2026-07-20"),
        ("UPDATE courses SET book_high_usd = '9' WHERE number = 2", f"courses: 1 of 2.* {NEXT}"),
    ],
)
def test_a_total_that_is_not_what_its_rows_come_to_is_named_and_made_anew(
    ledger: Ledger, spoil: str, words: str
) -> None:
    trade(ledger)
    detail: dict[str, object] = {"kill_switch": "active"}
    ledger.finish_phase(SESSION, "preflight", at=AT, detail=detail, dry=False)
    for session in (SESSION, NEXT):
        ledger.record_mark(mark(session))
    with ledger.writing("a fault") as database:
        database.execute(spoil)

    (found,) = faults(ledger._database)

    assert re.search(words, found)
    with ledger.writing("the totals") as database:
        rebuild(database)
    assert faults(ledger._database) == ()


@pytest.mark.parametrize(
    ("spoil", "table"),
    [
        ("UPDATE structures SET cash_usd = 'much'", "structure_totals"),
        ("UPDATE marks SET nav_usd = '1.2.3'", "courses"),
    ],
)
def test_a_row_that_holds_no_amount_is_a_fault_of_the_ledger(
    ledger: Ledger, spoil: str, table: str
) -> None:
    trade(ledger)
    ledger.record_mark(mark())
    with ledger.writing("a fault") as database:
        database.execute(spoil)

    with pytest.raises(LedgerError, match=f"{table}: cannot be reckoned from their rows"):
        ledger.mend_totals(at=AT)
    with pytest.raises(LedgerError, match=table), ledger.writing("the totals") as database:
        rebuild(database)


def test_an_end_before_totals_are_made_anew_loses_no_incident(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.record_mark(mark())
    with ledger.writing("a fault") as database:
        database.execute("UPDATE courses SET number = 7")

    def ended(_: sqlite3.Connection) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.ledger.store.rebuild", ended)
    with pytest.raises(KeyboardInterrupt):
        ledger.mend_totals(at=AT)

    assert ledger.last_incident("TOTALS_DIFFER") is not None
    assert ledger.totals_at_fault()


def test_totals_and_rows_are_those_of_one_moment_while_a_bot_writes(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark that is recorded between the reading of totals and of rows is in neither."""
    ledger.record_mark(mark())
    kept_rows, late = totals._kept, [NEXT]

    def kept_and_marked(database: sqlite3.Connection, table: str) -> list[Any]:
        found = kept_rows(database, table).fetchall()
        while late:
            ledger.record_mark(mark(late.pop()))
        return found

    monkeypatch.setattr(totals, "_kept", kept_and_marked)
    with Ledger.open_read_only(ledger.path) as reader:
        assert reader.totals_at_fault() == ()

    assert late == []
    assert [row["number"] for row in ledger.rows("SELECT number FROM courses")] == [1, 2]
