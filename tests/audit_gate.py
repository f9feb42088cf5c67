"""Audit what is locked for known vulnerabilities; fail only for what runs beside the account.

``pip-audit`` says *no known vulnerabilities* also when its database knew none of the packages,
and ends in a traceback when it cannot be reached. Here both are what they are: not audited,
said in one line, and no failure. A vulnerability in a package of ``deploy/runtime.lock`` fails;
one in a development tool is printed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
ALL, RUNTIME = ROOT / "requirements.lock", ROOT / "deploy" / "runtime.lock"
SERVICES = ("pypi", "osv")
TIMEOUT_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one database said: the packages it knew, those it did not, and what it found."""

    audited: tuple[str, ...]
    unknown: tuple[str, ...]
    found: tuple[tuple[str, str], ...]
    """Package, and the vulnerability with the versions that mend it."""


def read_report(text: str) -> Report:
    """Read the JSON report of ``pip-audit``."""
    packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
    return Report(
        audited=tuple(each["name"] for each in packages if "skip_reason" not in each),
        unknown=tuple(each["name"] for each in packages if "skip_reason" in each),
        found=tuple(
            (each["name"], _described(each, vulnerability))
            for each in packages
            for vulnerability in each.get("vulns", ())
        ),
    )


def _described(package: dict[str, Any], vulnerability: dict[str, Any]) -> str:
    mended = ", ".join(vulnerability["fix_versions"]) or "no version yet"
    return f"{package['name']} {package['version']}: {vulnerability['id']}: mended in {mended}"


def locked_names(text: str) -> frozenset[str]:
    """Return the names of the packages that a lock pins."""
    return frozenset(re.findall(r"(?m)^([a-z0-9-]+)==", text))


def verdict(report: Report | None, runtime: Iterable[str]) -> tuple[int, list[str]]:
    """Return the exit code and the lines to print; no report is a database out of reach."""
    if report is None or not report.audited:
        return 0, [f"audit: skipped: no vulnerability database answered ({', '.join(SERVICES)})"]
    running = set(runtime)
    grave = [text for name, text in report.found if name in running]
    lines = [f"audit: runtime: {text}" for text in grave]
    lines += [f"audit: development: {text}" for name, text in report.found if name not in running]
    if report.unknown:
        lines.append(f"audit: not in the database: {', '.join(report.unknown)}")
    lines.append(f"audit: {len(report.audited)} packages, {len(report.found)} vulnerabilities")
    return int(bool(grave)), lines


def ask(service: str) -> Report | None:
    """Ask one database about everything locked; ``None`` if it does not answer."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "report.json"
        options = ("--require-hashes", "--disable-pip", "--progress-spinner", "off")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(ALL), *options]
        command += ["--vulnerability-service", service, "--format", "json", "--output", str(output)]
        try:
            subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        return read_report(output.read_text(encoding="utf-8")) if output.exists() else None


def main() -> int:
    """Ask the databases in turn until one knows the packages."""
    report = None
    for service in SERVICES:
        report = ask(service)
        if report and report.audited:
            break
    code, lines = verdict(report, locked_names(RUNTIME.read_text(encoding="utf-8")))
    print("\n".join(lines))  # noqa: T201 - the command's output
    return code


if __name__ == "__main__":
    sys.exit(main())
