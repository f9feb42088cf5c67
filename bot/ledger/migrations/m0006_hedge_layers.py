"""The state of the hedge's layers at each decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def hedge_layers(database: Database) -> None:
    """Add what each layer held, cost and was worth when a session was decided."""
    database.execute(
        """
        CREATE TABLE hedge_layers (
            decision_id INTEGER NOT NULL REFERENCES decisions (id),
            layer TEXT NOT NULL,
            target INTEGER NOT NULL,
            held INTEGER NOT NULL,
            cost_usd TEXT NOT NULL,
            extrinsic_bought_usd TEXT,
            extrinsic_left_usd TEXT,
            mark_multiple REAL,
            days_to_roll INTEGER,
            roll_reason TEXT NOT NULL,
            delta REAL,
            target_delta REAL NOT NULL,
            drift REAL,
            PRIMARY KEY (decision_id, layer)
        ) STRICT
        """
    )
    database.execute("PRAGMA user_version = 6")
