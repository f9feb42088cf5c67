"""Configuration files: what is read, and how every fault is named."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from bot.config import (
    canonical_text,
    edit_kill_switch,
    load_events,
    load_rules,
    load_settings,
)
from bot.core.book import TradingState
from bot.core.errors import ConfigError
from bot.core.model import EventTable
from bot.core.rules import Rules
from bot.defaults import write_defaults
from bot.settings import Settings
from config_keys import keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = "must be a paper account, DU or DF and digits: steward never trades another"
SMALLEST = '[broker]\naccount = "DU1234567"\n[kill_switch]\nstate = "active"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_defaults(tmp_path)
    return tmp_path


def faults(path: Path, text: str, load: Callable[[Path], object]) -> list[str]:
    """Write `text`, load it, and return the faults without the file's name."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    prefix = f"config/{path.name}"
    assert all(fault.startswith(prefix) for fault in caught.value.faults)
    return [fault.removeprefix(prefix) for fault in caught.value.faults]


def rules_faults(folder: Path, text: str) -> list[str]:
    return faults(folder / "config" / "rules.toml", text, load_rules)


def settings_faults(folder: Path, text: str) -> list[str]:
    return faults(folder / "config" / "steward.toml", text, load_settings)


def events_faults(folder: Path, text: str) -> list[str]:
    return faults(folder / "config" / "events.toml", text, load_events)


def test_shipped_settings_send_to_the_gateway_of_this_machine_in_paper_mode(project: Path) -> None:
    settings = load_settings(project / "config" / "steward.toml")

    assert (settings.broker.mode, settings.broker.host, settings.broker.port) == (
        "paper",
        "127.0.0.1",
        4002,
    )
    assert settings.schedule.decide_at == dt.time(15, 30)
    assert settings.schedule.decide_at_half_day == dt.time(12, 30)
    assert settings.kill_switch.state is TradingState.ACTIVE


def test_relative_paths_start_at_the_project_folder(project: Path) -> None:
    settings = load_settings(project / "config" / "steward.toml")

    assert settings.ledger.path == project / "ledger" / "steward.db"
    assert settings.logs.folder == project / "logs"


