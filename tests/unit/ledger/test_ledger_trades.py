"""Intents are committed once, fills count once, and what is held follows from them."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.errors import LedgerError
from bot.core.fold import Fill, Holdings, IntentState, Settlement, cash_usd, fold
from bot.ledger.codec import order_ref
from bot.ledger.store import Ledger
from ledger_facts import (
    AT,
    CALL,
    CLOSING_PRICES,
    CONDOR,
    LEGS,
    LOT,
    NEXT,
    OPENING_PRICES,
    SESSION,
    buy_lot,
    close_condor,
    execute,
    fill,
    fills,
    open_condor,
    record,
    sell_lot,
    settlement,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN, CLOSE, BUY, SELL = open_condor(), close_condor(), buy_lot(), sell_lot()
INTENTS = (OPEN, BUY, CLOSE, SELL)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "steward.db", durable=False) as opened:
        yield opened


def test_an_intent_is_committed_with_the_reference_of_its_order(ledger: Ledger) -> None:
    reference = ledger.commit_intent(OPEN, at=AT)

    assert reference == ledger.order_ref_of(OPEN.intent_id) == order_ref(OPEN.intent_id)
    assert ledger.intent_of(reference) == OPEN.intent_id
    assert ledger.intent_records() == (record(OPEN, IntentState.COMMITTED),)


def test_an_intent_is_committed_once(ledger: Ledger) -> None:
    ledger.commit_intent(OPEN, at=AT)

    with pytest.raises(LedgerError, match="is already committed"):
        ledger.commit_intent(replace(OPEN, quantity=1), at=AT)

    assert ledger.intent_records() == (record(OPEN, IntentState.COMMITTED),)


def test_an_order_of_somebody_else_has_no_intent(ledger: Ledger) -> None:
    assert ledger.intent_of("manual") is None
    assert ledger.intent_of_perm_id(1) is None


def test_an_order_is_found_by_its_permanent_number(ledger: Ledger) -> None:
    reference = ledger.commit_intent(OPEN, at=AT)
    ledger.record_order(reference, order_id=5, perm_id=0, client_id=17, at=AT)
    ledger.record_order(reference, order_id=5, perm_id=900, client_id=17, at=AT)
    ledger.record_order(reference, order_id=5, perm_id=900, client_id=17, at=AT)

    assert ledger.intent_of_perm_id(900) == OPEN.intent_id
    assert len(ledger.rows("SELECT * FROM orders")) == 2


def test_the_highest_order_number_is_the_floor_for_the_next(ledger: Ledger) -> None:
    assert ledger.highest_order_id() == 0
    reference = ledger.commit_intent(OPEN, at=AT)
    ledger.record_order(reference, order_id=41, perm_id=900, client_id=17, at=AT)
    ledger.record_order(reference, order_id=7, perm_id=901, client_id=17, at=AT)

    assert ledger.highest_order_id() == 41


def test_an_order_without_a_committed_intent_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match=r"order st-none: FOREIGN KEY constraint failed"):
        ledger.record_order("st-none", order_id=1, perm_id=1, client_id=1, at=AT)


def test_states_follow_the_state_machine_and_every_change_is_kept(ledger: Ledger) -> None:
    ledger.commit_intent(OPEN, at=AT)
    reports = ("sent", "working", "sent", "cancelled", "working", "partial", "cancelled")

    reached = [
        ledger.set_intent_state(OPEN.intent_id, IntentState(report), at=AT, detail=report)
        for report in reports
    ]

    states = ("sent", "working", "working", "cancelled", "cancelled", "partial", "partial")
    assert [state.value for state in reached] == list(states)
    kept = ledger.rows("SELECT state, detail FROM intent_states ORDER BY id")
    assert [tuple(row) for row in kept] == [
        ("committed", ""),
        ("sent", "sent"),
        ("working", "working"),
        ("cancelled", "cancelled"),
        ("partial", "partial"),
    ]


def test_the_state_of_an_intent_that_was_never_committed_is_a_fault(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="intent nothing: was never committed"):
        ledger.set_intent_state("nothing", IntentState.SENT, at=AT)


def test_intents_are_listed_by_session_and_by_whether_their_end_is_proven(ledger: Ledger) -> None:
    for intent in INTENTS:
        ledger.commit_intent(intent, at=AT)
    ledger.set_intent_state(OPEN.intent_id, IntentState.FILLED, at=AT)
    ledger.set_intent_state(BUY.intent_id, IntentState.UNKNOWN, at=AT)
    ledger.set_intent_state(SELL.intent_id, IntentState.DENIED, at=AT)

    def listed(*args: object, **wanted: object) -> list[str]:
        records = ledger.intent_records(*args, **wanted)  # type: ignore[arg-type]
        return [each.intent.intent_id for each in records]

    assert listed() == [intent.intent_id for intent in INTENTS]
    assert listed(NEXT) == [CLOSE.intent_id, SELL.intent_id]
    assert listed(open_only=True) == [BUY.intent_id, CLOSE.intent_id]
    assert listed(NEXT, open_only=True) == [CLOSE.intent_id]


def test_the_condition_for_live_intents_is_that_of_the_state_machine(ledger: Ledger) -> None:
    for number, state in enumerate(IntentState):
        intent = buy_lot(f"lot {number}")
        ledger.commit_intent(intent, at=AT)
        ledger.set_intent_state(intent.intent_id, state, at=AT)

    live = {each.state for each in ledger.intent_records(open_only=True)}

    assert live == {state for state in IntentState if not state.is_final}


def test_events_of_an_order_are_kept_in_their_order(ledger: Ledger) -> None:
    reference = ledger.commit_intent(OPEN, at=AT)
    for kind, price in (("sent", "-5.50"), ("repriced", "-5.40"), ("cancel_requested", None)):
        ledger.record_order_event(
            reference,
            kind=kind,
            status="Submitted",
            price=None if price is None else Decimal(price),
            filled=0,
            remaining=2,
            at=AT,
        )

    rows = ledger.rows("SELECT kind, price, remaining FROM order_events ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("sent", "-5.50", 2.0),
        ("repriced", "-5.40", 2.0),
        ("cancel_requested", None, 2.0),
    ]


def test_a_fill_is_news_once(ledger: Ledger) -> None:
    ledger.commit_intent(BUY, at=AT)
    report = fill(BUY, 0, "2.05")

    assert [ledger.record_fill(report) for _ in range(3)] == [True, False, False]
    assert ledger.fills_of(BUY.intent_id) == (report,)
    assert ledger.holdings().lots[0].quantity == 4


def test_a_correction_replaces_and_an_older_revision_does_not(ledger: Ledger) -> None:
    ledger.commit_intent(BUY, at=AT)
    first = fill(BUY, 0, "2.05")
    corrected = replace(first, revision=3, price=Decimal("2.01"), quantity=3)
    stale = replace(first, revision=2, price=Decimal("9.99"))

    assert [ledger.record_fill(each) for each in (first, corrected, stale)] == [True, True, False]
    assert ledger.fills_of(BUY.intent_id) == (corrected,)
    assert (ledger.holdings().lots[0].quantity, ledger.cash_flow_usd()) == (3, Decimal("-604.00"))
    assert len(ledger.rows("SELECT * FROM fills")) == 2


def test_a_fill_of_an_intent_that_was_never_committed_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="FOREIGN KEY constraint failed"):
        ledger.record_fill(fill(OPEN, 0, "4.10"))

    assert ledger.holdings() == Holdings()


def test_a_part_of_a_contract_cannot_be_filled(ledger: Ledger) -> None:
    ledger.commit_intent(BUY, at=AT)

    with pytest.raises(LedgerError, match="cannot store REAL value in INTEGER column"):
        ledger.record_fill(replace(fill(BUY, 0, "2.05"), quantity=1.5))  # type: ignore[arg-type]


def test_the_summary_of_a_combo_is_kept_and_counts_for_nothing(ledger: Ledger) -> None:
    ledger.commit_intent(OPEN, at=AT)
    summary = fill(OPEN, None, "-5.50", commission_usd=None)

    assert ledger.record_fill(summary)
    assert ledger.fills_of(OPEN.intent_id) == (summary,)
    assert ledger.holdings() == Holdings()
    assert ledger.cash_flow_usd() == 0
    assert ledger.commissions_missing() == ()


def test_an_execution_that_is_told_again_is_not_written_again(ledger: Ledger) -> None:
    ledger.commit_intent(BUY, at=AT)
    first = fill(BUY, 0, "2.05", commission_usd=None)
    paid = replace(first, commission_usd=Decimal("2.60"))
    restated = replace(first, commission_usd=Decimal("2.50"))
    corrected = replace(first, revision=first.revision + 1, price=Decimal("2.01"))
    busted = replace(corrected, revision=first.revision + 2, quantity=0)

    written = [
        written_by(ledger, each)
        for news in (first, paid, restated, corrected, busted)
        for each in (news, news)
    ]

    assert written == [True, False] * 5
    # what is told beside the newest are the revisions that it has replaced
    assert not any(written_by(ledger, each) for each in (first, restated, corrected, busted))
    assert ledger.fills_of(BUY.intent_id) == (replace(busted, commission_usd=Decimal("2.50")),)


def written_by(ledger: Ledger, told: Fill) -> bool:
    """Whether an execution that is told costs a transaction that writes."""
    statements: list[str] = []
    ledger._database.set_trace_callback(statements.append)
    ledger.record_fill(told)
    ledger._database.set_trace_callback(None)
    return "BEGIN IMMEDIATE" in statements


def test_a_commission_is_missing_until_it_comes(ledger: Ledger) -> None:
    ledger.commit_intent(BUY, at=AT)
    report = fill(BUY, 0, "2.05", commission_usd=None)
    ledger.record_fill(report)

    assert ledger.commissions_missing() == (report.exec_id,)
    assert ledger.cash_flow_usd() == Decimal(-820)
    assert ledger.fills_of(BUY.intent_id)[0].commission_usd is None

    ledger.record_fill(replace(report, commission_usd=Decimal("2.60")))

    assert ledger.commissions_missing() == ()
    assert ledger.cash_flow_usd() == Decimal("-822.60")


def test_a_commission_that_comes_with_a_repeated_fill_is_kept(ledger: Ledger) -> None:
    ledger.commit_intent(BUY, at=AT)
    ledger.record_fill(fill(BUY, 0, "2.05", commission_usd=None))

    assert not ledger.record_fill(fill(BUY, 0, "2.05", commission_usd=Decimal("2.60")))
    assert ledger.commissions_usd() == Decimal("2.60")


def test_a_correction_keeps_the_commission_until_it_has_one_of_its_own(ledger: Ledger) -> None:
    ledger.commit_intent(BUY, at=AT)
    first = fill(BUY, 0, "2.05")
    ledger.record_fill(first)
    ledger.record_fill(replace(first, revision=2, commission_usd=None))

    assert ledger.commissions_usd() == Decimal("1.00")
    assert ledger.commissions_missing() == ()

    ledger.record_fill(replace(first, revision=2, commission_usd=Decimal("0.90")))

    assert ledger.commissions_usd() == Decimal("0.90")


def test_cash_is_told_apart_by_what_it_was_for(ledger: Ledger) -> None:
    execute(ledger, OPEN, *OPENING_PRICES)
    execute(ledger, BUY, "2.05")
    execute(ledger, CLOSE, *CLOSING_PRICES)

    # condor: 2 x (5.50 - 2.50) x 100 - 8 commissions; hedge: -4 x 2.05 x 100 - 1 commission
    assert ledger.condor_cash_flow_usd() == Decimal(592)
    assert ledger.hedge_cash_flow_usd() == Decimal(-821)
    assert ledger.cash_flow_usd() == Decimal(-229)
    assert ledger.commissions_usd() == Decimal(9)


def test_a_settlement_is_booked_once(ledger: Ledger) -> None:
    execute(ledger, BUY, "2.05")
    end = settlement(CALL, 4, "3.25", structure_id=LOT)

    assert [ledger.record_settlement(end) for _ in range(2)] == [True, False]
    assert ledger.holdings() == Holdings()
    assert ledger.cash_flow_usd() == Decimal(-821 + 1300)


def test_a_settlement_of_an_unknown_structure_is_refused(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="settlement of VIX 2026-08-19 18C: FOREIGN KEY"):
        ledger.record_settlement(settlement(CALL, 4, "3.25", structure_id="nothing"))


def test_a_structure_is_planned_open_closed_and_open_again_as_the_facts_say(
    ledger: Ledger,
) -> None:
    def state() -> str:
        return str(ledger.value("SELECT state FROM structures WHERE structure_id = ?", (LOT,)))

    ledger.commit_intent(BUY, at=AT)
    states = [state()]
    ledger.record_fill(fill(BUY, 0, "2.05"))
    states.append(state())
    execute(ledger, SELL, "3.00")
    states.append(state())
    correction = replace(fill(SELL, 0, "3.00"), revision=2, quantity=-3)
    ledger.record_fill(correction)
    states.append(state())

    assert states == ["planned", "open", "closed", "open"]
    assert ledger.holdings().lots[0].quantity == 1


FACTS = (
    *fills(OPEN, *OPENING_PRICES),
    *fills(CLOSE, *CLOSING_PRICES),
    *fills(BUY, "2.05"),
    *fills(SELL, "3.00", quantity=-3),
    fill(OPEN, None, "-5.50", commission_usd=None),
    replace(fill(BUY, 0, "2.05"), revision=2, price=Decimal("2.06")),
    replace(fill(OPEN, 3, "1.65"), revision=2, quantity=1),
    settlement(CALL, 1, "0.40", structure_id=LOT),
    settlement(LEGS[1].contract, -1, "12.5"),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(FACTS), max_size=14))
def test_holdings_and_cash_are_those_of_a_fold_over_all_facts(
    facts: list[Fill | Settlement],
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger.open(Path(folder) / "steward.db", durable=False) as ledger,
    ):
        for intent in INTENTS:
            ledger.commit_intent(intent, at=AT)
        for fact in facts:
            if isinstance(fact, Fill):
                ledger.record_fill(fact)
            else:
                ledger.record_settlement(fact)
        held, cash = ledger.holdings(), ledger.cash_flow_usd()
    reported = [fact for fact in facts if isinstance(fact, Fill)]
    settled = list(dict.fromkeys(fact for fact in facts if isinstance(fact, Settlement)))

    expected = fold([record(intent) for intent in INTENTS], reported, settled)

    assert set(held.condors) == set(expected.condors)
    assert set(held.lots) == set(expected.lots)
    assert set(held.residuals) == set(expected.residuals)
    assert cash == cash_usd(reported, settled)


def test_the_cost_of_holdings_does_not_grow_with_what_was_closed_long_ago(ledger: Ledger) -> None:
    """Counted in steps of SQLite's virtual machine, so that the result is the same anywhere."""

    def steps() -> int:
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        ledger._database.set_progress_handler(step, 10)
        assert len(ledger.holdings().lots) == 1
        ledger._database.set_progress_handler(None, 10)
        return count

    execute(ledger, BUY, "2.05")
    young = steps()
    for number in range(150):
        name = f"old {number}"
        execute(ledger, buy_lot(name), "2.05")
        execute(ledger, sell_lot(name), "3.00")

    assert steps() <= young + 5


def test_the_session_of_the_last_change_is_that_of_the_facts(ledger: Ledger) -> None:
    execute(ledger, OPEN, *OPENING_PRICES)
    execute(ledger, CLOSE, *CLOSING_PRICES)

    changed = ledger.value("SELECT changed_in FROM structures WHERE structure_id = ?", (CONDOR,))

    assert (dt.date.fromisoformat(changed), SESSION) == (NEXT, OPEN.session)


def test_an_intent_that_is_forbidden_while_it_is_committed_is_denied_in_one_transaction(
    ledger: Ledger,
) -> None:
    def forbidden() -> str:
        assert ledger._database.in_transaction
        return "KILL_SWITCH: state=halt"

    refusal = ledger.commit_unless(forbidden, OPEN, at=AT)

    (record,) = ledger.intent_records()
    states = ledger.rows("SELECT state, detail FROM intent_states")
    assert refusal == "KILL_SWITCH: state=halt"
    assert record.state is IntentState.DENIED
    assert [tuple(row) for row in states] == [("denied", "KILL_SWITCH: state=halt")]
