"""What was seen and concluded: snapshots, decisions, breadth.

A decision is kept with all its inputs: the snapshot, the book, and the hash of the rules. A
phase that was interrupted may observe and decide again; both are kept and the last one counts. Old
snapshots lie together in packs, or are thinned: see ``bot.ledger.retention``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.core.book import Book
from bot.core.decision import Decision
from bot.core.errors import LedgerError
from bot.core.model import BreadthDay, BreadthSource, MarketSnapshot
from bot.ledger.codec import decode, pack, unpack
from bot.ledger.connection import Connection
from bot.ledger.layer_rows import insert_layers
from bot.ledger.packs import text_in_pack
from bot.ledger.stress_rows import insert_stress
from bot.ledger.text import plain_text, time_text

if TYPE_CHECKING:
    import sqlite3

    from bot.core.model import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision with all that it was made from.

    Parameters
    ----------
    decision, snapshot, book, rules_sha256
        What was decided, and from what.
    thinned
        Whether the snapshot holds the levels only any more, as nothing was traded by it.
    """

    decision: Decision
    snapshot: MarketSnapshot
    book: Book
    rules_sha256: str
    thinned: bool = False


class Observations(Connection):
    """The part of the ledger that keeps the market and the decisions."""

    def save_snapshot(self, snapshot: MarketSnapshot, *, dry: bool = False) -> None:
        """Keep the snapshot whole."""
        body = pack(snapshot, MarketSnapshot)
        with self.writing("a snapshot") as database:
            database.execute(
                "INSERT INTO snapshots (session, dry, taken_at, body) VALUES (?, ?, ?, ?)",
                (snapshot.session.isoformat(), dry, time_text(snapshot.taken_at), body),
            )

    def load_snapshot(self, session: Session, *, dry: bool = False) -> MarketSnapshot:
        """Return the last snapshot of the session.

        Raises
        ------
        LedgerError
            None was kept.
        """
        return self._snapshot(self._last("snapshots", "id", session=session, dry=dry))

    def snapshot_before(self, session: Session) -> MarketSnapshot | None:
        """Return the snapshot of the newest session before `session` that was not dry, if any."""
        number = self.value(
            "SELECT id FROM snapshots WHERE session < ? AND dry = 0 "
            "ORDER BY session DESC, id DESC LIMIT 1",
            (session.isoformat(),),
        )
        return None if number is None else self._snapshot(number)

    def _snapshot(self, number: int) -> MarketSnapshot:
        """Return a snapshot, wherever it lies."""
        row = self.rows(
            "SELECT snapshots.body AS raw, place, snapshot_packs.body AS pack FROM snapshots "
            "LEFT JOIN snapshot_packs ON snapshot_packs.id = pack_id WHERE snapshots.id = ?",
            (number,),
        )[0]
        return _read_snapshot(row)

    def save_decision(
        self,
        decision: Decision,
        *,
        rules_sha256: str,
        dry: bool,
        at: dt.datetime,
        book: Book | None = None,
    ) -> None:
        """Keep the decision whole, its signals and verdicts as rows, and the book it was for."""
        body = pack(decision, Decision)
        book_body = None if book is None else pack(book, Book)
        with self.writing("a decision") as database:
            cursor = database.execute(
                "INSERT INTO decisions (session, dry, decided_at, decision_version, regime, "
                "rules_sha256, body, book, snapshot_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, "
                "(SELECT max(id) FROM snapshots WHERE session = ? AND dry = ?))",
                (
                    decision.session.isoformat(),
                    dry,
                    time_text(at),
                    decision.decision_version,
                    decision.regime,
                    rules_sha256,
                    body,
                    book_body,
                    decision.session.isoformat(),
                    dry,
                ),
            )
            _insert_reasons(database, cursor.lastrowid, decision)
            insert_layers(database, cursor.lastrowid, decision.layers)
            insert_stress(database, cursor.lastrowid, decision.stress)

    def load_decided(self, session: Session, *, dry: bool = False) -> Decided:
        """Return the last decision of the session with its inputs.

        Raises
        ------
        LedgerError
            None was kept, or not with its snapshot and its book.
        """
        row = self.row(
            "SELECT decisions.body, book, rules_sha256, snapshots.id AS snapshot, retention, "
            "snapshots.body AS raw, place, snapshot_packs.body AS pack "
            "FROM decisions LEFT JOIN snapshots ON snapshots.id = coalesce(snapshot_id, "
            "(SELECT max(id) FROM snapshots WHERE session = decisions.session "
            "AND dry = decisions.dry AND taken_at <= decided_at)) "
            "LEFT JOIN snapshot_packs ON snapshot_packs.id = pack_id "
            "WHERE decisions.session = ? AND decisions.dry = ? "
            "ORDER BY decisions.id DESC LIMIT 1",
            (session.isoformat(), dry),
        )
        if row is None or row["book"] is None or row["snapshot"] is None:
            raise LedgerError(f"{self.path}: session {session}: no decision with all its inputs")
        return Decided(
            decision=unpack(row["body"], Decision),
            snapshot=_read_snapshot(row),
            book=unpack(row["book"], Book),
            rules_sha256=row["rules_sha256"],
            thinned=row["retention"] == "thinned",
        )

    def decision_version(self, session: Session, *, dry: bool = False) -> int:
        """Return the version of the code that made the last decision of the session.

        Raises
        ------
        LedgerError
            No decision was kept.
        """
        return int(self._last("decisions", "decision_version", session=session, dry=dry))

    def load_decision(self, session: Session, *, dry: bool = False) -> Decision:
        """Return the last decision of the session.

        Raises
        ------
        LedgerError
            None was kept.
        """
        return unpack(self._last("decisions", "body", session=session, dry=dry), Decision)

    def load_book(self, session: Session, *, dry: bool = False) -> Book:
        """Return the book that the last decision of the session was made for.

        Raises
        ------
        LedgerError
            None was kept.
        """
        return unpack(self._last("decisions", "book", session=session, dry=dry), Book)

    def rules_sha256(self, session: Session, *, dry: bool = False) -> str:
        """Return the hash of the rules that the session was decided by.

        Raises
        ------
        LedgerError
            No decision was kept.
        """
        return str(self._last("decisions", "rules_sha256", session=session, dry=dry))

    def decided_sessions(self) -> tuple[Session, ...]:
        """Return the sessions with a real decision, oldest first."""
        rows = self.rows("SELECT DISTINCT session FROM decisions WHERE dry = 0 ORDER BY session")
        return tuple(dt.date.fromisoformat(row["session"]) for row in rows)

    def record_breadth(self, source: BreadthSource, day: BreadthDay) -> None:
        """Keep the breadth of a completed session; a better count replaces an older one."""
        with self.writing("breadth") as database:
            database.execute(
                "INSERT OR REPLACE INTO breadth (source, session, advances, declines) "
                "VALUES (?, ?, ?, ?)",
                (source.value, day.session.isoformat(), day.advances, day.declines),
            )

    def breadth(self, source: BreadthSource, until: Session, count: int) -> tuple[BreadthDay, ...]:
        """Return the last `count` days up to and including `until`, oldest first."""
        rows = self.rows(
            "SELECT * FROM breadth WHERE source = ? AND session <= ? ORDER BY session DESC LIMIT ?",
            (source.value, until.isoformat(), count),
        )
        return tuple(
            BreadthDay(
                session=dt.date.fromisoformat(row["session"]),
                advances=row["advances"],
                declines=row["declines"],
            )
            for row in reversed(rows)
        )

    def _last(self, table: str, column: str, *, session: Session, dry: bool) -> Any:  # noqa: ANN401 - any column
        value = self.value(
            f"SELECT {column} FROM {table} WHERE session = ? AND dry = ? ORDER BY id DESC LIMIT 1",  # noqa: S608 - names of ours
            (session.isoformat(), dry),
        )
        if value is None:
            kind = "dry " if dry else ""
            raise LedgerError(f"{self.path}: {kind}session {session}: no {column} in {table}")
        return value


def _read_snapshot(row: sqlite3.Row) -> MarketSnapshot:
    """Read a snapshot from its own body, or from its place in a pack."""
    if row["pack"] is None:
        return unpack(row["raw"], MarketSnapshot)
    return decode(text_in_pack(row["pack"], row["place"]), MarketSnapshot)


def _insert_reasons(
    database: sqlite3.Connection, decision_id: int | None, decision: Decision
) -> None:
    database.executemany(
        "INSERT INTO signals (decision_id, position, name, value) VALUES (?, ?, ?, ?)",
        [
            (decision_id, position, signal.name, plain_text(signal.value))
            for position, signal in enumerate(decision.signals)
        ],
    )
    database.executemany(
        "INSERT INTO verdicts (decision_id, position, code, subject, observed, bound, passed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                decision_id,
                position,
                verdict.code,
                verdict.subject,
                plain_text(verdict.observed),
                plain_text(verdict.limit),
                verdict.passed,
            )
            for position, verdict in enumerate(decision.verdicts)
        ],
    )
