"""What ``steward`` answers at once is what it would answer the long way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.config import edit_kill_switch
from bot.core.book import TradingState
from bot.defaults import write_defaults
from bot.project import settings_path
from bot.start import StatusQuestion, main, overview, status_question


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_defaults(tmp_path)
    edit_kill_switch(settings_path(tmp_path), TradingState.HALT, reason="a test")
    return tmp_path


def test_a_plain_status_is_read_in_any_order() -> None:
    assert status_question(["status"]) == StatusQuestion(Path(), as_json=False)
    assert status_question(["status", "-p", "x"]) == StatusQuestion(Path("x"), as_json=False)
    assert status_question(["status", "--json", "--project", "x"]) == StatusQuestion(
        Path("x"), as_json=True
    )


@pytest.mark.parametrize(
    "words",
    ["", "run", "status --check", "status --help", "status x", "status -p", "status -p --json"],
)
def test_anything_but_a_plain_status_is_left_to_the_command_line(words: str) -> None:
    assert status_question(words.split()) is None


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_quick_status_says_what_the_command_says(
    project: Path,
    form: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["status", "-p", str(project), *form]
    monkeypatch.setattr(sys, "argv", ["steward", *words])
    monkeypatch.setenv("COLUMNS", "100")

    main()

    told = capsys.readouterr().out
    assert "a test" in told
    assert told == CliRunner().invoke(app, words).stdout


def test_a_fault_is_told_by_the_command_with_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["steward", "status", "-p", str(tmp_path)])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    assert "steward init" in " ".join(capsys.readouterr().err.split())


def test_a_quick_status_loads_no_library_that_is_slow_to_load(project: Path) -> None:
    code = (
        f"import sys; sys.argv = ['steward', 'status', '-p', {str(project)!r}]\n"
        "import bot.start; bot.start.main()\n"
        "print(*sorted({each.partition('.')[0] for each in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())

    assert "sqlite3" in loaded
    assert loaded & {"typer", "rich", "pydantic", "numpy", "pandas", "scipy", "structlog"} == set()


def test_the_overview_names_every_command_with_its_purpose(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["steward", "--help"])

    main()

    told = capsys.readouterr().out
    assert told == overview(app)
    for name in ("run", "once", "decide-again", "status", "rules"):
        assert f"\n  {name} " in told
    assert "Run unattended: wake for every session until stopped." in told
    assert max(map(len, told.splitlines())) <= 100
