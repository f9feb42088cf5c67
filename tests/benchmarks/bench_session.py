"""What a session costs, and where the cost lies: the whole bot and the simulated gateway.

Fault-free sessions of a soak (``tests/soak/year.py``), by the processor time of both sides in one
process: session, page, backup, reconciliation, and what the soak asks of both at its end. The same
sessions run a second time under the profiler, which makes them slower; its shares are of their own
sum. ``build/bench/session.txt`` has the functions that cost the most.
"""

from __future__ import annotations

import cProfile
import logging
import pstats
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from figures import Figure, at_most

HERE: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE / each) for each in ("scenario", "property", "soak")]

from year import Plan, live  # noqa: E402 - the paths come first

if TYPE_CHECKING:
    from collections.abc import Iterator

WARM_UP, SESSIONS = 5, 25
BOUND_SECONDS = 0.5
LARGEST, ROWS, WIDEST = 12, 60, 88
TABLE: Final = Path(__file__).resolve().parents[2] / "build" / "bench" / "session.txt"


def measure() -> Iterator[Figure]:
    """Yield what a session costs, and the share of each package."""
    logging.disable(logging.CRITICAL)  # the client library says each of its errors on the terminal
    spent = _lived(SESSIONS)[WARM_UP:]
    yield at_most(
        "a session without faults, bot and gateway",
        statistics.median(spent),
        "s",
        BOUND_SECONDS,
        samples=spent,
    )
    profiler = cProfile.Profile()
    profiler.enable()
    _lived(SESSIONS)
    profiler.disable()
    shares = _shares(pstats.Stats(profiler))
    whole = sum(shares.values())
    for name, seconds in shares.most_common(LARGEST):
        yield Figure(name=f"  of it in {name}", value=100 * seconds / whole, unit="%")
    _write_table(profiler)


def _lived(sessions: int) -> list[float]:
    """Live so many sessions; return what each cost, seconds of one core."""
    spent: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(seed=3, sessions=sessions, faults=0)
        live(plan, Path(folder), hear=lambda day: spent.append(day.seconds))
    return spent


def _shares(stats: pstats.Stats) -> Counter[str]:
    """Return the seconds spent in the code of each package itself, without what it calls."""
    shares = Counter[str]()
    for (path, _, name), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        shares[_package(path, name)] += own
    return shares


def _package(path: str, name: str) -> str:
    """Return the package of a function: ours by folder, others by distribution."""
    if path == "~":
        return "sqlite3" if "sqlite3" in name else "built-in functions"
    parts = Path(path).with_suffix("").parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    root = HERE.parent.parts
    if parts[: len(root)] == root:
        return ".".join(parts[len(root) : -1][:2])
    return "standard library"


def _write_table(profiler: cProfile.Profile) -> None:
    """Write the functions that cost the most, by their own time and with what they call."""
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    with TABLE.open("w", encoding="utf-8") as stream:
        stats = pstats.Stats(profiler, stream=stream).strip_dirs()
        stats.sort_stats("tottime").print_stats(ROWS)
        stats.sort_stats("cumulative").print_stats(ROWS)
