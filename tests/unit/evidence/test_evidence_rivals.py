"""Rivals at equal drag, and the books by segment."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from evidence_books import book
from evidence_history import history

from bot.evidence.rivals import (
    commissions,
    put_spread_returns,
    put_spreads_at_equal_drag,
    smaller_at_equal_drag,
    smaller_at_equal_drawdown,
)
from bot.evidence.segments import (
    Stretch,
    by_label,
    by_stretch,
    cycles,
    years_of,
)

DAILY = [100.0] * 200 + [-5_000.0] + [100.0] * 51
"""252 sessions that earn 2.01 % with one loss of 0.5 %."""


def test_at_equal_drag_the_condors_kept_give_up_what_the_hedge_costs() -> None:
    shadow = book(DAILY, name="shadow", carry=[10.0] * 252)
    earned = (251 * 100 - 5_000) / 1e6

    rival = smaller_at_equal_drag(shadow, 0.005)

    assert rival.amount == pytest.approx(1 - 0.005 / earned, abs=0.01)
    assert rival.drawdown == pytest.approx(rival.amount * 0.005, rel=0.03)


def test_condors_that_earn_less_than_the_drag_leave_bills_alone() -> None:
    shadow = book(DAILY, name="shadow", carry=[10.0] * 252)

    rival = smaller_at_equal_drag(shadow, 0.03)

    assert (rival.amount, rival.drawdown) == (0.0, 0.0)
    assert rival.growth == pytest.approx(0.00252, abs=2e-4)
    assert rival.name == "T-bills without condors"


def test_a_hedge_that_earned_money_asks_for_no_smaller_book() -> None:
    assert smaller_at_equal_drag(book(DAILY), -0.01).amount == 1.0


def test_condors_that_lost_less_than_the_hedge_earned_are_not_sold_short() -> None:
    rival = smaller_at_equal_drag(book([-40.0] * 252, name="shadow"), -0.02)

    assert rival.amount == 1.0
    assert rival.growth == pytest.approx(-0.01, abs=1e-3)


def test_at_equal_drawdown_half_the_fall_is_about_half_the_condors() -> None:
    # the loss is of a NAV that has grown by 2 %: 0.51 of it takes 0.25 % of the smaller NAV
    rival = smaller_at_equal_drawdown(book(DAILY, name="shadow"), 0.0025)

    assert rival.amount == pytest.approx(0.51, abs=0.002)
    assert smaller_at_equal_drawdown(book(DAILY, name="shadow"), 0.2).amount == 1.0


def test_put_spreads_are_bought_until_they_cost_the_drag() -> None:
    spreads = np.full(252, -0.00002)
    spreads[200] = 0.002

    rival = put_spreads_at_equal_drag(book(DAILY, name="shadow"), spreads, 0.00302)

    assert rival.amount == pytest.approx(1.0, abs=0.01)
    assert rival.drawdown == pytest.approx(0.003, rel=0.05)


def test_put_spreads_that_cost_nothing_have_no_equal_drag() -> None:
    rival = put_spreads_at_equal_drag(book(DAILY), np.full(252, 0.001), 0.01)

    assert math.isnan(rival.amount)
    assert "no number" in rival.note


def test_a_put_spread_in_a_crash_ends_at_its_width() -> None:
    """Bought at 3000 with strikes 2850 and 2550; at the expiry SPX stands at 2000: 300 points."""
    market = history(
        first=dt.date(2019, 1, 22), count=40, spx=[3000.0] * 10 + [2000.0] * 30, vix=20.0
    )
    expiry = np.datetime64("2019-02-15")
    at = int(np.searchsorted(market.sessions, expiry))
    spot = np.concatenate([[3000.0], market.spx.close[:-1]])

    points = put_spread_returns(market, market.sessions, spread_share=0.5) * spot
    bought = -points[0]

    # all marks from the purchase to the expiry add up to the width less what was paid at the bid
    held = points[1 : at + 1].sum()
    new_spread_cost = held - 300.0
    assert 0 < bought < 2.0
    assert -40.0 < new_spread_cost < 0.0
    assert points[10] > 200.0


def test_a_put_spread_pays_the_commission_of_both_legs_on_a_contract_of_todays_notional() -> None:
    """SPX at 3,750 is half of today's 7,500: mids of 8.00 and 0.40 are 16.00 and 0.80 today.

    The broker takes 0.65 a leg, the exchange 0.45 from a premium of 1.00 on and 0.36 below: 2.11
    USD on a contract of 750,000, that is 0.0211 of 7,500 points, or 0.01055 of 3,750.
    """
    assert commissions(np.array([8.0, 0.4]), 3_750.0) == pytest.approx(0.01055)


def test_put_spreads_pay_the_share_of_the_stressed_half_spread_that_the_books_pay() -> None:
    """All that a month costs beyond the mid: (0.5 + 1) half-spreads, one of which comes back."""
    market = history(first=dt.date(2019, 1, 22), count=10)
    at_once = {
        (share, stress): -float(
            put_spread_returns(market, market.sessions, spread_share=share, spread_stress=stress)[0]
        )
        for share, stress in ((0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (1.0, 2.0))
    }
    half = at_once[0.5, 1.0] - at_once[0.0, 1.0]
    fees = at_once[0.0, 1.0] - 2 * half

    assert half > 0
    assert at_once[1.0, 1.0] == pytest.approx(fees + 4 * half)
    assert at_once[1.0, 2.0] == pytest.approx(fees + 8 * half)
    # both premiums are above 1.00 point: 1.10 USD a leg on 750,000
    assert fees == pytest.approx(2.20 / 750_000)


def test_quiet_months_of_put_spreads_cost_money() -> None:
    market = history(first=dt.date(2019, 1, 22), count=120)

    yearly = put_spread_returns(market, market.sessions).mean() * 252

    assert -0.08 < yearly < -0.005


def test_segments_of_one_kind_add_up_to_the_whole() -> None:
    condor, hedge = np.arange(10.0), -np.ones(10)
    hedged, shadow = book(condor, hedge), book(condor, name="shadow")
    labels = np.array(["calm"] * 6 + ["stress"] * 4)

    calm, stress = by_label(labels, hedged, shadow)

    assert (calm.name, calm.sessions, stress.sessions) == ("calm", 6, 4)
    assert calm.hedge + stress.hedge == pytest.approx(-10e-6, rel=1e-3)
    assert calm.shadow == pytest.approx(15e-6, rel=1e-3)
    assert calm.hedge_a_year == pytest.approx(-252e-6, rel=1e-3)


def test_a_stretch_that_the_books_do_not_reach_is_left_out() -> None:
    hedged = book([1.0] * 30)
    reached = Stretch(name="in", first=dt.date(2019, 1, 7), last=dt.date(2019, 1, 11))
    missed = Stretch(name="out", first=dt.date(1999, 1, 1), last=dt.date(1999, 2, 1))

    (found,) = by_stretch((reached, missed), hedged, hedged)

    assert (found.name, found.sessions) == ("in", 5)


def test_the_cycle_is_the_fall_from_the_running_high() -> None:
    assert cycles(np.array([100.0, 91.0, 90.0, 80.0, 95.0, 101.0])).tolist() == [
        "bull", "bull", "correction", "bear", "bull", "bull",
    ]  # fmt: skip
    assert years_of(book([1.0, 1.0])).tolist() == ["2019", "2019"]
