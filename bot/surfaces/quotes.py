"""What a market maker would quote round a model price: spreads, ticks, and wings nobody bids.

Spreads were fitted to recorded end-of-day chains (SPX: the chains of 2020-2025 to which the surface
was fitted, VIX 13 to 31; VIX 2021-04-26), out of the money, in points:

=============  ============================  ===============================
underlying     spread                        factor
=============  ============================  ===============================
SPX, SPXW      0.06 + 0.077 sqrt(price)      (VIX / 16) ** 1.2, at least 1
VIX            0.08 + 0.035 sqrt(price)      VIX / 18, at least 1
VIXW           1.4 times that of VIX         the same
=============  ============================  ===============================

Median of modelled over recorded where nothing was fitted: SPX below a VIX of 25, by price, 0.95 to
1.15; 2020-03-20 (VIX 66) 0.8 to 0.9 above a price of 1.00, twice below 0.30. VIX calls of VXTH of
2011-2018: 1.2 to 1.9, twice in stress: the hedge pays more than it had to. SPX of 2011, when the
index stood at 1,270, was quoted wider, points for points, than an index of 6,000 is today.

In the money a spread is no tighter than that of the same strike's other right; SPX options
further in the money than two standard deviations widen by 0.1 of the rest, to 16 points.

Bids are rounded down and asks up to the tick (SPX and SPXW 0.05 below 3.00, else 0.10; VIX 0.01
below 3.00, else 0.05; VIXW 0.01). A bid below one tick is no bid: 0.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.ticks import BAND_LIMIT, TICKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING: Final = 1e-9
"""A price this close to a tick, in ticks, is on it: 0.15 / 0.05 is not quite 3."""


CENTS: Final = 100
"""Of one point: every tick is a whole number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadModel:
    """Spread of an option as a function of its price and of the level of the VIX.

    Parameters
    ----------
    base, root
        ``spread = base + root sqrt(price)``, points.
    calm_vix, stress_power
        The spread grows with ``(VIX / calm_vix) ** stress_power`` above `calm_vix`.
    """

    base: float
    root: float
    calm_vix: float
    stress_power: float

    def half_spread(
        self, prices: NDArray[np.float64], vix: float | NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return half the spread round each price, points; same shape."""
        stress = np.maximum(1.0, vix / self.calm_vix) ** self.stress_power
        spread: NDArray[np.float64] = self.base + self.root * np.sqrt(np.maximum(prices, 0.0))
        return spread * stress / 2


_SPX: Final = SpreadModel(base=0.06, root=0.077, calm_vix=16, stress_power=1.2)
SPREADS: Final = {
    "SPX": _SPX,
    "SPXW": _SPX,
    "VIX": SpreadModel(base=0.08, root=0.035, calm_vix=18, stress_power=1.0),
    "VIXW": SpreadModel(base=0.112, root=0.049, calm_vix=18, stress_power=1.0),
}

DEEP_SHARE: Final = 0.1
DEEP_LIMIT: Final = 16.0


def deep_half_spread(depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what an SPX option `depth` points too deep in the money adds to its half-spread."""
    return np.minimum(DEEP_SHARE * np.maximum(depth, 0.0), DEEP_LIMIT) / 2


def quoted(
    prices: NDArray[np.float64], half_spreads: NDArray[np.float64], *, trading_class: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bids and asks on the ticks of `trading_class`; a bid of 0.0 is nobody's.

    Parameters
    ----------
    prices, half_spreads
        Points; shape (n,) each.
    trading_class
        ``"SPX"``, ``"SPXW"``, ``"VIX"`` or ``"VIXW"``.
    """
    bids = np.maximum(_on_ticks(prices - half_spreads, trading_class, up=False), 0.0)
    asks = _on_ticks(prices + half_spreads, trading_class, up=True)
    least = float(TICKS[trading_class].below)
    return bids, np.maximum(asks, bids + least)


def _on_ticks(prices: NDArray[np.float64], trading_class: str, *, up: bool) -> NDArray[np.float64]:
    bands = TICKS[trading_class]
    ticks = np.where(prices < float(BAND_LIMIT), float(bands.below), float(bands.above))
    counts = prices / ticks
    whole = np.ceil(counts - ROUNDING) if up else np.floor(counts + ROUNDING)
    rounded: NDArray[np.float64] = np.rint(whole * ticks * CENTS) / CENTS
    return rounded
