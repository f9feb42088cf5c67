"""``steward snapshots``: what is kept of the raw market of each session, and what will be."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.ledger.retention import Terms
    from bot.ledger.retention_rows import Retention, ThinningRow


def retention_json(found: Retention) -> str:
    """Return it as JSON: keys do not change between versions."""
    return json.dumps(asdict(found), indent=2, allow_nan=False)


def retention_lines(found: Retention, terms: Terms) -> Iterator[str]:
    """Yield it as lines of text."""
    for row in found.kept:
        size = f"{row.stored_bytes / 1e6:8.2f} MB"
        yield f"{row.state:<8}{row.snapshots:>6} {size}  {row.first} to {row.last}"
    if not found.kept:
        yield "no session was observed yet"
    due = found.due
    if due.packed or due.thinned:
        yield f"due     {_due(due)}; at most {terms.at_once} after each session"
    else:
        yield "due     nothing"
    if found.last is not None:
        last = found.last
        text = f"{last.packed} packed, {last.thinned} thinned: {last.freed_bytes / 1e6:.2f} MB"
        yield f"last    {last.session}: {text}"
    yield f"unused  {found.unused_bytes / 1e6:.2f} MB of the file, for the next sessions"


def _due(row: ThinningRow) -> str:
    size = f"about {row.freed_bytes / 1e6:.2f} MB"
    return f"{row.packed} to pack without loss, {row.thinned} to thin: {size}"
