"""How a book and its unhedged shadow have gone so far, carried on from mark to mark.

What a page says of the whole past (growth, drag, the deepest fall) is a fold over the marks. The
state of that fold after each mark is kept, so that a page of today costs the same in the thirtieth
year as in the first. The figures are those of ``bot.review.performance`` over all marks.

Both series start at the *capital*: the first complete NAV less all profit up to it, dated the day
before the first mark. While no mark is complete they start at their first known value; the first
one that is makes the series begin anew, from all marks.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

from bot.core.model import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.core.mark import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of values in USD so far.

    Parameters
    ----------
    start, first_usd
        Where it began.
    end, last_usd
        Where it stands.
    lowest_usd
        Its lowest value.
    high, high_usd
        Its running high, the last session at it.
    share, fall_usd, peak, peak_usd, trough
        Its deepest fall below the running high as a share of that high: in USD, from where, from
        which value, to where. 0 and ``None`` while it never fell.
    recovered
        First session after `trough` at or above `peak_usd`; ``None`` if there is none yet.
    """

    start: Session
    first_usd: Decimal
    end: Session
    last_usd: Decimal
    lowest_usd: Decimal
    high: Session
    high_usd: Decimal
    share: float = 0.0
    fall_usd: Decimal = Decimal(0)
    peak: Session | None = None
    peak_usd: Decimal | None = None
    trough: Session | None = None
    recovered: Session | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSoFar:
    """Book and shadow after a mark.

    Parameters
    ----------
    first
        Session of the first mark.
    marks, unknown
        How many there were, and how many of them do not know the NAV.
    capital_usd
        Capital before the first trade; ``None`` while no mark is complete.
    book, shadow
        Their series from the capital on; ``None`` while no value is known.
    nav_sum_usd, nav_marks
        Sum and number of the NAVs of marks that know the profit of the hedge too.
    hedged, hedge_pnl_usd
        The last such session, and the profit of the hedge then.
    """

    first: Session
    marks: int = 0
    unknown: int = 0
    capital_usd: Decimal | None = None
    book: Series | None = None
    shadow: Series | None = None
    nav_sum_usd: Decimal = Decimal(0)
    nav_marks: int = 0
    hedged: Session | None = None
    hedge_pnl_usd: Decimal | None = None

    @property
    def inception(self) -> Session:
        """The day of the capital."""
        return self.first - dt.timedelta(days=1)


def capital_usd(mark: Mark) -> Decimal | None:
    """Return the NAV of a mark less all profit up to it; ``None`` if the mark is not complete."""
    if mark.nav_usd is None or mark.hedge_pnl_usd is None or mark.condor_pnl_usd is None:
        return None
    return mark.nav_usd - mark.hedge_pnl_usd - mark.condor_pnl_usd


def course_so_far(marks: Sequence[Mark]) -> CourseSoFar:
    """Return the course over all marks, oldest first, of which there is at least one."""
    first = marks[0].session
    found = (capital_usd(mark) for mark in marks)
    capital = next((amount for amount in found if amount is not None), None)
    begun = CourseSoFar(first=first, capital_usd=capital)
    if capital is not None:
        series = extended(None, begun.inception, capital)
        begun = replace(begun, book=series, shadow=series)
    return reduce(_with_mark, marks, begun)


def advanced(
    so_far: CourseSoFar | None, mark: Mark, *, past: Callable[[], Sequence[Mark]]
) -> CourseSoFar:
    """Return the course after one more mark.

    Parameters
    ----------
    so_far
        The course before it; ``None`` of the first mark.
    mark
        The next one.
    past
        Reads all marks up to and with this one. Asked for the first mark, and for the first one
        that tells the capital, from which both series begin.
    """
    if so_far is None or (so_far.capital_usd is None and capital_usd(mark) is not None):
        return course_so_far(past())
    return _with_mark(so_far, mark)


def _with_mark(so_far: CourseSoFar, mark: Mark) -> CourseSoFar:
    found = replace(
        so_far,
        marks=so_far.marks + 1,
        unknown=so_far.unknown + (mark.nav_usd is None),
        book=extended(so_far.book, mark.session, mark.nav_usd),
        shadow=extended(so_far.shadow, mark.session, mark.shadow_nav_usd),
    )
    if mark.nav_usd is None or mark.hedge_pnl_usd is None:
        return found
    return replace(
        found,
        nav_sum_usd=so_far.nav_sum_usd + mark.nav_usd,
        nav_marks=so_far.nav_marks + 1,
        hedged=mark.session,
        hedge_pnl_usd=mark.hedge_pnl_usd,
    )


def extended(series: Series | None, session: Session, value: Decimal | None) -> Series | None:
    """Return a series with one more value; an unknown one is left out."""
    if value is None:
        return series
    if series is None:
        return Series(
            start=session,
            first_usd=value,
            end=session,
            last_usd=value,
            lowest_usd=value,
            high=session,
            high_usd=value,
        )
    moved = replace(series, end=session, last_usd=value, lowest_usd=min(series.lowest_usd, value))
    return _with_fall(_with_recovery(moved, session, value), session, value)


def _with_recovery(series: Series, session: Session, value: Decimal) -> Series:
    """Note the first return to the value from which the deepest fall began."""
    if series.peak_usd is None or series.recovered is not None or value < series.peak_usd:
        return series
    return replace(series, recovered=session)


def _with_fall(series: Series, session: Session, value: Decimal) -> Series:
    """Raise the running high, or hold the distance to it against the deepest fall.

    Below a high that is not positive nothing is measured: there is no share of it.
    """
    if value >= series.high_usd:
        return replace(series, high=session, high_usd=value)
    if series.high_usd <= 0:
        return series
    share = float((series.high_usd - value) / series.high_usd)
    if share <= series.share:
        return series
    return replace(
        series,
        share=share,
        fall_usd=series.high_usd - value,
        peak=series.high,
        peak_usd=series.high_usd,
        trough=session,
        recovered=None,
    )
