"""What happened and when: runs, sessions with their phases, alerts, incidents.

A real session exists once and is continued whenever it is started again. A dry one is done
again from its first phase once it was finished: a rehearsal is repeated as often as wanted.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.errors import LedgerError
from bot.ledger.connection import Connection
from bot.ledger.text import plain_text, time_text
from bot.ledger.totals import switch_noted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from bot.core.model import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceRow:
    """What one kind of a session's data was made from: recorded, or modelled."""

    session: dt.date
    subject: str
    provenance: str
    detail: str


class Journal(Connection):
    """The part of the ledger that keeps the course of events."""

    def begin_run(self, *, version: str, mode: str, account_redacted: str, at: dt.datetime) -> int:
        """Record the start of a process; return the number of the run."""
        with self.writing("the start of a run") as database:
            cursor = database.execute(
                "INSERT INTO runs (version, mode, account, started_at) VALUES (?, ?, ?, ?)",
                (version, mode, account_redacted, time_text(at)),
            )
            return int(cursor.lastrowid or 0)

    def end_run(self, run_id: int, *, at: dt.datetime, outcome: str) -> None:
        """Record how the run ended."""
        with self.writing("the end of a run") as database:
            database.execute(
                "UPDATE runs SET ended_at = ?, outcome = ? WHERE id = ?",
                (time_text(at), outcome, run_id),
            )

    def start_session(
        self,
        session: Session,
        *,
        run_id: int,
        dry: bool,
        at: dt.datetime,
        rules_sha256: str | None = None,
    ) -> None:
        """Start the session by these rules, or continue the one that was begun."""
        with self.writing("the start of a session") as database:
            begun = database.execute(
                "SELECT id FROM sessions WHERE session = ? AND dry = ? "
                "AND (dry = 0 OR finished_at IS NULL)",
                (session.isoformat(), dry),
            ).fetchone()
            if begun is None:
                database.execute(
                    "INSERT INTO sessions (session, dry, run_id, started_at, rules_sha256) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (session.isoformat(), dry, run_id, time_text(at), rules_sha256),
                )

    def finish_phase(
        self,
        session: Session,
        phase: str,
        *,
        at: dt.datetime,
        detail: dict[str, object],
        dry: bool,
    ) -> None:
        """Record that the phase is done; doing it again changes nothing."""
        with self.writing(f"the end of phase {phase}") as database:
            database.execute(
                "INSERT OR IGNORE INTO phases (session_id, phase, at, detail) VALUES (?, ?, ?, ?)",
                (_session_id(database, session, dry=dry), phase, time_text(at), plain_text(detail)),
            )
            if phase == "preflight" and not dry:
                switch_noted(database, session.isoformat())

    def finished_phases(self, session: Session, *, dry: bool = False) -> frozenset[str]:
        """Return the phases of the session that are done."""
        rows = self.rows(
            "SELECT phase FROM phases WHERE session_id = "
            "(SELECT max(id) FROM sessions WHERE session = ? AND dry = ?)",
            (session.isoformat(), dry),
        )
        return frozenset(row["phase"] for row in rows)

    def finish_session(self, session: Session, *, at: dt.datetime, outcome: str, dry: bool) -> None:
        """Record the end of the session; its first end stands."""
        with self.writing("the end of a session") as database:
            database.execute(
                "UPDATE sessions SET finished_at = ?, outcome = ? "
                "WHERE id = ? AND finished_at IS NULL",
                (time_text(at), outcome, _session_id(database, session, dry=dry)),
            )

    def alert(self, code: str, text: str, *, session: Session | None, at: dt.datetime) -> None:
        """Record something that a person should know."""
        with self.writing("an alert") as database:
            database.execute(
                "INSERT INTO alerts (session, at, code, text) VALUES (?, ?, ?, ?)",
                (session and session.isoformat(), time_text(at), code, text),
            )

    def has_alert(self, code: str, text: str) -> bool:
        """Whether this very alert was recorded before."""
        found = self.value("SELECT 1 FROM alerts WHERE code = ? AND text = ?", (code, text))
        return found is not None

    def alert_once(self, code: str, text: str, *, session: Session, at: dt.datetime) -> None:
        """Record an alert, unless the session has the very same one already."""
        found = self.value(
            "SELECT 1 FROM alerts WHERE session = ? AND code = ? AND text = ?",
            (session.isoformat(), code, text),
        )
        if found is None:
            self.alert(code, text, session=session, at=at)

    def alerted(self, code: str) -> bool:
        """Whether there was ever an alert of this code."""
        return self.value("SELECT 1 FROM alerts WHERE code = ? LIMIT 1", (code,)) is not None

    def incident(self, kind: str, *, session: Session | None, at: dt.datetime, detail: str) -> None:
        """Record a departure from what should never happen."""
        with self.writing("an incident") as database:
            database.execute(
                "INSERT INTO incidents (session, at, kind, detail) VALUES (?, ?, ?, ?)",
                (session and session.isoformat(), time_text(at), kind, detail),
            )

    def last_incident(self, kind: str) -> str | None:
        """Return the detail of the last incident of `kind`, if there was one."""
        found = self.value(
            "SELECT detail FROM incidents WHERE kind = ? ORDER BY id DESC LIMIT 1", (kind,)
        )
        return None if found is None else str(found)

    def import_provenance(self, rows: Iterable[ProvenanceRow]) -> None:
        """Record what the data was made from; a row that is known is not repeated."""
        with self.writing("provenance") as database:
            database.executemany(
                "INSERT OR IGNORE INTO provenance (session, subject, provenance, detail) "
                "VALUES (?, ?, ?, ?)",
                [
                    (row.session.isoformat(), row.subject, row.provenance, row.detail)
                    for row in rows
                ],
            )

    def provenance(self, session: Session) -> tuple[ProvenanceRow, ...]:
        """Return what the data of the session was made from."""
        rows = self.rows(
            "SELECT * FROM provenance WHERE session = ? ORDER BY rowid", (session.isoformat(),)
        )
        return tuple(
            ProvenanceRow(
                session=dt.date.fromisoformat(row["session"]),
                subject=row["subject"],
                provenance=row["provenance"],
                detail=row["detail"],
            )
            for row in rows
        )


def _session_id(database: sqlite3.Connection, session: Session, *, dry: bool) -> int:
    row = database.execute(
        "SELECT max(id) FROM sessions WHERE session = ? AND dry = ?", (session.isoformat(), dry)
    ).fetchone()
    if row[0] is None:
        raise LedgerError(f"session {session}: was not started; call start_session first")
    return int(row[0])
