"""A chain at one instant, as somebody else recorded it, and the session that it stands for.

**When it was taken** says which session: from the open of regular hours to their close, that
session, within it; from the close to 20:15 New York time, that session, after its close; later in
the evening and before the next open its quotes are those of the night. On a day without trading
the quotes are those of the session before.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from bot.data.chain_files import QuotedOption

if TYPE_CHECKING:
    from bot.core.sessions import TradingCalendar

NEW_YORK: Final = ZoneInfo("America/New_York")
NIGHT_BEGINS: Final = dt.time(20, 15)
"""When the overnight session of index options begins, New York."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One chain at one instant.

    Parameters
    ----------
    underlying
        ``"SPX"`` or ``"VIX"``.
    taken_at
        When, with a time zone.
    spot
        Level of the underlying, points; ``None`` is unknown.
    options
        What was quoted.
    flags
        What is wrong with it, in words.
    """

    underlying: str
    taken_at: dt.datetime
    spot: float | None
    options: tuple[QuotedOption, ...]
    flags: tuple[str, ...] = ()


def session_of(taken_at: dt.datetime, calendar: TradingCalendar) -> tuple[dt.date, str]:
    """Return the session that a snapshot stands for, and its quote session.

    Raises
    ------
    CalendarError
        If the calendar does not cover it.
    """
    here = taken_at.astimezone(NEW_YORK)
    date = here.date()
    if not calendar.is_session(date) or taken_at < calendar.day(date).open:
        before = calendar.on_or_before(date - dt.timedelta(days=1))
        closed = not calendar.is_session(date) and here.time() < NIGHT_BEGINS
        night = "rth_close" if closed else "pre_open"
        return before, night
    if taken_at < calendar.day(date).close:
        return date, "rth_intraday"
    return date, "rth_close" if here.time() < NIGHT_BEGINS else "gth_evening"
