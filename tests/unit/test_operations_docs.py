"""The operator's handbook says what the code does, and what it tells to type can be typed."""

from __future__ import annotations

import ast
import contextlib
import datetime as dt
import json
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import typer

from bot import attendance, cli, command_line
from bot.core.rules import Rules
from bot.ledger.attendance import AbsenceReason
from bot.quiet import is_quiet, parse_window
from bot.settings import BrokerSettings, Settings
from config_keys import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("docs/operations.md", "deploy/README.md")
HANDBOOK = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
OTHER_WORLDS = {"simulator", "surfaces", "probe"}
"""Packages whose words are not the bot's."""
NOT_CODES = {
    "LINE_UP",
    "NOTIFY_SOCKET",
    "STEWARD_NOTIFY_URLS",
    "TIME_SHIFT",
    "TYPE_CHECKING",
}
"""Names of Python and of the environment that look like codes."""
PATIENCE_SECONDS = 60
CODE = re.compile(r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:: .*)?", re.DOTALL)


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def section(title: str) -> str:
    """Text of one section of the handbook."""
    return HANDBOOK.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    """Cells of each row of the tables in `text`, their heads left out."""
    found = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in found]


def documented() -> dict[str, tuple[str, ...]]:
    """Kinds of each code in the handbook's table."""
    table = [row for row in rows(section("Codes")) if row[0].startswith("`")]
    return {row[0].strip("`"): tuple(row[1].split(", ")) for row in table}


@cache
def trees() -> tuple[ast.Module, ...]:
    paths = [path for top in ("bot", "strategies") for path in (ROOT / top).rglob("*.py")]
    ours = [path for path in paths if OTHER_WORLDS.isdisjoint(path.parts)]
    return tuple(ast.parse(path.read_text(encoding="utf-8")) for path in ours)


