"""What a person reads of a proposal: what would be traded otherwise, and the rest in sum."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.defaults import write_defaults
from bot.governance import RuleChange
from bot.replay import Comparison, Difference, Replayed
from bot.rules_commands import rules
from bot.rules_pages import TOLD, again_lines, review_page

if TYPE_CHECKING:
    from pathlib import Path

CHANGED = (RuleChange(key="condor.stop", adopted=2.0, proposed=3.0),)


def replayed(day: int, *differences: Difference) -> Replayed:
    return Replayed(
        session=dt.date(2026, 7, day),
        decision_version=3,
        comparison=Comparison.DIFFERENT if differences else Comparison.SAME,
        differences=differences,
    )


def difference(part: str, name: str) -> Difference:
    return Difference(part=part, name=name, before="a", after="b")


def page(*sessions: Replayed) -> str:
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(review_page(sessions, CHANGED))
    return " ".join(console.export_text().split())


def test_a_session_that_differs_in_figures_only_is_summed_and_not_counted() -> None:
    limit = difference("verdicts", "STOP condor:one limit")
    turned = difference("verdicts", "STOP condor:one passed")

    said = page(replayed(20, limit), replayed(21, turned, limit), replayed(22), replayed(23, limit))

    assert "1 of 4 sessions would differ" in said
    assert "2026-07-21 what in force proposed verdicts STOP condor:one passed a b" in said
    assert "no gate with them: 2 sessions, 2026-07-20 to 2026-07-23; --json lists them" in said


def test_a_proposal_that_changes_no_figure_says_no_more_than_that() -> None:
    said = page(replayed(20), replayed(21))

    assert "0 of 2 sessions would differ" in said
    assert "in figures only" not in said


def test_of_many_sessions_decided_again_each_tells_its_first_differences_and_counts_the_rest() -> (
    None
):
    many = replayed(20, *(difference("signals", f"figure {n:02d}") for n in range(23)))
    few = replayed(21, *(difference("signals", f"figure {n:02d}") for n in range(20)))

    first, second = ([*again_lines([each], limit=TOLD)] for each in (many, few))

    assert len(first) == 20 + 2
    assert first[19] == "2026-07-20: signals figure 19: was a, is b"
    assert first[20] == "2026-07-20: … and 3 more (`steward decide-again 2026-07-20` shows all)"
    assert len(second) == 20 + 1
    assert len([*again_lines([many])]) == 23 + 1


@pytest.mark.parametrize(
    ("name", "some", "without"),
    [
        ("condor", "condor.dte_target", "hedge.far.delta"),
        ("hedge.far", "hedge.far.delta", "hedge.near.delta"),
        ("roll_dte", "hedge.mid.roll_dte", "hedge.mid.delta"),
    ],
)
def test_the_rules_of_one_name_are_shown_alone(
    tmp_path: Path, name: str, some: str, without: str
) -> None:
    write_defaults(tmp_path)

    page = CliRunner().invoke(rules, ["show", name, "-p", str(tmp_path)])
    told = CliRunner().invoke(rules, ["show", name, "-p", str(tmp_path), "--json"])

    assert some in page.stdout
    assert without not in page.stdout
    values = json.loads(told.stdout)["values"]
    assert some in values
    assert without not in values


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["page", "json"])
def test_a_name_that_no_rule_has_is_refused_in_one_line_with_what_there_is(
    tmp_path: Path, form: list[str]
) -> None:
    write_defaults(tmp_path)

    done = CliRunner().invoke(rules, ["show", "condr", "-p", str(tmp_path), *form])

    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "'condr'" in line
    assert "condor, second_engine, hedge" in line
