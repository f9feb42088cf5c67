"""The listing of the simulated venue: search by contract, contract numbers, quotes.

A search by date finds both an AM-settled SPX option and the SPXW option that expires on the
day before, for both trade for the last time on that day; only the trading class tells them
apart.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.core.model import OptionContract, Right
from bot.simulator.products import (
    BAG_CON_ID,
    EPOCH,
    FIXED,
    FUTURE_BIT,
    OPTION_BIT,
    STRIKE_STEP,
    Instrument,
    combo,
    decode_option,
    future,
    option,
    venues,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.simulator.market import Market, OptionSeries, SimQuote

__all__ = ["BAG_CON_ID", "ContractQuery", "Instrument", "Instruments", "combo", "venues"]

MONTH_DIGITS = 6
KEPT_CONTRACTS = 1024
"""Options whose form at the market is kept: more than any session asks for again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractQuery:
    """Fields of a contract as a client sent them; empty ones match everything.

    ``last_trade`` is ``YYYYMMDD`` or ``YYYYMM``; ``right`` may be ``C``, ``CALL``, ``P``, ``PUT``,
    and ``0`` or ``?`` for none.
    """

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    last_trade: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


class Instruments:
    """The listing of a market: search, contract numbers and quotes.

    An option or future stays known by its number after it left the listing, as long as this
    object lives: a position in it may still wait for its settlement value.

    Parameters
    ----------
    market
        The market behind the gateway.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        self._known: dict[int, Instrument] = dict(FIXED)
        self._contracts: dict[int, OptionContract] = {}

    def by_con_id(self, con_id: int) -> Instrument | None:
        """Return the instrument with that number, or ``None``."""
        if con_id not in self._known:
            found = self._numbered(con_id)
            if found is not None:
                self._known[con_id] = found
        return self._known.get(con_id)

    def match(self, query: ContractQuery) -> tuple[Instrument, ...]:
        """Return every listed instrument that fits the fields given, each once.

        The answer is routed where the query asks; a full option specification gives one.
        """
        return tuple(self.matching(query))

    def matching(self, query: ContractQuery) -> Iterator[Instrument]:
        """Yield what `match` returns, one by one: all options are some ten thousand."""
        for each in self._candidates(query):
            if _fits(each, query):
                yield _routed(each, query.exchange)

    def listed(self, instrument: Instrument) -> bool:
        """Return whether it is in the market's listing now."""
        fixed = instrument.con_id in FIXED
        return fixed or self._numbered(instrument.con_id) is not None

    def option_contract(self, instrument: Instrument) -> OptionContract:
        """Return the option as the market knows it.

        Raises
        ------
        ValueError
            If `instrument` is no option.
        """
        found = self._contracts.get(instrument.con_id)
        if found is None:
            if len(self._contracts) == KEPT_CONTRACTS:
                self._contracts.clear()
            found = self._contracts[instrument.con_id] = _option_contract(instrument)
        return found

    def quote(self, instrument: Instrument) -> SimQuote | None:
        """Return what the market quotes for it now, or ``None``."""
        if instrument.sec_type == "OPT":
            return self._market.option(self.option_contract(instrument))
        if instrument.sec_type == "FUT" and instrument.expiry is not None:
            return self._market.future(instrument.expiry)
        if instrument.sec_type == "STK":
            return self._market.stock(instrument.symbol)
        return self._market.index(instrument.symbol) if instrument.sec_type == "IND" else None

    def level(self, symbol: str) -> float | None:
        """Return the last value of the index `symbol`, or ``None``."""
        quote = self._market.index(symbol)
        return None if quote is None else quote.last

    def settlement(self, instrument: Instrument) -> float | None:
        """Return the final level that an option or a VX future settles to, once it is known.

        Raises
        ------
        ValueError
            If `instrument` does not expire.
        """
        if instrument.sec_type == "OPT":
            return self._market.settlement(self.option_contract(instrument))
        return self._market.settlement(_same_soq(instrument))

    def _candidates(self, query: ContractQuery) -> Iterator[Instrument]:
        if query.con_id:
            found = self.by_con_id(query.con_id)
            if found is not None and self.listed(found):
                yield found
            return
        if query.sec_type in {"", "IND", "STK"}:
            yield from FIXED.values()
        if query.sec_type in {"", "FUT"}:
            yield from (future(expiry) for expiry in self._market.futures())
        if query.sec_type in {"", "OPT"}:
            yield from self._options(query)

    def _options(self, query: ContractQuery) -> Iterator[Instrument]:
        for underlying in STRIKE_STEP:
            if query.symbol in {"", underlying}:
                for series in self._market.series(underlying):
                    if _series_fits(series, query):
                        yield from _contracts(series, query.strike)

    def _numbered(self, con_id: int) -> Instrument | None:
        if con_id & OPTION_BIT:
            return self._numbered_option(con_id)
        if con_id & FUTURE_BIT:
            expiry = EPOCH + dt.timedelta(days=con_id ^ FUTURE_BIT)
            return future(expiry) if expiry in self._market.futures() else None
        return None

    def _numbered_option(self, con_id: int) -> Instrument | None:
        trading_class, expiry, right, steps = decode_option(con_id)
        underlying = trading_class[:3]
        strike = steps * STRIKE_STEP[underlying]
        for series in self._market.series(underlying):
            if (series.trading_class, series.expiry) == (trading_class, expiry):
                listed = strike in series.strikes
                return option(_contract(series, strike, right)) if listed else None
        return None


