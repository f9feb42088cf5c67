"""Implied volatility of VIX options: Black-76 on the VX future of the same expiry.

- **Level**: VVIX is the volatility of a 30-day future. Under mean reversion at rate k the
  volatility of a future falls with its time to settlement, and so does the average volatility
  that its option sees; and it is the lower, against VVIX, the higher the future F stands:
  ``atm(T) = 1.113 VVIX (F / 18) ** -0.11 sqrt((1 - exp(-2kT)) / 2kT)``, k = 2.65 a year.
- **Smile**: upward in calls. With ``x = ln(K / F) / sqrt(T)`` the ratio to the at-the-money
  volatility hardly depends on the expiry: ``1 + 0.307 x / (1 + 0.106 |x|)``.

The five numbers are least squares (soft L1, logarithms of volatility) on the full chain of
2021-04-26 (12 expiries, 2 to 240 days) and, with equal weight, on the one-month 30-delta call of
the VXTH index on the sessions of odd months of 2007-2018 outside of stressed episodes. Errors of
volatility, in percent of it, where nothing was fitted (``bot.evidence.validation`` recomputes
them): VXTH in even months, VIX below 25: median error -0.4, median absolute error 3.4; in
stressed episodes, VIX from 25: -2.1 and 4.3 (above 35: -5.5, too cheap); calls of 2026-04-09 of
40 to 251 days: 1.5, 2.0, too dear; two closes of 2023 at VIX 13, to a month: 11, too dear.

No chain beyond 50 days was found from a session on which the VIX was above 20: how the mid and
the far layer are quoted in a panic rests on this formula, not on a record.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REVERSION: Final = 2.65
"""Rate of mean reversion of volatility, per year."""

LEVEL: Final = 1.113
ANCHOR_FORWARD: Final = 18.0
FORWARD_POWER: Final = -0.11
SLOPE: Final = 0.307
BEND: Final = 0.106
LOWEST_RATIO: Final = 0.4
"""Floor of the smile, as a share of the at-the-money volatility."""


def vix_atm_vol(vvix: float, years: float, *, forward: float) -> float:
    """Return the at-the-money volatility of VIX options, decimal per year.

    Parameters
    ----------
    vvix
        VVIX in points.
    years
        Time to settlement, > 0.
    forward
        VX future of the same expiry, points.
    """
    decay = 2 * REVERSION * years
    level = LEVEL * math.pow(forward / ANCHOR_FORWARD, FORWARD_POWER)
    return level * vvix / 100 * math.sqrt(-math.expm1(-decay) / decay)


def vix_vols(
    strikes: NDArray[np.float64], *, forward: float, years: float, vvix: float
) -> NDArray[np.float64]:
    """Return implied volatilities, decimal per year.

    Parameters
    ----------
    strikes
        VIX points; shape (n,).
    forward
        VX future of the same expiry, points.
    years
        Time to settlement, > 0.
    vvix
        VVIX in points.

    Returns
    -------
    ndarray, shape (n,)
    """
    x = np.log(strikes / forward) / math.sqrt(years)
    ratio = 1 + SLOPE * x / (1 + BEND * np.abs(x))
    return vix_atm_vol(vvix, years, forward=forward) * np.maximum(ratio, LOWEST_RATIO)
