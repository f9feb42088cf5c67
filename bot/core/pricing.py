"""Black-76 on arrays: price, implied volatility and Greeks of European options on a forward.

Inputs broadcast against each other; results are float64 arrays of the common shape. What cannot
be computed is NaN, never an exception; implied volatility says why (`Reason`).

Black (1976), "The pricing of commodity contracts", Journal of Financial Economics 3, 167-179.
With ``s = vol sqrt(T)``, ``x = ln(F/K)``, ``d1 = x/s + s/2`` and ``d2 = d1 - s``:

    call = D (F N(d1) - K N(d2)),    put = D (K N(-d2) - F N(-d1))

The implied volatility follows the normalisation of Jaeckel (2015), "Let's be rational", Wilmott
75, 40-53: the time value of the out-of-the-money option over ``D sqrt(F K)`` is a function of
``x`` and ``s`` alone, and its logarithm is so nearly a parabola in ``s`` that a third-order
Householder step turns an error of 1e-4 into one of rounding.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfinv, ndtr, ndtri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
ReasonArray: TypeAlias = NDArray[np.int8]

DAYS_PER_YEAR: Final = 365.0

_TINY: Final = 1e-200
_SQRT_2: Final = np.sqrt(2.0)
_SQRT_2PI: Final = np.sqrt(2.0 * np.pi)

_CONVERGED: Final = 3e-4  # relative; the error left is of the fourth power of the last step
_MAXIMUM_STEPS: Final = 8  # five were the most in four million random prices
_ERFINV_LIMIT: Final = 0.999_999
_BLOCK: Final = 4096
_FAR: Final = 1.0  # |ln(F/K)| beyond which the seed is held above its lower bound

_SEED_NUMERATOR: Final = (0.009_980_94, 0.034_388_91, -0.048_564_78, 0.398_894_99)
_SEED_DENOMINATOR: Final = (0.007_455_56, 0.014_967_52, 0.094_930_19, -0.124_254_71, 1.0)
"""Rational fit of ``h/v`` in ``q = sqrt(v)``, highest power first.

