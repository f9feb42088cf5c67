"""Quotes, listings and bars; what a gateway refuses, or leaves open, comes out as unknown.

An instrument that the gateway refuses (no definition, not subscribed, line limit) has an empty
quote; nothing falls back to a stale last. What is quoted together is one reading: lines that are
asked for first are on their way while listings and bars are awaited (``bot.broker.lines``).
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bot.broker import contracts as ib_contracts
from bot.broker.lines import Lines
from bot.broker.meter import keeps_pace
from bot.broker.quotes import clean, feed, positive
from bot.broker.readable import readable
from bot.broker.session import Broker
from bot.broker.together import at_once
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

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from bot.broker.client import BarData, Contract, Ticker
    from bot.broker.lines import Lease

T = TypeVar("T")

INDEXES = ("SPX", "VIX", "VIX9D", "VIX3M", "VVIX", "SKEW")
SECTORS = ("XLB", "XLC", "XLE", "XLF", "XLI", "XLK", "XLP", "XLRE", "XLU", "XLV", "XLY")

ASKED_AT_ONCE = 6
"""Requests that wait for an answer at a time: answers can be large, and each has its deadline.

A simulated gateway whose time goes faster answers at once, so there one follows the other.
"""


@dataclass(slots=True)
class MarketData:
    """Reader of market data over one connection.

    Parameters
    ----------
    broker
        The connection.
    line_limit
        Lines leased at once; the venue allows 100.
    patience_seconds
        How long a quote is waited for.
    """

    broker: Broker
    line_limit: int = 90
    patience_seconds: float = 4.0
    lines: Lines = field(init=False)
    _con_ids: dict[str, int] = field(default_factory=dict, init=False)
    _turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Lease no line yet."""
        self.lines = Lines(
            self.broker, limit=self.line_limit, patience_seconds=self.patience_seconds
        )
        at_once = ASKED_AT_ONCE if keeps_pace(self.broker.settings) else 1
        self._turns = asyncio.Semaphore(at_once)

    async def options(self, wanted: Iterable[OptionContract]) -> dict[OptionContract, Quote]:
        """Quote options; one that cannot be quoted has an empty quote."""
        unique = list(dict.fromkeys(wanted))
        exchange = self.broker.settings.order_exchange
        forms = [ib_contracts.option_contract(contract, exchange) for contract in unique]
        tickers = await self._quoted(forms)
        return {contract: clean(ticker) for contract, ticker in zip(unique, tickers, strict=True)}

    async def indexes(self) -> tuple[IndexLevel, ...]:
        """Read the levels of the volatility complex and of SPX."""
        with self.lines.leased():
            asked = self.ask_indexes()
            await self.lines.settle()
        return index_levels(asked)

    def ask_indexes(self) -> list[Lease]:
        """Ask for the levels of the volatility complex and of SPX, in the order of `INDEXES`."""
        return self.lines.ask([ib_contracts.index_contract(name) for name in INDEXES])

    async def breadth_now(self, session: Session) -> BreadthDay | None:
        """Read AD-NYSE: its bid counts advancing issues, its ask declining ones."""
        (ticker,) = await self._quoted([ib_contracts.index_contract("AD-NYSE")])
        advances, declines = positive(ticker.bid), positive(ticker.ask)
        if advances is None or declines is None or feed(ticker) is not Feed.LIVE:
            return None
        return BreadthDay(session=session, advances=advances, declines=declines)

    async def vx_curve(self) -> tuple[FutureQuote, ...]:
        """Quote every listed VX future, nearest first; empty when none is known."""
        expiries = await self.vx_expiries()
        with self.lines.leased():
            asked = self.ask_futures(expiries)
            await self.lines.settle()
        return future_quotes(expiries, asked)

    async def vx_expiries(self) -> tuple[dt.date, ...]:
        """Return the settlement dates of the listed VX futures, nearest first; empty if unknown."""
        try:
            listed = await self._details(ib_contracts.vx_contract())
            with readable("VX futures"):
                dates = [found.lastTradeDateOrContractMonth for found in listed]
                return tuple(sorted(map(ib_contracts.parse_date, dates)))
        except MarketDataError:
            return ()  # An unknown curve: every rule that needs it says so by itself.

    def ask_futures(self, expiries: Iterable[dt.date]) -> list[Lease]:
        """Ask for the quotes of VX futures."""
        return self.lines.ask([ib_contracts.vx_contract(expiry) for expiry in expiries])

    async def series(self, underlying: str) -> tuple[ListedSeries, ...]:
        """Return the listed option series of SPX or VIX, nearest first.

        Raises
        ------
        MarketDataError
            If the index is not exactly one contract at the broker.
        """
        con_id = await self._con_id(underlying)
        chains = await self._ask(
            f"option parameters of {underlying}",
            lambda: self.broker.client.reqSecDefOptParamsAsync(underlying, "", "IND", con_id),
        )
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

    async def index_bars(
        self, symbol: str, session: Session, *, span: str = "2 Y"
    ) -> tuple[DailyBar, ...]:
        """Return the completed daily bars of an index before `session`; empty when refused."""
        return await self._bars(ib_contracts.index_contract(symbol), session, span=span)

    async def future_bars(
        self, expiry: dt.date, session: Session, *, span: str = "60 D"
    ) -> tuple[DailyBar, ...]:
        """Return the completed daily bars of a VX future before `session`, settled or not."""
        return await self._bars(ib_contracts.settled_vx_contract(expiry), session, span=span)

    async def liquid_hours(self, session: Session) -> tuple[OpenHours, ...] | None:
        """Return when the broker says that SPX trades on `session`; ``None`` when it does not."""
        contract = ib_contracts.index_contract("SPX")
        try:
            found = await self._ask(
                "hours of SPX", lambda: self.broker.client.reqContractDetailsAsync(contract)
            )
        except MarketDataError:
            return None
        if len(found) != 1:
            return None
        if found[0].contract is not None:
            self._con_ids["SPX"] = found[0].contract.conId
        return parse_liquid_hours(found[0].liquidHours, found[0].timeZoneId, session)

    async def sector_breadth(self, session: Session) -> tuple[BreadthDay, ...]:
        """Count the sector ETFs that rose and fell, on each day on which all have a bar."""
        async with at_once() as group:
            asked = [
                group.create_task(self._bars(ib_contracts.stock_contract(name), session))
                for name in SECTORS
            ]
            for task in asked:
                if not await task:  # Without one of them nothing is counted.
                    for each in asked:
                        each.cancel()
                    return ()
        return count_sectors([task.result() for task in asked])

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

    async def _ask(self, name: str, request: Callable[[], Awaitable[T]]) -> T:
        """Send a request in its turn, and await the answer.

        Silence on one subject refuses that subject only.

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
            async with self._turns:
                return await self.broker.ask(name, request())
        except GatewayUnavailableError as silence:
            if not self.broker.client.isConnected():
                raise
            raise MarketDataError(str(silence)) from silence

    async def _con_id(self, symbol: str) -> int:
        """Return the broker's number of an index; asked for once."""
        if symbol not in self._con_ids:
            contract = await self._one(ib_contracts.index_contract(symbol))
            self._con_ids[symbol] = contract.conId
        return self._con_ids[symbol]

    async def _details(self, contract: Contract) -> list[Contract]:
        found = await self._ask(
            f"contract details of {contract.symbol}",
            lambda: self.broker.client.reqContractDetailsAsync(contract),
        )
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
        name = f"daily bars of {contract.symbol}"
        try:
            bars = await self._ask(name, lambda: self._history(contract, span))
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

    def _history(self, contract: Contract, span: str) -> Awaitable[Sequence[BarData]]:
        return self.broker.client.reqHistoricalDataAsync(
            contract,
            endDateTime="",
            durationStr=span,
            barSizeSetting="1 day",
            whatToShow="TRADES",
            useRTH=True,
            formatDate=1,
        )

    async def _quoted(self, forms: Sequence[Contract]) -> list[Ticker]:
        """Quote instruments, each on a line of its own, and give the lines back."""
        with self.lines.leased():
            asked = self.lines.ask(forms)
            await self.lines.settle()
        return [lease.ticker for lease in asked]


def index_levels(asked: Sequence[Lease]) -> tuple[IndexLevel, ...]:
    """Return the levels of `INDEXES` that have come."""
    return tuple(
        IndexLevel(symbol=name, last=positive(lease.ticker.last), feed=feed(lease.ticker))
        for name, lease in zip(INDEXES, asked, strict=True)
    )


def future_quotes(expiries: Iterable[dt.date], asked: Iterable[Lease]) -> tuple[FutureQuote, ...]:
    """Return the quotes of VX futures that have come."""
    return tuple(
        FutureQuote(expiry=expiry, quote=clean(lease.ticker))
        for expiry, lease in zip(expiries, asked, strict=True)
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
