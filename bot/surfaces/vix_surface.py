"""Implied volatility of VIX options: Black-76 on the VX future of the same expiry.

- **Level**: VVIX is the volatility of a 30-day future. Under mean reversion at rate k the
  volatility of a future falls with its time to settlement, and so does the average volatility
  that its option sees; and it is the lower, against VVIX, the higher the future F stands:
  ``atm(T) = 1.113 VVIX (F / 18) ** -0.11 sqrt((1 - exp(-2kT)) / 2kT)``, k = 2.65 a year.
- **Smile**: upward in calls. With ``x = ln(K / F) / sqrt(T)`` the ratio to the at-the-money
  volatility hardly depends on the expiry: ``1 + 0.307 x / (1 + 0.106 |x|)``.

The five numbers (`FITTED`; ``bot.evidence.calibration`` fits them anew) are least squares (soft
L1, logarithms of volatility) on the full chain of 2021-04-26 (12 expiries, 2 to 240 days) and,
with equal weight, on the one-month 30-delta call of the VXTH index on the sessions of odd months
of 2007-2018 outside of stressed episodes. Errors of volatility, in percent of it, where nothing
was fitted (``bot.evidence.validation`` recomputes them): VXTH in even months, VIX below 25: median
error -0.4, median absolute error 3.4; in stressed episodes, VIX from 25: -2.1 and 4.3 (above 35:
-5.5, too cheap); calls of 2026-04-09 of 40 to 251 days: 1.5, 2.0, too dear; two closes of 2023 at
VIX 13, to a month: 11, too dear.

No chain beyond 50 days was found from a session on which the VIX was above 20: how the mid and
the far layer are quoted in a panic rests on this formula, not on a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values: TypeAlias = "float | NDArray[np.float64]"

ANCHOR_FORWARD: Final = 18.0
ANCHOR_VVIX: Final = 104.0
"""VVIX of 2021-04-26, the one session whose far expiries the surface was fitted to, points."""

VVIX_YEARS: Final = 30 / 365
"""Maturity that VVIX is the volatility of."""

LOWEST_RATIO: Final = 0.4
"""Floor of the smile, as a share of the at-the-money volatility."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VixSurfaceFit:
    """The free numbers of the surface.

    Parameters
    ----------
    level
        Volatility of a future about to settle, as a share of VVIX, at `ANCHOR_FORWARD`.
    reversion
        Rate of mean reversion, per year.
    forward_power
        How volatility goes with the level of the future.
    slope, bend
        Of the smile.
    """

    level: float
    reversion: float
    forward_power: float
    slope: float
    bend: float


FITTED: Final = VixSurfaceFit(
    level=1.113, reversion=2.65, forward_power=-0.11, slope=0.307, bend=0.106
)


def vix_atm_vol(
    vvix: Values, years: Values, *, forward: Values, fit: VixSurfaceFit = FITTED
) -> NDArray[np.float64]:
    """Return the at-the-money volatility of VIX options, decimal per year.

    Parameters
    ----------
    vvix
        VVIX in points.
    years
        Time to settlement, > 0.
    forward
        VX future of the same expiry, points.
    fit
        The free numbers.
    """
    decay = 2 * fit.reversion * np.asarray(years)
    level = fit.level * np.power(np.asarray(forward) / ANCHOR_FORWARD, fit.forward_power)
    volatility: NDArray[np.float64] = level * vvix / 100 * np.sqrt(-np.expm1(-decay) / decay)
    return volatility


def vix_vols(
    strikes: NDArray[np.float64],
    *,
    forward: Values,
    years: Values,
    vvix: Values,
    fit: VixSurfaceFit = FITTED,
) -> NDArray[np.float64]:
    """Return implied volatilities, decimal per year.

    Parameters
    ----------
    strikes
        VIX points; shape (n,).
    forward
        VX future of the same expiry, points; one, or shape (n,).
    years
        Time to settlement, > 0; likewise.
    vvix
        VVIX in points; likewise.
    fit
        The free numbers.

    Returns
    -------
    ndarray, shape (n,)
    """
    x = np.log(strikes / forward) / np.sqrt(years)
    ratio = 1 + fit.slope * x / (1 + fit.bend * np.abs(x))
    return vix_atm_vol(vvix, years, forward=forward, fit=fit) * np.maximum(ratio, LOWEST_RATIO)


def damped_vvix(vvix: float, years: float, *, power: float) -> float:
    """Return the VVIX by which an expiry further away than that of VVIX itself is priced, points.

    ``A (VVIX / A) ** d`` with ``d = min(1, (30 days / T) ** power)`` and A = `ANCHOR_VVIX`: a shift
    of VVIX away from the level at which far expiries are recorded reaches them in part. Power 0
    moves all expiries alike; with 1/2 the shift dies away with the square root of time.

    Parameters
    ----------
    vvix
        VVIX in points.
    years
        Time to settlement, > 0.
    power
        Of the damping, >= 0.
    """
    if power == 0:
        return vvix
    share = min(1.0, (VVIX_YEARS / years) ** power)
    return float(ANCHOR_VVIX * (vvix / ANCHOR_VVIX) ** share)
