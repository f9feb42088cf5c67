"""What goes along with SPX where it is not recorded: sector ETFs, SPY, and NYSE breadth.

A fund moves with SPX by its beta and has a daily return of its own beside it. The share of
issues that advance is a normal distribution function of the return of SPX so far over what is
usual for that time of day, and of a shock of its own: about 0.9 correlated with the return.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """An ETF: price at the start, beta to SPX, daily deviation of its own return."""

    start: float
    beta: float
    deviation: float


FUNDS: Final[Mapping[str, Fund]] = {
    "SPY": Fund(start=588.0, beta=1.0, deviation=0.0002),
    "XLB": Fund(start=85.0, beta=0.95, deviation=0.0060),
    "XLC": Fund(start=97.0, beta=1.05, deviation=0.0060),
    "XLE": Fund(start=86.0, beta=0.80, deviation=0.0110),
    "XLF": Fund(start=48.0, beta=0.95, deviation=0.0055),
    "XLI": Fund(start=132.0, beta=0.95, deviation=0.0045),
    "XLK": Fund(start=233.0, beta=1.30, deviation=0.0055),
    "XLP": Fund(start=78.0, beta=0.50, deviation=0.0055),
    "XLRE": Fund(start=40.0, beta=0.85, deviation=0.0075),
    "XLU": Fund(start=76.0, beta=0.55, deviation=0.0080),
    "XLV": Fund(start=138.0, beta=0.65, deviation=0.0055),
    "XLY": Fund(start=225.0, beta=1.20, deviation=0.0065),
}

ISSUES: Final = 2800
"""NYSE issues that advance or decline."""

USUAL_RETURN: Final = 0.009
"""Return of SPX over a session that moves the share of advancing issues by one deviation."""

BREADTH_SHOCK: Final = 0.35
EARLIEST: Final = 0.05
"""Share of the session below which breadth is not scaled further."""


def fund_paths(
    log_spx: NDArray[np.float64], fund: Fund, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the path of a fund beside that of SPX.

    Parameters
    ----------
    log_spx
        Logarithm of SPX; shape (sessions, steps).
    fund
        What is known of it.
    rng
        Source of its own returns.

    Returns
    -------
    ndarray, shape (sessions, steps)
    """
    sessions, steps = log_spx.shape
    moved: NDArray[np.float64] = log_spx - log_spx[0, 0]
    own = rng.normal(0.0, fund.deviation, sessions)
    after = np.cumsum(own)
    drift = (after - own)[:, None] + np.outer(own, np.linspace(0.0, 1.0, steps))
    path: NDArray[np.float64] = fund.start * np.exp(fund.beta * moved + drift)
    return path


def advances_declines(spx_return: float, elapsed: float, shock: float) -> tuple[int, int]:
    """Return how many NYSE issues advance and decline.

    Parameters
    ----------
    spx_return
        Logarithmic return of SPX since the close before.
    elapsed
        Share of the session that is over, 0 to 1.
    shock
        Standard normal, the session's own.
    """
    usual = USUAL_RETURN * math.sqrt(max(elapsed, EARLIEST))
    share = float(ndtr(spx_return / usual + BREADTH_SHOCK * shock))
    advances = round(ISSUES * share)
    return advances, ISSUES - advances
