"""What the review reads: plain rows, without pydantic, so that ``steward status`` starts fast.

Nothing here writes. A row says ``None`` where the ledger does not know.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bot.ledger.text import optional_decimal

if TYPE_CHECKING:
    from bot.core.model import Session
    from bot.ledger.connection import Connection

USD_PER_POINT: Final = 100
"""``bot.core.model.MULTIPLIER``, without the cost of importing the core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One session and the run that carried it."""

    session: dt.date
    dry: bool
    started_at: str
    finished_at: str | None
    outcome: str | None
    version: str
    mode: str
    account: str
    phases: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """What was held at the mark of a session."""

    structure_id: str
    label: str
    kind: str
    slot: str
    expiry: dt.date
    opened: dt.date | None
    quantity: int
    entry_points: Decimal | None
    mark_points: Decimal | None

    @property
    def profit_usd(self) -> Decimal | None:
        """Unrealised profit without commissions; ``None`` when there is no mark."""
        if self.entry_points is None or self.mark_points is None:
            return None
        gain = self.mark_points - self.entry_points
        return (-gain if self.kind == "condor" else gain) * self.quantity * USD_PER_POINT


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """An alert or an incident."""

    at: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedRow:
    """A structure that came to its end, with all its cash, commissions included."""

    structure_id: str
    kind: str
    opened: dt.date
    closed: dt.date
    cash_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts over the whole ledger, dry sessions left out."""

    sessions: int
    first: dt.date | None
    last: dt.date | None
    orders: int
    fills: int
    denied_intents: int
    alerts: int
    incidents: int
    commissions_usd: Decimal
    commissions_missing: int


def latest_session(ledger: Connection) -> Session | None:
    """Return the newest session, a real one rather than a dry one."""
    day = ledger.value("SELECT session FROM sessions ORDER BY dry, session DESC LIMIT 1")
    return None if day is None else dt.date.fromisoformat(day)


def session_row(ledger: Connection, session: Session) -> SessionRow | None:
    """Return the session, the real one rather than a dry one."""
    row = ledger.row(
        "SELECT sessions.*, version, mode, account FROM sessions "
        "JOIN runs ON runs.id = run_id WHERE session = ? ORDER BY dry, sessions.id DESC LIMIT 1",
        (session.isoformat(),),
    )
    if row is None:
        return None
    phases = ledger.rows(
        "SELECT phase, detail FROM phases WHERE session_id = ? ORDER BY at", (row["id"],)
    )
    return SessionRow(
        session=session,
        dry=bool(row["dry"]),
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        outcome=row["outcome"],
        version=row["version"],
        mode=row["mode"],
        account=row["account"],
        phases={phase["phase"]: json.loads(phase["detail"]) for phase in phases},
    )


def position_rows(ledger: Connection, session: Session) -> tuple[PositionRow, ...]:
    """Return what was held at the mark of the session."""
    rows = ledger.rows(
        "SELECT * FROM positions WHERE session = ? ORDER BY kind, expiry, structure_id",
        (session.isoformat(),),
    )
    return tuple(
        PositionRow(
            structure_id=row["structure_id"],
            label=row["label"],
            kind=row["kind"],
            slot=row["slot"],
            expiry=dt.date.fromisoformat(row["expiry"]),
            opened=None if row["opened"] is None else dt.date.fromisoformat(row["opened"]),
            quantity=row["quantity"],
            entry_points=optional_decimal(row["entry_points"]),
            mark_points=optional_decimal(row["mark_points"]),
        )
        for row in rows
    )


def alert_rows(ledger: Connection, session: Session) -> tuple[NoteRow, ...]:
    """Return the alerts of the session."""
    rows = ledger.rows(
        "SELECT at, code, text FROM alerts WHERE session = ? ORDER BY id", (session.isoformat(),)
    )
    return tuple(NoteRow(at=row["at"], code=row["code"], text=row["text"]) for row in rows)


def incident_rows(ledger: Connection, session: Session) -> tuple[NoteRow, ...]:
    """Return the incidents of the session."""
    rows = ledger.rows(
        "SELECT at, kind, detail FROM incidents WHERE session = ? ORDER BY id",
        (session.isoformat(),),
    )
    return tuple(NoteRow(at=row["at"], code=row["kind"], text=row["detail"]) for row in rows)


def closed_rows(ledger: Connection, session: Session | None = None) -> tuple[ClosedRow, ...]:
    """Return the structures that ended, of one session or of all, oldest first."""
    everything = "SELECT * FROM structures WHERE state = 'closed' ORDER BY changed_in, structure_id"
    of_session = (
        "SELECT * FROM structures WHERE state = 'closed' AND changed_in = ? ORDER BY structure_id"
    )
    rows = (
        ledger.rows(everything)
        if session is None
        else ledger.rows(of_session, (session.isoformat(),))
    )
    return tuple(
        ClosedRow(
            structure_id=row["structure_id"],
            kind=row["kind"],
            opened=dt.date.fromisoformat(row["planned_in"]),
            closed=dt.date.fromisoformat(row["changed_in"]),
            cash_usd=Decimal(row["cash_usd"]),
        )
        for row in rows
    )


def opened_count(ledger: Connection, kind: str) -> int:
    """Count the structures of one kind that were ever opened."""
    query = "SELECT count(*) FROM structures WHERE kind = ? AND state != 'planned'"
    return int(ledger.value(query, (kind,)))


def totals(ledger: Connection) -> Totals:
    """Count over the whole ledger."""
    span = ledger.rows(
        "SELECT count(*) AS n, min(session) AS first, max(session) AS last "
        "FROM sessions WHERE dry = 0"
    )[0]
    commissions = ledger.rows("SELECT commissions_usd FROM structures")
    return Totals(
        sessions=span["n"],
        first=_optional_date(span["first"]),
        last=_optional_date(span["last"]),
        orders=_count(ledger, "SELECT count(DISTINCT order_ref) FROM orders"),
        fills=_count(
            ledger, "SELECT count(*) FROM fills WHERE contract IS NOT NULL AND NOT superseded"
        ),
        denied_intents=_count(ledger, "SELECT count(*) FROM intents WHERE state = 'denied'"),
        alerts=_count(ledger, "SELECT count(*) FROM alerts"),
        incidents=_count(ledger, "SELECT count(*) FROM incidents"),
        commissions_usd=sum((Decimal(row[0]) for row in commissions), Decimal(0)),
        commissions_missing=_count(
            ledger,
            "SELECT count(*) FROM fills WHERE commission_known = 0 AND contract IS NOT NULL "
            "AND superseded = 0",
        ),
    )


def _count(ledger: Connection, query: str) -> int:
    return int(ledger.value(query))


def _optional_date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)
