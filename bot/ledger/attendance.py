"""Which sessions were attended: each has run, or has one recorded reason why it did not.

A session that was begun has its row in ``sessions``, and its outcome says how it ended. One that
was never begun has a row in ``absences``: one, whoever looks how often.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.ledger.connection import Connection
from bot.ledger.text import time_text

if TYPE_CHECKING:
    from bot.core.model import Session


class AbsenceReason(StrEnum):
    """Why a session was never begun."""

    BOT_OFF = "BOT_OFF"
    """The bot did not run, or its machine slept, from the wake-up to the end of its grace."""

    GATEWAY_ABSENT = "GATEWAY_ABSENT"
    """The gateway could not be reached, or not be synchronised with, within the grace."""

    SESSION_FAILED = "SESSION_FAILED"
    """A fault that waiting does not mend came before the first phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """One session that was never begun."""

    session: dt.date
    reason: AbsenceReason
    at: dt.datetime
    detail: str


class Attendance(Connection):
    """The part of the ledger that knows which sessions are accounted for."""

    def unattended_since(self) -> dt.datetime | None:
        """Return when the bot first ran for real (UTC); rehearsals do not count."""
        text = self.value(
            "SELECT min(started_at) FROM runs "
            "WHERE id NOT IN (SELECT run_id FROM sessions WHERE dry = 1)"
        )
        return None if text is None else dt.datetime.fromisoformat(text)

    def last_accounted(self) -> Session | None:
        """Return the newest session that has ended, or is recorded as absent."""
        text = self.value(  # each by the end of its index: the years before are not read
            "SELECT max(day) FROM (SELECT (SELECT max(session) FROM absences) AS day UNION ALL "
            "SELECT (SELECT session FROM sessions WHERE dry = 0 AND finished_at IS NOT NULL "
            "ORDER BY session DESC LIMIT 1))"
        )
        return None if text is None else dt.date.fromisoformat(text)

    def accounted(self, since: Session) -> frozenset[Session]:
        """Return the sessions from `since` on that have ended, or are recorded as absent."""
        rows = self.rows(
            "SELECT session FROM absences WHERE session >= ? UNION SELECT session FROM sessions "
            "WHERE dry = 0 AND finished_at IS NOT NULL AND session >= ?",
            (since.isoformat(), since.isoformat()),
        )
        return frozenset(dt.date.fromisoformat(row["session"]) for row in rows)

    def unfinished(self) -> tuple[Session, ...]:
        """Return the sessions that were begun for real and have not ended, oldest first."""
        rows = self.rows(
            "SELECT session FROM sessions WHERE dry = 0 AND finished_at IS NULL ORDER BY session"
        )
        return tuple(dt.date.fromisoformat(row["session"]) for row in rows)

    def record_absence(
        self, session: Session, reason: AbsenceReason, *, at: dt.datetime, detail: str
    ) -> bool:
        """Record why `session` was never begun, and an incident; its first reason stands.

        Returns
        -------
        bool
            Whether it is new: not if the session was begun, or is recorded already.
        """
        with self.writing("an absence") as database:
            cursor = database.execute(
                "INSERT OR IGNORE INTO absences (session, reason, at, detail) SELECT ?, ?, ?, ? "
                "WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE session = ? AND dry = 0)",
                (session.isoformat(), reason.value, time_text(at), detail, session.isoformat()),
            )
            if cursor.rowcount:
                database.execute(
                    "INSERT INTO incidents (session, at, kind, detail) VALUES (?, ?, ?, ?)",
                    (
                        session.isoformat(),
                        time_text(at),
                        "SESSION_MISSED",
                        f"{reason.value}: {detail}",
                    ),
                )
            return bool(cursor.rowcount)

    def absences(self) -> tuple[Absence, ...]:
        """Return every session that was never begun, oldest first."""
        return tuple(
            Absence(
                session=dt.date.fromisoformat(row["session"]),
                reason=AbsenceReason(row["reason"]),
                at=dt.datetime.fromisoformat(row["at"]),
                detail=row["detail"],
            )
            for row in self.rows("SELECT * FROM absences ORDER BY session")
        )

    def trouble(self) -> str | None:
        """Return how the newest session ended, or its failed backup; ``None`` if all is well."""
        newest = self.last_accounted()
        if newest is None:
            return None
        outcome = self.value(
            "SELECT outcome FROM sessions WHERE session = ? AND dry = 0", (newest.isoformat(),)
        )
        if outcome is None:
            return f"session {newest} was missed"
        if outcome != "done":
            return f"session {newest} ended as {outcome}"
        failed = self.value(
            "SELECT detail FROM incidents WHERE session = ? AND kind = 'BACKUP_FAILED'",
            (newest.isoformat(),),
        )
        return None if failed is None else f"no backup of session {newest}: {failed}"

    def attendance_figures(self) -> dict[str, float]:
        """Return how many sessions were done, not done and missed, for whoever watches."""
        done = self.value("SELECT count(*) FROM sessions WHERE dry = 0 AND outcome = 'done'")
        ended = self.value("SELECT count(*) FROM sessions WHERE dry = 0 AND outcome IS NOT NULL")
        absent = self.value("SELECT count(*) FROM absences")
        return {
            "sessions_done": float(done),
            "sessions_not_done": float(ended - done),
            "sessions_missed": float(absent),
        }
