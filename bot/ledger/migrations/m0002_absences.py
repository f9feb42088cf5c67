"""The sessions that were never begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def absences(database: Database) -> None:
    """Add the sessions that were never begun, each with its one reason."""
    database.execute(
        """
        CREATE TABLE absences (
            session TEXT PRIMARY KEY,
            reason TEXT NOT NULL,
            at TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT
        """
    )
    database.execute("PRAGMA user_version = 2")
