"""Daily bars of VX futures, also of those that have settled."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.simulator.synthetic import SyntheticMarket

JANUARY = dt.date(2025, 1, 22)
"""Wednesday thirty days before the third Friday of February 2025."""


@pytest.fixture(scope="module")
def market() -> SyntheticMarket:
    """The afternoon of Tuesday 2025-01-28, four sessions after the January future settled."""
    market = SyntheticMarket(scenario="calm", seed=1, sessions=30, first=dt.date(2025, 1, 6))
    market.advance(dt.datetime(2025, 1, 28, 20, 30, tzinfo=dt.UTC))
    return market


def test_bars_end_on_the_session_before_the_future_settles(market: SyntheticMarket) -> None:
    found = [bar.session for bar in market.future_bars(JANUARY, 3)]

    # Monday the 20th is Martin Luther King's day
    assert found == [dt.date(2025, 1, 16), dt.date(2025, 1, 17), dt.date(2025, 1, 21)]


def test_bars_of_a_listed_future_end_before_the_session(market: SyntheticMarket) -> None:
    (bar,) = market.future_bars(dt.date(2025, 2, 19), 1)

    assert bar.session == dt.date(2025, 1, 27)
    assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


@pytest.mark.parametrize(
    "expiry", [dt.date(2025, 1, 23), dt.date(2035, 1, 17), dt.date(1999, 1, 20)]
)
def test_a_date_on_which_no_future_settles_has_no_bars(
    market: SyntheticMarket, expiry: dt.date
) -> None:
    assert market.future_bars(expiry, 3) == ()


def test_the_close_is_what_the_future_was_quoted_at_when_that_session_closed() -> None:
    expiry = dt.date(2025, 2, 19)
    market = SyntheticMarket(scenario="calm", seed=1, sessions=30, first=dt.date(2025, 1, 6))
    market.advance(market.days()[3].close)
    quote = market.future(expiry)
    market.advance(market.days()[4].open)

    assert quote is not None
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid <= market.future_bars(expiry, 1)[0].close <= quote.ask
