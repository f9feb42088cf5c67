"""Logs: JSON lines in a private, capped file, without account numbers."""

from __future__ import annotations

import datetime as dt
import json
import logging
import stat
import subprocess
import sys
import warnings
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from bot.core.book import TradingState
from bot.logs import FILE_NAME, bound, configure, get_logger
from bot.settings import LogSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = get_logger("bot.test")


def fail(*values: object) -> NoReturn:
    raise ValueError(*values)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    root, library = logging.getLogger(), logging.getLogger("ib_insync")
    level, library_level = root.level, library.level
    library.setLevel(logging.NOTSET)
    configure(LogSettings(folder=tmp_path / "logs"), console=False)
    yield tmp_path / "logs"
    for handler in [each for each in root.handlers if (each.name or "").startswith("steward.")]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    library.setLevel(library_level)
    logging.getLogger("bot").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / FILE_NAME).read_text(encoding="utf-8")
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


def test_an_event_is_one_json_line_with_its_keys_and_values(folder: Path) -> None:
    with bound(session=dt.date(2026, 7, 24), phase="execute"):
        log.info("order sent", order_ref="S0724C1", limit=Decimal("-2.15"), units=2)
    log.info("idle")

    first, second = lines(folder)
    time = dt.datetime.fromisoformat(first.pop("time"))

    assert time.utcoffset() == dt.timedelta(0)
    assert first == {
        "level": "info",
        "event": "order sent",
        "logger": "bot.test",
        "session": "2026-07-24",
        "phase": "execute",
        "order_ref": "S0724C1",
        "limit": "-2.15",
        "units": 2,
    }
    assert "session" not in second


def test_values_are_never_interpolated_into_the_event(folder: Path) -> None:
    log.warning("100 %s sure", share=0.5)

    assert lines(folder)[0]["event"] == "100 %s sure"


def test_account_numbers_are_redacted_at_every_depth(folder: Path) -> None:
    log.info(
        "accounts U7654321",
        account="DU1234567",
        nested={"DF7654321": ["a\nDU1234567", ("DU1234567",)]},
        fault=ValueError("account=DU1234567, F1234567"),
    )

    written = (folder / FILE_NAME).read_text()
    entry = lines(folder)[0]

    assert entry["event"] == "accounts U***21"
    assert entry["account"] == "DU***67"
    assert entry["nested"] == {"DF***21": ["a\nDU***67", ["DU***67"]]}
    assert entry["fault"] == "account=DU***67, F***67"
    assert "12345" not in written
    assert "76543" not in written


def test_account_numbers_in_a_traceback_are_redacted(folder: Path) -> None:
    try:
        fail("DU1234567")
    except ValueError:
        log.exception("refused")

    assert lines(folder)[0]["exception"].endswith("ValueError: DU***67")


@pytest.mark.parametrize("text", ["S0724C1", "BUY1234567", "2026-07-24", "SPXW", "1234567"])
def test_what_is_no_account_number_is_left_alone(folder: Path, text: str) -> None:
    log.info("event", value=text)

    assert lines(folder)[0]["value"] == text


def test_values_that_json_cannot_hold_are_written_as_text(folder: Path) -> None:
    log.info("event", nan=float("nan"), state=TradingState.HALT, none=None, on=True, set={1})

    entry = lines(folder)[0]

    assert entry["nan"] == "nan"
    assert (entry["state"], entry["none"], entry["on"], entry["set"]) == ("halt", None, True, [1])


def test_of_libraries_only_warnings_and_errors_are_kept(folder: Path) -> None:
    library = logging.getLogger("ib_insync.ib")
    library.info("position of DU1234567")
    library.warning("%s: peer closed connection of %s", 7, "DU1234567")
    try:
        fail("disk is full")
    except ValueError:
        logging.getLogger("apscheduler").exception("job failed")

    warning, error = lines(folder)

    assert warning["event"] == "7: peer closed connection of DU***67"
    assert (warning["level"], warning["logger"]) == ("warning", "ib_insync.ib")
    assert error["exception"].endswith("ValueError: disk is full")


def test_python_warnings_are_kept_as_events(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("expiry moved", stacklevel=1)

    assert "expiry moved" in lines(folder)[0]["event"]


def test_events_below_the_level_are_dropped(folder: Path) -> None:
    configure(LogSettings(folder=folder, level="WARNING"), console=False)
    log.info("chat")
    log.warning("alert")

    assert [entry["event"] for entry in lines(folder)] == ["alert"]


def test_configuring_again_does_not_write_twice(folder: Path) -> None:
    configure(LogSettings(folder=folder), console=False)
    log.info("once")

    assert len(lines(folder)) == 1


def test_files_are_private_and_their_size_is_capped(folder: Path) -> None:
    configure(LogSettings(folder=folder, max_bytes=10_000, backups=2), console=False)
    for number in range(400):
        log.info("event", number=number, filler="x" * 60)
    files = sorted(folder.iterdir())

    assert [file.name for file in files] == [FILE_NAME, f"{FILE_NAME}.1", f"{FILE_NAME}.2"]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert all(file.stat().st_size <= 10_000 for file in files)
    assert lines(folder)[-1]["number"] == 399


def test_the_console_gets_short_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(LogSettings(folder=folder), console=True)
    with bound(phase="execute"):
        log.info("order sent", account="DU1234567")
    try:
        fail()
    except ValueError:
        log.exception("fault")

    sent, fault, *trace = capsys.readouterr().err.splitlines()

    assert sent[8:] == " info    order sent account=DU***67 phase=execute"
    assert fault[8:] == " error   fault"
    assert trace[-1] == "ValueError"


def test_asking_for_a_logger_does_not_load_structlog() -> None:
    code = (
        "import sys; from bot.logs import get_logger; get_logger('bot.x');"
        "print('structlog' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
