"""The hedge in the page of a session: layers, cost, and loyalty beside motion."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from bot.core.adoption import Adoption
from bot.core.book import Layer
from bot.core.decision import Verdict
from bot.ledger.overrides import Overrides, overrides
from bot.ledger.store import Ledger
from bot.review.terminal import render_review
from ledger_facts import AT, CALL, LOT, NEAR_LAYER, NEXT, SESSION, begin, buy_lot, decision, execute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger" / "steward.db") as opened:
        yield opened


def gate(code: str, observed: float | None, limit: float) -> Verdict:
    return Verdict(code=code, subject="hedge", observed=observed, limit=limit, passed=True)


def page(ledger: Ledger) -> str:
    console = Console(width=100, file=io.StringIO())
    with console.capture() as captured:
        console.print(render_review(ledger, SESSION, full=True))
    return captured.get()


def words(ledger: Ledger, first: str) -> list[str]:
    """Words of the first line that begins with `first`, below the head of the hedge's part."""
    below = page(ledger).split("Hedge as decided on", 1)[1]
    return next(line.split() for line in below.splitlines() if line.strip().startswith(first))


def decide(ledger: Ledger, *verdicts: Verdict) -> None:
    begin(ledger)
    far = replace(NEAR_LAYER, layer=Layer.FAR, held=0, cost_usd=0.0, mark_multiple=None, delta=None)
    made = replace(decision(), verdicts=verdicts, layers=(NEAR_LAYER, far))
    ledger.save_decision(made, rules_sha256="ab" * 32, dry=False, at=AT)


def test_each_layer_shows_its_state_and_dashes_what_is_unknown(ledger: Ledger) -> None:
    decide(ledger)

    assert words(ledger, "near") == [
        *("near", "4/4", "820", "—", "of", "460", "1.25x", "23", "d", "0.45", "of", "0.50"),
        *("-0.05", "-"),
    ]
    assert words(ledger, "far")[:3] == ["far", "0/4", "0"]


def test_what_the_hedge_costs_is_shown_beside_its_limits(ledger: Ledger) -> None:
    decide(ledger, gate("HEDGE_DRAG", 0.0153, 0.02), gate("HEDGE_PCF", None, 1.0))

    assert "drag 1.53%, limit 2.00% a year · P/CF unknown, limit 1" in page(ledger)


def test_what_was_done_by_hand_is_shown_beside_what_the_hedge_covers(ledger: Ledger) -> None:
    decide(ledger, gate("HEDGE_COVER", 1.0, 0.6))

    shown = " ".join(page(ledger).split())
    assert "rules overridden by hand 0: 0 adoptions, 0 switches thrown" in shown
    assert "hedge units: 1 cover, condors use 0.6" in shown


def test_a_decision_of_before_shows_no_layers(ledger: Ledger) -> None:
    begin(ledger)
    made = replace(decision(), layers=())
    ledger.save_decision(made, rules_sha256="ab" * 32, dry=False, at=AT)

    assert "Hedge as decided on" not in page(ledger)


def test_overrides_count_acts_and_not_sessions(ledger: Ledger) -> None:
    execute(ledger, buy_lot(), "2.00")
    for day, state in ((20, "active"), (21, "reduce_only"), (22, "reduce_only"), (23, "active")):
        session = dt.date(2026, 7, day)
        begin(ledger, session)
        ledger.finish_phase(session, "preflight", at=AT, detail={"kill_switch": state}, dry=False)
    adopted = Adoption(structure_id=LOT, contract=CALL, session=NEXT, quantity=-1)
    ledger.record_adoptions([adopted, adopted], at=AT, reason="sold by hand")
    ledger.incident("PROTECTION_ABANDONED", session=NEXT, at=AT, detail="4 contracts")
    ledger.incident("PROTECTION_ABANDONED", session=NEXT, at=AT, detail="4 contracts")

    assert overrides(ledger, dt.date(2026, 7, 24)) == Overrides(
        adoptions=1, switch_changes=2, abandoned=1
    )
    assert overrides(ledger, SESSION) == Overrides(adoptions=0, switch_changes=0, abandoned=0)
    assert overrides(ledger, NEXT).by_hand == 2
