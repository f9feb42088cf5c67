"""Scheduled macro events: which types are known, and up to when.

A type is unknown after its own last date, and when it lists none: the publisher may have named
dates since then that the file does not have. Unknown blocks new condors.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.model import EventTable, Session


class EndedType(NamedTuple):
    """A type of event that is unknown, and the last date listed, if there is one."""

    name: str
    last: dt.date | None


def ended_types(events: EventTable, session: Session) -> tuple[EndedType, ...]:
    """Return the types that list no date on `session` or after it."""
    listed: dict[str, tuple[dt.date, ...]] = {
        field.name: getattr(events, field.name) for field in fields(events)
    }
    latest = {name: max(dates, default=None) for name, dates in listed.items()}
    return tuple(
        EndedType(name, last) for name, last in latest.items() if last is None or last < session
    )
