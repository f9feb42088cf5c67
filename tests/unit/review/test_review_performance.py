"""Figures of performance against values worked out by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.review.performance import (
    Drawdown,
    Segment,
    book_points,
    cagr,
    course,
    drag,
    inception,
    max_drawdown,
    months,
    performance,
    segments,
    shadow_points,
)
from ledger_facts import SESSION, mark

if TYPE_CHECKING:
    from bot.core.mark import Mark

BEFORE = SESSION - dt.timedelta(days=1)


def day(number: int) -> dt.date:
    return SESSION + dt.timedelta(days=number)


def series(*values: int) -> tuple[tuple[dt.date, Decimal], ...]:
    return tuple((day(number), Decimal(value)) for number, value in enumerate(values))


def marks(*book_and_hedge: tuple[int | None, int], capital: int = 1000) -> list[Mark]:
    """Marks of a book by its NAV and the cumulative profit of its hedge."""
    return [
        mark(
            day(number),
            nav_usd=None if nav is None else Decimal(nav),
            shadow_nav_usd=None if nav is None else Decimal(nav - hedge),
            hedge_pnl_usd=Decimal(hedge),
            condor_pnl_usd=Decimal(0 if nav is None else nav - hedge - capital),
        )
        for number, (nav, hedge) in enumerate(book_and_hedge)
    ]


def test_the_capital_before_the_first_trade_is_the_nav_less_all_profit() -> None:
    assert inception(marks((1010, -20), (1030, -40))) == (BEFORE, Decimal(1000))


def test_the_capital_is_taken_from_the_first_mark_that_is_complete() -> None:
    assert inception(marks((None, 0), (1030, -40))) == (BEFORE, Decimal(1000))
    assert inception(marks((None, 0))) is None
    assert inception([mark(hedge_pnl_usd=None)]) is None
    assert inception([mark(condor_pnl_usd=None)]) is None


def test_both_series_start_at_the_same_capital() -> None:
    taken = marks((1010, -20), (None, 0), (1030, -40))

    assert book_points(taken) == ((BEFORE, 1000), (day(0), 1010), (day(2), 1030))
    assert shadow_points(taken) == ((BEFORE, 1000), (day(0), 1030), (day(2), 1070))


def test_a_series_whose_capital_is_not_known_starts_at_its_first_value() -> None:
    assert book_points([mark(hedge_pnl_usd=None)]) == ((SESSION, Decimal(1_000_300)),)


def test_the_deepest_fall_is_measured_from_the_high_before_it() -> None:
    # 100 -> 80 is 20 %, 150 -> 105 is 30 %; 150 is reached again on day 6
    expected = Drawdown(share=0.30, usd=Decimal(45), peak=day(3), trough=day(5), recovered=day(6))

    assert max_drawdown(series(100, 80, 120, 150, 140, 105, 150, 149)) == expected


def test_a_fall_begins_on_the_last_day_at_the_high() -> None:
    assert max_drawdown(series(100, 100, 90)).peak == day(1)


def test_a_fall_that_is_not_made_good_has_no_recovery() -> None:
    found = max_drawdown(series(100, 90, 99))

    assert (found.share, found.trough, found.recovered) == (0.10, day(1), None)


@pytest.mark.parametrize("values", [(), (100,), (100, 100, 101)])
def test_a_series_that_never_fell_has_no_drawdown(values: tuple[int, ...]) -> None:
    assert max_drawdown(series(*values)) == Drawdown()


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=60))
def test_the_drawdown_is_the_largest_of_all_falls_below_a_running_high(values: list[int]) -> None:
    highs = accumulate(values, max)
    expected = max(1 - value / high for value, high in zip(values, highs, strict=True))

    assert max_drawdown(series(*values)).share == pytest.approx(expected, abs=1e-12)


def test_growth_a_year_compounds_over_calendar_days() -> None:
    # doubling in 1461 days, four years: the fourth root of two
    points = ((day(0), Decimal(100)), (day(1461), Decimal(200)))

    assert cagr(points) == pytest.approx(0.189_207_115_002_721, abs=1e-12)


@pytest.mark.parametrize(
    "points",
    [
        series(),
        series(100),
        series(100, 110),
        ((day(0), Decimal(100)), (day(400), Decimal(0))),
        ((day(0), Decimal(-1)), (day(400), Decimal(10))),
    ],
)
def test_growth_is_unknown_over_too_short_a_span_and_without_capital(points: object) -> None:
    assert cagr(points) is None  # type: ignore[arg-type]


def spread(span: int, *, hedge: int) -> list[Mark]:
    """Two marks of 1000 and 1100, the second one `span` days after inception."""
    first = marks((1000, 0))
    last = mark(
        BEFORE + dt.timedelta(days=span),
        nav_usd=Decimal(1100),
        shadow_nav_usd=Decimal(1100 - hedge),
        hedge_pnl_usd=Decimal(hedge),
        condor_pnl_usd=Decimal(100 - hedge),
    )
    return [*first, last]


def test_drag_is_the_yearly_cost_of_the_hedge_over_the_average_nav() -> None:
    # cost 21 over an average NAV of 1050 is 2 %, in half of a year of 365.25 days: x 365.25/180
    assert drag(spread(180, hedge=-21)) == pytest.approx(0.02 * 365.25 / 180, abs=1e-12)


def test_a_hedge_that_gained_has_a_negative_drag() -> None:
    assert drag(spread(180, hedge=21)) == pytest.approx(-0.02 * 365.25 / 180, abs=1e-12)


def test_drag_is_unknown_while_it_would_be_noise() -> None:
    assert drag(spread(89, hedge=-21)) is None
    assert drag(spread(90, hedge=-21)) is not None
    assert drag([]) is None


def test_book_and_shadow_are_judged_side_by_side() -> None:
    # shadow: 1000, 1000, 800, 900: falls 20 %; book: 1000, 980, 882, 930: falls 11.8 %
    found = performance(marks((980, -20), (882, 82), (None, 0), (930, 30)))

    assert (found.sessions, found.unknown, found.drag) == (4, 1, None)
    assert found.book is not None
    assert found.shadow is not None
    assert found.shadow.drawdown.share == pytest.approx(0.20)
    assert found.book.drawdown.share == pytest.approx(0.118)
    assert found.drawdown_reduction == pytest.approx(1 - 0.118 / 0.20)
    assert (found.book.profit_usd, found.shadow.profit_usd) == (-70, -100)


def test_nothing_is_said_of_a_shadow_that_never_fell() -> None:
    assert performance(marks((980, -20), (990, -30))).drawdown_reduction is None


def test_a_fall_of_almost_nothing_is_no_measure_of_the_hedge() -> None:
    # unhedged 7 in 100,000 below the start, the book 93: thirteen times almost nothing
    tiny = performance(marks((99_907, -86), capital=100_000))
    # unhedged 100 in 100,000, the book 200
    least = performance(marks((99_800, -100), capital=100_000))

    assert tiny.drawdown_reduction is None
    assert least.drawdown_reduction == pytest.approx(-1.0)


def test_nothing_is_said_without_marks() -> None:
    found = performance([])

    assert (found.book, found.shadow, found.drag, found.drawdown_reduction) == (None,) * 4
    assert course(()) is None


def test_segments_add_up_to_the_whole_across_marks_that_are_unknown() -> None:
    taken = marks((980, -20), (None, 0), (882, 82), (930, 30))
    labels = {day(0): "calm", day(1): "stress", day(2): "stress"}

    found = segments(taken, labels)

    assert found == (
        Segment(label="calm", sessions=1, book_usd=Decimal(-20), shadow_usd=Decimal(0)),
        Segment(label="stress", sessions=1, book_usd=Decimal(-98), shadow_usd=Decimal(-200)),
        Segment(label="unknown", sessions=1, book_usd=Decimal(48), shadow_usd=Decimal(100)),
    )
    assert [segment.hedge_usd for segment in found] == [-20, 102, -52]
    assert segments([], labels) == ()


def test_months_are_named_by_year_and_month() -> None:
    taken = marks(*[(1000 + number, 0) for number in range(20)])

    found = months(taken)

    assert [(segment.label, segment.sessions) for segment in found] == [
        ("2026-07", 12),
        ("2026-08", 8),
    ]
    assert sum(segment.book_usd for segment in found) == 19
