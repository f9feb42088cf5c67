"""The places that the bot writes to: room on the disk, and a target that can take backups."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import ConfigError
from bot.defaults import write_defaults
from bot.guard import DiskGuard
from bot.project import load_project
from bot.settings import LedgerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

MORE_THAN_THERE_IS = 1_000_000_000
NOBODY = 65534


def guard(ledger: Path, least: int) -> DiskGuard:
    return DiskGuard(ledger=replace(LedgerSettings(path=ledger), minimum_free_mb=least))


def test_enough_room_forbids_nothing(tmp_path: Path) -> None:
    assert guard(tmp_path / "steward.db", 1).fault() is None


def test_too_little_room_names_what_there_is_the_bound_and_the_remedy(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free / 1e6

    fault = guard(tmp_path / "steward.db", MORE_THAN_THERE_IS).fault() or ""

    said = float(fault.removeprefix(f"{tmp_path}: ").partition(" MB")[0])
    assert said == pytest.approx(free, rel=0.01)
    assert fault.endswith("ledger.minimum_free_mb = 1000000000: make room there")


def test_room_that_cannot_be_told_is_no_permission(tmp_path: Path) -> None:
    fault = guard(tmp_path / "gone" / "steward.db", 1).fault()

    assert fault == f"{tmp_path / 'gone'}: free disk space is unknown: No such file or directory"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_defaults(tmp_path)
    return tmp_path


def point(project: Path, folder: object) -> int:
    """Name the folder of the backups; return the line on which it is named."""
    path = project / "config" / "steward.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = lines.index("[backup]                    # a copy of the ledger after each session")
    lines[number + 1] = f'folder = "{folder}"'
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return number + 2


def fault_of(project: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_project(project)
    (fault,) = caught.value.faults
    return fault


def wording(project: Path, folder: object, line: int, text: str) -> str:
    return f'config/steward.toml:{line}: backup.folder = "{project / str(folder)}": {text}'


def test_backups_in_a_folder_of_their_own_are_accepted(project: Path) -> None:
    point(project, "elsewhere/backups")

    assert load_project(project).settings.backup.folder == project / "elsewhere" / "backups"


@pytest.mark.parametrize("folder", ["ledger", "./ledger/../ledger"])
def test_backups_beside_the_ledger_are_refused(project: Path, folder: str) -> None:
    line = point(project, folder)

    text = "is the folder of the ledger: name one of its own, better on another disk"
    assert fault_of(project) == wording(project, folder, line, text)


@pytest.mark.parametrize("folder", ["logs", "logs/backups"])
def test_backups_among_the_logs_are_refused(project: Path, folder: str) -> None:
    line = point(project, folder)

    text = f"lies in logs.folder = {project / 'logs'}: name a folder outside of it"
    assert fault_of(project) == wording(project, folder, line, text)


def test_a_link_to_the_folder_of_the_ledger_is_found_out(project: Path) -> None:
    (project / "ledger").mkdir()
    (project / "backups").symlink_to(project / "ledger")

    assert "is the folder of the ledger" in fault_of(project)


def test_a_file_in_the_place_of_the_backups_is_refused(project: Path) -> None:
    (project / "backups").write_text("in the way")
    line = point(project, "backups")

    assert fault_of(project) == wording(project, "backups", line, "is a file: name a folder")


def test_a_file_on_the_way_to_the_backups_is_refused(project: Path) -> None:
    (project / "file").write_text("in the way")
    line = point(project, "file/backups")

    text = f"cannot be made: {project / 'file'} is a file: name another folder"
    assert fault_of(project) == wording(project, "file/backups", line, text)


@contextlib.contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """Give up the rights of root, which may write everywhere, for a while."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def open_project() -> Iterator[Path]:
    """A project that any user can read; pytest's own folders are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    write_defaults(folder)
    (folder / "config").chmod(0o755)
    for each in (folder / "config").iterdir():
        each.chmod(0o644)
    (folder / "closed").mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("mode", [0o555, 0o500])
@pytest.mark.parametrize("folder", ["closed", "closed/backups"])
def test_a_folder_that_cannot_be_written_is_refused_with_the_command_to_type(
    open_project: Path, folder: str, mode: int
) -> None:
    line = point(open_project, folder)
    (open_project / "closed").chmod(mode)

    with as_an_ordinary_user():
        found = fault_of(open_project)

    closed = open_project / "closed"
    text = f"cannot be written: type `chmod u+wx {closed}`, or name another"
    assert found == wording(open_project, folder, line, text)


def test_the_fault_of_the_backups_is_listed_with_those_of_other_files(project: Path) -> None:
    point(project, "logs")
    rules = project / "config" / "rules.toml"
    rules.write_text(rules.read_text().replace("dte_target = 35", 'dte_target = "soon"'))

    with pytest.raises(ConfigError) as caught:
        load_project(project)

    assert [fault.partition(" = ")[0].split(": ")[1] for fault in caught.value.faults] == [
        "backup.folder",
        "condor.dte_target",
    ]
