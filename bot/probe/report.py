"""The probe's findings as lines for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final

from bot.probe.assumptions import ASSUMPTIONS
from bot.probe.findings import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.probe.assumptions import Assumption
    from bot.probe.findings import Finding
    from bot.probe.runner import Report

STATUS_WIDTH: Final = max(len(status.value) for status in Status)
KEY_WIDTH: Final = max(len(each.key) for each in ASSUMPTIONS)


def report_lines(report: Report) -> Iterator[str]:
    """Yield a line for each assumption, what follows from one that does not hold, and a sum."""
    for each in ASSUMPTIONS:
        yield from _lines(each, report.findings[each.key])
    counts = Counter(finding.status for finding in report.findings.values())
    yield ", ".join(f"{counts[status]} {status.value}" for status in Status if counts[status])


def _lines(assumption: Assumption, finding: Finding) -> Iterator[str]:
    yield f"{finding.status.value:<{STATUS_WIDTH}}  {assumption.key:<{KEY_WIDTH}}  {finding.text}"
    if finding.status in {Status.DIFFERS, Status.NOT_PERMITTED}:
        indent = " " * (STATUS_WIDTH + 2)
        yield f"{indent}assumed:   {assumption.statement}"
        yield f"{indent}otherwise: {assumption.otherwise}"


def report_json(report: Report) -> str:
    """Return the report for programs; its keys are stable."""
    rows = [
        {
            "key": each.key,
            "status": report.findings[each.key].status.value,
            "text": report.findings[each.key].text,
            "statement": each.statement,
            "relied_on_by": list(each.relied_on_by),
            "otherwise": each.otherwise,
        }
        for each in ASSUMPTIONS
    ]
    head = {"at": report.at.isoformat(), "all_hold": report.all_hold}
    return json.dumps({**head, "assumptions": rows}, indent=2)
