"""The file of the ledger: made safely, migrated whole, refused when it cannot be trusted."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from sqlite_utils import Database

from bot.core.errors import DamagedLedgerError, LedgerError
from bot.ledger import connection, migrations
from bot.ledger.connection import SCHEMA_VERSION, Connection
from bot.ledger.store import Ledger
from ledger_facts import AT, SESSION, begin, buy_lot, mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "steward.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path) as opened:
        yield opened


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_and_folder_are_for_their_owner_only(ledger: Ledger, path: Path) -> None:
    begin(ledger)

    assert mode(path.parent) == 0o700
    assert {file.name: mode(file) for file in path.parent.iterdir()} == {
        "steward.db": 0o600,
        "steward.db.lock": 0o600,
        "steward.db-wal": 0o600,
        "steward.db-shm": 0o600,
    }


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    Ledger.open(tmp_path / "steward.db").close()

    assert mode(tmp_path) == 0o755


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    Ledger.open(path).close()
    path.chmod(0o644)

    Ledger.open(path).close()

    assert mode(path) == 0o600


def test_the_connection_is_set_for_safety(ledger: Ledger) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")

    values = {name: ledger.value(f"PRAGMA {name}") for name in pragmas}

    full = 2
    assert values == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


def test_a_simulation_may_leave_the_disk_alone(path: Path) -> None:
    with Ledger.open(path, durable=False) as ledger:
        assert ledger.value("PRAGMA synchronous") == 0


def test_every_table_is_strict(ledger: Ledger) -> None:
    tables = ledger.rows("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'")
    ours = {
        row["name"]: row["strict"] for row in tables if not row["name"].startswith(("sqlite_", "_"))
    }

    assert len(ours) == 34
    assert set(ours.values()) == {1}


def test_no_price_and_no_amount_is_a_binary_float(ledger: Ledger) -> None:
    reals = ledger.rows(
        "SELECT t.name || '.' || c.name AS column FROM pragma_table_list t "
        "JOIN pragma_table_info(t.name) c WHERE c.type = 'REAL'"
    )

    assert {row["column"] for row in reals} == {
        "breadth.advances",
        "breadth.declines",
        "hedge_layers.delta",
        "hedge_layers.drift",
        "hedge_layers.mark_multiple",
        "hedge_layers.target_delta",
        "marks.gross_width_usd",
        "order_events.filled",
        "order_events.remaining",
        "stress_cells.spx",
        "stress_cells.vix_points",
    }


def test_the_schema_version_counts_the_migrations(ledger: Ledger) -> None:
    numbered = [migration.name for migration in migrations.migrations.applied(_database(ledger))]

    assert [int(name[:4]) for name in numbered] == list(range(1, SCHEMA_VERSION + 1))
    assert ledger.value("PRAGMA user_version") == SCHEMA_VERSION


def _database(ledger: Ledger) -> Database:
    return Database(ledger._database, execute_plugins=False)


def test_opening_again_finds_what_was_written(path: Path) -> None:
    with Ledger.open(path) as first:
        first.record_mark(mark())

    with Ledger.open(path) as second:
        assert second.marks() == (mark(),)


def test_a_migration_that_fails_leaves_nothing_behind(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE marks (session TEXT)")
    foreign.close()

    with pytest.raises(LedgerError, match=r"cannot open the ledger: .*already exists"):
        Ledger.open(path)

    after = sqlite3.connect(path)
    names = [row[0] for row in after.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    after.close()
    assert names == ["marks"]


def test_a_migration_that_is_interrupted_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations.migrations, "_record_applied", lambda *_: interrupted(None))

    with pytest.raises(KeyboardInterrupt):
        Ledger.open(path)

    monkeypatch.undo()
    with Ledger.open(path) as ledger:
        assert ledger.marks() == ()


@pytest.mark.parametrize("open_", [Ledger.open, Ledger.open_read_only])
def test_a_ledger_of_a_newer_version_is_refused(path: Path, open_: object) -> None:
    Ledger.open(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(
        LedgerError, match=f"schema 99, this .* {SCHEMA_VERSION}; install the newer"
    ):
        open_(path)  # type: ignore[operator]


def test_a_ledger_of_an_older_version_is_not_migrated_by_reading_it(path: Path) -> None:
    Ledger.open(path).close()
    older = sqlite3.connect(path)
    older.execute("PRAGMA user_version = 0")
    older.close()

    with pytest.raises(LedgerError, match=f"schema 0, this .* {SCHEMA_VERSION}; `steward check`"):
        Ledger.open_read_only(path)


def test_reading_does_not_make_a_ledger(path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger; a first `steward once`"):
        Ledger.open_read_only(path)

    assert not path.parent.exists()


def test_what_is_open_for_reading_cannot_be_written(ledger: Ledger, path: Path) -> None:
    with (
        Ledger.open_read_only(path) as reader,
        pytest.raises(LedgerError, match="cannot write a mark: attempt to write a readonly"),
    ):
        reader.record_mark(mark())

    assert ledger.marks() == ()


def test_a_reader_sees_what_a_writer_has_committed(ledger: Ledger, path: Path) -> None:
    with Ledger.open_read_only(path) as reader:
        ledger.record_mark(mark())

        assert reader.marks() == (mark(),)


@pytest.mark.parametrize("open_", [Ledger.open, Ledger.open_read_only])
def test_a_file_that_is_no_database_is_refused(path: Path, open_: object) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to have a header" * 20)

    with pytest.raises(LedgerError, match="file is not a database"):
        open_(path)  # type: ignore[operator]


def test_a_damaged_file_is_refused(path: Path) -> None:
    with Ledger.open(path) as ledger:
        for _ in range(50):
            begin(ledger)
            ledger.alert("A", "x" * 500, session=SESSION, at=AT)
        page = ledger.value("SELECT rootpage FROM sqlite_schema WHERE name = 'alerts'")
        size = ledger.value("PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))

    with pytest.raises(DamagedLedgerError, match=r"steward\.db: damaged \(.*\)"):
        Ledger.open(path)


def test_a_folder_that_cannot_be_made_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(LedgerError, match="cannot open the ledger"):
        Ledger.open(tmp_path / "file" / "steward.db")


def second_writer(path: Path) -> Ledger:
    """Open the ledger past the lock that keeps a second bot away, as another program could."""
    return Ledger(connection.connect(path), path)


def test_a_writer_that_does_not_get_the_lock_in_time_is_a_fault(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_SECONDS", 0.01)
    with Ledger.open(path) as first, second_writer(path) as second:
        with (
            first.writing("a long thing"),
            pytest.raises(LedgerError, match="cannot write a mark: database is locked"),
        ):
            second.record_mark(mark())
        second.record_mark(mark())

        assert first.marks() == (mark(),)


def test_the_write_lock_is_taken_at_the_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_SECONDS", 0.01)
    with (
        Ledger.open(path) as first,
        second_writer(path) as second,
        first.writing("nothing yet"),
        pytest.raises(LedgerError, match="database is locked"),
        second.writing("nothing either"),
    ):
        pass


def test_a_full_disk_is_a_fault_and_keeps_nothing_of_the_transaction(ledger: Ledger) -> None:
    ledger.record_mark(mark())
    pages = ledger.value("PRAGMA page_count")
    ledger.value(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(LedgerError, match="cannot write an alert: database or disk is full"):
        ledger.alert("A", "x" * 100_000, session=SESSION, at=AT)

    ledger.value("PRAGMA max_page_count = 1000000")
    ledger.alert("B", "fits again", session=SESSION, at=AT)
    assert [row["code"] for row in ledger.rows("SELECT code FROM alerts")] == ["B"]


def test_a_block_that_raises_keeps_nothing(ledger: Ledger) -> None:
    def half_way() -> None:
        with ledger.writing("half a thing") as database:
            database.execute("INSERT INTO alerts (at, code, text) VALUES ('t', 'c', 'x')")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        half_way()

    assert ledger.rows("SELECT * FROM alerts") == []


def test_a_query_that_fails_is_a_fault_of_the_ledger(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="cannot read: no such table: nowhere"):
        ledger.rows("SELECT * FROM nowhere")


def test_a_backup_is_a_whole_ledger_made_while_it_is_in_use(ledger: Ledger, path: Path) -> None:
    ledger.record_mark(mark())
    copy = path.with_name("copy.db")
    copy.write_text("an older backup")

    ledger.backup(copy)

    assert mode(copy) == 0o600
    with Ledger.open(copy) as restored:
        assert restored.marks() == (mark(),)
    assert not list(path.parent.glob("*.partial"))


def test_a_backup_that_fails_says_where_to(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(LedgerError, match=r"cannot back up to .*copy"):
        ledger.backup(tmp_path / "file" / "copy.db")


def test_closing_twice_is_harmless(path: Path) -> None:
    ledger = Ledger.open(path)

    ledger.close()
    ledger.close()

    with pytest.raises(LedgerError, match="closed database"):
        ledger.marks()


def test_what_was_committed_survives_the_death_of_the_process(path: Path) -> None:
    """The process dies in the middle of a transaction; the one before it is kept."""
    program = textwrap.dedent(
        """
        import os, pathlib, sys
        from ledger_facts import AT, buy_lot
        from bot.ledger.store import Ledger

        ledger = Ledger.open(pathlib.Path(sys.argv[1]))
        ledger.commit_intent(buy_lot(), at=AT)
        with ledger.writing("half a thing") as database:
            database.execute("UPDATE intents SET state = 'filled'")
            os._exit(9)
        """
    )
    tests = os.pathsep.join(sys.path)

    died = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": tests},
        check=False,
    )

    assert died.returncode == 9
    with Ledger.open(path) as ledger:
        assert [record.intent for record in ledger.intent_records(open_only=True)] == [buy_lot()]


def test_reading_needs_neither_pydantic_nor_the_migrations(path: Path) -> None:
    with Ledger.open(path) as ledger:
        ledger.record_mark(mark())
    program = (
        "import pathlib, sys\n"
        "from bot.ledger.store import Ledger\n"
        "with Ledger.open(pathlib.Path(sys.argv[1])) as ledger:\n"
        "    ledger.marks()\n"
        "print(*{'pydantic', 'sqlite_utils', 'pandas', 'numpy'} & set(sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""


def test_a_connection_knows_its_file(ledger: Ledger, path: Path) -> None:
    assert isinstance(ledger, Connection)
    assert ledger.path == path
