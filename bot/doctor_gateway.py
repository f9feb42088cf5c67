"""What a session needs of the gateway: clock, permission to order, hours and market data."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.broker import orders
from bot.broker.market_data import MarketData
from bot.broker.orders import Ticket
from bot.clock import new_york
from bot.core.book import Leg
from bot.core.errors import GatewayUnavailableError, MarketDataError
from bot.core.hours import dispute
from bot.core.model import Feed, OptionContract, Right
from bot.core.sessions import is_monthly_vix_expiry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.broker.session import Broker
    from bot.core.model import IndexLevel, Quote, Session
    from bot.core.universe import ListedSeries

SKEW_SECONDS: Final = 2.0
BARS_NEEDED: Final = 300
DAYS_OUT: Final = 20
"""The series that is quoted and ordered on trial expires at least so many days from now."""

STRIKES_TRIED: Final = 5
MARKET_RULE: Final = "or check again in market hours (09:30 to 16:00 New York)"
READ_ONLY: Final = "error 321"
SHARE: Final = "share the market data with the paper user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was tested.

    Parameters
    ----------
    name
        What was tested.
    passed
        ``None`` where it cannot be told while the market is closed.
    text
        What was found, and the remedy where it did not pass.
    """

    name: str
    passed: bool | None
    text: str


async def examine_gateway(broker: Broker) -> AsyncIterator[Finding]:
    """Test a synchronised connection."""
    market = MarketData(broker)
    session = new_york(broker.clock.now()).date()
    yield await _clock(broker)
    yield await _hours(broker, market, session)
    is_open = market_open(broker, session)
    levels = await market.indexes()
    for level in levels:
        yield _index(level, is_open=is_open)
    for symbol in ("SPX", "VIX"):
        yield await _bars(market, symbol, session)
    yield await _breadth(market, session)
    yield await _curve(market, is_open=is_open)
    for underlying in ("SPX", "VIX"):
        spot = next(level.last for level in levels if level.symbol == underlying)
        async for finding in _options(market, underlying, session, spot, is_open=is_open):
            yield finding


def market_open(broker: Broker, session: Session) -> bool:
    """Whether regular hours run now."""
    if not broker.calendar.is_session(session):
        return False
    day = broker.calendar.day(session)
    return day.open <= broker.clock.now() < day.close


def _told(*, live: bool, is_open: bool) -> bool | None:
    """Return whether live data came; while the market is closed their absence tells nothing."""
    return live if live or is_open else None


async def _clock(broker: Broker) -> Finding:
    skew = broker.clock.real_seconds(
        abs((await broker.time() - broker.clock.now()).total_seconds())
    )
    text = f"{skew:.1f} s from the gateway's"
    if skew > SKEW_SECONDS:
        text += ": set this machine's clock by NTP; no entries are made until then"
    return Finding(name="clock", passed=skew <= SKEW_SECONDS, text=text)


async def _hours(broker: Broker, market: MarketData, session: Session) -> Finding:
    """Hold the broker's hours of the current or next session against the calendar's."""
    day = broker.calendar.day(broker.calendar.on_or_after(session))
    text = dispute(day, await market.liquid_hours(day.session))
    remedy = "; no entries: write schedule.closures or schedule.half_days if the broker is right"
    return Finding(
        name="hours",
        passed=text is None,
        text=f"{text}{remedy}" if text else f"{day.session}: broker and calendar agree",
    )


def _index(level: IndexLevel, *, is_open: bool) -> Finding:
    live = level.last is not None and level.feed is Feed.LIVE
    text = f"{level.last:g}" if live else f"{level.feed.value} {level.last}: subscribe to Cboe "
    if not live:
        text += f"Streaming Market Indexes and {SHARE}, {MARKET_RULE}"
    passed = _told(live=live, is_open=is_open)
    return Finding(name=f"index {level.symbol}", passed=passed, text=text)


async def _bars(market: MarketData, symbol: str, session: Session) -> Finding:
    count = len(await market.index_bars(symbol, session))
    text = f"{count} of {BARS_NEEDED} needed"
    if count < BARS_NEEDED:
        text += f": subscribe to the index and {SHARE}; signals are unknown until then"
    return Finding(name=f"daily bars {symbol}", passed=count >= BARS_NEEDED, text=text)


