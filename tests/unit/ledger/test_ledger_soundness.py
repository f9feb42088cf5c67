"""The whole file is checked at its opening unless a clean close vouches for the very same file."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import DamagedLedgerError, LedgerError
from bot.ledger import soundness
from bot.ledger.soundness import note_path
from bot.ledger.store import Ledger
from ledger_facts import AT, SESSION, begin, buy_lot, mark

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of some pages, closed cleanly."""
    path = tmp_path / "ledger" / "steward.db"
    with Ledger.open(path) as ledger:
        begin(ledger)
        with ledger.writing("alerts") as database:
            database.executemany(
                "INSERT INTO alerts (session, at, code, text) VALUES (?, ?, 'A', ?)",
                [(str(SESSION), AT.isoformat(), f"{n} {'x' * 500}") for n in range(200)],
            )
    return path


def is_vouched(path: Path) -> bool:
    return soundness.taken_over(path) is not None


def spoil(path: Path, *, page: int, size: int = 4096) -> None:
    """Spoil a page as a disk would: the note, where there is one, tells of the file as it is."""
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    if note_path(path).exists():
        soundness.vouch(path, soundness.now())


def damage(path: Path, *, table: str = "alerts") -> None:
    """Spoil a root page."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        (root,) = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)
        ).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    database.close()
    spoil(path, page=root, size=size)


def in_the_past(path: Path) -> int:
    """Return an inner page of the alerts of long ago: no session reads it."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        root = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'alerts'"
        ).fetchone()[0]
        size = database.execute("PRAGMA page_size").fetchone()[0]
    database.close()
    content = path.read_bytes()
    page = content[(root - 1) * size : root * size]
    first_cell = int.from_bytes(page[12:14], "big")  # an interior page has a header of 12 bytes
    return int.from_bytes(page[first_cell : first_cell + 4], "big")


def test_a_clean_close_vouches_and_an_open_ledger_is_vouched_for_by_nothing(path: Path) -> None:
    assert note_path(path).stat().st_mode & 0o777 == 0o600

    with Ledger.open(path):
        assert not note_path(path).exists()

    assert note_path(path).exists()


def test_a_vouched_file_is_not_read_whole(path: Path) -> None:
    spoil(path, page=in_the_past(path))

    with Ledger.open(path) as ledger:
        assert ledger.value("SELECT count(*) FROM sessions") == 1

        with pytest.raises(LedgerError, match="cannot read: database disk image is malformed"):
            ledger.rows("SELECT text FROM alerts")

    assert not note_path(path).exists()
    with pytest.raises(DamagedLedgerError, match=r"damaged \("):
        Ledger.open(path)


def test_damage_on_the_way_to_the_newest_rows_is_found_even_so(path: Path) -> None:
    damage(path)

    with pytest.raises(DamagedLedgerError, match="malformed"):
        Ledger.open(path)


def test_a_reader_that_finds_damage_removes_the_note(path: Path) -> None:
    spoil(path, page=in_the_past(path))

    with (
        Ledger.open_read_only(path) as reader,
        pytest.raises(LedgerError, match="malformed"),
    ):
        reader.rows("SELECT text FROM alerts")

    assert not note_path(path).exists()


def test_a_copy_that_fails_its_check_removes_the_note(path: Path, tmp_path: Path) -> None:
    spoil(path, page=in_the_past(path))

    with (
        Ledger.open_read_only(path) as reader,
        pytest.raises(LedgerError, match="the backup fails its check"),
    ):
        reader.backup(tmp_path / "copy.db")

    assert not note_path(path).exists()


def test_whoever_has_the_whole_file_checked_vouches_for_no_damaged_one(path: Path) -> None:
    spoil(path, page=in_the_past(path))

    with Ledger.open(path) as ledger:
        assert "btreeInitPage" in (ledger.fault() or "")

    assert not note_path(path).exists()


