"""Option chains quoted at known forwards and volatilities, by vollib."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from vollib.black import black

from bot.core.model import (
    EventTable,
    Feed,
    FutureQuote,
    MarketSnapshot,
    OptionContract,
    OptionQuote,
    Quote,
    Right,
    TradingDay,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

SESSION = dt.date(2026, 7, 24)
TAKEN_AT = dt.datetime(2026, 7, 24, 19, 30, tzinfo=dt.UTC)
RATE = 0.04

SPX_EXPIRY = dt.date(2026, 8, 28)
SPX_YEARS = (35 * 1440 + 30) / 525_600  # 15:30 to 16:00, 35 days later
FORWARD = 6427.5
VOL = 0.18

VIX_EXPIRY = dt.date(2026, 8, 19)
VIX_YEARS = (26 * 1440 - 360) / 525_600  # 15:30 to 09:30, 26 days later
FUTURE = 19.35
VIX_VOL = 0.85

HALF_DAY = dt.date(2026, 11, 27)


def calendar() -> tuple[TradingDay, ...]:
    dates = (SESSION + dt.timedelta(days=n) for n in range(200))
    return tuple(
        TradingDay(
            session=date,
            open=dt.datetime.combine(date, dt.time(13, 30), dt.UTC),
            close=dt.datetime.combine(date, dt.time(20, 15), dt.UTC)
            if date != HALF_DAY
            else dt.datetime.combine(date, dt.time(18, 15), dt.UTC),
            half_day=date == HALF_DAY,
        )
        for date in dates
        if date.weekday() < 5
    )


CALENDAR = calendar()


def contract(
    trading_class: str, expiry: dt.date, strike: float, right: Right = Right.CALL
) -> OptionContract:
    return OptionContract(
        underlying="VIX" if trading_class.startswith("VIX") else "SPX",
        trading_class=trading_class,
        expiry=expiry,
        last_trade=expiry,
        strike=strike,
        right=right,
    )


def quoted(option: OptionContract, mid: float, spread: float = 0.5) -> OptionQuote:
    return OptionQuote(contract=option, quote=Quote(bid=mid - spread / 2, ask=mid + spread / 2))


def spx_options(strikes: Iterable[float] = range(6000, 6900, 25)) -> tuple[OptionQuote, ...]:
    """Both rights at each strike, with mids by vollib at one volatility."""
    return tuple(
        quoted(
            contract("SPXW", SPX_EXPIRY, float(strike), right),
            black(right.value.lower(), FORWARD, strike, SPX_YEARS, RATE, VOL),
        )
        for strike in strikes
        for right in (Right.PUT, Right.CALL)
    )


def vix_options(trading_class: str = "VIX") -> tuple[OptionQuote, ...]:
    return tuple(
        quoted(
            contract(trading_class, VIX_EXPIRY, float(strike)),
            black("c", FUTURE, strike, VIX_YEARS, RATE, VIX_VOL),
            spread=0.02,
        )
        for strike in (30, 17, 20, 25, 22)
    )


def snapshot(
    options: tuple[OptionQuote, ...], vx_curve: tuple[FutureQuote, ...] = ()
) -> MarketSnapshot:
    return MarketSnapshot(
        session=SESSION,
        taken_at=TAKEN_AT,
        calendar=CALENDAR,
        indexes=(),
        spx_bars=(),
        vix_bars=(),
        breadth=None,
        options=options,
        vx_curve=vx_curve,
        rate=RATE,
        events=EventTable(),
    )


def vx(expiry: dt.date, level: float, feed: Feed = Feed.LIVE) -> FutureQuote:
    return FutureQuote(expiry=expiry, quote=Quote(bid=level - 0.05, ask=level + 0.05, feed=feed))


def replaced(
    options: tuple[OptionQuote, ...], strike: float, right: Right, quote: Quote
) -> tuple[OptionQuote, ...]:
    return tuple(
        OptionQuote(contract=option.contract, quote=quote)
        if (option.contract.strike, option.contract.right) == (strike, right)
        else option
        for option in options
    )