``v = ln(1 + m/b)``, and ``b = m (n(h)/h - N(-h))`` is the Bachelier price. Iterated least squares
on 1e-6 <= h <= 11.5; greatest relative error 1.2e-4.
"""


class Reason(IntEnum):
    """Why an implied volatility is NaN; ``OK`` where it is not."""

    OK = 0
    BELOW_INTRINSIC = 1
    """Not above the discounted intrinsic value."""
    ABOVE_MAXIMUM = 2
    """Not below the most that any volatility gives: ``D F`` for a call, ``D K`` for a put."""
    ZERO_PRICE = 3
    """Zero or negative."""
    EXPIRED = 4
    """No time left."""
    NON_FINITE = 5
    """An input is not finite, or forward, strike or discount is not positive, or the price lies
    so near 0 or its maximum that it does not determine a volatility."""


class ImpliedVol(NamedTuple):
    """Implied volatilities (decimal per square root of a year) and `Reason` codes (int8)."""

    iv: FloatArray
    reason: ReasonArray


class Greeks(NamedTuple):
    """Derivatives of the price.

    Parameters
    ----------
    delta
        By the forward, discounted: ``D N(d1)`` for a call. Points per point.
    gamma
        Of delta by the forward, per point.
    vega
        Points per 1.00 of volatility (100 vol points).
    theta
        Points per calendar day (a 365th of the derivative by time), at a constant rate.
    rho
        Points per 1.00 of the rate, at a constant forward: ``-T price``.
    """

    delta: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray
    rho: FloatArray


def price(  # noqa: PLR0913, PLR0917 - the six inputs of Black's formula
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    discount: ArrayLike,
    vol: ArrayLike,
    is_call: ArrayLike,
) -> FloatArray:
    """Price European options on a forward.

    Parameters
    ----------
    forward, strike
        Points, positive.
    years
        Time to settlement in years of 365 days; 0 gives the intrinsic value.
    discount
        Present value of 1 at settlement.
    vol
        Decimal, annual; 0 gives the discounted intrinsic value.
    is_call
        True for calls, False for puts.

    Returns
    -------
    ndarray
        Points, of the common shape; NaN where an input is unknown or out of its domain.
    """
    forward, strike, discount = np.asarray(forward), np.asarray(strike), np.asarray(discount)
    with np.errstate(all="ignore"):
        deviation = np.asarray(vol) * np.sqrt(years)
        ratio = np.log(forward / strike) / np.maximum(deviation, _TINY)
        sign = np.where(is_call, 1.0, -1.0)
        above = forward * ndtr(sign * (ratio + deviation / 2))
        below = strike * ndtr(sign * (ratio - deviation / 2))
        intrinsic = np.maximum(sign * (forward - strike), 0.0)
        value = discount * np.maximum(sign * (above - below), intrinsic)
        return np.asarray(np.where(deviation >= 0, value, np.nan), dtype=np.float64)


def greeks(  # noqa: PLR0913, PLR0917 - the six inputs of Black's formula
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    discount: ArrayLike,
    vol: ArrayLike,
    is_call: ArrayLike,
) -> Greeks:
    """Compute the Greeks of European options on a forward.

    Parameters
    ----------
    forward, strike, years, discount, vol, is_call
        As for `price`; `years` and `vol` positive.

    Returns
    -------
    Greeks
        Arrays of the common shape; NaN where an input is unknown or out of its domain.
    """
    inputs, call, shape = _flat(forward, strike, years, discount, vol, is_call=is_call)
    letters = np.empty((len(Greeks._fields), call.size))
    with np.errstate(all="ignore"):
        for part in _blocks(call.size):
            found = _greeks(*(each[part] for each in inputs), call=call[part])
            for letter, values in zip(letters, found, strict=True):
                letter[part] = values
    return Greeks(*letters.reshape(-1, *shape))


def _greeks(  # noqa: PLR0913 - the six inputs of Black's formula
    forward: FloatArray,
    strike: FloatArray,
    years: FloatArray,
    discount: FloatArray,
    vol: FloatArray,
    *,
    call: BoolArray,
) -> Greeks:
    """Differentiate flat arrays of one length."""
    root = np.sqrt(np.where(years > 0, years, np.nan))
    deviation = np.where(vol > 0, vol, np.nan) * root
    d1 = np.log(forward / strike) / deviation + deviation / 2
    sign = np.where(call, 1.0, -1.0)
    delta = sign * discount * ndtr(sign * d1)
    value = forward * delta - sign * discount * strike * ndtr(sign * (d1 - deviation))
    density = discount * np.exp(-0.5 * d1 * d1) / _SQRT_2PI
    decay = forward * density * vol / (2 * root)
    return Greeks(
        delta=delta,
        gamma=density / (forward * deviation),
        vega=forward * density * root,
        theta=(-np.log(discount) / years * value - decay) / DAYS_PER_YEAR,
        rho=-years * value,
    )


def implied_vol(  # noqa: PLR0913, PLR0917 - the six inputs of Black's formula
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    discount: ArrayLike,
    is_call: ArrayLike,
) -> ImpliedVol:
    """Find the volatilities at which `price` returns the given prices.

    Parameters
    ----------
    price
        Points.
    forward, strike, years, discount, is_call
        As for the function `price`.

    Returns
    -------
    ImpliedVol
        Arrays of the common shape: volatilities, NaN where there is none, and reasons.

    Notes
    -----
    The greatest error is below 1e-9 wherever the price, to the last bit, determines the
    volatility so well; deep in the money it does not.
    """
    inputs, call, shape = _flat(price, forward, strike, years, discount, is_call=is_call)
    iv, reason = np.empty(call.size), np.empty(call.size, dtype=np.int8)
    with np.errstate(all="ignore"):
        for part in _blocks(call.size):
            iv[part], reason[part] = _implied_vol(*(each[part] for each in inputs), call=call[part])
    return ImpliedVol(iv.reshape(shape), reason.reshape(shape))


def _flat(
    *values: ArrayLike, is_call: ArrayLike
) -> tuple[list[FloatArray], BoolArray, tuple[int, ...]]:
    """Broadcast to one shape and flatten; return that shape too."""
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    *arrays, call = np.broadcast_arrays(*arrays, np.asarray(is_call, dtype=np.bool_))
    return [array.ravel() for array in arrays], call.ravel(), call.shape


def _blocks(size: int) -> Iterator[slice]:
    """Cut `size` elements into parts whose temporaries stay in the cache and off the kernel."""
    return (slice(start, start + _BLOCK) for start in range(0, size, _BLOCK))


def _implied_vol(  # noqa: PLR0913 - the six inputs of Black's formula
    price: FloatArray,
    forward: FloatArray,
    strike: FloatArray,
    years: FloatArray,
    discount: FloatArray,
    *,
    call: BoolArray,
) -> ImpliedVol:
    """Solve flat arrays of one length."""
    distance = forward - strike
    intrinsic = discount * np.maximum(np.where(call, distance, -distance), 0.0)
    maximum = discount * np.where(call, forward, strike)
    scale = np.sqrt(forward * strike)
    time_value = (price - intrinsic) / (discount * scale)
    total = _total_deviation(
        np.abs(np.log(forward / strike)),
        np.abs(distance) / scale,
        value=time_value,
        limit=np.minimum(forward, strike) / scale,
    )
    iv = total / np.sqrt(years)
    reason = np.where(np.isfinite(iv), Reason.OK, Reason.NON_FINITE).astype(np.int8)
    reason[time_value <= 0] = Reason.BELOW_INTRINSIC
    reason[price >= maximum] = Reason.ABOVE_MAXIMUM
    reason[price <= 0] = Reason.ZERO_PRICE
    reason[years <= 0] = Reason.EXPIRED
    domain = np.isfinite(price + forward + strike + years + discount)
    domain &= (forward > 0) & (strike > 0) & (discount > 0)
    reason[~domain] = Reason.NON_FINITE
    iv[reason != Reason.OK] = np.nan
    return ImpliedVol(iv, reason)


class _Problem(NamedTuple):
    """Find ``s`` at which the logarithm of a normalised value equals `target`.

    The value is the price ``b`` (`side` +1) or, in its upper half, what it lacks to its `limit`
    ``exp(-x/2)`` (`side` -1), which keeps its digits where ``b`` has lost them.
    """

    x: FloatArray
    limit: FloatArray
    target: FloatArray
    side: FloatArray

    def value(self, d1: FloatArray, d2: FloatArray) -> FloatArray:
        value: FloatArray = self.limit * ndtr(self.side * d1) - self.side * ndtr(d2) / self.limit
        return value

    def only(self, which: NDArray[np.intp]) -> _Problem:
        return _Problem(*(field[which] for field in self))


def _total_deviation(
    x: FloatArray, m: FloatArray, *, value: FloatArray, limit: FloatArray
) -> FloatArray:
    """Return ``vol sqrt(T)`` of out-of-the-money options, NaN where it does not converge.

    Parameters
    ----------
    x, m
        ``|ln(F/K)|`` and ``|F - K| / sqrt(F K)``.
    value, limit
        Time value and the most that it can be, over ``D sqrt(F K)``.
    """
    upper = value > 0.5 * limit
    target = np.log(np.where(upper, limit - value, value))
    problem = _Problem(x, limit, target, np.where(upper, -1.0, 1.0))
    solution = _seed(x, m, value=value, limit=limit)
    current, active = solution, np.arange(solution.size)
    steps = 0
    while active.size and steps < _MAXIMUM_STEPS:
        step = _householder_step(current, problem)
        current = np.clip(current + step, 0.5 * current, 2.0 * current)
        solution[active] = current
        open_still = np.flatnonzero(np.abs(step) > _CONVERGED * current)
        current, active = current[open_still], active[open_still]
        problem = problem.only(open_still)
        steps += 1
    solution[active] = np.nan
    return solution


def _seed(x: FloatArray, m: FloatArray, *, value: FloatArray, limit: FloatArray) -> FloatArray:
    """Guess ``s`` to about 1e-4, in closed form.

    The value is read as a Bachelier price with forward and strike `m` apart. Its deviation
    ``m/h`` becomes a lognormal one by two relations: the exact one at the money,
    ``b = erf(s / sqrt(8))``, and the exact one for short times, ``s / deviation = x / m``.
    """
    m = np.maximum(m, _TINY)
    v = np.log1p(m / value)
    q = np.sqrt(v)
    h = v * np.polyval(_SEED_NUMERATOR, q) / np.polyval(_SEED_DENOMINATOR, q)
    share = np.minimum(m / (h * _SQRT_2PI), _ERFINV_LIMIT)
    seed: FloatArray = np.maximum(x, _TINY) / m * (2 * _SQRT_2) * erfinv(share)
    far = np.flatnonzero(x > _FAR)
    seed[far] = np.maximum(seed[far], _lower_bound(x[far], value[far] / limit[far]))
    return seed


def _lower_bound(x: FloatArray, share: FloatArray) -> FloatArray:
    """Solve ``N(d1) = share``: the price without its second term, which is never negative."""
    z = ndtri(share)
    width = np.sqrt(z * z + 2 * x)
    bound: FloatArray = np.where(z > 0, z + width, 2 * x / (width - z))
    return bound


def _householder_step(s: FloatArray, problem: _Problem) -> FloatArray:
    """Return the third-order Householder step on ``ln(value(s)) - target``."""
    h, t = problem.x / s, 0.5 * s
    h2, t2 = h * h, t * t
    vega = np.exp(-0.5 * (h2 + t2)) / _SQRT_2PI
    value = problem.value(t - h, -t - h)
    first = problem.side * vega / value  # value' / value
    second = (h2 - t2) / s  # value'' / value'
    third = second * second - 3 * h2 / (s * s) - 0.25  # value''' / value'
    newton = (problem.target - np.log(value)) / first
    halley = second - first
    cubic = third - 3 * second * first + 2 * first * first
    step: FloatArray = newton * (1 + 0.5 * halley * newton)
    step /= 1 + newton * (halley + cubic * newton / 6)
    return step
