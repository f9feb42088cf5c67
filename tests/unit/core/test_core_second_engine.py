"""The second engine's budget, by hand, and when it runs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import EngineUse, HedgeSale, Layer
from bot.core.rules import Rules, SecondEngineRules
from bot.core.second_engine import engine_budget_usd, engine_verdicts, runs, wave_ebbs
from bot.core.sessions import TradingCalendar
from proposals import context

if TYPE_CHECKING:
    import datetime as dt

CALENDAR = TradingCalendar(builders.calendar_days())
RULES = SecondEngineRules()
EBB = {"vix": 25.0, "vix_short_mean": 30.0, "vix_over_vix3m": 0.95, "vix_macd_histogram": -1.0}


def ago(sessions: int) -> dt.date:
    return CALENDAR.previous(builders.SESSION, sessions)


def sale(sessions_ago: int, gain: float, lot: str = "near") -> HedgeSale:
    return HedgeSale(
        session=ago(sessions_ago),
        lot_id=lot,
        layer=Layer.NEAR,
        quantity=2,
        gain_usd=Decimal(str(gain)),
    )


def use(sessions_ago: int, usd: float) -> EngineUse:
    return EngineUse(session=ago(sessions_ago), max_loss_usd=usd)


def budget(sales: list[HedgeSale], uses: list[EngineUse]) -> float:
    book = replace(builders.book(), hedge_sales=tuple(sales), engine_uses=tuple(uses))
    return engine_budget_usd(book, builders.SESSION, calendar=CALENDAR, rules=RULES)


def test_half_of_the_realised_gain_is_the_budget() -> None:
    assert budget([sale(3, 40_000.0), sale(1, 10_000.0)], []) == 25_000.0


def test_without_a_sale_there_is_no_budget() -> None:
    assert budget([], []) == 0.0
    assert budget([], [use(2, 5_000.0)]) == 0.0


def test_a_budget_expires_after_sixty_sessions() -> None:
    assert budget([sale(60, 40_000.0)], []) == 20_000.0
    assert budget([sale(61, 40_000.0)], []) == 0.0


def test_condors_opened_use_it_up_whether_open_or_closed() -> None:
    assert budget([sale(10, 40_000.0)], [use(5, 12_000.0)]) == 8_000.0
    assert budget([sale(10, 40_000.0)], [use(5, 12_000.0), use(2, 12_000.0)]) == 0.0


def test_the_oldest_budget_is_used_first_and_nothing_before_its_sale() -> None:
    sales = [sale(70, 40_000.0), sale(20, 40_000.0)]

    assert budget(sales, [use(50, 12_000.0)]) == 20_000.0  # paid by the one that has expired
    assert budget(sales, [use(10, 12_000.0)]) == 20_000.0  # of the older one 20,000 were left
    assert budget(sales, [use(5, 12_000.0)]) == 8_000.0  # by then it had expired


def test_a_sale_at_a_loss_lowers_the_budget() -> None:
    assert budget([sale(10, 40_000.0), sale(4, -10_000.0)], []) == 15_000.0
    assert budget([sale(4, -10_000.0)], []) == 0.0


@given(
    sales=st.lists(st.tuples(st.integers(0, 120), st.floats(-1e5, 1e5)), max_size=6),
    uses=st.lists(st.tuples(st.integers(0, 120), st.floats(0, 1e5)), max_size=6),
)
def test_the_budget_is_never_negative_nor_more_than_half_of_what_was_gained(
    sales: list[tuple[int, float]], uses: list[tuple[int, float]]
) -> None:
    found = budget([sale(*each) for each in sales], [use(*each) for each in uses])

    gained = sum(max(gain, 0.0) for days, gain in sales if days <= 60)
    assert 0 <= found <= 0.5 * gained + 1e-6


@pytest.mark.parametrize(
    ("changed", "ebbs"),
    [
        ({}, True),
        ({"vix": 30.0}, False),
        ({"vix_over_vix3m": 1.0}, False),
        ({"vix_macd_histogram": 0.0}, False),
        ({"vix": None}, None),
        ({"vix_short_mean": None}, None),
        ({"vix_over_vix3m": None}, None),
        ({"vix_macd_histogram": None}, None),
    ],
)
def test_the_wave_ebbs_when_all_three_say_so(
    changed: dict[str, float | None], *, ebbs: bool | None
) -> None:
    assert wave_ebbs(context(**(EBB | changed)).signals) is ebbs


def test_the_engine_runs_on_an_ebbing_wave_with_a_budget_and_a_high_vix() -> None:
    book = replace(builders.book(), hedge_sales=(sale(1, 40_000.0),))

    assert runs(context(book, **EBB))
    assert not runs(context(book, **(EBB | {"vix": 20.0, "vix_short_mean": 21.0})))
    assert not runs(context(book, **(EBB | {"vix_macd_histogram": None})))
    assert not runs(context(**EBB))


def test_the_engine_can_be_switched_off() -> None:
    book = replace(builders.book(), hedge_sales=(sale(1, 40_000.0),))
    rules = Rules(second_engine=SecondEngineRules(enabled=False))

    assert not runs(context(book, rules=rules, **EBB))


def test_it_says_what_it_waits_for_and_how_much_is_left() -> None:
    book = replace(builders.book(), hedge_sales=(sale(1, 40_000.0),))

    found = {each.code: each for each in engine_verdicts(context(book, **EBB))}

    assert set(found) == {"ENGINE_VIX", "ENGINE_WAVE", "ENGINE_BUDGET"}
    assert found["ENGINE_BUDGET"].observed == 20_000.0
    assert all(each.passed for each in found.values())
