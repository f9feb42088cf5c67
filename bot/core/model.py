"""Market facts: contracts, quotes, bars, and the snapshot that a decision is made from.

Facts are frozen. A value that is not known is ``None``: it is never 0, never calm, never
permission to add risk. The boundary (``bot.broker.market_data``) turns NaN, -1 and 0 into
``None``; nothing behind it has to think about them again.

Units: prices and levels in index points, money in USD, times in UTC (aware), dates are
New York trading dates.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Session: TypeAlias = dt.date
"""A trading session, named by its New York date."""

MULTIPLIER = 100
"""USD for one index point of one SPX or VIX option contract."""

MOST_POINTS = 1e6
"""No index has ever been worth a tenth of it: a price beyond is damage."""


class Right(StrEnum):
    """Right of an option, as the field and the wire write it."""

    CALL = "C"
    PUT = "P"


class Feed(StrEnum):
    """How fresh the venue says that a quote is (wire message 58)."""

    LIVE = "live"
    FROZEN = "frozen"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionContract:
    """One listed SPX or VIX option.

    Parameters
    ----------
    underlying
        ``"SPX"`` or ``"VIX"``.
    trading_class
        ``"SPXW"`` (PM-settled), ``"SPX"`` (AM-settled), ``"VIX"`` (monthly), ``"VIXW"``.
    expiry
        Date of settlement. DTE counts calendar days to it.
    last_trade
        Last trade date, which is what the broker calls the contract's date: the session
        before ``expiry`` for SPX (AM), VIX and VIXW; ``expiry`` itself for SPXW.
    strike
        Index points.
    right
        Call or put.
    con_id
        The broker's number, 0 until known. It is no part of the contract's identity.
    """

    underlying: str
    trading_class: str
    expiry: dt.date
    last_trade: dt.date
    strike: float
    right: Right
    con_id: int = field(default=0, compare=False)

    def __hash__(self) -> int:
        """Hash what tells most contracts apart: all six fields would cost twice as much."""
        return hash((self.strike, self.expiry, self.right))

    @property
    def settles_am(self) -> bool:
        """Whether it settles to the opening (SOQ) instead of the close."""
        return self.trading_class != "SPXW"

    def dte(self, session: Session) -> int:
        """Calendar days from `session` to the settlement date."""
        return (self.expiry - session).days

    def label(self) -> str:
        """Short text for people: ``SPXW 2026-08-21 6400P``."""
        return f"{self.trading_class} {self.expiry} {self.strike:g}{self.right.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Top of the book as observed; absent sides are ``None``.

    ``bid is None`` with an ask present means that nobody bids, which is known; both ``None``
    means that nothing is known.
    """

    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    last: float | None = None
    feed: Feed = Feed.LIVE

    @property
    def sound(self) -> bool:
        """Whether each side that is there can be a price, and they are not crossed or locked."""
        bid, ask = self.bid, self.ask
        if bid is not None and ask is not None:
            return 0 <= bid < ask < MOST_POINTS
        return (bid is None or 0 <= bid < MOST_POINTS) and (ask is None or 0 < ask < MOST_POINTS)

    @property
    def two_sided(self) -> bool:
        """Whether 0 < bid < ask: crossed and locked markets are not quotes."""
        bid, ask = self.bid, self.ask
        return bid is not None and ask is not None and 0 < bid < ask < MOST_POINTS

    @property
    def mid(self) -> float | None:
        """Middle of a two-sided market, else ``None``. Never the stale last."""
        if self.bid is None or self.ask is None or not self.two_sided:
            return None
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionQuote:
    """A contract with what was quoted for it."""

    contract: OptionContract
    quote: Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureQuote:
    """A VX future (symbol VIX, CFE, trading class VX) by its own settlement date."""

    expiry: dt.date
    quote: Quote

    @property
    def level(self) -> float | None:
        """Mid of a two-sided market, else ``None``."""
        return self.quote.mid


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLevel:
    """Last value of an index that is not traded; ``None`` when unknown or not fresh."""

    symbol: str
    last: float | None
    feed: Feed = Feed.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBar:
    """One completed session of an index or a stock."""

    session: Session
    open: float
    high: float
    low: float
    close: float


