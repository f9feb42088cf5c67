"""A market made from a seed: coherent paths, and option chains priced off the surfaces.

- The quotes of SPX options give the VIX that is quoted: the surface is calibrated to it at every
  instant at which an option is asked for.
- Options are quoted from the open to the close of index options (16:15 New York, 13:15 on half
  days; SPXW to 16:00 on its expiry). Indexes keep their last value out of hours.
- Settlement: SPXW to the close of SPX on its expiry; SPX to the open of SPX; VIX, VIXW and VX to
  the open of the VIX. All of it is known from that instant on.
- The same scenario, seed, first session and number of sessions make the same market.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.calendars import trading_days
from bot.core.model import DailyBar
from bot.core.sessions import TradingCalendar, settlement_time, vix_expiry
from bot.simulator.companions import FUNDS, advances_declines
from bot.simulator.listings import option_series
from bot.simulator.market import OptionSeries, Provenance, ProvenanceNote, SimQuote
from bot.simulator.modelled import (
    ModelledQuotes,
    SeriesKey,
    future_quote,
    index_quote,
    stock_quote,
)
from bot.simulator.paths import elapsed
from bot.simulator.scenarios import HISTORY, Scenario, scenario_paths
from bot.surfaces.levels import VolLevels
from bot.surfaces.listings import (
    MONTHLY_DAYS,
    spx_expiries,
    spx_strikes,
    vix_expiries,
    vix_months,
    vix_strikes,
    years_to_open,
)
from bot.surfaces.vx_curve import vx_level

if TYPE_CHECKING:
    from bot.core.model import OptionContract, Session, TradingDay

FIRST: Final = dt.date(2025, 1, 6)
"""First playable session unless told otherwise."""

SESSIONS: Final = 60
RATE: Final = 0.04
DIVIDEND_YIELD: Final = 0.013
INDEXES: Final = ("SPX", "VIX", "VIX9D", "VIX3M", "VVIX", "SKEW")
HISTORY_DAYS: Final = 520
"""Calendar days that hold the history's sessions."""

AHEAD_DAYS: Final = 420
"""Calendar days beyond the last session that listings and expiry rules look into."""

LEAD: Final = dt.timedelta(hours=1)


