"""Reads the market into one snapshot: levels, bars, breadth, VX curve, strikes that matter.

What cannot be read is left out of the snapshot, where every rule sees it as unknown.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bot.broker.vx_history import vx_days
from bot.core.breadth import unbroken
from bot.core.candidates import (
    condor_candidates,
    fine_candidates,
    hedge_candidates,
    in_quote_order,
    threatened_condors,
)
from bot.core.errors import MarketDataError
from bot.core.macro import month_end
from bot.core.model import BreadthSeries, BreadthSource, MarketSnapshot
from bot.core.universe import (
    ListedSeries,
    condor_series,
    hedge_series,
    parity_partners,
    shift_contracts,
    shift_series,
)
from bot.logs import get_logger

if TYPE_CHECKING:
    from bot.core.model import OptionContract, Quote, TradingDay
    from bot.desk import Desk

    Quotes = dict[OptionContract, Quote]

log = get_logger(__name__)

CALENDAR_DAYS_BACK = 400
CALENDAR_DAYS_AHEAD = 760


async def observe(desk: Desk) -> MarketSnapshot:
    """Read everything that one decision may know.

    Raises
    ------
    GatewayUnavailableError
        If the gateway stops answering. A refused instrument is merely unknown.
    """
    levels = await _levels(desk)
    sold = await _sold_series(desk)
    bought = await _bought_series(desk)
    held = _held(desk)
    wanted = [
        *held,
        *parity_partners(held),
        *condor_candidates(levels, sold, desk.rules.condor),
        *hedge_candidates(levels, bought),
    ]
    quotes = await desk.market.options(wanted)
    coarse = with_quotes(levels, quotes, desk)
    if later := await _later_contracts(coarse, desk):
        quotes |= await desk.market.options(
            [contract for contracts in later.values() for contract in contracts]
        )
        coarse = with_quotes(levels, quotes, desk)
    for series in dict.fromkeys([*([] if sold is None else [sold]), *later]):
        quotes |= await desk.market.options(fine_candidates(coarse, series, desk.rules.condor))
    return with_quotes(levels, quotes, desk)


def calendar_window(desk: Desk) -> tuple[TradingDay, ...]:
    """Return the trading days that a snapshot carries: a year back, two years on."""
    return tuple(
        day
        for day in desk.calendar.days
        if -CALENDAR_DAYS_BACK <= (day.session - desk.session).days <= CALENDAR_DAYS_AHEAD
    )


def with_quotes(snapshot: MarketSnapshot, quotes: Quotes, desk: Desk) -> MarketSnapshot:
    """Return `snapshot` with the quotes, in an order that does not depend on the asking."""
    return dataclasses.replace(snapshot, options=in_quote_order(quotes), taken_at=desk.now())


async def _levels(desk: Desk) -> MarketSnapshot:
    """Read all but the options."""
    indexes, curve = await desk.market.indexes(), await desk.market.vx_curve()
    return MarketSnapshot(
        session=desk.session,
        indexes=indexes,
        vx_curve=curve,
        vx_days=await vx_days(
            desk.market,
            desk.session,
            listed=[future.expiry for future in curve],
            calendar=desk.calendar,
        ),
        spx_bars=await desk.market.index_bars("SPX", desk.session),
        vix_bars=await desk.market.index_bars("VIX", desk.session),
        breadth=await _breadth(desk),
        calendar=calendar_window(desk),
        options=(),
        rate=desk.rules.rate,
        events=desk.events,
        macro=tuple(each for each in desk.macro if month_end(each.month) < desk.session),
        taken_at=desk.now(),
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


async def _listed(desk: Desk, underlying: str) -> tuple[ListedSeries, ...]:
    """Return the series of an underlying, none where they are unknown."""
    try:
        return await desk.market.series(underlying)
    except MarketDataError as fault:
        log.warning("series.unknown", underlying=underlying, detail=str(fault))
        return ()


async def _sold_series(desk: Desk) -> ListedSeries | None:
    series = condor_series(
        await _listed(desk, "SPX"),
        desk.session,
        desk.rules.condor,
        tomorrow=desk.calendar.next(desk.session),
    )
    return None if series is None else await _own_strikes(desk, series)


async def _bought_series(desk: Desk) -> list[ListedSeries]:
    listed = await _listed(desk, "VIX")
    layers = hedge_series(listed, desk.session, desk.calendar, desk.rules.hedge)
    return [await _own_strikes(desk, series) for series in dict.fromkeys(layers.values())]


async def _own_strikes(desk: Desk, series: ListedSeries) -> ListedSeries:
    """Return the series with its own strikes; with those of its class where they are unknown."""
    try:
        return await desk.market.with_own_strikes(series)
    except MarketDataError as fault:
        log.warning("strikes.unknown", expiry=str(series.expiry), detail=str(fault))
        return series


def _held(desk: Desk) -> list[OptionContract]:
    return [
        contract
        for contract in desk.ledger.holdings().net_positions()
        if contract.last_trade >= desk.session
    ]


async def _later_contracts(
    coarse: MarketSnapshot, desk: Desk
) -> dict[ListedSeries, list[OptionContract]]:
    """Return what threatened condors could be rolled into, by series; none while none is."""
    found: dict[ListedSeries, list[OptionContract]] = {}
    spot, rules = coarse.level("SPX"), desk.rules.condor
    threatened = threatened_condors(
        coarse, desk.ledger.holdings().condors, calendar=desk.calendar, rules=rules
    )
    listed = await _listed(desk, "SPX") if threatened else ()
    for condor, side in threatened:
        series = shift_series(listed, condor, desk.session, rules)
        if series is None or spot is None:
            continue
        series = await _own_strikes(desk, series)
        wanted = found.setdefault(series, list(condor_candidates(coarse, series, rules)))
        wanted += shift_contracts(series, condor, side, forward=spot, rules=rules)
    return found


async def requote(desk: Desk, snapshot: MarketSnapshot) -> MarketSnapshot:
    """Return `snapshot` with fresh quotes of everything held now."""
    quotes = {option.contract: option.quote for option in snapshot.options}
    quotes |= await desk.market.options(_held(desk))
    return with_quotes(snapshot, quotes, desk)