def test_an_absolute_path_stays_as_it_is(project: Path) -> None:
    path = project / "config" / "steward.toml"
    path.write_text(f'{SMALLEST}[ledger]\npath = "/var/lib/steward/ledger.db"\n')

    assert str(load_settings(path).ledger.path) == "/var/lib/steward/ledger.db"


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats()
    | st.dates()
    | st.times()
    | st.sampled_from(["", "paper", "halt", "DU1234567", "15:30", "2026-01-28", "SPXW"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["put", "state", "path", "zebra"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(data=st.data())
def test_no_value_in_any_place_escapes_as_another_exception(data: st.DataObject) -> None:
    load, schema = data.draw(
        st.sampled_from([(load_settings, Settings), (load_rules, Rules), (load_events, EventTable)])
    )
    path = data.draw(st.sampled_from(sorted(keys_of(schema)))).split(".")
    path = path[: data.draw(st.integers(1, len(path)))]
    *tables, key = path
    tree: dict[str, object] = {key: data.draw(VALUES)}
    for table in reversed(tables):
        tree = {table: tree}

    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(ConfigError):
        file = Path(folder) / "some.toml"
        file.write_text(tomlkit.dumps(tree), encoding="utf-8")
        load(file)


def test_nesting_without_end_is_a_fault(tmp_path: Path) -> None:
    assert "invalid TOML" in rules_faults(tmp_path, f"rate = {'[' * 5000}")[0]


def test_one_fault_names_file_line_key_value_and_bound(tmp_path: Path) -> None:
    text = "[condor]\nbalanced = { put = 1.5, call = 0.05 }\n"

    assert rules_faults(tmp_path, text) == [":2: condor.balanced.put = 1.5: must be less than 1"]


def test_all_faults_of_a_file_are_listed_at_once_in_its_order(tmp_path: Path) -> None:
    text = """rat = 0.04
rate = nan
[signals]
rsi_period = "14"
macd_fast = 30
[condor]
tiers = ["bold"]
dte_taget = 30
vix_low = 25.0
[ladder]
steps = true
"""

    assert rules_faults(tmp_path, text) == [
        ":1: rat: unknown key, did you mean rate?",
        ":2: rate = NaN: must be a finite number",
        ':4: signals.rsi_period = "14": must be a valid integer',
        ":5: signals.macd_fast = 30: must be less than signals.macd_slow = 26",
        """:7: condor.tiers = "bold": must be 'conservative', 'balanced' or 'aggressive'""",
        ":8: condor.dte_taget: unknown key, did you mean condor.dte_target?",
        ":9: condor.vix_low = 25.0: must be less than condor.vix_high = 20.0",
        ":11: ladder.steps = true: must be a valid integer",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[condor]\ndte_target = 46", "condor.dte_target = 46: must not exceed"),
        ("[condor]\ndte_minimum = 36", "condor.dte_minimum = 36: must not exceed"),
        ("[condor]\ntime_exit_dte = 25", "condor.time_exit_dte = 25: must be less than"),
        ("[condor]\nvix_high = 15.0", "condor.vix_low = 15.0: must be less than"),
        (
            "[condor]\nsession_risk_pct_of_nav = 0.06",
            "condor.session_risk_pct_of_nav = 0.06: must not exceed condor.expiry_risk_pct_of_nav",
        ),
        (
            "[condor]\nbook_risk_pct_of_nav = 0.04",
            "condor.expiry_risk_pct_of_nav = 0.05: must not exceed condor.book_risk_pct_of_nav",
        ),
        (
            "[condor]\ndelta_floor = 0.06",
            "condor.conservative.call = 0.05: must not be below condor.delta_floor = 0.06",
        ),
        ("[condor]\nshift_days_maximum = 6", "condor.shift_days_minimum = 7: must not exceed"),
        (
            "[condor.daily]\nbalanced_credit = 0.6",
            "condor.daily.conservative_credit = 0.7: must not exceed condor.daily.balanced_credit",
        ),
        (
            '[condor]\nprofile = "daily"\ntrading_classes = ["SPX"]',
            'condor.profile = "daily": needs "SPXW" in condor.trading_classes',
        ),
        ('[condor]\ntiers = ["balanced", "balanced"]', "must not name one twice"),
        ("[condor]\ntiers = []", "condor.tiers = []: must name at least one"),
        ("[hedge.near]\ndte_maximum = 80", "hedge.near.dte_maximum = 80: must be less than"),
        ("[hedge.mid]\ndte_maximum = 150", "hedge.mid.dte_maximum = 150: must be less than"),
        ("[hedge.far]\nroll_dte = 150", "hedge.far.roll_dte = 150: must be less than"),
        ("[hedge.far]\ndte_target = 260", "hedge.far.dte_target = 260: must not exceed"),
        ("[signals]\nbreadth_up_oscillator = -51.0", "signals.breadth_down_oscillator = -50.0"),
        ("[ladder]\nreduce_floor_share = 0.2", "ladder.floor_share = 0.25: must not exceed"),
    ],
)
def test_values_that_contradict_each_other_are_a_fault(
    tmp_path: Path, text: str, fault: str
) -> None:
    found = rules_faults(tmp_path, text)

    assert any(fault in line for line in found), found


def test_a_faulty_key_is_not_blamed_for_its_relations_too(tmp_path: Path) -> None:
    text = "[condor]\ndte_target = -1\n"

    assert rules_faults(tmp_path, text) == [
        ":2: condor.dte_target = -1: must be greater than or equal to 0"
    ]


def test_a_value_in_the_place_of_a_table_is_a_fault(tmp_path: Path) -> None:
    assert rules_faults(tmp_path, "hedge = 3\n") == [":1: hedge = 3: must be a table: [hedge]"]


def test_an_unknown_key_without_a_likeness_gets_the_list_of_known_ones(tmp_path: Path) -> None:
    assert rules_faults(tmp_path, "[ladder]\nzebra = 1\n") == [
        ":2: ladder.zebra: unknown key, known are steps, seconds, floor_share, reduce_floor_share"
    ]


@pytest.mark.parametrize("account", ["U1234567", "DU123", "du1234567", "DU1234567 ", "", "DI12345"])
def test_anything_but_a_paper_account_is_refused(tmp_path: Path, account: str) -> None:
    text = SMALLEST.replace("DU1234567", account)

    assert settings_faults(tmp_path, text) == [f':2: broker.account = "{account}": {REFUSED}']


@pytest.mark.parametrize("port", [4001, 7496])
def test_the_ports_of_live_gateways_are_refused(tmp_path: Path, port: int) -> None:
    text = SMALLEST.replace("[kill_switch]", f"port = {port}\n[kill_switch]")

    assert f":3: broker.port = {port}: is the port of a live" in settings_faults(tmp_path, text)[0]


def test_a_free_port_can_be_asked_for_in_simulation_only(project: Path) -> None:
    path = project / "config" / "steward.toml"
    simulated = SMALLEST.replace("[kill_switch]", 'mode = "simulated"\nport = 0\n[kill_switch]')
    path.write_text(simulated)

    assert load_settings(path).broker.port == 0
    assert settings_faults(project, simulated.replace("simulated", "paper")) == [
        ':4: broker.port = 0: must be 1 to 65535 unless broker.mode = "simulated"'
    ]


def test_account_and_kill_switch_have_no_default(tmp_path: Path) -> None:
    assert settings_faults(tmp_path, "") == [": broker: missing", ": kill_switch: missing"]
    assert settings_faults(tmp_path, "[broker]\n[kill_switch]\n") == [
        ":1: broker.account: missing",
        ":2: kill_switch.state: missing",
    ]


def test_faults_beside_a_missing_key_are_listed_too(tmp_path: Path) -> None:
    text = '[broker]\naccount = "U1234567"\n[schedule]\ndecide_at = "15:30Z"\n'

    assert settings_faults(tmp_path, text) == [
        ": kill_switch: missing",
        f':2: broker.account = "U1234567": {REFUSED}',
        ':4: schedule.decide_at = "15:30:00+00:00": must be New York time without an offset',
    ]


@pytest.mark.parametrize(
    ("key", "value"), [("decide_at", "16:00"), ("decide_at_half_day", "13:00"), ("decide_at", "9:")]
)
def test_a_cycle_starts_inside_regular_hours(tmp_path: Path, key: str, value: str) -> None:
    found = settings_faults(tmp_path, f'{SMALLEST}[schedule]\n{key} = "{value}"\n')

    assert len(found) == 1
    assert found[0].startswith(f':6: schedule.{key} = "{value}": must be')


def test_the_ledger_needs_a_file_name(tmp_path: Path) -> None:
    found = settings_faults(tmp_path, f'{SMALLEST}[ledger]\npath = ""\n')

    assert found == [':6: ledger.path = ".": must name a file']


def test_a_missing_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rules\.toml: no such file in .*: run `steward init`"):
        load_rules(tmp_path / "config" / "rules.toml")


def test_a_folder_in_the_place_of_a_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_rules(tmp_path)


def test_invalid_toml_names_line_and_column(tmp_path: Path) -> None:
    found = rules_faults(tmp_path, "rate = 0.04\n[condor\n")

    assert len(found) == 1
    assert "invalid TOML" in found[0]
    assert "line 2, column 8" in found[0]


def test_a_file_that_is_not_utf8_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_bytes(b"rate = 0.04 # \xff\n")

    with pytest.raises(ConfigError, match="not UTF-8: byte 0xff at 14"):
        load_rules(path)


def test_a_key_left_out_of_a_table_keeps_its_default(project: Path) -> None:
    path = project / "config" / "rules.toml"
    path.write_text("[hedge.near]\ndelta = 0.4\n")

    near = load_rules(path)[0].hedge.near

    assert near == dataclasses.replace(Rules().hedge.near, delta=0.4)


def test_the_hash_is_that_of_the_rules_and_not_of_their_comments(project: Path) -> None:
    path = project / "config" / "rules.toml"
    rules, shipped = load_rules(path)
    path.write_text("# nothing but the defaults\n")

    assert load_rules(path) == (rules, shipped)
    assert shipped == hashlib.sha256(canonical_text(rules).encode()).hexdigest()

    path.write_text("[condor]\nvix_low = 15.5\n")

    assert load_rules(path)[1] != shipped


def test_events_are_dates_by_type(project: Path) -> None:
    events = load_events(project / "config" / "events.toml")

    assert dt.date(2024, 9, 18) in events.fomc
    assert dt.date(2022, 9, 13) in events.cpi
    assert dt.date(2024, 2, 16) in events.ppi
    assert events.fomc[-1] == dt.date(2027, 12, 8)


def test_scheduled_fomc_decisions_are_eight_a_year_on_weekdays(project: Path) -> None:
    fomc = load_events(project / "config" / "events.toml").fomc
    by_year = {year: sum(day.year == year for day in fomc) for year in range(2000, 2028)}

    assert by_year == dict.fromkeys(range(2000, 2028), 8) | {2020: 7}
    assert {day.weekday() for day in fomc} <= {0, 1, 2, 3}


def test_events_out_of_order_doubled_or_unknown_are_faults(tmp_path: Path) -> None:
    text = 'fomc = [2026-01-28, 2026-01-28]\ncpi = ["soon"]\nnfp = [2026-01-09]\n'

    found = events_faults(tmp_path, text)

    assert found[0] == ':1: fomc = "2026-01-28": must come after 2026-01-28'
    assert found[1].startswith(':2: cpi = "soon": must be a valid date')
    assert found[2] == ":3: nfp: unknown key, known are fomc, cpi, ppi"


def test_halting_edits_two_values_and_keeps_every_comment(project: Path) -> None:
    path = project / "config" / "steward.toml"
    before = path.read_text()

    edit_kill_switch(path, TradingState.HALT, reason="CPI surprise")

    assert path.read_text() == before.replace('state = "active"  ', 'state = "halt"  ').replace(
        'reason = ""', 'reason = "CPI surprise"'
    )
    assert load_settings(path).kill_switch.state is TradingState.HALT


def test_an_edit_keeps_permissions_and_leaves_no_other_file(project: Path) -> None:
    path = project / "config" / "steward.toml"
    path.chmod(0o640)

    edit_kill_switch(path, TradingState.REDUCE_ONLY, reason="")

    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "README.md",
        "events.toml",
        "macro.csv",
        "rules.toml",
        "steward.toml",
    ]


def test_an_edit_that_cannot_be_written_leaves_the_file_as_it_was(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "config" / "steward.toml"
    before = path.read_text()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        edit_kill_switch(path, TradingState.HALT, reason="disk")

    assert path.read_text() == before
    assert len(list(path.parent.iterdir())) == 5


def test_a_halt_needs_a_reason(project: Path) -> None:
    path = project / "config" / "steward.toml"

    with pytest.raises(ConfigError, match="a halt needs a reason"):
        edit_kill_switch(path, TradingState.HALT, reason=" ")

    assert load_settings(path).kill_switch.state is TradingState.ACTIVE


def test_a_halt_reaches_a_file_without_the_table_and_with_other_faults(tmp_path: Path) -> None:
    path = tmp_path / "steward.toml"
    path.write_text("[logs]\nlevel = 3\n")

    edit_kill_switch(path, TradingState.HALT, reason="stop")

    assert path.read_text() == (
        '[logs]\nlevel = 3\n\n[kill_switch]\nstate = "halt"\nreason = "stop"\n'
    )


def test_defaults_are_written_once_and_never_over_a_file(tmp_path: Path) -> None:
    written = write_defaults(tmp_path)
    rules = tmp_path / "config" / "rules.toml"
    rules.write_text("rate = 0.05\n")

    assert [path.name for path in written] == [
        "steward.toml",
        "rules.toml",
        "events.toml",
        "macro.csv",
        "README.md",
    ]
    assert write_defaults(tmp_path) == ()
    assert rules.read_text() == "rate = 0.05\n"


def test_defaults_that_cannot_be_written_are_a_fault_of_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(ConfigError, match="cannot be written: Not a directory"):
        write_defaults(file)


def test_importing_the_configuration_loads_neither_pydantic_nor_tomlkit() -> None:
    code = "import bot.config, sys; print({'pydantic', 'tomlkit'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
