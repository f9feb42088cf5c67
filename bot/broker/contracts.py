"""Our contracts in the broker's words, and back.

The broker dates a contract by its last trade date, which for SPX (AM), VIX and VIXW is the
session before the settlement date; SPXW trades on its settlement date itself. The date of a VX
future is its settlement date.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from bot.broker.client import ComboLeg, Contract, Future, Index, Option, Stock
from bot.core.model import OptionContract, Right
from bot.core.sessions import LAST_TRADE_ON_EXPIRY, TradingCalendar, expiry_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.core.book import Leg
    from bot.core.universe import ListedSeries

EXCHANGE_OF_INDEX = {"AD-NYSE": "NYSE"}
TRADED_CLASSES = frozenset({"SPX", "SPXW", "VIX", "VIXW"})

A_WEEK = dt.timedelta(days=7)
"""An expiry lies at most a week after its last trade date, and must be on the calendar."""


def parse_date(text: str) -> dt.date:
    """Return the date of the broker's ``YYYYMMDD[ time zone]``."""
    return dt.datetime.strptime(text.split(maxsplit=1)[0], "%Y%m%d").replace(tzinfo=dt.UTC).date()


def index_contract(symbol: str) -> Contract:
    """Return the index `symbol`, on Cboe but for the breadth counts."""
    return Index(symbol, EXCHANGE_OF_INDEX.get(symbol, "CBOE"), "USD")


def stock_contract(symbol: str) -> Contract:
    """Return the stock or ETF `symbol`."""
    return Stock(symbol, "SMART", "USD")


def vx_contract(expiry: dt.date | None = None) -> Contract:
    """Return the VX future that settles on `expiry`, or all of them when it is not given."""
    date = f"{expiry:%Y%m%d}" if expiry else ""
    return Future(
        symbol="VIX",
        lastTradeDateOrContractMonth=date,
        exchange="CFE",
        currency="USD",
        tradingClass="VX",
    )


def settled_vx_contract(expiry: dt.date) -> Contract:
    """Return the VX future of `expiry` so that it is found after it has settled too."""
    contract = vx_contract(expiry)
    contract.includeExpired = True
    return contract


def option_contract(contract: OptionContract, exchange: str) -> Contract:
    """Return the broker's form of `contract`, complete enough to be unique."""
    return Option(
        conId=contract.con_id,
        symbol=contract.underlying,
        lastTradeDateOrContractMonth=f"{contract.last_trade:%Y%m%d}",
        strike=contract.strike,
        right=contract.right.value,
        exchange=exchange,
        multiplier="100",
        currency="USD",
        tradingClass=contract.trading_class,
    )


def series_contract(series: ListedSeries, exchange: str) -> Contract:
    """Return the form that stands for all calls of one expiry."""
    return Option(
        symbol=series.underlying,
        lastTradeDateOrContractMonth=f"{series.last_trade:%Y%m%d}",
        right="C",
        exchange=exchange,
        multiplier="100",
        currency="USD",
        tradingClass=series.trading_class,
    )


def combo_contract(legs: Sequence[Leg], exchange: str) -> Contract:
    """Return one combo of `legs`, every one of them with its number known.

    Raises
    ------
    ValueError
        If a leg has no number: the broker would refuse the order.
    """
    nameless = [leg.contract.label() for leg in legs if not leg.contract.con_id]
    if nameless:
        raise ValueError(f"combo legs without a contract number: {nameless}; qualify them first")
    return Contract(
        secType="BAG",
        symbol=legs[0].contract.underlying,
        exchange=exchange,
        currency="USD",
        comboLegs=[
            ComboLeg(
                conId=leg.contract.con_id,
                ratio=abs(leg.ratio),
                action="BUY" if leg.ratio > 0 else "SELL",
                exchange=exchange,
            )
            for leg in legs
        ],
    )


def _expiry(trading_class: str, last_trade: dt.date, calendar: TradingCalendar) -> dt.date:
    """Return the settlement date, also where a closure was announced for the last trade date.

    The broker may list the old date for a while; what is held then keeps the name it was bought
    under, and is not priced.
    """
    if calendar.is_session(last_trade):
        return expiry_of(trading_class, last_trade, calendar)
    return last_trade if trading_class in LAST_TRADE_ON_EXPIRY else calendar.on_or_after(last_trade)


def our_contract(contract: Contract, calendar: TradingCalendar) -> OptionContract | None:
    """Return the option that the broker's `contract` names; ``None`` if we do not trade it.

    One that expires beyond the calendar cannot be dated, and is never ours.
    """
    if contract.secType != "OPT" or contract.tradingClass not in TRADED_CLASSES:
        return None
    last_trade = parse_date(contract.lastTradeDateOrContractMonth)
    if not calendar.covers(last_trade + A_WEEK):
        return None
    return OptionContract(
        underlying=contract.symbol,
        trading_class=contract.tradingClass,
        expiry=_expiry(contract.tradingClass, last_trade, calendar),
        last_trade=last_trade,
        strike=float(contract.strike),
        right=Right(contract.right[:1]),
        con_id=contract.conId,
    )
