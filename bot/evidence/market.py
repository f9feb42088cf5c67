"""The market of each session of a history, as the bot would have seen it when it decides.

What is known at a decision: completed bars, breadth and VX settlements up to the session before,
and the levels of the session, for which its close stands: the bot decides at 15:30, history knows
nothing nearer. Nothing later enters. Rules, with the exceptions:

- **Rebasing.** SPX is multiplied so that it stood at the reference level at the close before the
  first session of the month; strikes, ticks and spreads are those of an index at today's level.
  `ReplaySettings.literal_contracts` leaves it as it was.
- **Substitutes**, each named on every session on which it stands in:

  ==============  ======================================================================
  ``vix9d``       power law of the VIX (`bot.surfaces.levels`), before 2011
  ``vix3m``       the same, before 2006-07
  ``vvix``        the same, before 2006-03
  ``vx``          model of the curve (`bot.surfaces.vx_curve`), before 2004-03-26
  ``vx_part``     futures beyond the last settlement: the model, moved with that one
  ``large_caps``  large-cap counts, where sixty unbroken official ones are missing
  ``events``      no event gate, before the first date of each type
  ``vix_gap``     sessions without a VIX close carry the one before
  ==============  ======================================================================

- The calendar, the dates of events and what is listed are known ahead; nothing else is.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.model import (
    BreadthDay,
    BreadthSeries,
    BreadthSource,
    DailyBar,
    EventTable,
    FutureClose,
    FutureQuote,
    IndexLevel,
    MacroMonth,
    MarketSnapshot,
    Quote,
    TradingDay,
    VxDay,
)
from bot.evidence.history import known
from bot.surfaces.levels import VolLevels, vol_levels
from bot.surfaces.listings import VIX_MONTHS, vix_months_from, years_to_open
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.core.model import Session
    from bot.evidence.history import History
    from bot.evidence.settings import ReplaySettings

BARS: Final = 504
VX_SESSIONS: Final = 31
VX_DAYS: Final = 200
"""Futures that settle later are on no side of 60 days, even where months were not listed."""

ENOUGH_BREADTH: Final = 60
DAYS_BACK: Final = 400
DAYS_AHEAD: Final = 760
BEFORE_CLOSE: Final = dt.timedelta(minutes=45)
"""How long before the end of trading the bot decides: at 15:30."""

HALF_SPREAD_VX: Final = 0.025
"""Half the tick of a VX future, points: its quote is centred on the settlement."""

EVENT_TYPES: Final = ("fomc", "cpi", "ppi")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketDay:
    """One session before any option is asked for.

    Parameters
    ----------
    at
        Row of the history.
    snapshot
        Without options; SPX rebased.
    spx
        Close of SPX as it was, points.
    rebase
        Factor from points of SPX then to points of the snapshot.
    levels
        Volatility indexes, the missing ones modelled.
    vx
        VX future by expiry, points.
    vix_expiries
        Monthly expiries of VIX options that have a VX future to settle with, nearest first.
    events_known
        Whether dates of every type of event are known.
    substitutes
        Names of what stands in for something that was not recorded.
    """

    at: int
    snapshot: MarketSnapshot
    spx: float
    rebase: float
    levels: VolLevels
    vx: Mapping[dt.date, float]
    vix_expiries: tuple[dt.date, ...]
    events_known: bool
    substitutes: tuple[str, ...]


class HistoricMarket:
    """A history as snapshots, one session after the other.

    Parameters
    ----------
    history
        What was recorded.
    settings
        How contracts are sized, and which breadth may be counted.
    """

    def __init__(self, history: History, settings: ReplaySettings) -> None:
        self.history = history
        self.calendar = history.calendar
        self._settings = settings
        self._days = history.calendar.days
        self._dates: list[Session] = history.sessions.tolist()
        self._calendar_dates = [day.session for day in self._days]
        self._vix_start = int(np.flatnonzero(np.isfinite(history.vix.close))[0])
        self._bars_month: tuple[int, int] = (0, 0)
        self._bars: list[DailyBar] = []
        self._vx_days: dict[int, VxDay | None] = {}
        self._vix_months_from: dict[tuple[int, int], tuple[dt.date, ...]] = {}

    def day(self, at: int) -> MarketDay:
        """Return the session at row `at` of the history."""
        history, session = self.history, self._dates[at]
        begin, place, end = self._window(session)
        trading = self._days[place]
        levels, missing = self._levels(at)
        months = self._vix_months(session)
        vx, vx_missing = self._vx(at, months, trading, levels)
        breadth = self._breadth(at, place - begin)
        first_event = self._first_event
        events_known = first_event is not None and session >= first_event
        rebase = self.rebase(at)
        substitutes = (
            *missing,
            *vx_missing,
            *(["large_caps"] if _is_proxy(breadth) else []),
            *([] if events_known else ["events"]),
            *(["vix_gap"] if self._carried(at) else []),
        )
        snapshot = MarketSnapshot(
            session=session,
            taken_at=trading.close - BEFORE_CLOSE,
            calendar=self._days[begin:end],
            indexes=self._indexes(at, levels, rebase),
            spx_bars=tuple(self._spx_bars(at, rebase)),
            vix_bars=self._vix_bars[max(0, at - BARS - self._vix_start) : at - self._vix_start],
            breadth=breadth,
            options=(),
            vx_curve=tuple(
                FutureQuote(expiry=expiry, quote=_future_quote(level))
                for expiry, level in vx.items()
            ),
            rate=float(history.rate[at]),
            events=self._events(session),
            vx_days=tuple(filter(None, map(self._vx_day, range(max(0, at - VX_SESSIONS), at)))),
            macro=self._macro(session),
        )
        return MarketDay(
            at=at,
            snapshot=snapshot,
            spx=float(history.spx.close[at]),
            rebase=rebase,
            levels=levels,
            vx=vx,
            vix_expiries=tuple(expiry for expiry in months if expiry in vx),
            events_known=events_known,
            substitutes=substitutes,
        )

    def rebase(self, at: int) -> float:
        """Return the factor that brings SPX to the reference level at the start of the month."""
        if self._settings.literal_contracts:
            return 1.0
        first = self._first_of_month[at]
        base = self.history.spx.close[max(first - 1, 0)]
        return self._settings.reference_spx / float(base)

    def spx(self, at: int) -> tuple[float, float]:
        """Return the open and the close of SPX on a session, rebased, points."""
        bars, rebase = self.history.spx, self.rebase(at)
        return float(bars.open[at]) * rebase, float(bars.close[at]) * rebase

    def vix_open(self, at: int) -> float:
        """Return the open of the VIX, which stands for the settlement value of its options."""
        return float(self.history.vix.open[at])

    @cached_property
    def _first_of_month(self) -> NDArray[np.int64]:
        """Row of the first session of the month of each row."""
        months = self.history.sessions.astype("datetime64[M]")
        first: NDArray[np.int64] = np.searchsorted(months, months, side="left")
        return first

    def _window(self, session: Session) -> tuple[int, int, int]:
        """Return where the calendar of a snapshot begins, the session's place, and its end."""
        dates = self._calendar_dates
        begin = bisect_left(dates, session - dt.timedelta(days=DAYS_BACK))
        end = bisect_right(dates, session + dt.timedelta(days=DAYS_AHEAD))
        return begin, bisect_left(dates, session), end

    def _levels(self, at: int) -> tuple[VolLevels, list[str]]:
        history = self.history
        given = {
            "vix9d": known(history.vix9d[at]),
            "vix3m": known(history.vix3m[at]),
            "vvix": known(history.vvix[at]),
        }
        levels = vol_levels(float(history.vix.close[at]), **given, skew=known(history.skew[at]))
        return levels, [name for name, level in given.items() if level is None]

    def _indexes(self, at: int, levels: VolLevels, rebase: float) -> tuple[IndexLevel, ...]:
        history = self.history
        values = {
            "SPX": float(history.spx.close[at]) * rebase,
            "VIX": levels.vix,
            "VIX9D": known(history.vix9d[at]),
            "VIX3M": levels.vix3m,
            "VVIX": known(history.vvix[at]),
            "SKEW": known(history.skew[at]),
        }
        return tuple(IndexLevel(symbol=name, last=last) for name, last in values.items())

    def _spx_bars(self, at: int, rebase: float) -> list[DailyBar]:
        """Return the rebased bars before a session; made anew when the rebasing changes."""
        first, last = self._bars_month
        if not self._bars or first != self._first_of_month[at] or last > at:
            self._bars = self._spx_rows(max(0, at - BARS), at, rebase)
        else:
            self._bars += self._spx_rows(last, at, rebase)
        self._bars_month = (int(self._first_of_month[at]), at)
        return self._bars[-BARS:]

    def _spx_rows(self, start: int, end: int, rebase: float) -> list[DailyBar]:
        return self.history.spx.daily(self._dates[start:end], start=start, factor=rebase)

    @cached_property
    def _vix_bars(self) -> tuple[DailyBar, ...]:
        start = self._vix_start
        return tuple(self.history.vix.daily(self._dates[start:], start=start))

    def _carried(self, at: int) -> bool:
        return any(at - BARS <= row <= at for row in self._carried_rows)

    @cached_property
    def _carried_rows(self) -> list[int]:
        return [self.history.position(day) for day in self.history.carried.get("vix", ())]

    def _breadth(self, at: int, past: int) -> BreadthSeries | None:
        """Return official counts where sixty unbroken ones are known, else those of large caps."""
        for source, (days, runs) in self._counts.items():
            sessions = min(runs[at], past, at)
            if sessions >= ENOUGH_BREADTH:
                return BreadthSeries(source=source, days=tuple(days[at - sessions : at]))
        return None

    @cached_property
    def _counts(self) -> dict[BreadthSource, tuple[list[BreadthDay], list[int]]]:
        """Counts by row, and how many unbroken ones end before each row."""
        allowed = {BreadthSource.NYSE: self.history.nyse}
        if not self._settings.official_breadth_only:
            allowed[BreadthSource.LARGE_CAPS] = self.history.large_caps
        return {source: self._counted(counts) for source, counts in allowed.items()}

    def _counted(self, counts: NDArray[np.float64]) -> tuple[list[BreadthDay], list[int]]:
        complete = np.isfinite(counts).all(axis=1)
        rows = np.arange(complete.size)
        broken = np.maximum.accumulate(np.where(complete, -1, rows))
        runs = np.concatenate([[0], rows - broken])[:-1]
        days = [
            BreadthDay(session=session, advances=up, declines=down)
            for session, (up, down) in zip(self._dates, counts.tolist(), strict=True)
        ]
        return days, runs.tolist()

    def _vix_months(self, session: Session) -> list[dt.date]:
        """Return the monthly VIX expiries after a session, nearest first."""
        month = session.year, session.month
        if month not in self._vix_months_from:
            self._vix_months_from[month] = vix_months_from(*month, self.calendar)
        expiries = self._vix_months_from[month]
        return [expiry for expiry in expiries if expiry > session][:VIX_MONTHS]

    def _vx(
        self, at: int, months: Sequence[dt.date], trading: TradingDay, levels: VolLevels
    ) -> tuple[dict[dt.date, float], list[str]]:
        """Return the VX futures of a session, nearest first, and what stands in for them."""
        session = trading.session
        settled = {
            expiry: level for expiry, level in self.history.vx(at).items() if expiry > session
        }
        last = max(settled, default=session)
        modelled = {
            expiry: vx_level(levels, years_to_open(self.calendar, expiry, trading.close))
            for expiry in months
            if expiry > last
        }
        if not settled:
            return modelled, ["vx"]
        if not modelled:
            return dict(sorted(settled.items())), []
        found = settled | self._anchored(modelled, settled, trading, levels)
        return dict(sorted(found.items())), ["vx_part"]

    def _anchored(
        self,
        modelled: Mapping[dt.date, float],
        settled: Mapping[dt.date, float],
        trading: TradingDay,
        levels: VolLevels,
    ) -> dict[dt.date, float]:
        """Move the model by what it misses at the settlements, interpolated by date."""
        dates = np.array([expiry.toordinal() for expiry in settled], dtype=np.float64)
        errors = np.array(
            [
                level / vx_level(levels, years_to_open(self.calendar, expiry, trading.close))
                for expiry, level in settled.items()
            ]
        )
        order = np.argsort(dates)
        return {
            expiry: level * float(np.interp(expiry.toordinal(), dates[order], errors[order]))
            for expiry, level in modelled.items()
        }

    def _vx_day(self, at: int) -> VxDay | None:
        """Return the VX settlements of a completed session; ``None`` where none were recorded."""
        if at not in self._vx_days:
            furthest = self._dates[at] + dt.timedelta(days=VX_DAYS)
            closes = sorted(
                (expiry, level)
                for expiry, level in self.history.vx(at).items()
                if expiry <= furthest
            )
            self._vx_days[at] = (
                VxDay(
                    session=self._dates[at],
                    closes=tuple(FutureClose(expiry=day, close=level) for day, level in closes),
                )
                if closes
                else None
            )
        return self._vx_days[at]

    def _events(self, session: Session) -> EventTable:
        """Return the dates that are not over, as far as a calendar of events reaches."""
        until = session + dt.timedelta(days=DAYS_BACK)
        table = self.history.events
        return EventTable(
            **{
                name: dates[bisect_left(dates, session) : bisect_right(dates, until)]
                for name in EVENT_TYPES
                for dates in (getattr(table, name),)
            }
        )

    @cached_property
    def _first_event(self) -> dt.date | None:
        """First session of which every type of event is known."""
        table = self.history.events
        firsts = [getattr(table, name)[:1] for name in EVENT_TYPES]
        return max(first[0] for first in firsts) if all(firsts) else None

    def _macro(self, session: Session) -> tuple[MacroMonth, ...]:
        months = self.history.macro
        this_month = session.replace(day=1)
        return months[: bisect_left(months, this_month, key=lambda each: each.month)]


def _is_proxy(breadth: BreadthSeries | None) -> bool:
    return breadth is not None and breadth.source is BreadthSource.LARGE_CAPS


def _future_quote(level: float) -> Quote:
    return Quote(bid=level - HALF_SPREAD_VX, ask=level + HALF_SPREAD_VX)
