"""Decisions of twenty states of market and book, pinned with the rules they were made by.

A change of rules in code shows here as lines that differ. When it is meant: raise the decision
version, write the file anew (``golden_files``), and read the difference.
"""

from __future__ import annotations

import json
from typing import Any

import golden_files as golden
import pytest
from decided_states import STATES, plain_decision

PINNED: dict[str, dict[str, Any]] = json.loads(golden.DECISIONS_FILE.read_text(encoding="utf-8"))


def test_every_state_is_pinned() -> None:
    assert list(PINNED) == list(STATES)


@pytest.mark.parametrize("name", STATES)
def test_the_decision_of_a_state_is_as_pinned(name: str) -> None:
    assert plain_decision(name, golden.pinned_rules()) == PINNED[name]


@pytest.mark.parametrize(
    "name",
    [
        "backwardation",
        "stress",
        "eve of a CPI release",
        "dates of events have ended",
        "breadth unknown",
        "bars unknown",
        "no live quotes",
        "no entries",
        "reduce only",
        "flatten",
        "halt",
        "locked",
    ],
)
def test_no_pinned_decision_adds_risk_where_none_may_be_added(name: str) -> None:
    assert [each for each in PINNED[name]["intents"] if each.startswith("add ")] == []


@pytest.mark.parametrize("name", ["first session", "hedged and calm", "quiet"])
def test_risk_is_added_where_it_may_be(name: str) -> None:
    assert [each for each in PINNED[name]["intents"] if each.startswith("add ")] != []
