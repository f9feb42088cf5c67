"""The coverage gate: two limits, and the files that miss them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from coverage_gate import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def report(path: Path, **covered: int) -> str:
    """Write a report of files with 80 statements and 20 branches, so many of them covered."""
    files = {
        name.replace("__", "/") + ".py": {
            "summary": {
                "covered_lines": min(count, 80),
                "num_statements": 80,
                "covered_branches": max(count - 80, 0),
                "num_branches": 20,
            }
        }
        for name, count in covered.items()
    }
    path.write_text(json.dumps({"files": files}))
    return str(path)


def test_what_decides_is_covered_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = report(tmp_path / "c.json", bot__core__risk=100, strategies__alvh=99, bot__cycle=90)

    assert main(path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "coverage of bot.core and strategies: 99.50 %, limit 100 %",
        "   99.00 %  strategies/alvh.py",
        "coverage of the rest: 90.00 %, limit 90 %",
    ]


def test_of_the_rest_nine_tenths_together_are_enough(tmp_path: Path) -> None:
    path = report(tmp_path / "c.json", bot__core__risk=100, bot__cycle=100, bot__cli=80)

    assert main(path) == 0


def test_below_nine_tenths_is_refused(tmp_path: Path) -> None:
    assert main(report(tmp_path / "c.json", bot__core__risk=100, bot__cycle=89)) == 1
