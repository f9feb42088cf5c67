"""Trend and cycle of SPX, from its completed closes (methodology, section 2).

The cycle is named after the drawdown from the running high, the highest close at hand: a snapshot
carries two years of them, so in a decline that has lasted longer the high is that of the last two
years. From 10 % on it is a correction, from 20 % on a bear market; the bounds are rules.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from bot.core import indicators
from bot.core.completed import back, trailing_mean

if TYPE_CHECKING:
    from bot.core.indicators import FloatArray
    from bot.core.rules import SignalRules


class MarketCycle(StrEnum):
    """Where the market stands below its running high."""

    BULL = "bull"
    CORRECTION = "correction"
    BEAR = "bear"


class Trend(NamedTuple):
    """Momentum of SPX; fields as in ``Signals``."""

    macd: float | None
    macd_signal: float | None
    macd_histogram: float | None
    macd_histogram_previous: float | None
    macd_crossed_below: bool | None
    spx_rsi: float | None


class Cycle(NamedTuple):
    """Where SPX stands in its cycle; fields as in ``Signals``."""

    spx_drawdown: float | None
    spx_long_mean: float | None
    spx_above_long_mean: bool | None
    cycle: MarketCycle | None


def spx_trend(closes: FloatArray, rules: SignalRules) -> Trend:
    """Return MACD and RSI of the last completed session, from the closes up to it."""
    macd = indicators.macd(
        closes, fast=rules.macd_fast, slow=rules.macd_slow, signal=rules.macd_signal
    )
    histogram, previous = back(macd.histogram, 0), back(macd.histogram, 1)
    return Trend(
        macd=back(macd.line, 0),
        macd_signal=back(macd.signal, 0),
        macd_histogram=histogram,
        macd_histogram_previous=previous,
        macd_crossed_below=crossed_below_zero(histogram, previous),
        spx_rsi=back(indicators.rsi(closes, rules.rsi_period), 0),
    )


def crossed_below_zero(now: float | None, before: float | None) -> bool | None:
    """Whether a value is below 0 that was not the session before."""
    return None if now is None or before is None else now < 0 <= before


def market_cycle(closes: FloatArray, rules: SignalRules) -> Cycle:
    """Return drawdown, side of the long mean, and the name of the two, from completed closes."""
    depth = drawdown(closes)
    mean, close = trailing_mean(closes, rules.spx_long_mean), back(closes, 0)
    return Cycle(
        spx_drawdown=depth,
        spx_long_mean=mean,
        spx_above_long_mean=None if close is None or mean is None else close > mean,
        cycle=None if depth is None else named_cycle(depth, rules),
    )


def drawdown(closes: FloatArray) -> float | None:
    """Return ``1 - close / running high``, a share of the high; ``None`` without a close."""
    return float(1 - closes[-1] / closes.max()) if closes.size else None


def named_cycle(depth: float, rules: SignalRules) -> MarketCycle:
    """Name the cycle of a drawdown: below the first bound it is a bull market."""
    if depth >= rules.bear_drawdown:
        return MarketCycle.BEAR
    return MarketCycle.CORRECTION if depth >= rules.correction_drawdown else MarketCycle.BULL
