"""What the broker says a contract is: dates, price bands and hours, as frozen facts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.broker.contracts import parse_date
from bot.core.errors import MarketDataError

if TYPE_CHECKING:
    from bot.broker.client import Contract, ContractDetails
    from bot.broker.session import Broker

CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Opening hours of one date in UTC; both ``None`` when the broker says that it is closed."""

    date: dt.date
    open: dt.datetime | None
    close: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFact:
    """One contract as the broker describes it.

    Parameters
    ----------
    symbol, trading_class, con_id
        What it is.
    last_trade
        The date that names the contract on the wire.
    real_expiry
        The date of settlement, where the broker says it.
    market_rules
        Number of the market rule by exchange.
    liquid_hours
        Regular hours of the days ahead.
    """

    symbol: str
    trading_class: str
    con_id: int
    last_trade: dt.date | None
    real_expiry: dt.date | None
    market_rules: dict[str, int]
    liquid_hours: tuple[Hours, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBand:
    """Increment of prices from `low_edge` up to the next band, in points."""

    low_edge: Decimal
    increment: Decimal


async def contract_facts(broker: Broker, contract: Contract) -> tuple[ContractFact, ...]:
    """Ask for everything that fits `contract`.

    Raises
    ------
    MarketDataError
        If the broker refuses, or says something that cannot be read.
    GatewayUnavailableError
        If it does not answer in time.
    """
    request = broker.client.reqContractDetailsAsync(contract)
    found = await broker.ask(f"contract details of {contract.symbol}", request)
    return tuple(contract_fact(details) for details in found)


async def price_bands(broker: Broker, rule: int) -> tuple[PriceBand, ...]:
    """Ask for the price bands of a market rule, lowest first.

    Raises
    ------
    MarketDataError
        If there is no answer, which for this request is an answer too.
    """
    bands = await broker.ask(f"market rule {rule}", broker.client.reqMarketRuleAsync(rule))
    if not bands:
        raise MarketDataError(f"market rule {rule}: the broker knows no price bands")
    return tuple(
        PriceBand(low_edge=Decimal(str(band.lowEdge)), increment=Decimal(str(band.increment)))
        for band in bands
    )


def contract_fact(details: ContractDetails) -> ContractFact:
    """Return the broker's description of a contract.

    Raises
    ------
    MarketDataError
        If it has no contract, or its dates or hours cannot be read.
    """
    contract = details.contract
    if contract is None:
        raise MarketDataError(f"contract details without a contract: {details}")
    exchanges = details.validExchanges.split(",")
    rules = [int(rule) for rule in details.marketRuleIds.split(",") if rule]
    try:
        return ContractFact(
            symbol=contract.symbol,
            trading_class=contract.tradingClass,
            con_id=contract.conId,
            last_trade=_date(contract.lastTradeDateOrContractMonth),
            real_expiry=_date(details.realExpirationDate),
            market_rules=dict(zip(exchanges, rules, strict=False)),
            liquid_hours=parse_hours(details.liquidHours, details.timeZoneId),
        )
    except ValueError as fault:
        raise MarketDataError(f"contract details of {contract.localSymbol}: {fault}") from fault


def parse_hours(text: str, zone: str) -> tuple[Hours, ...]:
    """Read ``20240119:0830-20240119:1515;20240120:CLOSED`` of a time zone.

    A date with two spans opens with the first and closes with the last.

    Raises
    ------
    ValueError
        If a part of it is neither a span nor ``CLOSED``, or the zone is unknown.
    """
    days: dict[dt.date, Hours] = {}
    for part in filter(None, text.split(";")):
        found = _hours(part, ZoneInfo(zone))
        earlier = days.get(found.date)
        opens = earlier.open if earlier and earlier.open else found.open
        days[found.date] = Hours(date=found.date, open=opens, close=found.close)
    return tuple(days.values())


def _hours(part: str, zone: ZoneInfo) -> Hours:
    first, _, last = part.partition("-")
    date = parse_date(first[:8])
    if first[9:] == CLOSED:
        return Hours(date=date, open=None, close=None)
    opens, closes = (_instant(text, zone) for text in (first, last))
    return Hours(date=closes.astimezone(zone).date(), open=opens, close=closes)


def _instant(text: str, zone: ZoneInfo) -> dt.datetime:
    local = dt.datetime.strptime(text, "%Y%m%d:%H%M").replace(tzinfo=zone)
    return local.astimezone(dt.UTC)


def _date(text: str) -> dt.date | None:
    return parse_date(text) if text else None
