"""The book repriced at shocks of SPX and VIX, at each decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def stress_cells(database: Database) -> None:
    """Add what condors and hedge would gain in each shock; NULL is unknown."""
    database.execute(
        """
        CREATE TABLE stress_cells (
            decision_id INTEGER NOT NULL REFERENCES decisions (id),
            position INTEGER NOT NULL,
            spx REAL NOT NULL,
            vix_points REAL NOT NULL,
            condor_usd TEXT,
            hedge_usd TEXT,
            PRIMARY KEY (decision_id, position)
        ) STRICT
        """
    )
    database.execute("PRAGMA user_version = 7")
