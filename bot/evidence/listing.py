"""What is listed on a session of history: the series of today, on the index as it is rebased.

SPX had no daily expiries before 2022 and no weekly ones before 2005; the method is judged with the
listings that it trades in. Which series there are: ``bot.surfaces.listings``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from bot.core.sessions import LAST_TRADE_ON_EXPIRY, last_trade_of
from bot.core.universe import ListedSeries
from bot.surfaces.listings import spx_expiries, spx_strikes, vix_months, vix_strikes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.core.sessions import TradingCalendar

MOST_DAYS: Final = 200
LEAST_DAYS: Final = 45
"""As far as the terms of the VIX reach, and weeks without an expiry."""

GRID: Final = 50.0
"""Strikes are laid round the index rounded to so many points."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listed:
    """The series of one session.

    Parameters
    ----------
    spx, vix
        Series that can be traded, nearest first.
    spx_expiries
        Expiries of SPX of either class.
    strike_array
        Strikes of SPX, points, ascending; shape (n,).
    """

    spx: tuple[ListedSeries, ...]
    vix: tuple[ListedSeries, ...]
    spx_expiries: frozenset[dt.date]
    strike_array: NDArray[np.float64]

    def vix_term_class(self, expiry: dt.date) -> str:
        """Return the class whose quotes the VIX takes of an expiry: AM-settled where there is."""
        am = any(each.trading_class == "SPX" and each.expiry == expiry for each in self.spx)
        return "SPX" if am else "SPXW"


def listed_on(
    session: dt.date,
    spot: float,
    calendar: TradingCalendar,
    *,
    vix: Iterable[dt.date] | None = None,
    days: int = MOST_DAYS,
) -> Listed:
    """Return what is listed on a session.

    Parameters
    ----------
    session
        The session.
    spot
        SPX, points.
    calendar
        For expiries.
    vix
        Expiries of VIX options, nearest first; all months by default.
    days
        Calendar days to the furthest SPX series that is needed; those of the VIX are 9 months.
    """
    middle = max(round(spot / GRID), 1) * GRID
    strikes = spx_strikes(middle, middle)
    expiries = spx_expiries(session, calendar, days=max(days, LEAST_DAYS))
    months = vix_months(session, calendar) if vix is None else vix
    return Listed(
        spx=tuple(_series("SPX", *each, strikes=strikes, calendar=calendar) for each in expiries),
        vix=tuple(
            _series("VIX", "VIX", expiry, strikes=vix_strikes(), calendar=calendar)
            for expiry in months
        ),
        spx_expiries=frozenset(expiry for _, expiry in expiries),
        strike_array=_strike_array(middle),
    )


@lru_cache(maxsize=256)
def _strike_array(middle: float) -> NDArray[np.float64]:
    """Return the strikes of an index that closed at `middle`, as an array that nobody changes."""
    strikes = np.array(spx_strikes(middle, middle))
    strikes.flags.writeable = False
    return strikes


def _series(
    underlying: str,
    trading_class: str,
    expiry: dt.date,
    *,
    strikes: tuple[float, ...],
    calendar: TradingCalendar,
) -> ListedSeries:
    to_the_end = trading_class in LAST_TRADE_ON_EXPIRY
    return ListedSeries(
        underlying=underlying,
        trading_class=trading_class,
        expiry=expiry,
        last_trade=expiry if to_the_end else last_trade_of(trading_class, expiry, calendar),
        strikes=strikes,
    )
