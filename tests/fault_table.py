"""The rows of the fault catalogue and the whole-bot tests that bear their numbers.

Run it to print the table: ``python tests/fault_table.py``.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROWS = range(1, 66)
LIBRARY_ROWS = (2, 8, 12, 14, 16, 17, 26, 28, 41, 43, 45, 46, 47, 64)
"""Rows that come from the client library: a script that trusts it fails them."""

SCENARIOS = Path(__file__).parent / "scenario"
NAME = re.compile(r"test_fault_(\d+)_")


def fault_tests() -> dict[int, list[str]]:
    """Return the tests of each row, as file and name."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted(SCENARIOS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (number := NAME.match(node.name)):
                found[int(number[1])].append(f"{path.relative_to(SCENARIOS)}::{node.name}")
    return found


def table() -> str:
    """Return the rows with their tests in Markdown."""
    found = fault_tests()
    lines = [f"| {number} | {'<br>'.join(found[number]) or '-'} |" for number in ROWS]
    return "\n".join(["| row | tests |", "|---|---|", *lines])


if __name__ == "__main__":
    print(table())  # noqa: T201 - the table is what is asked for