class BreadthSource(StrEnum):
    """Which breadth a series counts. Sources are never spliced."""

    NYSE = "nyse"
    SECTORS = "sectors"
    LARGE_CAPS = "large_caps"
    """Stands in for official counts that history lacks; never observed live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreadthDay:
    """Advancing and declining issues of one completed session."""

    session: Session
    advances: float
    declines: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BreadthSeries:
    """Consecutive breadth days of one source, oldest first."""

    source: BreadthSource
    days: tuple[BreadthDay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureClose:
    """Close of one VX future, by its own settlement date; at the venue that is its settlement."""

    expiry: dt.date
    close: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VxDay:
    """Closes of the nearest VX futures on one completed session, nearest first."""

    session: Session
    closes: tuple[FutureClose, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroMonth:
    """Monthly means that the user keeps; ``None`` is unknown.

    Parameters
    ----------
    month
        Its first day.
    reer
        Broad real effective exchange rate of the dollar, index points.
    rate_differential_pct
        Policy rate of the Federal Reserve less that of the European Central Bank, percent.
    """

    month: dt.date
    reer: float | None = None
    rate_differential_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingDay:
    """Regular hours of one session of Cboe index options (UTC)."""

    session: Session
    open: dt.datetime
    close: dt.datetime
    half_day: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTable:
    """Scheduled events by type; a type is unknown after the last date it lists."""

    fomc: tuple[dt.date, ...] = ()
    cpi: tuple[dt.date, ...] = ()
    ppi: tuple[dt.date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSnapshot:
    """Everything about the market that one decision may know, and nothing later.

    Parameters
    ----------
    session
        The session being decided.
    taken_at
        UTC time at which the last quote was read.
    calendar
        Trading days from one year before `session` to two years after it, for counting
        sessions and for expiry rules.
    indexes
        Levels of SPX, VIX, VIX9D, VIX3M, VVIX, SKEW; absent means unknown.
    spx_bars, vix_bars
        Completed daily bars up to the session before, oldest first.
    breadth
        Completed sessions up to the one before, or ``None`` when unknown.
    options
        Quotes of SPX and VIX options, in any order, each contract once.
    vx_curve
        VX futures by expiry, nearest first.
    rate
        Risk-free rate, continuously compounded, as a decimal per year.
    events
        Scheduled macro events.
    vx_days
        VX futures on completed sessions up to the one before, oldest first.
    macro
        Macro months that are over, oldest first, whether their figures are published or not.
    """

    session: Session
    taken_at: dt.datetime
    calendar: tuple[TradingDay, ...]
    indexes: tuple[IndexLevel, ...]
    spx_bars: tuple[DailyBar, ...]
    vix_bars: tuple[DailyBar, ...]
    breadth: BreadthSeries | None
    options: tuple[OptionQuote, ...]
    vx_curve: tuple[FutureQuote, ...]
    rate: float
    events: EventTable
    vx_days: tuple[VxDay, ...] = ()
    macro: tuple[MacroMonth, ...] = ()

    def level(self, symbol: str) -> float | None:
        """Last value of the index `symbol`, or ``None`` when it is unknown or not live."""
        for index in self.indexes:
            if index.symbol == symbol and index.feed is Feed.LIVE:
                can_be = index.last is not None and 0 < index.last < MOST_POINTS
                return index.last if can_be else None
        return None

    def quote(self, contract: OptionContract) -> Quote | None:
        """Return what was quoted for `contract`, or ``None`` when it was not asked for."""
        for option in self.options:
            if option.contract == contract:
                return option.quote
        return None
