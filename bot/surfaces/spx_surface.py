"""Implied volatility of SPX options from the levels of VIX9D, VIX, VIX3M and SKEW.

- **Term structure**: the three VIX indexes are fair variances of 9, 30 and 93 days. Their total
  variance is interpolated linearly in time and never falls; beyond 93 days the last forward
  variance goes on.
- **Smile**: one slice for each expiry, in ``x = ln(K / F) / sqrt(theta)``: an SSVI slice, and a
  smooth hinge that bends the far put wing up, which SSVI fitted to the strikes that are traded
  leaves too low:

  ``w = theta/2 (1 + rho y + sqrt((y + rho)^2 + 1 - rho^2)) + theta c (sqrt(z^2 + 2.5^2) - z)``,
  ``y = eta x``, ``z = x + 5.16``

- theta is chosen so that the fair variance of the slice is that of the term structure. Fair
  variance is the mean of w over a standard normal variable in -d2 (Fukasawa 2012).
- ``scale`` multiplies every total variance, so that the VIX recomputed from the quotes is the
  VIX that was given (``bot.surfaces.chain.calibrated``).

rho, eta and c follow log time, log VIX and SKEW (`FITTED`; ``bot.evidence.calibration`` fits them
anew), least squares (soft L1, logarithms of volatility) on 13 of the 29 full chains of 2011-2025
taken after the close, VIX 13 to 31. Errors of volatility where nothing was fitted, the other chains
and SPXW of 2018-01 and 02 (``bot.evidence.validation`` recomputes them): median absolute error 3 %
of volatility, 11 % in one of ten, mostly within nine days and far from the money; 2020-03-20, at a
VIX of 66, far beyond what was fitted: 4.6 %, puts too dear by 2 % and calls within nine days too
cheap by 15 %. A week's smile is more symmetric than a quarter's, a panic's straighter than a
calm's, and a high SKEW lowers the calls.

Not proven free of arbitrage, but nearly: total variance rises with time at every strike, and from
25 days on no implied density falls below -1 % of its peak (VIX 9.5 to 83, SKEW 112 to 160).

Sources: Gatheral and Jacquier, *Arbitrage-free SVI volatility surfaces* (2014); Fukasawa, *The
normalizing transformation of the implied volatility smile* (2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from bot.surfaces.levels import MEDIAN_SKEW, VolLevels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values: TypeAlias = "float | NDArray[np.float64]"


NODES: Final = (9 / 365, 30 / 365, 93 / 365)
"""Terms of VIX9D, VIX and VIX3M in years."""

LOWEST_FORWARD_VOL: Final = 0.05
"""Floor of the forward volatility between two nodes, decimal: total variance never falls."""

SHORTEST_SMILE: Final = 10 / 365
LONGEST_SMILE: Final = 1.0
"""The smile's parameters are held constant outside these times, in years."""

HINGE: Final = 5.16
"""Where the put wing bends, in units of sqrt(theta) below the forward."""

HINGE_WIDTH: Final = 2.5
FAIR_VARIANCE_STEPS: Final = 3
_GRID: Final = np.sinh(np.linspace(-5.5, 3.0, 401))
"""Log-moneyness in units of sqrt(theta) over which fair variance is integrated: -122 to 10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileShape:
    """What tells the smile of one expiry from that of another, whatever its level.

    Parameters
    ----------
    rho
        Skew, in (-1, 1).
    eta
        Curvature in normalised moneyness, > 0.
    wing
        Weight of the hinge in the put wing, > 0.
    """

    rho: float
    eta: float
    wing: float


Coefficients: TypeAlias = tuple[float, float, float, float]
"""Of 1, ln(days / 30), ln(VIX / 16) and (SKEW - 131) / 10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileFit:
    """The free numbers of the smile.

    Parameters
    ----------
    rho
        Of the inverse hyperbolic tangent of rho.
    eta, wing
        Of their logarithms.
    """

    rho: Coefficients
    eta: Coefficients
    wing: Coefficients


FITTED: Final = SmileFit(
    rho=(-0.535, -0.126, -0.315, -0.074),
    eta=(-0.168, 0.152, 0.134, 0.160),
    wing=(-0.097, -0.301, -0.514, 0.003),
)


