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
    import sqlite3

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
class BookRow:
    """The figures of one mark that a glance needs."""

    session: dt.date
    at: str
    nav_usd: Decimal | None
    shadow_nav_usd: Decimal | None
    condor_pnl_usd: Decimal | None
    hedge_pnl_usd: Decimal | None
    units_required: int
    units_held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """An alert or an incident."""

    at: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureRow:
    """A condor or a lot that was opened; `slot` is its tier or its layer.

    `cash_usd` is all its cash so far, known commissions included: once it is closed, its profit.
    """

    structure_id: str
    kind: str
    slot: str
    is_open: bool
    opened: dt.date
    changed: dt.date
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
    day = ledger.value(  # each by the index of its kind, as an order by both is by none
        "SELECT coalesce((SELECT max(session) FROM sessions WHERE dry = 0), "
        "(SELECT max(session) FROM sessions))"
    )
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


def last_session_row(ledger: Connection) -> SessionRow | None:
    """Return the newest session, a real one rather than a dry one."""
    session = latest_session(ledger)
    return None if session is None else session_row(ledger, session)


def latest_book(ledger: Connection) -> BookRow | None:
    """Return the figures of the newest mark."""
    row = ledger.row("SELECT * FROM marks ORDER BY session DESC LIMIT 1")
    if row is None:
        return None
    return BookRow(
        session=dt.date.fromisoformat(row["session"]),
        at=row["at"],
        nav_usd=optional_decimal(row["nav_usd"]),
        shadow_nav_usd=optional_decimal(row["shadow_nav_usd"]),
        condor_pnl_usd=optional_decimal(row["condor_pnl_usd"]),
        hedge_pnl_usd=optional_decimal(row["hedge_pnl_usd"]),
        units_required=row["units_required"],
        units_held=row["units_held"],
    )


def layer_targets(ledger: Connection) -> dict[str, Any]:
    """Return the contracts that the newest real decision wanted in each layer."""
    rows = ledger.rows(
        "SELECT subject, bound FROM verdicts WHERE code = 'LAYER_TARGET' AND decision_id = "
        "(SELECT max(id) FROM decisions WHERE dry = 0)"
    )
    return {row["subject"].removeprefix("layer:"): json.loads(row["bound"]) for row in rows}


def live_intents(ledger: Connection) -> tuple[str, ...]:
    """Return the identities of the intents whose end is not proven."""
    rows = ledger.rows(
        "SELECT intent_id FROM intents "
        "WHERE state IN ('committed', 'sent', 'working', 'unknown') ORDER BY id"
    )
    return tuple(row["intent_id"] for row in rows)


def missing_commissions(ledger: Connection) -> int:
    """Count the leg fills whose commission is not known."""
    return _count(
        ledger,
        "SELECT count(*) FROM fills WHERE commission_known = 0 AND contract IS NOT NULL "
        "AND superseded = 0",
    )


def rules_in_force(ledger: Connection) -> str | None:
    """Return the canonical text of the rules in force; ``None`` before the first start."""
    text = ledger.value(
        "SELECT text FROM config_versions WHERE kind = 'rules' ORDER BY id DESC LIMIT 1"
    )
    return None if text is None else str(text)


def last_incident(ledger: Connection) -> NoteRow | None:
    """Return the newest incident."""
    row = ledger.row("SELECT at, kind, detail FROM incidents ORDER BY id DESC LIMIT 1")
    return None if row is None else NoteRow(at=row["at"], code=row["kind"], text=row["detail"])


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


def structure_rows(ledger: Connection) -> tuple[StructureRow, ...]:
    """Return every structure that was ever opened, the one that changed last at the end."""
    rows = ledger.rows(
        "SELECT * FROM structures WHERE state != 'planned' ORDER BY changed_in, structure_id"
    )
    return tuple(read_structure(row) for row in rows)


def closed_rows(ledger: Connection, session: Session) -> tuple[StructureRow, ...]:
    """Return the structures that came to their end in the session."""
    rows = ledger.rows(
        "SELECT * FROM structures WHERE state = 'closed' AND changed_in = ? ORDER BY structure_id",
        (session.isoformat(),),
    )
    return tuple(read_structure(row) for row in rows)


def read_structure(row: sqlite3.Row) -> StructureRow:
    """Read a row of ``structures``."""
    return StructureRow(
        structure_id=row["structure_id"],
        kind=row["kind"],
        slot=row["slot"],
        is_open=row["state"] == "open",
        opened=dt.date.fromisoformat(row["planned_in"]),
        changed=dt.date.fromisoformat(row["changed_in"]),
        cash_usd=Decimal(row["cash_usd"]),
    )


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
        commissions_missing=missing_commissions(ledger),
    )


def _count(ledger: Connection, query: str) -> int:
    return int(ledger.value(query))


def _optional_date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def regimes(ledger: Connection) -> dict[dt.date, str]:
    """Return the regime of each session that was decided for real."""
    rows = ledger.rows("SELECT session, regime FROM decisions WHERE dry = 0 ORDER BY id")
    return {dt.date.fromisoformat(row["session"]): row["regime"] for row in rows}


def provenance_counts(ledger: Connection) -> dict[tuple[str, str], int]:
    """Return in how many sessions each subject had each provenance."""
    rows = ledger.rows(
        "SELECT provenance, subject, count(DISTINCT session) AS n FROM provenance "
        "GROUP BY provenance, subject ORDER BY provenance, subject"
    )
    return {(row["provenance"], row["subject"]): row["n"] for row in rows}
