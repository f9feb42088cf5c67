"""The way to the newest intents of a state: of a rare one all were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def intents_by_state(database: Database) -> None:
    """Add an index of intents by their state."""
    database.execute("CREATE INDEX intents_by_state ON intents (state)")
    database.execute("PRAGMA user_version = 10")
