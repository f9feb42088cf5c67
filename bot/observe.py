"""Reads the market into one snapshot: levels, bars, breadth, VX curve, strikes that matter.

What cannot be read is left out of the snapshot, where every rule sees it as unknown.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bot.broker.vx_history import vx_days
from bot.core.breadth import unbroken
from bot.core.carry import held_chain
from bot.core.chain import price_chain
from bot.core.errors import MarketDataError
from bot.core.indicators import expected_daily_range_pct
from bot.core.macro import month_end
from bot.core.model import BreadthSeries, BreadthSource, MarketSnapshot, OptionQuote
from bot.core.threat import is_daily, threatened_side
from bot.core.universe import (
    ListedSeries,
    coarse_condor_contracts,
    condor_series,
    fine_condor_contracts,
    hedge_contracts,
    hedge_series,
    parity_contracts,
    parity_partners,
    shift_contracts,
    shift_series,
)
from bot.logs import get_logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from bot.core.book import Condor
    from bot.core.chain import PricedChain
    from bot.core.model import OptionContract, Quote, Right, TradingDay
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
        *_condor_candidates(levels, sold, desk),
        *_hedge_candidates(levels, bought),
    ]
    quotes = await desk.market.options(wanted)
    coarse = with_quotes(levels, quotes, desk)
    if later := await _later_contracts(coarse, desk):
        quotes |= await desk.market.options(
            [contract for contracts in later.values() for contract in contracts]
        )
        coarse = with_quotes(levels, quotes, desk)
    for series in dict.fromkeys([*([] if sold is None else [sold]), *later]):
        quotes |= await desk.market.options(_fine_candidates(coarse, series, desk))
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
    ordered = sorted(
        quotes.items(),
        key=lambda item: (item[0].trading_class, item[0].expiry, item[0].strike, item[0].right),
    )
    options = tuple(OptionQuote(contract=contract, quote=quote) for contract, quote in ordered)
    return dataclasses.replace(snapshot, options=options, taken_at=desk.now())


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


def _condor_candidates(
    levels: MarketSnapshot, series: ListedSeries | None, desk: Desk
) -> tuple[OptionContract, ...]:
    spot, vix = levels.level("SPX"), levels.level("VIX")
    if series is None or spot is None or vix is None:
        return ()
    return coarse_condor_contracts(
        series, session=desk.session, spot=spot, vix=vix, rules=desk.rules.condor
    )


def _fine_candidates(
    coarse: MarketSnapshot, series: ListedSeries, desk: Desk
) -> list[OptionContract]:
    """Return the strikes round the shorts and wings that the coarse chain points to."""
    chain = price_chain(coarse, trading_class=series.trading_class, expiry=series.expiry)
    if chain is None:
        return []
    known = {option.contract for option in coarse.options}
    wanted = fine_condor_contracts(chain, series, desk.rules.condor)
    return [contract for contract in wanted if contract not in known]


async def _later_contracts(
    coarse: MarketSnapshot, desk: Desk
) -> dict[ListedSeries, list[OptionContract]]:
    """Return what threatened condors could be rolled into, by series; none while none is."""
    found: dict[ListedSeries, list[OptionContract]] = {}
    spot, rules = coarse.level("SPX"), desk.rules.condor
    threatened = _threatened(coarse, desk)
    listed = await _listed(desk, "SPX") if threatened else ()
    for condor, side in threatened:
        series = shift_series(listed, condor, desk.session, rules)
        if series is None or spot is None:
            continue
        series = await _own_strikes(desk, series)
        wanted = found.setdefault(series, list(_condor_candidates(coarse, series, desk)))
        wanted += shift_contracts(series, condor, side, forward=spot, rules=rules)
    return found


def _threatened(coarse: MarketSnapshot, desk: Desk) -> list[tuple[Condor, Right]]:
    """Return the condors that may be rolled out, each with its threatened side."""
    rules, vix = desk.rules.condor, coarse.level("VIX")
    if rules.is_daily or not rules.time_shift or vix is None:
        return []
    sides = {
        condor: threatened_side(
            condor,
            _chain_held(coarse, condor),
            spot=coarse.level("SPX"),
            edr_pct=expected_daily_range_pct(vix),
            rules=rules,
        )
        for condor in desk.ledger.holdings().condors
        if not condor.rolled and not is_daily(condor, desk.calendar)
    }
    return [(condor, side) for condor, side in sides.items() if side is not None]


def _chain_held(coarse: MarketSnapshot, condor: Condor) -> PricedChain | None:
    def chain(trading_class: str, expiry: dt.date) -> PricedChain | None:
        return price_chain(coarse, trading_class=trading_class, expiry=expiry)

    return held_chain(coarse, condor.legs[0].contract.trading_class, condor.expiry, chain=chain)


def _hedge_candidates(
    levels: MarketSnapshot, layers: Iterable[ListedSeries]
) -> list[OptionContract]:
    futures = {future.expiry: future.level for future in levels.vx_curve}
    wanted: list[OptionContract] = []
    for series in layers:
        level = futures.get(series.expiry) or levels.level("VIX")
        if level is not None:
            wanted += hedge_contracts(series, level)
            wanted += parity_contracts(series, level)
    return wanted


async def requote(desk: Desk, snapshot: MarketSnapshot) -> MarketSnapshot:
    """Return `snapshot` with fresh quotes of everything held now."""
    quotes = {option.contract: option.quote for option in snapshot.options}
    quotes |= await desk.market.options(_held(desk))
    return with_quotes(snapshot, quotes, desk)
