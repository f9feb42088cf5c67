"""The plan of a campaign reaches every kind of session, way of filling and boundary."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from campaign import planned
from scenes import SCENES, VENUES

LENGTHS = {
    f"{scene} {venue}": {"commit": 90 + at, "order": 4 + at, "receive": 110, "send": 700}
    for at, (scene, venue) in enumerate((scene, venue) for venue in VENUES for scene in SCENES)
}
PLAN = [planned(index, LENGTHS) for index in range(830)]


def test_every_scene_is_killed_with_every_way_of_filling() -> None:
    met = Counter((trial.scene, trial.venue) for trial in PLAN)

    assert set(met) == {(scene, venue) for scene in SCENES for venue in VENUES}
    assert min(met.values()) >= 35


def test_a_short_campaign_kills_every_scene_at_every_kind_of_boundary() -> None:
    met = {(trial.scene, trial.stops[0].kind) for trial in PLAN[:35]}

    kinds = {"commit", "order", "receive", "send"}
    assert met >= {(scene, kind) for scene in SCENES for kind in kinds - {"send", "receive"}}
    assert {kind for _, kind in met} == kinds


def test_no_boundary_is_met_twice_before_each_was_met_once() -> None:
    met: dict[tuple[str, ...], list[int]] = {}
    for trial in PLAN:
        stop = trial.stops[0]
        met.setdefault((trial.scene, trial.venue, stop.kind), []).append(stop.number)

    for (scene, venue, kind), numbers in met.items():
        length = LENGTHS[f"{scene} {venue}"][kind]
        assert len(set(numbers[:length])) == len(numbers[:length])
        assert set(numbers) <= set(range(1, length + 1))


def test_messages_about_orders_are_torn_as_well_as_held_back() -> None:
    torn = {trial.stops[0].torn for trial in PLAN if trial.stops[0].kind == "order"}

    assert torn == {True, False}


def test_recoveries_are_killed_too() -> None:
    again = [trial.stops[1] for trial in PLAN if len(trial.stops) > 1]

    assert len(again) >= 250
    assert {stop.kind for stop in again} == {"commit", "order", "receive", "send"}
