"""Edges of conversions and reversals, against hand computation and against parity itself."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vollib.black import black

from bot.core.model import Quote
from bot.core.parity import (
    Arbitrage,
    ParityQuotes,
    conversion_edge,
    edge,
    pair_fees_points,
    pair_size,
    reversal_edge,
)
from bot.core.rules import ParityRules

QUOTES = ParityQuotes(
    strike=20.0,
    call=Quote(bid=3.00, ask=3.10, bid_size=40, ask_size=50),
    put=Quote(bid=1.40, ask=1.50, bid_size=70, ask_size=25),
    future=Quote(bid=21.00, ask=21.05, bid_size=9, ask_size=2),
    discount=0.98,
)


def test_edges_by_hand() -> None:
    # 3.00 - 1.50 - 0.98 x 1.05, and 0.98 x 1.00 - 3.10 + 1.40
    assert conversion_edge(QUOTES) == pytest.approx(0.471, abs=1e-12)
    assert reversal_edge(QUOTES) == pytest.approx(-0.720, abs=1e-12)
    assert edge(Arbitrage.CONVERSION, QUOTES) == conversion_edge(QUOTES)
    assert edge(Arbitrage.REVERSAL, QUOTES) == reversal_edge(QUOTES)


@given(
    forward=st.floats(10, 80),
    strike=st.floats(10, 80),
    years=st.floats(0.02, 1.0),
    vol=st.floats(0.3, 2.0),
)
def test_prices_in_parity_earn_nothing_but_cost_the_spreads(
    forward: float, strike: float, years: float, vol: float
) -> None:
    rate, half = 0.04, 0.05
    call = black("c", forward, strike, years, rate, vol)
    put = black("p", forward, strike, years, rate, vol)
    discount = math.exp(-rate * years)
    quotes = ParityQuotes(
        strike=strike,
        call=Quote(bid=call + 1, ask=call + 1 + 2 * half),
        put=Quote(bid=put + 1, ask=put + 1 + 2 * half),
        future=Quote(bid=forward - half, ask=forward + half),
        discount=discount,
    )

    # Both options are quoted one point too high by the same, which parity does not see.
    lost = -(2 * half + discount * half)
    assert conversion_edge(quotes) == pytest.approx(lost, abs=1e-9)
    assert reversal_edge(quotes) == pytest.approx(lost, abs=1e-9)


@pytest.mark.parametrize("leg", ["call", "put", "future"])
@pytest.mark.parametrize(
    "quote",
    [Quote(), Quote(ask=1.0), Quote(bid=1.0), Quote(bid=1.0, ask=1.0), Quote(bid=0.0, ask=1.0)],
    ids=["empty", "no bid", "no ask", "locked", "bid of nothing"],
)
def test_leg_without_two_sides_has_no_edge(leg: str, quote: Quote) -> None:
    quotes = replace(QUOTES, **{leg: quote})

    assert conversion_edge(quotes) is None
    assert reversal_edge(quotes) is None


def test_fees_of_a_pair_are_two_options_and_a_tenth_of_a_future() -> None:
    # 2 x 1.15 + 0.225 = 2.525 USD
    assert pair_fees_points(ParityRules()) == pytest.approx(0.02525, abs=1e-12)


def test_size_is_what_every_leg_has_room_for() -> None:
    # conversion: 40 calls bid, 25 puts offered, 2 futures offered for 20 pairs
    assert pair_size(Arbitrage.CONVERSION, QUOTES) == 20
    # reversal: 50 calls offered, 70 puts bid, 9 futures bid for 90 pairs
    assert pair_size(Arbitrage.REVERSAL, QUOTES) == 50


@pytest.mark.parametrize("leg", ["call", "put", "future"])
def test_size_is_unknown_where_a_leg_does_not_say(leg: str) -> None:
    quotes = replace(QUOTES, **{leg: replace(getattr(QUOTES, leg), bid_size=None, ask_size=None)})

    assert pair_size(Arbitrage.CONVERSION, quotes) is None
    assert pair_size(Arbitrage.REVERSAL, quotes) is None
