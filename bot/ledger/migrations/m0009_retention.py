"""What becomes of old snapshots: packed together, or thinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def retention(database: Database) -> None:
    """Let snapshots lie together in packs, say of each whether it stays whole, count the work."""
    database.execute(
        """
        CREATE TABLE snapshot_packs (
            id INTEGER PRIMARY KEY,
            body BLOB NOT NULL
        ) STRICT
        """
    )
    database.execute(
        "ALTER TABLE snapshots ADD COLUMN retention TEXT "
        "CHECK (retention IN ('kept', 'spare', 'thinned'))"
    )
    database.execute(
        "ALTER TABLE snapshots ADD COLUMN pack_id INTEGER REFERENCES snapshot_packs (id)"
    )
    database.execute("ALTER TABLE snapshots ADD COLUMN place INTEGER")
    database.execute(
        "CREATE INDEX snapshots_to_judge ON snapshots (session) WHERE retention IS NULL"
    )
    database.execute(
        """
        CREATE INDEX snapshots_to_pack ON snapshots (session)
        WHERE retention = 'kept' AND pack_id IS NULL
        """
    )
    database.execute(
        "CREATE INDEX snapshots_to_thin ON snapshots (session) WHERE retention = 'spare'"
    )
    database.execute(
        """
        CREATE TABLE thinnings (
            id INTEGER PRIMARY KEY,
            session TEXT NOT NULL,
            at TEXT NOT NULL,
            packed INTEGER NOT NULL,
            thinned INTEGER NOT NULL,
            freed_bytes INTEGER NOT NULL
        ) STRICT
        """
    )
    database.execute("PRAGMA user_version = 9")
