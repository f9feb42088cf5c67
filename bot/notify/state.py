"""How far the telling has come, kept beside the ledger so that a restart repeats nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.files import private_folder, replace_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bot.ledger.news import NewsItem

FILE_NAME: Final = "notified.json"
AN_HOUR: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told, and when.

    Parameters
    ----------
    seen
        Position in each table of the ledger up to which everything was told.
    sent
        When the messages of the last hour left (UTC).
    keys
        What was told of late, by a hash of its key, and when.
    """

    seen: Mapping[str, int]
    sent: tuple[dt.datetime, ...] = ()
    keys: Mapping[str, dt.datetime] = field(default_factory=dict)

    def fresh(
        self, items: Iterable[NewsItem], now: dt.datetime, *, forget: dt.timedelta
    ) -> tuple[NewsItem, ...]:
        """Return the items that were not told within `forget`, each once."""
        first = {_hashed(item): item for item in reversed(tuple(items))}
        late = {key for key, at in self.keys.items() if now - at < forget}
        return tuple(reversed([item for key, item in first.items() if key not in late]))

    def may_send(self, now: dt.datetime, *, per_hour: int) -> bool:
        """Whether one more message in this hour is within the limit."""
        return sum(now - at < AN_HOUR for at in self.sent) < per_hour

    def after(
        self,
        items: Iterable[NewsItem],
        seen: Mapping[str, int],
        now: dt.datetime,
        *,
        forget: dt.timedelta,
    ) -> Told:
        """Return the state after a message about `items`, without what is older than `forget`."""
        keys = {key: at for key, at in self.keys.items() if now - at < forget}
        return Told(
            seen=seen,
            sent=(*(at for at in self.sent if now - at < AN_HOUR), now),
            keys=keys | {_hashed(item): now for item in items},
        )

    def moved(self, seen: Mapping[str, int]) -> Told:
        """Return the state after looking, when there was nothing to tell."""
        return replace(self, seen=seen)


def _hashed(item: NewsItem) -> str:
    return hashlib.sha256(f"{item.kind} {item.key}".encode()).hexdigest()[:16]


def read_told(path: Path) -> Told | None:
    """Return the state that was kept; ``None`` where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Told(
            seen={str(name): int(position) for name, position in found["seen"].items()},
            sent=tuple(map(dt.datetime.fromisoformat, found["sent"])),
            keys={key: dt.datetime.fromisoformat(at) for key, at in found["keys"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_told(path: Path, told: Told) -> None:
    """Keep the state.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    facts = {
        "seen": dict(told.seen),
        "sent": [at.isoformat() for at in told.sent],
        "keys": {key: at.isoformat() for key, at in told.keys.items()},
    }
    private_folder(path.parent)
    replace_text(path, json.dumps(facts) + "\n")
