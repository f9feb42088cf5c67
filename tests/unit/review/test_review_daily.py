"""The page of a day: what it says in few lines, and what it leaves to the full one."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from bot.core.decision import Signal, Verdict
from bot.core.model import Quote
from bot.core.quality import executions
from bot.ledger.overrides import Overrides
from bot.ledger.store import Ledger
from bot.review.hedge_state import hedge_in_short
from bot.review.session import review_session
from bot.review.terminal import render_review
from ledger_facts import (
    AT,
    CLOSING_PRICES,
    LEGS,
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
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUOTES = {leg.contract: Quote(bid=5.00, ask=5.20) for leg in LEGS}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "steward.db", durable=False) as opened:
        begin(opened)
        yield opened


def page(ledger: Ledger, *, columns: int = 100) -> str:
    console = Console(width=columns, file=io.StringIO(), record=True)
    console.print(render_review(ledger, SESSION))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= columns
    return text


def words(ledger: Ledger) -> str:
    return " ".join(page(ledger).split())


def verdict(code: str, subject: str, seen: float | str | None, **facts: object) -> Verdict:
    common = {"code": code, "subject": subject, "observed": seen, "limit": 0.3, "passed": True}
    return Verdict(**(common | facts))  # type: ignore[arg-type]


def save(ledger: Ledger, *verdicts: Verdict, **facts: object) -> None:
    made = replace(decision(), verdicts=verdicts, **facts)  # type: ignore[arg-type]
    ledger.save_decision(made, rules_sha256="ab" * 32, dry=False, at=AT)


def test_condors_of_a_tier_are_one_line_with_their_sums(ledger: Ledger) -> None:
    for name in ("one", "two"):
        execute(ledger, open_condor(name), *OPENING_PRICES)
    ledger.record_mark(mark(), prices={"one": Decimal("5.00"), "two": Decimal("5.60")})

    # twice 2 x 5.50; 2 x 5.00 and 2 x 5.60; 2 x (0.50 - 0.10), each times 100
    assert "balanced 2 4 32 2,200 2,120 +80" in words(ledger)


def test_one_condor_without_a_mark_makes_the_sum_unknown(ledger: Ledger) -> None:
    for name in ("one", "two"):
        execute(ledger, open_condor(name), *OPENING_PRICES)
    ledger.record_mark(mark(), prices={"one": Decimal("5.00")})

    assert "balanced 2 4 32 2,200 — —" in words(ledger)


def test_lots_of_a_layer_are_one_line_with_its_state(ledger: Ledger) -> None:
    save(ledger, layers=(NEAR_LAYER,))
    for name in ("one", "two"):
        execute(ledger, buy_lot(name), "2.05")
    ledger.record_mark(mark(), prices={"one": Decimal("1.90"), "two": Decimal("2.00")})

    # twice 4 x 2.05; 4 x 1.90 and 4 x 2.00; 4 x (-0.15 - 0.05), each times 100
    assert "near 8 — 1,640 1,560 -80 0.45 of 0.50 23 d" in words(ledger)


def test_a_narrow_terminal_cuts_no_figure_of_a_layer(ledger: Ledger) -> None:
    save(ledger, layers=(replace(NEAR_LAYER, roll_reason="roll_extrinsic"),))
    execute(ledger, buy_lot(), "2.05")
    ledger.record_mark(mark(), prices={LOT: Decimal("1.90")})

    assert "near 4 — 820 760 -60 0.45 of 0.50 23 d" in " ".join(page(ledger, columns=72).split())


def test_a_rule_that_acted_is_told_in_words_with_what_it_acted_on(ledger: Ledger) -> None:
    save(
        ledger,
        verdict("THREAT_DELTA", "condor:one", 0.42),
        verdict("THREAT_DELTA", "condor:two", 0.12, passed=False),
        verdict("LAST_TRADE", "condor:one", "later"),
    )

    text = words(ledger)
    assert "THREAT_DELTA a short strike's delta has reached the bound" in text
    assert "it is threatened · one: 0.42 / 0.3 Gates" in text
    assert "LAST_TRADE" not in text


def test_what_kept_a_rule_from_acting_is_told_with_the_gates(ledger: Ledger) -> None:
    save(ledger, verdict("LOT_QUOTE", f"lot:{LOT}", None, limit="bid", passed=False))

    text = words(ledger)
    assert "Rules that acted" not in text
    assert f"LOT_QUOTE somebody is known to bid for it · {LOT}: unknown / bid" in text


def test_of_many_structures_two_are_named_and_the_rest_counted(ledger: Ledger) -> None:
    save(ledger, *(verdict("THREAT_DELTA", f"condor:c{n}", 0.4 + n / 100) for n in range(5)))

    assert "c0: 0.4 / 0.3; c1: 0.41 / 0.3; and 3 more" in words(ledger)


def test_structures_of_which_the_same_was_seen_stand_together(ledger: Ledger) -> None:
    common = {"limit": 9_839.22, "passed": False}
    save(
        ledger,
        verdict("SESSION_RISK", "condor:balanced", 10_800.0, **common),
        verdict("SESSION_RISK", "condor:conservative", 10_800.0, **common),
    )

    assert "balanced, conservative: 10,800 / 9,839.22" in words(ledger)


def test_gates_that_passed_are_counted_and_left_to_explain(ledger: Ledger) -> None:
    save(ledger, verdict("VIX_UNKNOWN", "book", 15.0), verdict("SPX_UNKNOWN", "book", 6000.0))

    text = words(ledger)
    assert "2 verdicts passed: `steward explain 2026-07-20`" in text
    assert "VIX_UNKNOWN" not in text


def test_the_market_is_one_line(ledger: Ledger) -> None:
    save(ledger, signals=(Signal(name="vix", value=28.96), Signal(name="spx_rsi", value=None)))

    assert "VIX 28.96 · RSI unknown" in words(ledger)


def test_execution_is_summed_and_the_three_that_cost_most_are_named(ledger: Ledger) -> None:
    for number, last in enumerate(("1.65", "1.55", "1.45", "1.35", "1.25")):
        intent = open_condor(f"c{number}")
        execute(ledger, intent, *OPENING_PRICES[:3], last)
        filled = ledger.fills_of(intent.intent_id)
        made = executions(intent, filled, units=2, quotes=QUOTES.get)
        ledger.record_executions(SESSION, made)

    # credits of 5.50 to 5.90 against a mid of 5.50: a gain of 0 to 0.40 for each of 2 units
    section = page(ledger).partition("Quality of execution")[2]
    assert "paid -200 against the mids of the decision (5 of 5 orders)" in section
    assert "cost most" not in section

    dear = close_condor()
    for number in range(4):
        intent = replace(dear, intent_id=f"close{number}", session=SESSION)
        execute(ledger, intent, "1.00", "2.00", f"{1.90 + number / 10:.2f}", "0.30")
        filled = ledger.fills_of(intent.intent_id)
        made = executions(intent, filled, units=2, quotes=QUOTES.get)
        ledger.record_executions(SESSION, made)

    # debits of 2.60 to 2.90 against a mid of 2.50: 0.10 to 0.40 for each of 2 units, 200 in all
    section = page(ledger).partition("Quality of execution")[2]
    assert "paid 0 against the mids of the decision (9 of 9 orders)" in section
    assert [each.split()[-3] for each in section.splitlines() if "close condor" in each] == [
        "+0.400",
        "+0.300",
        "+0.200",
    ]


def test_hands_off_is_not_told_and_a_hand_is() -> None:
    row = replace(decision(), verdicts=())
    untouched = Overrides(adoptions=0, switch_changes=0, abandoned=0)
    touched = Overrides(adoptions=1, switch_changes=2, abandoned=0)

    assert hedge_in_short(row, untouched) == ()  # type: ignore[arg-type]
    (said,) = hedge_in_short(row, touched)  # type: ignore[arg-type]
    assert said.plain == "rules overridden by hand 3: 1 adoptions, 2 switches thrown"


def test_a_dry_run_says_why_it_has_no_orders(ledger: Ledger) -> None:
    begin(ledger, NEXT, dry=True)
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(render_review(ledger, NEXT))

    assert "none was sent: a dry run" in console.export_text()


def test_a_busy_day_is_read_in_a_minute(ledger: Ledger) -> None:
    for number in range(10):
        execute(ledger, open_condor(f"c{number}"), *OPENING_PRICES)
        execute(ledger, buy_lot(f"l{number}"), "2.05")
    for number in range(5):
        closing = replace(close_condor(f"c{number}"), session=SESSION)
        execute(ledger, closing, *CLOSING_PRICES)
    ledger.record_mark(mark())
    subjects = [f"condor:c{number}" for number in range(10)] + [f"lot:l{n}" for n in range(10)]
    codes = ("THREAT_DELTA", "THREAT_EDR", "TAKE_PROFIT", "LAST_TRADE", "PRICE_UNKNOWN")
    save(ledger, *(verdict(code, each, 0.4) for code in codes for each in subjects))

    assert len(review_session(ledger, SESSION).orders) == 25
    assert len(page(ledger).splitlines()) <= 80
