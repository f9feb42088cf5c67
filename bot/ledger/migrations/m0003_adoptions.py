"""What a person accepted of the broker's positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def adoptions(database: Database) -> None:
    """Add what a person accepts of the broker's positions."""
    database.execute(
        """
        CREATE TABLE adoptions (
            id INTEGER PRIMARY KEY,
            structure_id TEXT NOT NULL,
            contract TEXT NOT NULL CHECK (json_valid(contract)),
            session TEXT NOT NULL,
            quantity INTEGER NOT NULL,
            at TEXT NOT NULL,
            reason TEXT NOT NULL
        ) STRICT
        """
    )
    database.execute("CREATE INDEX adoptions_by_structure ON adoptions (structure_id)")
    database.execute("PRAGMA user_version = 3")
