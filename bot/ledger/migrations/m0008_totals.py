"""Totals over the whole past, and the ways to the newest rows: no page reads all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def totals(database: Database) -> None:
    """Add the tables of ``bot.ledger.totals``, empty, and indexes for the newest rows."""
    for statement in (
        """
        CREATE TABLE courses (
            session TEXT PRIMARY KEY,
            number INTEGER NOT NULL UNIQUE,
            book_high_usd TEXT,
            shadow_high_usd TEXT,
            body TEXT NOT NULL CHECK (json_valid(body))
        ) STRICT
        """,
        """
        CREATE TABLE switch_readings (
            session TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            changes INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE execution_costs (
            session TEXT PRIMARY KEY,
            number INTEGER NOT NULL UNIQUE,
            orders INTEGER NOT NULL,
            known INTEGER NOT NULL,
            usd TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE structure_totals (
            kind TEXT NOT NULL,
            slot TEXT NOT NULL,
            state TEXT NOT NULL,
            structures INTEGER NOT NULL,
            gains INTEGER NOT NULL,
            cash_usd TEXT NOT NULL,
            commissions_usd TEXT NOT NULL,
            PRIMARY KEY (kind, slot, state)
        ) STRICT
        """,
        "CREATE INDEX structures_by_kind ON structures (kind, changed_in, structure_id)",
        "CREATE INDEX positions_by_structure ON positions (structure_id, session)",
        "CREATE INDEX intents_by_action ON intents (action, state)",
        "CREATE INDEX alerts_by_code ON alerts (code, at)",
        "CREATE INDEX alerts_by_time ON alerts (at)",
        "CREATE INDEX incidents_by_kind ON incidents (kind, at)",
        "CREATE INDEX incidents_by_time ON incidents (at)",
    ):
        database.execute(statement)
    database.execute("PRAGMA user_version = 8")
