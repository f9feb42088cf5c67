"""Events of the VIX, what they did to the books, and what a fresh call became."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest
from evidence_books import book
from evidence_history import history
from vollib.black import black

from bot.evidence.fresh_calls import FreshCall, fresh_gain
from bot.evidence.spikes import (
    SpikeOutcome,
    even_share,
    median_sessions,
    spike_outcomes,
    spikes,
)
from bot.surfaces.vix_surface import vix_vols


def vix(*parts: tuple[float, int]) -> np.ndarray:
    return np.concatenate([np.full(count, level) for level, count in parts])


def test_an_event_begins_at_the_first_close_ten_points_above_the_ten_sessions_before() -> None:
    (event,) = spikes(vix((15.0, 12), (14.0, 1), (20.0, 3), (24.0, 1), (31.0, 1), (18.0, 40)))

    assert (event.base, event.begin, event.top) == (12, 16, 17)
    assert (event.vix_base, event.vix_begin, event.vix_top) == (14.0, 24.0, 31.0)


def test_a_rise_that_takes_longer_than_ten_sessions_is_no_event() -> None:
    assert spikes(np.linspace(15.0, 27.0, 14)) == ()
    assert len(spikes(np.linspace(15.0, 27.0, 11))) == 1


def test_rises_within_twenty_sessions_are_one_event_and_later_ones_are_two() -> None:
    near = vix((15.0, 11), (30.0, 1), (15.0, 19), (30.0, 1), (15.0, 5))
    apart = vix((15.0, 11), (30.0, 1), (15.0, 20), (30.0, 1), (15.0, 5))

    assert [len(spikes(each)) for each in (near, apart)] == [1, 2]


def test_an_unknown_close_is_neither_a_rise_nor_a_base() -> None:
    closes = vix((15.0, 5), (math.nan, 1), (16.0, 5), (26.5, 1))

    (event,) = spikes(closes)

    assert event.vix_base == 15.0
    assert spikes(vix((math.nan, 11), (30.0, 2))) == ()


# A VIX that stands at 15 for 300 sessions, is at 30 on day 300 and back on day 302.
CLOSES = vix((15.0, 300), (30.0, 2), (15.0, 98))


def outcome(hedge: np.ndarray, condor: np.ndarray | None = None) -> SpikeOutcome:
    condor = np.zeros(400) if condor is None else condor
    hedged = book(condor, hedge, capital=100_000.0)
    shadow = book(condor, name="shadow", capital=100_000.0)
    (found,) = spike_outcomes(spikes(CLOSES), hedged, shadow)
    return found


def test_break_even_counts_what_the_window_before_the_base_had_cost() -> None:
    hedge = np.full(400, -10.0)  # the base is day 290: 600 in 60 sessions, 2520 in 252
    hedge[300:] = 500.0

    found = outcome(hedge)

    # Until the beginning 9 more sessions cost 90: 690 takes 2 sessions of gain, 2610 takes 6.
    assert (found.even_quarter, found.even_year) == (1, 5)
    assert found.hedge == pytest.approx((500.0 - 90.0) / (100_000.0 - 2_910.0))


def test_a_hedge_that_never_pays_is_censored() -> None:
    found = outcome(np.full(400, -10.0))

    assert (found.even_quarter, found.even_year, found.even_book) == (None, None, None)
    assert found.watched == 60


def test_the_book_breaks_even_when_its_nav_is_back_at_the_base() -> None:
    condor, hedge = np.zeros(400), np.zeros(400)
    condor[300], hedge[300], condor[303] = -1_000.0, 400.0, 600.0

    found = outcome(hedge, condor)

    assert found.even_book == 3
    assert (found.loss_shadow, found.loss_hedged) == pytest.approx((0.01, 0.006))
    assert found.reduction == pytest.approx(0.4)


def test_shares_and_medians_count_the_censored() -> None:
    sessions = (2, None, 5, None, 30)

    assert even_share(sessions, 7) == pytest.approx(0.4)
    assert median_sessions(sessions) == 30.0
    assert median_sessions((1, None)) == math.inf
    assert math.isnan(even_share((), 7))
    assert math.isnan(median_sessions(()))


EXPIRY = dt.date(2019, 2, 13)


def test_a_fresh_call_gains_what_black_says_of_its_own_future() -> None:
    """Bought on 2019-01-14 with the February future at 20, valued 3 sessions on at 30."""
    market = history(
        first=dt.date(2019, 1, 14),
        count=5,
        vix=[18.0, 18.0, 18.0, 36.0, 36.0],
        vx={EXPIRY: [20.0, 20.0, 20.0, 30.0, 30.0]},
    )

    found = fresh_gain(market, 0, 3, FreshCall(name="near", days=30, delta=0.5), spread_share=0.5)

    # 29.73 days to the open of 2019-02-13 from 16:15, then 26.73
    first, later = (29 + 17.25 / 24) / 365, (26 + 17.25 / 24) / 365

    def call(future: float, strike: float, years: float) -> float:
        vol = float(vix_vols(np.array([strike]), forward=future, years=years, vvix=100.0)[0])
        return float(black("c", future, strike, years, 0.0, vol))

    def half(mid: float, level: float) -> float:
        return (0.08 + 0.035 * math.sqrt(mid)) * max(1.0, level / 18) / 2

    strikes = np.linspace(15.0, 30.0, 3_001)
    vols = vix_vols(strikes, forward=20.0, years=first, vvix=100.0)
    d1 = np.log(20.0 / strikes) / vols / math.sqrt(first) + vols * math.sqrt(first) / 2
    strike = float(strikes[np.argmin(np.abs(d1))])
    paid, mid = call(20.0, strike, first), call(30.0, strike, later)
    expected = (mid - half(mid, 36.0)) / (paid + 0.5 * half(paid, 18.0)) - 1
    assert found == pytest.approx(expected, rel=0.01)
    assert found > 2.5


def test_a_call_whose_volatility_did_not_rise_gains_what_its_future_did() -> None:
    """VVIX doubles: with it kept the gain is that of a market in which it had not."""
    market = history(
        first=dt.date(2019, 1, 14),
        count=5,
        vix=[18.0, 18.0, 18.0, 36.0, 36.0],
        vx={EXPIRY: [20.0, 20.0, 20.0, 24.0, 24.0]},
    )
    call = FreshCall(name="near", days=30, delta=0.2)
    still = replace(market, vvix=np.full(5, 80.0))
    doubled = replace(market, vvix=np.array([80.0, 80.0, 80.0, 160.0, 160.0]))

    kept = fresh_gain(doubled, 0, 3, call, vvix_kept=True)

    assert kept == pytest.approx(fresh_gain(still, 0, 3, call))
    assert kept < fresh_gain(doubled, 0, 3, call) - 0.5


def test_a_call_that_has_settled_has_no_gain() -> None:
    market = history(first=dt.date(2019, 1, 14), count=40, vx={EXPIRY: [20.0] * 40})

    assert math.isnan(fresh_gain(market, 0, 35, FreshCall(name="near", days=30, delta=0.5)))


def test_where_no_future_is_recorded_the_model_of_the_curve_stands_for_it() -> None:
    market = history(first=dt.date(2019, 1, 14), count=5, vix=[15.0, 15.0, 15.0, 40.0, 40.0])

    far = fresh_gain(market, 0, 3, FreshCall(name="far", days=220, delta=0.20))
    month = fresh_gain(market, 0, 3, FreshCall(name="month20", days=30, delta=0.20))

    assert 1.0 < far < month
