"""Every session has run or has one recorded reason."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from bot.ledger.attendance import Absence, AbsenceReason
from bot.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MONDAY, TUESDAY, WEDNESDAY = dt.date(2026, 7, 20), dt.date(2026, 7, 21), dt.date(2026, 7, 22)
AT = dt.datetime(2026, 7, 20, 19, 30, tzinfo=dt.UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger" / "steward.db") as opened:
        yield opened


def begin(ledger: Ledger, session: dt.date, *, dry: bool = False, at: dt.datetime = AT) -> None:
    run_id = ledger.begin_run(version="1", mode="paper", account_redacted="DU***67", at=at)
    ledger.start_session(session, run_id=run_id, dry=dry, at=at)


def end(ledger: Ledger, session: dt.date, *, dry: bool = False) -> None:
    begin(ledger, session, dry=dry)
    ledger.finish_session(session, at=AT, outcome="done", dry=dry)


def absent(ledger: Ledger, session: dt.date, reason: AbsenceReason = AbsenceReason.BOT_OFF) -> bool:
    return ledger.record_absence(session, reason, at=AT, detail="a test")


def test_a_new_ledger_accounts_for_nothing(ledger: Ledger) -> None:
    assert ledger.last_accounted() is None
    assert ledger.unattended_since() is None
    assert ledger.unfinished() == ()
    assert ledger.absences() == ()


def test_ended_and_absent_sessions_are_accounted_for_and_rehearsals_are_not(
    ledger: Ledger,
) -> None:
    end(ledger, MONDAY)
    absent(ledger, TUESDAY)
    end(ledger, WEDNESDAY, dry=True)

    assert ledger.accounted(MONDAY) == {MONDAY, TUESDAY}
    assert ledger.accounted(TUESDAY) == {TUESDAY}
    assert ledger.last_accounted() == TUESDAY


def test_a_session_that_was_begun_is_unfinished_until_it_ends(ledger: Ledger) -> None:
    begin(ledger, MONDAY)

    assert ledger.unfinished() == (MONDAY,)
    assert ledger.last_accounted() is None


def test_the_first_reason_of_an_absence_stands_and_makes_one_incident(ledger: Ledger) -> None:
    assert absent(ledger, MONDAY, AbsenceReason.GATEWAY_ABSENT)
    assert not absent(ledger, MONDAY, AbsenceReason.BOT_OFF)

    assert ledger.absences() == (
        Absence(session=MONDAY, reason=AbsenceReason.GATEWAY_ABSENT, at=AT, detail="a test"),
    )
    incidents = ledger.rows("SELECT kind, detail FROM incidents")
    assert [tuple(row) for row in incidents] == [("SESSION_MISSED", "GATEWAY_ABSENT: a test")]


def test_a_session_that_was_begun_is_never_recorded_as_absent(ledger: Ledger) -> None:
    begin(ledger, MONDAY)

    assert not absent(ledger, MONDAY)
    assert ledger.absences() == ()


def test_the_bot_counts_as_running_since_its_first_real_run(ledger: Ledger) -> None:
    begin(ledger, MONDAY, dry=True, at=AT - dt.timedelta(days=9))
    begin(ledger, TUESDAY)

    assert ledger.unattended_since() == AT


def test_a_new_ledger_and_a_last_session_that_is_done_are_no_trouble(ledger: Ledger) -> None:
    assert ledger.trouble() is None
    absent(ledger, MONDAY)
    end(ledger, TUESDAY)

    assert ledger.trouble() is None


def test_a_last_session_that_was_missed_failed_or_not_copied_is_trouble(ledger: Ledger) -> None:
    absent(ledger, MONDAY)
    assert ledger.trouble() == f"session {MONDAY} was missed"

    begin(ledger, TUESDAY)
    ledger.finish_session(TUESDAY, at=AT, outcome="failed", dry=False)
    assert ledger.trouble() == f"session {TUESDAY} ended as failed"

    end(ledger, WEDNESDAY)
    ledger.incident("BACKUP_FAILED", session=WEDNESDAY, at=AT, detail="no room")
    assert ledger.trouble() == f"no backup of session {WEDNESDAY}: no room"
