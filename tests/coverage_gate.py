"""Hold the coverage report to its limits: what decides is covered whole, the rest to nine tenths.

``python tests/coverage_gate.py coverage.json`` prints one line for each group and every file that
keeps a group below its limit; it exits with 1 if there is one.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DECIDES = ("bot/core/", "strategies/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Files that share a limit, in percent of statements and branches."""

    name: str
    limit: float
    files: dict[str, dict[str, int]]

    @property
    def percent(self) -> float:
        """Covered statements and branches of all files together."""
        return _percent(self.files.values())

    @property
    def missing(self) -> list[str]:
        """Files below the limit, the worst first."""
        percents = {name: _percent([summary]) for name, summary in self.files.items()}
        below = sorted((value, name) for name, value in percents.items() if value < self.limit)
        return [f"  {value:6.2f} %  {name}" for value, name in below]


def _percent(summaries: Any) -> float:
    """Percentage as coverage itself counts it: branches are added to statements."""
    counts = [
        (
            each["covered_lines"] + each["covered_branches"],
            each["num_statements"] + each["num_branches"],
        )
        for each in summaries
    ]
    covered, total = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    return 100.0 * covered / total if total else 100.0


def groups(report: dict[str, Any]) -> tuple[Group, Group]:
    """Split the report of ``coverage json`` into what decides and the rest."""
    files = {name: entry["summary"] for name, entry in report["files"].items()}
    decides = {name: summary for name, summary in files.items() if name.startswith(DECIDES)}
    rest = {name: summary for name, summary in files.items() if name not in decides}
    return (
        Group(name="bot.core and strategies", limit=100.0, files=decides),
        Group(name="the rest", limit=90.0, files=rest),
    )


def main(path: str) -> int:
    """Print the groups; 0 when every limit holds."""
    failed = False
    for group in groups(json.loads(Path(path).read_text(encoding="utf-8"))):
        holds = group.percent >= group.limit
        failed |= not holds
        text = f"coverage of {group.name}: {group.percent:.2f} %, limit {group.limit:g} %"
        sys.stdout.write("\n".join([text, *(() if holds else group.missing)]) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
