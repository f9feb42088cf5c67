"""Levels of the volatility indexes, and what a missing one is modelled from.

VIX9D exists from 2011, VIX3M from 2006-07, VVIX from 2006-03. Where a level is missing it is
modelled from the VIX by a power law, least squares in logarithms on the closes of 2012-2026:

=======  =============================  ==================
level    model                          rms error, percent
=======  =============================  ==================
VIX9D    19.2 x (VIX / 20) ** 1.14      9
VIX3M    21.9 x (VIX / 20) ** 0.82      6
VVIX     101.6 x (VIX / 20) ** 0.38     11
=======  =============================  ==================

SKEW hardly depends on the VIX (correlation -0.12): its median, 131, stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ANCHOR_VIX: Final = 20.0
"""VIX at which the power laws are stated, points."""

MEDIAN_SKEW: Final = 131.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VolLevels:
    """Levels of the volatility indexes at one instant, in points (16.0 is 16 % a year).

    Parameters
    ----------
    vix, vix9d, vix3m
        30-day, 9-day and 93-day volatility of SPX.
    vvix
        30-day volatility of VIX futures.
    skew
        Cboe SKEW (100 is no skew).
    """

    vix: float
    vix9d: float
    vix3m: float
    vvix: float
    skew: float


def vol_levels(
    vix: float,
    *,
    vix9d: float | None = None,
    vix3m: float | None = None,
    vvix: float | None = None,
    skew: float | None = None,
) -> VolLevels:
    """Return the levels, those that are ``None`` modelled from `vix`.

    Raises
    ------
    ValueError
        If a level that is given is not positive.
    """
    given = {"vix": vix, "vix9d": vix9d, "vix3m": vix3m, "vvix": vvix, "skew": skew}
    for name, level in given.items():
        if level is not None and not level > 0:
            raise ValueError(f"{name} must be > 0 points, received {level}")
    return VolLevels(
        vix=vix,
        vix9d=modelled_vix9d(vix) if vix9d is None else vix9d,
        vix3m=modelled_vix3m(vix) if vix3m is None else vix3m,
        vvix=modelled_vvix(vix) if vvix is None else vvix,
        skew=MEDIAN_SKEW if skew is None else skew,
    )


def modelled_vix9d(vix: float) -> float:
    """Return the VIX9D that goes with `vix`, points."""
    return float(19.2 * (vix / ANCHOR_VIX) ** 1.14)


def modelled_vix3m(vix: float) -> float:
    """Return the VIX3M that goes with `vix`, points."""
    return float(21.9 * (vix / ANCHOR_VIX) ** 0.82)


def modelled_vvix(vix: float) -> float:
    """Return the VVIX that goes with `vix`, points."""
    return float(101.6 * (vix / ANCHOR_VIX) ** 0.38)
