"""What is said: news as one message, with nothing in it that names an account or opens a door."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.logs import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ledger.news import NewsItem

MOST_LINES: Final = 20
LONGEST_LINE: Final = 300
FOREMOST: Final = ("locked", "incidents", "missed", "kill_switch", "alerts", "sessions", "fills")
"""Kinds in the order in which they are said."""

HEADLINES: Final = {
    "locked": "LOCKED",
    "incidents": "incident",
    "missed": "session missed",
    "kill_switch": "kill switch",
    "alerts": "alert",
    "sessions": "session done",
    "fills": "filled",
}

_ADDRESS: Final = re.compile(r"\b([a-z][a-z0-9+.-]*)://\S+", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"(D?[UF])\d{4,}(\d{2})", re.IGNORECASE)


def compose(items: Sequence[NewsItem], *, mode: str) -> tuple[str, str]:
    """Return title and body of one message about all of `items`, the gravest first."""
    ordered = sorted(items, key=lambda item: FOREMOST.index(item.kind))
    headline = HEADLINES[ordered[0].kind]
    more = f" and {len(ordered) - 1} more" if len(ordered) > 1 else ""
    lines = [_short(item.text) for item in ordered[:MOST_LINES]]
    if rest := len(ordered) - MOST_LINES:
        lines += [f"... and {rest} more: steward review"] if rest > 0 else []
    return masked(f"steward ({mode}): {headline}{more}"), masked("\n".join(lines))


def masked(text: str) -> str:
    """Return `text` without account ids and addresses: ``DU***67``, ``https://***``.

    Ids are masked wherever they stand, also inside of a longer word.
    """
    return _ACCOUNT.sub(r"\1***\2", redact(_ADDRESS.sub(r"\1://***", text)))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 3]}..."
