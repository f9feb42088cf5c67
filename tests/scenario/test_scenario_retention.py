"""Old snapshots are packed and thinned by the bot itself, after the session's own work."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from harness import Stage, stage

import builders
from bot.cli import app
from bot.config import load_settings
from bot.core.errors import ConfigError
from bot.defaults import write_defaults
from bot.project import settings_path

if TYPE_CHECKING:
    import datetime as dt

OLD = builders.SESSION.replace(year=2022)


def states(found: Stage) -> list[tuple[str, str | None]]:
    rows = found.ledger.rows("SELECT session, retention FROM snapshots ORDER BY session")
    return [(row["session"], row["retention"]) for row in rows]


def test_a_session_thins_what_is_old_and_says_so(tmp_path: Path) -> None:
    async def scene() -> None:
        async with stage(tmp_path) as found:
            found.ledger.save_snapshot(replace(builders.market(), session=OLD), dry=True)
            session: dt.date = found.next_session()

            await found.run()

            assert states(found) == [(str(OLD), "thinned"), (str(session), None)]
            (row,) = found.ledger.rows("SELECT session, thinned FROM thinnings")
            assert tuple(row) == (str(session), 1)

    asyncio.run(scene())
    told = CliRunner().invoke(app, ["snapshots", "-p", str(tmp_path)])
    assert told.exit_code == 0
    assert told.stdout.splitlines()[0].split()[:2] == ["thinned", "1"]
    assert "due     nothing" in told.stdout
    as_json = CliRunner().invoke(app, ["snapshots", "--json", "-p", str(tmp_path)])
    assert '"thinned": 1' in as_json.stdout


def test_snapshots_of_no_session_are_one_line(tmp_path: Path) -> None:
    async def scene() -> None:
        async with stage(tmp_path):
            pass

    asyncio.run(scene())

    told = CliRunner().invoke(app, ["snapshots", "-p", str(tmp_path)])

    assert told.exit_code == 2
    assert told.stderr.count("\n") == 1
    assert "holds no session yet" in told.stderr


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("pack_days = 60", "pack_days = 29", "snapshots.pack_days = 29: must be greater than"),
        ("thin_days = 365", "thin_days = 40000", "snapshots.thin_days = 40000: must be less than"),
        ("at_once = 60", "at_once = 0", "snapshots.at_once = 0: must be greater than"),
        (
            "thin_days = 365",
            "thin_days = 59",
            "snapshots.thin_days = 59: must not be below snapshots.pack_days = 60",
        ),
    ],
)
def test_terms_that_cannot_be_kept_are_named(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    write_defaults(tmp_path)
    path = settings_path(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        load_settings(path)

    (told,) = refused.value.faults
    assert f"{fault}" in told
