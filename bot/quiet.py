"""Hours in which an absent gateway is no news: its restart each night, its login each week.

Written as ``23:40-00:20`` for every day or ``Sun 00:00-24:00`` for one, in New York time. A
window that ends before it begins ends on the day after.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.clock import new_york

if TYPE_CHECKING:
    from collections.abc import Iterable

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTES_OF_DAY: Final = 24 * 60
_FORM: Final = re.compile(
    rf"(?:({'|'.join(WEEKDAYS)}) )?(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietWindow:
    """One such window.

    Parameters
    ----------
    weekday
        Day on which it begins, Monday is 0; ``None`` is every day.
    start_minute, end_minute
        Minutes of that day in New York, 0 to 1440; the end is not included.
    """

    weekday: int | None
    start_minute: int
    end_minute: int

    def contains(self, moment: dt.datetime) -> bool:
        """Whether `moment` lies within."""
        local = new_york(moment)
        minute = local.hour * 60 + local.minute
        if self.start_minute < self.end_minute:
            return self._begins_on(local) and self.start_minute <= minute < self.end_minute
        yesterday = local - dt.timedelta(days=1)
        return (self._begins_on(local) and minute >= self.start_minute) or (
            self._begins_on(yesterday) and minute < self.end_minute
        )

    def _begins_on(self, local: dt.datetime) -> bool:
        return self.weekday is None or local.weekday() == self.weekday


def parse_window(text: str) -> QuietWindow:
    """Read one window.

    Raises
    ------
    ValueError
        If it is not written as ``HH:MM-HH:MM`` or ``Sun HH:MM-HH:MM``, or is empty.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError('must be "HH:MM-HH:MM", or with a day before it: "Sun 00:00-24:00"')
    day, *clock = found.groups()
    start_hour, start_minute, end_hour, end_minute = map(int, clock)
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if start >= MINUTES_OF_DAY or end > MINUTES_OF_DAY or start == end:
        raise ValueError("must begin before 24:00, end by 24:00, and not be empty")
    return QuietWindow(
        weekday=None if day is None else WEEKDAYS.index(day), start_minute=start, end_minute=end
    )


def is_quiet(moment: dt.datetime, windows: Iterable[QuietWindow]) -> bool:
    """Whether `moment` lies in any of `windows`."""
    return any(window.contains(moment) for window in windows)
