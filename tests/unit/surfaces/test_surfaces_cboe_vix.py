"""The VIX formula against closed forms and figures worked out by hand."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from surface_support import NOW, flat_term

from bot.core.errors import MarketDataError
from bot.surfaces.cboe_vix import (
    TermQuotes,
    TermVariance,
    replicate_vix,
    term_variance,
    vix_of,
    vix_terms,
)

NEAR = NOW + dt.timedelta(days=25)
NEXT = NOW + dt.timedelta(days=32)


def weekly(first: dt.date, count: int) -> list[dt.date]:
    return [first + dt.timedelta(days=7 * n) for n in range(count)]


@pytest.mark.parametrize("vol", [0.10, 0.20, 0.45])
def test_a_flat_smile_gives_its_own_volatility(vol: float) -> None:
    near, after = (flat_term(at, vol, rate=0.04, forward=5000.3) for at in (NEAR, NEXT))

    assert replicate_vix(near, after, NOW) == pytest.approx(100 * vol, abs=0.01)


def test_the_forward_and_k0_are_those_of_put_call_parity() -> None:
    near = term_variance(flat_term(NEAR, 0.2, rate=0.04, forward=5000.3), NOW)

    assert near.forward == pytest.approx(5000.3, abs=1e-6)
    assert near.k0 == pytest.approx(5000.06, abs=1e-6)


def test_three_strikes_by_hand() -> None:
    """One year, no rate: F = 100 + (6 - 5) = 101, K0 = 100, the mean of 6 and 5 stands at K0."""
    strikes = np.array([90.0, 100.0, 110.0])
    term = TermQuotes(
        settles=NOW + dt.timedelta(days=365),
        rate=0.0,
        strikes=strikes,
        call_bid=np.array([12.0, 6.0, 2.0]),
        call_ask=np.array([12.0, 6.0, 2.0]),
        put_bid=np.array([1.0, 5.0, 11.0]),
        put_ask=np.array([1.0, 5.0, 11.0]),
    )

    expected = 2 * (10 / 8100 * 1 + 10 / 10000 * 5.5 + 10 / 12100 * 2) - 0.01**2
    assert term_variance(term, NOW).variance == pytest.approx(expected, rel=1e-12)


def test_nothing_beyond_two_zero_bids_in_a_row_enters() -> None:
    strikes = np.arange(60.0, 145.0, 5.0)
    put_bid = np.where(strikes < 100, 1.0, 11.0)
    put_bid[[0, 1, 2, 3]] = [1.0, 0.0, 0.0, 1.0]  # 60 lies beyond 65 and 70; 75 counts
    term = TermQuotes(
        settles=NEAR,
        rate=0.0,
        strikes=strikes,
        call_bid=np.where(strikes <= 100, 11.0, 1.0),
        call_ask=np.where(strikes <= 100, 11.0, 1.0),
        put_bid=put_bid,
        put_ask=np.where(put_bid > 0, put_bid, 0.5),
    )

    assert term_variance(term, NOW).strikes_used == 5 + 1 + 8


def test_one_zero_bid_leaves_out_that_strike_alone() -> None:
    strikes = np.arange(60.0, 145.0, 5.0)
    put_bid = np.where(strikes < 100, 1.0, 11.0)
    put_bid[2] = 0.0
    term = TermQuotes(
        settles=NEAR,
        rate=0.0,
        strikes=strikes,
        call_bid=np.where(strikes <= 100, 11.0, 1.0),
        call_ask=np.where(strikes <= 100, 11.0, 1.0),
        put_bid=put_bid,
        put_ask=np.where(put_bid > 0, put_bid, 0.5),
    )

    assert term_variance(term, NOW).strikes_used == 7 + 1 + 8


def test_two_terms_are_weighted_by_their_minutes() -> None:
    """20 % to day 25 and 30 % to day 35 give 25 x 0.04 + 5 x (35 x 0.09 - 25 x 0.04) / 10."""
    near = TermVariance(minutes=25 * 1440, forward=1.0, k0=1.0, variance=0.04, strikes_used=9)
    after = TermVariance(minutes=35 * 1440, forward=1.0, k0=1.0, variance=0.09, strikes_used=9)

    expected = 100 * math.sqrt((1.0 + (3.15 - 1.0) / 2) / 30)
    assert vix_of(near, after) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("session", "near", "after"),
    [
        (dt.date(2025, 1, 7), 24, 31),  # Tuesday
        (dt.date(2025, 1, 8), 30, 37),  # Wednesday
        (dt.date(2025, 1, 10), 28, 35),  # Friday
    ],
)
def test_terms_are_the_fridays_on_either_side_of_30_days(
    session: dt.date, near: int, after: int
) -> None:
    terms = vix_terms(weekly(dt.date(2025, 1, 10), 12), session)

    assert [(expiry - session).days for expiry in terms] == [near, after]


def test_the_thursday_stands_for_a_good_friday() -> None:
    expiries = [dt.date(2025, 4, 11), dt.date(2025, 4, 16), dt.date(2025, 4, 17)]
    expiries.append(dt.date(2025, 4, 25))

    assert vix_terms(expiries, dt.date(2025, 3, 20)) == (
        dt.date(2025, 4, 17),
        dt.date(2025, 4, 25),
    )


def test_a_listing_that_does_not_bracket_30_days_is_refused() -> None:
    with pytest.raises(MarketDataError, match="do not bracket 30 days"):
        vix_terms(weekly(dt.date(2025, 1, 10), 3), dt.date(2025, 1, 7))


def test_a_settled_term_is_refused() -> None:
    with pytest.raises(MarketDataError, match="not after"):
        term_variance(flat_term(NEAR, 0.2, rate=0.0, forward=100.0), NEAR)


def test_a_term_without_two_sided_strikes_is_refused() -> None:
    none = np.zeros(3)
    term = TermQuotes(
        settles=NEAR,
        rate=0.0,
        strikes=np.array([90.0, 100.0, 110.0]),
        call_bid=none,
        call_ask=none,
        put_bid=none,
        put_ask=none,
    )

    with pytest.raises(MarketDataError, match="no strike has both"):
        term_variance(term, NOW)


def test_a_single_quoted_strike_is_refused() -> None:
    term = TermQuotes(
        settles=NEAR,
        rate=0.0,
        strikes=np.array([90.0, 100.0, 110.0]),
        call_bid=np.array([0.0, 5.0, 0.0]),
        call_ask=np.array([0.0, 5.0, 0.0]),
        put_bid=np.array([0.0, 5.0, 0.0]),
        put_ask=np.array([0.0, 5.0, 0.0]),
    )

    with pytest.raises(MarketDataError, match="1 quoted strikes"):
        term_variance(term, NOW)


def test_a_total_variance_that_is_not_positive_is_refused() -> None:
    near = TermVariance(minutes=25 * 1440, forward=1.0, k0=1.0, variance=0.09, strikes_used=9)
    after = TermVariance(minutes=26 * 1440, forward=1.0, k0=1.0, variance=0.04, strikes_used=9)

    with pytest.raises(MarketDataError, match="must be > 0"):
        vix_of(near, after)
