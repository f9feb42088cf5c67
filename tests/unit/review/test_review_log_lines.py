"""The log read again: across its files, filtered, followed through rotations; damage is told."""

from __future__ import annotations

import datetime as dt
import json
import logging
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import NotInLedgerError
from bot.defaults import write_defaults
from bot.logs import FILE_NAME, bound, configure, get_logger
from bot.review.log_lines import Filter, Follower, line_text, log_files, read_log, wanted_lines
from bot.settings import LogSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

DAY = dt.date(2025, 1, 6)


def line(event: str, **values: object) -> str:
    head = {"time": "2025-01-06T20:30:02.5Z", "level": "info", "event": event, "logger": "bot.x"}
    return json.dumps(head | values)


LINES = (
    line("session.planned", session="2025-01-06"),
    line("order.sent", session="2025-01-06", order_ref="C1", intent_id="2025-01-06:condor"),
    line("order.withdrawn", session="2025-01-06", order_ref="C1", level="error"),
    line("gateway.absent", level="warning", detail="[/red] no gateway"),
    line("order.sent", session="2025-01-07", order_ref="C2"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose log has two lines in a rotated file, and three in the newest."""
    write_defaults(tmp_path)
    logs = tmp_path / "logs"
    logs.mkdir(exist_ok=True)
    (logs / f"{FILE_NAME}.1").write_text("\n".join(LINES[:2]) + "\n", encoding="utf-8")
    (logs / FILE_NAME).write_text("\n".join(LINES[2:]) + "\n", encoding="utf-8")
    return tmp_path


def test_rotated_files_are_read_as_one_the_oldest_first(tmp_path: Path) -> None:
    for name in (FILE_NAME, f"{FILE_NAME}.2", f"{FILE_NAME}.10", f"{FILE_NAME}.1", "other.jsonl"):
        (tmp_path / name).write_text(line(name) + "\n", encoding="utf-8")

    assert [path.name.removeprefix(FILE_NAME) for path in log_files(tmp_path)] == [
        ".10",
        ".2",
        ".1",
        "",
    ]
    assert [each["event"] for each in read_log(tmp_path)[0]][-1] == FILE_NAME


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (Filter(), [0, 1, 2, 3, 4]),
        (Filter(session=DAY), [0, 1, 2]),
        (Filter(event="order.sent"), [1, 4]),
        (Filter(event="order"), [1, 2, 4]),
        (Filter(order=frozenset({"C1"})), [1, 2]),
        (Filter(order=frozenset({"2025-01-06:condor"})), [1]),
        (Filter(level="warning"), [2, 3]),
        (Filter(session=DAY, event="order", level="error"), [2]),
    ],
)
def test_filters_keep_what_passes_all_of_them(wanted: Filter, kept: list[int]) -> None:
    lines = [json.loads(text) for text in LINES]

    assert wanted_lines(lines, wanted) == tuple(lines[n] for n in kept)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Filter(session=dt.date(2025, 1, 8)), "its newest are 2025-01-06, 2025-01-07"),
        (Filter(event="order.snet"), "no such event in the log; did you mean order.sent?"),
        (Filter(order=frozenset({"C9"})), "--order C9: no line of the log names it"),
        (Filter(session=DAY, event="gateway"), "no line of the log passes all of these"),
    ],
)
def test_a_filter_that_nothing_passes_says_what_would(wanted: Filter, words: str) -> None:
    with pytest.raises(NotInLedgerError, match=words.replace("?", r"\?")):
        wanted_lines([json.loads(text) for text in LINES], wanted)


def test_damaged_lines_are_counted_and_left_out(tmp_path: Path) -> None:
    torn = LINES[0][:40]
    (tmp_path / FILE_NAME).write_bytes(f"{LINES[1]}\n[]\nnot json\n{torn}".encode() + b"\xff")

    lines, unread = read_log(tmp_path)

    assert [each["event"] for each in lines] == ["order.sent"]
    assert unread == 3


def test_a_line_is_shown_with_time_level_event_and_the_rest() -> None:
    shown = line_text(json.loads(line("order.sent", order_ref="C1", units=2, ok=None)))

    assert shown.plain == "2025-01-06 20:30:02 info    order.sent order_ref=C1 units=2 ok=null"


@pytest.fixture
def _quiet_root() -> Iterator[None]:
    """Take the handlers of the test away again."""
    root = logging.getLogger()
    before, level, bots = list(root.handlers), root.level, logging.getLogger("bot").level
    yield
    for handler in [each for each in root.handlers if each not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.getLogger("bot").setLevel(bots)
    logging.captureWarnings(capture=False)


@pytest.mark.usefixtures("_quiet_root")
def test_what_the_bot_writes_is_followed_through_rotations(tmp_path: Path) -> None:
    settings = replace(LogSettings(folder=tmp_path), max_bytes=10_000, backups=100)
    configure(settings, console=False)
    log = get_logger("bot.test")
    log.info("before")
    reader = Follower(tmp_path)
    numbers: list[int] = []

    for number in range(300):
        with bound(session="2025-01-06"):
            log.info("order.sent", number=number, filling="x" * 40)
        if number % 7 == 0:
            numbers += [each["number"] for each in reader.added()]
    numbers += [each["number"] for each in reader.added()]

    assert len(log_files(tmp_path)) > 3
    assert numbers == list(range(300))


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text("", encoding="utf-8")
    reader = Follower(tmp_path)

    with file.open("a", encoding="utf-8") as out:
        out.write(LINES[0][:30])
        out.flush()
        first = list(reader.added())
        out.write(f"{LINES[0][30:]}\n")

    assert first == []
    assert [each["event"] for each in reader.added()] == ["session.planned"]


def test_the_command_shows_what_was_asked_for_in_a_hundred_columns(
    folder: Path, steward_here: Callable[..., Result]
) -> None:
    with (folder / "logs" / FILE_NAME).open("a", encoding="utf-8") as out:
        out.write(line("long", words="word " * 60) + "\n")
    shown = steward_here("logs", "-p", folder)
    orders = steward_here("logs", "-p", folder, "--event", "order", "--lines", 2)
    as_json = steward_here("logs", "-p", folder, "--order", "C1", "--json")

    assert max(map(len, shown.stdout.splitlines())) <= 100
    assert "detail=[/red] no gateway" in shown.stdout
    assert [text.split()[3] for text in orders.stdout.splitlines()] == [
        "order.withdrawn",
        "order.sent",
    ]
    assert as_json.stdout.splitlines() == [LINES[1], LINES[2]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--session", "2025-02-01"), "--session 2025-02-01: no line of it in the log"),
        (("--level", "loud"), "--level loud: must be one of debug, info"),
        (("--event", "nothing"), "--event nothing: no such event"),
    ],
)
def test_an_unknown_filter_is_one_line_and_exit_2(
    folder: Path, steward_here: Callable[..., Result], arguments: tuple[str, ...], words: str
) -> None:
    ended = steward_here("logs", "-p", folder, *arguments)

    assert ended.exit_code == 2
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_without_a_log_that_is_said(tmp_path: Path, steward_here: Callable[..., Result]) -> None:
    write_defaults(tmp_path)

    ended = steward_here("logs", "-p", tmp_path)

    assert ended.exit_code == 2
    assert "holds no log" in ended.stderr


def test_following_shows_what_is_added_until_it_is_interrupted(folder: Path) -> None:
    command = [sys.executable, "-m", "bot.cli", "logs", "-p", str(folder), "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        out = process.stdout
        assert out is not None
        before = [json.loads(out.readline())["event"] for _ in LINES]
        with (folder / "logs" / FILE_NAME).open("a", encoding="utf-8") as file:
            file.write(line("later") + "\n")
        after = json.loads(out.readline())["event"]
        process.send_signal(signal.SIGINT)
        code = process.wait(60)

    assert before[-1] == "order.sent"
    assert after == "later"
    assert code == 0
