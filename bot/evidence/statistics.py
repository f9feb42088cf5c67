"""Statistics of returns, as pure functions of arrays.

Returns are simple and per period (a month, unless said otherwise), decimal. An estimate that its
data cannot carry is NaN, never 0: too few periods, no variation.

- Errors of regressions are those of Newey and West, without a correction for small samples.
- The Sharpe ratio is *deflated* when it was selected: the best of several trials is expected to
  look good by luck alone, and that is what it has to beat.

Sources: Newey and West, *A simple, positive semi-definite, heteroskedasticity and autocorrelation
consistent covariance matrix* (1987); Bailey and Lopez de Prado, *The deflated Sharpe ratio*
(2014).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

MONTHS_A_YEAR: Final = 12
FEWEST_MONTHS: Final = 24
"""Months below which no regression is attempted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regression:
    """Least squares with Newey-West errors.

    Parameters
    ----------
    coefficients, errors
        By column of the regressors, shape (k,).
    observations, lags
        Rows, and autocovariances that went into the errors.
    r_squared
        Share of the variance explained.
    """

    coefficients: NDArray[np.float64]
    errors: NDArray[np.float64]
    observations: int
    lags: int
    r_squared: float

    @property
    def t_values(self) -> NDArray[np.float64]:
        """Return coefficients over their errors, shape (k,)."""
        return self.coefficients / self.errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Capm:
    """Excess returns of a book against those of the market.

    Parameters
    ----------
    alpha
        Decimal a year: twelve times the monthly intercept.
    alpha_t, beta, beta_t
        With Newey-West errors; the t of beta is against 0.
    r_squared
        Share of the variance that the market explains.
    months
        Months that both series know.
    """

    alpha: float
    alpha_t: float
    beta: float
    beta_t: float
    r_squared: float
    months: int


def newey_west_lags(observations: int) -> int:
    """Return the usual number of lags, ``floor(4 (T / 100) ** (2 / 9))``."""
    return int(4 * (observations / 100) ** (2 / 9))


def regress(
    response: NDArray[np.float64], regressors: NDArray[np.float64], *, lags: int | None = None
) -> Regression:
    """Regress by least squares, with errors that allow for autocorrelation.

    ``cov = (X'X)^-1 S (X'X)^-1``, ``S = G_0 + sum_l (1 - l / (L + 1)) (G_l + G_l')`` with
    ``G_l = sum_t u_t u_{t-l} x_t x_{t-l}'`` (Newey and West 1987).

    Parameters
    ----------
    response
        Shape (n,).
    regressors
        Shape (n, k), with a column of ones where an intercept is wanted.
    lags
        L; by default ``newey_west_lags(n)``.
    """
    count = len(response)
    lags = newey_west_lags(count) if lags is None else lags
    inverse = np.linalg.inv(regressors.T @ regressors)
    coefficients = inverse @ regressors.T @ response
    residuals = response - regressors @ coefficients
    moments = regressors * residuals[:, None]
    covariance = inverse @ _long_run(moments, lags) @ inverse
    total = float(np.sum((response - response.mean()) ** 2))
    return Regression(
        coefficients=coefficients,
        errors=np.sqrt(np.diag(covariance)),
        observations=count,
        lags=lags,
        r_squared=1.0 - float(residuals @ residuals) / total if total else math.nan,
    )


