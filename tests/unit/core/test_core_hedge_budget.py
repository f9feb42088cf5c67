"""Drag, P/CF and the steps of delta that follow them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import HedgeLedger, Layer, LayerNote
from bot.core.hedge_budget import (
    hedge_drag,
    most_steps,
    premium_outstanding_usd,
    premium_over_credit,
    step_direction,
    stepped_delta,
    stepped_lately,
    stepped_note,
)
from bot.core.hedge_rules import BudgetRules, HedgeRules
from bot.core.sessions import TradingCalendar

RULES = BudgetRules()
HEDGE = HedgeRules()
YEAR = HedgeLedger(
    sessions=252,
    net_cost_usd=Decimal(15_000),
    average_nav_usd=Decimal(1_000_000),
    condor_sessions=90,
    condor_credit_usd=Decimal(8_000),
)
CALENDAR = TradingCalendar(builders.market().calendar)


def test_a_year_s_cost_over_the_mean_nav_is_the_drag() -> None:
    assert hedge_drag(YEAR, RULES) == pytest.approx(0.015)


def test_a_shorter_history_is_brought_to_a_year() -> None:
    # 5,000 of a million in half a year is 1 % a year
    half = replace(YEAR, sessions=126, net_cost_usd=Decimal(5_000))

    assert hedge_drag(half, RULES) == pytest.approx(0.010)


def test_a_hedge_that_gained_has_a_negative_drag() -> None:
    assert hedge_drag(replace(YEAR, net_cost_usd=Decimal(-15_000)), RULES) == pytest.approx(-0.015)


@pytest.mark.parametrize(
    "past",
    [
        HedgeLedger(),
        replace(YEAR, sessions=62),
        replace(YEAR, net_cost_usd=None),
        replace(YEAR, average_nav_usd=None),
        replace(YEAR, average_nav_usd=Decimal(0)),
    ],
)
def test_a_drag_that_cannot_be_reckoned_is_unknown(past: HedgeLedger) -> None:
    assert hedge_drag(past, RULES) is None


def test_premium_outstanding_counts_what_is_still_held_at_its_cost() -> None:
    # 4 x 2.00 + 2 x 2.00 points of 100 USD
    lots = [
        builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4),
        builders.lot(Layer.FAR, expiry=builders.FAR_EXPIRY, quantity=2),
    ]

    assert premium_outstanding_usd(lots) == 1_200.0
    assert premium_over_credit(lots, YEAR, RULES) == pytest.approx(0.15)


@pytest.mark.parametrize(
    "past",
    [
        replace(YEAR, condor_credit_usd=Decimal(0)),
        replace(YEAR, condor_credit_usd=Decimal(-1)),
        replace(YEAR, condor_credit_usd=None),
        replace(YEAR, condor_sessions=62),
    ],
)
def test_condors_without_a_credit_give_no_reading(past: HedgeLedger) -> None:
    lots = [builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4)]

    assert premium_over_credit(lots, past, RULES) is None


@pytest.mark.parametrize(
    ("drag", "pcf", "direction"),
    [
        (0.0201, None, 1),
        (0.02, None, 0),
        (0.015, 1.01, 1),
        (0.015, 1.0, 0),
        (0.005, 1.01, 1),
        (0.0099, 0.5, -1),
        (0.01, None, 0),
        (-0.05, None, -1),
        (None, None, 0),
        (None, 0.1, 0),
    ],
)
def test_either_reading_moves_out_and_a_low_drag_alone_moves_back(
    drag: float | None, pcf: float | None, direction: int
) -> None:
    assert step_direction(drag, pcf, RULES) == direction


@pytest.mark.parametrize(
    ("layer", "deltas"),
    [
        (HEDGE.near, [0.50, 0.45, 0.40, 0.35]),
        (HEDGE.mid, [0.50, 0.45, 0.40, 0.35]),
        (HEDGE.far, [0.20, 0.15, 0.10]),
    ],
)
def test_steps_of_five_hundredths_stay_within_the_bounds_of_the_layer(
    layer: object, deltas: list[float]
) -> None:
    assert most_steps(layer, RULES) == len(deltas) - 1  # type: ignore[arg-type]
    for steps, delta in enumerate(deltas):
        assert stepped_delta(steps, layer, RULES) == pytest.approx(delta)  # type: ignore[arg-type]


def test_a_step_of_nothing_never_moves() -> None:
    assert most_steps(HEDGE.near, replace(RULES, delta_step=0.0)) == 0


def step(note: LayerNote, direction: int) -> LayerNote:
    return stepped_note(note, direction, session=builders.SESSION, layer=HEDGE.near, rules=RULES)


def test_a_step_is_noted_with_its_session() -> None:
    assert step(LayerNote(layer=Layer.NEAR), 1) == LayerNote(
        layer=Layer.NEAR, delta_steps=1, stepped=builders.SESSION
    )


@pytest.mark.parametrize(("steps", "direction"), [(0, -1), (3, 1), (1, 0)])
def test_a_step_beyond_a_bound_is_none_and_starts_no_quarter(steps: int, direction: int) -> None:
    note = LayerNote(layer=Layer.NEAR, delta_steps=steps)

    assert step(note, direction) == note


def test_a_quarter_is_sixty_three_sessions() -> None:
    for ago, lately in ((62, True), (63, False)):
        note = LayerNote(layer=Layer.NEAR, stepped=CALENDAR.previous(builders.SESSION, ago))

        assert stepped_lately(note, builders.SESSION, calendar=CALENDAR, rules=RULES) is lately
    assert not stepped_lately(
        LayerNote(layer=Layer.NEAR, stepped=dt.date(2000, 1, 3)),
        builders.SESSION,
        calendar=CALENDAR,
        rules=RULES,
    )


@given(directions=st.lists(st.sampled_from([-1, 0, 1]), max_size=40))
def test_however_it_steps_a_layer_stays_within_its_bounds(directions: list[int]) -> None:
    note = LayerNote(layer=Layer.FAR)
    for direction in directions:
        note = stepped_note(note, direction, session=builders.SESSION, layer=HEDGE.far, rules=RULES)

        assert 0.10 - 1e-9 <= stepped_delta(note.delta_steps, HEDGE.far, RULES) <= 0.20
