"""Files of the bot: private, replaced whole, refused where others could write them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from bot.config import edit_kill_switch, load_settings
from bot.core.book import TradingState
from bot.core.errors import ConfigError, LedgerError
from bot.defaults import write_defaults
from bot.files import create_private, distrust, free_mb, private_folder
from bot.killswitch import KillSwitch
from bot.ledger.store import Ledger

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    write_defaults(tmp_path)
    return tmp_path / "config" / "steward.toml"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_default_configuration_is_for_its_owner_only(settings: Path) -> None:
    assert mode(settings.parent) == 0o700
    assert {mode(each) for each in settings.parent.iterdir()} == {0o600}


def test_a_file_that_others_may_read_is_obeyed(settings: Path) -> None:
    settings.chmod(0o644)

    assert KillSwitch(settings).read().state is TradingState.ACTIVE


@pytest.mark.parametrize("others", [0o620, 0o602, 0o666])
def test_a_configuration_that_others_could_write_is_refused_with_the_command_to_type(
    settings: Path, others: int
) -> None:
    settings.chmod(others)

    with pytest.raises(ConfigError) as caught:
        load_settings(settings)

    assert str(caught.value) == (
        f"config/steward.toml: steward.toml can be written by others (mode {others:04o}): "
        f"type `chmod go-w {settings}`"
    )


def test_the_command_of_the_refusal_is_the_remedy(settings: Path) -> None:
    settings.chmod(0o666)
    text = distrust(settings) or ""

    os.system(text.partition("`")[2].rstrip("`"))  # noqa: S605 - what the user is told to type

    assert load_settings(settings).kill_switch.state is TradingState.ACTIVE


def test_a_folder_that_others_could_write_is_refused(settings: Path) -> None:
    settings.parent.chmod(0o770)

    with pytest.raises(ConfigError, match=r"config can be written by others \(mode 0770\)"):
        load_settings(settings)


def test_a_configuration_behind_a_link_is_refused(settings: Path) -> None:
    elsewhere = settings.with_name("elsewhere.toml")
    settings.rename(elsewhere)
    settings.symlink_to(elsewhere)

    with pytest.raises(ConfigError, match=r"is a symbolic link to .*elsewhere\.toml: put the file"):
        load_settings(settings)


@pytest.mark.parametrize("spoil", ["writable", "link"])
def test_a_configuration_that_is_not_acceptable_acts_as_halt(settings: Path, spoil: str) -> None:
    switch = KillSwitch(settings)
    before = switch.read().state
    if spoil == "writable":
        settings.chmod(0o666)
    else:
        settings.symlink_to(settings.rename(settings.with_name("elsewhere.toml")))

    after = switch.read()

    assert (before, after.state) == (TradingState.ACTIVE, TradingState.HALT)
    assert after.fault is not None


def test_the_kill_switch_cannot_be_edited_through_a_link(settings: Path) -> None:
    target = settings.rename(settings.with_name("elsewhere.toml"))
    settings.symlink_to(target)

    with pytest.raises(ConfigError, match="symbolic link"):
        edit_kill_switch(settings, TradingState.HALT, reason="a test")

    assert settings.is_symlink()


def test_a_ledger_that_others_could_have_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger" / "steward.db"
    Ledger.open(path).close()
    path.chmod(0o666)

    with pytest.raises(LedgerError, match=rf"type `chmod go-w {path}`"):
        Ledger.open(path)


def test_a_ledger_in_a_folder_that_others_could_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)

    with pytest.raises(LedgerError, match=rf"\(mode 0777\): type `chmod go-w {tmp_path}`"):
        Ledger.open(tmp_path / "steward.db")


@pytest.mark.parametrize("name", ["steward.db", "steward.db.lock"])
def test_a_ledger_or_a_lock_behind_a_link_is_refused_and_its_target_untouched(
    tmp_path: Path, name: str
) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    target.chmod(0o644)
    (tmp_path / name).symlink_to(target)

    with pytest.raises(LedgerError, match="symbolic link"):
        Ledger.open(tmp_path / "steward.db")

    assert (target.read_text(), mode(target)) == ("mine", 0o644)


def test_a_private_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_private(tmp_path / "folder" / "file")
    finally:
        os.umask(before)

    assert mode(tmp_path / "folder") == 0o700
    assert mode(tmp_path / "folder" / "file") == 0o600


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    assert mode(private_folder(tmp_path)) == 0o755


def test_free_space_is_what_this_user_may_still_write(tmp_path: Path) -> None:
    status = os.statvfs(tmp_path)

    assert free_mb(tmp_path) == pytest.approx(status.f_bavail * status.f_frsize / 1e6, rel=0.01)
