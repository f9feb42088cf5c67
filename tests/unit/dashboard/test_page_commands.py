"""The commands that lead to a browser, as they are typed."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.config import load_settings
from bot.dashboard import serve
from bot.ledger.store import Ledger
from bot.project import settings_path
from pages_scene import make_project

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_project(tmp_path)
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, list(words))
    return result.exit_code, " ".join(result.output.split())


def test_a_report_is_written_where_the_pages_of_sessions_are(project: Path) -> None:
    code, said = run("report", "2026-07-20", "-p", str(project))

    page = project / "logs" / "reports" / "2026-07-20.html"
    assert (code, said) == (0, f"wrote {page}")
    assert "Monday 20 July 2026" in page.read_text(encoding="utf-8")


def test_a_report_is_written_where_it_is_wanted(project: Path) -> None:
    page = project / "mine.html"

    assert run("report", "-p", str(project), "--out", str(page)) == (0, f"wrote {page}")
    assert "Tuesday 21 July 2026" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["report", "review", "explain"])
def test_a_date_without_a_session_is_a_mistake_of_usage(project: Path, command: str) -> None:
    code, said = run(command, "2020-01-02", "-p", str(project))

    assert code == 2
    assert said == "session 2020-01-02: is not in the ledger; its newest is 2026-07-21"


@pytest.mark.parametrize("command", ["report", "review", "dashboard"])
def test_no_ledger_is_a_mistake_of_usage(project: Path, command: str) -> None:
    load_settings(settings_path(project)).ledger.path.unlink()

    code, said = run(command, "-p", str(project))

    assert code == 2
    assert "there is no ledger; a first `steward once` or `run` makes it" in said


@pytest.mark.parametrize("command", ["report", "status", "dashboard"])
def test_a_ledger_of_a_newer_version_says_so(project: Path, command: str) -> None:
    with Ledger.open(project / "ledger" / "steward.db", durable=False) as ledger:
        ledger._database.execute("PRAGMA user_version = 999")

    code, said = run(command, "-p", str(project))

    assert code == 2
    assert "schema 999" in said
    assert "install the newer steward" in said


def test_a_page_that_cannot_be_written_is_told_in_one_line(project: Path) -> None:
    page = project / "absent" / "page.html"

    code, said = run("report", "-p", str(project), "--out", str(page))

    assert code == 2
    assert said.startswith(f"{page}: No such file or directory; name a file")


def test_a_port_in_use_is_a_mistake_of_usage(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = run("dashboard", "-p", str(project), "--port", str(port))

    assert code == 2
    assert said.startswith(f"127.0.0.1:{port}: address already in use")


def test_the_dashboard_says_where_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str] = []

    def server(_site: object, address: serve.Address) -> None:
        served.append(address.url)
        address.listening.close()

    monkeypatch.setattr(serve, "serve", server)

    code, said = run("dashboard", "-p", str(project), "--port", "0")

    assert code == 0
    assert said == f"{served[0]} (end with Ctrl-C)"
