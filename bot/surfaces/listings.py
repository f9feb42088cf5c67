"""Which option series and futures a modelled market lists on a session.

=======  =========================================================================
class    expiries
=======  =========================================================================
SPXW     every session to 45 days, weekly ends to 70, third Fridays and month ends to 200
SPX      third Fridays to 200 days (AM-settled)
VIX      the next 9 months
VIXW     the Wednesdays between, to 40 days
VX       the next 9 months
=======  =========================================================================

A series is listed while it can be traded: to its last trade date. Strikes of SPX lie on a grid
of 5, 25, 50 and 100 points by their distance from where the index closed since the series was
listed, so a strike that was listed stays listed. Strikes of VIX are the same for all expiries.
"""

from __future__ import annotations

import datetime as dt
from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.core.sessions import (
    is_monthly_vix_expiry,
    spx_am_expiry,
    vix_expiry,
    vix_settlement,
    years_between,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.core.model import Session
    from bot.core.sessions import TradingCalendar

DAILY_DAYS: Final = 45
WEEKLY_DAYS: Final = 70
MONTHLY_DAYS: Final = 200
VIX_MONTHS: Final = 9
VIX_WEEKLY_DAYS: Final = 40
WEDNESDAY: Final = 2

SPX_GRID: Final = ((5, 0.80, 1.08), (25, 0.70, 1.15), (50, 0.50, 1.30), (100, 0.30, 1.60))
"""Step in points, and the band it covers: shares of the lowest and the highest close."""

BAND_ROUNDING: Final = 50

VIX_GRID: Final = ((0.5, 10, 20), (1, 21, 35), (2.5, 37.5, 60), (5, 65, 100), (10, 110, 180))
"""Step, first and last strike, in points."""


@cache
def vix_strikes() -> tuple[float, ...]:
    """Return the strikes of every VIX expiry."""
    return tuple(
        first + step * n
        for step, first, last in VIX_GRID
        for n in range(int((last - first) / step) + 1)
    )


def spx_strikes(lowest: float, highest: float) -> tuple[float, ...]:
    """Return the strikes of a series during whose listing SPX closed between two levels."""
    return _strikes_within(
        tuple(
            (
                int(lowest * below // BAND_ROUNDING) * BAND_ROUNDING,
                int(highest * above // BAND_ROUNDING + 1) * BAND_ROUNDING,
            )
            for _, below, above in SPX_GRID
        )
    )


@lru_cache(maxsize=64)
def _strikes_within(bands: tuple[tuple[int, int], ...]) -> tuple[float, ...]:
    """Return the strikes of each step of the grid within its band; most series share theirs."""
    strikes: set[float] = set()
    for (step, _, _), (first, last) in zip(SPX_GRID, bands, strict=True):
        strikes.update(float(strike) for strike in range(-(-first // step) * step, last + 1, step))
    return tuple(sorted(strikes))


def spx_expiries(
    session: Session, calendar: TradingCalendar, *, days: int = MONTHLY_DAYS
) -> tuple[tuple[str, dt.date], ...]:
    """Return (trading class, expiry) of what is listed on SPX to so many days, nearest first."""
    horizon = session + dt.timedelta(days=min(days, MONTHLY_DAYS))
    sessions = calendar.between(session, horizon)
    months = {(day.year, day.month) for day in sessions}
    am_settled = {spx_am_expiry(year, month, calendar) for year, month in months}
    listed: list[tuple[str, dt.date]] = []
    for expiry, following in pairwise((*sessions, calendar.next(sessions[-1]))):
        if expiry in am_settled and expiry > session:
            listed.append(("SPX", expiry))
        if expiry in am_settled or _spxw_listed(expiry, session, following):
            listed.append(("SPXW", expiry))
    return tuple(listed)


def _spxw_listed(expiry: dt.date, session: Session, following: Session) -> bool:
    """Whether SPXW has an expiry, by its distance and by the session that follows it."""
    days = (expiry - session).days
    if days <= DAILY_DAYS:
        return True
    ends_week = following.isocalendar()[:2] != expiry.isocalendar()[:2]
    ends_month = following.month != expiry.month
    return (ends_week and days <= WEEKLY_DAYS) or ends_month


def vix_months(session: Session, calendar: TradingCalendar) -> tuple[dt.date, ...]:
    """Return the monthly VIX expiries after `session`: those of the VX futures, nearest first."""
    expiries = vix_months_from(session.year, session.month, calendar)
    return tuple(expiry for expiry in expiries if expiry > session)[:VIX_MONTHS]


def vix_months_from(year: int, month: int, calendar: TradingCalendar) -> tuple[dt.date, ...]:
    """Return the monthly VIX expiries that the sessions of a month can list, nearest first."""
    months = (divmod(year * 12 + month - 1 + n, 12) for n in range(VIX_MONTHS + 1))
    return tuple(vix_expiry(each, after + 1, calendar) for each, after in months)


def vix_expiries(session: Session, calendar: TradingCalendar) -> tuple[tuple[str, dt.date], ...]:
    """Return (trading class, expiry) of what is listed on VIX, nearest first."""
    months = vix_months(session, calendar)
    weeks = (
        expiry
        for expiry in _vix_weeks(session, calendar)
        if expiry > session and not is_monthly_vix_expiry(expiry, calendar)
    )
    listed = [("VIX", expiry) for expiry in months] + [("VIXW", expiry) for expiry in weeks]
    return tuple(sorted(listed, key=lambda each: each[1]))


def _vix_weeks(session: Session, calendar: TradingCalendar) -> Iterator[dt.date]:
    wednesday = session + dt.timedelta(days=(WEDNESDAY - session.weekday()) % 7)
    while (wednesday - session).days <= VIX_WEEKLY_DAYS:
        yield vix_settlement(wednesday, calendar)
        wednesday += dt.timedelta(days=7)


def years_to_open(calendar: TradingCalendar, expiry: Session, now: dt.datetime) -> float:
    """Return the years from `now` to the open of `expiry`, at least 0."""
    return max(years_between(now, calendar.day(expiry).open), 0.0)