def _contracts(series: OptionSeries, strike: float) -> Iterator[Instrument]:
    strikes = series.strikes
    if strike:
        strikes = (strike,) if strike in series.strikes else ()
    for each in strikes:
        for right in Right:
            yield option(_contract(series, each, right))


def _contract(series: OptionSeries, strike: float, right: Right) -> OptionContract:
    return OptionContract(
        underlying=series.underlying,
        trading_class=series.trading_class,
        expiry=series.expiry,
        last_trade=series.last_trade,
        strike=strike,
        right=right,
    )


def _same_soq(instrument: Instrument) -> OptionContract:
    """Return a VIX option that settles to the same opening quotation as a VX future."""
    if instrument.sec_type != "FUT" or instrument.expiry is None:
        raise ValueError(f"{instrument.symbol} {instrument.sec_type} does not settle")
    return OptionContract(
        underlying="VIX",
        trading_class="VIX",
        expiry=instrument.expiry,
        last_trade=instrument.expiry - dt.timedelta(days=1),
        strike=0.0,
        right=Right.CALL,
    )


def _option_contract(instrument: Instrument) -> OptionContract:
    if instrument.sec_type != "OPT" or not instrument.expiry or not instrument.last_trade:
        raise ValueError(f"{instrument.symbol} {instrument.sec_type} is no option")
    return OptionContract(
        underlying=instrument.symbol,
        trading_class=instrument.trading_class,
        expiry=instrument.expiry,
        last_trade=instrument.last_trade,
        strike=instrument.strike,
        right=Right(instrument.right),
        con_id=instrument.con_id,
    )


def _series_fits(series: OptionSeries, query: ContractQuery) -> bool:
    same_class = query.trading_class in {"", series.trading_class}
    return same_class and _date_fits(series.last_trade, series.expiry, query.last_trade)


def _date_fits(last_trade: dt.date | None, expiry: dt.date | None, wanted: str) -> bool:
    if not wanted:
        return True
    if last_trade is None or expiry is None:
        return False
    if len(wanted) == MONTH_DIGITS:
        return f"{expiry:%Y%m}" == wanted
    return f"{last_trade:%Y%m%d}" == wanted


def _fits(instrument: Instrument, query: ContractQuery) -> bool:
    pairs = (
        (query.symbol, instrument.symbol),
        (query.sec_type, instrument.sec_type),
        (query.right[:1].strip("0?"), instrument.right),
        (query.multiplier, instrument.multiplier),
        (query.currency, instrument.currency),
        (query.local_symbol, instrument.local_symbol),
        (query.trading_class, instrument.trading_class),
    )
    return (
        all(not wanted or wanted == have for wanted, have in pairs)
        and query.strike in {0.0, instrument.strike}
        and query.exchange in {"", *venues(instrument)}
        and _date_fits(instrument.last_trade, instrument.expiry, query.last_trade)
    )


def _routed(instrument: Instrument, exchange: str) -> Instrument:
    if exchange in {"", instrument.exchange}:
        return instrument
    return replace(instrument, exchange=exchange)
