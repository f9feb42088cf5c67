"""Time a rival on a chain: ``race.py NAME CHAIN.npz ROUNDS``, in the rival's own environment.

Prints JSON: nanoseconds of real time for one contract (implied volatility and five Greeks) in each
round, after an untimed one that compiles what is compiled, and the greatest error of a volatility.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]
    Run = Callable[[], Array]

LOOPED = 1_000
LETTERS = ("delta", "gamma", "vega", "theta", "rho")


def pyvolr(chain: list[Array], rate: Array, flag: Array) -> Run:
    """Rust, on all cores."""
    black76 = import_module("pyvolr.black76")
    is_call = np.where(flag == "c", 1, -1).astype(np.int8)  # what it takes fastest

    price, *market = chain

    def run() -> Array:
        iv = black76.implied_vol(price, is_call, *market, rate, on_error="ignore")
        black76.greeks(is_call, *market, rate, iv)
        return np.asarray(iv)

    return run


def fast_vollib(chain: list[Array], rate: Array, flag: Array, *, backend: str = "numpy") -> Run:
    """NumPy, or Numba."""
    rival = import_module("fast_vollib")

    price, forward, strike, years = chain
    how = {"backend": backend}

    def run() -> Array:
        iv = rival.fast_implied_volatility_black(
            price, forward, strike, rate, years, flag, on_error="ignore", return_as="numpy", **how
        )
        rival.get_all_greeks(
            flag, forward, strike, years, rate, iv, model="black", return_as="dict", **how
        )
        return np.asarray(iv)

    return run


def fast_vollib_numba(chain: list[Array], rate: Array, flag: Array) -> Run:
    """Its compiled back end."""
    return fast_vollib(chain, rate, flag, backend="numba")


def py_vollib_vectorized(chain: list[Array], rate: Array, flag: Array) -> Run:
    """Numba."""
    rival = import_module("py_vollib_vectorized")

    price, *market = chain

    def run() -> Array:
        iv = rival.vectorized_implied_volatility(
            price, *market, rate, flag, model="black", return_as="numpy", on_error="ignore"
        )
        rival.get_all_greeks(flag, *market, rate, iv, model="black", return_as="dict")
        return np.asarray(iv)

    return run


def quantlib(chain: list[Array], rate: Array, flag: Array) -> Run:
    """C++, called for one contract after the other: it has no call for arrays."""
    library = import_module("QuantLib")

    kinds = {"c": library.Option.Call, "p": library.Option.Put}
    rows = list(zip(*(each.tolist() for each in (*chain, rate)), flag, strict=True))

    def run() -> Array:
        found = np.empty(len(rows))
        for row, (price, forward, strike, years, short, letter) in enumerate(rows):
            kind, discount = kinds[letter], np.exp(-short * years)
            deviation = library.blackFormulaImpliedStdDev(kind, strike, forward, price, discount)
            found[row] = deviation / years**0.5
            payoff = library.PlainVanillaPayoff(kind, strike)
            option = library.BlackCalculator(payoff, forward, deviation, discount)
            option.deltaForward()
            option.gammaForward()
            option.vega(years)
            option.theta(forward, years)
            option.rho(years)
        return found

    return run


RIVALS = {
    found.__name__: found
    for found in (pyvolr, fast_vollib, fast_vollib_numba, py_vollib_vectorized, quantlib)
}


def main() -> None:
    """Time one rival."""
    name, path, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    warnings.simplefilter("ignore")
    with np.load(path) as kept:
        vol, call = kept["vol"], kept["call"]
        chain = [kept[field] for field in ("price", "forward", "strike", "years")]
        rate = -np.log(kept["discount"]) / kept["years"]
    if name == "quantlib":
        chosen = np.random.default_rng(1).choice(vol.size, LOOPED, replace=False)
        vol, call, rate = vol[chosen], call[chosen], rate[chosen]
        chain = [each[chosen] for each in chain]
    run = RIVALS[name](chain, rate, np.where(call, "c", "p"))
    error = float(np.nanmax(np.abs(run() - vol)))
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        spent.append((time.perf_counter() - start) / vol.size * 1e9)
    sys.stdout.write(json.dumps({"nanoseconds": spent, "error": error}))


if __name__ == "__main__":
    main()
