"""Indicators of completed daily values, as the field computes them.

Series run oldest first. A series with a NaN, an infinity, or fewer values than the indicator
needs is unknown as a whole: the result is all NaN. (TA-Lib itself would answer with numbers:
after one NaN its RSI is 0.0 for ever.) Within a known series the values before the first one
that is defined are NaN too.

Recursions are seeded as TA-Lib does: an EMA with the mean of its first `period` values, Wilder's
averages likewise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
import talib
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FloatArray: TypeAlias = NDArray[np.float64]

MCCLELLAN_FAST: Final = 19
MCCLELLAN_SLOW: Final = 39
RANA_SCALE: Final = 1000.0
SESSIONS_PER_YEAR: Final = 252


def ema(values: ArrayLike, period: int) -> FloatArray:
    """Exponential moving average with smoothing ``2 / (period + 1)``.

    Parameters
    ----------
    values
        At least `period` of them, oldest first.
    period
        Sessions, >= 1.

    Returns
    -------
    ndarray
        As long as `values`; the first ``period - 1`` are NaN.
    """
    series = _known(values, minimum=period)
    if series is None:
        return _unknown(values)
    return np.asarray(talib.EMA(series, timeperiod=period), dtype=np.float64)


def rsi(closes: ArrayLike, period: int = 14) -> FloatArray:
    """Relative strength index with Wilder's smoothing (Wilder 1978, p. 63-70), 0 to 100.

    Parameters
    ----------
    closes
        At least ``period + 1`` of them, oldest first.
    period
        Sessions, >= 2.

    Returns
    -------
    ndarray
        As long as `closes`; the first `period` are NaN.
    """
    series = _known(closes, minimum=period + 1)
    if series is None:
        return _unknown(closes)
    return np.asarray(talib.RSI(series, timeperiod=period), dtype=np.float64)


class Macd(NamedTuple):
    """MACD, its signal line and their difference; each as long as the closes, in their unit."""

    line: FloatArray
    signal: FloatArray
    histogram: FloatArray


def macd(closes: ArrayLike, *, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """MACD (Appel 1979): ``EMA_fast - EMA_slow``, its EMA (the signal line), and the histogram.

    Parameters
    ----------
    closes
        At least ``slow + signal - 1`` of them, oldest first.
    fast, slow, signal
        Periods of the three averages, in sessions. TA-Lib seeds the fast average with the
        `fast` values that end where the slow one is first defined.

    Returns
    -------
    Macd
        Of each the first ``slow + signal - 2`` values are NaN.
    """
    series = _known(closes, minimum=slow + signal - 1)
    if series is None:
        return Macd(_unknown(closes), _unknown(closes), _unknown(closes))
    found = talib.MACD(series, fastperiod=fast, slowperiod=slow, signalperiod=signal)
    return Macd(*(np.asarray(each, dtype=np.float64) for each in found))


def ad_line(advances: ArrayLike, declines: ArrayLike) -> FloatArray:
    """Advance-decline line: cumulative advances less declines, from the first session on."""
    net = np.asarray(advances, dtype=np.float64) - np.asarray(declines, dtype=np.float64)
    series = _known(net, minimum=1)
    return _unknown(net) if series is None else np.cumsum(series)


def rana(advances: ArrayLike, declines: ArrayLike) -> FloatArray:
    """Ratio-adjusted net advances ``(A - D) / (A + D)``, -1 to 1; NaN where nothing moved."""
    up = np.asarray(advances, dtype=np.float64)
    down = np.asarray(declines, dtype=np.float64)
    moved = np.where(up + down > 0, up + down, np.nan)
    return np.asarray((up - down) / moved, dtype=np.float64)


def mcclellan_oscillator(advances: ArrayLike, declines: ArrayLike) -> FloatArray:
    """McClellan oscillator, ratio-adjusted: ``EMA19 - EMA39`` of 1000 x RANA.

    Parameters
    ----------
    advances, declines
        Issues of at least 39 sessions, oldest first.

    Returns
    -------
    ndarray
        As long as the inputs; the first 38 are NaN.
    """
    scaled = RANA_SCALE * rana(advances, declines)
    return ema(scaled, MCCLELLAN_FAST) - ema(scaled, MCCLELLAN_SLOW)


def expected_daily_range_pct(vix: float) -> float:
    """Return the EDR, one standard deviation of a session: ``VIX / sqrt(252)``, percent of SPX."""
    return float(vix / np.sqrt(SESSIONS_PER_YEAR))


def _known(values: ArrayLike, *, minimum: int) -> FloatArray | None:
    """Return `values` as TA-Lib wants them, or ``None`` when they are unknown."""
    series = np.ascontiguousarray(values, dtype=np.float64)
    if series.size < minimum or not np.isfinite(series).all():
        return None
    return series


def _unknown(values: ArrayLike) -> FloatArray:
    return np.full(np.shape(values), np.nan)
