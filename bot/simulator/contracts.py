"""Contracts as the wire writes them: eleven fields out, twelve fields in.

Outgoing messages carry conId, symbol, secType, date, strike, right, multiplier, exchange,
currency, localSymbol, tradingClass. Incoming ones have primaryExchange after exchange; the
simulator reads past it. The date is the last trade date, never the settlement date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.simulator.instruments import ContractQuery

if TYPE_CHECKING:
    import datetime as dt

    from bot.simulator.instruments import Instrument
    from bot.simulator.wire import Field, Fields


def wire_date(date: dt.date | None) -> str:
    """Write a date as ``YYYYMMDD``; ``None`` is empty."""
    return date.isoformat().replace("-", "") if date else ""


def contract_fields(instrument: Instrument) -> tuple[Field, ...]:
    """Return the eleven fields of a contract on its way out."""
    return (
        instrument.con_id,
        instrument.symbol,
        instrument.sec_type,
        wire_date(instrument.last_trade),
        instrument.strike,
        instrument.right,
        instrument.multiplier,
        instrument.exchange,
        instrument.currency,
        instrument.local_symbol,
        instrument.trading_class,
    )


def read_contract(fields: Fields) -> ContractQuery:
    """Read the twelve fields of a contract that a client sent.

    Raises
    ------
    WireError
        If the number of the contract or the strike is not a number.
    """
    con_id, symbol, sec_type, date = fields.integer(), *fields.take(3)
    strike, right, multiplier = fields.number() or 0.0, fields.text(), fields.text()
    exchange, _primary, currency, local_symbol, trading_class = fields.take(5)
    return ContractQuery(
        con_id=con_id,
        symbol=symbol,
        sec_type=sec_type,
        last_trade=date.split(" ", maxsplit=1)[0],
        strike=strike,
        right=right,
        multiplier=multiplier,
        exchange=exchange,
        currency=currency,
        local_symbol=local_symbol,
        trading_class=trading_class,
    )
