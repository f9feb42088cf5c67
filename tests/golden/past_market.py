"""Snapshots of any session since 1991 from recorded histories, as the evidence replays them.

What the bot knows at the decision: completed bars, breadth and VX settlements up to the session
before, and levels of the session, for which its close stands. Where an input did not exist or was
not recorded, its substitute is named (`substitutes`):

- ``vix3m``: before 2006-07-17 the power law of the VIX (`bot.surfaces.levels`);
- ``vx``: before 2004-03-26 the model of the curve (`bot.surfaces.vx_curve`); past futures of that
  time stay unknown;
- ``large_caps``: where sixty unbroken official counts are missing (two single days in 1999 and
  2002, 2015-11-12 to 2016-12-30, after 2020-02-07) those of large caps, warmed up as a series of
  their own and never spliced;
- ``vix_gap``: four sessions without a VIX close (1991-03-01, 1997-01-31, 1997-11-26, 1999-12-31)
  carry the close of the session before.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.calendars import trading_days
from bot.core.breadth import unbroken
from bot.core.model import (
    BreadthDay,
    BreadthSeries,
    BreadthSource,
    DailyBar,
    EventTable,
    FutureClose,
    FutureQuote,
    IndexLevel,
    MarketSnapshot,
    Quote,
    TradingDay,
    VxDay,
)
from bot.core.sessions import TradingCalendar
from bot.data.histories import Histories, read_breadth
from bot.surfaces.levels import vol_levels
from bot.surfaces.listings import vix_months, years_to_open
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FIRST, LAST = dt.date(1988, 1, 4), dt.date(2028, 6, 30)
BARS = 504
WINDOW_DAYS = 400
VX_SESSIONS = 31
ENOUGH_BREADTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A snapshot, and the names of what stood in for inputs in it."""

    snapshot: MarketSnapshot
    substitutes: tuple[str, ...]


class PastMarket:
    """Recorded histories of one folder, as snapshots."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._histories = Histories(folder)
        self._calendar = TradingCalendar(trading_days(FIRST, LAST))
        self._sessions = [day.session for day in self._calendar.days]

    def sessions(self, first: dt.date, last: dt.date) -> list[dt.date]:
        return [each for each in self._sessions if first <= each <= last]

    def on(self, session: dt.date) -> Past:
        """Return what is known at the decision of `session`."""
        at = bisect_left(self._sessions, session)
        window = [
            day
            for day in self._calendar.days[max(0, at - WINDOW_DAYS) : at + 1]
            if (session - day.session).days <= WINDOW_DAYS
        ]
        past = [day.session for day in window[:-1]]
        vix = self._vix_bars[: bisect_left(self._vix_sessions, session)][-BARS:]
        breadth = self._breadth(past)
        closes = self._histories.vol_closes.get(session)
        vix3m = None if closes is None else closes.vix3m
        vx = self._histories.vx_settlements.get(session, {})
        substitutes = {
            "vix3m": vix3m is None,
            "vx": not vx,
            "large_caps": breadth is not None and breadth.source is BreadthSource.LARGE_CAPS,
            "vix_gap": any(bar.session in self._filled for bar in vix),
        }
        snapshot = MarketSnapshot(
            session=session,
            taken_at=window[-1].close,
            calendar=tuple(window),
            indexes=self._levels(session, vix3m),
            spx_bars=self._histories.spx.before(session, BARS),
            vix_bars=vix,
            breadth=breadth,
            options=(),
            vx_curve=self._curve(window[-1], vix3m),
            rate=0.0,
            events=EventTable(),
            vx_days=tuple(self._vx_days(past[-VX_SESSIONS:])),
        )
        names = tuple(name for name, stands_in in substitutes.items() if stands_in)
        return Past(snapshot=snapshot, substitutes=names)

    def _levels(self, session: dt.date, vix3m: float | None) -> tuple[IndexLevel, ...]:
        bar, spx = self._histories.vix.on(session), self._histories.spx.on(session)
        vix = None if bar is None else bar.close
        modelled = None if vix is None else vol_levels(vix, vix3m=vix3m).vix3m
        levels = {"SPX": None if spx is None else spx.close, "VIX": vix, "VIX3M": modelled}
        return tuple(IndexLevel(symbol=name, last=last) for name, last in levels.items())

    def _curve(self, day: TradingDay, vix3m: float | None) -> tuple[FutureQuote, ...]:
        settled = dict(self._histories.vx_settlements.get(day.session, {}))
        bar = self._histories.vix.on(day.session)
        if not settled and bar is not None:
            levels = vol_levels(bar.close, vix3m=vix3m)
            settled = {
                expiry: vx_level(levels, years_to_open(self._calendar, expiry, day.close))
                for expiry in vix_months(day.session, self._calendar)
            }
        return tuple(
            FutureQuote(expiry=expiry, quote=Quote(bid=level - 0.01, ask=level + 0.01))
            for expiry, level in sorted(settled.items())
        )

    def _vx_days(self, past: list[dt.date]) -> Iterator[VxDay]:
        for session in past:
            if settled := self._histories.vx_settlements.get(session):
                closes = (FutureClose(expiry=at, close=level) for at, level in settled.items())
                yield VxDay(
                    session=session, closes=tuple(sorted(closes, key=lambda each: each.expiry))
                )

    def _breadth(self, past: list[dt.date]) -> BreadthSeries | None:
        sources = {
            BreadthSource.NYSE: self._histories.breadth,
            BreadthSource.LARGE_CAPS: self._large_caps,
        }
        for source, known in sources.items():
            days = unbroken([known[each] for each in past if each in known], past)
            if len(days) >= ENOUGH_BREADTH:
                return BreadthSeries(source=source, days=days)
        return None

    @cached_property
    def _large_caps(self) -> Mapping[dt.date, BreadthDay]:
        file = self._folder / "nyse_breadth_daily.csv.gz"
        return read_breadth(file, columns=("proxy_advances", "proxy_declines"))

    @cached_property
    def _vix_bars(self) -> tuple[DailyBar, ...]:
        """Bars of the VIX, with the close before on sessions that have none."""
        known = self._histories.vix.before(LAST, 20_000)
        bars = list(known[:1])
        for before, bar in pairwise(known):
            missing = self.sessions(before.session + dt.timedelta(1), bar.session - dt.timedelta(1))
            bars += [replace(before, session=session) for session in missing]
            bars.append(bar)
        return tuple(bars)

    @cached_property
    def _vix_sessions(self) -> list[dt.date]:
        return [bar.session for bar in self._vix_bars]

    @cached_property
    def _filled(self) -> set[dt.date]:
        return {each for each in self._vix_sessions if self._histories.vix.on(each) is None}
