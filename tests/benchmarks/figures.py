"""What a benchmark measures, as figures, and how it takes time.

A benchmark is a module ``bench_<name>.py`` in this folder with a function ``measure`` that takes
nothing and yields each `Figure` as soon as it is known::

    def measure() -> Iterator[Figure]:
        spent = timed(lambda: read_chain(path), rounds=7)
        yield at_most("reading a chain", statistics.median(spent), "ms", 400, samples=spent)

``make bench`` finds it, runs it as a process of its own and puts its figures into the table, into
``build/bench/bench.json`` and ``build/bench/bench.html``; ``make bench ONLY="name other"`` runs
some. A benchmark that raises fails alone, and the others go on.

- A figure with a target says whether it is met; one without is for information.
- The machine may be shared. What is compared is measured in turn within one run and given as a
  ratio, ``samples`` holds every repetition (7 at the least for a time), and the spread is shown.
- What is missing (recorded data, an environment) is a figure with the value ``None`` and a note
  that says why: it neither passes nor fails.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured.

    Parameters
    ----------
    name
        What it is of, without the unit.
    value
        In `unit`; ``None`` where it could not be measured, and `note` says why.
    unit
        ``ns``, ``ms``, ``MB``, ``x`` (a ratio), ...
    target
        The bound in words, such as ``<= 250``; empty for a figure without one.
    passed
        Whether the target is met; ``None`` without one.
    samples
        All repetitions behind the value, in `unit`.
    note
        What a reader must know to take the figure for what it is.
    curve, x, of
        Line of the growth plot to which the figure belongs, its place on it, and what is counted
        there: sessions, contracts.
    """

    name: str
    value: float | None
    unit: str
    target: str = ""
    passed: bool | None = None
    samples: tuple[float, ...] = ()
    note: str = ""
    curve: str = ""
    x: float | None = None
    of: str = ""

    @property
    def spread(self) -> float | None:
        """Half the distance of the quartiles of the samples over their median; the noise."""
        if len(self.samples) < 2:
            return None
        first, middle, third = statistics.quantiles(self.samples, n=4, method="inclusive")
        return (third - first) / 2 / middle if middle else None


def at_most(  # noqa: PLR0913 - the fields of a figure
    name: str,
    value: float | None,
    unit: str,
    bound: float,
    *,
    samples: Iterable[float] = (),
    note: str = "",
) -> Figure:
    """Return a figure that passes up to `bound`."""
    passed = None if value is None else bool(value <= bound)
    found = Figure(name=name, value=value, unit=unit, samples=tuple(samples), note=note)
    return replace(found, target=f"<= {bound:g}", passed=passed)


def at_least(  # noqa: PLR0913 - the fields of a figure
    name: str,
    value: float | None,
    unit: str,
    bound: float,
    *,
    samples: Iterable[float] = (),
    note: str = "",
) -> Figure:
    """Return a figure that passes from `bound` on."""
    passed = None if value is None else bool(value >= bound)
    found = Figure(name=name, value=value, unit=unit, samples=tuple(samples), note=note)
    return replace(found, target=f">= {bound:g}", passed=passed)


def missing(name: str, why: str, unit: str = "") -> Figure:
    """Return a figure that could not be measured here."""
    return Figure(name=name, value=None, unit=unit, note=why)


def timed(
    function: Callable[[], object],
    *,
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> list[float]:
    """Call `function` once untimed, then `rounds` times; return the milliseconds of each.

    The processor time of this process is taken, which other programs disturb least; for what
    waits (disk, socket, other processes) give ``time.perf_counter``.
    """
    function()
    return [milliseconds(function, clock=clock) for _ in range(rounds)]


def milliseconds(
    function: Callable[[], object], *, clock: Callable[[], float] = time.process_time
) -> float:
    """Time one call."""
    start = clock()
    function()
    return (clock() - start) * 1000
