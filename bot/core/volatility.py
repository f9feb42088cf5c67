"""Volatility: levels of the snapshot against each other and against the closes of VIX.

VIX/VIX3M above 1 is *backwardation*: the market pays more for the next month than for the next
three, which it does when it is afraid now (methodology, section 2).
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.core import indicators
from bot.core.completed import back, ratio, trailing_mean

if TYPE_CHECKING:
    from bot.core.indicators import FloatArray
    from bot.core.model import MarketSnapshot
    from bot.core.rules import SignalRules

INVERTED: Final = 1.0
"""VIX/VIX3M at which the term structure is flat; above it is inverted."""


class Volatility(NamedTuple):
    """Fields as in ``Signals``."""

    vix: float | None
    vix9d: float | None
    vix3m: float | None
    vvix: float | None
    skew: float | None
    edr_pct: float | None
    vix_over_vix3m: float | None
    backwardation: bool | None
    vix_over_median: float | None
    vix_close: float | None
    vix_short_mean: float | None
    vix_long_mean: float | None
    vix_rsi: float | None
    vix_macd_histogram: float | None


def volatility(snapshot: MarketSnapshot, closes: FloatArray, rules: SignalRules) -> Volatility:
    """Return the levels of now, and what the completed `closes` of VIX say about them."""
    macd = indicators.macd(
        closes, fast=rules.macd_fast, slow=rules.macd_slow, signal=rules.macd_signal
    )
    vix, vix3m = snapshot.level("VIX"), snapshot.level("VIX3M")
    term = ratio(vix, vix3m)
    days = rules.stress_vix_median_days
    middle = median(closes[-days:].tolist()) if closes.size >= days else None
    return Volatility(
        vix=vix,
        vix9d=snapshot.level("VIX9D"),
        vix3m=vix3m,
        vvix=snapshot.level("VVIX"),
        skew=snapshot.level("SKEW"),
        edr_pct=None if vix is None else indicators.expected_daily_range_pct(vix),
        vix_over_vix3m=term,
        backwardation=None if term is None else term > INVERTED,
        vix_over_median=ratio(vix, middle),
        vix_close=back(closes, 0),
        vix_short_mean=trailing_mean(closes, rules.vix_short_mean),
        vix_long_mean=trailing_mean(closes, rules.vix_long_mean),
        vix_rsi=back(indicators.rsi(closes, rules.rsi_period), 0),
        vix_macd_histogram=back(macd.histogram, 0),
    )
