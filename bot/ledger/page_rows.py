"""What the pages of the dashboard ask of the ledger: few rows at a time, whatever its age."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bot.ledger.queries import USD_PER_POINT
from bot.ledger.text import optional_decimal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from bot.core.model import Session
    from bot.ledger.connection import Connection

UNENDED: Final = "unfinished"
"""What the outcome of a session is called while it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """One session in a list of sessions; a dry one only where there is no real one."""

    session: dt.date
    dry: bool
    outcome: str
    regime: str | None
    orders: int
    filled: int
    incidents: int
    nav_usd: Decimal | None
    shadow_nav_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """A phase of a session that is done, with what it recorded."""

    at: str
    phase: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleRow:
    """An alert or an incident; `session` is ``None`` of one between sessions."""

    at: str
    session: dt.date | None
    kind: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """What the filled orders of one session cost against the mids of their decisions, in USD.

    `known` of `orders` have a shortfall; `usd` is their sum.
    """

    session: dt.date
    orders: int
    known: int
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedRow:
    """One structure at the mark of one session."""

    session: dt.date
    quantity: int
    label: str
    entry_points: Decimal | None
    mark_points: Decimal | None


def day_rows(
    ledger: Connection, *, before: Session | None = None, limit: int
) -> tuple[DayRow, ...]:
    """Return the newest `limit` sessions, the newest first; those before a session if named."""
    rows = ledger.rows(
        "SELECT s.session, s.dry, s.outcome, m.nav_usd, m.shadow_nav_usd, "
        "(SELECT regime FROM decisions d WHERE d.session = s.session AND d.dry = s.dry "
        " ORDER BY d.id DESC LIMIT 1) AS regime, "
        "(SELECT count(*) FROM intents i WHERE i.session = s.session) AS orders, "
        "(SELECT count(*) FROM intents i WHERE i.session = s.session AND i.state = 'filled') "
        " AS filled, "
        "(SELECT count(*) FROM incidents n WHERE n.session = s.session) AS incidents "
        "FROM (SELECT session, min(dry) AS dry, max(id) AS id FROM sessions "
        " WHERE session < ? GROUP BY session ORDER BY session DESC LIMIT ?) newest "
        "JOIN sessions s ON s.id = (SELECT max(id) FROM sessions x "
        " WHERE x.session = newest.session AND x.dry = newest.dry) "
        "LEFT JOIN marks m ON m.session = s.session ORDER BY s.session DESC",
        ("9999" if before is None else before.isoformat(), limit),
    )
    return tuple(_day_row(row) for row in rows)


def _day_row(row: sqlite3.Row) -> DayRow:
    return DayRow(
        session=dt.date.fromisoformat(row["session"]),
        dry=bool(row["dry"]),
        outcome=row["outcome"] or UNENDED,
        regime=row["regime"],
        orders=row["orders"],
        filled=row["filled"],
        incidents=row["incidents"],
        nav_usd=optional_decimal(row["nav_usd"]),
        shadow_nav_usd=optional_decimal(row["shadow_nav_usd"]),
    )


def phase_rows(ledger: Connection, session: Session, *, dry: bool) -> tuple[PhaseRow, ...]:
    """Return the phases of a session that are done, in their order."""
    rows = ledger.rows(
        "SELECT at, phase, detail FROM phases WHERE session_id = "
        "(SELECT max(id) FROM sessions WHERE session = ? AND dry = ?) ORDER BY at, rowid",
        (session.isoformat(), dry),
    )
    return tuple(
        PhaseRow(at=row["at"], phase=row["phase"], detail=json.loads(row["detail"])) for row in rows
    )


def neighbours(ledger: Connection, session: Session) -> tuple[Session | None, Session | None]:
    """Return the session before and the one after."""
    day = session.isoformat()
    before = ledger.value("SELECT max(session) FROM sessions WHERE session < ?", (day,))
    after = ledger.value("SELECT min(session) FROM sessions WHERE session > ?", (day,))
    return _date(before), _date(after)


