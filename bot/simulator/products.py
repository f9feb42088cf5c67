"""The products of the simulated venue: what an instrument is, and the number it has.

Contract numbers are codes, not counters: the same instrument has the same number in every run,
so a ledger written against one gateway process stays valid against the next, and no two
instruments can ever share one. For an option the 31 bits are, from the top::

    1 | trading class (2) | right (1) | expiry, days since 2000-01-01 (14) | strike step (13)

with strikes counted in steps of 2.5 points for SPX and 0.5 for VIX, the finest that is listed.

The date of a contract on the wire is its *last trade date*: the session before the settlement
date for SPX (AM), VIX and VIXW options; the settlement date itself for SPXW options and VX
futures.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.core.model import OptionContract, Right
from bot.simulator import ticks

BAG_CON_ID = 28812380
"""Number under which the broker shows every combo, whatever its legs."""

OPTION_CLASSES = ("SPX", "SPXW", "VIX", "VIXW")
STRIKE_STEP = {"SPX": 2.5, "VIX": 0.5}
EPOCH = dt.date(2000, 1, 1)
MONTH_CODES = "FGHJKMNQUVXZ"
OPTION_BIT = 1 << 30
FUTURE_BIT = 1 << 29
EXPIRY_SHIFT = 13
RIGHT_SHIFT = 27
CLASS_SHIFT = 28
MAX_STRIKE_STEP = (1 << EXPIRY_SHIFT) - 1
MAX_EXPIRY_DAYS = (1 << RIGHT_SHIFT - EXPIRY_SHIFT) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One listed instrument, in the words of the wire.

    Parameters
    ----------
    con_id
        The venue's number for it.
    sec_type
        ``IND``, ``STK``, ``OPT``, ``FUT`` or ``BAG``.
    exchange
        Where it is routed: ``SMART``, ``CBOE``, ``CFE``, ``NYSE``.
    multiplier
        As text, ``""`` where there is none.
    expiry
        Settlement date; ``None`` for what does not expire.
    last_trade
        The date the wire carries; see the module's rule.
    strike, right
        0.0 and ``""`` for what is no option; ``"?"`` is the right of a combo.
    min_tick
        What contract details claim (wrong for index options, as at the broker).
    market_rule
        Number of the rule that has the true price bands.
    under_con_id, under_symbol, under_sec_type
        The underlying; 0 and ``""`` where there is none.
    """

    con_id: int
    sec_type: str
    symbol: str
    exchange: str
    trading_class: str = ""
    currency: str = "USD"
    local_symbol: str = ""
    multiplier: str = ""
    expiry: dt.date | None = None
    last_trade: dt.date | None = None
    strike: float = 0.0
    right: str = ""
    min_tick: float = 0.01
    long_name: str = ""
    contract_month: str = ""
    primary_exchange: str = ""
    market_rule: int = ticks.CENT_RULE
    under_con_id: int = 0
    under_symbol: str = ""
    under_sec_type: str = ""
    industry: str = ""

    @property
    def dollars_per_point(self) -> int:
        """USD that one contract gains for one point of price."""
        return int(self.multiplier or 1)

    @property
    def tradable(self) -> bool:
        """Whether orders for it are possible at all: an index has none."""
        return self.sec_type != "IND"


INDEXES = (
    Instrument(
        con_id=416904,
        sec_type="IND",
        symbol="SPX",
        exchange="CBOE",
        local_symbol="SPX",
        trading_class="SPX",
        long_name="S&P 500 Stock Index",
        industry="Indices",
    ),
    Instrument(
        con_id=13455763,
        sec_type="IND",
        symbol="VIX",
        exchange="CBOE",
        local_symbol="VIX",
        trading_class="VIX",
        long_name="CBOE Volatility Index",
        industry="Indices",
    ),
    *(
        Instrument(
            con_id=con_id,
            sec_type="IND",
            symbol=symbol,
            exchange=exchange,
            local_symbol=symbol,
            trading_class=symbol,
            long_name=name,
            industry="Indices",
        )
        for con_id, symbol, exchange, name in (
            (20_000_001, "VIX9D", "CBOE", "CBOE 9-Day Volatility Index"),
            (20_000_002, "VIX3M", "CBOE", "CBOE 3-Month Volatility Index"),
            (20_000_003, "VVIX", "CBOE", "CBOE VIX Volatility Index"),
            (20_000_004, "SKEW", "CBOE", "CBOE SKEW Index"),
            (20_000_005, "AD-NYSE", "NYSE", "NYSE Advancing and Declining Issues"),
            (20_000_006, "SET", "CBOE", "S&P 500 Special Opening Quotation"),
            (20_000_007, "VRO", "CBOE", "CBOE Volatility Index Special Opening Quotation"),
        )
    ),
)
"""Indexes, numbered as at the broker where its number is public knowledge."""

STOCKS = tuple(
    Instrument(
        con_id=con_id,
        sec_type="STK",
        symbol=symbol,
        exchange="SMART",
        primary_exchange="ARCA",
        local_symbol=symbol,
        trading_class=symbol,
        long_name=name,
        industry="Funds",
    )
    for con_id, symbol, name in (
        (756733, "SPY", "SPDR S&P 500 ETF Trust"),
        (20_001_001, "XLB", "Materials Select Sector SPDR"),
        (20_001_002, "XLC", "Communication Services Select Sector SPDR"),
        (20_001_003, "XLE", "Energy Select Sector SPDR"),
        (20_001_004, "XLF", "Financial Select Sector SPDR"),
        (20_001_005, "XLI", "Industrial Select Sector SPDR"),
        (20_001_006, "XLK", "Technology Select Sector SPDR"),
        (20_001_007, "XLP", "Consumer Staples Select Sector SPDR"),
        (20_001_008, "XLRE", "Real Estate Select Sector SPDR"),
        (20_001_009, "XLU", "Utilities Select Sector SPDR"),
        (20_001_010, "XLV", "Health Care Select Sector SPDR"),
        (20_001_011, "XLY", "Consumer Discretionary Select Sector SPDR"),
    )
)
"""The shares that breadth falls back on."""

