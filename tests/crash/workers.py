"""Shares work between processes that are forked from this one; results come in its order."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import traceback
from dataclasses import dataclass
from itertools import count, islice
from typing import IO, TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

T = TypeVar("T")

DONE = "done"
"""Last line of a process that has done its share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process, and its results as JSON lines."""

    number: int
    results: IO[str]

    def end(self) -> None:
        """End it and all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.number, signal.SIGKILL)
        self.results.close()
        os.waitpid(self.number, 0)


def shared(act: Callable[[T], object], items: Iterable[T], jobs: int) -> Generator[Any, None, None]:
    """Do `act` with each of `items` in so many processes; yield what it returned, from JSON.

    Raises
    ------
    RuntimeError
        If `act` raised; the process has said why.
    """
    workers = [worker(act, islice(items, first, None, jobs)) for first in range(jobs)]
    try:
        for number in count():
            line = workers[number % jobs].results.readline().strip()
            if line == DONE:
                return
            if not line:
                raise RuntimeError(f"no result of item {number}")
            yield json.loads(line)
    finally:
        for each in workers:
            each.end()


def worker(act: Callable[[T], object], items: Iterator[T]) -> Worker:
    """Start a process that does its share."""
    reading, writing = os.pipe()
    if number := os.fork():
        os.close(writing)
        return Worker(number=number, results=os.fdopen(reading))
    try:
        os.setpgid(0, 0)
        with os.fdopen(writing, "w", buffering=1) as results:
            results.writelines(f"{json.dumps(act(item))}\n" for item in items)
            results.write(DONE)
    except BaseException:  # noqa: BLE001 - the process ends here whatever it met
        traceback.print_exc()
    finally:
        os._exit(0)
