"""When a lot is due, when it waits, and when its roll is called forward."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

import builders
from bot.core.book import Layer, LotNote
from bot.core.hedge_figures import LotFigures
from bot.core.hedge_rolls import (
    calm_rise,
    due_by_days,
    due_by_extrinsic,
    due_since,
    early_called,
    early_gains,
    is_hard,
    restriking_forbidden,
    waited,
)
from bot.core.hedge_rules import HedgeRules, RollRules
from bot.core.regime import Breadth, Regime
from bot.core.sessions import TradingCalendar
from proposals import context

HEDGE = HedgeRules()
RULES = RollRules()
CALENDAR = TradingCalendar(builders.market().calendar)
NEAR = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4)
CALM_RISE = {
    "regime": Regime.CALM,
    "macd_histogram": 0.1,
    "spx_rsi": 60.0,
    "breadth": Breadth.UP,
}
CALLED = {
    "regime": Regime.TRANSITION,
    "macd_crossed_below": True,
    "breadth_turned_down": False,
}


def decayed(
    gone: float, multiple: float, *, layer: Layer = Layer.NEAR, sold: int = 0
) -> LotFigures:
    """A lot of 2.00 extrinsic value and 2.00 cost with so much gone and so much left."""
    return LotFigures(
        lot=replace(NEAR, layer=layer),
        sold=sold,
        mark_points=2.0 * multiple,
        extrinsic_points=2.0 * (1 - gone),
    )


@pytest.mark.parametrize(
    ("lot", "due"),
    [
        (decayed(0.60, 0.99), True),
        (decayed(0.59, 0.50), False),
        (decayed(0.90, 1.0), False),
        (decayed(0.90, 0.5, layer=Layer.MID), False),
        (decayed(0.90, 0.5, sold=2), False),
        (replace(decayed(0.90, 0.5), extrinsic_points=None), False),
        (replace(decayed(0.90, 0.5), mark_points=None), False),
    ],
)
def test_time_value_makes_a_near_lot_due_only_below_its_cost(lot: LotFigures, *, due: bool) -> None:
    assert due_by_extrinsic(lot, RULES) is due


@pytest.mark.parametrize(("layer", "days"), [(HEDGE.near, 7), (HEDGE.mid, 40), (HEDGE.far, 120)])
def test_each_layer_has_its_last_day(layer: object, days: int) -> None:
    session = NEAR.contract.expiry - dt.timedelta(days=days)

    assert due_by_days(NEAR, session, layer)  # type: ignore[arg-type]
    assert not due_by_days(NEAR, session - dt.timedelta(days=1), layer)  # type: ignore[arg-type]


def test_a_roll_of_any_layer_is_hard_at_the_days_of_the_near_one() -> None:
    assert is_hard(NEAR, dt.date(2026, 8, 12), HEDGE)
    assert not is_hard(NEAR, dt.date(2026, 8, 11), HEDGE)


@pytest.mark.parametrize(
    ("changes", "forbidden"),
    [
        ({}, False),
        ({"regime": Regime.STRESS}, True),
        ({"vix_rsi": 75.1}, True),
        ({"vix_rsi": 75.0}, False),
        ({"vix_rsi": None}, False),
    ],
)
def test_stress_or_an_overbought_vix_forbids_striking_anew(
    changes: dict[str, object], *, forbidden: bool
) -> None:
    known = {"regime": Regime.TRANSITION, "vix_rsi": 50.0}

    assert restriking_forbidden(context(**(known | changes)).signals, RULES) is forbidden


@pytest.mark.parametrize(
    ("changes", "called"),
    [
        ({}, True),
        ({"macd_crossed_below": False}, False),
        ({"macd_crossed_below": None}, False),
        ({"macd_crossed_below": False, "breadth_turned_down": True}, True),
        ({"regime": Regime.CALM}, False),
        ({"regime": Regime.STRESS}, False),
    ],
)
def test_a_turn_in_transition_calls_the_roll_forward(
    changes: dict[str, object], *, called: bool
) -> None:
    signals = context(**(CALLED | changes)).signals

    assert early_called(signals, RULES) is called
    assert not early_called(signals, replace(RULES, early=False))


@pytest.mark.parametrize(
    ("expiry", "delta", "gains"),
    [
        (dt.date(2026, 9, 16), 0.50, True),
        (builders.NEAR_EXPIRY, 0.45, True),
        (builders.NEAR_EXPIRY, 0.55, True),
        (builders.NEAR_EXPIRY, 0.46, False),
        (builders.NEAR_EXPIRY, None, False),
        (dt.date(2026, 7, 22), 0.20, False),
    ],
)
def test_an_early_roll_needs_a_later_expiry_or_a_delta_to_mend(
    expiry: dt.date, delta: float | None, *, gains: bool
) -> None:
    lot = LotFigures(lot=NEAR, delta=delta)

    assert early_gains(lot, expiry=expiry, target_delta=0.50, rules=RULES) is gains


@pytest.mark.parametrize(
    ("changes", "rise"),
    [
        ({}, True),
        ({"spx_rsi": 45.0}, True),
        ({"spx_rsi": 44.9}, False),
        ({"spx_rsi": 70.0}, True),
        ({"spx_rsi": 70.1}, False),
        ({"spx_rsi": None}, False),
        ({"macd_histogram": 0.0}, False),
        ({"macd_histogram": None}, False),
        ({"breadth": Breadth.NEUTRAL}, False),
        ({"breadth": None}, False),
        ({"regime": Regime.TRANSITION}, False),
    ],
)
def test_a_roll_waits_in_a_calm_rise_only(changes: dict[str, object], *, rise: bool) -> None:
    assert calm_rise(context(**(CALM_RISE | changes)).signals, RULES) is rise


def since(note: dt.date | None, first_day: dt.date | None) -> dt.date:
    remembered = None if note is None else LotNote(lot_id=NEAR.lot_id, due_since=note)
    return due_since(NEAR, remembered, session=builders.SESSION, first_day=first_day)


def test_a_lot_is_due_since_the_first_session_that_said_so() -> None:
    opened = NEAR.opened  # 2026-07-01

    assert since(None, None) == builders.SESSION
    assert since(dt.date(2026, 7, 15), None) == dt.date(2026, 7, 15)
    assert since(None, dt.date(2026, 7, 14)) == dt.date(2026, 7, 14)
    assert since(dt.date(2026, 7, 10), dt.date(2026, 7, 14)) == dt.date(2026, 7, 10)
    assert since(None, dt.date(2026, 6, 1)) == opened


def test_sessions_waited_leave_weekends_out_and_never_run_off_the_calendar() -> None:
    assert waited(dt.date(2026, 7, 15), builders.SESSION, CALENDAR) == 3  # Wednesday to Monday
    assert waited(dt.date(2000, 1, 3), builders.SESSION, CALENDAR) > 200
