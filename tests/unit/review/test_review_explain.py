"""Every code has its words, and a session is explained from every input to every fill."""

from __future__ import annotations

import ast
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

import builders
from bot.core.decision import Verdict
from bot.core.errors import LedgerError, NotInLedgerError
from bot.core.fold import IntentState
from bot.core.model import Feed, IndexLevel
from bot.ledger.journal import ProvenanceRow
from bot.ledger.store import Ledger
from bot.review.explain import NEVER_COMMITTED, explain, explain_json, explain_page
from bot.review.inputs import inputs_of
from bot.review.words import WORDS, sentence, words_of
from ledger_facts import (
    AT,
    OPENING_PRICES,
    SESSION,
    begin,
    buy_lot,
    decision,
    execute,
    open_condor,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.core.model import MarketSnapshot

ROOT = Path(__file__).parents[3]
NO_CODES = frozenset({"LINE_UP", "SPXW", "VIXW", "VVIX", "SKEW", "STRICT", "CLOSED", "OPENING"})
"""Names in capitals that are no code of a verdict."""


def codes() -> set[str]:
    """Find every name in capitals that the core or a strategy writes."""
    found: set[str] = set()
    for path in [*(ROOT / "bot" / "core").glob("*.py"), *(ROOT / "strategies").glob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tree.body = [each for each in tree.body if not ast.unparse(each).startswith("__all__ =")]
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if re.fullmatch(r"[A-Z]{4,}(_[A-Z]+)*", node.value) else set()
    return found - NO_CODES


def test_every_code_has_its_words() -> None:
    assert codes() - WORDS.keys() == set()


def test_a_code_of_an_earlier_version_is_said_to_be_unknown() -> None:
    assert words_of("MOON_PHASE") == "a code that this version does not know"


def test_a_verdict_is_one_sentence() -> None:
    verdict = Verdict(
        code="VIX_TERM_STRUCTURE", subject="condor", observed=1.02, limit=1.0, passed=False
    )

    assert sentence(verdict) == (
        "VIX/VIX3M is below the bound: no backwardation: not passed, seen 1.02, bound 1"
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A session with a condor sold, and a hedge order that was never come to."""
    with Ledger.open(tmp_path / "steward.db") as opened:
        begin(opened)
        opened.save_snapshot(market())
        opened.save_decision(
            decision(open_condor(), buy_lot()),
            rules_sha256="ab" * 32,
            dry=False,
            at=AT,
            book=builders.book(),
        )
        execute(opened, open_condor(), *OPENING_PRICES)
        reference = opened.order_ref_of(open_condor().intent_id)
        opened.record_order_event(
            reference,
            kind="repriced",
            status="Submitted",
            price=open_condor().ladder.steps[1],
            filled=0.0,
            remaining=2.0,
            at=AT,
        )
        opened.import_provenance(
            (ProvenanceRow(session=SESSION, subject="SPX", provenance="recorded", detail="cboe"),)
        )
        yield opened


def market() -> MarketSnapshot:
    """A market in which VIX9D is unknown and VVIX is delayed."""
    levels = (
        IndexLevel(symbol="VIX9D", last=None),
        IndexLevel(symbol="VVIX", last=91.0, feed=Feed.DELAYED),
    )
    known = builders.market()
    return replace(known, session=SESSION, indexes=(*known.indexes, *levels))


def printed(ledger: Ledger, gate: str | None = None) -> str:
    out = io.StringIO()
    page = explain_page(explain(ledger, SESSION, gate=gate), gate=gate)
    Console(file=out, width=100, color_system=None).print(page)
    return out.getvalue()


def test_the_inputs_are_shown_with_their_last_values_and_what_is_unknown() -> None:
    found = {each.name: each for each in inputs_of(market(), builders.book())}

    assert found["SPX"].value == 6300.0
    assert found["VIX9D"].value is None
    assert found["VVIX"].detail == "delayed: not used"
    assert found["SPX close"].detail.endswith("bars to 2026-07-17")
    assert found["breadth"].detail.endswith("days to 2026-07-17, nyse")
    assert found["VIX 2026-08-19"].detail.endswith("asked for have a live two-sided market")


def test_the_page_fits_a_hundred_columns(ledger: Ledger) -> None:
    assert max(map(len, printed(ledger).splitlines())) <= 100


def test_every_verdict_is_shown_with_its_words(ledger: Ledger) -> None:
    page = printed(ledger)

    for verdict in explain(ledger, SESSION).verdicts:
        assert f"{verdict.code} passes when" in page


def test_every_intent_is_followed_to_its_end(ledger: Ledger) -> None:
    page = printed(ledger)

    assert open_condor().intent_id in page
    assert "order repriced Submitted" in page
    assert "-5.40" in page
    assert "-2 SPXW 2026-08-21 6000P, commission 1.00" in page
    assert f"intent {IntentState.FILLED.value}" in page
    assert buy_lot().intent_id in page
    assert NEVER_COMMITTED in page


def test_the_provenance_is_shown(ledger: Ledger) -> None:
    assert "cboe" in printed(ledger)


def test_one_gate_is_explained_alone(ledger: Ledger) -> None:
    verdict = explain(ledger, SESSION).verdicts[0]

    page = printed(ledger, gate=verdict.code)

    assert verdict.code in page
    assert "Inputs" not in page


def test_a_gate_that_was_not_asked_is_refused_in_a_short_line_with_those_like_it(
    ledger: Ledger,
) -> None:
    asked = explain(ledger, SESSION).verdicts[0].code

    with pytest.raises(NotInLedgerError, match="--gate MOON_PHASE: no verdict") as nothing_like_it:
        explain(ledger, SESSION, gate="MOON_PHASE")
    with pytest.raises(NotInLedgerError, match=f"did you mean {asked}"):
        explain(ledger, SESSION, gate=asked.lower()[:-1])

    assert len(str(nothing_like_it.value)) <= 100


def test_a_session_without_a_decision_is_refused(tmp_path: Path) -> None:
    with (
        Ledger.open(tmp_path / "empty.db") as empty,
        pytest.raises(LedgerError, match=str(SESSION)),
    ):
        explain(empty, SESSION)


def test_the_json_has_stable_keys_and_the_words(ledger: Ledger) -> None:
    found = json.loads(explain_json(explain(ledger, SESSION)))

    assert set(found) == {
        "session",
        "dry",
        "decision",
        "inputs",
        "unknown",
        "verdicts",
        "intended",
        "intents",
        "provenance",
    }
    assert found["verdicts"][0]["words"]
    assert found["intents"][0]["fills"][0]["price"] == "4.10"
