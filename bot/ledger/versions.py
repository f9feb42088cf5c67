"""Which versions of a configuration were in force, and who put them there.

The newest version of a kind is the one in force. Versions are appended and never changed, so the
text behind the hash of any decision is found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.errors import LedgerError
from bot.ledger.connection import Connection
from bot.ledger.text import time_text

if TYPE_CHECKING:
    import datetime as dt
    import sqlite3

    from bot.core.model import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigVersion:
    """One version of a configuration.

    Parameters
    ----------
    sha256, text
        Its canonical text, and the hash of it.
    adopted_at, reason
        When it came into force (UTC, ISO 8601) and why.
    replaces_sha256
        The version before it; ``None`` of the first, and where it was not recorded.
    by_person
        Whether a person adopted it, and not the program at its first start or after an upgrade.
    """

    sha256: str
    text: str
    adopted_at: str
    reason: str
    replaces_sha256: str | None
    by_person: bool


class Versions(Connection):
    """The part of the ledger that keeps configurations."""

    def save_config(  # noqa: PLR0913 - the columns of one row
        self,
        kind: str,
        text: str,
        *,
        sha256: str,
        at: dt.datetime,
        reason: str,
        by_person: bool = False,
    ) -> None:
        """Record that the configuration `kind` is adopted; the version in force is kept once."""
        with self.writing("a configuration") as database:
            newest = database.execute(
                "SELECT sha256 FROM config_versions WHERE kind = ? ORDER BY id DESC LIMIT 1",
                (kind,),
            ).fetchone()
            before = None if newest is None else newest["sha256"]
            if before != sha256:
                database.execute(
                    "INSERT INTO config_versions (kind, sha256, text, adopted_at, reason, "
                    "replaces_sha256, by_person) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (kind, sha256, text, time_text(at), reason, before, by_person),
                )

    def load_config(self, sha256: str) -> str:
        """Return the text of the configuration with this hash.

        Raises
        ------
        LedgerError
            It was never adopted.
        """
        text = self.value("SELECT text FROM config_versions WHERE sha256 = ?", (sha256,))
        if text is None:
            raise LedgerError(f"{self.path}: no configuration with sha256 {sha256}")
        return str(text)

    def config_in_force(self, kind: str) -> ConfigVersion | None:
        """Return the newest version of `kind`; ``None`` before the first."""
        row = self.row(
            "SELECT * FROM config_versions WHERE kind = ? ORDER BY id DESC LIMIT 1", (kind,)
        )
        return None if row is None else _version(row)

    def config_history(self, kind: str) -> tuple[ConfigVersion, ...]:
        """Return every version of `kind`, oldest first."""
        rows = self.rows("SELECT * FROM config_versions WHERE kind = ? ORDER BY id", (kind,))
        return tuple(_version(row) for row in rows)

    def rules_of_session(self, session: Session, *, dry: bool = False) -> str | None:
        """Return the hash of the rules that a session began with; ``None`` if it has not begun.

        A finished dry session is begun anew, so it has none either.
        """
        found = self.value(
            "SELECT rules_sha256 FROM sessions WHERE session = ? AND dry = ? "
            "AND (dry = 0 OR finished_at IS NULL)",
            (session.isoformat(), dry),
        )
        return None if found is None else str(found)


def _version(row: sqlite3.Row) -> ConfigVersion:
    return ConfigVersion(
        sha256=row["sha256"],
        text=row["text"],
        adopted_at=row["adopted_at"],
        reason=row["reason"],
        replaces_sha256=row["replaces_sha256"],
        by_person=bool(row["by_person"]),
    )
