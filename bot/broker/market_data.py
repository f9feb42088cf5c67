"""Quotes and bars, cleaned: what is missing, NaN, -1, empty or halted comes out as ``None``.

Market-data lines are leased in waves and always released. An instrument that the gateway
refuses (no definition, not subscribed, line limit) has an empty quote; nothing falls back to a
stale last.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.broker import contracts as ib_contracts
from bot.broker.readable import readable
from bot.broker.session import Broker
from bot.core.errors import GatewayUnavailableError, MarketDataError
from bot.core.hours import OpenHours, parse_liquid_hours
from bot.core.model import (
    BreadthDay,
    DailyBar,
    Feed,
    FutureQuote,
    IndexLevel,
    OptionContract,
    Quote,
    Session,
)
from bot.core.sessions import expiry_of
from bot.core.universe import ListedSeries
from bot.logs import get_logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Iterable, Sequence

    from bot.broker.client import Contract, Ticker

T = TypeVar("T")
log = get_logger(__name__)

INDEXES = ("SPX", "VIX", "VIX9D", "VIX3M", "VVIX", "SKEW")
SECTORS = ("XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY")
FEEDS = {1: Feed.LIVE, 2: Feed.FROZEN, 3: Feed.DELAYED, 4: Feed.DELAYED}
WITHOUT_LINE = frozenset({101, 200, 321, 354, 10089, 10168})
"""Refusals of market data that leave no line open; others, as 10197, may resume."""

COMPETING_SESSION = 10197
"""Refusal while the same user is logged in elsewhere with live data."""

PAUSE_SECONDS = 10.0

HALTED = 1


@dataclass(slots=True)
class MarketData:
    """Reader of market data over one connection.

    Parameters
    ----------
    broker
        The connection.
    lines
        Lines leased at once; the venue allows 100.
    patience_seconds
        How long a quote is waited for.
    pauses
        How often a wave that a competing session has silenced is asked for again, in all.
    """

    broker: Broker
    lines: int = 90
    patience_seconds: float = 4.0
    pauses: int = 6
    peak_lines: int = field(default=0, init=False)
    competing: int = field(default=0, init=False)
    """Lines that a competing session has silenced so far."""

    async def options(self, wanted: Iterable[OptionContract]) -> dict[OptionContract, Quote]:
        """Quote options; one that cannot be quoted has an empty quote."""
        unique = list(dict.fromkeys(wanted))
        exchange = self.broker.settings.order_exchange
        forms = [ib_contracts.option_contract(contract, exchange) for contract in unique]
        tickers = await self._stream(forms)
        return {contract: clean(ticker) for contract, ticker in zip(unique, tickers, strict=True)}

    async def indexes(self) -> tuple[IndexLevel, ...]:
        """Read the levels of the volatility complex and of SPX."""
        tickers = await self._stream([ib_contracts.index_contract(name) for name in INDEXES])
        return tuple(
            IndexLevel(symbol=name, last=positive(ticker.last), feed=feed(ticker))
            for name, ticker in zip(INDEXES, tickers, strict=True)
        )

    async def breadth_now(self, session: Session) -> BreadthDay | None:
        """Read AD-NYSE: its bid counts advancing issues, its ask declining ones."""
        (ticker,) = await self._stream([ib_contracts.index_contract("AD-NYSE")])
        advances, declines = positive(ticker.bid), positive(ticker.ask)
        if advances is None or declines is None or feed(ticker) is not Feed.LIVE:
            return None
        return BreadthDay(session=session, advances=advances, declines=declines)

    async def vx_curve(self) -> tuple[FutureQuote, ...]:
        """Quote every listed VX future, nearest first; empty when none is known."""
        try:
            listed = await self._details(ib_contracts.vx_contract())
            with readable("VX futures"):
                dates = [found.lastTradeDateOrContractMonth for found in listed]
                expiries = sorted(map(ib_contracts.parse_date, dates))
        except MarketDataError:
            return ()  # An unknown curve: every rule that needs it says so by itself.
        tickers = await self._stream([ib_contracts.vx_contract(expiry) for expiry in expiries])
        return tuple(
            FutureQuote(expiry=expiry, quote=clean(ticker))
            for expiry, ticker in zip(expiries, tickers, strict=True)
        )

    async def series(self, underlying: str) -> tuple[ListedSeries, ...]:
        """Return the listed option series of SPX or VIX, nearest first.

        Raises
        ------
        MarketDataError
            If the index is not exactly one contract at the broker.
        """
        con_id = (await self._one(ib_contracts.index_contract(underlying))).conId
        request = self.broker.client.reqSecDefOptParamsAsync(underlying, "", "IND", con_id)
        chains = await self._ask(f"option parameters of {underlying}", request)
        with readable(f"option parameters of {underlying}"):
            found = {
                (chain.tradingClass, ib_contracts.parse_date(date)): tuple(sorted(chain.strikes))
                for chain in chains
                if chain.tradingClass in ib_contracts.TRADED_CLASSES
                for date in chain.expirations
                if self.broker.calendar.covers(ib_contracts.parse_date(date) + ib_contracts.A_WEEK)
                and self.broker.calendar.is_session(ib_contracts.parse_date(date))
            }
        listed = [self._listed(underlying, *key, strikes) for key, strikes in found.items()]
        return tuple(sorted(listed, key=lambda series: (series.expiry, series.trading_class)))

    async def with_own_strikes(self, series: ListedSeries) -> ListedSeries:
        """Return `series` with the strikes that exist in its expiry.

        The venue lists strikes by trading class; one contract-details request for the calls of
        the expiry says which of them are real.

        Raises
        ------
        MarketDataError
            If the expiry has no calls at the broker.
        """
        form = ib_contracts.series_contract(series, self.broker.settings.order_exchange)
        found = await self._details(form)
        strikes = tuple(sorted({float(contract.strike) for contract in found}))
        return dataclasses.replace(series, strikes=strikes)

    async def index_bars(self, symbol: str, session: Session) -> tuple[DailyBar, ...]:
        """Return the completed daily bars of an index before `session`; empty when refused."""
        return await self._bars(ib_contracts.index_contract(symbol), session)

    async def future_bars(self, expiry: dt.date, session: Session) -> tuple[DailyBar, ...]:
        """Return the completed daily bars of a VX future before `session`, settled or not."""
        return await self._bars(ib_contracts.settled_vx_contract(expiry), session, span="60 D")

    async def liquid_hours(self, session: Session) -> tuple[OpenHours, ...] | None:
        """Return when the broker says that SPX trades on `session`; ``None`` when it does not."""
        contract = ib_contracts.index_contract("SPX")
        request = self.broker.client.reqContractDetailsAsync(contract)
        try:
            found = await self._ask("hours of SPX", request)
        except MarketDataError:
            return None
        if len(found) != 1:
            return None
        return parse_liquid_hours(found[0].liquidHours, found[0].timeZoneId, session)

    async def sector_breadth(self, session: Session) -> tuple[BreadthDay, ...]:
        """Count the sector ETFs that rose and fell, on each day on which all have a bar."""
        series = []
        for name in SECTORS:
            bars = await self._bars(ib_contracts.stock_contract(name), session)
            if not bars:
                return ()
            series.append(bars)
        return count_sectors(series)

    async def qualify(self, wanted: Sequence[OptionContract]) -> tuple[OptionContract, ...]:
        """Return `wanted` with the broker's numbers.

        Raises
        ------
        MarketDataError
            If one of them is not exactly one contract at the broker.
        """
        exchange = self.broker.settings.order_exchange
        return tuple(
            [
                contract if contract.con_id else await self._number(contract, exchange)
                for contract in wanted
            ]
        )

    async def _number(self, contract: OptionContract, exchange: str) -> OptionContract:
        found = await self._one(ib_contracts.option_contract(contract, exchange))
        with readable(contract.label()):
            known = ib_contracts.our_contract(found, self.broker.calendar)
        if known != contract:
            raise MarketDataError(f"asked for {contract.label()}, the broker named {found}")
        return known

    async def _ask(self, name: str, request: Awaitable[T]) -> T:
        """Await an answer; silence on one subject refuses that subject only.

        A data farm that is down leaves requests unanswered, while orders can be traded. Silence
        of the whole gateway shows where it is asked for the account or for orders.

        Raises
        ------
        MarketDataError
            If the gateway refused the request, or did not answer in time.
        GatewayUnavailableError
            If the connection is gone.
        """
        try:
            return await self.broker.ask(name, request)
        except GatewayUnavailableError as silence:
            if not self.broker.client.isConnected():
                raise
            raise MarketDataError(str(silence)) from silence

    async def _details(self, contract: Contract) -> list[Contract]:
        request = self.broker.client.reqContractDetailsAsync(contract)
        found = await self._ask(f"contract details of {contract.symbol}", request)
        return [details.contract for details in found if details.contract is not None]

    async def _one(self, contract: Contract) -> Contract:
        found = await self._details(contract)
        if len(found) != 1:
            raise MarketDataError(f"{contract} is {len(found)} contracts at the broker, not one")
        return found[0]

    def _listed(
        self, underlying: str, trading_class: str, last_trade: dt.date, strikes: tuple[float, ...]
    ) -> ListedSeries:
        return ListedSeries(
            underlying=underlying,
            trading_class=trading_class,
            expiry=expiry_of(trading_class, last_trade, self.broker.calendar),
            last_trade=last_trade,
            strikes=strikes,
        )

    async def _bars(
        self, contract: Contract, session: Session, *, span: str = "2 Y"
    ) -> tuple[DailyBar, ...]:
        """Return completed bars of sessions: the VIX has bars of US holidays too."""
        request = self.broker.client.reqHistoricalDataAsync(
            contract,
            endDateTime="",
            durationStr=span,
            barSizeSetting="1 day",
            whatToShow="TRADES",
            useRTH=True,
            formatDate=1,
        )
        name = f"daily bars of {contract.symbol}"
        try:
            bars = await self._ask(name, request)
            with readable(name):
                return tuple(
                    DailyBar(
                        session=bar.date, open=bar.open, high=bar.high, low=bar.low, close=bar.close
                    )
                    for bar in bars
                    if bar.date < session and self.broker.calendar.is_session(bar.date)
                )
        except MarketDataError:
            return ()  # Unknown history: every rule that needs it says so by itself.

    async def _stream(self, forms: Sequence[Contract]) -> list[Ticker]:
        tickers: list[Ticker] = []
        for first in range(0, len(forms), self.lines):
            tickers += await self._kept(forms[first : first + self.lines])
        return tickers

    async def _kept(self, forms: Sequence[Contract]) -> list[Ticker]:
        """Lease a wave of lines, and again if they were lost on the way.

        The broker loses them once (1101); a competing session (10197) is waited for.
        """
        losses = self.broker.upstream.data_losses
        tickers = await self._patiently(forms)
        lost = self.broker.upstream.data_losses > losses
        return await self._patiently(forms) if lost else tickers

    async def _patiently(self, forms: Sequence[Contract]) -> list[Ticker]:
        """Lease a wave, and again after a pause while a competing session silences it."""
        while True:
            silenced = self.competing
            tickers = await self._wave(forms)
            if self.competing == silenced or not self.pauses:
                return tickers
            self.pauses -= 1
            log.warning("market_data.competing_session", pauses_left=self.pauses)
            await self.broker.clock.sleep(PAUSE_SECONDS)

    async def _wave(self, forms: Sequence[Contract]) -> list[Ticker]:
        client = self.broker.client
        if not client.isConnected():
            raise GatewayUnavailableError("market data: the connection is gone")
        tickers = [client.reqMktData(form) for form in forms]
        self.peak_lines = max(self.peak_lines, len(forms))
        try:
            await self._settle(tickers)
        finally:
            for ticker in tickers:
                self._release(ticker)
        return tickers

    def _release(self, ticker: Ticker) -> None:
        """Give the line back, unless the refusal says that there never was one."""
        request_id = self.broker.client.wrapper.endTicker(ticker, "mktData")
        code = self.broker.refused.get(request_id)
        self.competing += code == COMPETING_SESSION
        if code not in WITHOUT_LINE:
            self.broker.client.client.cancelMktData(request_id)

    async def _settle(self, tickers: Sequence[Ticker]) -> None:
        step = 0.25
        for _ in range(math.ceil(self.patience_seconds / step)):
            if all(answered(ticker) or self._refused(ticker) for ticker in tickers):
                return
            await self.broker.clock.sleep(step)

    def _refused(self, ticker: Ticker) -> bool:
        return self.broker.request_id(ticker) in self.broker.refused


def answered(ticker: Ticker) -> bool:
    """Whether everything that a decision can use of an instrument has arrived."""
    if ticker.contract is not None and ticker.contract.secType == "IND":
        sides = positive(ticker.bid) is not None and positive(ticker.ask) is not None
        return positive(ticker.last) is not None or sides
    return not math.isnan(ticker.bid) and not math.isnan(ticker.ask)


def positive(value: float | None) -> float | None:
    """Return `value` if it is a number above zero, else ``None`` (NaN, -1, 0 are unknown)."""
    if value is None or not math.isfinite(value) or value <= 0:
        return None
    return float(value)


def feed(ticker: Ticker) -> Feed:
    """Return how fresh the venue says that the ticker is; what it does not say is not live."""
    return FEEDS.get(ticker.marketDataType, Feed.DELAYED)


def clean(ticker: Ticker) -> Quote:
    """Return the usable part of a ticker.

    A side without a size is not a side; a halted instrument has no quote at all.
    """
    if ticker.halted >= HALTED:
        return Quote(feed=feed(ticker))
    bid, ask = positive(ticker.bid), positive(ticker.ask)
    return Quote(
        bid=None if ticker.bidSize == 0 else bid,
        ask=None if ticker.askSize == 0 else ask,
        bid_size=positive(ticker.bidSize),
        ask_size=positive(ticker.askSize),
        last=positive(ticker.last),
        feed=feed(ticker),
    )


def count_sectors(series: Sequence[Sequence[DailyBar]]) -> tuple[BreadthDay, ...]:
    """Return advancing and declining sectors of each day on which all of them have a bar."""
    changes = [
        {later.session: later.close - earlier.close for earlier, later in itertools.pairwise(bars)}
        for bars in series
    ]
    if not changes:
        return ()
    common = set.intersection(*(set(change) for change in changes))
    return tuple(
        BreadthDay(
            session=session,
            advances=sum(change[session] > 0 for change in changes),
            declines=sum(change[session] < 0 for change in changes),
        )
        for session in sorted(common)
    )
