"""Reads all that is known before the first option is quoted: levels, curve, bars, listings.

Everything is asked for at once, so that a reading takes as long as its slowest answer. What cannot
be read is left out of the snapshot, where every rule sees it as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.broker.market_data import future_quotes, index_levels
from bot.broker.together import at_once
from bot.broker.vx_history import DAYS_AHEAD, vx_days
from bot.core.book import Layer
from bot.core.breadth import unbroken
from bot.core.errors import MarketDataError
from bot.core.macro import month_end
from bot.core.model import BreadthSeries, BreadthSource, MarketSnapshot, VxDay
from bot.core.universe import ListedSeries, condor_series, hedge_series
from bot.logs import get_logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from bot.core.model import OptionContract, TradingDay
    from bot.desk import Desk

log = get_logger(__name__)

CALENDAR_DAYS_BACK = 400
CALENDAR_DAYS_AHEAD = 760


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known before the first option is quoted.

    Parameters
    ----------
    levels
        The snapshot without options.
    sold
        The series that condors are sold in, with its own strikes; ``None`` where there is none.
    bought
        The VIX series of each layer, with its own strikes.
    """

    levels: MarketSnapshot
    sold: ListedSeries | None
    bought: dict[Layer, ListedSeries]


async def read_levels(desk: Desk) -> Known:
    """Read levels, curve, bars, breadth and the listings of what may be traded.

    Raises
    ------
    GatewayUnavailableError
        If the gateway stops answering. A refused instrument is merely unknown.
    """
    market = desk.market
    with market.lines.leased():
        indexes = market.ask_indexes()
        async with at_once() as group:
            sold = group.create_task(_sold_series(desk))
            bought = group.create_task(_bought_series(desk))
            listed = group.create_task(_futures(desk))
            spx = group.create_task(market.index_bars("SPX", desk.session))
            vix = group.create_task(market.index_bars("VIX", desk.session))
            breadth = group.create_task(_breadth(desk))
        expiries, days = listed.result()
        wanted = _curve(desk, expiries, bought.result().values())
        futures = market.ask_futures(wanted)
        await market.lines.settle()
    levels = MarketSnapshot(
        session=desk.session,
        indexes=index_levels(indexes),
        vx_curve=future_quotes(wanted, futures),
        vx_days=days,
        spx_bars=spx.result(),
        vix_bars=vix.result(),
        breadth=breadth.result(),
        calendar=calendar_window(desk),
        options=(),
        rate=desk.rules.rate,
        events=desk.events,
        macro=tuple(each for each in desk.macro if month_end(each.month) < desk.session),
        taken_at=desk.now(),
    )
    return Known(levels=levels, sold=sold.result(), bought=bought.result())


async def listed_series(desk: Desk, underlying: str) -> tuple[ListedSeries, ...]:
    """Return the series of an underlying, none where they are unknown."""
    try:
        return await desk.market.series(underlying)
    except MarketDataError as fault:
        log.warning("series.unknown", underlying=underlying, detail=str(fault))
        return ()


async def own_strikes(desk: Desk, series: ListedSeries) -> ListedSeries:
    """Return the series with its own strikes; with those of its class where they are unknown."""
    try:
        return await desk.market.with_own_strikes(series)
    except MarketDataError as fault:
        log.warning("strikes.unknown", expiry=str(series.expiry), detail=str(fault))
        return series


def held_contracts(desk: Desk) -> list[OptionContract]:
    """Return what is held and still trades."""
    return [
        contract
        for contract in desk.ledger.holdings().net_positions()
        if contract.last_trade >= desk.session
    ]


def calendar_window(desk: Desk) -> tuple[TradingDay, ...]:
    """Return the trading days that a snapshot carries: a year back, two years on."""
    return tuple(
        day
        for day in desk.calendar.days
        if -CALENDAR_DAYS_BACK <= (day.session - desk.session).days <= CALENDAR_DAYS_AHEAD
    )


async def _sold_series(desk: Desk) -> ListedSeries | None:
    series = condor_series(
        await listed_series(desk, "SPX"),
        desk.session,
        desk.rules.condor,
        tomorrow=desk.calendar.next(desk.session),
    )
    return None if series is None else await own_strikes(desk, series)


async def _bought_series(desk: Desk) -> dict[Layer, ListedSeries]:
    listed = await listed_series(desk, "VIX")
    layers = hedge_series(listed, desk.session, desk.calendar, desk.rules.hedge)
    async with at_once() as group:
        asked = {
            series: group.create_task(own_strikes(desk, series))
            for series in dict.fromkeys(layers.values())
        }
    return {layer: asked[series].result() for layer, series in layers.items()}


async def _futures(desk: Desk) -> tuple[tuple[dt.date, ...], tuple[VxDay, ...]]:
    """Return the settlement dates of the listed VX futures, and their closes of late."""
    expiries = await desk.market.vx_expiries()
    days = await vx_days(desk.market, desk.session, listed=expiries, calendar=desk.calendar)
    return expiries, days


def _curve(
    desk: Desk, expiries: Iterable[dt.date], bought: Iterable[ListedSeries]
) -> tuple[dt.date, ...]:
    """Return the futures that a rule looks at: the near ones, and those of VIX options.

    The slope needs the futures round 60 days, and VIX options of an expiry are priced with its own.
    """
    needed = {series.expiry for series in bought}
    needed |= {each.expiry for each in held_contracts(desk) if each.underlying == "VIX"}
    return tuple(
        each for each in expiries if (each - desk.session).days <= DAYS_AHEAD or each in needed
    )


async def _breadth(desk: Desk) -> BreadthSeries | None:
    """Return our own NYSE series where it is long enough, else the sectors, else unknown."""
    need = desk.rules.signals.breadth_minimum_days
    until = desk.calendar.previous(desk.session)
    past = [day.session for day in calendar_window(desk) if day.session <= until]
    kept = desk.ledger.breadth(BreadthSource.NYSE, until, desk.rules.signals.minimum_bars)
    nyse = unbroken(kept, past)
    if len(nyse) >= need:
        return BreadthSeries(source=BreadthSource.NYSE, days=nyse)
    sectors = unbroken(await desk.market.sector_breadth(desk.session), past)
    if len(sectors) >= need:
        return BreadthSeries(source=BreadthSource.SECTORS, days=sectors)
    return None