async def _breadth(market: MarketData, session: Session) -> Finding:
    found = await market.breadth_now(session)
    known = f"AD-NYSE: {found.advances:g} up, {found.declines:g} down" if found else ""
    text = known or "AD-NYSE unknown: the sector ETFs take its place, if their bars are permitted"
    return Finding(name="breadth", passed=True, text=text)


async def _curve(market: MarketData, *, is_open: bool) -> Finding:
    curve = await market.vx_curve()
    live = sum(_two_sided(future.quote) for future in curve)
    text = f"{live} of {len(curve)} quoted live on both sides"
    if not live:
        text += f": subscribe to CFE (VX futures) and {SHARE}, {MARKET_RULE}; no hedge is bought"
    return Finding(name="VX futures", passed=_told(live=live > 0, is_open=is_open), text=text)


async def _options(
    market: MarketData, underlying: str, session: Session, spot: float | None, *, is_open: bool
) -> AsyncIterator[Finding]:
    """Quote a few strikes of one series, and ask for the margin of one of them."""
    listed = await market.series(underlying)
    name = f"option series {underlying}"
    yield Finding(name=name, passed=bool(listed), text=f"{len(listed)} expiries listed")
    series = _on_trial(market, listed, session)
    if series is None:
        return
    contracts = _calls(await market.with_own_strikes(series), spot)
    quotes = await market.options(contracts)
    live = [contract for contract in contracts if _two_sided(quotes[contract])]
    text = (
        f"{len(live)} of {len(contracts)} of {series.trading_class} {series.expiry} on both sides"
    )
    if not live:
        text += f": subscribe to OPRA (US options) and {SHARE}, {MARKET_RULE}"
    passed = _told(live=bool(live), is_open=is_open)
    yield Finding(name=f"option quotes {underlying}", passed=passed, text=text)
    if underlying == "VIX":
        yield await _permission(market, contracts[0])


def _on_trial(
    market: MarketData, listed: Sequence[ListedSeries], session: Session
) -> ListedSeries | None:
    """Return the first series that is far enough away; of VIX a monthly one."""
    calendar = market.broker.calendar
    return next(
        (
            series
            for series in listed
            if (series.expiry - session).days >= DAYS_OUT
            and (series.underlying != "VIX" or is_monthly_vix_expiry(series.expiry, calendar))
        ),
        None,
    )


def _calls(series: ListedSeries, spot: float | None) -> list[OptionContract]:
    """Return calls of the strikes nearest to `spot`, or of the middle ones."""
    middle = series.strikes[len(series.strikes) // 2] if spot is None else spot
    nearest = sorted(series.strikes, key=lambda strike: abs(strike - middle))[:STRIKES_TRIED]
    return [
        OptionContract(
            underlying=series.underlying,
            trading_class=series.trading_class,
            expiry=series.expiry,
            last_trade=series.last_trade,
            strike=strike,
            right=Right.CALL,
        )
        for strike in nearest
    ]


async def _permission(market: MarketData, contract: OptionContract) -> Finding:
    """Ask what one call would do to margin: the gateway refuses that too when it is read-only."""
    try:
        (qualified,) = await market.qualify([contract])
        legs = (Leg(contract=qualified, ratio=1),)
        ticket = Ticket(order_ref="check", legs=legs, quantity=1, net_price=Decimal("0.05"))
        margin = await orders.what_if(market.broker, ticket)
    except (MarketDataError, GatewayUnavailableError) as fault:
        remedy = "switch Read-Only API off in the gateway's API settings"
        what = remedy if READ_ONLY in str(fault) else "see the gateway's log"
        return Finding(name="orders", passed=False, text=f"what-if refused: {fault}: {what}")
    known = margin.initial_margin_change_usd is not None
    text = "what-if answered" if known else "what-if without margin: new risk is refused"
    return Finding(name="orders", passed=known, text=text)


def _two_sided(quote: Quote) -> bool:
    return quote.feed is Feed.LIVE and quote.bid is not None and quote.ask is not None
