"""Black-76 on arrays: price, implied volatility and Greeks of European options on a forward.

Inputs broadcast against each other; results are float64 arrays of the common shape. What cannot
be computed is NaN, never an exception; implied volatility says why (`Reason`).

Black (1976), "The pricing of commodity contracts", Journal of Financial Economics 3, 167-179.
With ``s = vol sqrt(T)``, ``x = ln(F/K)``, ``d1 = x/s + s/2`` and ``d2 = d1 - s``:

    call = D (F N(d1) - K N(d2)),    put = D (K N(-d2) - F N(-d1))

``bot.core.normalised`` solves them for the volatility. Who wants the Greeks at that volatility too
asks for both at once (`implied_vol_and_greeks`): they share most of the work.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bot.core.normalised import SQRT_2PI, careful_deviation, quick_deviation
from bot.core.option_arrays import Inputs, Shape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
ReasonArray: TypeAlias = NDArray[np.int8]

DAYS_PER_YEAR: Final = 365.0

_TINY: Final = 1e-200


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
    inputs, shape = Inputs.of(forward, strike, years, discount, vol, is_call=is_call)
    letters = np.empty((len(Greeks._fields), inputs.call.size))
    with np.errstate(all="ignore"):
        for part, block in inputs.blocks():
            _fill(letters, part, _greeks_at(block))
    return Greeks(*letters.reshape(-1, *shape))


def implied_vol(  # noqa: PLR0913, PLR0917 - the six inputs of Black's formula
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    discount: ArrayLike,
    is_call: ArrayLike,
) -> ImpliedVol:
    """Find the volatilities at which the function `price` returns the given prices.

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
    inputs, shape = Inputs.of(forward, strike, years, discount, price, is_call=is_call)
    with np.errstate(all="ignore"):
        iv, reason = _solved(inputs)
    return ImpliedVol(iv.reshape(shape), reason.reshape(shape))


def implied_vol_and_greeks(  # noqa: PLR0913, PLR0917 - the six inputs of Black's formula
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    discount: ArrayLike,
    is_call: ArrayLike,
) -> tuple[ImpliedVol, Greeks]:
    """Find the volatilities of the given prices, and the Greeks at them.

    Parameters
    ----------
    price, forward, strike, years, discount, is_call
        As for `implied_vol`.

    Returns
    -------
    ImpliedVol, Greeks
        What `implied_vol` returns, and `greeks` at its volatilities: NaN where there is none.
    """
    inputs, shape = Inputs.of(forward, strike, years, discount, price, is_call=is_call)
    letters = np.empty((len(Greeks._fields), inputs.call.size))
    with np.errstate(all="ignore"):
        iv, reason = _solved(inputs, letters)
    volatility = ImpliedVol(iv.reshape(shape), reason.reshape(shape))
    return volatility, Greeks(*letters.reshape(-1, *shape))


def vols_and_deltas(inputs: Inputs) -> tuple[FloatArray, FloatArray]:
    """Find the volatilities of the given prices, and the deltas at them; NaN where there is none.

    For who has flat arrays of one length and wants no other Greek of `implied_vol_and_greeks`.
    """
    letters = np.empty((1, inputs.call.size))
    with np.errstate(all="ignore"):
        iv, _ = _solved(inputs, letters)
    return iv, letters[0]


def _solved(inputs: Inputs, letters: FloatArray | None = None) -> tuple[FloatArray, ReasonArray]:
    """Return volatilities and reasons; fill `letters` with the Greeks where it is given.

    A single row of `letters` is for the deltas. Few prices need care; they are collected, as most
    of what these cost is the cost of calling.
    """
    iv, reason = np.empty(inputs.call.size), np.zeros(inputs.call.size, dtype=np.int8)
    for part, block in inputs.blocks():
        shape = Shape.of(block)
        s = quick_deviation(shape.normalised(block), block.positive())
        np.divide(s, shape.root, out=iv[part])
        if letters is not None:
            h, t = shape.x / s, 0.5 * s
            tail = ndtr(np.where(shape.distance > 0, -t, t) - h)
            alone = len(letters) == 1
            found = (
                (_delta(block, shape, tail),)
                if alone
                else _greeks(block, shape, s, price=block.given, tail=tail)
            )
            _fill(letters, part, found)
    rest = np.flatnonzero(~(iv > 0))
    if rest.size:
        iv[rest], reason[rest] = _solved_with_care(inputs.only(rest))
        if letters is not None:
            letters[:, rest] = np.nan
            late = rest[reason[rest] == Reason.OK]
            if late.size:
                found = _greeks_at(inputs.only(late)._replace(given=iv[late]))
                letters[:, late] = found[: len(letters)]
    return iv, reason


