"""States of the market as snapshots: calm, crash, and the parts they are made of."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from bot.core.model import (
    BreadthDay,
    BreadthSeries,
    BreadthSource,
    DailyBar,
    EventTable,
    FutureQuote,
    IndexLevel,
    MarketSnapshot,
    Quote,
    TradingDay,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

SESSION = dt.date(2026, 7, 24)
WEEKDAYS = [
    date
    for date in (SESSION - dt.timedelta(days=n) for n in range(600, 0, -1))
    if date.weekday() < 5
]
CALENDAR_START = dt.date(2025, 7, 24)

RISING = (100 * 1.0002 ** np.arange(320.0) ** 1.2).tolist()
FALLING = [*RISING[:310], *(RISING[309] * 0.985 ** np.arange(1.0, 11.0))]
QUIET_VIX = [15.0 + 0.2 * (-1) ** n for n in range(320)]
"""Median 15.0, whether the window is odd or even: half are 14.8, half 15.2."""

MORE_RISE = [(1700.0, 1300.0)] * 60 + [(2000.0, 1000.0)] * 10
MORE_FALL = [(1700.0, 1300.0)] * 60 + [(500.0, 2500.0)] * 10


def a_day(session: dt.date) -> TradingDay:
    return TradingDay(
        session=session,
        open=dt.datetime.combine(session, dt.time(13, 30), dt.UTC),
        close=dt.datetime.combine(session, dt.time(20, 15), dt.UTC),
        half_day=False,
    )


CALENDAR = tuple(
    a_day(date)
    for date in [*WEEKDAYS, SESSION, SESSION + dt.timedelta(days=3)]
    if date >= CALENDAR_START
)


def bars(closes: Sequence[float]) -> tuple[DailyBar, ...]:
    """Bars of these closes that end on the session before."""
    return tuple(
        DailyBar(session=date, open=close, high=close, low=close, close=close)
        for date, close in zip(WEEKDAYS[-len(closes) :], closes, strict=True)
    )


def breadth(
    issues: Sequence[tuple[float, float]], source: BreadthSource = BreadthSource.NYSE
) -> BreadthSeries:
    days = (
        BreadthDay(session=date, advances=up, declines=down)
        for date, (up, down) in zip(WEEKDAYS[-len(issues) :], issues, strict=True)
    )
    return BreadthSeries(source=source, days=tuple(days))


def levels(vix: float | None, vix3m: float | None) -> tuple[IndexLevel, ...]:
    return (IndexLevel(symbol="VIX", last=vix), IndexLevel(symbol="VIX3M", last=vix3m))


def curve(*levels: float | None) -> tuple[FutureQuote, ...]:
    expiries = (dt.date(2026, 8, 19), dt.date(2026, 9, 16), dt.date(2026, 10, 21))
    return tuple(
        FutureQuote(
            expiry=expiry,
            quote=Quote() if level is None else Quote(bid=level - 0.05, ask=level + 0.05),
        )
        for expiry, level in zip(expiries, levels, strict=False)
    )


CALM = MarketSnapshot(
    session=SESSION,
    taken_at=dt.datetime(2026, 7, 24, 19, 30, tzinfo=dt.UTC),
    calendar=CALENDAR,
    indexes=levels(15.0, 17.5),
    spx_bars=bars(RISING),
    vix_bars=bars(QUIET_VIX),
    breadth=breadth(MORE_RISE),
    options=(),
    vx_curve=curve(16.0, 18.0),
    rate=0.04,
    events=EventTable(),
)
CRASH = dataclasses.replace(
    CALM,
    indexes=levels(40.0, 33.0),
    spx_bars=bars(FALLING),
    breadth=breadth(MORE_FALL),
    vx_curve=curve(35.0, 30.0),
)
