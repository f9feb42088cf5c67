"""``steward status`` names rules that wait, and takes nothing else for a proposal."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.config import canonical_text, load_rules
from bot.core.rules import Rules
from bot.defaults import write_defaults
from bot.ledger.store import Ledger
from bot.project import rules_path
from bot.review.proposal import proposed_keys
from bot.review.status import read_status, render_status
from ledger_facts import AT

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = canonical_text(Rules())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose rules are in force as they were shipped."""
    write_defaults(tmp_path)
    (tmp_path / "ledger").mkdir()
    with Ledger.open(tmp_path / "ledger" / "steward.db", durable=False) as ledger:
        ledger.save_config("rules", "{}", sha256="old", at=AT, reason="an older version")
        ledger.save_config("rules", SHIPPED, sha256="new", at=AT, reason="first start")
    return tmp_path


def change(project: Path, old: str, new: str) -> None:
    path = rules_path(project)
    text = path.read_text(encoding="utf-8")
    assert text.count(f"\n{old}\n") == 1
    path.write_text(text.replace(f"\n{old}\n", f"\n{new}\n"), encoding="utf-8")


def line_of_rules(project: Path) -> list[str]:
    lines = render_status(project).splitlines()
    return [line for line in lines if line.startswith("rules")]


def test_a_proposal_that_waits_is_named_in_one_line_with_how_to_see_it(project: Path) -> None:
    change(project, "dte_target = 35", "dte_target = 30")

    (line,) = line_of_rules(project)

    assert line == (
        "rules       a proposal waits: condor.dte_target · `steward rules diff` shows it"
    )


def test_of_a_proposal_of_many_keys_the_first_is_named_and_the_others_counted(
    project: Path,
) -> None:
    change(project, "dte_target = 35", "dte_target = 30")
    change(project, "calm_vix = 20.0", "calm_vix = 18.0")

    assert "condor.dte_target and 1 more" in line_of_rules(project)[0]
    assert read_status(project).proposal == ("condor.dte_target", "signals.calm_vix")


def test_no_proposal_is_no_line(project: Path) -> None:
    assert line_of_rules(project) == []
    assert read_status(project).proposal == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [("dte_target = 35", "# dte_target = 35"), ("calm_vix = 20.0", "calm_vix = 20")],
    ids=["left at its default", "written otherwise"],
)
def test_what_changes_no_rule_is_no_proposal(project: Path, old: str, new: str) -> None:
    change(project, old, new)

    assert load_rules(rules_path(project))[0] == Rules()
    assert line_of_rules(project) == []


def test_a_key_left_out_proposes_its_default_in_place_of_what_is_in_force(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("")
    held = replace(Rules(), condor=replace(Rules().condor, dte_target=30))

    assert proposed_keys(path, canonical_text(held)) == ("condor.dte_target",)


def test_rules_in_force_of_an_older_version_lack_a_key_that_the_file_has_at_its_default(
    project: Path,
) -> None:
    older = json.loads(SHIPPED)
    del older["condor"]["dte_target"]

    assert proposed_keys(rules_path(project), json.dumps(older)) == ()


@pytest.mark.parametrize("text", ["[condor\n", None], ids=["no TOML", "no file"])
def test_a_file_that_cannot_be_read_is_said_to_be(project: Path, text: str | None) -> None:
    rules_path(project).unlink()
    if text is not None:
        rules_path(project).write_text(text)

    assert read_status(project).proposal is None
    assert "cannot be read; the rules in force go on" in line_of_rules(project)[0]


def test_before_the_first_start_nothing_waits(project: Path) -> None:
    change(project, "dte_target = 35", "dte_target = 30")

    assert proposed_keys(rules_path(project), None) == ()


def test_the_status_is_told_without_what_validates_and_counts() -> None:
    asked = "import sys, bot.review.status; print({'pandas', 'pydantic', 'numpy'} & {*sys.modules})"

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
