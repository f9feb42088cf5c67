"""A small coherent market for tests, made with Black-76, and books to go with it.

Monday 2026-07-20, SPX 6300, VIX 17, everything known and calm. SPXW is quoted for 2026-07-31,
2026-08-21 (32 DTE, on a 5-point grid) and 2026-08-28; monthly VIX calls for eight months, each
with its VX future. By the rules' defaults the layers lie in 2026-08-19 (30 DTE), 2026-11-18
(121) and 2027-02-17 (212).
"""

from __future__ import annotations

import datetime as dt
import functools
import math
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from bot.core.book import Book, Condor, HedgeLot, Layer, Leg, Tier
from bot.core.model import (
    BreadthDay,
    BreadthSeries,
    BreadthSource,
    DailyBar,
    EventTable,
    Feed,
    FutureQuote,
    IndexLevel,
    MarketSnapshot,
    OptionContract,
    OptionQuote,
    Quote,
    Right,
    TradingDay,
)
from bot.core.pricing import price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SESSION: Final = dt.date(2026, 7, 20)
SPX: Final = 6300.0
RATE: Final = 0.04
NAV: Final = Decimal(1_000_000)

MAIN_EXPIRY: Final = dt.date(2026, 8, 21)
SPXW_EXPIRIES: Final = {dt.date(2026, 7, 31): 25.0, MAIN_EXPIRY: 5.0, dt.date(2026, 8, 28): 25.0}
"""SPXW expiries with their strike grid."""

NEAR_EXPIRY, MID_EXPIRY, FAR_EXPIRY = (
    dt.date(2026, 8, 19),
    dt.date(2026, 11, 18),
    dt.date(2027, 2, 17),
)
VX: Final = {
    dt.date(2026, 7, 22): 17.3,
    NEAR_EXPIRY: 18.5,
    dt.date(2026, 9, 16): 19.3,
    dt.date(2026, 10, 21): 19.9,
    MID_EXPIRY: 20.2,
    dt.date(2026, 12, 16): 20.4,
    dt.date(2027, 1, 20): 20.7,
    FAR_EXPIRY: 20.9,
    dt.date(2027, 3, 17): 21.0,
}
"""Monthly VIX expiries with the level of their VX future."""

_HOLIDAYS: Final = {
    2025: "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25",
    2026: "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
    2027: "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24",
    2028: "01-17 02-21 04-14 05-29 06-19 07-04",
}
_NEW_YORK: Final = ZoneInfo("America/New_York")


