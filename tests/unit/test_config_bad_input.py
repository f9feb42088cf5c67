"""A rules file with many kinds of fault: all are named at once, with line, key, value and bound."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from bot.config import load_events, load_rules
from bot.core.errors import ConfigError
from bot.core.events import ended_types
from bot.tables import ended_text

if TYPE_CHECKING:
    from pathlib import Path

BAD = """\
[condor]
tiers = ["conservative", "conservative"]
daily = { conservative_credit = 1.2 }
credit_target = 1.15

[condor.conservative]
put = 0.0
call = 0.05

[condor.balanced]
put = 1.0
call = 0.05

[condor.aggressive]
put = -0.16
call = 0.08

[hedge.near]
contracts = 0
dte_maximum = 90

[hedge.mid]
contracts = 4.0

[hedge.far]
contracts = -2
delta = 1.2

[ladder]
steps = true
"""

FAULTS = (
    ':2: condor.tiers = ["conservative", "conservative"]: must not name one twice',
    ":3: condor.daily.conservative_credit = 1.2: must not exceed condor.daily.balanced_credit =",
    ":4: condor.credit_target: unknown key, did you mean ",
    ":7: condor.conservative.put = 0.0: must be greater than 0",
    ":11: condor.balanced.put = 1.0: must be less than 1",
    ":15: condor.aggressive.put = -0.16: must be greater than 0",
    ":19: hedge.near.contracts = 0: must be greater than or equal to 1",
    ":20: hedge.near.dte_maximum = 90: must be less than hedge.mid.dte_minimum = 80",
    ":23: hedge.mid.contracts = 4.0: must be a valid integer",
    ":26: hedge.far.contracts = -2: must be greater than or equal to 1",
    ":27: hedge.far.delta = 1.2: must be less than 1",
    ":30: ladder.steps = true: must be a valid integer",
)


def faults(folder: Path, text: str) -> list[str]:
    path = folder / "config" / "rules.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_rules(path)
    return [fault.removeprefix("config/rules.toml") for fault in caught.value.faults]


def test_every_fault_of_a_bad_rules_file_is_named_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, BAD)

    assert len(found) == len(FAULTS), found
    for fault, expected in zip(found, FAULTS, strict=True):
        assert fault.startswith(expected), fault


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[condor.conservative]\nput = 0.12\ncall = 0.05\n",
            ":2: condor.conservative.put = 0.12: must not exceed condor.balanced.put = 0.1",
        ),
        (
            "[condor]\naggressive.call = 0.05\nbalanced.call = 0.06\n",
            ":3: condor.balanced.call = 0.06: must not exceed condor.aggressive.call = 0.05",
        ),
        (
            "[hedge.far]\ndelta = 0.4\n[hedge.mid]\ndelta = 0.4\n",
            ":2: hedge.far.delta = 0.4: must be less than hedge.mid.delta = 0.4",
        ),
        (
            "[health]\nquick_ratio_entries = 1.0\n",
            "_reduce_only = 1.5: must not exceed health.quick_ratio_entries = 1.0",
        ),
    ],
)
def test_tiers_layers_and_bounds_keep_their_order(tmp_path: Path, text: str, expected: str) -> None:
    (fault,) = faults(tmp_path, text)

    assert fault.endswith(expected)


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "4.0", '"4"', "true", "1001", "nan", "[4]"])
@pytest.mark.parametrize("layer", ["near", "mid", "far"])
def test_contracts_are_positive_integers_or_a_fault(tmp_path: Path, layer: str, count: str) -> None:
    (fault,) = faults(tmp_path, f"[hedge.{layer}]\ncontracts = {count}\n")

    assert fault.startswith(f":2: hedge.{layer}.contracts = ")


@pytest.mark.parametrize("delta", ["0.0", "1.0", "-0.1", "1.5", "nan", "inf", '"0.1"', "true"])
@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("condor.balanced", "put"),
        ("condor.balanced", "call"),
        ("condor", "delta_floor"),
        ("hedge.near", "delta"),
        ("hedge.far", "delta"),
    ],
)
def test_delta_outside_of_its_open_interval_is_a_fault(
    tmp_path: Path, table: str, key: str, delta: str
) -> None:
    found = faults(tmp_path, f"[{table}]\n{key} = {delta}\n")

    assert any(fault.startswith(f":2: {table}.{key} = ") for fault in found), found


def test_events_whose_last_date_has_passed_are_named_by_file_key_value_and_bound(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config" / "events.toml"
    path.parent.mkdir()
    path.write_text("fomc = [2026-01-28]\ncpi = [2026-03-11]\nppi = []\n", encoding="utf-8")

    ended = ended_types(load_events(path), dt.date(2026, 3, 11))

    assert [ended_text(each).partition(": unknown")[0] for each in ended] == [
        "config/events.toml: fomc = ... 2026-01-28: must reach beyond the session",
        "config/events.toml: ppi = no date: must reach beyond the session",
    ]
