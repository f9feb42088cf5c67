"""The command line as its user types it: processes, exit codes, and what they print."""

from __future__ import annotations

import importlib.metadata
import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from typed import DEADLINE_SECONDS, STEWARD, closed_port, edit, gateway, steward

from bot.demo import point_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def change(project: Path, name: str, old: str, new: str) -> None:
    path = project / "config" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_init_writes_a_project_that_loads_and_overwrites_nothing(tmp_path: Path) -> None:
    assert steward("init", tmp_path).returncode == 0
    change(tmp_path, "steward.toml", 'account = "DU1234567"', 'account = "DU7654321"')

    again = steward("init", tmp_path)

    assert again.returncode == 0
    assert "DU7654321" in (tmp_path / "config" / "steward.toml").read_text(encoding="utf-8")


def test_the_version_is_said() -> None:
    assert steward("--version").stdout == f"steward {importlib.metadata.version('vix-steward')}\n"


def test_without_a_gateway_once_says_so_and_exits_3(project: Path) -> None:
    port = closed_port()
    point_at(project, port)

    ended = steward("once", "-p", project)

    assert ended.returncode == 3
    assert f"no gateway at 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_live_account_is_refused_with_exit_4(project: Path) -> None:
    with gateway("--account", "U1234567") as port:
        point_at(project, port)
        ended = steward("once", "-p", project)

    assert ended.returncode == 4
    assert "paper account" in ended.stderr


def test_every_fault_of_every_file_is_listed_at_once_with_exit_2(project: Path) -> None:
    change(project, "steward.toml", "port = 4002", "port = 99999")
    change(project, "steward.toml", "[logs]", '[logs]\ncolour = "red"')
    change(project, "rules.toml", "dte_target = 35", 'dte_target = "soon"')
    change(
        project, "rules.toml", "take_profit_pct_of_credit = 0.25", "take_profit_pct_of_credit = 5"
    )

    ended = steward("once", "-p", project)

    assert ended.returncode == 2
    for words in (
        "broker.port = 99999",
        "logs.colour",
        "condor.dte_target",
        "condor.take_profit_pct_of_credit",
    ):
        assert words in ended.stderr
    assert not (project / "ledger").exists()


def test_a_reason_is_shown_as_it_was_typed(project: Path) -> None:
    reason = "feed broken [/red] since [bold]noon[/bold]"
    assert steward("halt", "--reason", reason, "-p", project).returncode == 0

    shown = steward("status", "-p", project)

    assert shown.returncode == 0, shown.stderr
    assert f"kill switch halt · {reason}" in shown.stdout


def test_a_check_without_a_gateway_says_so_once(project: Path) -> None:
    point_at(project, closed_port())

    ended = steward("check", "-p", project)

    assert ended.returncode == 1
    assert "FAIL gateway: no gateway at 127.0.0.1" in ended.stdout
    assert not ended.stderr


def test_halt_and_resume_edit_the_config_and_keep_its_comments(project: Path) -> None:
    path = project / "config" / "steward.toml"

    assert steward("halt", "--reason", "holiday", "-p", project).returncode == 0
    halted = path.read_text(encoding="utf-8")
    assert steward("resume", "-p", project).returncode == 0
    resumed = path.read_text(encoding="utf-8")

    assert 'state = "halt"' in halted
    assert "holiday" in halted
    assert 'state = "active"' in resumed
    assert "# `steward halt` and `steward resume` write here" in resumed


def test_once_trades_and_status_and_review_show_it(project: Path) -> None:
    with gateway("--seed", 3) as port:
        point_at(project, port)
        asleep = steward("once", "-p", project)
        checked = steward("check", "-p", project)
        ran = steward("demo", "--sessions", 2, "--scenario", "calm", "--out", project / "demo")

    assert asleep.returncode == 1
    assert "is open from" in asleep.stderr
    assert "gateway: simulated at 127.0.0.1" in checked.stdout
    assert ran.returncode == 0, ran.stderr
    assert "2 sessions" in ran.stdout

    shown = steward("review", "-p", project / "demo")
    as_json = steward("review", "--json", "-p", project / "demo")
    status = steward("status", "-p", project / "demo")

    assert "Hedge layers" in shown.stdout
    assert json.loads(as_json.stdout)["session"] == "2025-01-07"
    assert "near" in status.stdout
    assert status.returncode == 0


def test_a_demo_never_overwrites_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()

    ended = steward("demo", "--out", tmp_path)

    assert ended.returncode == 2
    assert "holds a ledger already" in ended.stderr


def test_a_demo_never_points_a_project_at_its_own_gateway(project: Path) -> None:
    before = (project / "config" / "steward.toml").read_text(encoding="utf-8")

    ended = steward("demo", "--out", project)

    assert ended.returncode == 2
    assert "holds a config already" in ended.stderr
    assert (project / "config" / "steward.toml").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--scenario", "boom"), "calm, grind-down, spike, crash-and-recover"),
        (("--chains", "nowhere"), "no such folder"),
        (("--last", "2026-08-14"), "name their folder with --chains"),
        (("--history", "."), "name their folder with --chains"),
    ],
)
def test_a_market_that_does_not_exist_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = steward("demo", "--out", tmp_path / "demo", *arguments)

    assert ended.returncode == 2
    assert words in ended.stderr


def test_review_without_a_ledger_says_what_to_do(project: Path) -> None:
    ended = steward("review", "-p", project)

    assert ended.returncode != 0
    assert "steward.db" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_ends_in_good_order_when_it_is_told_to(project: Path, number: signal.Signals) -> None:
    with gateway("--seed", 3, "--speed", 60) as port:
        point_at(project, port)
        edit(project, "broker", simulation_speed=60.0)
        edit(project, "health", heartbeat_seconds=1.0)
        beat = project / "ledger" / "heartbeat.json"
        command = [*STEWARD, "run", "-p", str(project)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
            until(lambda: beat.exists() and '"waiting"' in beat.read_text(encoding="utf-8"))
            running.send_signal(number)
            _, told = running.communicate(timeout=DEADLINE_SECONDS)

    assert running.returncode == 0, told
    assert "Traceback" not in told
    assert json.loads(beat.read_text(encoding="utf-8"))["state"] == "stopped"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
