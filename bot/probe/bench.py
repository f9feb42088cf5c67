"""What every test of the probe works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.broker import contracts, reference
from bot.broker.market_data import MarketData
from bot.broker.session import Broker
from bot.core.errors import MarketDataError
from bot.core.model import DailyBar, Right, Session
from bot.core.universe import ListedSeries
from bot.probe.findings import Finding, differs, holds, not_permitted, not_tested
from bot.probe.recording import Recorder
from bot.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.broker.reference import ContractFact
    from bot.core.sessions import TradingCalendar

CLOSED = "the market is closed"
PERMISSION_CODES = frozenset({354, 10089, 10090, 10168, 10186, 10187, 10197})
"""Refusals of market data for want of a subscription, or for another session that has it."""

STRIKES_TRIED = 4


@dataclass(slots=True, kw_only=True)
class Bench:
    """Connection, market and time of one probe.

    Parameters
    ----------
    project
        Configuration and calendar.
    broker, market
        The synchronised connection, and the reader of market data on it.
    recorder
        Hears the wire.
    session
        Today in New York, or the next session.
    is_open
        Whether it is open now.
    """

    project: Project
    broker: Broker
    market: MarketData
    recorder: Recorder
    session: Session
    is_open: bool
    bar_refusals: dict[str, frozenset[int]] = field(default_factory=dict)
    """Codes with which the bars of an index were refused."""
    perm_ids: set[int] = field(default_factory=set)
    """Permanent numbers of the orders that this probe has sent."""
    _series: dict[str, tuple[ListedSeries, ...]] = field(default_factory=dict)
    _bars: dict[str, tuple[DailyBar, ...]] = field(default_factory=dict)

    @property
    def calendar(self) -> TradingCalendar:
        """Trading days."""
        return self.project.calendar

    async def series(self, underlying: str) -> tuple[ListedSeries, ...]:
        """Return the listed series of an underlying, asked for once."""
        if underlying not in self._series:
            self._series[underlying] = await self.market.series(underlying)
        return self._series[underlying]

    async def bars(self, symbol: str) -> tuple[DailyBar, ...]:
        """Return daily bars of an index, asked for once: the broker refuses quick repetition."""
        if symbol not in self._bars:
            before = self.refusals()
            self._bars[symbol] = await self.market.index_bars(symbol, self.session)
            self.bar_refusals[symbol] = self.codes_since(before)
        return self._bars[symbol]

    async def close(self, symbol: str) -> float | None:
        """Return the last close of an index, ``None`` when unknown."""
        bars = await self.bars(symbol)
        return bars[-1].close if bars else None

    async def sample(self, series: ListedSeries, near: float) -> ContractFact:
        """Describe one call of `series` with a strike near `near`.

        Raises
        ------
        MarketDataError
            If none of a few strikes exists.
        """
        exchange = self.project.settings.broker.order_exchange
        for strike in sorted(series.strikes, key=lambda listed: abs(listed - near))[:STRIKES_TRIED]:
            form = contracts.option_contract(series.contract(strike, Right.CALL), exchange)
            try:
                return (await reference.contract_facts(self.broker, form))[0]
            except (MarketDataError, IndexError):
                continue
        raise MarketDataError(f"no option of {series.trading_class} {series.expiry} near {near:g}")

    def refusals(self) -> frozenset[int]:
        """Return the ids of all requests that were refused by now."""
        return frozenset(self.broker.refused)

    def codes_since(self, before: frozenset[int]) -> frozenset[int]:
        """Return the codes of the refusals that came after `before`."""
        return frozenset(self.broker.refused[number] for number in self.refusals() - before)

    def quoted(self, missing: Sequence[str], text: str, before: frozenset[int]) -> Finding:
        """Judge quotes: `missing` ones, what was seen, and the refusals before they were asked."""
        codes = self.codes_since(before)
        if not missing:
            return holds(text)
        lacking = ", ".join(missing)
        if codes & PERMISSION_CODES:
            return not_permitted(f"{lacking}: error {min(codes & PERMISSION_CODES)}")
        if not self.is_open:
            return not_tested(CLOSED)
        return differs(f"{lacking}: no live quote" + (f", errors {sorted(codes)}" if codes else ""))


def refusal_code(fault: MarketDataError) -> int:
    """Return the code with which the gateway refused, 0 when it did not say one."""
    return int(getattr(fault.__cause__, "code", 0))
