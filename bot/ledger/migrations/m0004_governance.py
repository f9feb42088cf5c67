"""Who adopted which rules, by which rules a session runs, and what a decision was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def governance(database: Database) -> None:
    """Add to versions who adopted them, to sessions their rules, to decisions their snapshot."""
    for statement in (
        "ALTER TABLE config_versions ADD COLUMN replaces_sha256 TEXT",
        """
        ALTER TABLE config_versions
        ADD COLUMN by_person INTEGER NOT NULL DEFAULT 0 CHECK (by_person IN (0, 1))
        """,
        "ALTER TABLE sessions ADD COLUMN rules_sha256 TEXT",
        "ALTER TABLE decisions ADD COLUMN snapshot_id INTEGER REFERENCES snapshots (id)",
    ):
        database.execute(statement)
    database.execute("PRAGMA user_version = 4")
