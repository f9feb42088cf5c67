"""Pages of sessions: private, thinned, and never the end of the bot."""

from __future__ import annotations

import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.ledger.store import Ledger
from bot.reports import thin, write_report
from bot.settings import LogSettings
from ledger_facts import NEXT, SESSION, begin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> LogSettings:
    return LogSettings(folder=tmp_path / "logs", reports=1, html_reports=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger" / "steward.db", durable=False) as opened:
        begin(opened)
        begin(opened, NEXT)
        yield opened


def test_a_page_and_its_folder_are_for_their_owner_only(
    ledger: Ledger, settings: LogSettings
) -> None:
    write_report(settings, ledger, SESSION)

    folder = settings.folder / "reports"
    assert "2026-07-20" in (folder / "2026-07-20.txt").read_text(encoding="utf-8")
    assert "Monday 20 July 2026" in (folder / "2026-07-20.html").read_text(encoding="utf-8")
    assert {stat.S_IMODE(page.stat().st_mode) for page in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_newest_pages_are_kept(ledger: Ledger, settings: LogSettings) -> None:
    write_report(settings, ledger, SESSION)
    write_report(settings, ledger, NEXT)

    kept = sorted(page.name for page in (settings.folder / "reports").iterdir())
    assert kept == ["2026-07-21.html", "2026-07-21.txt"]


def test_no_page_of_html_is_written_where_none_is_kept(
    ledger: Ledger, settings: LogSettings
) -> None:
    write_report(replace(settings, html_reports=0), ledger, SESSION)

    assert [page.name for page in (settings.folder / "reports").iterdir()] == ["2026-07-20.txt"]


def test_what_is_no_page_is_left_alone(tmp_path: Path) -> None:
    for name in ("2026-07-20.txt", "2026-07-21.txt", "notes.txt", "2025-01-01.md"):
        (tmp_path / name).touch()

    thin(tmp_path, "txt", keep=1)

    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "2025-01-01.md",
        "2026-07-21.txt",
        "notes.txt",
    ]


def test_a_page_that_cannot_be_written_does_not_end_the_bot(
    ledger: Ledger, settings: LogSettings
) -> None:
    settings.folder.write_text("in the way")

    write_report(settings, ledger, SESSION)

    assert settings.folder.read_text() == "in the way"


def test_a_page_that_cannot_be_read_from_the_ledger_does_not_end_the_bot(
    ledger: Ledger, settings: LogSettings
) -> None:
    ledger.close()

    write_report(settings, ledger, SESSION)

    assert [page for page in settings.folder.rglob("*.*") if page.stat().st_size] == []
