"""Reference data: contract details, option parameters and market rules.

As at the broker: the date of an option is its last trade date, ``minTick`` is 0.05 for index
options whatever their true bands, and the bands are in the market rule. Hours are told for a
week ahead; a date that the market does not play is ``CLOSED``, and SPXW options close early on
the day they expire.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from bot.simulator import ticks
from bot.simulator.contracts import read_contract, wire_date
from bot.simulator.errors import NO_DEFINITION, NO_DEFINITION_TEXT, RequestRefusedError
from bot.simulator.hours import closing_time
from bot.simulator.wire import Message, Request

if TYPE_CHECKING:
    from bot.simulator.connection import Connection, Handler
    from bot.simulator.instruments import Instrument
    from bot.simulator.market import OptionSeries
    from bot.simulator.wire import Field, Fields
    from bot.simulator.world import World

DAYS_OF_HOURS: Final = 7
ORDER_TYPES: Final = "ACTIVETIM,ADJUST,ALERT,COND,DAY,GTC,LMT,MKT,NONALGO,WHATIF"
MULTIPLIER_DROPPED: Final = 164
"""Server version since which contract details lack their version and mdSizeMultiplier."""
SIZE_INCREMENT: Final = 163
"""The one server version that tells the suggested size increment alone."""
CHICAGO: Final = "America/Chicago"
NEW_YORK: Final = "America/New_York"


class ReferenceDesk:
    """Answers what is listed.

    Parameters
    ----------
    world
        The market and its instruments.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers of this desk by request number."""
        return {
            Request.CONTRACT_DETAILS: self.contract_details,
            Request.OPTION_PARAMETERS: self.option_parameters,
            Request.MARKET_RULE: self.market_rule,
        }

    def contract_details(self, client: Connection, fields: Fields) -> None:
        """Tell every instrument that fits the contract asked for."""
        req_id = fields.integer()
        query = read_contract(fields)
        found = self._world.instruments.match(query)
        if not found:
            raise RequestRefusedError(req_id, NO_DEFINITION, NO_DEFINITION_TEXT)
        hours: dict[tuple[str, str, dt.date | None], tuple[str, str]] = {}
        for instrument in found:
            kind = (instrument.sec_type, instrument.trading_class, instrument.expiry)
            if kind not in hours:
                hours[kind] = self._hours(instrument)
            details = self._details(instrument, req_id, version=client.version, hours=hours[kind])
            client.send(Message.CONTRACT_DETAILS, *details)
        client.send(Message.CONTRACT_DETAILS_END, 1, req_id)

    def _details(
        self, instrument: Instrument, req_id: int, *, version: int, hours: tuple[str, str]
    ) -> list[Field]:
        old = version < MULTIPLIER_DROPPED
        exchanges = _valid_exchanges(instrument)
        rules = ",".join(str(instrument.market_rule) for _ in exchanges)
        return [
            *((8,) if old else ()),
            req_id,
            instrument.symbol,
            instrument.sec_type,
            _last_trade(instrument),
            instrument.strike,
            instrument.right,
            instrument.exchange,
            instrument.currency,
            instrument.local_symbol,
            instrument.trading_class,  # market name
            instrument.trading_class,
            instrument.con_id,
            instrument.min_tick,
            *((100,) if old else ()),
            instrument.multiplier,
            ORDER_TYPES,
            ",".join(exchanges),
            1,  # price magnifier
            instrument.under_con_id,
            instrument.long_name,
            instrument.primary_exchange,
            instrument.contract_month,
            *(instrument.industry, "", ""),
            _zone(instrument),
            *hours,
            *("", 0, 0),  # economic value rule, its multiplier, number of security ids
            1,  # aggregation group
            instrument.under_symbol,
            instrument.under_sec_type,
            rules,
            wire_date(instrument.expiry),
            "ETF" if instrument.sec_type == "STK" else "",
            *_sizes(version),
        ]

    def _hours(self, instrument: Instrument) -> tuple[str, str]:
        """Return trading hours and liquid hours, which are the same here."""
        zone = ZoneInfo(_zone(instrument))
        today = self._world.now.astimezone(zone).date()
        dates = (today + dt.timedelta(days=n) for n in range(DAYS_OF_HOURS))
        text = ";".join(self._hours_of(instrument, date, zone) for date in dates)
        return text, text

    def _hours_of(self, instrument: Instrument, date: dt.date, zone: ZoneInfo) -> str:
        day = self._world.day(date)
        told = self._world.closes_told
        if day is None or (date in told and told[date] is None):
            return f"{date:%Y%m%d}:CLOSED"
        closing = told.get(date) or closing_time(instrument, day)
        opens, closes = day.open.astimezone(zone), closing.astimezone(zone)
        return f"{opens:%Y%m%d:%H%M}-{closes:%Y%m%d:%H%M}"

    def option_parameters(self, client: Connection, fields: Fields) -> None:
        """Tell expirations (last trade dates) and strikes of each class on an underlying."""
        req_id, symbol, _exchange, sec_type, con_id = (
            fields.integer(),
            *fields.take(3),
            fields.integer(),
        )
        under = self._world.instruments.by_con_id(con_id)
        if under is None or (under.symbol, under.sec_type) != (symbol, sec_type):
            text = f"Error validating request. Invalid contract id {con_id} of {symbol} {sec_type}"
            raise RequestRefusedError(req_id, 321, text)
        listing = self._world.market.series(symbol) if sec_type == "IND" else ()
        for trading_class in sorted({series.trading_class for series in listing}):
            of_class = [series for series in listing if series.trading_class == trading_class]
            for exchange in ("SMART", "CBOE"):
                parameters = _parameters(of_class)
                client.send(
                    Message.OPTION_PARAMETERS,
                    *(req_id, exchange, con_id, trading_class, "100"),
                    *parameters,
                )
        client.send(Message.OPTION_PARAMETERS_END, req_id)

    def market_rule(self, client: Connection, fields: Fields) -> None:
        """Tell the price bands of a rule; an unknown rule has none."""
        rule = fields.integer()
        bands = ticks.MARKET_RULES.get(rule, ())
        prices = [value for band in bands for value in band]
        client.send(Message.MARKET_RULE, rule, len(bands), *prices)


def _valid_exchanges(instrument: Instrument) -> tuple[str, ...]:
    if instrument.sec_type in {"OPT", "STK"}:
        return ("SMART", "CBOE" if instrument.sec_type == "OPT" else instrument.primary_exchange)
    return (instrument.exchange,)


def _last_trade(instrument: Instrument) -> str:
    """Return ``date time zone`` of the last trade; SPXW stops at 15:00 Chicago, the rest later."""
    if instrument.last_trade is None:
        return ""
    time = {"OPT": "15:15", "FUT": "08:00"}[instrument.sec_type]
    time = "15:00" if instrument.trading_class == "SPXW" else time
    return f"{wire_date(instrument.last_trade)} {time} {CHICAGO}"


def _zone(instrument: Instrument) -> str:
    return CHICAGO if instrument.sec_type in {"OPT", "FUT"} else NEW_YORK


def _sizes(version: int) -> tuple[Field, ...]:
    if version >= MULTIPLIER_DROPPED:
        return (1, 1, 1)
    return (1,) if version == SIZE_INCREMENT else ()


def _parameters(of_class: list[OptionSeries]) -> list[Field]:
    dates = sorted({wire_date(series.last_trade) for series in of_class})
    strikes = sorted({strike for series in of_class for strike in series.strikes})
    return [len(dates), *dates, len(strikes), *strikes]
