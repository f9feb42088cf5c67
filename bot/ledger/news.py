"""What has come into the ledger since somebody last looked: read by position, oldest first.

Rows are only appended, so that the highest number of each table says how far a reader has come.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.ledger.text import optional_decimal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from bot.ledger.connection import Connection

TABLES: Final = ("fills", "alerts", "incidents", "phases")
MISSED: Final = "SESSION_MISSED"
KILL_SWITCH: Final = "KILL_SWITCH"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsItem:
    """One thing that a person may want to be told.

    Parameters
    ----------
    kind
        ``fills``, ``sessions``, ``incidents``, ``alerts``, ``missed``, ``locked`` or
        ``kill_switch``.
    key
        What it is, so that it is told once.
    text
        One line.
    """

    kind: str
    key: str
    text: str


def positions(ledger: Connection) -> dict[str, int]:
    """Return the highest number of each table."""
    return {table: _highest(ledger, table) for table in TABLES}


def news_since(ledger: Connection, seen: Mapping[str, int]) -> tuple[NewsItem, ...]:
    """Return what came in after the positions `seen`."""
    return (
        *_incidents(ledger, seen["incidents"]),
        *_alerts(ledger, seen["alerts"]),
        *_fills(ledger, seen["fills"]),
        *_phases(ledger, seen["phases"]),
    )


def _highest(ledger: Connection, table: str) -> int:
    return int(ledger.value(f"SELECT coalesce(max(rowid), 0) FROM {table}"))  # noqa: S608 - ours


def _incidents(ledger: Connection, seen: int) -> Iterator[NewsItem]:
    kinds = {MISSED: "missed", KILL_SWITCH: "kill_switch"}
    for row in ledger.rows("SELECT * FROM incidents WHERE id > ? ORDER BY id", (seen,)):
        yield NewsItem(
            kind=kinds.get(row["kind"], "incidents"),
            key=f"{row['session']} {row['kind']} {row['detail']}",
            text=_dated(row, f"{row['kind']}: {row['detail']}"),
        )


def _alerts(ledger: Connection, seen: int) -> Iterator[NewsItem]:
    for row in ledger.rows("SELECT * FROM alerts WHERE id > ? ORDER BY id", (seen,)):
        yield NewsItem(
            kind="kill_switch" if row["code"] == KILL_SWITCH else "alerts",
            key=f"{row['session']} {row['code']} {row['text']}",
            text=_dated(row, f"{row['code']}: {row['text']}"),
        )


def _dated(row: sqlite3.Row, text: str) -> str:
    return text if row["session"] is None else f"{row['session']} {text}"


def _fills(ledger: Connection, seen: int) -> Iterator[NewsItem]:
    """Yield a line for each order that was filled: of a combo its summaries, else its legs."""
    rows = ledger.rows(
        "SELECT fills.*, action, structure_id, json_array_length(body, '$.legs') AS legs "
        "FROM fills JOIN intents USING (intent_id) WHERE fills.id > ? AND NOT superseded "
        "AND (contract IS NULL OR json_array_length(body, '$.legs') = 1) ORDER BY fills.id",
        (seen,),
    )
    orders: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        orders[row["order_ref"]].append(row)
    for order_ref, found in orders.items():
        units = sum(row["quantity"] for row in found)
        prices = ", ".join(dict.fromkeys(_price(row["price"]) for row in found))
        yield NewsItem(
            kind="fills",
            key=f"{order_ref} {found[-1]['id']}",
            text=f"filled {order_ref}: {found[0]['action']} {found[0]['structure_id']}, "
            f"{units:+d} at {prices}",
        )


def _price(text: str) -> str:
    """Return what a unit cost in points; a combo that was sold brought a credit."""
    price = Decimal(text)
    return f"{price:.2f}" if price >= 0 else f"a credit of {-price:.2f}"


def _phases(ledger: Connection, seen: int) -> Iterator[NewsItem]:
    rows = ledger.rows(
        "SELECT phases.*, session, dry FROM phases JOIN sessions ON sessions.id = session_id "
        "WHERE phases.rowid > ? AND dry = 0 AND phase IN ('reconcile', 'report') "
        "ORDER BY phases.rowid",
        (seen,),
    )
    for row in rows:
        session = row["session"]
        if json.loads(row["detail"]).get("locked"):
            text = f"{session} LOCKED: ledger and broker differ; nothing adds risk until they agree"
            yield NewsItem(kind="locked", key=f"{session} locked", text=text)
        if row["phase"] == "report":
            yield NewsItem(kind="sessions", key=f"{session} done", text=_summary(ledger, session))


def _summary(ledger: Connection, session: str) -> str:
    """Return a session in a line: the book, its orders, what was out of the ordinary."""
    regime = ledger.value(
        "SELECT regime FROM decisions WHERE session = ? AND dry = 0 ORDER BY id DESC", (session,)
    )
    counts = [
        f"{ledger.value(query, (session,))} {name}"
        for name, query in (
            ("orders", "SELECT count(*) FROM intents WHERE session = ?"),
            ("filled", "SELECT count(*) FROM intents WHERE session = ? AND +state = 'filled'"),
            ("alerts", "SELECT count(*) FROM alerts WHERE session = ?"),
            ("incidents", "SELECT count(*) FROM incidents WHERE session = ?"),
        )
    ]
    return (
        f"{session} done, {regime or 'no decision'}: {_book(ledger, session)}; {', '.join(counts)}"
    )


def _book(ledger: Connection, session: str) -> str:
    """Return the mark of the session in a few words."""
    row = ledger.row("SELECT * FROM marks WHERE session = ?", (session,))
    if row is None:
        return "no mark"
    nav = optional_decimal(row["nav_usd"])
    parts = {name: optional_decimal(row[f"{name}_pnl_usd"]) for name in ("condor", "hedge")}
    known = [f"{name} {value:+,.0f}" for name, value in parts.items() if value is not None]
    units = f"units {row['units_held']} of {row['units_required']}"
    return ", ".join([f"NAV {'unknown' if nav is None else f'{nav:,.0f} USD'}", *known, units])