FIXED = {instrument.con_id: instrument for instrument in (*INDEXES, *STOCKS)}
UNDERLYINGS = {index.symbol: index for index in INDEXES if index.symbol in STRIKE_STEP}
OPTION_RULES = {
    "SPX": ticks.SPX_RULE,
    "SPXW": ticks.SPX_RULE,
    "VIX": ticks.VIX_RULE,
    "VIXW": ticks.CENT_RULE,
}


def option_con_id(contract: OptionContract) -> int:
    """Return the number of an option.

    Raises
    ------
    ValueError
        If the trading class is unknown, or the strike lies on no listed step.
    """
    steps = contract.strike / STRIKE_STEP[contract.underlying]
    if contract.trading_class not in OPTION_CLASSES or steps % 1 or steps > MAX_STRIKE_STEP:
        raise ValueError(
            f"no contract number for {contract.label()}: classes are {OPTION_CLASSES}, "
            f"strikes multiples of {STRIKE_STEP[contract.underlying]} up to "
            f"{MAX_STRIKE_STEP * STRIKE_STEP[contract.underlying]:g}"
        )
    return (
        OPTION_BIT
        | OPTION_CLASSES.index(contract.trading_class) << CLASS_SHIFT
        | (contract.right is Right.PUT) << RIGHT_SHIFT
        | (contract.expiry - EPOCH).days << EXPIRY_SHIFT
        | int(steps)
    )


def future_con_id(expiry: dt.date) -> int:
    """Return the number of the VX future that settles on `expiry`."""
    return FUTURE_BIT | (expiry - EPOCH).days


def option(contract: OptionContract) -> Instrument:
    """Return the instrument that lists `contract`."""
    under = UNDERLYINGS[contract.underlying]
    return Instrument(
        con_id=option_con_id(contract),
        sec_type="OPT",
        symbol=contract.underlying,
        exchange="SMART",
        trading_class=contract.trading_class,
        local_symbol=occ_symbol(contract),
        multiplier="100",
        expiry=contract.expiry,
        last_trade=contract.last_trade,
        strike=contract.strike,
        right=contract.right.value,
        min_tick=0.05,
        long_name=under.long_name,
        contract_month=f"{contract.expiry:%Y%m}",
        market_rule=OPTION_RULES[contract.trading_class],
        under_con_id=under.con_id,
        under_symbol=under.symbol,
        under_sec_type="IND",
        industry="Indices",
    )


def occ_symbol(contract: OptionContract) -> str:
    """Return the OCC symbol: root padded to 6, yymmdd, right, strike in mills (8 digits)."""
    mills = round(contract.strike * 1000)
    return f"{contract.trading_class:<6}{contract.expiry:%y%m%d}{contract.right.value}{mills:08d}"


def future(expiry: dt.date) -> Instrument:
    """Return the VX future that settles on `expiry`."""
    return Instrument(
        con_id=future_con_id(expiry),
        sec_type="FUT",
        symbol="VIX",
        exchange="CFE",
        trading_class="VX",
        local_symbol=f"VX{MONTH_CODES[expiry.month - 1]}{expiry.year % 10}",
        multiplier="1000",
        expiry=expiry,
        last_trade=expiry,
        min_tick=0.05,
        long_name="CBOE Volatility Index",
        contract_month=f"{expiry:%Y%m}",
        market_rule=ticks.NICKEL_RULE,
        under_con_id=UNDERLYINGS["VIX"].con_id,
        under_symbol="VIX",
        under_sec_type="IND",
        industry="Indices",
    )


def combo(symbol: str, exchange: str = "SMART") -> Instrument:
    """Return the BAG under which the broker shows a combo on `symbol`."""
    return Instrument(
        con_id=BAG_CON_ID,
        sec_type="BAG",
        symbol=symbol,
        exchange=exchange,
        trading_class="COMB",
        local_symbol=str(BAG_CON_ID),
        right="?",
        min_tick=0.05,
        market_rule=ticks.NICKEL_RULE,
    )


def decode_option(con_id: int) -> tuple[str, dt.date, Right, int]:
    """Return trading class, expiry, right and strike steps that an option's number stands for."""
    trading_class = OPTION_CLASSES[con_id >> CLASS_SHIFT & 0b11]
    right = Right.PUT if con_id >> RIGHT_SHIFT & 1 else Right.CALL
    expiry = EPOCH + dt.timedelta(days=con_id >> EXPIRY_SHIFT & MAX_EXPIRY_DAYS)
    return trading_class, expiry, right, con_id & MAX_STRIKE_STEP


def venues(instrument: Instrument) -> tuple[str, ...]:
    """Return the exchanges it may be routed to, the default first."""
    if instrument.sec_type == "OPT":
        return ("SMART", "CBOE")
    if instrument.sec_type == "STK":
        return ("SMART", instrument.primary_exchange)
    return (instrument.exchange,)
