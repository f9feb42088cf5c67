"""Time from the save of the kill switch to the cancel at the gateway, over 100 trials.

Run ``python tests/benchmarks/bench_kill_switch.py`` or ``make bench``; exits 1 above the bound.
The time is real and begins before the file is written, so it contains the edit itself.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scenario"))

from harness import stage
from kill_switch_trials import trials

from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings

TRIALS = 100
BOUND_MS = 250.0
NEVER = ExchangeSettings(fills=FillSettings(policy=FillPolicy.NEVER))


async def measure(folder: Path) -> list[float]:
    """Return the milliseconds of each trial, least first."""
    async with stage(folder, settings=GatewaySettings(exchange=NEVER)) as found:
        return sorted(seconds * 1000 for seconds in await trials(found, TRIALS))


def main() -> int:
    """Print median, 99th percentile and greatest; return the exit code."""
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        spent = asyncio.run(measure(Path(folder)))
    late = spent[int(len(spent) * 0.99) - 1]
    sys.stdout.write(
        f"kill switch, save to cancel, {TRIALS} trials: median {statistics.median(spent):.0f} ms, "
        f"p99 {late:.0f} ms, greatest {spent[-1]:.0f} ms (bound {BOUND_MS:.0f})\n"
    )
    return int(late > BOUND_MS)


if __name__ == "__main__":
    sys.exit(main())