def sessions_between(first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
    """Sessions from `first` to `last`, by the holidays written down above."""
    days = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(
        day for day in days if day.weekday() < 5 and f"{day:%m-%d}" not in _HOLIDAYS[day.year]
    )


def trading_day(session: dt.date) -> TradingDay:
    """A full trading day."""

    def at(hour: int, minute: int) -> dt.datetime:
        local = dt.datetime.combine(session, dt.time(hour, minute), tzinfo=_NEW_YORK)
        return local.astimezone(dt.UTC)

    return TradingDay(session=session, open=at(9, 30), close=at(16, 15), half_day=False)


@functools.cache
def calendar_days() -> tuple[TradingDay, ...]:
    """One year before the session to two years after it."""
    days = sessions_between(SESSION - dt.timedelta(days=365), SESSION + dt.timedelta(days=730))
    return tuple(trading_day(day) for day in days)


def _bars(level: float, swing: float, drift: float) -> tuple[DailyBar, ...]:
    """About 320 bars up to the session before, ending near `level`, on an upswing."""
    past = [day for day in sessions_between(dt.date(2025, 4, 1), SESSION) if day < SESSION]
    bars = []
    for ago, session in enumerate(reversed(past)):
        close = level * math.exp(-drift * ago + swing * math.sin(1.2 - ago / 6))
        bars.append(
            DailyBar(
                session=session, open=close, high=close * 1.004, low=close * 0.996, close=close
            )
        )
    return tuple(reversed(bars))


def _breadth() -> BreadthSeries:
    past = [day for day in sessions_between(dt.date(2026, 1, 2), SESSION) if day < SESSION]
    return BreadthSeries(
        source=BreadthSource.NYSE,
        days=tuple(
            BreadthDay(
                session=session,
                advances=1500 + 250 * math.sin(1.2 - ago / 6),
                declines=1400 - 250 * math.sin(1.2 - ago / 6),
            )
            for ago, session in reversed(list(enumerate(reversed(past))))
        ),
    )


def _years(expiry: dt.date) -> float:
    return ((expiry - SESSION).days + 0.02) / 365


def quote_around(value: float, tick: Callable[[float], float], share: float = 0.02) -> Quote:
    """A two-sided market on ticks round `value`; no bid where it would be 0."""
    half = max(share * value, tick(value) / 2)
    step = tick(value)
    bid = math.floor((value - half) / step + 1e-9) * step
    ask = math.ceil((value + half) / step - 1e-9) * step
    return Quote(bid=round(bid, 2) or None, ask=round(ask, 2), bid_size=50, ask_size=50)


def spx_tick(value: float) -> float:
    """Increment of SPX options."""
    return 0.05 if value < 3 else 0.10


def vix_tick(value: float) -> float:
    """Increment of monthly VIX options."""
    return 0.01 if value < 3 else 0.05


def spxw(strike: float, right: Right, expiry: dt.date = MAIN_EXPIRY) -> OptionContract:
    """An SPXW option."""
    return OptionContract(
        underlying="SPX",
        trading_class="SPXW",
        expiry=expiry,
        last_trade=expiry,
        strike=strike,
        right=right,
    )


def vix_call(strike: float, expiry: dt.date) -> OptionContract:
    """A monthly VIX call; it last trades in the session before its expiry."""
    return OptionContract(
        underlying="VIX",
        trading_class="VIX",
        expiry=expiry,
        last_trade=sessions_between(expiry - dt.timedelta(days=7), expiry)[-2],
        strike=strike,
        right=Right.CALL,
    )


def spx_vol(strike: float, forward: float, years: float) -> float:
    """A smile: steep below the money, flat above it."""
    moneyness = math.log(strike / forward) / math.sqrt(years)
    return max(0.09, 0.145 - 0.22 * moneyness)


def vix_vol(strike: float, forward: float, years: float) -> float:
    """Falls with maturity, rises with the strike."""
    return (0.50 + 0.55 * math.exp(-3 * years)) * (1 + 0.35 * math.log(strike / forward))


def _spxw_quotes(expiry: dt.date, grid: float) -> list[OptionQuote]:
    years = _years(expiry)
    forward, discount = SPX * math.exp(RATE * years), math.exp(-RATE * years)
    strikes = np.arange(math.ceil(0.84 * SPX / grid), math.floor(1.09 * SPX / grid)) * grid
    quotes = []
    for right in Right:
        sign = 1 if right is Right.CALL else -1
        for strike in (float(k) for k in strikes if sign * (k - SPX) > -60):
            value = float(
                price(
                    forward,
                    strike,
                    years,
                    discount,
                    spx_vol(strike, forward, years),
                    right is Right.CALL,
                )
            )
            contract = spxw(strike, right, expiry)
            quotes.append(OptionQuote(contract=contract, quote=quote_around(value, spx_tick)))
    return quotes


def _vix_quotes(expiry: dt.date, forward: float) -> list[OptionQuote]:
    years = _years(expiry)
    discount = math.exp(-RATE * years)
    strikes = [*np.arange(12, 24, 0.5), *np.arange(24, 40, 1.0), *np.arange(40, 85, 5.0)]
    quotes = []
    for strike in map(float, strikes):
        value = float(
            price(forward, strike, years, discount, vix_vol(strike, forward, years), True)
        )
        quotes.append(
            OptionQuote(contract=vix_call(strike, expiry), quote=quote_around(value, vix_tick))
        )
    return quotes


EVENTS: Final = EventTable(
    fomc=(dt.date(2026, 6, 17), dt.date(2026, 7, 29), dt.date(2026, 12, 9)),
    cpi=(dt.date(2026, 7, 14), dt.date(2026, 8, 12), dt.date(2026, 12, 10)),
    ppi=(dt.date(2026, 7, 15), dt.date(2026, 8, 13), dt.date(2026, 12, 11)),
)

LEVELS: Final = {"SPX": SPX, "VIX": 17.0, "VIX9D": 15.8, "VIX3M": 19.4, "VVIX": 92.0, "SKEW": 140.0}


@functools.cache
def market() -> MarketSnapshot:
    """The market described at the top."""
    options = [q for expiry, grid in SPXW_EXPIRIES.items() for q in _spxw_quotes(expiry, grid)]
    options += [q for expiry, level in VX.items() for q in _vix_quotes(expiry, level)]
    return MarketSnapshot(
        session=SESSION,
        taken_at=dt.datetime(2026, 7, 20, 19, 30, tzinfo=dt.UTC),
        calendar=calendar_days(),
        indexes=tuple(IndexLevel(symbol=name, last=last) for name, last in LEVELS.items()),
        spx_bars=_bars(SPX, swing=0.012, drift=0.0004),
        vix_bars=_bars(17.0, swing=-0.06, drift=0.0),
        breadth=_breadth(),
        options=tuple(options),
        vx_curve=tuple(
            FutureQuote(expiry=expiry, quote=Quote(bid=level - 0.05, ask=level + 0.05))
            for expiry, level in VX.items()
        ),
        rate=RATE,
        events=EVENTS,
    )


def with_level(snapshot: MarketSnapshot, symbol: str, last: float | None) -> MarketSnapshot:
    """`snapshot` with another level of one index."""
    return replace(
        snapshot,
        indexes=tuple(
            replace(index, last=last) if index.symbol == symbol else index
            for index in snapshot.indexes
        ),
    )


def with_quote(
    snapshot: MarketSnapshot, contract: OptionContract, quote: Quote | None
) -> MarketSnapshot:
    """`snapshot` with another quote of one contract, or with none."""
    others = tuple(option for option in snapshot.options if option.contract != contract)
    added = () if quote is None else (OptionQuote(contract=contract, quote=quote),)
    return replace(snapshot, options=others + added)


def with_feed(snapshot: MarketSnapshot, feed: Feed) -> MarketSnapshot:
    """`snapshot` with every option quote from `feed`."""
    return replace(
        snapshot,
        options=tuple(
            replace(option, quote=replace(option.quote, feed=feed)) for option in snapshot.options
        ),
    )


def without_options(
    snapshot: MarketSnapshot, dropped: Callable[[OptionContract], bool]
) -> MarketSnapshot:
    """`snapshot` without the options that `dropped` names."""
    kept = tuple(option for option in snapshot.options if not dropped(option.contract))
    return replace(snapshot, options=kept)


def condor(
    strikes: tuple[float, float, float, float] = (5800.0, 5925.0, 6550.0, 6675.0),
    *,
    quantity: int = 1,
    credit: str = "8.00",
    expiry: dt.date = MAIN_EXPIRY,
    opened: dt.date = dt.date(2026, 7, 13),
) -> Condor:
    """An open condor; `strikes` from the long put up."""
    rights = (Right.PUT, Right.PUT, Right.CALL, Right.CALL)
    low, short_put, short_call, high = (
        spxw(strike, right, expiry) for strike, right in zip(strikes, rights, strict=True)
    )
    return Condor(
        structure_id=f"balanced-{opened:%Y%m%d}",
        tier=Tier.BALANCED,
        opened=opened,
        legs=(
            Leg(contract=low, ratio=1),
            Leg(contract=short_put, ratio=-1),
            Leg(contract=short_call, ratio=-1),
            Leg(contract=high, ratio=1),
        ),
        quantity=quantity,
        credit_points=Decimal(credit),
    )


def lot(
    layer: Layer,
    *,
    expiry: dt.date,
    quantity: int,
    strike: float = 20.0,
    opened: dt.date = dt.date(2026, 7, 1),
) -> HedgeLot:
    """A hedge lot."""
    return HedgeLot(
        lot_id=f"{layer.value}-{opened:%Y%m%d}",
        layer=layer,
        contract=vix_call(strike, expiry),
        quantity=quantity,
        bought=quantity,
        cost_points=Decimal("2.00"),
        opened=opened,
        extrinsic_points=2.0,
    )


def hedged(units: int = 1) -> tuple[HedgeLot, ...]:
    """Lots that make up `units`, none of them due."""
    return (
        lot(Layer.NEAR, expiry=NEAR_EXPIRY, quantity=4 * units),
        lot(Layer.MID, expiry=MID_EXPIRY, quantity=4 * units),
        lot(Layer.FAR, expiry=FAR_EXPIRY, quantity=2 * units, strike=30.0),
    )


def book(*, lots: Iterable[HedgeLot] = (), condors: Iterable[Condor] = ()) -> Book:
    """An active book of one million dollars."""
    return Book(
        nav_usd=NAV,
        cash_usd=NAV,
        excess_liquidity_usd=NAV,
        condors=tuple(condors),
        lots=tuple(lots),
    )