def _long_run(moments: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Return the Bartlett-weighted sum of autocovariances, shape (k, k)."""
    total = moments.T @ moments
    for lag in range(1, lags + 1):
        cross = moments[lag:].T @ moments[:-lag]
        total = total + (1 - lag / (lags + 1)) * (cross + cross.T)
    return np.asarray(total, dtype=np.float64)


def capm(book: NDArray[np.float64], market: NDArray[np.float64]) -> Capm:
    """Return alpha and beta of monthly excess returns, NaN below ``FEWEST_MONTHS`` months.

    Parameters
    ----------
    book, market
        Monthly returns over those of T-bills, shape (n,); months with a NaN are left out.
    """
    known = np.isfinite(book) & np.isfinite(market)
    months = int(np.count_nonzero(known))
    if months < FEWEST_MONTHS:
        nan = math.nan
        return Capm(alpha=nan, alpha_t=nan, beta=nan, beta_t=nan, r_squared=nan, months=months)
    found = regress(book[known], np.column_stack([np.ones(months), market[known]]))
    return Capm(
        alpha=MONTHS_A_YEAR * float(found.coefficients[0]),
        alpha_t=float(found.t_values[0]),
        beta=float(found.coefficients[1]),
        beta_t=float(found.t_values[1]),
        r_squared=found.r_squared,
        months=months,
    )


def sharpe(excess: NDArray[np.float64]) -> float:
    """Return mean over standard deviation (ddof 1) per period; NaN where nothing varies."""
    if len(excess) < 2 or not (spread := float(np.std(excess, ddof=1))) > 0:  # noqa: PLR2004 - of one value there is no deviation
        return math.nan
    return float(np.mean(excess)) / spread


def skewness(values: NDArray[np.float64]) -> float:
    """Return the third standardised moment, ``m3 / m2 ** 1.5``."""
    centred = values - values.mean()
    return float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)


def kurtosis(values: NDArray[np.float64]) -> float:
    """Return the fourth standardised moment, 3 for a normal variable."""
    centred = values - values.mean()
    return float(np.mean(centred**4) / np.mean(centred**2) ** 2)


def expected_best_sharpe(trials: int, variance: float) -> float:
    """Return the Sharpe ratio that the best of `trials` worthless ones is expected to show.

    ``sqrt(V) ((1 - g) N^-1(1 - 1/n) + g N^-1(1 - 1/(n e)))``, g = Euler's constant; 0 for one
    trial (Bailey and Lopez de Prado 2014, equation 1).

    Parameters
    ----------
    trials
        Independent trials, >= 1.
    variance
        Variance of their Sharpe ratios, per period.
    """
    if trials <= 1:
        return 0.0
    best = (1 - np.euler_gamma) * ndtri(1 - 1 / trials)
    return float(math.sqrt(variance) * (best + np.euler_gamma * ndtri(1 - 1 / (trials * math.e))))


def probable_sharpe(
    observed: float, benchmark: float, *, periods: int, skew: float, kurt: float
) -> float:
    """Return the probability that the true Sharpe ratio is above `benchmark`.

    ``N((SR - SR0) sqrt(T - 1) / sqrt(1 - skew SR + (kurt - 1) / 4 SR^2))`` (Bailey and Lopez de
    Prado 2014, equation 2); with the expected best of the trials for SR0 it is the *deflated
    Sharpe ratio*.

    Parameters
    ----------
    observed, benchmark
        Sharpe ratios per period, not annualised.
    periods
        T.
    skew, kurt
        Third and fourth standardised moments of the returns.
    """
    spread = math.sqrt(1 - skew * observed + (kurt - 1) / 4 * observed**2)
    return float(ndtr((observed - benchmark) * math.sqrt(periods - 1) / spread))


def deflated_sharpe(excess: NDArray[np.float64], *, trials: int, variance: float) -> float:
    """Return the probability that `excess`, the best of `trials`, has a Sharpe ratio above 0.

    Parameters
    ----------
    excess
        Excess returns per period of what was selected, shape (n,).
    trials, variance
        How many were tried, and the variance of their Sharpe ratios per period.
    """
    observed = sharpe(excess)
    if math.isnan(observed):
        return math.nan
    return probable_sharpe(
        observed,
        expected_best_sharpe(trials, variance),
        periods=len(excess),
        skew=skewness(excess),
        kurt=kurtosis(excess),
    )


def certainty_equivalent(returns: NDArray[np.float64], aversion: float) -> float:
    """Return the sure yearly return that is worth as much as these monthly ones.

    Constant relative risk aversion: ``(mean((1 + r) ** (1 - a))) ** (12 / (1 - a)) - 1``, and
    ``exp(12 mean(ln(1 + r))) - 1`` for a = 1. A month that loses everything makes it -1.

    Parameters
    ----------
    returns
        Monthly, decimal, shape (n,).
    aversion
        Relative risk aversion a, > 0.
    """
    wealth = 1.0 + returns
    if len(wealth) == 0:
        return math.nan
    if wealth.min() <= 0:
        return -1.0
    if aversion == 1.0:
        return math.expm1(MONTHS_A_YEAR * float(np.mean(np.log(wealth))))
    power = 1.0 - aversion
    return math.pow(float(np.mean(wealth**power)), MONTHS_A_YEAR / power) - 1.0
