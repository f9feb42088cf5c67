"""Time of one implied volatility and its five Greeks, beside vollib's loop over the same options.

Both are timed in turn, the best of several
rounds each, as other programs on the machine slow both alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from figures import Figure, at_least, milliseconds
from vollib.black.greeks import analytical
from vollib.black.implied_volatility import implied_volatility

from bot.core.pricing import Reason, greeks, implied_vol, price

if TYPE_CHECKING:
    from collections.abc import Iterator

FORWARD, RATE = 6400.0, 0.04
CONTRACTS, LOOPED, ROUNDS = 20_000, 200, 60
LETTERS = ("delta", "gamma", "vega", "theta", "rho")


def measure() -> Iterator[Figure]:
    """Yield nanoseconds for one contract, ours and vollib's, and their ratio."""
    generator = np.random.default_rng(1)
    strike = FORWARD * np.exp(generator.normal(-0.03, 0.08, CONTRACTS)).round(3)
    years = generator.choice(np.array([7, 35, 120]) / 365, CONTRACTS)
    vol = np.clip(0.15 - 0.8 * np.log(strike / FORWARD), 0.08, 1.5)
    discount, call = np.exp(-RATE * years), strike > FORWARD
    quotes = price(FORWARD, strike, years, discount, vol, call)
    known = np.flatnonzero(
        implied_vol(quotes, FORWARD, strike, years, discount, call).reason == Reason.OK
    )

    def ours() -> None:
        iv, _ = implied_vol(quotes, FORWARD, strike, years, discount, call)
        greeks(FORWARD, strike, years, discount, iv, call)

    def vollibs() -> None:
        for i in known[:LOOPED]:
            flag = "c" if call[i] else "p"
            iv = implied_volatility(quotes[i], FORWARD, strike[i], RATE, years[i], flag)
            for letter in LETTERS:
                getattr(analytical, letter)(flag, FORWARD, strike[i], years[i], RATE, iv)

    times = np.array([(milliseconds(ours), milliseconds(vollibs)) for _ in range(ROUNDS)]).min(
        axis=0
    )
    one, theirs = times / (CONTRACTS, LOOPED) * 1e6
    yield Figure(name="IV and Greeks of one contract", value=one, unit="ns")
    yield at_least("the same over vollib", theirs / one, "x", 300)
