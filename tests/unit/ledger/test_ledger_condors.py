"""What the ledger keeps of condors beside their trades: stress grids, the second engine's use."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from bot.ledger.decision_rows import decision_row
from bot.ledger.store import Ledger
from ledger_facts import AT, OPENING_PRICES, SESSION, begin, decision, execute, open_condor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "steward.db", durable=False) as opened:
        yield opened


def test_the_stress_grid_of_a_decision_reads_back_as_it_was(ledger: Ledger) -> None:
    begin(ledger)
    made = decision()
    ledger.save_decision(made, rules_sha256="aa", dry=False, at=AT)

    found = decision_row(ledger, SESSION, dry=False)

    assert found is not None
    assert found.stress == made.stress
    assert found.stress is not None
    assert found.stress.coverage == pytest.approx(0.2500125)
    assert ledger.load_decision(SESSION) == made


def test_condors_of_the_second_engine_are_found_by_their_reason_and_remembered_as_such(
    ledger: Ledger,
) -> None:
    begin(ledger)
    execute(ledger, open_condor(), *OPENING_PRICES)
    engine = open_condor("balanced-engine", reason="second_engine")
    execute(ledger, engine, *OPENING_PRICES)

    (found,) = ledger.second_engine_records(since=SESSION)

    assert found.intent == engine
    assert ledger.second_engine_records(since=SESSION + dt.timedelta(days=1)) == ()
    assert [held.second_engine for held in ledger.holdings().condors] == [False, True]
