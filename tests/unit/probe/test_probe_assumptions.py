"""The table of assumptions names code that exists, and the document says what the table says."""

from __future__ import annotations

import importlib
from functools import reduce
from pathlib import Path

import pytest

from bot.probe.assumptions import ASSUMPTIONS, ORDERS, assumptions_document
from bot.probe.market import CHECKS

DOCUMENT = Path(__file__).parents[3] / "docs" / "assumptions.md"


@pytest.mark.parametrize(
    "name", sorted({name for each in ASSUMPTIONS for name in each.relied_on_by})
)
def test_code_that_relies_on_an_assumption_exists(name: str) -> None:
    module, _, path = name.partition(":")

    assert reduce(getattr, path.split("."), importlib.import_module(module)) is not None


def test_each_assumption_has_a_name_of_its_own() -> None:
    keys = [each.key for each in ASSUMPTIONS]

    assert len(set(keys)) == len(keys)


def test_each_assumption_is_tested_by_one_check_by_the_order_or_at_the_connection() -> None:
    tested = [*CHECKS, *(each.key for each in ORDERS), "paper_account"]

    assert sorted(tested) == sorted(each.key for each in ASSUMPTIONS)


def test_the_document_is_what_the_command_prints() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == assumptions_document(), (
        "write it anew: steward probe --list > docs/assumptions.md"
    )
