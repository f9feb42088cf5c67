"""The code that a result depends on: all that a replay runs, and none of the pages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import EvidenceError
from bot.evidence import code_stamp
from bot.evidence.code_stamp import ROOTS, deciding_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MADE = {
    "__init__": "",
    "near": "from bot_made import far\nif TYPE_CHECKING:\n    import bot_made.typed\n",
    "far": "def late():\n    from bot_made.nested.leaf import number\n",
    "nested/__init__": "import numpy\n",
    "nested/leaf": "number = 1\n",
    "typed": "",
    "page": "import bot_made.near\n",
}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package `bot_made`, installed as ours are."""
    for name, text in MADE.items():
        path = tmp_path / "bot_made" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code_stamp, "OURS", ("bot_made",))
    monkeypatch.setattr(code_stamp, "ROOTS", ("bot_made.near",))
    yield tmp_path / "bot_made"
    sys.modules.pop("bot_made", None)


def stamp() -> str:
    return code_stamp.code_stamp.__wrapped__()


def test_code_counts_that_is_imported_from_a_package_in_a_function_or_above(made: Path) -> None:
    found = deciding_code("bot_made.near")

    assert sorted(found) == [
        *("bot_made", "bot_made.far", "bot_made.near", "bot_made.nested", "bot_made.nested.leaf"),
    ]
    assert found["bot_made.nested"] == made / "nested" / "__init__.py"


def test_the_stamp_changes_with_what_runs_and_with_nothing_else(made: Path) -> None:
    first = stamp()
    for name in ("page", "typed"):
        (made / f"{name}.py").write_text("changed = True\n", encoding="utf-8")
    pages = stamp()
    (made / "nested" / "leaf.py").write_text("number = 2\n", encoding="utf-8")

    assert pages == first
    assert stamp() != first


def test_a_root_that_is_not_there_is_named(made: Path) -> None:
    (made / "near.py").unlink()

    with pytest.raises(EvidenceError, match=r"bot_made\.near: not among"):
        deciding_code("bot_made.near")


def test_what_decides_prices_fills_and_measures_is_in_the_stamp_and_no_page_is() -> None:
    found = deciding_code(*ROOTS)

    for name in (
        *("bot.core.decide", "bot.core.rules", "strategies", "strategies.alvh", "bot.calendars"),
        *("bot.surfaces.vix_surface", "bot.surfaces.commissions", "bot.evidence.fills"),
        *("bot.evidence.settings", "bot.evidence.sizes", "bot.evidence.figures"),
    ):
        assert name in found
    pages = ("report", "claims", "verdict", "study", "spikes", "segments", "rivals", "choice")
    assert not {f"bot.evidence.{name}" for name in pages} & set(found)
    assert not [name for name in found if name.startswith(("bot.ledger", "bot.review"))]
