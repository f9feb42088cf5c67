"""What the pages of the dashboard ask of the ledger: few rows at a time, whatever its age."""

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
    rows = ledger.rows(  # the plus keeps to the index of the session: most intents are filled
        "SELECT s.session, s.dry, s.outcome, m.nav_usd, m.shadow_nav_usd, "
        "(SELECT regime FROM decisions d WHERE d.session = s.session AND d.dry = s.dry "
        " ORDER BY d.id DESC LIMIT 1) AS regime, "
        "(SELECT count(*) FROM intents i WHERE i.session = s.session) AS orders, "
        "(SELECT count(*) FROM intents i WHERE i.session = s.session AND +i.state = 'filled') "
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
    halves = [
        _newest(table, column, what, code=code)
        for table, column, what in _TROUBLES
        if kind in {None, what}
    ]
    wanted = (*((code,) if code else ()), limit)
    rows = ledger.rows(
        f"SELECT * FROM ({') UNION ALL SELECT * FROM ('.join(halves)}) ORDER BY at DESC LIMIT ?",  # noqa: S608 - names of ours
        (*(wanted * len(halves)), limit),
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


_TROUBLES: Final = (("incidents", "kind, detail", "incident"), ("alerts", "code, text", "alert"))
"""Table, columns of code and text, and what a row of it is called."""


def _newest(table: str, columns: str, what: str, *, code: str | None) -> str:
    """Return the query for the newest rows of a table by an index: the older ones are not read."""
    name, text = columns.split(", ")
    where = f"WHERE {name} = ? " if code else ""
    return (
        f"SELECT at, session, '{what}' AS what, {name} AS code, {text} AS text FROM {table} "  # noqa: S608 - names of ours
        f"{where}ORDER BY at DESC LIMIT ?"
    )


def trouble_codes(ledger: Connection) -> tuple[str, ...]:
    """Return every code of an alert or an incident that the ledger holds."""
    rows = ledger.rows(  # from each code to the next by the index, not from row to row
        "WITH RECURSIVE one (code) AS (SELECT min(kind) FROM incidents UNION ALL "
        "SELECT (SELECT min(kind) FROM incidents WHERE kind > one.code) FROM one "
        "WHERE one.code IS NOT NULL), other (code) AS (SELECT min(code) FROM alerts UNION ALL "
        "SELECT (SELECT min(code) FROM alerts WHERE code > other.code) FROM other "
        "WHERE other.code IS NOT NULL) SELECT code FROM one WHERE code IS NOT NULL "
        "UNION SELECT code FROM other WHERE code IS NOT NULL ORDER BY 1"
    )
    return tuple(row["code"] for row in rows)


def order_sessions(
    ledger: Connection,
    *,
    action: str | None = None,
    state: str | None = None,
    limit: int,
) -> tuple[tuple[str, Session], ...]:
    """Return identity and session of the newest `limit` intents, the newest first."""
    wanted = {"action": action, "state": state}
    given = {name: value for name, value in wanted.items() if value is not None}
    where = " AND ".join(f"{name} = ?" for name in given) or "TRUE"
    rows = ledger.rows(
        f"SELECT intent_id, session FROM intents WHERE {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - names of ours
        (*given.values(), limit),
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
        ledger.value("SELECT max(rowid) FROM phases"),
        ledger.value("SELECT id || ' ' || finished_at FROM sessions ORDER BY id DESC LIMIT 1"),
        ledger.value("SELECT max(id) FROM intent_states"),
        ledger.value("SELECT max(id) FROM incidents"),
        ledger.value("SELECT max(id) FROM alerts"),
        ledger.value("SELECT max(rowid) FROM quality"),
    )
    return "-".join(str(part or 0) for part in parts)


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)
