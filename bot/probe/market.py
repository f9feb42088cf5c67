"""Tests of contracts and market data: they ask, and leave nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.broker import contracts, reference
from bot.broker.session import client_id_is_exclusive
from bot.broker.vx_history import sessions_before, settled_between
from bot.core.book import Layer
from bot.core.errors import GatewayUnavailableError, MarketDataError
from bot.core.model import Feed, Right
from bot.core.ticks import TICKS
from bot.core.universe import condor_series, hedge_series
from bot.probe import judge
from bot.probe.bench import CLOSED, PERMISSION_CODES, refusal_code
from bot.probe.findings import Finding, differs, holds, not_permitted, not_tested

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from bot.broker.reference import ContractFact, PriceBand
    from bot.core.model import FutureQuote, Quote
    from bot.core.universe import ListedSeries
    from bot.probe.bench import Bench

USUAL_LEVEL = {"SPX": 5000.0, "VIX": 20.0}
"""Levels to begin with where the index is not quoted."""

NO_PERMISSION = "permission"
HISTORY_REFUSED = 162
AHEAD_DAYS = 10
"""An option that expires later has no expiry among the days whose hours are told."""

AT_THE_MONEY = 3
"""Strikes at the money that are quoted."""


async def server_version(bench: Bench) -> Finding:
    """Compare the version that was agreed on."""
    return judge.judge_version(bench.broker.server_version)


async def clock(bench: Bench) -> Finding:
    """Compare the clocks twice."""
    skews = []
    for _ in range(2):
        theirs = await bench.broker.time()
        skews.append((theirs - bench.broker.clock.now()).total_seconds())
        await bench.broker.clock.sleep(1.0)
    return judge.judge_skew(skews)


async def client_id_exclusive(bench: Bench) -> Finding:
    """Try to connect again under the same client id."""
    number = bench.project.settings.broker.client_id
    if await client_id_is_exclusive(bench.broker):
        return holds(f"client id {number} is refused to a second connection")
    return differs(f"client id {number} was given to a second connection")


async def option_dates(bench: Bench) -> Finding:
    """Look at the dates of one option of each class."""
    return judge.judge_option_dates((await samples(bench)).values(), bench.calendar)


async def option_ticks(bench: Bench) -> Finding:
    """Look up the market rule of each class for the exchange that orders go to."""
    exchange = bench.project.settings.broker.order_exchange
    bands: dict[str, tuple[PriceBand, ...]] = {}
    for name, fact in (await samples(bench)).items():
        if exchange not in fact.market_rules:
            return differs(f"{name} names no market rule for {exchange}")
        bands[name] = await reference.price_bands(bench.broker, fact.market_rules[exchange])
    return judge.judge_ticks(bands)


async def samples(bench: Bench) -> Mapping[str, ContractFact]:
    """Describe one option of each class that is traded, none of them expiring soon."""
    found: dict[str, ContractFact] = {}
    for underlying, level in USUAL_LEVEL.items():
        near = await bench.close(underlying) or level
        for name in TICKS:
            ahead = [s for s in await bench.series(underlying) if s.trading_class == name]
            later = [s for s in ahead if (s.expiry - bench.session).days > AHEAD_DAYS]
            if ahead:
                found[name] = await bench.sample((later or ahead)[0], near)
    return found


async def own_strikes(bench: Bench) -> Finding:
    """Ask for the strikes of the expiry that a condor would be sold in."""
    series = await condor_expiry(bench)
    try:
        own = await bench.market.with_own_strikes(series)
    except MarketDataError as fault:
        return differs(f"{series.trading_class} {series.expiry}: {fault}")
    return judge.judge_strikes(own.strikes, series.strikes)


async def condor_expiry(bench: Bench) -> ListedSeries:
    """Return the series that a condor would be sold in.

    Raises
    ------
    MarketDataError
        If none is listed.
    """
    listed = await bench.series("SPX")
    series = condor_series(listed, bench.session, bench.project.rules.condor)
    if series is None:
        raise MarketDataError(f"no SPX expiry among {len(listed)} fits the rules")
    return series


async def liquid_hours(bench: Bench) -> Finding:
    """Look at the hours of an SPX option that does not expire soon."""
    level = await bench.close("SPX") or USUAL_LEVEL["SPX"]
    fact = await bench.sample(await condor_expiry(bench), level)
    return judge.judge_hours(fact.liquid_hours, bench.calendar)


async def expiry_day_close(bench: Bench) -> Finding:
    """Look at the hours of the nearest SPXW option."""
    nearest = next((s for s in await bench.series("SPX") if s.trading_class == "SPXW"), None)
    if nearest is None:
        return not_tested("no SPXW expiry is listed")
    level = await bench.close("SPX") or USUAL_LEVEL["SPX"]
    return judge.judge_expiry_day(await bench.sample(nearest, level), bench.calendar)


async def vx_listing(bench: Bench) -> Finding:
    """Look at the dates of all VX futures."""
    found = await reference.contract_facts(bench.broker, contracts.vx_contract())
    return judge.judge_vx_dates(found, bench.calendar)


async def index_levels(bench: Bench) -> Finding:
    """Quote the indexes."""
    before = bench.refusals()
    levels = await bench.market.indexes()
    missing = [
        level.symbol for level in levels if level.last is None or level.feed is not Feed.LIVE
    ]
    text = ", ".join(f"{level.symbol} {level.last:g}" for level in levels if level.last)
    return bench.quoted(missing, text, before)


async def breadth(bench: Bench) -> Finding:
    """Read AD-NYSE, and SPX beside it."""
    before = bench.refusals()
    day = await bench.market.breadth_now(bench.session)
    if day is None:
        found = bench.quoted(["AD-NYSE"], "", before)
        return found if bench.is_open else not_tested(CLOSED)
    if not bench.is_open:
        return not_tested(CLOSED)
    close = await bench.close("SPX")
    spx = next((each.last for each in await bench.market.indexes() if each.symbol == "SPX"), None)
    return judge.judge_breadth(day, spx / close - 1 if spx and close else None)


async def daily_bars(bench: Bench) -> Finding:
    """Ask for two years of bars."""
    return await _bars(bench, {"SPX": judge.BARS_NEEDED, "VIX": judge.BARS_NEEDED})


async def sector_bars(bench: Bench) -> Finding:
    """Ask for the bars of the sector ETFs and count them as breadth."""
    before = bench.refusals()
    days = len(await bench.market.sector_breadth(bench.session))
    text = f"{days} days of all 11"
    enough = days >= judge.BREADTH_NEEDED
    return _enough(text, enough=enough, codes=bench.codes_since(before))


async def vx_history(bench: Bench) -> Finding:
    """Ask for the bars of the VX future that settled last."""
    before = bench.refusals()
    first = sessions_before(bench.session, bench.calendar)[0]
    expiry = settled_between(first, bench.session, bench.calendar)[-1]
    bars = await bench.market.future_bars(expiry, bench.session)
    last = bars[-1].session if bars else None
    return _enough(
        f"VX of {expiry}: {len(bars)} bars to {last}",
        enough=last is not None and last >= bench.calendar.previous(expiry),
        codes=bench.codes_since(before),
    )


async def settlement_values(bench: Bench) -> Finding:
    """Ask for the bars of the settlement indexes."""
    return await _bars(bench, {"SET": 1, "VRO": 1})


async def _bars(bench: Bench, needed: Mapping[str, int]) -> Finding:
    counts = {name: len(await bench.bars(name)) for name in needed}
    text = ", ".join(f"{name} {count} bars" for name, count in counts.items())
    enough = all(count >= needed[name] for name, count in counts.items())
    codes = frozenset(code for name in needed for code in bench.bar_refusals[name])
    return _enough(text, enough=enough, codes=codes)


def _enough(text: str, *, enough: bool, codes: frozenset[int]) -> Finding:
    if enough:
        return holds(text)
    if HISTORY_REFUSED in codes or codes & PERMISSION_CODES:
        return not_permitted(f"{text}; error {max(codes)}")
    return differs(text + (f"; error {max(codes)}" if codes else ""))


async def spx_option_quotes(bench: Bench) -> Finding:
    """Quote both rights at the money."""
    series = await condor_expiry(bench)
    near = await bench.close("SPX") or USUAL_LEVEL["SPX"]
    return await _options(bench, series, near=near, rights=(Right.CALL, Right.PUT))


async def vix_option_quotes(bench: Bench) -> Finding:
    """Quote calls at the money of the near layer."""
    listed = await bench.series("VIX")
    layers = hedge_series(listed, bench.session, bench.calendar, bench.project.rules.hedge)
    if Layer.NEAR not in layers:
        return differs(f"no monthly VIX expiry among {len(listed)}")
    near = await bench.close("VIX") or USUAL_LEVEL["VIX"]
    return await _options(bench, layers[Layer.NEAR], near=near, rights=(Right.CALL,))


async def _options(
    bench: Bench, series: ListedSeries, *, near: float, rights: Iterable[Right]
) -> Finding:
    strikes = sorted(series.strikes, key=lambda strike: abs(strike - near))[:AT_THE_MONEY]
    before = bench.refusals()
    quotes = await bench.market.options(
        series.contract(strike, right) for strike in strikes for right in rights
    )
    good = sum(two_sided(quote) for quote in quotes.values())
    name = f"{series.trading_class} {series.expiry}"
    return bench.quoted([] if good else [name], f"{name}: {good} of {len(quotes)} quoted", before)


def two_sided(quote: Quote) -> bool:
    """Whether a quote is live, with a bid below its ask."""
    sides = quote.bid is not None and quote.ask is not None and quote.bid < quote.ask
    return sides and quote.feed is Feed.LIVE


async def vx_quotes(bench: Bench) -> Finding:
    """Quote all listed futures."""
    before = bench.refusals()
    curve = await bench.market.vx_curve()
    if not curve:
        return not_tested("no VX future is listed")
    missing = [_month(future) for future in curve if not two_sided(future.quote)]
    lacking = missing if len(missing) == len(curve) else []
    text = f"{len(curve) - len(missing)} of {len(curve)} months quoted"
    return bench.quoted(lacking, text, before)


def _month(future: FutureQuote) -> str:
    return f"VX {future.expiry:%Y-%m}"


CHECKS: Mapping[str, Callable[[Bench], Awaitable[Finding]]] = {
    "server_version": server_version,
    "clock": clock,
    "client_id_exclusive": client_id_exclusive,
    "option_dates": option_dates,
    "own_strikes": own_strikes,
    "option_ticks": option_ticks,
    "liquid_hours": liquid_hours,
    "expiry_day_close": expiry_day_close,
    "vx_listing": vx_listing,
    "index_levels": index_levels,
    "breadth": breadth,
    "daily_bars": daily_bars,
    "sector_bars": sector_bars,
    "vx_history": vx_history,
    "spx_option_quotes": spx_option_quotes,
    "vix_option_quotes": vix_option_quotes,
    "vx_quotes": vx_quotes,
    "settlement_values": settlement_values,
}
"""Test of each assumption by its key; orders have a story of their own (`trial`)."""


async def checked(bench: Bench, key: str) -> Finding:
    """Run one test; a refusal or a silence is a finding too.

    Raises
    ------
    GatewayUnavailableError
        If the connection is gone.
    """
    try:
        return await CHECKS[key](bench)
    except GatewayUnavailableError as silence:
        if not bench.broker.client.isConnected():
            raise
        return differs(str(silence))
    except MarketDataError as fault:
        code = refusal_code(fault)
        if code in PERMISSION_CODES or NO_PERMISSION in str(fault):
            return not_permitted(str(fault))
        return differs(str(fault))
