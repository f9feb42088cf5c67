"""The terms of the method and where each is: function, test, ledger, page.

``tests/terms.toml`` names them; each name is held against the code. Run it to write the document:
``PYTHONPATH=.:tests python tests/terms_table.py``.

What is *stored* is one of

- ``signal NAME`` or ``verdict CODE``, of a decision;
- ``column TABLE.NAME``, of the ledger;
- ``snapshot FIELD`` or ``intent FIELD``, stored whole with the decision;
- ``reason TEXT``, of an intent;
- ``evidence TITLE``, a table of the page of ``steward evidence``: nothing is stored of it.

What is *shown* is the section of ``steward review --full``, of ``steward explain`` or of the demo's
summary that has it.
"""

from __future__ import annotations

import ast
import importlib
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.core import plan
from bot.core.decision import OrderIntent
from bot.core.model import MarketSnapshot
from bot.ledger.store import Ledger
from bot.review.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).parents[1]
REGISTRY: Final = ROOT / "tests" / "terms.toml"
DOCUMENT: Final = ROOT / "docs" / "terms.md"
HEAD: Final = """# Terms of the method

Each term with the function that computes it, the test that holds it to an independent answer, where
the ledger keeps it and which section of `steward review --full` shows it. Written by
`tests/terms_table.py` from `tests/terms.toml`; a test holds every name in it to the code.

| section | term | function | test | ledger | page |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term."""

    section: int
    name: str
    function: str
    test: str
    stored: str
    shown: str | None = None


def terms() -> tuple[Term, ...]:
    """Read the registry."""
    tables = tomllib.loads(REGISTRY.read_text(encoding="utf-8"))["term"]
    return tuple(Term(**table) for table in tables)


def faults(term: Term, known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield what a term names that does not exist.

    Parameters
    ----------
    term
        The term.
    known
        What can be stored, by kind: see the module.
    """
    if not exists(term.function):
        yield f"{term.name}: no function {term.function}"
    path, _, test = term.test.partition("::")
    if test not in tests_of(path):
        yield f"{term.name}: no test {term.test}"
    kind, _, stored = term.stored.partition(" ")
    there = stored in evidence() if kind == "evidence" else stored in known.get(kind, frozenset())
    if not there:
        yield f"{term.name}: nothing is stored as {term.stored!r}"
    if term.shown is not None and term.shown not in sections():
        yield f"{term.name}: no section {term.shown!r} of a page"


def exists(name: str) -> bool:
    """Whether a dotted name leads to a function, or to a property of a class."""
    module, _, last = name.rpartition(".")
    owner, _, kind = module.rpartition(".")
    if kind[:1].isupper():
        return hasattr(getattr(importlib.import_module(owner), kind, None), last)
    return callable(getattr(importlib.import_module(module), last, None))


@cache
def tests_of(path: str) -> frozenset[str]:
    """Return the names of the tests in a file, none if there is no such file."""
    file = ROOT / path
    if not path or not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@cache
def sections() -> str:
    """Return all text of the pages of a review."""
    pages = sorted((ROOT / "bot" / "review").glob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in pages)


@cache
def evidence() -> str:
    """Return all text of the modules that make the page of the evidence."""
    modules = sorted((ROOT / "bot" / "evidence").glob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in modules)


def stored_names(folder: Path, signals: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return what can be stored, by kind.

    Parameters
    ----------
    folder
        Where a ledger may be made.
    signals
        Names of the signals of a decision.
    """
    with Ledger.open(folder / "terms.db") as ledger:
        rows = ledger.rows(
            "SELECT t.name || '.' || c.name AS name FROM pragma_table_list t "
            "JOIN pragma_table_info(t.name) c WHERE t.schema = 'main'"
        )
    return {
        "signal": signals,
        "verdict": frozenset(WORDS),
        "column": frozenset(row["name"] for row in rows),
        "snapshot": frozenset(field.name for field in fields(MarketSnapshot)),
        "intent": frozenset(field.name for field in fields(OrderIntent)),
        "reason": frozenset(value for value in vars(plan).values() if isinstance(value, str)),
    }


def document() -> str:
    """Return the table in Markdown."""
    return HEAD + "".join(f"| {' | '.join(_cells(term))} |\n" for term in terms())


def _cells(term: Term) -> tuple[str, ...]:
    code = [f"`{name}`" for name in (term.function, term.test, term.stored)]
    return (str(term.section), term.name, *code, term.shown or "")


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
