"""What one replay of history assumes, beside the rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

REFERENCE_SPX: Final = 7500.0
"""SPX level at which a contract has its size of today; a constant, so that nothing is foreseen."""

_NOT_NEGATIVE: Final = ("spread_share", "spread_stress", "roll_offset", "vvix_damping")
_POSITIVE: Final = ("nav_usd", "size", "reference_spx")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """What one replay assumes.

    Parameters
    ----------
    first, last
        First and last session; ``None`` is as far as the history reaches.
    nav_usd
        Net asset value before the first session, USD.
    spread_share
        Share of the modelled half-spread that each leg pays: 0 trades at the mid, 1 at the bid
        or the ask.
    spread_stress
        Factor on every modelled half-spread.
    literal_contracts
        Whether SPX is traded at the level it had then. By default its level is rebased to
        `reference_spx` at the first session of each month, so that one contract has the notional
        of today whenever it is opened; its size in USD for one point of then is fixed from there.
    size
        Contracts of condors and hedge are multiplied by it after ``decide``; the caps are those
        of a book of that size, which nobody could margin.
    iv_shift, spx_iv_shift
        Added to the implied volatility of every VIX and of every SPX option, decimal.
    vvix_damping
        Power by which a shift of VVIX dies away towards far expiries
        (`bot.surfaces.vix_surface.damped_vvix`): 0 moves all of them alike.
    hedge
        Whether there is a hedge; without one, condors need no cover.
    roll_offset
        Sessions by which the first session is put off: luck of the roll day.
    official_breadth_only
        Whether counts of large caps may not stand in for official breadth.
    reference_spx
        See `literal_contracts`, points.

    Raises
    ------
    ValueError
        If an amount is negative, or not positive where it must be.
    """

    first: dt.date | None = None
    last: dt.date | None = None
    nav_usd: float = 1_000_000.0
    spread_share: float = 0.5
    spread_stress: float = 1.0
    literal_contracts: bool = False
    size: float = 1.0
    iv_shift: float = 0.0
    spx_iv_shift: float = 0.0
    vvix_damping: float = 0.0
    hedge: bool = True
    roll_offset: int = 0
    official_breadth_only: bool = False
    reference_spx: float = REFERENCE_SPX

    def __post_init__(self) -> None:
        for name in (*_NOT_NEGATIVE, *_POSITIVE):
            value = getattr(self, name)
            if not (value > 0 if name in _POSITIVE else value >= 0):
                bound = "> 0" if name in _POSITIVE else ">= 0"
                raise ValueError(f"{name} must be {bound}, received {value}")