class SyntheticMarket:
    """A simulated market; see ``bot.simulator.market.Market``.

    Parameters
    ----------
    scenario
        What the market goes through, by name.
    seed
        Draws how it happens.
    sessions
        Playable sessions, >= 1.
    first
        First playable session, or the first session after it.

    Raises
    ------
    ValueError
        If the scenario is unknown or `sessions` is not positive.
    """

    def __init__(
        self,
        *,
        scenario: Scenario | str = Scenario.CALM,
        seed: int = 1,
        sessions: int = SESSIONS,
        first: dt.date = FIRST,
    ) -> None:
        if sessions < 1:
            raise ValueError(f"sessions must be >= 1, received {sessions}")
        self._scenario = Scenario(scenario)
        self._calendar = _calendar(first, sessions)
        at = self._calendar.days.index(self._calendar.day(self._calendar.on_or_after(first)))
        self._days = self._calendar.days[at : at + sessions]
        self._closes = [day.close for day in self._days]
        past = self._calendar.days[at - HISTORY : at]
        self._paths = scenario_paths(self._scenario, seed=seed, days=past + self._days)
        self._shocks = np.random.default_rng([seed, HISTORY]).normal(size=len(self._paths.days))
        self._seed = seed
        self._now = self.start()
        self._listed_on: Session | None = None
        self._listed: dict[SeriesKey, OptionSeries] = {}
        self._quotes: ModelledQuotes | None = None
        self._future_bars: dict[tuple[dt.date, Session], DailyBar] = {}

    def start(self) -> dt.datetime:
        """Return an hour before the first open."""
        return self._days[0].open - LEAD

    def days(self) -> tuple[TradingDay, ...]:
        """Return the playable sessions, oldest first."""
        return self._days

    def advance(self, now: dt.datetime) -> None:
        """Move to `now`.

        Raises
        ------
        ValueError
            If `now` lies before the instant reached.
        """
        if now < self._now:
            raise ValueError(f"time must not go back: at {self._now}, received {now}")
        if now > self._now:
            self._quotes = None
        self._now = now

    def index(self, symbol: str) -> SimQuote | None:
        """Quote an index, or AD-NYSE by bid (advances) and ask (declines)."""
        if symbol == "AD-NYSE":
            return self._breadth()
        if symbol not in INDEXES:
            return None
        return index_quote(
            self._paths.level(symbol, self._now), self._paths.close_before(symbol, self._session())
        )

    def stock(self, symbol: str) -> SimQuote | None:
        """Quote SPY or a sector ETF; ``None`` out of hours."""
        if symbol not in FUNDS or self._open_day() is None:
            return None
        close = self._paths.close_before(symbol, self._session())
        return stock_quote(self._paths.level(symbol, self._now), close)

    def futures(self) -> tuple[dt.date, ...]:
        """Return the settlement dates of the listed VX futures, nearest first."""
        return vix_months(self._session(), self._calendar)

    def future(self, expiry: dt.date) -> SimQuote | None:
        """Quote a VX future; ``None`` out of hours or when it is not listed."""
        if expiry not in self.futures() or self._open_day() is None:
            return None
        levels = self._levels(self._now)
        before = self._vx(expiry, self._close_of_day_before())
        return future_quote(self._vx(expiry, self._now), vix=levels.vix, close=before)

    def series(self, underlying: str) -> tuple[OptionSeries, ...]:
        """Return the listed, unexpired option series of SPX or VIX, nearest first."""
        listed = self._listing().values()
        return tuple(each for each in listed if each.underlying == underlying)

    def option(self, contract: OptionContract) -> SimQuote | None:
        """Quote one option; ``None`` out of hours or when it is not listed."""
        if self._open_day() is None:
            return None
        return self._modelled().option(contract)

    def bars(self, symbol: str, count: int) -> tuple[DailyBar, ...]:
        """Return up to `count` completed daily bars before the current session."""
        return self._paths.bars(symbol, self._session(), count)

    def future_bars(self, expiry: dt.date, count: int) -> tuple[DailyBar, ...]:
        """Return up to `count` completed daily bars of a VX future, settled or listed."""
        known = expiry in self.futures() or self._settled(expiry)
        end = self._paths.before(min(expiry, self._session()))
        days = self._paths.days[max(0, end - count) : end] if known else ()
        return tuple(self._future_bar(expiry, day) for day in days)

    def settlement(self, contract: OptionContract) -> float | None:
        """Return the final level of the contract's underlying once it is known."""
        at = self._paths.position(contract.expiry)
        if at is None:
            return None
        day = self._paths.days[at]
        if self._now < settlement_time(contract.trading_class, day):
            return None
        row = self._paths.levels[contract.underlying][at]
        return round(float(row[-1] if contract.trading_class == "SPXW" else row[0]), 2)

    def provenance(self) -> tuple[ProvenanceNote, ...]:
        """Return one note: all of it is modelled."""
        return (
            ProvenanceNote(
                session=self._session(),
                subject="market",
                provenance=Provenance.MODELLED,
                detail=f"scenario {self._scenario}, seed {self._seed}",
            ),
        )

    def _session(self) -> Session:
        """Return the session of the day, or the next one when there is none or it is over."""
        at = bisect_left(self._closes, self._now)
        if at < len(self._days):
            return self._days[at].session
        return self._calendar.next(self._days[-1].session)

    def _open_day(self) -> TradingDay | None:
        """Return the day whose hours `now` lies in, its close included."""
        at = self._paths.position(self._session())
        day = None if at is None else self._paths.days[at]
        return day if day is not None and day.open <= self._now <= day.close else None

    def _close_of_day_before(self) -> dt.datetime:
        return self._paths.days[self._paths.before(self._session()) - 1].close

    def _levels(self, now: dt.datetime) -> VolLevels:
        names = ("VIX", "VIX9D", "VIX3M", "VVIX", "SKEW")
        vix, vix9d, vix3m, vvix, skew = (self._paths.level(name, now) for name in names)
        return VolLevels(vix=vix, vix9d=vix9d, vix3m=vix3m, vvix=vvix, skew=skew)

    def _vx(self, expiry: dt.date, now: dt.datetime) -> float:
        return vx_level(self._levels(now), years_to_open(self._calendar, expiry, now))

    def _settled(self, expiry: dt.date) -> bool:
        """Whether a VX future has settled on that day since the history begins."""
        begun = self._paths.days[0].session <= expiry <= self._session()
        return begun and expiry == vix_expiry(expiry.year, expiry.month, self._calendar)

    def _future_bar(self, expiry: dt.date, day: TradingDay) -> DailyBar:
        """Return the bar of a past session: the model's level at its open and at its close."""
        key = (expiry, day.session)
        if key not in self._future_bars:
            first, last = (round(self._vx(expiry, now), 2) for now in (day.open, day.close))
            low, high = sorted((first, last))
            self._future_bars[key] = DailyBar(
                session=day.session, open=first, high=high, low=low, close=last
            )
        return self._future_bars[key]

    def _breadth(self) -> SimQuote | None:
        """Count issues against the close before; ``None`` out of hours."""
        day = self._open_day()
        if day is None:
            return None
        spx = self._paths.level("SPX", self._now)
        moved = float(np.log(spx / (self._paths.close_before("SPX", day.session) or spx)))
        shock = float(self._shocks[self._paths.before(day.session)])
        advances, declines = advances_declines(moved, elapsed(day, self._now), shock)
        return SimQuote(bid=float(advances), ask=float(declines))

    def _modelled(self) -> ModelledQuotes:
        if self._quotes is None:
            self._quotes = ModelledQuotes(
                now=self._now,
                calendar=self._calendar,
                spot=self._paths.level("SPX", self._now),
                levels=self._levels(self._now),
                rate=RATE,
                dividend_yield=DIVIDEND_YIELD,
                series=self._listing(),
                vx=lambda expiry: self._vx(expiry, self._now),
            )
        return self._quotes

    def _listing(self) -> dict[SeriesKey, OptionSeries]:
        session = self._session()
        if session != self._listed_on:
            self._listed_on = session
            self._listed = self._list(session)
            self._future_bars = {
                key: bar for key, bar in self._future_bars.items() if key[0] >= session
            }
        return self._listed

    def _list(self, session: Session) -> dict[SeriesKey, OptionSeries]:
        listed = [
            option_series(name, expiry, self._calendar, self._strikes(expiry, session))
            for name, expiry in spx_expiries(session, self._calendar)
        ] + [
            option_series(name, expiry, self._calendar, vix_strikes())
            for name, expiry in vix_expiries(session, self._calendar)
        ]
        return {(each.trading_class, each.expiry): each for each in listed}

    def _strikes(self, expiry: dt.date, session: Session) -> tuple[float, ...]:
        """Return strikes round every close since the one before the series was listed."""
        first = self._paths.before(expiry - dt.timedelta(days=MONTHLY_DAYS)) - 1
        closes = self._paths.levels["SPX"][first : self._paths.before(session), -1]
        return spx_strikes(float(closes.min()), float(closes.max()))


@lru_cache(maxsize=8)
def _calendar(first: dt.date, sessions: int) -> TradingCalendar:
    """Return the sessions of history, play, and of the expiries listed at its end."""
    begin = first - dt.timedelta(days=HISTORY_DAYS)
    end = first + dt.timedelta(days=2 * sessions + AHEAD_DAYS)
    return TradingCalendar(days=trading_days(begin, end))
