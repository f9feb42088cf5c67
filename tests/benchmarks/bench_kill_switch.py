"""Time from the save of the kill switch to the cancel at the gateway, over 100 trials.

The time is real and begins before the file is written, so it contains the edit itself.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "scenario"))

from figures import Figure, at_most
from harness import stage
from kill_switch_trials import trials

from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillPolicy, FillSettings
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Iterator

TRIALS = 100
BOUND_MS = 250.0
NEVER = ExchangeSettings(fills=FillSettings(policy=FillPolicy.NEVER))


def measure() -> Iterator[Figure]:
    """Yield the 99th percentile and the median of the trials."""
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        spent = asyncio.run(_spent(Path(folder)))
    late = spent[int(len(spent) * 0.99) - 1]
    note = f"p99 of {TRIALS} trials, real time; the greatest {spent[-1]:.0f} ms"
    yield at_most("kill switch, save to cancel", late, "ms", BOUND_MS, samples=spent, note=note)
    yield Figure(name="the same, median", value=statistics.median(spent), unit="ms")


async def _spent(folder: Path) -> list[float]:
    """Return the milliseconds of each trial, least first."""
    async with stage(folder, settings=GatewaySettings(exchange=NEVER)) as found:
        return sorted(seconds * 1000 for seconds in await trials(found, TRIALS))
