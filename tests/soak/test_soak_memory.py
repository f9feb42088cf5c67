"""What a session makes is gone after it, in bot, client library and gateway."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.extend(
    [str(Path(__file__).parents[1] / each) for each in ("scenario", "property", "soak")]
)

from memory import alive
from year import Plan, live

if TYPE_CHECKING:
    from collections import Counter

GROWS = {
    "bot.core.model.DailyBar": "the market's history is a day longer",
    "bot.core.model.OptionContract": "names of options, in caches that have a bound",
    "bot.simulator.market.OptionSeries": "what is listed comes and goes",
    "bot.simulator.products.Instrument": "options that were looked at, in a cache that has a bound",
}
"""Kinds of which there may be more after a session, and why."""


def test_no_object_of_a_session_outlives_it(tmp_path: Path) -> None:
    counts: list[Counter[str]] = []

    live(Plan(seed=5, sessions=7, faults=0), tmp_path, hear=lambda _day: counts.append(alive()))

    warm = counts[2:]
    grown = {
        kind: [count[kind] for count in warm]
        for kind in warm[-1].keys() - GROWS
        if all(later[kind] > earlier[kind] for earlier, later in pairwise(warm))
    }
    assert grown == {}
    assert warm[-1]["bot.core.model.DailyBar"] > 0
