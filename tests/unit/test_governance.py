"""Rules are adopted by a person, with a reason; until then a changed file is a proposal."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from bot.config import canonical_text, fingerprint, load_rules
from bot.core.errors import ConfigError, LedgerError
from bot.core.rules import Rules
from bot.defaults import write_defaults
from bot.doctor import _rules
from bot.governance import (
    COMPLETED,
    FIRST_START,
    KIND,
    adopt,
    adopted_rules,
    proposal,
    rules_for,
    standing,
)
from bot.ledger.store import Ledger
from bot.project import load_project
from ledger_facts import AT, NEXT, SESSION, begin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.doctor_gateway import Finding
    from bot.governance import InForce

LATER = AT + dt.timedelta(days=1)
TWO_FAULTS = "condor.dte_target = 0.5\ncondor.balanced.put = 2\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_defaults(tmp_path)
    return tmp_path


@pytest.fixture
def path(project: Path) -> Path:
    return project / "config" / "rules.toml"


@pytest.fixture
def ledger(project: Path) -> Iterator[Ledger]:
    with Ledger.open(load_project(project).settings.ledger.path) as opened:
        yield opened


def propose(path: Path, old: str = "dte_target = 35", new: str = "dte_target = 30") -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def start(ledger: Ledger, path: Path, session: dt.date = SESSION, *, dry: bool = False) -> InForce:
    return rules_for(ledger, session, dry=dry, first=Rules(), path=path, at=AT)


def alerts(ledger: Ledger) -> list[tuple[str, str]]:
    return [(row["code"], row["text"]) for row in ledger.rows("SELECT code, text FROM alerts")]


def test_the_first_start_adopts_the_file(ledger: Ledger, path: Path) -> None:
    found = start(ledger, path)

    (version,) = ledger.config_history(KIND)
    assert found.rules == Rules()
    assert version.reason == FIRST_START
    assert not version.by_person
    assert version.sha256 == found.sha256 == load_rules(path)[1]
    assert alerts(ledger) == []


def test_a_changed_file_is_a_proposal_that_is_said_once(ledger: Ledger, path: Path) -> None:
    start(ledger, path)
    propose(path)

    found = [start(ledger, path, session) for session in (SESSION, NEXT)]

    assert [each.rules for each in found] == [Rules(), Rules()]
    ((code, text),) = alerts(ledger)
    assert code == "RULES_PROPOSED"
    assert "condor.dte_target" in text


def test_another_proposal_is_said_anew(ledger: Ledger, path: Path) -> None:
    start(ledger, path)
    propose(path)
    start(ledger, path)
    propose(path, "dte_target = 30", "dte_target = 31")
    start(ledger, path)

    assert [code for code, _ in alerts(ledger)] == ["RULES_PROPOSED"] * 2


def test_a_comment_is_no_proposal(ledger: Ledger, path: Path) -> None:
    start(ledger, path)
    path.write_text(f"# a thought\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    start(ledger, path)

    assert alerts(ledger) == []
    assert standing(ledger, path).waiting == ()


def test_the_adopted_rules_go_on_beside_a_faulty_file_whose_every_fault_is_said(
    ledger: Ledger, path: Path
) -> None:
    start(ledger, path)
    path.write_text(TWO_FAULTS, encoding="utf-8")

    found = [start(ledger, path, session) for session in (SESSION, NEXT)]

    assert [each.rules for each in found] == [Rules(), Rules()]
    ((code, text),) = alerts(ledger)
    assert code == "RULES_FAULTY"
    assert "condor.dte_target = 0.5" in text
    assert "condor.balanced.put = 2" in text


def test_a_project_with_a_faulty_file_loads_with_the_rules_in_force(
    project: Path, ledger: Ledger, path: Path
) -> None:
    path.write_text(TWO_FAULTS, encoding="utf-8")
    with pytest.raises(ConfigError, match="dte_target"):
        load_project(project)
    ledger.save_config(KIND, canonical_text(Rules()), sha256="ab", at=AT, reason=FIRST_START)

    loaded = load_project(project)

    assert loaded.rules == Rules()
    assert loaded.rules_sha256 == "ab"
    assert len(loaded.rules_faults) == 2


def test_an_adoption_records_who_why_when_and_both_hashes(ledger: Ledger, path: Path) -> None:
    before = start(ledger, path)
    propose(path)

    (change,) = adopt(ledger, path, reason=" less time at risk ", at=LATER)

    first, second = ledger.config_history(KIND)
    assert (change.key, change.adopted, change.proposed) == ("condor.dte_target", 35, 30)
    assert second.by_person
    assert second.reason == "less time at risk"
    assert dt.datetime.fromisoformat(second.adopted_at) == LATER
    assert second.replaces_sha256 == first.sha256 == before.sha256
    assert second.sha256 == load_rules(path)[1]


def test_an_adoption_works_beside_a_bot_that_has_the_ledger(ledger: Ledger, path: Path) -> None:
    start(ledger, path)
    propose(path)

    with pytest.raises(LedgerError):
        Ledger.open(ledger.path)
    with Ledger.open_beside(ledger.path) as beside:
        adopt(beside, path, reason="a reason", at=LATER)

    assert start(ledger, path, NEXT).rules.condor.dte_target == 30


def test_a_session_that_has_begun_keeps_its_rules_and_the_next_takes_the_adopted(
    ledger: Ledger, path: Path
) -> None:
    before = start(ledger, path)
    run_id = ledger.begin_run(version="0", mode="simulated", account_redacted="DU", at=AT)
    ledger.start_session(SESSION, run_id=run_id, dry=False, at=AT, rules_sha256=before.sha256)
    propose(path)
    adopt(ledger, path, reason="a reason", at=LATER)

    assert start(ledger, path, SESSION) == before
    assert start(ledger, path, NEXT).rules.condor.dte_target == 30


def test_a_session_begun_by_a_version_that_kept_no_rules_takes_those_in_force(
    ledger: Ledger, path: Path
) -> None:
    before = start(ledger, path)
    begin(ledger)

    assert start(ledger, path, SESSION) == before


@pytest.mark.parametrize(
    ("reason", "text", "words"),
    [
        (" ", None, "an adoption needs a reason"),
        ("a reason", None, "are in force already"),
        ("a reason", TWO_FAULTS, "condor.balanced.put = 2"),
    ],
)
def test_an_adoption_is_refused_and_changes_nothing(
    ledger: Ledger, path: Path, reason: str, text: str | None, words: str
) -> None:
    start(ledger, path)
    if text is not None:
        path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=words):
        adopt(ledger, path, reason=reason, at=LATER)

    assert len(ledger.config_history(KIND)) == 1


def test_nothing_is_adopted_before_the_first_start(ledger: Ledger, path: Path) -> None:
    with pytest.raises(ConfigError, match="the first start adopts"):
        adopt(ledger, path, reason="a reason", at=AT)
    with pytest.raises(ConfigError, match="the first start adopts"):
        proposal(ledger, path)


def test_there_is_no_adoption_without_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger"):
        Ledger.open_beside(tmp_path / "none.db")


def test_rules_of_an_earlier_version_are_completed_by_the_defaults_of_new_keys(
    ledger: Ledger, path: Path
) -> None:
    earlier = json.loads(canonical_text(Rules()))
    del earlier["condor"]["event_gate"]
    earlier["condor"]["dte_target"] = 33
    ledger.save_config(KIND, json.dumps(earlier), sha256="ab", at=AT, reason=FIRST_START)

    found = start(ledger, path)

    assert found.rules.condor.event_gate
    assert found.rules.condor.dte_target == 33
    _, completed = ledger.config_history(KIND)
    assert (completed.reason, completed.by_person) == (COMPLETED, False)
    assert completed.sha256 == found.sha256 == fingerprint(found.rules)


def test_rules_that_this_version_cannot_read_are_never_guessed(ledger: Ledger, path: Path) -> None:
    strange = json.dumps({"condor": {"moon_phase": 3}})
    ledger.save_config(KIND, strange, sha256="ab", at=AT, reason=FIRST_START)

    with pytest.raises(ConfigError, match="moon_phase"):
        start(ledger, path)
    assert {change.key for change in adopt(ledger, path, reason="anew", at=LATER)} == {
        "condor.moon_phase"
    }
    assert adopted_rules(ledger) == start(ledger, path)


def test_a_check_says_which_rules_are_in_force_and_what_waits(
    project: Path, ledger: Ledger, path: Path
) -> None:
    before = finding(project)
    start(ledger, path)
    in_force = finding(project)
    propose(path)
    waiting = finding(project)
    path.write_text(TWO_FAULTS, encoding="utf-8")
    faulty = finding(project)

    assert before.text == "the first start adopts config/rules.toml"
    assert in_force.text.endswith(f"in force since {AT.date()} (first start)")
    assert "a proposal changes 1 values: `steward rules review`" in waiting.text
    assert "condor.balanced.put = 2" in faulty.text
    assert [each.passed for each in (before, in_force, waiting, faulty)] == [
        True,
        True,
        True,
        False,
    ]


def finding(project: Path) -> Finding:
    """What ``steward check`` says about the rules."""
    return _rules(load_project(project))
