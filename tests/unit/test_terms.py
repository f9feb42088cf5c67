"""Every term of the method is somewhere: each name in the table is held against the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import builders
from bot.core.rules import Rules
from strategies import decide
from terms_table import DOCUMENT, Term, document, faults, stored_names, terms

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def known(tmp_path: Path) -> dict[str, frozenset[str]]:
    """What can be stored, by kind."""
    decision = decide(builders.market(), builders.book(), Rules())
    return stored_names(tmp_path, frozenset(signal.name for signal in decision.signals))


def test_every_term_has_its_function_its_test_its_place_and_its_page(
    known: dict[str, frozenset[str]],
) -> None:
    assert [fault for term in terms() for fault in faults(term, known)] == []


def test_a_name_that_does_not_exist_is_found(known: dict[str, frozenset[str]]) -> None:
    term = Term(
        section=2,
        name="Moon phase",
        function="bot.core.indicators.moon_phase",
        test="tests/unit/core/test_core_indicators.py::test_the_moon",
        stored="signal moon_phase",
        shown="The moon",
    )

    assert len(list(faults(term, known))) == 4


def test_every_section_of_the_method_has_its_terms() -> None:
    assert {term.section for term in terms()} >= set(range(1, 11))


def test_no_term_is_named_twice() -> None:
    names = [(term.section, term.name) for term in terms()]

    assert len(names) == len(set(names))


def test_the_document_says_what_the_registry_says() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document()
