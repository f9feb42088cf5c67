"""A short history that is drawn: a calm rise, a fall in which the VIX trebles, a recovery."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache

import numpy as np

from bot.calendars import trading_days
from bot.core.model import EventTable
from bot.core.sessions import TradingCalendar
from bot.evidence.history import Bars, History

WARM = 300
"""Sessions before the first one that every signal is known on."""

FIRST = dt.date(2012, 1, 3)


@cache
def walk(sessions: int = 30, seed: int = 1) -> History:
    """`sessions` that can be decided, a fall of a fifth in their middle."""
    count = WARM + sessions
    calendar = TradingCalendar(trading_days(FIRST, FIRST + dt.timedelta(days=1_500)))
    draw = np.random.default_rng(seed)
    moves = draw.normal(0.0004, 0.004, count)
    middle = WARM + sessions // 2
    moves[middle : middle + 5] = (-0.03, -0.05, -0.04, -0.05, -0.03)
    moves[middle + 5 : middle + 12] = 0.015
    spx = 1_400.0 * np.exp(np.cumsum(moves))
    vix = np.full(count, 16.0) + draw.normal(0, 0.3, count)
    vix[middle : middle + 5] = (22.0, 31.0, 38.0, 47.0, 50.0)
    vix[middle + 5 :] = np.maximum(47.0 * 0.88 ** np.arange(count - middle - 5), 17.0)
    advances = 1_500 + 60_000 * moves
    unknown, pairs = np.full(count, np.nan), np.full((count, 2), np.nan)
    later = tuple(day.session for day in calendar.days[300::21])
    return History(
        sessions=np.array([day.session for day in calendar.days[:count]], "datetime64[D]"),
        calendar=calendar,
        spx=_bars(spx),
        vix=_bars(vix),
        vix9d=unknown,
        vix3m=unknown,
        vvix=unknown,
        skew=unknown,
        vx_expiries=np.full((count, 1), np.datetime64("NaT"), "datetime64[D]"),
        vx_settlements=np.full((count, 1), np.nan),
        nyse=np.stack([advances, 3_000 - advances], axis=1),
        large_caps=pairs,
        rate=np.full(count, 0.02),
        events=EventTable(fomc=later, cpi=later, ppi=later),
    )


def until(history: History, rows: int) -> History:
    """The same history as it was known after so many of its sessions; the calendar is known."""
    series = (
        "sessions",
        "vix9d",
        "vix3m",
        "vvix",
        "skew",
        "vx_expiries",
        "vx_settlements",
        "nyse",
        "large_caps",
        "rate",
    )
    cut = {name: getattr(history, name)[:rows] for name in series}
    return replace(history, spx=_first(history.spx, rows), vix=_first(history.vix, rows), **cut)


def first_session(history: History) -> dt.date:
    """The first session on which every signal is known."""
    return history.session(WARM)


def _bars(closes: np.ndarray) -> Bars:
    before = np.concatenate([closes[:1], closes[:-1]])
    return Bars(
        open=before,
        high=np.maximum(before, closes),
        low=np.minimum(before, closes),
        close=closes,
    )


def _first(bars: Bars, rows: int) -> Bars:
    return Bars(
        open=bars.open[:rows],
        high=bars.high[:rows],
        low=bars.low[:rows],
        close=bars.close[:rows],
    )
