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

from bot.core.normalised import SQRT_2PI, Normalised, total_deviation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import ArrayLike

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
ReasonArray: TypeAlias = NDArray[np.int8]

DAYS_PER_YEAR: Final = 365.0

_TINY: Final = 1e-200
_BLOCK: Final = 8192
"""Elements that are solved together, so that their temporaries stay in the cache."""

np.empty(1 << 21)
"""16 MB that come and go untouched: from then on glibc keeps what is freed for the next
temporary, instead of giving it back to the kernel and taking it again page by page, which costs
as much as the arithmetic (``mallopt(3)``, dynamic ``M_MMAP_THRESHOLD``)."""


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
            *market, vols = (each[part] for each in inputs)
            options = _Options.of(*market, call=call[part])
            _fill(letters, part, _greeks_at(options, vols))
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
    inputs, call, shape = _flat(forward, strike, years, discount, price, is_call=is_call)
    iv, reason = np.empty(call.size), np.zeros(call.size, dtype=np.int8)
    with np.errstate(all="ignore"):
        for part in _blocks(call.size):
            *market, prices = (each[part] for each in inputs)
            options = _Options.of(*market, call=call[part])
            _solve(options, prices, iv[part], reason[part])
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
    inputs, call, shape = _flat(forward, strike, years, discount, price, is_call=is_call)
    iv, reason = np.empty(call.size), np.zeros(call.size, dtype=np.int8)
    letters = np.empty((len(Greeks._fields), call.size))
    with np.errstate(all="ignore"):
        for part in _blocks(call.size):
            *market, prices = (each[part] for each in inputs)
            options = _Options.of(*market, call=call[part])
            s = _solve(options, prices, iv[part], reason[part])
            _fill(letters, part, _greeks(options, s, prices, tail=options.tail(s)))
    volatility = ImpliedVol(iv.reshape(shape), reason.reshape(shape))
    return volatility, Greeks(*letters.reshape(-1, *shape))


def _flat(
    *values: ArrayLike, is_call: ArrayLike
) -> tuple[list[FloatArray], BoolArray, tuple[int, ...]]:
    """Broadcast to one shape and flatten; return that shape too."""
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    *arrays, call = np.broadcast_arrays(*arrays, np.asarray(is_call, dtype=np.bool_))
    return [array.ravel() for array in arrays], call.ravel(), call.shape


def _blocks(size: int) -> Iterator[slice]:
    """Cut `size` elements into parts that are solved one after the other."""
    return (slice(start, start + _BLOCK) for start in range(0, size, _BLOCK))


def _fill(letters: FloatArray, part: slice, found: Greeks) -> None:
    for letter, values in zip(letters, found, strict=True):
        letter[part] = values


class _Options(NamedTuple):
    """Options of one block in flat arrays of one length, with what price and Greeks share.

    Parameters
    ----------
    forward, strike, years, discount, call
        As given.
    root
        ``sqrt(T)``.
    scale
        ``sqrt(F K)``.
    x
        ``|ln(F/K)|``.
    distance
        ``F - K``; where it is positive, the put is the out-of-the-money side.
    """

    forward: FloatArray
    strike: FloatArray
    years: FloatArray
    discount: FloatArray
    call: BoolArray
    root: FloatArray
    scale: FloatArray
    x: FloatArray
    distance: FloatArray

    @classmethod
    def of(
        cls,
        forward: FloatArray,
        strike: FloatArray,
        years: FloatArray,
        discount: FloatArray,
        *,
        call: BoolArray,
    ) -> Self:
        """Compute what is shared."""
        return cls(
            forward=forward,
            strike=strike,
            years=years,
            discount=discount,
            call=call,
            root=np.sqrt(years),
            scale=np.sqrt(forward * strike),
            x=np.abs(np.log(forward / strike)),
            distance=forward - strike,
        )

    def only(self, which: NDArray[np.intp]) -> Self:
        """Select elements by their positions."""
        return type(self)(*(field[which] for field in self))

    def positive(self) -> BoolArray:
        """Whether forward, strike, years and discount all are."""
        least = np.minimum(self.forward, self.strike)
        found: BoolArray = np.minimum(least, np.minimum(self.years, self.discount)) > 0
        return found

    def intrinsic(self) -> FloatArray:
        """Return the undiscounted intrinsic value in points."""
        return np.maximum(np.where(self.call, self.distance, -self.distance), 0.0)

    def maximum(self) -> FloatArray:
        """Return the most that an option can be worth in points."""
        return self.discount * np.where(self.call, self.forward, self.strike)

    def limit(self) -> FloatArray:
        """Return ``exp(-x/2)``, the most that the normalised time value can be."""
        limit: FloatArray = np.minimum(self.forward, self.strike) / self.scale
        return limit

    def tail(self, s: FloatArray) -> FloatArray:
        """Return ``N`` by which the out-of-the-money side's delta is the discount."""
        h, t = self.x / s, 0.5 * s
        tail: FloatArray = ndtr(np.where(self.distance > 0, -t, t) - h)
        return tail


