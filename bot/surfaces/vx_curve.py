"""The VX futures curve from VIX and VIX3M.

In logarithms a future depends on the two indexes almost linearly, with weights that run
smoothly with its time to settlement:

``ln(VX / 20) = slope(T) ln(VIX / VIX3M) + level(T) ln(VIX3M / 20) + premium(T)``

The weights are least squares on the 44,000 settlements of 2010-2026 in fourteen buckets of
time, interpolated. At settlement the future is the VIX; near two months it moves with VIX3M;
further out the weight of the slope turns negative and that of the level falls: mean reversion.
The rms error is 2-3 % to one month, 4 % at two, 5 % at three and 7-8 % from half a year on;
of 2004-2009, to which nothing was fitted, 4 % within three weeks and 6 % beyond.

Where there is no VIX3M, a power of the VIX stands for it (``bot.surfaces.levels``), and the future
is a power of the VIX with an exponent that falls from 1 at settlement to 0.8 at one month and 0.4
at nine: it reverts to its mean. That is how the curve before 2004 is modelled. Held against the
settlements of 2004-2009 its rms error is 6 % within three weeks, 10 % to 50 days, 12 % to 80 and
14 % at 150 to 270, the mean 0 to 4 % too high. A mean reversion of two rates fitted to the curve
itself does no better there (5, 9, 12 and 14 %).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.surfaces.levels import VolLevels

ANCHOR: Final = 20.0
DAYS_IN_YEAR: Final = 365.0

_WEIGHTS: Final = (
    (0, 1.000, 1.000, 0.000),
    (6, 0.540, 0.988, -0.026),
    (12, 0.354, 0.989, -0.032),
    (19, 0.117, 0.998, -0.043),
    (27, -0.039, 0.996, -0.049),
    (35, -0.232, 0.995, -0.056),
    (45, -0.336, 0.993, -0.048),
    (58, -0.511, 0.977, -0.053),
    (73, -0.564, 0.949, -0.043),
    (95, -0.672, 0.916, -0.039),
    (130, -0.760, 0.865, -0.027),
    (174, -0.795, 0.804, -0.011),
    (229, -0.772, 0.728, 0.006),
    (266, -0.692, 0.658, 0.013),
)
"""Days to settlement, slope, level, premium."""

_DAYS: Final = tuple(days for days, *_ in _WEIGHTS)


def vx_level(levels: VolLevels, years: float) -> float:
    """Return the level of the VX future `years` before its settlement, in points.

    Raises
    ------
    ValueError
        If `years` is negative.
    """
    if years < 0:
        raise ValueError(f"years to settlement must be >= 0, received {years}")
    slope, level, premium = _weights(years * DAYS_IN_YEAR)
    logarithm = slope * math.log(levels.vix / levels.vix3m)
    logarithm += level * math.log(levels.vix3m / ANCHOR) + premium
    return ANCHOR * math.exp(logarithm)


def _weights(days: float) -> tuple[float, ...]:
    """Return slope, level and premium, interpolated; those of the last row beyond it."""
    after = bisect_right(_DAYS, days)
    start, *weights = _WEIGHTS[after - 1]
    if after == len(_DAYS):
        return tuple(weights)
    end, *following = _WEIGHTS[after]
    return tuple(
        (then - now) / (end - start) * (days - start) + now
        for now, then in zip(weights, following, strict=True)
    )
