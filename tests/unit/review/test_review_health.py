"""What the page of a session says of book health and of the quality of execution."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from bot.core.decision import Decision, Signal, Verdict
from bot.core.model import Quote
from bot.core.parity import Arbitrage, ParityFlag
from bot.core.quality import executions
from bot.ledger.store import Ledger
from bot.review.session import FILLS_NOTE
from bot.review.terminal import render_review, render_summary
from ledger_facts import (
    AT,
    LEGS,
    NEXT,
    OPENING_PRICES,
    SESSION,
    VIX_EXPIRY,
    begin,
    buy_lot,
    decision,
    execute,
    open_condor,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUOTES = {leg.contract: Quote(bid=5.00, ask=5.20) for leg in LEGS}
FLAG = ParityFlag(
    expiry=VIX_EXPIRY,
    strike=18.5,
    kind=Arbitrage.REVERSAL,
    edge_points=0.21,
    fees_points=0.025,
    size=7,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "steward.db") as opened:
        begin(opened)
        yield opened


def page(ledger: Ledger) -> str:
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(render_review(ledger, SESSION, full=True))
    return console.export_text()


def healthy(ratio: float | str | None, *, edge: float | None = -0.1) -> Decision:
    signals = {
        "quick_ratio": ratio,
        "quick_cash_usd": 1_000_000.0,
        "quick_hedge_usd": 2_340.0,
        "quick_width_usd": 37_500.0,
        "quick_pending_usd": 0.0,
    }
    gates = (
        ("QUICK_RATIO", "protect", ratio, 1.5),
        ("QUICK_RATIO", "add", ratio, 2.0),
        ("PARITY", "vix", edge, 0.02525),
    )
    return replace(
        decision(),
        signals=tuple(Signal(name=name, value=value) for name, value in signals.items()),
        verdicts=tuple(
            Verdict(code=code, subject=subject, observed=seen, limit=limit, passed=True)
            for code, subject, seen, limit in gates
        ),
    )


def save(ledger: Ledger, made: Decision) -> None:
    ledger.save_decision(made, rules_sha256="ab" * 32, dry=False, at=AT)


def test_quick_ratio_is_shown_with_its_parts_and_bounds(ledger: Ledger) -> None:
    save(ledger, healthy(26.73))

    text = " ".join(page(ledger).split())
    assert "quick ratio 26.73" in text
    assert "cash 1,000,000 + calls at bid 2,340 · over width 37,500 + pending 0" in text
    assert "entries from 2 · hedge orders from 1.5" in text


@pytest.mark.parametrize(("ratio", "word"), [(None, "unknown"), ("nothing owed", "nothing owed")])
def test_ratio_without_a_value_is_said_in_words(
    ledger: Ledger, ratio: str | None, word: str
) -> None:
    save(ledger, healthy(ratio))

    assert f"quick ratio {word}" in page(ledger)


def test_decision_of_an_earlier_version_has_no_health(ledger: Ledger) -> None:
    save(ledger, decision())

    assert "Book health" not in page(ledger)


def test_best_edge_is_said_where_nothing_is_flagged(ledger: Ledger) -> None:
    save(ledger, healthy(3.0))

    text = " ".join(page(ledger).split())
    assert "best conversion or reversal -0.1 points, flagged above fees of 0.02525" in text


def test_flags_say_how_large_and_since_when_and_that_nothing_trades_them(ledger: Ledger) -> None:
    save(ledger, healthy(3.0, edge=0.21))
    ledger.record_parity([FLAG], SESSION, previous=NEXT, at=AT)

    text = " ".join(page(ledger).split())
    assert "2026-08-19 18.5 reversal 0.210 0.210 0.025 7 2026-07-20 1" in text
    assert "nothing here trades conversions or reversals" in text


def test_condor_is_shown_as_a_whole_and_leg_by_leg_with_every_offer(ledger: Ledger) -> None:
    intent = open_condor()
    execute(ledger, intent, *OPENING_PRICES)
    made = executions(intent, ledger.fills_of(intent.intent_id), units=2, quotes=QUOTES.get)
    ledger.record_executions(SESSION, made)
    ledger.record_mark_outs(
        intent.intent_id,
        {"": (Decimal("-5.20"), Decimal("0.30"))},
        at=AT,
        unknown="",
    )

    text = page(ledger)
    words = " ".join(text.split())
    assert "Quality of execution" in text
    assert "2 -5.500 -5.500 +0.000 0.000 +0.300" in words
    assert "SPXW 2026-08-21 6000P 2 -5.100 -6.200 -1.100 2.200 —" in words
    assert "offered -5.50" in words
    assert "no mark-out: not waited for" in words
    assert FILLS_NOTE in words
    assert max(len(each) for each in text.splitlines()) <= 100


def test_order_of_one_leg_is_shown_once(ledger: Ledger) -> None:
    intent = buy_lot()
    execute(ledger, intent, "2.05")
    made = executions(intent, ledger.fills_of(intent.intent_id), units=4, quotes=QUOTES.get)
    ledger.record_executions(SESSION, made)

    section = page(ledger).partition("Quality of execution")[2]
    assert section.count("2.050") == 1


def test_session_without_fills_has_no_quality(ledger: Ledger) -> None:
    assert "Quality of execution" not in page(ledger)


def test_run_says_what_its_orders_had_gained_five_minutes_on(ledger: Ledger) -> None:
    # two condors at 0.30 points each are 60 USD; the lot's mark-out is not known
    for intent, prices in ((open_condor(), OPENING_PRICES), (buy_lot(), ("2.05",))):
        execute(ledger, intent, *prices)
        filled = ledger.fills_of(intent.intent_id)
        made = executions(intent, filled, units=intent.quantity, quotes=QUOTES.get)
        ledger.record_executions(SESSION, made)
    ledger.record_mark_outs(
        open_condor().intent_id, {"": (Decimal("-5.20"), Decimal("0.30"))}, at=AT, unknown=""
    )
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(render_summary(ledger))

    words = " ".join(console.export_text().split())
    assert "gained +60 in 5 minutes (1 of 2 orders)" in words


def test_run_without_mark_outs_says_nothing_of_them(ledger: Ledger) -> None:
    execute(ledger, buy_lot(), "2.05")
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(render_summary(ledger))

    assert "in 5 minutes" not in console.export_text()
