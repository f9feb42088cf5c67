"""Figures of books made by hand: growth, drawdown, recovery, drag and the internal rate."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from evidence_books import book, weekdays

from bot.evidence.figures import (
    between,
    book_figures,
    cost_of_capital,
    drag,
    drawdown_reduction,
    from_capital,
    growth,
    internal_rate,
    max_drawdown,
    monthly_returns,
    sessions_to_recover,
    yearly_returns,
)


def test_the_drawdown_is_from_the_capital_where_that_is_the_high() -> None:
    fall = max_drawdown(from_capital(book([-100.0, -100.0, 150.0], capital=1_000.0)))

    assert fall.share == pytest.approx(0.2)
    assert (fall.peak, fall.trough) == (-1, 1)


def test_a_book_that_never_fell_has_no_drawdown_and_nothing_to_recover() -> None:
    rising = book([1.0, 1.0], capital=10.0)

    assert max_drawdown(from_capital(rising)).share == 0.0
    assert sessions_to_recover(rising, max_drawdown(from_capital(rising)), cost_of_capital=0.0) == 0


def test_recovery_counts_sessions_from_the_trough_to_the_old_high() -> None:
    course = book([100.0, -300.0, 100.0, 100.0, 100.0, 1.0], capital=1_000.0)
    fall = max_drawdown(from_capital(course))

    assert (fall.peak, fall.trough) == (0, 1)
    assert sessions_to_recover(course, fall, cost_of_capital=0.0) == 3


def test_the_cost_of_capital_puts_recovery_off() -> None:
    course = book([100.0, -300.0, 300.0, 1.0, 1.0, 1.0], capital=1_000.0)
    fall = max_drawdown(from_capital(course))

    # 1100 -> 1100 is the old high at once; at 10 % a year each day asks 0.29 more, 3 of them a
    # weekend: 1101 < 1100 x 1.1 ** (5 / 365) = 1101.44 on Monday, 1102 > 1101.73 on Tuesday
    assert sessions_to_recover(course, fall, cost_of_capital=0.0) == 1
    assert sessions_to_recover(course, fall, cost_of_capital=0.10) == 3


def test_a_book_that_ends_under_water_has_not_recovered() -> None:
    course = book([-10.0, 1.0], capital=100.0)

    assert (
        sessions_to_recover(course, max_drawdown(from_capital(course)), cost_of_capital=0) is None
    )


def test_growth_is_compound_and_ruin_is_minus_one() -> None:
    sessions = np.array(["2019-01-02", "2021-01-01"], "datetime64[D]")  # 731 days: 2.0014 years

    doubled = book([0.0, 1_000.0], capital=1_000.0, sessions=sessions)

    assert growth(doubled) == pytest.approx(2 ** (365.25 / 731) - 1)
    assert growth(book([-2_000.0], capital=1_000.0)) == -1.0


def test_months_begin_where_the_month_before_ended() -> None:
    sessions = np.array(["2019-01-30", "2019-01-31", "2019-02-01", "2020-02-03"], "datetime64[D]")
    course = book([50.0, 50.0, 110.0, -121.0], capital=1_000.0, sessions=sessions)

    assert monthly_returns(course).tolist() == pytest.approx([0.1, 0.1, -0.1])
    assert yearly_returns(course).to_dict() == pytest.approx({2019: 0.21, 2020: -0.1})


def test_drag_is_what_the_hedge_and_its_fees_cost_and_the_interest_on_its_premium() -> None:
    sessions = weekdays(262)
    shadow = book([100.0] * 262, name="shadow", fees=[-1.0] * 262, sessions=sessions)
    hedged = book([100.0] * 262, [-40.0] * 262, fees=[-3.0] * 262, sessions=sessions)
    span = (sessions[-1] - sessions[0]).astype(int) + 1

    found = drag(
        hedged, shadow, premium_usd=np.full(262, 5_000.0), bill_returns=np.full(262, 0.0001)
    )

    mean_nav = 1_000_000.0 + 57.0 * 261 / 2
    assert found.hedge == pytest.approx(42.0 * 262 / mean_nav * 365.25 / span)
    assert found.interest == pytest.approx(0.5 * 261 / mean_nav * 365.25 / span)
    assert found.total == pytest.approx(found.hedge + found.interest)
    assert found.growth > 0


def test_the_reduction_compares_the_deepest_falls() -> None:
    shadow = book([0.0, -400.0], name="shadow", capital=1_000.0)

    assert drawdown_reduction(book([0.0, -300.0], capital=1_000.0), shadow) == pytest.approx(0.25)
    assert math.isnan(drawdown_reduction(shadow, book([1.0, -0.5], capital=1_000.0)))


def test_a_part_of_a_book_starts_from_the_nav_before_it() -> None:
    course = book([10.0, 20.0, 30.0], capital=100.0)

    part = between(course, course.sessions[1], course.sessions[2])

    assert part is not None
    assert from_capital(part).tolist() == [110.0, 130.0, 160.0]
    assert between(course, np.datetime64("1990-01-01"), np.datetime64("1990-02-01")) is None


def test_the_internal_rate_of_one_year_is_the_gain() -> None:
    days, flows = np.array([0.0, 365.0]), np.array([-100.0, 112.0])

    assert internal_rate(days, flows) == pytest.approx(0.12)


def test_the_internal_rate_is_that_of_a_textbook_project() -> None:
    """-1000 and four yearly 300: 7.7138 % (annuity factor 3.3333)."""
    found = internal_rate(np.arange(5) * 365.0, np.array([-1000.0, 300.0, 300.0, 300.0, 300.0]))

    assert found == pytest.approx(0.077138, abs=1e-6)


def test_flows_that_never_come_back_have_no_internal_rate() -> None:
    assert math.isnan(internal_rate(np.array([0.0]), np.array([-1.0])))
    assert math.isnan(internal_rate(np.array([]), np.array([])))


def test_the_cost_of_capital_adds_the_premium_for_beta() -> None:
    assert cost_of_capital(0.02, 0.4) == pytest.approx(0.04)
    assert cost_of_capital(0.02, -1.0) == pytest.approx(0.02)


def test_book_figures_are_those_of_its_months() -> None:
    sessions = np.array(["2019-01-31", "2019-02-28", "2019-03-29"], "datetime64[D]")
    course = book([20.0, -10.2, 30.0], capital=1_000.0, sessions=sessions)
    bills = pd.Series(0.001, index=pd.period_range("2019-01", "2019-03", freq="M"))

    found = book_figures(course, bills)

    excess = np.array([0.02, -0.01, 30.0 / 1009.8]) - 0.001
    assert found.worst_month == pytest.approx(-0.01)
    assert found.sharpe == pytest.approx(excess.mean() / excess.std(ddof=1) * math.sqrt(12))
    assert found.recovery_sessions == 1
