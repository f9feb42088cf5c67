"""When each instrument of the simulated venue trades, and when it settles.

Index options trade to the close of the session (16:15 New York, 13:15 on half days), except:
SPXW options stop 15 minutes earlier on their expiry, which is when the stocks and the index
close; AM-settled SPX, VIX and VIXW options trade for the last time in the session before their
settlement date, and so do VX futures as far as regular hours go (they trade on until the
opening auction of the settlement date, which nobody here takes part in). Shares close with the
stock market, 15 minutes before index options.

A position settles when its value is determined: SPXW at its close, everything else at the open
of the settlement date. All times are UTC.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.core.sessions import CURB_MINUTES, settlement_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.core.model import TradingDay
    from bot.simulator.instruments import Instrument

NEW_YORK = ZoneInfo("America/New_York")


def new_york_date(now: dt.datetime) -> dt.date:
    """Return the New York calendar date at `now`."""
    return now.astimezone(NEW_YORK).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Regular hours in which something can trade: ``open <= now < close``."""

    open: dt.datetime
    close: dt.datetime

    def contains(self, now: dt.datetime) -> bool:
        """Return whether `now` lies within."""
        return self.open <= now < self.close


class Hours:
    """Regular hours by instrument.

    Parameters
    ----------
    days
        Sessions of index options, oldest first.
    """

    def __init__(self, days: tuple[TradingDay, ...]) -> None:
        self._days = days
        self._closes = [day.close for day in days]
        self._by_date = {day.session: day for day in days}

    def window(self, instruments: Iterable[Instrument], now: dt.datetime) -> Window | None:
        """Return the current or next window in which all of `instruments` trade.

        ``None`` when one of them has none left: it is expired, or the sessions have run out.
        """
        windows = [self._next(instrument, now) for instrument in instruments]
        known = [window for window in windows if window is not None]
        if not known or len(known) < len(windows):
            return None
        both = Window(open=max(w.open for w in known), close=min(w.close for w in known))
        return both if both.open < both.close else None

    def settles_at(self, instrument: Instrument) -> dt.datetime | None:
        """Return when its final value is determined; ``None`` for what does not expire."""
        if instrument.expiry is None:
            return None
        day = self._by_date.get(instrument.expiry)
        if day is None:  # an ad-hoc closure, or outside the sessions played: the day after
            midnight = dt.datetime.combine(instrument.expiry, dt.time(), NEW_YORK)
            return (midnight + dt.timedelta(days=1)).astimezone(dt.UTC)
        return settlement_time(instrument.trading_class, day)

    def _next(self, instrument: Instrument, now: dt.datetime) -> Window | None:
        for day in self._days[bisect_right(self._closes, now) :][:2]:
            if not _trades_on(instrument, day.session):
                return None
            close = closing_time(instrument, day)
            if now < close:
                return Window(open=day.open, close=close)
        return None


def _trades_on(instrument: Instrument, session: dt.date) -> bool:
    if instrument.last_trade is None:
        return True
    if instrument.sec_type == "FUT":
        return session < instrument.last_trade
    return session <= instrument.last_trade


def closing_time(instrument: Instrument, day: TradingDay) -> dt.datetime:
    """Return when `instrument` stops trading on `day`, if it trades on it."""
    stops_with_stocks = instrument.sec_type == "STK" or (
        instrument.trading_class == "SPXW" and instrument.expiry == day.session
    )
    return day.close - CURB_MINUTES if stops_with_stocks else day.close
