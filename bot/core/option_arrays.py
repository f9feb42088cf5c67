"""Options as flat arrays: what is given, and what price, volatility and Greeks share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from bot.core.normalised import Normalised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from bot.core.pricing import BoolArray, FloatArray

_BLOCK: Final = 8192
"""Elements that are solved together, so that their temporaries stay in the cache."""

np.empty(1 << 21)
"""16 MB that come and go untouched: from then on glibc keeps what is freed for the next
temporary, instead of giving it back to the kernel and taking it again page by page, which costs
as much as the arithmetic (``mallopt(3)``, dynamic ``M_MMAP_THRESHOLD``)."""


class Inputs(NamedTuple):
    """Flat arrays of one length; `given` is the price or the volatility."""

    forward: FloatArray
    strike: FloatArray
    years: FloatArray
    discount: FloatArray
    given: FloatArray
    call: BoolArray

    @classmethod
    def of(cls, *values: ArrayLike, is_call: ArrayLike) -> tuple[Self, tuple[int, ...]]:
        """Broadcast to one shape and flatten; return that shape too."""
        arrays = [np.asarray(value, dtype=np.float64) for value in values]
        *arrays, call = np.broadcast_arrays(*arrays, np.asarray(is_call, dtype=np.bool_))
        forward, strike, years, discount, given = (array.ravel() for array in arrays)
        return cls(forward, strike, years, discount, given, call.ravel()), call.shape

    def only(self, which: slice | NDArray[np.intp]) -> Inputs:
        """Select elements."""
        forward, strike, years, discount, given, call = self
        return Inputs(
            forward[which],
            strike[which],
            years[which],
            discount[which],
            given[which],
            call[which],
        )

    def blocks(self) -> Iterator[tuple[slice, Inputs]]:
        """Yield parts that are solved one after the other, with their place."""
        for start in range(0, self.call.size, _BLOCK):
            part = slice(start, start + _BLOCK)
            yield part, self.only(part)

    def positive(self) -> BoolArray:
        """Whether forward, strike, years and discount all are."""
        least = np.minimum(self.forward, self.strike)
        found: BoolArray = np.minimum(least, np.minimum(self.years, self.discount)) > 0
        return found

    def intrinsic(self) -> FloatArray:
        """Return the undiscounted intrinsic value, in points."""
        distance = self.forward - self.strike
        return np.maximum(np.where(self.call, distance, -distance), 0.0)

    def maximum(self) -> FloatArray:
        """Return the most that an option can be worth, in points."""
        return self.discount * np.where(self.call, self.forward, self.strike)


class Shape(NamedTuple):
    """What price and Greeks share.

    Parameters
    ----------
    root
        ``sqrt(T)``.
    scale
        ``sqrt(F K)``, points.
    x
        ``|ln(F/K)|``.
    limit
        ``exp(-x/2)``.
    distance
        ``F - K``, points; where it is positive, the put is the out-of-the-money side.
    intrinsic
        Undiscounted, points.
    """

    root: FloatArray
    scale: FloatArray
    x: FloatArray
    limit: FloatArray
    distance: FloatArray
    intrinsic: FloatArray

    @classmethod
    def of(cls, inputs: Inputs) -> Self:
        """Compute it."""
        forward, strike = inputs.forward, inputs.strike
        scale, distance = np.sqrt(forward * strike), forward - strike
        return cls(
            root=np.sqrt(inputs.years),
            scale=scale,
            x=np.abs(np.log(forward / strike)),
            limit=np.minimum(forward, strike) / scale,
            distance=distance,
            intrinsic=inputs.intrinsic(),
        )

    def normalised(self, inputs: Inputs) -> Normalised:
        """Strip options with known prices of their units."""
        return Normalised(
            x=self.x,
            m=np.abs(self.distance) / self.scale,
            value=(inputs.given / inputs.discount - self.intrinsic) / self.scale,
            limit=self.limit,
        )
