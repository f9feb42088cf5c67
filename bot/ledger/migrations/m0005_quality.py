"""Quality of execution, and the flags of the parity monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def quality(database: Database) -> None:
    """Add what each order and each of its legs cost, and how long parity flags lasted."""
    database.execute(
        """
        CREATE TABLE quality (
            id INTEGER PRIMARY KEY,
            intent_id TEXT NOT NULL REFERENCES intents (intent_id),
            session TEXT NOT NULL,
            leg TEXT NOT NULL,
            quantity INTEGER NOT NULL,
            decision_mid TEXT,
            price TEXT NOT NULL,
            shortfall TEXT,
            effective_spread TEXT,
            last_fill_at TEXT NOT NULL,
            later_mid TEXT,
            mark_out TEXT,
            marked_out_at TEXT,
            note TEXT NOT NULL,
            UNIQUE (intent_id, leg)
        ) STRICT
        """
    )
    database.execute("CREATE INDEX quality_by_session ON quality (session)")
    database.execute(
        """
        CREATE TABLE parity_flags (
            id INTEGER PRIMARY KEY,
            expiry TEXT NOT NULL,
            strike TEXT NOT NULL,
            kind TEXT NOT NULL,
            first_seen TEXT NOT NULL,
            last_seen TEXT NOT NULL,
            first_session TEXT NOT NULL,
            last_session TEXT NOT NULL,
            sessions INTEGER NOT NULL,
            edge_points TEXT NOT NULL,
            best_edge_points TEXT NOT NULL,
            fees_points TEXT NOT NULL,
            size INTEGER
        ) STRICT
        """
    )
    database.execute("CREATE INDEX parity_flags_by_session ON parity_flags (last_session)")
    database.execute("PRAGMA user_version = 5")