def _fill(letters: FloatArray, part: slice, found: tuple[FloatArray, ...]) -> None:
    for letter, values in zip(letters, found, strict=True):
        letter[part] = values


def _solved_with_care(inputs: Inputs) -> tuple[FloatArray, ReasonArray]:
    """Return the volatilities, NaN where there is none, and why."""
    price = inputs.given
    above = price / inputs.discount > inputs.intrinsic()
    below = price < inputs.maximum()
    chosen = np.flatnonzero(inputs.positive() & above & below & (price > 0))
    reason = _reasons(inputs, above=above, below=below)
    if not chosen.size:
        return np.full(price.size, np.nan), reason
    options = inputs.only(chosen)
    shape = Shape.of(options)
    iv = np.full(price.size, np.nan)
    iv[chosen] = careful_deviation(shape.normalised(options)) / shape.root
    iv[~(iv > 0)] = np.nan
    reason[iv > 0] = Reason.OK
    return iv, reason


def _reasons(inputs: Inputs, *, above: BoolArray, below: BoolArray) -> ReasonArray:
    """Say why there is no volatility, if there is none; the last word counts.

    `above` and `below` are whether the price is so of its intrinsic value and its maximum.
    """
    reason = np.full(above.size, Reason.NON_FINITE, dtype=np.int8)
    reason[~above] = Reason.BELOW_INTRINSIC
    reason[~below] = Reason.ABOVE_MAXIMUM
    reason[inputs.given <= 0] = Reason.ZERO_PRICE
    reason[inputs.years <= 0] = Reason.EXPIRED
    domain = (inputs.forward > 0) & (inputs.strike > 0) & (inputs.discount > 0)
    domain &= np.isfinite(sum(inputs[:5]))
    reason[~domain] = Reason.NON_FINITE
    return reason


def _greeks_at(inputs: Inputs) -> Greeks:
    """Differentiate at known volatilities; NaN where a volatility is not positive."""
    shape = Shape.of(inputs)
    s = np.where((inputs.given > 0) & inputs.positive(), inputs.given * shape.root, np.nan)
    d1 = 0.5 * s - shape.x / s
    above, below = ndtr(d1), ndtr(d1 - s)
    time_value = shape.scale * (shape.limit * above - below / shape.limit)
    return _greeks(
        inputs,
        shape,
        s,
        price=inputs.discount * (shape.intrinsic + time_value),
        tail=np.where(shape.distance > 0, below, above),
    )


def _greeks(
    inputs: Inputs, shape: Shape, s: FloatArray, *, price: FloatArray, tail: FloatArray
) -> Greeks:
    """Differentiate at ``s``, where price and out-of-the-money probability are known."""
    h, t = shape.x / s, 0.5 * s
    forward, discount = inputs.forward, inputs.discount
    density = discount * shape.scale * np.exp(-0.5 * (h * h + t * t)) / SQRT_2PI  # D F n(d1)
    return Greeks(
        delta=_delta(inputs, shape, tail),
        gamma=density / (forward * forward * s),
        vega=density * shape.root,
        theta=-(np.log(discount) * price + t * density) / (DAYS_PER_YEAR * inputs.years),
        rho=-inputs.years * price,
    )


def _delta(inputs: Inputs, shape: Shape, tail: FloatArray) -> FloatArray:
    """Differentiate by the forward, where the out-of-the-money probability is known."""
    put_side = shape.distance > 0
    in_the_money = np.subtract(inputs.call, ~put_side, dtype=np.float64)
    delta: FloatArray = inputs.discount * (np.where(put_side, -tail, tail) + in_the_money)
    return delta
