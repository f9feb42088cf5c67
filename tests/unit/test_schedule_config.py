"""Faults of the schedule, the quiet hours and the health table are named at start."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from bot.core.errors import ConfigError
from bot.defaults import write_defaults
from bot.project import load_project, rescheduled
from bot.quiet import is_quiet, parse_window

if TYPE_CHECKING:
    from pathlib import Path

NEW_YORK = ZoneInfo("America/New_York")


def faults_with(folder: Path, old: str, new: str) -> tuple[str, ...]:
    """Change one line of the shipped settings and return the faults of loading them."""
    write(folder, old, new)
    with pytest.raises(ConfigError) as caught:
        load_project(folder)
    return caught.value.faults


def write(folder: Path, old: str, new: str) -> None:
    write_defaults(folder)
    path = folder / "config" / "steward.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("closures = []", "closures = [2026-07-18]", 'schedule.closures = "2026-07-18": is a wee'),
        ("closures = []", 'closures = ["soon"]', 'schedule.closures = "soon": must be a valid'),
        ("closures = []", "closures = [2026-07-20, 2026-07-20]", "must not name one twice"),
        ("half_days = []", "half_days = [2026-07-19]", "is a weekend: take it out"),
        ("half_days = []", "half_days = [2026-07-03]", "2026-07-03: no session"),
        ('ping_url = ""', 'ping_url = "http://example.com/k3y"', "must be an https address"),
        ('ping_url = ""', 'ping_url = "https://[k3y"', "must be an https address"),
        ('"23:40-00:20"', '"23:40"', 'broker.quiet_windows = "23:40": must be "HH:MM-HH:MM"'),
        ('"23:40-00:20"', '"25:00-26:00"', "must begin before 24:00"),
        ('"Sun 00:00-24:00"', '"Sunday"', 'or with a day before it: "Sun 00:00-24:00"'),
    ],
)
def test_a_fault_names_file_key_value_and_remedy(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    (fault,) = faults_with(tmp_path, old, new)

    assert fault.startswith("config/steward.toml:")
    assert words in fault
    assert "k3y" not in fault


def test_a_day_that_is_both_closed_and_half_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "closures = []", "closures = [2026-07-20]")
    (fault,) = faults_with(tmp_path, "half_days = []", "half_days = [2026-07-20]")

    assert "a day is closed or half, not both" in fault


def test_the_schedule_is_read_again_and_nothing_else(tmp_path: Path) -> None:
    write_defaults(tmp_path)
    project = load_project(tmp_path)
    assert rescheduled(project) is project

    write(tmp_path, "closures = []", "closures = [2026-07-20]")
    write(tmp_path, "port = 4002", "port = 4003")
    changed = rescheduled(project)

    assert project.calendar.is_session(dt.date(2026, 7, 20))
    assert not changed.calendar.is_session(dt.date(2026, 7, 20))
    assert changed.settings.broker.port == 4002


@pytest.mark.parametrize(
    ("window", "moment", "quiet"),
    [
        ("23:40-00:20", "2026-07-20T23:39", False),
        ("23:40-00:20", "2026-07-20T23:40", True),
        ("23:40-00:20", "2026-07-21T00:19", True),
        ("23:40-00:20", "2026-07-21T00:20", False),
        ("03:00-04:00", "2026-07-21T03:30", True),
        ("Sun 00:00-24:00", "2026-07-19T00:00", True),
        ("Sun 00:00-24:00", "2026-07-19T23:59", True),
        ("Sun 00:00-24:00", "2026-07-20T00:00", False),
        ("Fri 22:00-02:00", "2026-07-25T01:59", True),
        ("Fri 22:00-02:00", "2026-07-24T01:59", False),
        ("Fri 22:00-02:00", "2026-07-25T22:30", False),
    ],
)
def test_quiet_hours_are_new_york_hours_and_may_pass_midnight(
    window: str, moment: str, *, quiet: bool
) -> None:
    instant = dt.datetime.fromisoformat(moment).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)

    assert is_quiet(instant, [parse_window(window)]) is quiet
