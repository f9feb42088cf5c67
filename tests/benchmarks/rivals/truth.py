"""Solve Black's formula for the volatility with 40 digits: ``truth.py PRICES.npz OUT.npz``.

The price is taken as the binary number that it is, so the answer is what its last bit determines.
The time value over the discount is matched by Newton's method from the volatility that made the
price, until a step is below 1e-30 of it.
"""

from __future__ import annotations

import sys

import numpy as np
from mpmath import fabs, log, mp, mpf, ncdf, npdf, sqrt

mp.dps = 40
STEPS, SMALL = 60, mpf(10) ** -30


def solve(numbers: tuple[float, ...], *, call: bool) -> float:
    """Return the volatility as a float, NaN where the price has none.

    Parameters
    ----------
    numbers
        Price, forward, strike, years, discount, and a volatility to start from.
    call
        True for a call.
    """
    price, forward, strike, years, discount, vol = map(mpf, numbers)
    root, sign = sqrt(years), 1 if forward <= strike else -1
    intrinsic = max(forward - strike if call else strike - forward, mpf(0))
    value = price / discount - intrinsic
    if not 0 < value < min(forward, strike):
        return float("nan")
    s, ratio = vol * root, log(forward / strike)
    for _ in range(STEPS):
        d1 = ratio / s + s / 2
        found = sign * (forward * ncdf(sign * d1) - strike * ncdf(sign * (d1 - s)))
        slope = forward * npdf(d1)
        step = log(value / found) * found / slope  # Newton's, on the logarithm of the value
        s *= max(min(1 + step / s, mpf(2)), mpf("0.5"))
        if fabs(step) < SMALL * s:
            return float(s / root)
    return float("nan")


def main() -> None:
    """Solve every row."""
    with np.load(sys.argv[1]) as kept:
        names = ("price", "forward", "strike", "years", "discount", "vol")
        rows = zip(*(kept[name].tolist() for name in names), strict=True)
        calls = kept["call"].tolist()
    solved = [solve(row, call=call) for row, call in zip(rows, calls, strict=True)]
    np.savez(sys.argv[2], iv=np.array(solved))


if __name__ == "__main__":
    main()