class Smiles(NamedTuple):
    """Smiles of one or more expiries as arrays that broadcast against log-moneyness.

    Parameters
    ----------
    theta
        Levels, total variances.
    rho, rho_squared, eta, wing
        Shapes.
    """

    theta: Values
    rho: Values
    rho_squared: Values
    eta: Values
    wing: Values

    def total_variance(self, log_moneyness: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return volatility squared times years at ln(K / F)."""
        x = log_moneyness / np.sqrt(self.theta)
        y, z = self.eta * x, x + HINGE
        body = (1 + self.rho * y + np.sqrt((y + self.rho) ** 2 + 1 - self.rho_squared)) * 0.5
        wing = self.wing * (np.sqrt(z**2 + HINGE_WIDTH**2) - z)
        variance: NDArray[np.float64] = self.theta * (body + wing)
        return variance

    def fair_variance(self) -> NDArray[np.float64]:
        """Return the total variance of the log contract on each smile; from and to shape (n, 1)."""
        log_moneyness = _GRID * np.sqrt(self.theta)
        variance = self.total_variance(log_moneyness)
        vol = np.sqrt(variance)
        minus_d2 = log_moneyness / vol + vol * 0.5
        density = np.exp(minus_d2**2 * -0.5) / math.sqrt(2 * math.pi)
        weighted, steps = variance * density, minus_d2[:, 1:] - minus_d2[:, :-1]
        trapezoids = steps * (weighted[:, 1:] + weighted[:, :-1]) * 0.5
        return np.asarray(trapezoids.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The smile of one expiry: its level `theta` (a total variance) and its shape."""

    theta: float
    shape: SmileShape

    def total_variance(self, log_moneyness: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return volatility squared times years at ln(K / F); same shape."""
        return Smiles(*self.numbers()).total_variance(log_moneyness)

    def numbers(self) -> tuple[float, float, float, float, float]:
        """Return what `Smiles` is made of."""
        shape = self.shape
        return self.theta, shape.rho, shape.rho**2, shape.eta, shape.wing


@dataclass(frozen=True, slots=True, kw_only=True)
class SpxSurface:
    """SPX forwards and implied volatilities at one instant.

    Parameters
    ----------
    spot
        SPX, points.
    levels
        Volatility indexes, points.
    rate, dividend_yield
        Continuously compounded, decimal per year.
    scale
        Factor on every total variance.
    """

    spot: float
    levels: VolLevels
    rate: float
    dividend_yield: float
    scale: float = 1.0

    def forward(self, years: float) -> float:
        """Return the forward index level, points."""
        return self.spot * math.exp((self.rate - self.dividend_yield) * years)

    def discount(self, years: float) -> float:
        """Return the value now of 1 paid in `years`."""
        return math.exp(-self.rate * years)

    def slice(self, years: float) -> Slice:
        """Return the smile of the expiry in `years` (> 0)."""
        return self.slices((years,))[0]

    def slices(self, years: Sequence[float]) -> list[Slice]:
        """Return the smiles of several expiries, each in so many `years` (> 0)."""
        targets = [self.scale * term_variance(self.levels, each) for each in years]
        return fair_slices(targets, [smile_shape(self.levels, each) for each in years])

    def vols(self, strikes: NDArray[np.float64], years: float) -> NDArray[np.float64]:
        """Return implied volatilities, decimal per year; same shape as `strikes` (points)."""
        log_moneyness = np.log(strikes / self.forward(years))
        return np.sqrt(self.slice(years).total_variance(log_moneyness) / years)


def fair_slice(target: float, shape: SmileShape) -> Slice:
    """Return the smile of a shape whose fair total variance is `target`."""
    return fair_slices((target,), (shape,))[0]


def fair_slices(targets: Sequence[float], shapes: Sequence[SmileShape]) -> list[Slice]:
    """Return the smiles of several shapes, the fair total variance of each its target.

    Raises
    ------
    ValueError
        If no level of a shape has its target: one so steep that its density is not positive.
    """
    pairs = [Slice(theta=each, shape=shape) for each, shape in zip(targets, shapes, strict=True)]
    found = Smiles(*np.array([each.numbers() for each in pairs]).T[:, :, np.newaxis])
    target = theta = np.asarray(found.theta)
    for _ in range(FAIR_VARIANCE_STEPS):
        factor = target / found._replace(theta=theta).fair_variance()
        if not factor.min() > 0:
            raise ValueError(f"no smile has a fair variance of {list(targets)}: {list(shapes)}")
        theta = theta * factor
    return [
        Slice(theta=each, shape=shape)
        for each, shape in zip(theta[:, 0].tolist(), shapes, strict=True)
    ]


def term_variance(levels: VolLevels, years: float) -> float:
    """Return the fair total variance to `years`, interpolated between the indexes."""
    total = start = earlier = 0.0
    for node, level in zip(NODES, (levels.vix9d, levels.vix, levels.vix3m), strict=True):
        index = level / 100
        here = index * index * node
        forward = max((here - earlier) / (node - start), LOWEST_FORWARD_VOL**2)
        reach = math.inf if node == NODES[-1] else node - start
        total += forward * min(max(years - start, 0.0), reach)
        start, earlier = node, here
    return total


def smile_shape(levels: VolLevels, years: float, fit: SmileFit = FITTED) -> SmileShape:
    """Return the shape of the smile of the expiry in `years`, as fitted."""
    months = math.log(min(max(years, SHORTEST_SMILE), LONGEST_SMILE) * 365 / 30)
    stress = math.log(levels.vix / 16)
    skew = (levels.skew - MEDIAN_SKEW) / 10
    rho, eta, wing = (
        constant + of_time * months + of_vix * stress + of_skew * skew
        for constant, of_time, of_vix, of_skew in (fit.rho, fit.eta, fit.wing)
    )
    return SmileShape(rho=math.tanh(rho), eta=math.exp(eta), wing=math.exp(wing))
