"""A small History made by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np

from bot.calendars import trading_days
from bot.core.sessions import TradingCalendar
from bot.evidence.history import Bars, History


def history(
    *,
    first: dt.date,
    count: int,
    spx: float | list[float] = 3000.0,
    vix: float | list[float] = 20.0,
    vx: dict[dt.date, list[float]] | None = None,
) -> History:
    """Flat levels unless told otherwise; settlements by expiry, one a session."""
    calendar = TradingCalendar(trading_days(first, first + dt.timedelta(days=900)))
    sessions = np.array([day.session for day in calendar.days[:count]], "datetime64[D]")
    expiries = np.full((count, 3), np.datetime64("NaT"), "datetime64[D]")
    settlements = np.full((count, 3), np.nan)
    for column, (expiry, prices) in enumerate((vx or {}).items()):
        expiries[:, column], settlements[:, column] = np.datetime64(expiry), prices
    unknown, pairs = np.full(count, np.nan), np.full((count, 2), np.nan)
    return History(
        sessions=sessions,
        calendar=calendar,
        spx=_bars(np.broadcast_to(np.asarray(spx, float), count)),
        vix=_bars(np.broadcast_to(np.asarray(vix, float), count)),
        vix9d=unknown,
        vix3m=unknown,
        vvix=np.full(count, 100.0),
        skew=unknown,
        vx_expiries=expiries,
        vx_settlements=settlements,
        nyse=pairs,
        large_caps=pairs,
        rate=np.zeros(count),
    )


def _bars(closes: np.ndarray) -> Bars:
    return Bars(open=closes, high=closes, low=closes, close=closes)
