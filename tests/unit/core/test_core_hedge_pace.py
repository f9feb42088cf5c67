"""The pace of a first purchase, and what a layer remembers of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import HedgeNotes, Layer, LayerNote
from bot.core.hedge_pace import (
    ended,
    entry_day,
    entry_note,
    layer_note,
    pace_sessions,
    paced_goal,
)
from bot.core.hedge_rules import PaceRules
from bot.core.regime import Regime
from bot.core.sessions import TradingCalendar
from proposals import context

RULES = PaceRules()
CALENDAR = TradingCalendar(builders.market().calendar)
NEW = LayerNote(layer=Layer.NEAR)
BENIGN = {"regime": Regime.CALM, "reer_z": 0.5, "rate_differential_z": -1.0}


@pytest.mark.parametrize(
    ("signals", "sessions"),
    [
        ({"stress_score": 2}, 1),
        ({"stress_score": 1}, 2),
        ({"stress_score": None}, 2),
        ({"vx_slope_change": -0.05}, 1),
        ({"vx_slope_change": -0.049}, 2),
        ({"vx_slope_change": 0.20}, 2),
        (BENIGN, 3),
        (BENIGN | {"stress_score": 2}, 1),
        (BENIGN | {"regime": Regime.TRANSITION}, 2),
        (BENIGN | {"reer_z": 1.01}, 2),
        (BENIGN | {"rate_differential_z": -1.01}, 2),
        (BENIGN | {"reer_z": None}, 2),
        (BENIGN | {"rate_differential_z": None}, 2),
    ],
)
def test_stress_hastens_an_entry_and_a_benign_calm_stretches_it(
    signals: dict[str, object], sessions: int
) -> None:
    known = {"stress_score": 0, "vx_slope_change": 0.0, "reer_z": 2.0, "rate_differential_z": 2.0}

    assert pace_sessions(context(**(known | signals)).signals, RULES) == sessions


def days(sessions: int, target: int, *, established: int = 0) -> list[int]:
    """Contracts that an entry reaches on each of its days."""
    note = LayerNote(
        layer=Layer.NEAR, established=established, goal=target, initiated=builders.SESSION
    )
    session, reached = builders.SESSION, []
    for _ in range(sessions + 1):
        reached.append(paced_goal(note, sessions, session=session, calendar=CALENDAR))
        session = CALENDAR.next(session)
    return reached


@pytest.mark.parametrize(
    ("sessions", "target", "reached"),
    [
        (1, 4, [4, 4]),
        (2, 4, [2, 4, 4]),
        (3, 4, [2, 4, 4, 4]),
        (2, 2, [2, 2, 2]),
        (3, 2, [2, 2, 2, 2]),
        (3, 12, [4, 8, 12, 12]),
        (2, 3, [2, 3, 3]),
    ],
)
def test_an_entry_goes_in_equal_parts_rounded_up_to_pairs(
    sessions: int, target: int, reached: list[int]
) -> None:
    assert days(sessions, target) == reached


def test_a_unit_that_is_added_is_paced_above_what_is_established() -> None:
    assert days(2, 8, established=4) == [6, 8, 8]


def test_a_first_purchase_begins_an_entry() -> None:
    note = entry_note(NEW, 4, held=0, session=builders.SESSION)

    assert note == replace(NEW, goal=4, initiated=builders.SESSION)


def test_an_entry_goes_on_from_the_session_in_which_it_began() -> None:
    begun = replace(NEW, goal=4, initiated=builders.SESSION)

    assert entry_note(begun, 4, held=2, session=CALENDAR.next(builders.SESSION)) == begun


def test_a_target_that_rises_while_an_entry_is_under_way_begins_another() -> None:
    begun = replace(NEW, goal=4, initiated=builders.SESSION)
    later = CALENDAR.next(builders.SESSION)

    assert entry_note(begun, 8, held=2, session=later) == replace(
        NEW, established=2, goal=8, initiated=later
    )


def test_a_layer_that_is_there_is_established_without_an_entry() -> None:
    note = entry_note(NEW, 4, held=4, session=builders.SESSION)

    assert note == replace(NEW, established=4, goal=4)


def test_what_an_established_layer_lost_is_no_entry() -> None:
    established = replace(NEW, established=4, goal=4)

    note = entry_note(established, 4, held=0, session=builders.SESSION)

    assert note.initiated is None
    assert paced_goal(note, 3, session=builders.SESSION, calendar=CALENDAR) == 4


def test_a_target_that_shrinks_takes_what_is_established_with_it() -> None:
    note = entry_note(replace(NEW, established=8, goal=8), 4, held=8, session=builders.SESSION)

    assert (note.established, note.goal) == (4, 4)


def test_an_entry_that_asks_for_all_of_its_goal_is_at_its_end() -> None:
    begun = replace(NEW, goal=4, initiated=builders.SESSION)

    assert ended(begun, 4) == replace(NEW, established=4, goal=4)
    assert ended(begun, 3) == begun


def test_a_hedge_of_unknown_past_has_what_it_holds_for_established() -> None:
    assert layer_note(None, Layer.MID, held=4) == LayerNote(layer=Layer.MID, established=4, goal=4)
    remembered = LayerNote(layer=Layer.MID, delta_steps=2)
    assert layer_note(HedgeNotes(layers=(NEW, remembered)), Layer.MID, held=4) == remembered


def test_an_entry_older_than_the_calendar_is_over() -> None:
    assert entry_day(dt.date(2000, 1, 3), builders.SESSION, CALENDAR) > 200


@given(
    established=st.integers(0, 12),
    added=st.integers(1, 12),
    sessions=st.integers(1, 5),
)
def test_an_entry_never_falls_and_ends_at_its_goal_in_time(
    established: int, added: int, sessions: int
) -> None:
    reached = days(sessions, established + added, established=established)

    assert reached == sorted(reached)
    assert established < reached[0] <= established + added
    assert reached[sessions - 1] == established + added
