"""Black's formula stripped of its units, and solved for the volatility.

An option is taken by its out-of-the-money side: with ``x = |ln(F/K)|`` and ``s = vol sqrt(T)``
its undiscounted time value over ``sqrt(F K)`` is a function of these two alone,

    b(x, s) = exp(-x/2) N(t - h) - exp(x/2) N(-t - h),    h = x/s,  t = s/2,

which rises from 0 to the limit ``exp(-x/2)``. Jaeckel (2015), "Let's be rational", Wilmott 75,
40-53: the logarithm of ``b`` is so nearly a parabola in ``1/s`` that one third-order Householder
step takes the seed, good to 1e-4 of ``s``, to rounding.

Most of the time goes into ``N``. `quick_deviation` takes all options one step together; the few
that need more than that, or care (nearly worthless, or so near the limit that the digits of ``b``
are lost in it), are then solved by `careful_deviation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from bot.core.pricing import BoolArray, FloatArray

SQRT_2PI: Final = np.sqrt(2.0 * np.pi)

_TINY: Final = 1e-200
_CONVERGED: Final = 1e-3
"""Relative step after which no other is needed: what is left is its fourth power at the most."""
_UPPER: Final = 0.9
"""Share of the limit above which the digits of the value are in what it lacks to the limit."""
_MAXIMUM_STEPS: Final = 8  # five were the most in four million random prices
_HIGHEST_SHARE: Final = 0.999_999
_FAR: Final = 1.0  # |ln(F/K)| beyond which the seed is held above its lower bound

_P0, _P1, _P2, _P3 = 0.398_894_99, -0.048_564_78, 0.034_388_91, 0.009_980_94
_Q1, _Q2, _Q3, _Q4 = -0.124_254_71, 0.094_930_19, 0.014_967_52, 0.007_455_56
"""Rational fit of ``h/v`` in ``q = sqrt(v)``: ``(P0 + P1 q + ...) / (1 + Q1 q + ...)``.

``v = ln(1 + m/b)``, and ``b = m (n(h)/h - N(-h))`` is the Bachelier price. Iterated least squares
on 1e-6 <= h <= 11.5; greatest relative error 1.2e-4.
"""

_A0, _A1, _A2, _A3 = 2.507_051_47, 0.945_408_947, 0.159_472, 0.004_996_155_88
_B1, _B2 = 0.117_175_034, 0.017_117_906_6
"""Rational fit of ``sqrt(8) erfinv(u) / u`` in ``y = -ln(1 - u^2)``, as above.

On 0 < u < 0.999,999; greatest relative error 1.7e-4.
"""


class Normalised(NamedTuple):
    """Options of which the volatility is looked for; flat arrays of one length.

    Parameters
    ----------
    x, m
        ``|ln(F/K)|`` and ``|F - K| / sqrt(F K)``.
    value, limit
        Undiscounted time value over ``sqrt(F K)``, and the most that it can be, ``exp(-x/2)``.
    """

    x: FloatArray
    m: FloatArray
    value: FloatArray
    limit: FloatArray


def quick_deviation(options: Normalised, usable: BoolArray) -> FloatArray:
    """Return ``s = vol sqrt(T)`` at which the options have their values, where one step finds it.

    Parameters
    ----------
    options
        What is solved.
    usable
        Which of them may have a solution.

    Returns
    -------
    ndarray
        NaN where more is needed (`careful_deviation`), or nothing helps.
    """
    seed = _seed(options)
    step = _householder_step(seed, options.x, options.limit, value=options.value)
    found = np.abs(step) <= _CONVERGED * seed
    found &= options.value <= _UPPER * options.limit
    found &= usable
    return np.where(found, seed + step, np.nan)


def careful_deviation(options: Normalised) -> FloatArray:
    """Return ``s = vol sqrt(T)`` at which the options have their values.

    Returns
    -------
    ndarray
        NaN where the value does not determine it.
    """
    x, _, value, limit = options
    solution = _held_above(_seed(options), options)
    upper = value > _UPPER * limit
    side, target = np.where(upper, -1.0, 1.0), np.where(upper, limit - value, value)
    active = np.arange(solution.size)
    for _ in range(_MAXIMUM_STEPS):
        current = solution[active]
        step = _householder_step(
            current, x[active], limit[active], value=target[active], side=side[active]
        )
        solution[active] = np.minimum(np.maximum(current + step, 0.5 * current), 2.0 * current)
        active = active[~(np.abs(step) <= _CONVERGED * current)]
        if not active.size:
            break
    solution[active] = np.nan
    return solution


def _seed(options: Normalised) -> FloatArray:
    """Guess ``s`` to about 1e-4, in closed form.

    The value is read as a Bachelier price with forward and strike `m` apart; its deviation is
    ``m/h``. Between that and ``s`` there are two exact relations: ``s = (m/h) (x/m)`` for short
    times, and ``b = erf(s / sqrt(8))`` at the money. Applied one in the other they leave a share
    of ``x^2 s^2 / 2880`` in the first order, by Grunspan (2011), "A note on the equivalence
    between the normal and the lognormal implied volatility", arXiv:1112.1782.
    """
    v = np.log1p(np.maximum(options.m, _TINY) / options.value)
    q = np.sqrt(v)
    upper = ((_P3 * q + _P2) * q + _P1) * q + _P0
    lower = (((_Q4 * q + _Q3) * q + _Q2) * q + _Q1) * q + 1.0
    share = np.maximum(options.x, _TINY) * lower / (SQRT_2PI * v * upper)
    share = np.minimum(share, _HIGHEST_SHARE)
    y = -np.log1p(-share * share)
    seed = share * (((_A3 * y + _A2) * y + _A1) * y + _A0) / ((_B2 * y + _B1) * y + 1.0)
    product = options.x * seed
    corrected: FloatArray = seed / (1.0 + product * product / 2880.0)
    return corrected


def _householder_step(
    s: FloatArray,
    x: FloatArray,
    limit: FloatArray,
    *,
    value: FloatArray,
    side: FloatArray | None = None,
) -> FloatArray:
    """Return the third-order Householder step on ``ln b(x, s) - ln value``.

    Where `side` is -1 the equation is that of what ``b`` lacks to its limit, which keeps its
    digits where those of ``b`` are lost; `value` is then what is lacking.
    """
    h, t = x / s, 0.5 * s
    h2, t2 = h * h, t * t
    d1 = t - h
    above, below = limit * ndtr(d1 if side is None else side * d1), ndtr(d1 - s) / limit
    vega = np.exp(-0.5 * (h2 + t2))
    if side is not None:
        below, vega = side * below, side * vega
    found = above - below
    first = vega / (SQRT_2PI * found)  # found' / found
    second = (h2 - t2) / s  # found'' / found'
    third = second * second - 3 * h2 / (s * s) - 0.25  # found''' / found'
    newton = np.log(value / found) / first
    halley = second - first
    cubic = third - (3 * second - 2 * first) * first
    step: FloatArray = newton * (1 + 0.5 * halley * newton)
    step /= 1 + newton * (halley + cubic * newton / 6)
    return step


def _held_above(seed: FloatArray, options: Normalised) -> FloatArray:
    """Hold the seed of far options above the solution of ``N(d1) = value / limit``.

    That is the price without its second term, which is never negative.
    """
    held = seed.copy()
    far = np.flatnonzero(options.x > _FAR)
    x, z = options.x[far], ndtri(options.value[far] / options.limit[far])
    width = np.sqrt(z * z + 2 * x)
    held[far] = np.maximum(held[far], np.where(z > 0, z + width, 2 * x / (width - z)))
    return held
