"""The kernel beside other libraries: IV and five Greeks of the same SPX chain, in the same run.

Each rival has an environment of its own (``make rivals``, hashes in ``rivals/*.txt``) and is timed
by real time, as some work on all cores; ours is timed before and after it, on one core. The best
round of each counts, as other programs on the machine only ever add. Contracts are those of which
the price determines a volatility, so that no rival is stopped by one that does not.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from figures import Figure, at_least, milliseconds, missing
from option_chains import OptionChain, spx_chain

from bot.core.pricing import implied_vol, implied_vol_and_greeks

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
RIVALS = {
    "pyvolr": "pyvolr",
    "fast_vollib": "fast_vollib",
    "fast_vollib_numba": "fast_vollib",
    "py_vollib_vectorized": "py_vollib_vectorized",
    "quantlib": "quantlib",
}
"""Rival, and its environment."""
ROUNDS = 9
LIMIT_SECONDS = 300


def measure() -> Iterator[Figure]:
    """Yield how many times longer than ours each rival takes."""
    chain = determined(spx_chain())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain.npz"
        chain.save(path)
        for name, environment in RIVALS.items():
            yield _race(name, environment, chain, path)


def determined(chain: OptionChain) -> OptionChain:
    """Return the contracts of which the price determines the volatility well."""
    iv, _ = implied_vol(chain.price, *chain.market)
    known = np.abs(iv - chain.vol) < 1e-6
    return replace(chain, **{each.name: getattr(chain, each.name)[known] for each in fields(chain)})


def _race(name: str, environment: str, chain: OptionChain, path: Path) -> Figure:
    python = ROOT / f".venv-{environment}" / "bin" / "python"
    what = f"{name}: its time over ours"
    if not (python.parents[1] / ".stamp").exists():
        return missing(what, _why_not(environment), "x")
    before = _ours(chain)
    command = [python, Path(__file__).parent / "rivals" / "race.py", name, path, str(ROUNDS)]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    if ended.returncode:
        return missing(what, f"failed: {(ended.stderr.strip() or '?').splitlines()[-1]}", "x")
    ours, found = min(before + _ours(chain)), json.loads(ended.stdout)
    theirs = found["nanoseconds"]
    return at_least(
        what,
        min(theirs) / ours,
        "x",
        1.0,
        samples=[each / ours for each in theirs],
        note=f"ours {ours:.0f} ns, theirs {min(theirs):,.0f} ns "
        f"(median {statistics.median(theirs):,.0f}); its greatest error {found['error']:.1e}",
    )


def _ours(chain: OptionChain) -> list[float]:
    """Return nanoseconds for one contract of each round."""

    def run() -> None:
        implied_vol_and_greeks(chain.price, *chain.market)

    run()
    spent = [milliseconds(run, clock=time.perf_counter) for _ in range(ROUNDS)]
    return [each * 1e6 / chain.size for each in spent]


def _why_not(environment: str) -> str:
    """Return why an environment is not there, as ``make rivals`` has noted it."""
    log = ROOT / "build" / "rivals" / f"{environment}.log"
    lines = log.read_text(encoding="utf-8").split("\n") if log.is_file() else []
    faults = [line.strip() for line in lines if "ERROR" in line or "error" in line]
    return f"not installed: {faults[0] if faults else 'type `make rivals`'}"
