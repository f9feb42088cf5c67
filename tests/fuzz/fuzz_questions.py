"""Everything that the bot asks of a gateway, each with what may be believed of an answer."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from line_market import EXPIRY, QUOTES, call, condor_legs

from bot.broker import orders
from bot.broker.market_data import MarketData
from bot.broker.orders import Ticket
from bot.core.book import Leg

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable

    from bot.broker.session import Broker
    from bot.core.model import OptionContract, Quote

    Question = Callable[[Broker], Awaitable[None]]

SESSION: Final = EXPIRY


def ticket(reference: str = "fuzz") -> Ticket:
    """Return an order for one VIX call at a price that does not fill."""
    return Ticket(
        order_ref=reference,
        legs=(Leg(contract=call(15.0), ratio=1),),
        quantity=1,
        net_price=Decimal("2.40"),
    )


async def place(broker: Broker) -> None:
    """Place an order, change it, and ask what another one would cost."""
    working = orders.place(broker, ticket())
    orders.reprice(broker, working, Decimal("2.45"))
    await what_if(broker)
    orders.cancel(broker, working)
    await sweep(broker)


async def time(broker: Broker) -> None:
    """Ask for the time."""
    told: dt.datetime = await broker.time()
    assert told.tzinfo is not None


async def account(broker: Broker) -> None:
    """Ask for the account: every amount is finite or unknown."""
    facts = await broker.refresh_account()
    _finite(facts.net_liquidation_usd, facts.cash_usd, facts.excess_liquidity_usd)


async def positions(broker: Broker) -> None:
    """Ask for the positions: whole contracts, none of them zero."""
    for position in await broker.positions():
        assert type(position.quantity) is int
        assert position.quantity


async def sweep(broker: Broker) -> None:
    """Ask for orders and executions: whole contracts at finite prices, at a time in UTC."""
    swept = await orders.sweep(broker)
    for execution in swept.executions:
        assert type(execution.quantity) is int
        _finite(execution.price, execution.commission_usd)
        assert execution.at.utcoffset() is not None
    for order in swept.orders:
        assert type(order.perm_id) is int
        assert isinstance(order.order_ref, str)


async def what_if(broker: Broker) -> None:
    """Ask for a margin: finite or unknown."""
    margin = await orders.what_if(broker, ticket("preview"))
    _finite(*(getattr(margin, field.name) for field in dataclasses.fields(margin)))


async def options(broker: Broker) -> None:
    """Ask for quotes: every price is positive and finite, or unknown."""
    for quote in (await MarketData(broker).options(QUOTES)).values():
        _is_quote(quote)


async def levels(broker: Broker) -> None:
    """Ask for the indexes, breadth and the VX curve."""
    market = MarketData(broker)
    for index in await market.indexes():
        assert index.last is None or 0 < index.last < math.inf
    for future in await market.vx_curve():
        _is_quote(future.quote)


async def contracts(broker: Broker) -> None:
    """Ask for contracts by name, series and hours."""
    market = MarketData(broker)
    wanted: list[OptionContract] = [call(15.0), *(leg.contract for leg in condor_legs(EXPIRY))]
    for found, asked in zip(await market.qualify(wanted), wanted, strict=True):
        assert found == asked
        assert type(found.con_id) is int
    await market.liquid_hours(SESSION)
    for series in await market.series("VIX"):
        assert all(map(math.isfinite, series.strikes))
        await market.with_own_strikes(series)


async def bars(broker: Broker) -> None:
    """Ask for daily bars."""
    for bar in await MarketData(broker).index_bars("SPX", SESSION):
        assert bar.session < SESSION


QUESTIONS: Final[tuple[Question, ...]] = (
    time,
    account,
    positions,
    sweep,
    what_if,
    options,
    levels,
    contracts,
    bars,
)


def _finite(*amounts: Decimal | None) -> None:
    for amount in amounts:
        assert amount is None or amount.is_finite(), amount


def _is_quote(quote: Quote) -> None:
    for side in (quote.bid, quote.ask, quote.bid_size, quote.ask_size, quote.last):
        assert side is None or 0 < side < math.inf, quote