def test_a_sound_file_has_no_fault_and_keeps_its_note(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert ledger.fault() is None

    assert is_vouched(path)


def test_nothing_is_committed_over_a_damaged_page_that_the_commit_reads(path: Path) -> None:
    with Ledger.open(path) as ledger:
        damage(path, table="intents")
        ledger.value("PRAGMA shrink_memory")

        with pytest.raises(LedgerError, match="malformed"):
            ledger.commit_intent(buy_lot(), at=AT)

    assert not note_path(path).exists()


def _killed(path: Path) -> None:
    program = textwrap.dedent(
        """
        import os, pathlib, sys
        from bot.ledger.store import Ledger

        Ledger.open(pathlib.Path(sys.argv[1]))
        os._exit(9)
        """
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)


def _touched(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alerts SET code = 'B' WHERE id = 1")
    database.close()


def _replaced(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    copy.replace(path)


def _logged(path: Path) -> None:
    path.with_name(f"{path.name}-wal").write_bytes(b"x")


def _written_in_place(path: Path) -> None:
    """As tools do that put a file back over another, with the size and the time that it had."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(path.read_bytes())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _of_the_past(path: Path) -> None:
    """As a file whose inode was changed later than the note."""
    os.utime(path, ns=(0, 0))
    note = json.loads(note_path(path).read_text())
    found = path.stat()
    file = [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    note_path(path).write_text(json.dumps(note | {"file": file}))
    os.utime(note_path(path), ns=(found.st_ctime_ns, found.st_ctime_ns))


def _older(path: Path) -> None:
    note = json.loads(note_path(path).read_text())
    note["checked_at"] -= dt.timedelta(days=7, minutes=1).total_seconds()
    note_path(path).write_text(json.dumps(note))


def _of_the_future(path: Path) -> None:
    note = json.loads(note_path(path).read_text())
    note_path(path).write_text(json.dumps(note | {"checked_at": note["checked_at"] + 9e9}))


def _scribbled(path: Path) -> None:
    note_path(path).write_text("[]")


def _in_one_tick(path: Path) -> None:
    """As on a file system whose clock has not moved since the file was written."""
    before = path.stat()
    os.utime(note_path(path), ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "happened",
    [
        _killed,
        _touched,
        _replaced,
        _logged,
        _written_in_place,
        _of_the_past,
        _older,
        _of_the_future,
        _scribbled,
        _in_one_tick,
    ],
)
def test_after_anything_else_than_a_clean_close_the_whole_file_is_checked(
    path: Path, happened: object
) -> None:
    happened(path)  # type: ignore[operator]

    assert not is_vouched(path)
    assert not note_path(path).exists()


def test_the_time_of_the_whole_check_is_kept_from_close_to_close(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked_at = json.loads(note_path(path).read_text())["checked_at"]
    monkeypatch.setattr(soundness, "now", lambda: checked_at + 3_600)

    with Ledger.open(path) as ledger:
        ledger.record_mark(mark())

    assert json.loads(note_path(path).read_text())["checked_at"] == checked_at


def test_a_ledger_that_does_not_wait_for_the_disk_is_never_vouched_for(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"

    Ledger.open(path, durable=False).close()

    assert not note_path(path).exists()


def test_a_reader_leaves_the_note_alone(path: Path) -> None:
    with Ledger.open_read_only(path) as reader:
        reader.rows("SELECT * FROM alerts")

    assert is_vouched(path)


def test_totals_that_differ_are_an_incident_and_made_anew(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.record_mark(mark())
        with ledger.writing("a fault") as database:
            database.execute("UPDATE courses SET number = 7")

        assert ledger.mend_totals(at=AT) == ("courses: 1 of 1 rows differ, the first 2026-07-20",)
        assert ledger.mend_totals(at=AT) == ()
        assert [tuple(row) for row in ledger.rows("SELECT kind, detail FROM incidents")] == [
            ("TOTALS_DIFFER", "courses: 1 of 1 rows differ, the first 2026-07-20")
        ]