def trouble_rows(
    ledger: Connection, *, kind: str | None = None, code: str | None = None, limit: int
) -> tuple[TroubleRow, ...]:
    """Return the newest `limit` alerts and incidents, of one kind and one code where named."""
    rows = ledger.rows(
        "SELECT * FROM (SELECT at, session, 'incident' AS what, kind AS code, detail AS text "
        "FROM incidents UNION ALL SELECT at, session, 'alert', code, text FROM alerts) "
        "WHERE (? IS NULL OR what = ?) AND (? IS NULL OR code = ?) ORDER BY at DESC LIMIT ?",
        (kind, kind, code, code, limit),
    )
    return tuple(
        TroubleRow(
            at=row["at"],
            session=_date(row["session"]),
            kind=row["what"],
            code=row["code"],
            text=row["text"],
        )
        for row in rows
    )


def trouble_codes(ledger: Connection) -> tuple[str, ...]:
    """Return every code of an alert or an incident that the ledger holds."""
    rows = ledger.rows(
        "SELECT kind AS code FROM incidents UNION SELECT code FROM alerts ORDER BY 1"
    )
    return tuple(row["code"] for row in rows)


def cost_rows(ledger: Connection) -> tuple[CostRow, ...]:
    """Return what execution cost by session, oldest first; orders without a mid are not in it."""
    rows = ledger.rows(
        "SELECT session, quantity, shortfall FROM quality WHERE leg = '' ORDER BY session"
    )
    found: dict[str, list[sqlite3.Row]] = {}
    for row in rows:
        found.setdefault(row["session"], []).append(row)
    return tuple(_cost_row(session, mine) for session, mine in found.items())


def _cost_row(session: str, rows: Sequence[sqlite3.Row]) -> CostRow:
    known = [(each["quantity"], Decimal(each["shortfall"])) for each in rows if each["shortfall"]]
    return CostRow(
        session=dt.date.fromisoformat(session),
        orders=len(rows),
        known=len(known),
        usd=sum((n * points * USD_PER_POINT for n, points in known), Decimal(0)),
    )


def order_sessions(
    ledger: Connection,
    *,
    action: str | None = None,
    state: str | None = None,
    limit: int,
) -> tuple[tuple[str, Session], ...]:
    """Return identity and session of the newest `limit` intents, the newest first."""
    rows = ledger.rows(
        "SELECT intent_id, session FROM intents WHERE (? IS NULL OR action = ?) "
        "AND (? IS NULL OR state = ?) ORDER BY id DESC LIMIT ?",
        (action, action, state, state, limit),
    )
    return tuple((row["intent_id"], dt.date.fromisoformat(row["session"])) for row in rows)


def marked_rows(ledger: Connection, structure_id: str) -> tuple[MarkedRow, ...]:
    """Return one structure at every mark that it was held at, oldest first."""
    rows = ledger.rows(
        "SELECT session, quantity, label, entry_points, mark_points FROM positions "
        "WHERE structure_id = ? AND kind != 'residual' ORDER BY session",
        (structure_id,),
    )
    return tuple(
        MarkedRow(
            session=dt.date.fromisoformat(row["session"]),
            quantity=row["quantity"],
            label=row["label"],
            entry_points=optional_decimal(row["entry_points"]),
            mark_points=optional_decimal(row["mark_points"]),
        )
        for row in rows
    )


def pulse(ledger: Connection) -> str:
    """Return a text that changes whenever a page would: what was written last."""
    parts = (
        ledger.value("SELECT max(at) FROM phases"),
        ledger.value("SELECT max(finished_at) FROM sessions"),
        ledger.value("SELECT max(id) FROM intent_states"),
        ledger.value("SELECT max(id) FROM incidents"),
        ledger.value("SELECT max(id) FROM alerts"),
        ledger.value("SELECT max(rowid) FROM quality"),
    )
    return "-".join(str(part or 0) for part in parts)


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)
