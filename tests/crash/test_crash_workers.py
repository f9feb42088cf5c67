"""Work that is shared between processes comes back in its order, or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from workers import shared


def test_results_come_in_the_order_of_the_work() -> None:
    assert list(shared(lambda item: item * item, range(7), 3)) == [0, 1, 4, 9, 16, 25, 36]


def test_work_is_done_in_as_many_processes_as_asked_for() -> None:
    numbers = list(shared(lambda _item: os.getpid(), range(6), 2))

    assert numbers[::2] == [numbers[0]] * 3
    assert numbers[1::2] == [numbers[1]] * 3
    assert len({os.getpid(), *numbers}) == 3


def test_work_that_raises_is_not_taken_for_done() -> None:
    found = shared(lambda item: 6 // item, (3, 2, 0, 1), 1)

    assert next(found) == 2
    assert next(found) == 3
    with pytest.raises(RuntimeError, match="no result of item 2"):
        next(found)


def test_processes_end_with_the_interest_in_their_results() -> None:
    found = shared(lambda _item: os.getpid(), iter(int, 1), 1)
    number = next(found)
    found.close()

    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
