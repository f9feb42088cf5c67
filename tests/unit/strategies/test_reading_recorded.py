"""On recorded end-of-day chains the strikes that are read choose what the whole chain chooses.

Four of the clean chains, in every shape that the signals can give a condor; ``make bench`` takes
them all.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from captured_reading import clean_sessions, compared

if TYPE_CHECKING:
    from pathlib import Path

SESSIONS = (
    dt.date(2020, 3, 20),  # VIX at 66
    dt.date(2022, 2, 4),  # 25 and 50 points between strikes
    dt.date(2024, 1, 5),  # two VIX strikes equally near the money
    dt.date(2026, 7, 27),  # every 5 points
)
MOST_OPTIONS = 66


@pytest.mark.data
@pytest.mark.parametrize("session", SESSIONS, ids=str)
def test_the_strikes_read_choose_what_the_whole_recorded_chain_chooses(
    data_dir: Path, session: dt.date
) -> None:
    assert session in clean_sessions(data_dir)

    found = list(compared(data_dir, [session]))

    assert len(found) == 9
    for each in found:
        assert each.differences == ()
        assert sum(each.rounds) <= MOST_OPTIONS
        assert sum(each.rounds) * 7 < each.listed
