"""Backups: checked copies, one for each session, and the way back from one."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.backup import after_session, back_up, newest_good, open_ledger, restore
from bot.config import load_settings
from bot.core.errors import DamagedLedgerError, LedgerError
from bot.defaults import write_defaults
from bot.ledger import copies
from bot.ledger.copies import fault_of
from bot.ledger.queries import incident_rows
from bot.ledger.store import Ledger
from bot.project import Project, load_project
from ledger_facts import AT, NEXT, OPENING_PRICES, SESSION, begin, execute, mark, open_condor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.settings import Settings


@pytest.fixture
def project(tmp_path: Path) -> Project:
    write_defaults(tmp_path)
    return load_project(tmp_path)


@pytest.fixture
def settings(project: Project) -> Settings:
    return project.settings


@pytest.fixture
def path(settings: Settings) -> Path:
    return settings.ledger.path


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path) as opened:
        begin(opened)
        execute(opened, open_condor(), *OPENING_PRICES)
        yield opened


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def day(number: int) -> dt.date:
    return SESSION + dt.timedelta(days=number)


def damage(path: Path) -> None:
    """Overwrite the page that holds the alerts, as a failing disk would."""
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'alerts'")
        offset = (page.fetchone()[0] - 1) * database.execute("PRAGMA page_size").fetchone()[0]
    database.close()
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * 512)


def damage_in_use(ledger: Ledger) -> None:
    """Damage a ledger that is open, and make it forget what it remembers of the page."""
    damage(ledger.path)
    ledger.value("PRAGMA shrink_memory")


def test_a_backup_is_named_by_its_session_and_private(ledger: Ledger, settings: Settings) -> None:
    made = back_up(settings, ledger, SESSION)

    assert made == settings.backup.folder / "steward-2026-07-20.db"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700
    assert names(made.parent) == ["steward-2026-07-20.db"]


def test_a_backup_holds_what_the_ledger_holds(ledger: Ledger, settings: Settings) -> None:
    made = back_up(settings, ledger, SESSION)

    with Ledger.open_read_only(made) as copy:
        assert copy.holdings() == ledger.holdings()
        assert copy.holdings().condors[0].quantity == 2


def test_a_backup_is_made_by_a_reader_beside_the_writer(ledger: Ledger, settings: Settings) -> None:
    with Ledger.open_read_only(ledger.path) as reader, ledger.writing("something") as database:
        database.execute("INSERT INTO alerts (at, code, text) VALUES ('t', 'half', 'way')")
        made = back_up(settings, reader)

    with Ledger.open_read_only(made) as copy:
        assert copy.rows("SELECT * FROM alerts") == []


def test_a_backup_needs_no_other_file_to_be_read(
    ledger: Ledger, settings: Settings, tmp_path: Path
) -> None:
    made = back_up(settings, ledger, SESSION)
    alone = tmp_path / "another machine" / "copy.db"
    alone.parent.mkdir()
    shutil.copy(made, alone)

    with sqlite3.connect(alone) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert database.execute("SELECT count(*) FROM intents").fetchone() == (1,)
    database.close()


def test_without_a_session_the_newest_one_names_the_backup(
    ledger: Ledger, settings: Settings
) -> None:
    begin(ledger, NEXT)

    assert back_up(settings, ledger).name == "steward-2026-07-21.db"


def test_a_ledger_without_a_session_has_nothing_to_back_up(settings: Settings, path: Path) -> None:
    with Ledger.open(path) as empty, pytest.raises(LedgerError, match="holds no session yet"):
        back_up(settings, empty)


def test_the_same_session_is_backed_up_anew(ledger: Ledger, settings: Settings) -> None:
    back_up(settings, ledger, SESSION)
    ledger.record_mark(mark())

    made = back_up(settings, ledger, SESSION)

    assert names(made.parent) == [made.name]
    with Ledger.open_read_only(made) as copy:
        assert copy.marks() == (mark(),)


def test_the_newest_are_kept_and_foreign_files_left_alone(
    ledger: Ledger, settings: Settings
) -> None:
    settings = replace(settings, backup=replace(settings.backup, keep=2))
    settings.backup.folder.mkdir()
    (settings.backup.folder / "steward-2025.db").write_text("mine")

    for number in range(4):
        back_up(settings, ledger, day(number))

    assert names(settings.backup.folder) == [
        "steward-2025.db",
        "steward-2026-07-22.db",
        "steward-2026-07-23.db",
    ]


def test_the_copy_just_made_is_never_thinned_though_others_are_dated_after_it(
    ledger: Ledger, settings: Settings
) -> None:
    """A ledger of the future, or a clock that was wrong, has left copies that sort behind it."""
    settings = replace(settings, backup=replace(settings.backup, keep=2))
    for number in (7, 8, 9):
        back_up(settings, ledger, day(number))

    made = back_up(settings, ledger, day(0))

    assert names(settings.backup.folder) == [
        made.name,
        f"steward-{day(8)}.db",
        f"steward-{day(9)}.db",
    ]


def test_a_copy_that_fails_its_check_is_kept_aside_and_replaces_no_good_one(
    ledger: Ledger, settings: Settings
) -> None:
    good = back_up(settings, ledger, SESSION)
    before = good.read_bytes()
    damage_in_use(ledger)

    with pytest.raises(LedgerError, match=r"fails its check: .*; kept as .*-20\.db\.f"):
        back_up(settings, ledger, SESSION)

    assert names(good.parent) == [good.name, f"{good.name}.failed"]
    assert good.read_bytes() == before
    assert fault_of(good) is None
    assert fault_of(good.with_name(f"{good.name}.failed")) is not None


def test_a_copy_whose_very_schema_is_damaged_is_kept_aside_too(
    ledger: Ledger, settings: Settings
) -> None:
    ledger.value("PRAGMA wal_checkpoint(TRUNCATE)")
    with ledger.path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * 200)
    ledger.value("PRAGMA shrink_memory")

    with pytest.raises(LedgerError, match=r"malformed|damaged"):
        back_up(settings, ledger, SESSION)

    assert names(settings.backup.folder) == ["steward-2026-07-20.db.failed"]


def test_good_copies_are_not_rotated_away_while_the_newest_fails(
    ledger: Ledger, settings: Settings
) -> None:
    settings = replace(settings, backup=replace(settings.backup, keep=2))
    good = [back_up(settings, ledger, day(number)) for number in range(2)]
    damage_in_use(ledger)

    for number in range(2, 8):
        with pytest.raises(LedgerError):
            back_up(settings, ledger, day(number))

    found = names(settings.backup.folder)
    assert [name for name in found if name.endswith(".db")] == [each.name for each in good]
    assert [name for name in found if name.endswith(".failed")] == [
        f"steward-{day(number)}.db.failed" for number in (5, 6, 7)
    ]
    assert newest_good(settings) == good[-1]


def test_a_backup_that_is_interrupted_leaves_the_one_before_it(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = back_up(settings, ledger, SESSION)
    before = good.read_bytes()

    def full(_path: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copies, "flush", full)
    with pytest.raises(LedgerError, match=r"cannot back up to .*No space left"):
        back_up(settings, ledger, SESSION)

    assert names(good.parent) == [good.name]
    assert good.read_bytes() == before


@pytest.fixture
def events() -> Iterator[list[logging.LogRecord]]:
    """Records of the module under test."""
    found: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = found.append  # type: ignore[assignment,method-assign]
    logger = logging.getLogger("bot.backup")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def named(record: logging.LogRecord) -> tuple[str, str]:
    event: Any = record.msg
    return record.levelname, event["event"]


def test_a_session_is_backed_up_and_its_size_logged(
    ledger: Ledger, project: Project, events: list[logging.LogRecord]
) -> None:
    after_session(project, ledger, SESSION, at=AT)

    assert names(project.settings.backup.folder) == ["steward-2026-07-20.db"]
    assert [named(event) for event in events] == [("INFO", "backup.made")]


def test_after_the_first_session_of_a_week_the_totals_are_held_against_their_rows(
    ledger: Ledger, project: Project, events: list[logging.LogRecord]
) -> None:
    begin(ledger, NEXT)
    with ledger.writing("a fault") as database:
        database.execute("UPDATE structure_totals SET cash_usd = '1'")

    after_session(project, ledger, NEXT, at=AT)
    assert ledger.totals_at_fault()
    after_session(project, ledger, SESSION, at=AT)

    assert ledger.totals_at_fault() == ()
    assert [named(event) for event in events][2:] == [("ERROR", "totals.differ")]
    assert ledger.last_incident("TOTALS_DIFFER") is not None


def test_totals_that_cannot_be_told_are_an_incident_and_no_end_of_the_bot(
    ledger: Ledger, project: Project, events: list[logging.LogRecord]
) -> None:
    ledger.record_mark(mark())
    with ledger.writing("a fault") as database:
        database.execute("UPDATE marks SET nav_usd = '1.2.3'")

    after_session(project, ledger, SESSION, at=AT)

    assert [named(event) for event in events][1:] == [("WARNING", "totals.not_checked")]
    assert "not checked: courses" in (ledger.last_incident("TOTALS_DIFFER") or "")


def test_a_failed_backup_is_an_incident_and_no_end_of_the_bot(
    ledger: Ledger, project: Project, events: list[logging.LogRecord]
) -> None:
    damage_in_use(ledger)

    after_session(project, ledger, SESSION, at=AT)

    (incident,) = incident_rows(ledger, SESSION)
    assert incident.code == "BACKUP_FAILED"
    assert "kept as steward-2026-07-20.db.failed" in incident.text
    assert [named(event) for event in events] == [("ERROR", "backup.failed")]


def test_a_failed_backup_that_cannot_be_noted_is_logged(
    ledger: Ledger, project: Project, events: list[logging.LogRecord]
) -> None:
    ledger.close()

    after_session(project, ledger, SESSION, at=AT)

    assert [named(event) for event in events] == [
        ("ERROR", "backup.failed"),
        ("WARNING", "backup.failure_not_noted"),
    ]


def test_a_restore_after_damage_gives_the_same_holdings(
    ledger: Ledger, project: Project, path: Path
) -> None:
    held = ledger.holdings()
    made = back_up(project.settings, ledger, SESSION)
    ledger.close()
    damage(path)
    with pytest.raises(DamagedLedgerError):
        open_ledger(project)

    restore(project.settings, made)

    with open_ledger(project) as restored:
        assert restored.holdings() == held
        assert restored.value("PRAGMA journal_mode") == "wal"
    assert made.exists()


@pytest.mark.parametrize("spoil", ["page", "header", "cut"])
def test_of_a_damaged_ledger_the_newest_good_backup_and_the_command_are_named(
    ledger: Ledger, project: Project, path: Path, spoil: str
) -> None:
    good = back_up(project.settings, ledger, SESSION)
    bad = back_up(project.settings, ledger, NEXT)
    ledger.close()
    damage(bad)
    if spoil == "page":
        damage(path)
    elif spoil == "header":
        path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(DamagedLedgerError) as caught:
        open_ledger(project)

    folder = project.folder
    assert str(caught.value).endswith(
        f"; the newest good backup is {good.name}: type `steward restore {good} -p {folder}`"
    )


def test_a_damaged_ledger_without_a_backup_says_so(
    ledger: Ledger, project: Project, path: Path
) -> None:
    ledger.close()
    damage(path)

    with pytest.raises(DamagedLedgerError, match=r"there is no good backup in .*backups"):
        open_ledger(project)


def test_the_ledger_that_was_there_is_kept_with_what_was_only_in_its_log(
    ledger: Ledger, settings: Settings, path: Path, tmp_path: Path
) -> None:
    made = back_up(settings, ledger, SESSION)
    ledger.record_mark(mark())
    killed = tmp_path / "killed"  # a process that dies leaves the log behind
    shutil.copytree(path.parent, killed)
    ledger.close()
    shutil.copytree(killed, path.parent, dirs_exist_ok=True)

    kept = restore(settings, made)

    assert kept is not None
    with Ledger.open_read_only(kept) as before, Ledger.open(path) as after:
        assert before.marks() == (mark(),)
        assert after.marks() == ()


def test_a_restore_can_be_taken_back(ledger: Ledger, settings: Settings, path: Path) -> None:
    """Also of a ledger whose last facts were only in its log, as a killed bot leaves it."""
    made = back_up(settings, ledger, SESSION)
    killed = path.parent.with_name("killed")
    ledger.record_mark(mark())
    shutil.copytree(path.parent, killed)
    ledger.close()
    shutil.copytree(killed, path.parent, dirs_exist_ok=True)
    kept = restore(settings, made)
    assert kept is not None

    restore(settings, kept)

    with Ledger.open(path) as again:
        assert again.marks() == (mark(),)


def test_a_restore_where_no_ledger_is_makes_one(
    ledger: Ledger, settings: Settings, path: Path
) -> None:
    made = back_up(settings, ledger, SESSION)
    held = ledger.holdings()
    ledger.close()
    shutil.rmtree(path.parent)

    assert restore(settings, made) is None

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Ledger.open(path) as restored:
        assert restored.holdings() == held


def test_a_backup_that_fails_its_check_is_not_restored(
    ledger: Ledger, settings: Settings, path: Path
) -> None:
    made = back_up(settings, ledger, SESSION)
    ledger.close()
    before = path.read_bytes()
    damage(made)

    with pytest.raises(LedgerError, match=r"cannot be restored: .*nothing was changed"):
        restore(settings, made)

    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file"),
        (b"no database at all, however long it is" * 99, "file is not a database"),
        (b"", "schema 0, this version reads 1 to"),
    ],
)
def test_what_is_no_ledger_is_not_restored(
    settings: Settings, tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(LedgerError, match=words):
        restore(settings, file)

    assert not settings.ledger.path.exists()


def test_a_backup_of_a_newer_version_is_not_restored(ledger: Ledger, settings: Settings) -> None:
    made = back_up(settings, ledger, SESSION)
    ledger.close()
    with sqlite3.connect(made) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(LedgerError, match="schema 99, this version reads 1 to"):
        restore(settings, made)


def test_a_restore_is_refused_while_a_bot_has_the_ledger(
    ledger: Ledger, settings: Settings
) -> None:
    made = back_up(settings, ledger, SESSION)
    ledger.record_mark(mark())

    with pytest.raises(LedgerError, match=rf"process {os.getpid()} has it open to write"):
        restore(settings, made)

    assert ledger.marks() == (mark(),)


def test_a_restore_that_cannot_be_written_leaves_the_ledger(
    ledger: Ledger, settings: Settings, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = back_up(settings, ledger, SESSION)
    ledger.close()
    before = path.read_bytes()

    def full(_path: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copies, "flush", full)
    with pytest.raises(LedgerError, match=r"cannot restore .*No space left"):
        restore(settings, made)

    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.restoring"))


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_commands_back_up_and_restore(ledger: Ledger, project: Project) -> None:
    made = run("backup", "-p", project.folder)
    ledger.record_mark(mark())
    absent = run("restore", project.folder / "none.db", "-p", project.folder)
    refused = run(
        "restore", project.settings.backup.folder / "steward-2026-07-20.db", "-p", project.folder
    )
    ledger.close()
    restored = run(
        "restore", project.settings.backup.folder / "steward-2026-07-20.db", "-p", project.folder
    )

    assert made.returncode == 0, made.stderr
    assert made.stdout.strip().endswith("backups/steward-2026-07-20.db")
    assert (absent.returncode, "none.db: no such file" in absent.stderr) == (2, True)
    assert (refused.returncode, "stop that one first" in refused.stderr) == (1, True)
    assert restored.returncode == 0, restored.stderr
    assert "is kept as" in restored.stdout
    assert "next: `steward once --dry-run`" in restored.stdout
    with Ledger.open_read_only(project.settings.ledger.path) as after:
        assert after.marks() == ()


def test_a_process_that_dies_while_copying_leaves_the_backup_before_it(
    ledger: Ledger, settings: Settings, path: Path
) -> None:
    """The next backup takes over what the dead one left half made."""
    good = back_up(settings, ledger, SESSION)
    ledger.close()
    program = textwrap.dedent(
        """
        import os, pathlib, sys
        from bot.ledger import copies
        from bot.ledger.store import Ledger

        copies.fault_of = lambda path: os._exit(9)
        Ledger.open(pathlib.Path(sys.argv[1])).backup(pathlib.Path(sys.argv[2]))
        """
    )

    died = subprocess.run([sys.executable, "-c", program, path, good], check=False)

    assert died.returncode == 9
    assert names(good.parent) == [good.name, f"{good.name}.partial"]
    assert fault_of(good) is None
    with Ledger.open(path) as again:
        back_up(settings, again, SESSION)
    assert names(good.parent) == [good.name]


def test_the_settings_of_backups_are_read_from_the_file(project: Project) -> None:
    path = project.settings_path
    path.write_text(path.read_text().replace('folder = "backups"', 'folder = "safe/copies"'))

    found = load_settings(path).backup

    assert found.folder == project.folder / "safe" / "copies"
    assert json.dumps(found.keep) == "30"
