"""The table of what must appear counts what a run leaves in its ledger."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.ledger.store import Ledger
from bot.review.words import WORDS

sys.path.insert(0, str(Path(__file__).parent))

from proof import ENTRY_GATES, MUST_APPEAR, Run, counts, decided_otherwise, hides, play, synthetic


def test_an_empty_ledger_shows_nothing_of_the_method(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "steward.db").close()

    assert counts([tmp_path / "steward.db"]) == dict.fromkeys(MUST_APPEAR, 0)


def test_every_gate_that_must_deny_is_a_gate() -> None:
    assert set(ENTRY_GATES) <= WORDS.keys()


def test_a_run_leaves_its_entry_and_the_denial_by_what_was_hidden(tmp_path: Path) -> None:
    run = Run(
        name="two sessions",
        market=synthetic("calm", 3, 30),
        sessions=2,
        before={1: hides("VIX")},
    )

    ledger = asyncio.run(play(run, tmp_path, lambda _text: None))

    found = counts([ledger])
    assert found["entry of a condor"] == 1
    assert found["denial by TIER_ENTERED"] == 1
    assert found["denial by VIX_UNKNOWN"] == 1
    assert found["denial by SPX_UNKNOWN"] == 0
    assert decided_otherwise([ledger]) == []
