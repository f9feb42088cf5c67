"""The kill switch: every edit is seen, and doubt is a halt."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from bot.config import edit_kill_switch
from bot.core.book import TradingState
from bot.defaults import write_defaults
from bot.killswitch import KillSwitch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_defaults(tmp_path)
    return tmp_path / "config" / "steward.toml"


@pytest.mark.parametrize("state", list(TradingState))
def test_every_state_is_read_as_it_is_written(path: Path, state: TradingState) -> None:
    edit_kill_switch(path, state, reason="because")

    reading = KillSwitch(path).read()

    assert (reading.state, reading.reason, reading.fault) == (state, "because", None)


def test_whether_flatten_keeps_the_hedge_is_read_too(path: Path) -> None:
    path.write_text(path.read_text().replace("keep_hedge = true", "keep_hedge = false"))

    assert not KillSwitch(path).read().keep_hedge


def test_an_edit_between_two_reads_is_seen(path: Path) -> None:
    switch = KillSwitch(path)
    first = switch.read()

    edit_kill_switch(path, TradingState.REDUCE_ONLY, reason="later")

    assert first.state is TradingState.ACTIVE
    assert switch.read().state is TradingState.REDUCE_ONLY


def test_an_edit_in_place_of_the_same_size_and_time_is_seen(path: Path) -> None:
    switch = KillSwitch(path)
    text = path.read_text().replace('state = "active"', 'state = "halt"  ')
    switch.read()
    before = path.stat()

    with path.open("r+", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (
        before.st_size,
        before.st_mtime_ns,
        before.st_ino,
    )
    assert switch.read().state is TradingState.HALT


def test_an_unchanged_file_is_not_parsed_again(path: Path) -> None:
    switch = KillSwitch(path)

    assert switch.read() is switch.read()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "kill_switch: missing"),
        (b"[kill_switch]\n", "kill_switch.state: missing"),
        (b'[kill_switch]\nstate = "off"\n', 'kill_switch.state = "off": must be'),
        (b'[kill_switch]\nstate = "ACTIVE"\n', 'kill_switch.state = "ACTIVE": must be'),
        (b"[kill_switch\n", "invalid TOML"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_as_permission_halts_and_says_why(
    path: Path, content: bytes, fault: str
) -> None:
    switch = KillSwitch(path)
    switch.read()

    path.write_bytes(content)
    reading = switch.read()

    assert reading.state is TradingState.HALT
    assert reading.fault is not None
    assert fault in reading.fault


def test_a_fault_in_any_other_key_halts_too(path: Path) -> None:
    path.write_text(path.read_text().replace("port = 4002", "port = 70000"))

    reading = KillSwitch(path).read()

    assert reading.state is TradingState.HALT
    assert reading.fault == (
        "config/steward.toml:7: broker.port = 70000: must be less than or equal to 65535"
    )


def test_a_file_cut_short_at_any_byte_never_turns_a_halt_into_permission(path: Path) -> None:
    edit_kill_switch(path, TradingState.HALT, reason="stop")
    whole = path.read_bytes()
    switch = KillSwitch(path)

    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])

        assert switch.read().state is TradingState.HALT, length


def test_a_file_that_is_gone_halts_until_it_is_back(path: Path) -> None:
    switch = KillSwitch(path)
    text = path.read_text()
    switch.read()

    path.unlink()
    gone = switch.read()
    path.write_text(text)

    assert gone.state is TradingState.HALT
    assert "no such file" in str(gone.fault)
    assert switch.read().state is TradingState.ACTIVE


def test_a_folder_in_its_place_halts(tmp_path: Path) -> None:
    folder = tmp_path / "folder.toml"
    folder.mkdir()

    assert KillSwitch(folder).read().state is TradingState.HALT
