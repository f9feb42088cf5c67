"""A market that plays recorded option chains, and models what was not recorded.

- Only recorded sessions can be played; time jumps between them, and on the days between nothing
  is quoted. Positions settle all the same, from the histories.
- One capture stands for a whole session (``bot.data.chains`` says which): quotes, index levels
  and futures do not move within it. An end-of-day capture stands for the afternoon in which the
  bot decides.
- Recorded: the chains, SPX, VIX and their bars; VIX9D, VIX3M, VVIX, SKEW, VX settlements and
  NYSE breadth where their histories reach. A recorded VX settlement is given a modelled spread.
- Modelled from these: the chain of SPX or of VIX on a session that recorded only the other,
  levels and VX where a history ends, breadth, and the sector ETFs with their bars.
- Settlement: SPXW to the recorded close of SPX, SPX to its recorded open (before 2010 that is
  mostly the close before), VIX and VX to the recorded open of the VIX, which approximates the SOQ.
- A session whose files cannot be read is not traded: nothing is quoted, and its provenance names
  the file and the line.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from bot.calendars import trading_days
from bot.core.errors import RecordedDataError
from bot.core.sessions import TradingCalendar, settlement_time
from bot.data.chains import RecordedSession, listed_sessions
from bot.data.histories import Histories, history_beside
from bot.simulator.companions import FUNDS, advances_declines, fund_paths
from bot.simulator.listings import option_series
from bot.simulator.market import OptionSeries, Provenance, ProvenanceNote, SimQuote
from bot.simulator.modelled import (
    ModelledQuotes,
    SeriesKey,
    future_quote,
    index_quote,
    stock_quote,
)
from bot.simulator.paths import Paths
from bot.simulator.recorded_day import (
    DIVIDEND_YIELD,
    LoadedDay,
    RecordedChain,
    VxCurve,
    day_levels,
    day_notes,
    load_chain,
    note,
)
from bot.surfaces.listings import (
    MONTHLY_DAYS,
    spx_expiries,
    spx_strikes,
    vix_expiries,
    vix_months,
    vix_strikes,
)

if TYPE_CHECKING:
    from pathlib import Path

    from bot.core.model import DailyBar, OptionContract, Session, TradingDay

NEW_YORK: Final = ZoneInfo("America/New_York")
INDEXES: Final = ("SPX", "VIX", "VIX9D", "VIX3M", "VVIX", "SKEW")
WARM_DAYS: Final = 900
"""Calendar days of modelled ETF history before the first recorded session."""

AHEAD_DAYS: Final = 800
LEAD: Final = dt.timedelta(hours=1)


class PlaybackMarket:
    """A market of recorded sessions; see ``bot.simulator.market.Market``.

    Parameters
    ----------
    chains
        Folder of recorded chains with its ``index.csv``.
    history
        Folder of the daily histories; ``None`` is `chains` where it was recorded with its own,
        else the folder that holds `chains`.
    first, last
        Range of sessions to play, both included; ``None`` is unbounded.
    seed
        Draws what is modelled without a recorded level: breadth, and the ETFs' own returns.

    Raises
    ------
    RecordedDataError
        If the index cannot be read or lists no playable session in the range.
    """

    def __init__(
        self,
        chains: Path,
        history: Path | None = None,
        *,
        first: dt.date | None = None,
        last: dt.date | None = None,
        seed: int = 1,
    ) -> None:
        recorded = listed_sessions(chains, first, last)
        if not recorded:
            raise RecordedDataError(f"{chains}: no playable session from {first} to {last}")
        self._recorded = {each.session: each for each in recorded}
        self._histories = Histories(history or history_beside(chains))
        self._calendar = _calendar(recorded[0].session, recorded[-1].session)
        self._days = tuple(day for day in self._calendar.days if day.session in self._recorded)
        self._seed = seed
        self._funds: Paths | None = None
        self._now = self.start()
        self._loaded: LoadedDay | None = None
        self._loaded_for: Session | None = None
        self._fault: RecordedDataError | None = None
        self._quotes: ModelledQuotes | None = None

    def start(self) -> dt.datetime:
        """Return an hour before the first open."""
        return self._days[0].open - LEAD

    def days(self) -> tuple[TradingDay, ...]:
        """Return the recorded sessions, oldest first."""
        return self._days

    def advance(self, now: dt.datetime) -> None:
        """Move to `now`, reading the day's files when it is a recorded session.

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
        date = now.astimezone(NEW_YORK).date()
        if date != self._loaded_for:
            self._loaded_for = date
            self._load(date)

    def index(self, symbol: str) -> SimQuote | None:
        """Quote an index from the open on, or AD-NYSE by bid and ask."""
        loaded = self._loaded
        if loaded is None or self._now < loaded.day.open:
            return None
        if symbol == "AD-NYSE":
            return self._breadth(loaded)
        if symbol not in INDEXES:
            return None
        source = loaded.levels.sources[symbol.lower()]
        return index_quote(loaded.levels.of(symbol), self._close_before(symbol), source)

    def stock(self, symbol: str) -> SimQuote | None:
        """Quote SPY or a sector ETF; ``None`` out of hours."""
        loaded = self._open()
        if loaded is None or symbol not in FUNDS:
            return None
        funds, session = self._fund_paths(), loaded.day.session
        level = float(funds.levels[symbol][funds.before(session), -1])
        return stock_quote(level, funds.close_before(symbol, session))

    def futures(self) -> tuple[dt.date, ...]:
        """Return the settlement dates of the VX futures, nearest first."""
        if self._loaded is None:
            return ()
        session = self._loaded.day.session
        recorded = sorted(each for each in self._loaded.curve.recorded if each > session)
        return tuple(recorded) or vix_months(session, self._calendar)

    def future(self, expiry: dt.date) -> SimQuote | None:
        """Quote a VX future; ``None`` out of hours or when it is not listed."""
        loaded = self._open()
        if loaded is None or expiry not in self.futures():
            return None
        level = loaded.curve.level(expiry, self._now)
        recorded = expiry in loaded.curve.recorded
        return future_quote(
            level,
            vix=loaded.levels.vol.vix,
            provenance=Provenance.RECORDED if recorded else Provenance.MODELLED,
        )

    def series(self, underlying: str) -> tuple[OptionSeries, ...]:
        """Return the option series of SPX or VIX on the day, nearest first."""
        listed = () if self._loaded is None else self._loaded.series.values()
        return tuple(each for each in listed if each.underlying == underlying)

    def option(self, contract: OptionContract) -> SimQuote | None:
        """Quote one option; ``None`` out of hours or when it was not quoted that day."""
        loaded = self._open()
        if loaded is None:
            return None
        chain = loaded.chains.get(contract.underlying)
        if chain is None:
            return self._modelled(loaded).option(contract)
        quote = chain.option(contract)
        return quote if quote is not None and self._trades_now(contract) else None

    def bars(self, symbol: str, count: int) -> tuple[DailyBar, ...]:
        """Return up to `count` completed daily bars before the current session."""
        session = self._session()
        if symbol == "SPX":
            return self._histories.spx.before(session, count)
        if symbol == "VIX":
            return self._histories.vix.before(session, count)
        return self._fund_paths().bars(symbol, session, count) if symbol in FUNDS else ()

    def future_bars(self, expiry: dt.date, count: int) -> tuple[DailyBar, ...]:
        """Return up to `count` completed daily bars of a VX future, as far as recorded."""
        return self._histories.vx_bars(expiry, min(expiry, self._session()), count)

    def settlement(self, contract: OptionContract) -> float | None:
        """Return the final level of the contract's underlying once it is known."""
        expiry = contract.expiry
        if not self._calendar.covers(expiry) or not self._calendar.is_session(expiry):
            return None
        if self._now < settlement_time(contract.trading_class, self._calendar.day(expiry)):
            return None
        history = self._histories.spx if contract.underlying == "SPX" else self._histories.vix
        bar = history.on(expiry)
        if bar is None:
            return None
        return round(bar.close if contract.trading_class == "SPXW" else bar.open, 2)

    def provenance(self) -> tuple[ProvenanceNote, ...]:
        """Return what the day's data was made from; nothing on a day that was not recorded."""
        if self._fault is not None and self._loaded_for is not None:
            detail = f"not traded: {self._fault}"
            return (note(self._loaded_for, "session", detail, recorded=False),)
        if self._loaded is None:
            return ()
        breadth = self._loaded.day.session in self._histories.breadth
        return day_notes(self._loaded, breadth_recorded=breadth)

    def _load(self, date: dt.date) -> None:
        """Read the day's files; a fault in them leaves the day without quotes."""
        self._loaded, self._fault = None, None
        recorded = self._recorded.get(date)
        if recorded is None:
            return
        try:
            self._loaded = self._read(recorded)
        except RecordedDataError as fault:
            self._fault = fault

    def _read(self, recorded: RecordedSession) -> LoadedDay:
        session = recorded.session
        day = self._calendar.day(session)
        levels = day_levels(recorded, self._histories)
        captures = {"SPX": recorded.spx, "VIX": recorded.vix}
        read = {name: load_chain(each, day, self._calendar) for name, each in captures.items()}
        chains = {name: chain for name, chain in read.items() if chain is not None}
        settlements = self._histories.vx_settlements.get(session, {})
        return LoadedDay(
            day=day,
            recorded=recorded,
            levels=levels,
            chains=chains,
            curve=VxCurve(levels.vol, settlements, self._calendar),
            series=self._listed(session, chains),
        )

    def _listed(
        self, session: Session, chains: dict[str, RecordedChain]
    ) -> dict[SeriesKey, OptionSeries]:
        """List what was recorded, and what the models stand in for."""
        listed = {key: each for chain in chains.values() for key, each in chain.series.items()}
        if "SPX" not in chains:
            for name, expiry in spx_expiries(session, self._calendar):
                strikes = self._strikes(expiry, session)
                listed[name, expiry] = option_series(name, expiry, self._calendar, strikes)
        if "VIX" not in chains:
            for name, expiry in vix_expiries(session, self._calendar):
                listed[name, expiry] = option_series(name, expiry, self._calendar, vix_strikes())
        return listed

    def _strikes(self, expiry: dt.date, session: Session) -> tuple[float, ...]:
        first = expiry - dt.timedelta(days=MONTHLY_DAYS)
        bars = self._histories.spx.before(session, MONTHLY_DAYS)
        closes = [bar.close for bar in bars if bar.session >= first] or [bars[-1].close]
        return spx_strikes(min(closes), max(closes))

    def _session(self) -> Session:
        """Return the recorded session of the day, or the next one."""
        for day in self._days:
            if self._now <= day.close:
                return day.session
        return self._calendar.next(self._days[-1].session)

    def _open(self) -> LoadedDay | None:
        """Return the day when `now` lies in its hours, its close included."""
        loaded = self._loaded
        if loaded is None or not loaded.day.open <= self._now <= loaded.day.close:
            return None
        return loaded

    def _trades_now(self, contract: OptionContract) -> bool:
        expires = self._calendar.day(contract.expiry)
        return self._now < settlement_time(contract.trading_class, expires)

    def _close_before(self, symbol: str) -> float | None:
        bars = self.bars(symbol, 1)
        return bars[-1].close if bars else None

    def _modelled(self, loaded: LoadedDay) -> ModelledQuotes:
        if self._quotes is None:
            self._quotes = ModelledQuotes(
                now=self._now,
                calendar=self._calendar,
                spot=loaded.levels.spx,
                levels=loaded.levels.vol,
                rate=loaded.levels.rate,
                dividend_yield=DIVIDEND_YIELD,
                series=loaded.series,
                vx=lambda expiry: loaded.curve.level(expiry, self._now),
            )
        return self._quotes

    def _breadth(self, loaded: LoadedDay) -> SimQuote:
        recorded = self._histories.breadth.get(loaded.day.session)
        if recorded is not None:
            return SimQuote(
                bid=recorded.advances, ask=recorded.declines, provenance=Provenance.RECORDED
            )
        spx = loaded.levels.spx
        moved = float(np.log(spx / (self._close_before("SPX") or spx)))
        shock = np.random.default_rng([self._seed, loaded.day.session.toordinal()]).normal()
        advances, declines = advances_declines(moved, 1.0, float(shock))
        return SimQuote(bid=float(advances), ask=float(declines))

    def _fund_paths(self) -> Paths:
        """Return the ETFs' modelled days: open, high, low and close follow those of SPX."""
        if self._funds is None:
            bars = {day: self._histories.spx.on(day.session) for day in self._calendar.days}
            known = {day: bar for day, bar in bars.items() if bar is not None}
            spx = np.array([(bar.open, bar.high, bar.low, bar.close) for bar in known.values()])
            rng = np.random.default_rng(self._seed)
            levels = {name: fund_paths(np.log(spx), fund, rng) for name, fund in FUNDS.items()}
            self._funds = Paths(days=tuple(known), levels=levels)
        return self._funds


def _calendar(first: dt.date, last: dt.date) -> TradingCalendar:
    """Return the sessions from the ETFs' history to the furthest expiry."""
    begin = first - dt.timedelta(days=WARM_DAYS)
    return TradingCalendar(days=trading_days(begin, last + dt.timedelta(days=AHEAD_DAYS)))
