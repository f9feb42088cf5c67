"""The greatest error of an implied volatility, against 40 digits (``rivals/truth.py``, mpmath).

A price determines a volatility to 1e-9 where four units in its last place move the volatility by
less. Deep in the money it does not: the time value is lost in the rounding of the price. Prices
below 1e-300 are numbers with fewer digits, and left out.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from figures import Figure, at_most, missing
from option_chains import RATE, OptionChain, spx_chain, vix_grid
from vollib.black.implied_volatility import implied_volatility

from bot.core.pricing import Reason, greeks, implied_vol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.core.pricing import BoolArray, FloatArray

ROOT = Path(__file__).parents[2]
LARGEST_ERROR = 1e-9
EVERY = 4
LIMIT_SECONDS = 600


def measure() -> Iterator[Figure]:
    """Yield the greatest errors, and the contracts that vollib judges otherwise."""
    python = ROOT / ".venv-truth" / "bin" / "python"
    for name, chain in (("SPX chain", spx_chain()), ("VIX grid", vix_grid())):
        some = every(chain, EVERY)
        yield _rejected_otherwise(f"{name}: judged otherwise than by vollib", some)
        what = f"{name}: greatest error of an IV"
        if not python.exists():
            yield missing(what, "type `make rivals`")
            continue
        iv, reason = implied_vol(some.price, *some.market)
        wanted, error = determined(some), np.abs(iv - truth(some, python))
        yield at_most(
            what,
            float(np.max(error[wanted])),
            "",
            LARGEST_ERROR,
            note=f"over {wanted.sum()} of {some.size} prices that determine it; "
            f"{(reason[wanted] != Reason.OK).sum()} of them unsolved",
        )


def every(chain: OptionChain, step: int) -> OptionChain:
    """Return every `step`-th contract."""
    return replace(
        chain, **{each.name: getattr(chain, each.name)[::step] for each in fields(chain)}
    )


def determined(chain: OptionChain) -> BoolArray:
    """Whether the price determines the volatility to 1e-9."""
    vega = greeks(*chain.market[:4], chain.vol, chain.call).vega
    found: BoolArray = 4 * np.spacing(chain.price) < LARGEST_ERROR * vega
    return found & (chain.price > 1e-300)


def truth(chain: OptionChain, python: Path) -> FloatArray:
    """Return the volatilities of the prices, to the last digit."""
    with tempfile.TemporaryDirectory() as folder:
        given, solved = Path(folder) / "given.npz", Path(folder) / "solved.npz"
        chain.save(given)
        script = Path(__file__).parent / "rivals" / "truth.py"
        subprocess.run([python, script, given, solved], check=True, timeout=LIMIT_SECONDS)
        with np.load(solved) as kept:
            found: FloatArray = kept["iv"]
            return found


def _rejected_otherwise(name: str, chain: OptionChain) -> Figure:
    """Count the quotes of which vollib says there is a volatility and the kernel not, or so."""
    quotes = chain.quotes()
    ours = implied_vol(quotes, *chain.market).reason == Reason.OK
    theirs = np.array(
        [
            _vollib_has_one(*row)
            for row in zip(
                quotes.tolist(),
                chain.forward.tolist(),
                chain.strike.tolist(),
                chain.years.tolist(),
                chain.call.tolist(),
                strict=True,
            )
        ]
    )
    different = int((ours != theirs).sum())
    note = f"none for {(~ours).sum()} of {chain.size} quotes here, for {(~theirs).sum()} there"
    return at_most(name, different, "contracts", 0, note=note)


def _vollib_has_one(
    quote: float,
    forward: float,
    strike: float,
    years: float,
    call: bool,  # noqa: FBT001 - a row
) -> bool:
    try:
        found = implied_volatility(quote, forward, strike, RATE, years, "c" if call else "p")
    except Exception:  # noqa: BLE001 - whatever it raises is its refusal
        return False
    return bool(found > 0)
