"""The figures of a tearsheet, as the library quantstats defines them.

They are computed from the returns between two known marks, 252 of them to a year, without a
risk-free rate. Both books start at their inception (``bot.review.performance``), so that the cost
of the first hedge is in them. A mark whose value is unknown is left out, and its change falls to
the next one.

The review has figures of its own: its CAGR counts calendar days, and its drawdown is the share of
a high in dollars. Here each is what a reader of quantstats expects under its name. Those that are
annualised are ``None`` below `MINIMUM_RETURNS`: a yearly rate would be noise. So is a ratio whose
denominator is zero.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bot.review.performance import book_points, shadow_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.core.mark import Mark
    from bot.review.performance import Point

SESSIONS_A_YEAR: Final = 252
MINIMUM_RETURNS: Final = 63
"""A quarter of a year of sessions."""

CONFIDENCE: Final = 0.95

Returns = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tearsheet:
    """Figures of one series of returns; shares, not percent.

    Parameters
    ----------
    returns
        How many there are.
    total_return
        ``prod(1 + r) - 1``.
    cagr
        ``(1 + total_return) ** (252 / n) - 1``.
    volatility
        Sample standard deviation, times the root of 252.
    sharpe
        Mean over sample standard deviation, times the root of 252.
    sortino
        Mean over the root mean square of the losses (all `n` in the mean), times the root of 252.
    max_drawdown
        Deepest fall below the running high, negative.
    calmar
        `cagr` over the depth of `max_drawdown`.
    value_at_risk
        The 5 % quantile of the normal distribution with the mean and deviation of the returns.
    expected_shortfall
        Mean of that distribution below `value_at_risk`: ``mean - s phi(z) / 0.05``.
    skew, kurtosis
        Unbiased, the latter in excess of the normal.
    win_rate
        Share of gains among the returns that are not zero.
    profit_factor
        Sum of gains over sum of losses.
    best, worst
        Highest and lowest return.
    ulcer_index
        Root of the sum of squared drawdowns over ``n - 1``.
    """

    returns: int
    total_return: float | None = None
    cagr: float | None = None
    volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    max_drawdown: float | None = None
    calmar: float | None = None
    value_at_risk: float | None = None
    expected_shortfall: float | None = None
    skew: float | None = None
    kurtosis: float | None = None
    win_rate: float | None = None
    profit_factor: float | None = None
    best: float | None = None
    worst: float | None = None
    ulcer_index: float | None = None


FIGURES: Final = tuple(field.name for field in dataclasses.fields(Tearsheet))


def tearsheets(marks: Sequence[Mark]) -> dict[str, Tearsheet]:
    """Return the figures of the book and of its unhedged shadow."""
    points = {"book": book_points(marks), "shadow": shadow_points(marks)}
    return {name: tearsheet(simple_returns(each)) for name, each in points.items()}


def simple_returns(points: Sequence[Point]) -> Returns:
    """Return the returns between points; shape (n - 1,). A value that is not positive has none."""
    values = np.array([float(value) for _, value in points])
    if values.size <= 1 or values.min() <= 0:
        return np.empty(0)
    found: Returns = values[1:] / values[:-1] - 1
    return found


def tearsheet(returns: Returns) -> Tearsheet:
    """Return the figures of a series of returns; shape (n,), each above -1."""
    n = returns.size
    if n == 0:
        return Tearsheet(returns=0)
    falls = drawdowns(returns)
    gains, losses = returns[returns > 0].sum(), -returns[returns < 0].sum()
    return Tearsheet(
        returns=n,
        total_return=float(np.prod(1 + returns) - 1),
        max_drawdown=float(falls.min()),
        win_rate=ratio((returns > 0).sum(), (returns != 0).sum()),
        profit_factor=ratio(gains, losses),
        best=float(returns.max()),
        worst=float(returns.min()),
        ulcer_index=ratio(math.sqrt((falls**2).sum()), math.sqrt(n - 1)),
        skew=skew(returns),
        kurtosis=kurtosis(returns),
        **_risk(returns),
        **(_annualised(returns, float(falls.min())) if n >= MINIMUM_RETURNS else {}),
    )


def drawdowns(returns: Returns) -> Returns:
    """Return how far the value after each return lies below its running high; <= 0, shape (n,)."""
    values = np.cumprod(1 + returns)
    found: Returns = values / np.maximum(np.maximum.accumulate(values), 1.0) - 1
    return found


def skew(returns: Returns) -> float | None:
    """Return the adjusted Fisher-Pearson skewness: ``n / ((n-1)(n-2)) sum(z**3)``."""
    n = returns.size
    if n <= 2 or not returns.std():  # noqa: PLR2004 - the formula divides by n - 2
        return None
    z = (returns - returns.mean()) / returns.std(ddof=1)
    return float(n / ((n - 1) * (n - 2)) * (z**3).sum())


def kurtosis(returns: Returns) -> float | None:
    """Return the unbiased excess kurtosis (Joanes and Gill 1998, G2)."""
    n = returns.size
    if n <= 3 or not returns.std():  # noqa: PLR2004 - the formula divides by n - 3
        return None
    z = (returns - returns.mean()) / returns.std(ddof=1)
    fourth = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * (z**4).sum()
    return float(fourth - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))


def ratio(above: float, below: float) -> float | None:
    """Return a quotient; ``None`` when the denominator is zero."""
    return float(above / below) if below else None


def _annualised(returns: Returns, deepest: float) -> dict[str, float | None]:
    root, n = math.sqrt(SESSIONS_A_YEAR), returns.size
    mean, deviation = returns.mean(), returns.std(ddof=1)
    downside = math.sqrt((np.minimum(returns, 0.0) ** 2).sum() / n)
    cagr = float(np.prod(1 + returns) ** (SESSIONS_A_YEAR / n) - 1)
    return {
        "cagr": cagr,
        "volatility": float(deviation * root),
        "sharpe": ratio(mean * root, deviation),
        "sortino": ratio(mean * root, downside),
        "calmar": ratio(cagr, abs(deepest)),
    }


def _risk(returns: Returns) -> dict[str, float | None]:
    """Return value at risk and expected shortfall; unknown of a single return."""
    if returns.size <= 1:
        return {}
    mean, deviation = float(returns.mean()), float(returns.std(ddof=1))
    z = float(ndtri(1 - CONFIDENCE))
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return {
        "value_at_risk": mean + deviation * z,
        "expected_shortfall": mean - deviation * density / (1 - CONFIDENCE),
    }
