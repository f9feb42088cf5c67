"""One process at a time writes a ledger; reading is never in the way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import LedgerError
from bot.ledger.lock import WriterLock, holder, lock_path
from bot.ledger.store import Ledger
from ledger_facts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLD = textwrap.dedent(
    """
    import pathlib, sys
    from bot.ledger.store import Ledger

    with Ledger.open(pathlib.Path(sys.argv[1])):
        print("open", flush=True)
        sys.stdin.readline()
    """
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "steward.db"


@contextlib.contextmanager
def first_bot(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run another process that has the ledger open to write."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_refused_with_the_first_ones_number_and_the_remedy(path: Path) -> None:
    with first_bot(path) as first, pytest.raises(LedgerError) as caught:
        Ledger.open(path)

    assert str(caught.value) == (
        f"{path}: process {first.pid} has it open to write, and one bot at a time may: "
        "stop that one first (`steward status` and `steward review` work beside it)"
    )


def test_the_lock_of_a_process_that_died_is_no_obstacle(path: Path) -> None:
    with first_bot(path) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()

        with Ledger.open(path) as ledger:
            ledger.record_mark(mark())

    assert lock_path(path).exists()


def test_a_reader_is_not_in_the_way_and_nothing_is_in_its_way(path: Path) -> None:
    with first_bot(path), Ledger.open_read_only(path) as reader:
        assert reader.marks() == ()
    with Ledger.open_read_only(path), Ledger.open(path) as writer:
        writer.record_mark(mark())


def test_the_lock_is_given_back_with_the_ledger(path: Path) -> None:
    with Ledger.open(path):
        assert holder(path) == str(os.getpid())
    assert holder(path) is None

    Ledger.open(path).close()


def test_who_holds_a_ledger_can_be_asked_beside_it(path: Path) -> None:
    assert holder(path) is None

    with first_bot(path) as first:
        assert holder(path) == str(first.pid)


def test_closing_twice_does_not_close_a_file_of_somebody_else(path: Path) -> None:
    lock = WriterLock.taken(path)
    lock.release()
    with lock_path(path).open() as other:
        lock.release()

        assert other.read() == f"{os.getpid()}\n"


def test_a_ledger_that_cannot_be_opened_gives_its_lock_back(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all, however long it is" * 99)
    with pytest.raises(LedgerError):
        Ledger.open(path)

    assert holder(path) is None


def test_a_child_process_does_not_keep_the_lock(path: Path) -> None:
    with Ledger.open(path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert holder(path) is None
    finally:
        child.communicate(b"\n")


def test_a_lock_that_cannot_be_read_is_a_fault(path: Path) -> None:
    path.parent.mkdir()
    lock_path(path).symlink_to(path)

    with pytest.raises(LedgerError, match="cannot be read"):
        holder(path)
