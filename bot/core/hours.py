"""What the broker says about the hours of a day, and whether it agrees with the calendar.

The broker's *liquid hours* are written ``20250106:0930-20250106:1615;20250107:CLOSED``, the
older form without the second date, in the time zone of the contract. Calendar and broker must
both say that a session is open: who is right is for a person to find out.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.sessions import CURB_MINUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.core.model import TradingDay

CLOSED: Final = "CLOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHours:
    """One stretch in which the broker says that there is trading (UTC)."""

    open: dt.datetime
    close: dt.datetime


def parse_liquid_hours(text: str, zone: str, session: dt.date) -> tuple[OpenHours, ...] | None:
    """Return the hours of `session`: empty when closed, ``None`` when nothing is said of it.

    Parameters
    ----------
    text, zone
        ``liquidHours`` and ``timeZoneId`` of the contract details.
    session
        The day asked for.
    """
    try:
        place = ZoneInfo(zone)
        entries = [entry for entry in text.split(";") if entry.startswith(f"{session:%Y%m%d}:")]
        stretches = [_stretch(entry, place) for entry in entries if not entry.endswith(CLOSED)]
    except (ValueError, OSError, ZoneInfoNotFoundError):  # OSError: the zone is a folder of zones
        return None
    return tuple(stretches) if entries else None


def _stretch(entry: str, place: ZoneInfo) -> OpenHours:
    start, _, end = entry.partition("-")
    if ":" not in end:
        end = f"{start.partition(':')[0]}:{end}"
    return OpenHours(open=_instant(start, place), close=_instant(end, place))


def _instant(text: str, place: ZoneInfo) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y%m%d:%H%M").replace(tzinfo=place).astimezone(dt.UTC)


def is_open(hours: Sequence[OpenHours], now: dt.datetime) -> bool:
    """Whether the broker says that there is trading at `now`."""
    return any(stretch.open <= now < stretch.close for stretch in hours)


def dispute(day: TradingDay, hours: Sequence[OpenHours] | None) -> str | None:
    """Return how the broker's hours contradict the calendar's, or ``None`` when they agree.

    They agree when one stretch of the broker's reaches from the calendar's open to its close, or
    to the close of the stocks a quarter of an hour before. Hours that are not known do not agree.
    """
    if hours is None:
        return f"the broker says nothing of {day.session}"
    closes = day.close - CURB_MINUTES
    if any(stretch.open <= day.open and stretch.close >= closes for stretch in hours):
        return None
    told = ", ".join(f"{each.open:%H:%M}-{each.close:%H:%M}" for each in hours) or "closed"
    return f"calendar {day.open:%H:%M}-{day.close:%H:%M} UTC, broker {told}"
