"""Breadth of past sessions that a person brings, so that it is known from the first session on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from bot.calendars import trading_days
from bot.cli import app
from bot.clock import WallClock
from bot.core.errors import RecordedDataError
from bot.core.model import BreadthDay, BreadthSource
from bot.core.sessions import TradingCalendar
from bot.defaults import write_defaults
from bot.ledger.store import Ledger
from bot.tables import keep_breadth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALENDAR = TradingCalendar(trading_days(dt.date(2024, 1, 2), dt.date(2026, 12, 31)))
MONDAY, TUESDAY, WEDNESDAY = (dt.date(2026, 7, day) for day in (20, 21, 22))
NYSE = BreadthSource.NYSE
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "steward.db") as opened:
        yield opened


def counted(session: dt.date, advances: float, declines: float) -> BreadthDay:
    return BreadthDay(session=session, advances=advances, declines=declines)


def test_only_possible_counts_of_sessions_that_are_over_and_not_counted_yet_are_kept(
    ledger: Ledger, tmp_path: Path
) -> None:
    file = tmp_path / "nyse.csv"
    file.write_text(
        "date,advances,declines,source\n2026-07-17,1500,1400,x\n2026-07-18,1,1,x\n"
        "2026-07-20,0,0,x\n2026-07-21,900,2000,x\n2026-07-22,1700,1100,x\n2026-07-16,-1,20,x\n"
    )
    own = counted(TUESDAY, 901.0, 2001.0)
    ledger.record_breadth(NYSE, own)

    kept = keep_breadth(ledger, file, CALENDAR, before=WEDNESDAY)

    assert kept == (dt.date(2026, 7, 17),)
    assert ledger.breadth(NYSE, WEDNESDAY, 9) == (counted(kept[0], 1500.0, 1400.0), own)
    assert keep_breadth(ledger, file, CALENDAR, before=WEDNESDAY) == ()


def test_no_more_sessions_are_kept_than_signals_look_back_on(
    ledger: Ledger, tmp_path: Path
) -> None:
    sessions = [day.session for day in CALENDAR.days if day.session < WEDNESDAY]
    file = tmp_path / "nyse.csv"
    file.write_text("date,advances,declines\n" + "".join(f"{day},2,1\n" for day in sessions))

    kept = keep_breadth(ledger, file, CALENDAR, before=WEDNESDAY)

    assert kept == tuple(sessions[-300:])


def test_a_count_that_is_no_number_keeps_nothing(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "nyse.csv"
    file.write_text("date,advances,declines\n2026-07-20,1500,1400\n2026-07-21,many,few\n")

    with pytest.raises(RecordedDataError, match="line 3"):
        keep_breadth(ledger, file, CALENDAR, before=WEDNESDAY)

    assert ledger.breadth(NYSE, WEDNESDAY, 9) == ()


def test_the_command_says_what_it_kept(tmp_path: Path) -> None:
    write_defaults(tmp_path)
    today = WallClock().now().date()
    first, last = [
        day.session for day in trading_days(today - dt.timedelta(days=20), today - ONE_DAY)
    ][:2]
    file = tmp_path / "nyse.csv"
    file.write_text(f"date,advances,declines\n{first},1500,1400\n{last},900,2000\n")

    done = CliRunner().invoke(app, ["seed-breadth", str(file), "-p", str(tmp_path)])
    gone = CliRunner().invoke(app, ["seed-breadth", str(tmp_path / "no.csv"), "-p", str(tmp_path)])

    assert done.stdout.startswith(f"2 sessions kept: {first} to {last}; what the bot")
    assert gone.exit_code == 2
    assert "no.csv" in "".join(gone.stderr.replace("│", "").split())
