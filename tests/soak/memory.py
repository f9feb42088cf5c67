"""How much memory a process holds, what lives in it, and whether it grew.

What is measured is the resident memory of the whole process (bot, client library, gateway and this
test) after each session and a full collection of garbage; nothing is given back to the system by
force. The most that it ever held would say how large the greatest moment was, not what stayed.

Memory grows from one stretch of ten sessions to another: between the medians of the first ten after
the warm-up and of the last ten. A year that was interrupted goes on in a process that is smaller;
only sessions of one process are compared, those of the one that lived the most.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from year import Day

WARM: Final = 60
"""Sessions of a process after which its memory must not grow any more."""

STRETCH: Final = 10
"""Sessions whose median is compared."""

OWNERS: Final = ("bot", "strategies", "ib_insync", "eventkit", "asyncio", "sqlite3", "_asyncio")
"""Whose objects are counted: of what a session makes, nothing may stay."""


def resident() -> float:
    """Return the resident memory after a collection, MB; the most so far where Linux is not."""
    gc.collect()
    status = Path("/proc/self/statm")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return int(status.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def alive() -> Counter[str]:
    """Return how many objects of each type of bot, gateway and client library are alive."""
    gc.collect()
    types = Counter(type(each) for each in gc.get_objects())
    return Counter(
        {
            f"{kind.__module__}.{kind.__qualname__}": count
            for kind, count in types.items()
            if str(kind.__module__).partition(".")[0] in OWNERS
        }
    )


def drift(days: Sequence[Day]) -> float | None:
    """Return by how much memory grew after the warm-up; ``None`` of too few sessions to say."""
    lives = [[day.megabytes for day in life] for _, life in groupby(days, lambda day: day.life)]
    warm = max(lives, key=len, default=[])[WARM:]
    if len(warm) < 2 * STRETCH:
        return None
    return statistics.median(warm[-STRETCH:]) / statistics.median(warm[:STRETCH]) - 1