def calls(*names: str) -> Iterator[ast.Call]:
    """Yield every call of a function or method of one of the names."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else None
                name = called.id if isinstance(called, ast.Name) else name
                if name is not None and any(name.endswith(each) for each in names):
                    yield node


def texts(nodes: list[ast.expr]) -> set[str]:
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def exported() -> set[str]:
    """Names that modules list in ``__all__``: constants look like codes."""
    lists = [
        node.value
        for tree in trees()
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return {name for each in lists if isinstance(each, ast.List) for name in texts(each.elts)}


def literal_codes() -> set[str]:
    """Text that is a code, or begins with one and a colon."""
    constants = {
        node.value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return (
        {match[1] for text in constants if (match := CODE.fullmatch(text))} - NOT_CODES - exported()
    )


def verdict_codes() -> set[str]:
    """Codes of verdicts, which may be a single word."""
    named = [
        keyword.value
        for call in calls("Verdict", "_verdict")
        for keyword in call.keywords
        if keyword.arg == "code"
    ]
    first = [call.args[0] for call in calls("_verdict") if call.args]
    return texts(named) | texts(first)


def ending_codes() -> set[str]:
    """Incidents of sessions that were begun and did not end well."""
    endings = [value for value in vars(attendance).values() if isinstance(value, attendance.Ending)]
    return {f"SESSION_{ending.outcome.upper()}" for ending in endings}


def test_every_code_is_explained_and_every_explained_code_is_said() -> None:
    assert set(documented()) == literal_codes() | verdict_codes() | ending_codes()


def test_every_bad_ending_of_a_session_is_explained_as_an_incident() -> None:
    explained = {code for code, kinds in documented().items() if "incident" in kinds}

    assert ending_codes() - explained == set()


@pytest.mark.parametrize("kind", ["alert", "incident"])
def test_what_is_recorded_by_a_code_is_explained_as_such(kind: str) -> None:
    recorded = texts([call.args[0] for call in calls(kind) if call.args])
    explained = {code for code, kinds in documented().items() if kind in kinds}

    assert recorded - explained == set()


def test_every_reason_of_an_absence_is_explained_as_one() -> None:
    explained = {code for code, kinds in documented().items() if "absence" in kinds}

    assert explained == set(AbsenceReason)


def test_every_code_says_what_to_do() -> None:
    table = [row for row in rows(section("Codes")) if row[0].startswith("`")]

    assert [row[0] for row in table if len(row) != 4 or not row[2] or not row[3]] == []


def test_the_exit_codes_are_those_of_the_program() -> None:
    explained = {int(row[0]) for row in rows(section("Exit codes")) if row[0].isdigit()}
    constants = {value for name, value in vars(command_line).items() if name.startswith("EXIT_")}

    assert explained == {0, *constants}


def test_the_service_is_told_apart_by_exit_code() -> None:
    unit = read("deploy/steward.service")
    (prevented,) = re.findall(r"(?m)^RestartPreventExitStatus=(.*)$", unit)
    mended = {
        row[0] for row in rows(section("Exit codes")) if row[2].endswith("until a person mends it")
    }

    assert mended == set(prevented.split())


def typed(document: str) -> Iterator[list[str]]:
    """Yield the words of every command ``steward …`` that a document shows."""
    text = read(document)
    blocks = re.findall(r"(?ms)^```\n(.*?)^```", text)
    lines = [line for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`(steward [^`]+)`", re.sub(r"(?ms)^```.*?^```", "", text))
    for line in (*lines, *inline):
        words = shlex.split(line.replace("…", "why"), comments=True)
        starts = [
            index
            for index, word in enumerate(words)
            if word.rpartition("/")[2] == "steward" and words[index - 1] != "-u"
        ]
        for index in starts:
            if index + 1 < len(words) and re.fullmatch("[a-z]+", words[index + 1]):
                yield words[index + 1 :]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_is_shown_exists_with_its_options(document: str) -> None:
    group: Any = typer.main.get_command(cli.app)
    unknown = []
    for name, *words in typed(document):
        command: click.Command | None = group.commands.get(name)
        if command is None:
            unknown.append(name)
            continue
        while words and words[0] in getattr(command, "commands", {}):
            command = getattr(command, "commands", {})[words.pop(0)]
        options = {option for each in command.params for option in each.opts}
        unknown += [f"{name} {word}" for word in words if word[0] == "-" and word not in options]

    assert unknown == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_is_named_exists(document: str) -> None:
    named = re.findall(r"`((?:bot|strategies|config|tests|deploy|docs)/[\w./-]*)`", read(document))

    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_target_of_make_that_is_named_exists(document: str) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", read("Makefile")))

    assert set(re.findall(r"`make ([a-z-]+)", read(document))) - targets == set()


def test_every_configuration_key_that_is_named_exists() -> None:
    keys = {*keys_of(Settings), *keys_of(Rules)}
    tables = {key.partition(".")[0] for key in keys}
    named = re.findall(r"`([a-z_]+\.[a-z_.]+)(?: = [^`]*)?`", HANDBOOK)

    assert {key for key in named if key.partition(".")[0] in tables} - keys == set()


def test_every_section_is_in_the_contents() -> None:
    titles = re.findall(r"(?m)^## (.*)$", HANDBOOK)
    listed = re.findall(r"(?m)^- \[(.*)\]\(#(.*)\)$", HANDBOOK)

    assert [title for title, _ in listed] == titles
    assert [anchor for _, anchor in listed] == [title.lower().replace(" ", "-") for title in titles]


def test_the_gateway_restarts_in_quiet_hours() -> None:
    (written,) = re.findall(r"AUTO_RESTART_TIME: (\d\d:\d\d [AP]M)", read("deploy/compose.yaml"))
    windows = [parse_window(text) for text in BrokerSettings(account="DU1234567").quiet_windows]
    clock = dt.datetime.strptime(f"{written} +0000", "%I:%M %p %z").time()
    a_friday = dt.datetime.combine(dt.date(2026, 11, 20), clock, ZoneInfo("America/New_York"))

    assert f"{written} New York" in section("The gateway")
    assert is_quiet(a_friday, windows)


@pytest.fixture
def port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number: int = found.getsockname()[1]
    return number


def rehearsal(folder: Path, port: int) -> Iterator[list[str]]:
    """Yield the lines of the rehearsal as words, with a folder and a port of the test's own."""
    (block,) = re.findall(r"(?s)<!-- rehearsal.*?-->\n```\n(.*?)```", HANDBOOK)
    for line in block.replace("~/rehearsal", str(folder)).replace("4002", str(port)).splitlines():
        first, *words = shlex.split(line, comments=True)
        yield [sys.executable, "-m", "bot.cli", *words] if first == "steward" else [first, *words]


def finished(folder: Path) -> int:
    """Sessions that the ledger of the rehearsal holds as finished."""
    database = sqlite3.connect(f"file:{folder}/ledger/steward.db?mode=ro", uri=True)
    with contextlib.closing(database):
        query = "SELECT count(*) FROM sessions WHERE outcome = 'done'"
        return int(database.execute(query).fetchone()[0])


def play_sessions(command: list[str], folder: Path) -> int:
    """Run the bot until two sessions are finished, press Ctrl-C, return its exit code."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as bot:
        while bot.poll() is None and finished(folder) < 2 and time.monotonic() < deadline:
            time.sleep(0.2)
        bot.send_signal(signal.SIGINT)
        return bot.wait(PATIENCE_SECONDS)


def test_the_rehearsal_can_be_typed_as_it_is_written(tmp_path: Path, port: int) -> None:
    folder = tmp_path / "rehearsal"
    opening, *lines = rehearsal(folder, port)
    codes = []
    assert opening.pop() == "&"
    with subprocess.Popen(opening, stdout=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout is not None
        assert json.loads(gateway.stdout.readline()) == {"port": port}
        for words in lines:
            if "run" in words:
                codes.append(play_sessions(words, folder))
                continue
            codes.append(subprocess.run(words, check=False, capture_output=True).returncode)
            if "init" in words:
                settings = folder / "config" / "steward.toml"
                settings.write_text(settings.read_text().replace("port = 4002", f"port = {port}"))
        gateway.terminate()

    assert codes == [0] * len(lines)
    assert finished(folder) >= 2
