"""The audit gate: what fails, what is only said, and what was not audited at all."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from audit_gate import ALL, RUNTIME, Report, locked_names, read_report, verdict

if TYPE_CHECKING:
    from pathlib import Path

ADVISORY = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "aliases": [], "description": "…"}


def report(*packages: dict[str, object]) -> Report:
    """Read packages as pip-audit lists them."""
    return read_report(json.dumps({"dependencies": packages, "fixes": []}))


CLEAN = {"name": "rich", "version": "15.0.0", "vulns": []}
VULNERABLE = {"name": "pandas", "version": "1.0", "vulns": [ADVISORY]}
NOT_KNOWN = {"name": "pandas", "skip_reason": "Dependency not found"}


def test_a_vulnerability_of_what_runs_fails() -> None:
    assert verdict(report(CLEAN, VULNERABLE), {"pandas", "rich"}) == (
        1,
        [
            "audit: runtime: pandas 1.0: PYSEC-2026-1: mended in 2.0",
            "audit: 2 packages, 1 vulnerabilities",
        ],
    )


def test_a_vulnerability_of_a_development_tool_is_only_said() -> None:
    assert verdict(report(CLEAN, VULNERABLE), {"rich"}) == (
        0,
        [
            "audit: development: pandas 1.0: PYSEC-2026-1: mended in 2.0",
            "audit: 2 packages, 1 vulnerabilities",
        ],
    )


def test_a_database_out_of_reach_is_said_and_does_not_fail() -> None:
    assert verdict(None, {"rich"}) == (
        0,
        ["audit: skipped: no vulnerability database answered (pypi, osv)"],
    )


def test_a_database_that_knows_no_package_has_audited_nothing() -> None:
    code, lines = verdict(report(NOT_KNOWN), {"pandas"})

    assert (code, lines) == (
        0,
        ["audit: skipped: no vulnerability database answered (pypi, osv)"],
    )


def test_a_package_that_the_database_does_not_know_is_named() -> None:
    code, lines = verdict(report(CLEAN, NOT_KNOWN), {"pandas", "rich"})

    assert (code, lines[0]) == (0, "audit: not in the database: pandas")


def pins(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes of each package in a lock."""
    blocks = re.split(r"(?m)^(?=[a-z])", path.read_text(encoding="utf-8"))[1:]
    found = {}
    for block in blocks:
        name, _, rest = block.partition("==")
        found[name] = (rest.split()[0], frozenset(re.findall(r"sha256:([0-9a-f]{64})", block)))
    return found


def test_the_runtime_lock_is_a_part_of_the_whole_one() -> None:
    every, running = pins(ALL), pins(RUNTIME)

    assert {name: pin for name, pin in running.items() if every.get(name) != pin} == {}


def test_no_development_tool_is_in_the_runtime_lock() -> None:
    tools = {"pytest", "mypy", "ruff", "hypothesis", "coverage", "import-linter", "pip-audit"}

    assert locked_names(RUNTIME.read_text(encoding="utf-8")) & tools == set()


def test_names_are_read_from_a_lock() -> None:
    text = "# made\nta-lib==0.8.2 \\\n    --hash=sha256:00\n    # via steward\npip==26.3 \\\n"

    assert locked_names(text) == {"ta-lib", "pip"}
