"""Two decisions are compared to the last field, and a proposal against the rules in force."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import builders
from bot.config import canonical_text, fingerprint
from bot.core.errors import LedgerError, NotInLedgerError
from bot.core.rules import Rules
from bot.ledger.store import Ledger
from bot.replay import (
    ABSENT,
    Comparison,
    decide_again,
    decide_all_again,
    differences,
    review_proposal,
)
from bot.rules_pages import again_lines
from ledger_facts import AT
from strategies import decide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.core.decision import Decision
    from bot.core.model import MarketSnapshot

SESSION = builders.SESSION


def decided(snapshot: MarketSnapshot | None = None) -> Decision:
    return decide(snapshot or builders.market(), builders.book(), Rules())


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """One session, decided under the rules as shipped."""
    rules = Rules()
    with Ledger.open(tmp_path / "steward.db") as opened:
        sha256 = fingerprint(rules)
        opened.save_config("rules", canonical_text(rules), sha256=sha256, at=AT, reason="first")
        opened.save_snapshot(builders.market())
        opened.save_decision(decided(), rules_sha256=sha256, dry=False, at=AT, book=builders.book())
        yield opened


def named(before: Decision, after: Decision) -> set[tuple[str, str]]:
    return {(each.part, each.name) for each in differences(before, after)}


def test_equal_decisions_have_no_difference() -> None:
    assert named(decided(), decided()) == set()


def test_every_kind_of_difference_is_named() -> None:
    known = decided()
    (signal, *signals), (verdict, *verdicts) = known.signals, known.verdicts
    first, *rest = known.intents
    other = replace(
        known,
        regime="stress",
        signals=(replace(signal, value=-1.0), *signals),
        verdicts=(replace(verdict, passed=not verdict.passed), *verdicts),
        intents=tuple(rest),
    )

    assert named(known, other) == {
        ("regime", ""),
        ("signals", f"{signal.name} value"),
        ("verdicts", f"{verdict.code} {verdict.subject} passed"),
        ("intents", first.intent_id),
    }
    (gone,) = (each for each in differences(known, other) if each.part == "intents")
    assert gone.after == ABSENT


def test_another_order_of_the_same_intents_is_a_difference() -> None:
    known = decided()
    turned = replace(known, intents=known.intents[::-1])

    assert named(known, turned) == {("intents", "order")}


def test_one_step_of_a_ladder_is_named_by_its_place() -> None:
    known = decided()
    first, *rest = known.intents
    *steps, last = first.ladder.steps
    ladder = replace(first.ladder, steps=(*steps, last + 1))

    found = named(known, replace(known, intents=(replace(first, ladder=ladder), *rest)))

    assert found == {("intents", f"{first.intent_id} ladder.steps[{len(steps)}]")}


def test_a_stored_session_decides_again_the_same(ledger: Ledger) -> None:
    assert decide_again(ledger, SESSION).comparison is Comparison.SAME


def test_the_snapshot_of_an_interrupted_second_look_is_not_taken_for_the_first(
    ledger: Ledger,
) -> None:
    ledger.save_snapshot(replace(builders.market(), spx_bars=()))

    assert decide_again(ledger, SESSION).comparison is Comparison.SAME


def test_a_decision_without_its_book_cannot_be_decided_again(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "steward.db") as ledger:
        ledger.save_snapshot(builders.market())
        ledger.save_decision(decided(), rules_sha256="ab", dry=False, at=AT)

        with pytest.raises(LedgerError, match="no decision with all its inputs"):
            decide_again(ledger, SESSION)


def test_an_empty_ledger_has_nothing_to_decide_again(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "steward.db") as ledger:
        with pytest.raises(NotInLedgerError, match="no decided session"):
            decide_all_again(ledger)
        with pytest.raises(NotInLedgerError, match="no decided session"):
            tuple(review_proposal(ledger, adopted=Rules(), proposed=Rules(), last=5))


def test_a_proposal_is_reviewed_against_the_rules_in_force(ledger: Ledger) -> None:
    rules = Rules()
    proposed = replace(rules, condor=replace(rules.condor, minimum_credit_pct_of_width=0.9))

    (replayed,) = review_proposal(ledger, adopted=rules, proposed=proposed, last=5)

    names = {(each.part, each.name) for each in replayed.differences}
    assert ("verdicts", "MIN_CREDIT condor:balanced passed") in names
    assert ("intents", f"{SESSION}:condor:open_condor:balanced") in names


def test_a_proposal_of_another_rate_discounts_by_it(ledger: Ledger) -> None:
    rules = Rules()
    proposed = replace(rules, rate=0.10)

    (replayed,) = review_proposal(ledger, adopted=rules, proposed=proposed, last=1)

    assert replayed.comparison is Comparison.DIFFERENT


def test_a_proposal_that_changes_nothing_that_counted_is_said_to_be_the_same(
    ledger: Ledger,
) -> None:
    rules = Rules()
    proposed = replace(rules, signals=replace(rules.signals, calm_vix=21.0))

    (replayed,) = review_proposal(ledger, adopted=rules, proposed=proposed, last=1)

    assert replayed.comparison is Comparison.SAME


def test_what_came_of_it_is_said_in_lines(ledger: Ledger) -> None:
    assert list(again_lines([decide_again(ledger, SESSION)])) == [
        "1 decided again: 1 identical, 0 different, 0 of another decision version"
    ]


def test_a_session_that_was_not_decided_is_not_in_the_ledger(ledger: Ledger) -> None:
    with pytest.raises(NotInLedgerError, match=f"1999-01-04: was not decided; .* {SESSION}$"):
        decide_all_again(ledger, dt.date(1999, 1, 4))
