"""The pricing kernel: time of an implied volatility with its five Greeks, beside vollib's loop.

Both are timed in turn in this process, each round of ours beside a round of theirs, by processor
time; vollib's loop runs over a sample of the same contracts. Their ratio is that of the best
rounds: other programs on the machine only ever add, and more to what works on arrays than to what
works on numbers. The cold call is the first one of a process of its own, after its imports.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
from figures import Figure, at_least, at_most, milliseconds
from option_chains import RATE, OptionChain, spx_chain, vix_grid
from vollib.black.greeks import analytical
from vollib.black.implied_volatility import implied_volatility

from bot.core.pricing import Reason, implied_vol, implied_vol_and_greeks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOOPED, ROUNDS, COLD_STARTS = 150, 31, 7
RATIO, IV_NS, COLD_MS = 300.0, 250.0, 30.0
LETTERS = ("delta", "gamma", "vega", "theta", "rho")
NS_PER_MS = 1e6


def measure() -> Iterator[Figure]:
    """Yield nanoseconds for one contract, their ratio to vollib's, and the first call."""
    for name, chain in (("SPX chain", spx_chain()), ("VIX grid", vix_grid())):
        yield from _against_vollib(f"{name}, {chain.size} contracts", chain)
    cold = [_cold_ms() for _ in range(COLD_STARTS)]
    yield at_most(
        "first call on a chain of 20,000", statistics.median(cold), "ms", COLD_MS, samples=cold
    )


def _against_vollib(name: str, chain: OptionChain) -> Iterator[Figure]:
    """Yield the figures of one chain, at its quotes."""
    quotes = chain.quotes()
    rounds = {
        "iv": lambda: implied_vol(quotes, *chain.market),
        "both": lambda: implied_vol_and_greeks(quotes, *chain.market),
        "vollib": vollib_loop(chain, quotes),
    }
    times = {each: np.empty(ROUNDS) for each in rounds}
    for number in range(ROUNDS):
        for each, function in rounds.items():
            times[each][number] = milliseconds(function) * NS_PER_MS
    ours, iv = times["both"] / chain.size, times["iv"] / chain.size
    theirs = times["vollib"] / LOOPED
    yield at_most(f"{name}: one IV", np.median(iv), "ns", IV_NS, samples=iv)
    yield Figure(
        name=f"{name}: IV and five Greeks",
        value=float(np.median(ours)),
        unit="ns",
        samples=tuple(ours),
        note=f"vollib's loop: {np.median(theirs):,.0f} ns",
    )
    yield at_least(
        f"{name}: the same over vollib",
        theirs.min() / ours.min(),
        "x",
        RATIO,
        samples=theirs / ours,
        note=f"at the best of {ROUNDS} rounds of each; the median of the ratios is "
        f"{np.median(theirs / ours):.0f}",
    )


def vollib_loop(chain: OptionChain, quotes: np.ndarray) -> Callable[[], None]:
    """Return vollib's loop over a sample of the contracts that have a volatility."""
    known = np.flatnonzero(implied_vol(quotes, *chain.market).reason == Reason.OK)
    sample = np.random.default_rng(1).choice(known, LOOPED, replace=False)
    contracts = [
        (
            float(quotes[i]),
            float(chain.forward[i]),
            float(chain.strike[i]),
            float(chain.years[i]),
            "c" if chain.call[i] else "p",
        )
        for i in sample
    ]
    letters = [getattr(analytical, letter) for letter in LETTERS]

    def loop() -> None:
        for quote, forward, strike, years, flag in contracts:
            iv = implied_volatility(quote, forward, strike, RATE, years, flag)
            for letter in letters:
                letter(flag, forward, strike, years, RATE, iv)

    return loop


_COLD = """
import time
from option_chains import spx_chain
chain = spx_chain()
quotes = chain.quotes()
from bot.core.pricing import implied_vol_and_greeks
start = time.process_time()
implied_vol_and_greeks(quotes, *chain.market)
print((time.process_time() - start) * 1000)
"""


def _cold_ms() -> float:
    found = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{_COLD}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(found.stdout)
