"""Figures of performance, as pure functions of the marks.

The *shadow* is the same book without its hedge. Every figure is given for both, as the hedge is
judged by the difference: what it cost (drag) and what it saved (drawdown).

Both start from one *inception* point: the capital before the first trade, which is the first
known NAV less all profit and loss up to it, dated the day before. So the cost of the first
hedge is in every figure.

`performance_so_far` gives the same figures from the state that the ledger keeps after each mark,
without reading the marks before it.

A mark whose value is unknown is left out, never carried forward. Money that is paid into or out
of the account is not told apart from profit: the account is the bot's own.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.core.model import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.core.course import CourseSoFar, Series
    from bot.core.mark import Mark

DAYS_A_YEAR: Final = 365.25

MINIMUM_DAYS_TO_ANNUALISE: Final = 90
"""Calendar days below which a yearly rate would be noise; it is ``None`` then."""

MINIMUM_FALL: Final = 0.001
"""Share of its high by which the shadow must have fallen before a reduction says anything."""

Point: TypeAlias = tuple[Session, Decimal]
"""A value in USD at the end of a session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdown:
    """The deepest fall of a series below its running high.

    Parameters
    ----------
    share
        Depth as a share of the high, 0 when the series never fell.
    usd
        Depth in USD.
    peak, trough
        Sessions of the high and of the low after it; ``None`` when the series never fell.
    recovered
        First session after the trough at or above the high; ``None`` if there is none yet.
    """

    share: float = 0.0
    usd: Decimal = Decimal(0)
    peak: Session | None = None
    trough: Session | None = None
    recovered: Session | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How one series went from its first known mark to its last."""

    first: Decimal
    last: Decimal
    drawdown: Drawdown
    cagr: float | None

    @property
    def profit_usd(self) -> Decimal:
        """Gain from the first mark to the last."""
        return self.last - self.first


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Book and shadow side by side.

    Parameters
    ----------
    sessions, unknown
        Marks, and how many of them do not know the NAV.
    book, shadow
        Their courses; ``None`` when no mark is known.
    drag
        See ``drag``.
    drawdown_reduction
        ``1 - MDD(book) / MDD(shadow)``; ``None`` when the shadow fell by less than
        ``MINIMUM_FALL``: of almost nothing any multiple is noise.
    """

    sessions: int
    unknown: int
    book: Course | None
    shadow: Course | None
    drag: float | None
    drawdown_reduction: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Sessions of one kind: the sum of their changes, day by day."""

    label: str
    sessions: int = 0
    book_usd: Decimal = Decimal(0)
    shadow_usd: Decimal = Decimal(0)

    @property
    def hedge_usd(self) -> Decimal:
        """What the hedge made of the difference."""
        return self.book_usd - self.shadow_usd


def inception(marks: Sequence[Mark]) -> Point | None:
    """Return the capital before the first trade; ``None`` when no mark is complete enough."""
    for mark in marks:
        if mark.nav_usd is None or mark.hedge_pnl_usd is None or mark.condor_pnl_usd is None:
            continue
        capital = mark.nav_usd - mark.hedge_pnl_usd - mark.condor_pnl_usd
        return marks[0].session - dt.timedelta(days=1), capital
    return None


def book_points(marks: Sequence[Mark]) -> tuple[Point, ...]:
    """Return the known NAV of the book by session, from inception."""
    points = [(mark.session, mark.nav_usd) for mark in marks if mark.nav_usd is not None]
    return _from_inception(marks, points)


def shadow_points(marks: Sequence[Mark]) -> tuple[Point, ...]:
    """Return the known NAV of the unhedged shadow by session, from inception."""
    points = [
        (mark.session, mark.shadow_nav_usd) for mark in marks if mark.shadow_nav_usd is not None
    ]
    return _from_inception(marks, points)


def _from_inception(marks: Sequence[Mark], points: Sequence[Point]) -> tuple[Point, ...]:
    start = inception(marks)
    return tuple(points) if start is None else (start, *points)


def max_drawdown(points: Sequence[Point]) -> Drawdown:
    """Return the deepest fall below a running high that is positive, as a share of that high."""
    worst = Drawdown()
    high: Point | None = None
    for session, value in points:
        if high is None or value >= high[1]:
            high = (session, value)
        elif high[1] > 0 and (share := float((high[1] - value) / high[1])) > worst.share:
            worst = Drawdown(share=share, usd=high[1] - value, peak=high[0], trough=session)
    return _with_recovery(worst, points)


def _with_recovery(worst: Drawdown, points: Sequence[Point]) -> Drawdown:
    if worst.trough is None:
        return worst
    high = dict(points)[worst.peak] if worst.peak else Decimal(0)
    later = (day for day, value in points if day > worst.trough and value >= high)
    return Drawdown(
        share=worst.share,
        usd=worst.usd,
        peak=worst.peak,
        trough=worst.trough,
        recovered=next(later, None),
    )


def cagr(points: Sequence[Point]) -> float | None:
    """Return the compound annual growth rate: ``(last / first) ** (365.25 / days) - 1``.

    ``None`` when the span is under ``MINIMUM_DAYS_TO_ANNUALISE`` days, or a value is not
    positive.
    """
    if not points or min(value for _, value in points) <= 0:
        return None
    (start, first), (end, last) = points[0], points[-1]
    return _growth(first, last, days=(end - start).days)


def _growth(first: Decimal, last: Decimal, *, days: int) -> float | None:
    if days < MINIMUM_DAYS_TO_ANNUALISE:
        return None
    return math.pow(last / first, DAYS_A_YEAR / days) - 1.0


def drag(marks: Sequence[Mark]) -> float | None:
    """Return the yearly cost of the hedge: ``-(hedge P&L) / average NAV x 365.25 / days``.

    Positive is a cost, negative a gain. Interest on the premium is not in it. ``None`` when the
    span is under ``MINIMUM_DAYS_TO_ANNUALISE`` days.
    """
    start = inception(marks)
    known = [mark for mark in marks if mark.nav_usd is not None and mark.hedge_pnl_usd is not None]
    if start is None or not known:
        return None
    days = (known[-1].session - start[0]).days
    average = sum((mark.nav_usd or Decimal(0) for mark in known), Decimal(0)) / len(known)
    return _yearly_cost(known[-1].hedge_pnl_usd or Decimal(0), average, days=days)


def _yearly_cost(hedge_pnl: Decimal, average_nav: Decimal, *, days: int) -> float | None:
    if days < MINIMUM_DAYS_TO_ANNUALISE:
        return None
    return float(-hedge_pnl / average_nav) * DAYS_A_YEAR / days


def course(points: Sequence[Point]) -> Course | None:
    """Return how the series went; ``None`` when it is empty."""
    if not points:
        return None
    return Course(
        first=points[0][1],
        last=points[-1][1],
        drawdown=max_drawdown(points),
        cagr=cagr(points),
    )


def performance(marks: Sequence[Mark]) -> Performance:
    """Return book and shadow side by side."""
    book, shadow = course(book_points(marks)), course(shadow_points(marks))
    return Performance(
        sessions=len(marks),
        unknown=sum(mark.nav_usd is None for mark in marks),
        book=book,
        shadow=shadow,
        drag=drag(marks),
        drawdown_reduction=_reduction(book, shadow),
    )


def _reduction(book: Course | None, shadow: Course | None) -> float | None:
    if book is None or shadow is None or shadow.drawdown.share < MINIMUM_FALL:
        return None
    return 1.0 - book.drawdown.share / shadow.drawdown.share


def performance_so_far(so_far: CourseSoFar | None) -> Performance:
    """Return `performance` over all marks up to the one that `so_far` is the state after."""
    if so_far is None:
        return performance(())
    book, shadow = _course_of(so_far.book), _course_of(so_far.shadow)
    return Performance(
        sessions=so_far.marks,
        unknown=so_far.unknown,
        book=book,
        shadow=shadow,
        drag=_drag_so_far(so_far),
        drawdown_reduction=_reduction(book, shadow),
    )


def _course_of(series: Series | None) -> Course | None:
    if series is None:
        return None
    fall = Drawdown(
        share=series.share,
        usd=series.fall_usd,
        peak=series.peak,
        trough=series.trough,
        recovered=series.recovered,
    )
    growth = None
    if series.lowest_usd > 0:
        days = (series.end - series.start).days
        growth = _growth(series.first_usd, series.last_usd, days=days)
    return Course(first=series.first_usd, last=series.last_usd, drawdown=fall, cagr=growth)


def _drag_so_far(so_far: CourseSoFar) -> float | None:
    if so_far.capital_usd is None or so_far.hedged is None or so_far.hedge_pnl_usd is None:
        return None
    days = (so_far.hedged - so_far.inception).days
    return _yearly_cost(so_far.hedge_pnl_usd, so_far.nav_sum_usd / so_far.nav_marks, days=days)


def segments(marks: Sequence[Mark], labels: Mapping[Session, str]) -> tuple[Segment, ...]:
    """Sum the changes from mark to mark by the label of the session in which they arose.

    Parameters
    ----------
    marks
        Oldest first. A mark that does not know book and shadow is passed over: its change falls
        to the next one that does, so the segments add up to the whole.
    labels
        Label of each session, such as its regime; sessions without one count as ``unknown``.

    Returns
    -------
    tuple of Segment
        In the order in which the labels first occur.
    """
    start = inception(marks)
    if start is None:
        return ()
    found: dict[str, Segment] = {}
    book = shadow = start[1]
    for mark in marks:
        if mark.nav_usd is None or mark.shadow_nav_usd is None:
            continue
        label = labels.get(mark.session, "unknown")
        so_far = found.get(label) or Segment(label=label)
        found[label] = Segment(
            label=label,
            sessions=so_far.sessions + 1,
            book_usd=so_far.book_usd + mark.nav_usd - book,
            shadow_usd=so_far.shadow_usd + mark.shadow_nav_usd - shadow,
        )
        book, shadow = mark.nav_usd, mark.shadow_nav_usd
    return tuple(found.values())


def months(marks: Sequence[Mark]) -> tuple[Segment, ...]:
    """Sum the changes by calendar month, ``2026-08`` and so on."""
    return segments(marks, {mark.session: f"{mark.session:%Y-%m}" for mark in marks})
