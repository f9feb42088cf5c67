"""The shipped dates of events are those of the schedules as recorded, to the last one."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from pathlib import Path

import pytest

from bot.config import load_events

SHIPPED = Path(__file__).parents[2] / "config" / "events.toml"


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "recorded"), [("fomc", "fomc_decision"), ("cpi", "cpi"), ("ppi", "ppi")]
)
def test_shipped_events_are_those_of_the_schedules(
    name: str, recorded: str, data_dir: Path, tmp_path: Path
) -> None:
    # the 2020-03-18 decision is none: it was brought forward to the 15th, between schedules;
    # the BLS had not named its dates of 2027 when these were written
    shutil.copyfile(SHIPPED, tmp_path / "events.toml")
    with (data_dir / "macro_events.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["event"] == recorded]

    shipped = getattr(load_events(tmp_path / "events.toml"), name)

    assert list(shipped) == sorted(dt.date.fromisoformat(row["date"]) for row in rows)
