"""The file of a sweep: what it tries, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import ConfigError
from bot.core.rules import Rules
from bot.evidence.grid import Cell, changed_rules, changed_settings, read_grid
from bot.evidence.settings import ReplaySettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Read = Callable[[str], tuple[Cell, ...]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reader(text: str) -> tuple[Cell, ...]:
        path = tmp_path / "grid.toml"
        path.write_text(text, encoding="utf-8")
        return read_grid(path, Rules())

    return reader


def faults(read: Read, text: str) -> str:
    with pytest.raises(ConfigError) as found:
        read(text)
    return str(found.value)


def test_every_combination_runs_on_every_history(read: Read) -> None:
    cells = read("""
        [rules]
        hedge.far.delta = [0.10, 0.15]
        "condor.balanced.put" = [0.10, 0.12]
        [settings]
        spread_share = [0.25, 1]
        [paths]
        bootstrap = 2
        seed = 7
        mean_block = 21
    """)

    assert len(cells) == 2 * 2 * 2 * 3
    assert [cell.seed for cell in cells[:3]] == [None, 7, 8]
    assert (cells[-1].rules.hedge.far.delta, cells[-1].rules.condor.balanced.put) == (0.15, 0.12)
    assert (cells[-1].settings.spread_share, cells[-1].mean_block) == (1.0, 21)
    assert cells[-1].changes == (
        ("hedge.far.delta", 0.15),
        ("condor.balanced.put", 0.12),
        ("spread_share", 1),
    )


def test_a_value_that_is_no_list_is_tried_alone(read: Read) -> None:
    (cell,) = read("settings.first = 2006-01-03\nrules.hedge.policy = 'promoter'")

    assert cell.settings == ReplaySettings(first=dt.date(2006, 1, 3))
    assert cell.rules.hedge.policy == "promoter"


def test_a_rule_that_is_a_list_has_a_list_of_lists(read: Read) -> None:
    cells = read("rules.condor.tiers = [['conservative'], ['balanced', 'conservative']]")

    assert [cell.rules.condor.tiers for cell in cells] == [
        ("conservative",),
        ("balanced", "conservative"),
    ]


def test_an_empty_file_is_the_base_on_the_recorded_history(read: Read) -> None:
    assert read("") == (Cell(rules=Rules(), settings=ReplaySettings()),)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("rules.hedge.far.dleta = [0.1]", "grid.toml: hedge.far.dleta"),
        ("rules.hedge.far.dleta = [0.1]", "did you mean hedge.far.delta?"),
        ("rules.hedge.far.delta = [0.1, 1.5]", "hedge.far.delta = 1.5: must be less than 1"),
        ("rules.hedge.far.delta = [0.6]", "must be less than hedge.near.delta = 0.5"),
        ("rules.hedge.far.delta = []", "hedge.far.delta = []: must name at least one value"),
        ("rules.condor.tiers = ['balanced']", "condor.tiers = "),
        ("rules.condor.event_gate.fomc = [true]", "condor.event_gate"),
        ("settings.spread = [1]", "settings.spread: unknown key, known are first, last"),
        ("settings.spread_share = [-1.0]", "spread_share must be >= 0, received -1"),
        ("settings.spread_share = ['half']", "spread_share = half"),
        ("settings.hedge = [1]", "hedge = 1"),
        ("paths.bootstrap = -1", "paths.bootstrap = "),
        ("paths.bootstraps = 2", "paths.bootstraps = "),
        ("paths.recorded = false", "an empty grid: no history to run on"),
        ("paths.bootstrap = 10000\nsettings.size = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "100010"),
        ("[rule]\nrate = [0.1]", "grid.toml:1: rule"),
        ("rules = [", "grid.toml: invalid TOML"),
        ("rules = 3", 'rules = "3": must be a table'),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(read: Read, text: str, named: str) -> None:
    assert named in faults(read, text)


def test_all_faults_are_named_at_once(read: Read) -> None:
    found = faults(
        read,
        """
        [rules]
        hedge.far.delta = [0.1, 2.0]
        condor.dte = [3]
        [settings]
        spread_share = [-1.0, -2.0]
        """,
    )

    assert "hedge.far.delta = 2.0" in found
    assert "condor.dte" in found
    assert "received -1" in found
    assert "received -2" in found


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        read_grid(tmp_path / "none.toml", Rules())


def test_changed_rules_are_checked_as_those_of_a_file_are() -> None:
    changed = changed_rules(Rules(), {"hedge.budget.delta_step": 0.0}, "variant")

    assert changed.hedge.budget.delta_step == 0
    assert changed_rules(changed, {"hedge.budget.delta_step": 0.05}, "variant") == Rules()
    with pytest.raises(ConfigError, match="variant: rate = 9"):
        changed_rules(Rules(), {"rate": 9}, "variant")


def test_a_setting_keeps_its_type() -> None:
    changed = changed_settings(ReplaySettings(), {"spread_share": 1, "hedge": False}, "x")

    assert (changed.spread_share, changed.hedge) == (1.0, False)
    assert isinstance(changed.spread_share, float)