def _solve(options: _Options, price: FloatArray, iv: FloatArray, reason: ReasonArray) -> FloatArray:
    """Fill `iv` and `reason`; return ``s = iv sqrt(T)``, NaN where there is none."""
    value = (price / options.discount - options.intrinsic()) / options.scale
    usable = options.positive()
    usable &= value > 0
    usable &= price < options.maximum()
    normalised = Normalised(
        x=options.x,
        m=np.abs(options.distance) / options.scale,
        value=value,
        limit=options.limit(),
    )
    s = total_deviation(normalised, usable)
    np.divide(s, options.root, out=iv)
    unsolved = np.flatnonzero(~(iv > 0))
    if unsolved.size:
        iv[unsolved] = s[unsolved] = np.nan
        reason[unsolved] = _reasons(options.only(unsolved), price[unsolved])
    return s


def _reasons(options: _Options, price: FloatArray) -> ReasonArray:
    """Say why there is no volatility."""
    reason = np.full(price.size, Reason.NON_FINITE, dtype=np.int8)
    reason[price / options.discount <= options.intrinsic()] = Reason.BELOW_INTRINSIC
    reason[price >= options.maximum()] = Reason.ABOVE_MAXIMUM
    reason[price <= 0] = Reason.ZERO_PRICE
    reason[options.years <= 0] = Reason.EXPIRED
    domain = (options.forward > 0) & (options.strike > 0) & (options.discount > 0)
    known = (options.forward, options.strike, options.years, options.discount, price)
    domain &= np.isfinite(known).all(axis=0)
    reason[~domain] = Reason.NON_FINITE
    return reason


def _greeks_at(options: _Options, vol: FloatArray) -> Greeks:
    """Differentiate at known volatilities; NaN where a volatility is not positive."""
    s = np.where((vol > 0) & options.positive(), vol * options.root, np.nan)
    limit = options.limit()
    d1 = 0.5 * s - options.x / s
    above, below = ndtr(d1), ndtr(d1 - s)
    time_value = options.scale * (limit * above - below / limit)
    return _greeks(
        options,
        s,
        options.discount * (options.intrinsic() + time_value),
        tail=np.where(options.distance > 0, below, above),
    )


def _greeks(options: _Options, s: FloatArray, price: FloatArray, *, tail: FloatArray) -> Greeks:
    """Differentiate at ``s``, where the price and the out-of-the-money delta are known."""
    put_side = options.distance > 0
    h, t = options.x / s, 0.5 * s
    discount = options.discount
    density = discount * options.scale * np.exp(-0.5 * (h * h + t * t)) / SQRT_2PI  # D F n(d1)
    out_of_the_money = np.where(put_side, -tail, tail)
    in_the_money = np.subtract(options.call, ~put_side, dtype=np.float64)
    return Greeks(
        delta=discount * (out_of_the_money + in_the_money),
        gamma=density / (options.forward * options.forward * s),
        vega=density * options.root,
        theta=-(np.log(discount) * price + t * density) / (DAYS_PER_YEAR * options.years),
        rho=-options.years * price + 0.0 * s,
    )
