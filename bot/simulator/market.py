"""What a market behind the simulated gateway must answer: one interface, two markets.

``bot.simulator.synthetic`` makes a coherent market from a seed; ``bot.simulator.playback``
plays recorded chains. The gateway owns the time: it calls ``advance`` with every new instant,
and asks for quotes only as of that instant. A quote that is ``None`` was not quoted.

All times are UTC and aware; dates are New York trading dates; prices are index points.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.core.model import DailyBar, OptionContract, TradingDay


class Provenance(StrEnum):
    """Where a simulated value comes from."""

    RECORDED = "recorded"
    MODELLED = "modelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimQuote:
    """Top of the book of one instrument in the simulated market.

    ``bid`` 0.0 means that nobody bids; ``None`` that the side is not available at all (an
    index has no bid or ask). ``iv`` is the decimal implied volatility where the market knows
    it. ``close`` is the close of the session before.
    """

    bid: float | None = None
    ask: float | None = None
    last: float | None = None
    close: float | None = None
    bid_size: int = 0
    ask_size: int = 0
    iv: float | None = None
    delta: float | None = None
    underlying_price: float | None = None
    provenance: Provenance = Provenance.MODELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSeries:
    """One expiry of one trading class, with the strikes listed for it."""

    underlying: str
    trading_class: str
    expiry: dt.date
    last_trade: dt.date
    strikes: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceNote:
    """One line of what a session's data was made from, for the review."""

    session: dt.date
    subject: str
    provenance: Provenance
    detail: str


class Market(Protocol):
    """A market that can be moved forward in time and asked for quotes."""

    def start(self) -> dt.datetime:
        """Return the first instant that it can play (before the open of its first session)."""
        ...

    def days(self) -> tuple[TradingDay, ...]:
        """Return the sessions that it can play, oldest first."""
        ...

    def advance(self, now: dt.datetime) -> None:
        """Move to `now`, which never lies before the last one."""
        ...

    def index(self, symbol: str) -> SimQuote | None:
        """Quote SPX, VIX, VIX9D, VIX3M, VVIX, SKEW (last only) or AD-NYSE.

        AD-NYSE follows IB: the bid is advancing issues, the ask declining issues, there is no
        last.
        """
        ...

    def stock(self, symbol: str) -> SimQuote | None:
        """Quote SPY or a sector ETF."""
        ...

    def futures(self) -> tuple[dt.date, ...]:
        """Return the settlement dates of the listed VX futures, nearest first."""
        ...

    def future(self, expiry: dt.date) -> SimQuote | None:
        """Quote the VX future that settles on `expiry`."""
        ...

    def series(self, underlying: str) -> tuple[OptionSeries, ...]:
        """Return the listed, unexpired option series of SPX or VIX."""
        ...

    def option(self, contract: OptionContract) -> SimQuote | None:
        """Quote one option; ``None`` when it is not quoted now."""
        ...

    def bars(self, symbol: str, count: int) -> tuple[DailyBar, ...]:
        """Return up to `count` completed daily bars before the current session."""
        ...

    def future_bars(self, expiry: dt.date, count: int) -> tuple[DailyBar, ...]:
        """Return up to `count` completed daily bars of the VX future that settles on `expiry`.

        They end before the current session, and on the session before the future settled.
        """
        ...

    def settlement(self, contract: OptionContract) -> float | None:
        """Return the final settlement level of the underlying; ``None`` until it is known.

        SPXW settles to the SPX close of its expiry, SPX to the opening SOQ, VIX and VIXW to
        the VIX SOQ.
        """
        ...

    def provenance(self) -> tuple[ProvenanceNote, ...]:
        """Return what the current session's data was made from."""
        ...
