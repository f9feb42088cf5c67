"""Intents are on the disk before their orders are on the wire; a failing disk loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from calls import (
    SENT,
    SYNCED,
    WROTE,
    Call,
    nothing_pending,
    on_disk_before,
    placed,
    read,
    reference,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PLACED = Call(kind=SENT, data=b"\0\0\0\x103\x0012\0st-abc\0")
INTENT = Call(kind=WROTE, data=b"st-abc")
SYNC = Call(kind=SYNCED)
DISK = Path(__file__).with_name("disk.py")


@pytest.fixture
def strace(require_program: Callable[[str], str]) -> str:
    return require_program("strace")


def test_every_intent_is_on_the_disk_before_its_order_is_on_the_wire(
    strace: str, tmp_path: Path
) -> None:
    assert strace
    done = subprocess.run(
        [sys.executable, DISK, "--trace", "--folder", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    port = int(done.stdout)
    with (tmp_path / "trace").open(encoding="ascii", errors="replace") as lines:
        calls = list(read(lines, port))
    orders = placed(calls)

    assert len({reference(calls[place]) for place in orders}) == 4
    assert all(on_disk_before(calls, place, reference(calls[place])) for place in orders)
    assert all(nothing_pending(calls, place) for place in orders)


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ((INTENT, SYNC, PLACED), True),
        ((INTENT, PLACED, SYNC), False),
        ((SYNC, INTENT, PLACED), False),
        ((PLACED, INTENT, SYNC), False),
        ((SYNC, PLACED), False),
    ],
)
def test_an_order_that_overtakes_its_intent_is_seen(
    calls: tuple[Call, ...], *, expected: bool
) -> None:
    (place,) = placed(calls)

    assert on_disk_before(calls, place, reference(PLACED)) is expected


def test_a_write_that_was_not_synced_is_seen() -> None:
    assert not nothing_pending((INTENT, SYNC, INTENT, PLACED), 3)
    assert nothing_pending((INTENT, SYNC, PLACED), 2)


def test_a_sync_that_another_thread_came_between_counts_when_it_is_done() -> None:
    lines = [
        "7  fdatasync(9</x/steward.db-wal> <unfinished ...>",
        '8  sendto(4<TCP:[127.0.0.1:1->127.0.0.1:4002]>, "\\0\\0\\0\\2a\\0", 6, 0, NULL, 0) = 6',
        "7  <... fdatasync resumed>)          = 0",
    ]

    assert [call.kind for call in read(lines, 4002)] == [SENT, SYNCED]


def test_a_failing_write_or_sync_anywhere_in_a_session_loses_nothing(
    strace: str, tmp_path: Path
) -> None:
    assert strace
    done = subprocess.run(
        [sys.executable, DISK, "--places", "6", "--folder", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (tmp_path / "state.jsonl").read_text(encoding="utf-8").splitlines()

    assert done.returncode == 0, done.stdout + done.stderr
    assert [faults for _, faults in map(json.loads, lines)] == [[]] * 6
