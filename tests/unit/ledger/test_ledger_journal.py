"""Runs, sessions and their phases; snapshots, decisions, marks and breadth."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import builders
from bot.core.book import WidthDay
from bot.core.decision import Signal, Verdict
from bot.core.errors import LedgerError
from bot.core.model import BreadthDay, BreadthSource
from bot.ledger.journal import ProvenanceRow
from bot.ledger.store import Ledger
from ledger_facts import (
    AT,
    CALL,
    CONDOR,
    LOT,
    NEXT,
    OPENING_PRICES,
    SESSION,
    begin,
    buy_lot,
    decision,
    execute,
    fill,
    mark,
    open_condor,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "steward.db", durable=False) as opened:
        yield opened


def done(ledger: Ledger, phase: str, *, dry: bool = False, **detail: object) -> None:
    ledger.finish_phase(SESSION, phase, at=AT, detail=detail, dry=dry)


def test_a_run_is_recorded_from_start_to_end(ledger: Ledger) -> None:
    first = ledger.begin_run(version="0.1.0", mode="paper", account_redacted="DU***67", at=AT)
    second = ledger.begin_run(version="0.1.0", mode="paper", account_redacted="DU***67", at=AT)
    ledger.end_run(first, at=AT, outcome="done")

    rows = ledger.rows("SELECT id, account, outcome FROM runs ORDER BY id")
    assert [tuple(row) for row in rows] == [(first, "DU***67", "done"), (second, "DU***67", None)]


def test_phases_are_remembered_and_a_second_end_changes_nothing(ledger: Ledger) -> None:
    begin(ledger)
    done(ledger, "preflight", skew=0.1)
    done(ledger, "preflight", skew=9.9)
    done(ledger, "observe")

    assert ledger.finished_phases(SESSION) == {"preflight", "observe"}
    kept = ledger.value("SELECT detail FROM phases WHERE phase = 'preflight'")
    assert kept == '{"skew": 0.1}'


def test_a_session_that_was_begun_is_continued(ledger: Ledger) -> None:
    begin(ledger)
    done(ledger, "preflight")
    begin(ledger)

    assert ledger.finished_phases(SESSION) == {"preflight"}
    assert ledger.value("SELECT count(*) FROM sessions") == 1


def test_a_real_session_is_done_once(ledger: Ledger) -> None:
    begin(ledger)
    done(ledger, "preflight")
    ledger.finish_session(SESSION, at=AT, outcome="done", dry=False)
    ledger.finish_session(SESSION, at=AT, outcome="done again", dry=False)
    begin(ledger)

    assert ledger.finished_phases(SESSION) == {"preflight"}
    assert ledger.value("SELECT outcome FROM sessions") == "done"


def test_a_dry_session_is_a_session_of_its_own_and_is_done_again(ledger: Ledger) -> None:
    begin(ledger)
    begin(ledger, dry=True)
    done(ledger, "preflight", dry=True)

    assert ledger.finished_phases(SESSION) == frozenset()
    assert ledger.finished_phases(SESSION, dry=True) == {"preflight"}

    ledger.finish_session(SESSION, at=AT, outcome="done", dry=True)
    begin(ledger, dry=True)

    assert ledger.finished_phases(SESSION, dry=True) == frozenset()


def test_a_phase_of_a_session_that_was_not_started_is_a_fault(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="session 2026-07-20: was not started"):
        done(ledger, "preflight")


def test_a_phase_with_a_figure_that_is_no_number_is_refused(ledger: Ledger) -> None:
    begin(ledger)

    with pytest.raises(LedgerError, match="cannot be stored"):
        done(ledger, "preflight", skew=math.nan)

    assert ledger.finished_phases(SESSION) == frozenset()


def test_a_configuration_is_kept_when_it_changes(ledger: Ledger) -> None:
    for text, sha256 in (("a = 1", "aa"), ("a = 1", "aa"), ("a = 2", "bb"), ("a = 1", "aa")):
        ledger.save_config("rules", text, sha256=sha256, at=AT, reason="wanted")
    ledger.save_config("steward", "b = 1", sha256="cc", at=AT, reason="first")

    kept = ledger.rows("SELECT kind, sha256 FROM config_versions ORDER BY id")
    assert [tuple(row) for row in kept] == [
        ("rules", "aa"),
        ("rules", "bb"),
        ("rules", "aa"),
        ("steward", "cc"),
    ]
    assert ledger.load_config("bb") == "a = 2"


def test_a_configuration_that_was_never_adopted_is_a_fault(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no configuration with sha256 ff"):
        ledger.load_config("ff")


def test_alerts_and_incidents_are_kept_with_or_without_a_session(ledger: Ledger) -> None:
    ledger.alert("CLOCK_SKEW", "3 s", session=SESSION, at=AT)
    ledger.incident("SESSION_FAILED", session=None, at=AT, detail="no gateway")

    alerts = ledger.rows("SELECT session, code, text FROM alerts")
    incidents = ledger.rows("SELECT session, kind, detail FROM incidents")
    assert [tuple(row) for row in alerts] == [("2026-07-20", "CLOCK_SKEW", "3 s")]
    assert [tuple(row) for row in incidents] == [(None, "SESSION_FAILED", "no gateway")]


def test_provenance_is_kept_once(ledger: Ledger) -> None:
    rows = (
        ProvenanceRow(session=SESSION, subject="SPX chain", provenance="recorded", detail="a.csv"),
        ProvenanceRow(session=SESSION, subject="VIX chain", provenance="modelled", detail=""),
    )
    ledger.import_provenance(rows)
    ledger.import_provenance([*rows, replace(rows[0], session=NEXT)])

    assert ledger.provenance(SESSION) == rows
    assert ledger.provenance(NEXT) == (replace(rows[0], session=NEXT),)


def test_the_snapshot_of_a_session_is_the_last_one(ledger: Ledger) -> None:
    first = builders.market()
    second = replace(first, rate=0.05)
    dry = replace(first, rate=0.06)
    for snapshot in (first, second):
        ledger.save_snapshot(snapshot)
    ledger.save_snapshot(dry, dry=True)

    assert ledger.load_snapshot(builders.SESSION) == second
    assert ledger.load_snapshot(builders.SESSION, dry=True) == dry
    assert ledger.value("SELECT count(*) FROM snapshots") == 3


def test_a_decision_is_kept_with_its_book_its_rules_and_its_reasons(ledger: Ledger) -> None:
    made = decision(open_condor(), buy_lot())
    book = builders.book(lots=builders.hedged())

    ledger.save_decision(made, rules_sha256="aa", dry=False, at=AT, book=book)

    assert ledger.load_decision(SESSION) == made
    assert ledger.load_book(SESSION) == book
    assert ledger.rules_sha256(SESSION) == "aa"
    verdict = ledger.rows("SELECT * FROM verdicts WHERE code = 'VIX_TERM_STRUCTURE'")[0]
    assert (verdict["observed"], verdict["bound"], verdict["passed"]) == ("1.02", "1.0", 0)
    signals = ledger.rows("SELECT name, value FROM signals ORDER BY position")
    assert [tuple(row) for row in signals] == [("vix", "17.25"), ("breadth", "null")]


def test_the_decision_of_a_session_is_the_last_one(ledger: Ledger) -> None:
    first, second, dry = decision(), decision(buy_lot()), decision(open_condor())
    for made, is_dry in ((first, False), (second, False), (dry, True)):
        ledger.save_decision(made, rules_sha256="aa", dry=is_dry, at=AT)

    assert ledger.load_decision(SESSION) == second
    assert ledger.load_decision(SESSION, dry=True) == dry
    assert ledger.decided_sessions() == (SESSION,)


def test_a_decision_with_a_figure_that_is_no_number_is_refused_whole(ledger: Ledger) -> None:
    faulty = replace(decision(), signals=(Signal(name="vix", value=math.nan),))

    with pytest.raises(LedgerError):
        ledger.save_decision(faulty, rules_sha256="aa", dry=False, at=AT)

    assert ledger.decided_sessions() == ()


@pytest.mark.parametrize("name", ["load_snapshot", "load_decision", "load_book", "rules_sha256"])
def test_what_was_not_kept_is_a_fault_that_names_the_session(ledger: Ledger, name: str) -> None:
    with pytest.raises(LedgerError, match="session 2026-07-20: no "):
        getattr(ledger, name)(SESSION)
    with pytest.raises(LedgerError, match="dry session 2026-07-20: no "):
        getattr(ledger, name)(SESSION, dry=True)


def test_the_book_of_a_decision_that_was_kept_without_one_is_a_fault(ledger: Ledger) -> None:
    ledger.save_decision(decision(), rules_sha256="aa", dry=False, at=AT)

    with pytest.raises(LedgerError, match="no book in decisions"):
        ledger.load_book(SESSION)


def test_a_mark_reads_back_exactly_and_the_last_word_counts(ledger: Ledger) -> None:
    unknown = mark(NEXT, nav_usd=None, hedge_value_usd=None, unknown_marks=2)
    ledger.record_mark(mark(nav_usd=Decimal(1)))
    ledger.record_mark(mark(cash_usd=Decimal("1000299.505")))
    ledger.record_mark(unknown)

    assert ledger.marks() == (mark(cash_usd=Decimal("1000299.505")), unknown)


def test_a_mark_keeps_what_was_held_at_it(ledger: Ledger) -> None:
    execute(ledger, open_condor(), *OPENING_PRICES)
    execute(ledger, buy_lot(), "2.05")
    odd = buy_lot("odd", layer=None)
    ledger.commit_intent(odd, at=AT)
    ledger.record_fill(fill(odd, 0, "2.00", quantity=-1))

    ledger.record_mark(mark(), prices={CONDOR: Decimal("5.10"), LOT: None})

    columns = "structure_id, label, kind, slot, quantity, entry_points, mark_points"
    rows = ledger.rows(f"SELECT {columns} FROM positions ORDER BY kind")  # noqa: S608 - constant
    assert [tuple(row) for row in rows] == [
        (CONDOR, "SPXW 2026-08-21 5900/6000/6600/6700", "condor", "balanced", 2, "5.50", "5.10"),
        (LOT, "VIX 2026-08-19 18C", "lot", "near", 4, "2.05", None),
        ("odd", CALL.label(), "residual", "", -1, None, None),
    ]


def test_marking_a_session_again_replaces_what_was_held(ledger: Ledger) -> None:
    execute(ledger, buy_lot(), "2.05")
    ledger.record_mark(mark(), prices={LOT: Decimal("2.00")})
    ledger.record_mark(mark(), prices={LOT: Decimal("2.10")})

    assert [row[0] for row in ledger.rows("SELECT mark_points FROM positions")] == ["2.10"]


def test_widths_are_those_of_the_last_sessions_oldest_first(ledger: Ledger) -> None:
    days = [SESSION + dt.timedelta(days=number) for number in range(5)]
    for number, day in enumerate(days):
        ledger.record_mark(mark(day, gross_width_usd=1_000.0 * number))

    assert ledger.widths(2) == (
        WidthDay(session=days[3], gross_width_usd=3_000.0),
        WidthDay(session=days[4], gross_width_usd=4_000.0),
    )


def test_breadth_is_a_series_for_each_source(ledger: Ledger) -> None:
    days = [
        BreadthDay(session=SESSION + dt.timedelta(days=number), advances=1_500.0, declines=1_000.0)
        for number in range(4)
    ]
    for day in days:
        ledger.record_breadth(BreadthSource.NYSE, day)
    ledger.record_breadth(BreadthSource.SECTORS, replace(days[0], advances=7.0))

    assert ledger.breadth(BreadthSource.NYSE, days[2].session, 2) == (days[1], days[2])
    assert ledger.breadth(BreadthSource.SECTORS, days[3].session, 60) == (
        replace(days[0], advances=7.0),
    )


def test_a_better_count_of_breadth_replaces_the_older_one(ledger: Ledger) -> None:
    early = BreadthDay(session=SESSION, advances=100.0, declines=90.0)
    final = replace(early, advances=1_500.0)
    ledger.record_breadth(BreadthSource.NYSE, early)
    ledger.record_breadth(BreadthSource.NYSE, final)

    assert ledger.breadth(BreadthSource.NYSE, SESSION, 60) == (final,)


def test_breadth_that_is_no_number_is_refused(ledger: Ledger) -> None:
    nothing = BreadthDay(session=SESSION, advances=math.nan, declines=90.0)

    with pytest.raises(LedgerError, match=r"NOT NULL constraint failed: breadth\.advances"):
        ledger.record_breadth(BreadthSource.NYSE, nothing)


def test_a_verdict_keeps_a_truth_apart_from_a_number(ledger: Ledger) -> None:
    verdicts = tuple(
        Verdict(code=str(number), subject="b", observed=seen, limit=seen, passed=True)
        for number, seen in enumerate((True, 1, 1.0, "1"))
    )
    ledger.save_decision(
        replace(decision(), verdicts=verdicts), rules_sha256="aa", dry=False, at=AT
    )

    kept = [row[0] for row in ledger.rows("SELECT observed FROM verdicts ORDER BY position")]
    assert kept == ["true", "1", "1.0", '"1"']
