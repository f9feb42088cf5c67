"""The fill model: which net debit a book fills, and what each leg gets of it."""

from __future__ import annotations

import statistics
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.simulator import ticks
from bot.simulator.fills import (
    FillPolicy,
    FillSettings,
    LegBook,
    NetBook,
    Resting,
    allocate,
    fill_debit,
    net_book,
    threshold,
)
from bot.simulator.market import SimQuote
from scripted_market import Venue

if TYPE_CHECKING:
    from bot.simulator.instruments import Instrument

SPXW = Venue().option("SPXW 2026-08-21 5800P")
VIX = Venue().option("VIX 2026-09-16 25C")
NICKEL = Decimal("0.05")
D = Decimal


def leg(sign: int, bid: str, ask: str, instrument: Instrument = SPXW) -> LegBook:
    return LegBook(instrument=instrument, sign=sign, bid=D(bid), ask=D(ask))


CONDOR = NetBook(
    legs=(
        leg(1, "1.00", "1.20"),
        leg(-1, "2.40", "2.60"),
        leg(-1, "1.60", "1.80"),
        leg(1, "0.60", "0.80"),
    )
)
CALL = NetBook(legs=(leg(1, "2.00", "2.40", VIX),))


def resting(
    limit: str | None, *, seconds: float = 60, needs: str = "0.10", tick: str = "0.05"
) -> Resting:
    return Resting(
        limit=None if limit is None else D(limit),
        tick=D(tick),
        seconds=seconds,
        threshold=D(needs),
    )


def test_the_book_of_a_condor_is_worked_by_hand() -> None:
    assert (CONDOR.best, CONDOR.mid, CONDOR.natural) == (D("-2.80"), D("-2.40"), D("-2.00"))


@pytest.mark.parametrize(
    ("limit", "filled_at"),
    [
        ("2.50", "2.40"),  # through the natural price: improved
        ("2.40", "2.40"),
        ("2.25", "2.25"),  # concedes a quarter of the half-spread
        ("2.22", "2.22"),  # concedes exactly the threshold
        ("2.21", "2.21"),  # 2.22 lies between the ticks 2.20 and 2.25: the better one will do
        ("2.20", "2.20"),
        ("2.19", None),  # concedes too little
        ("2.10", None),  # worse than the mid
    ],
)
def test_a_limit_fills_by_the_share_of_the_half_spread_it_concedes(
    limit: str, filled_at: str | None
) -> None:
    expected = None if filled_at is None else D(filled_at)

    assert fill_debit(CALL, resting(limit), FillSettings()) == expected


def test_inside_the_spread_nothing_fills_before_it_has_rested() -> None:
    assert fill_debit(CALL, resting("2.30", seconds=2.9), FillSettings()) is None
    assert fill_debit(CALL, resting("2.30", seconds=3.0), FillSettings()) == D("2.30")


def test_an_order_that_must_concede_nothing_fills_at_the_mid_and_not_below() -> None:
    assert fill_debit(CALL, resting("2.20", needs="0"), FillSettings()) == D("2.20")
    assert fill_debit(CALL, resting("2.15", needs="0"), FillSettings()) is None


def test_at_the_natural_price_nothing_has_to_rest() -> None:
    assert fill_debit(CALL, resting("2.40", seconds=0), FillSettings()) == D("2.40")


def test_a_market_order_pays_the_natural_price() -> None:
    assert fill_debit(CONDOR, resting(None), FillSettings()) == D("-2.00")


@pytest.mark.parametrize(("limit", "filled_at"), [("-2.35", "-2.40"), ("-2.45", None)])
def test_the_mid_policy_fills_at_once_at_the_mid_or_not_at_all(
    limit: str, filled_at: str | None
) -> None:
    settings = FillSettings(policy=FillPolicy.MID)
    expected = None if filled_at is None else D(filled_at)

    assert fill_debit(CONDOR, resting(limit, seconds=0), settings) == expected


def test_the_mid_policy_rounds_an_odd_mid_to_the_next_tick_against_the_order() -> None:
    book = NetBook(legs=(leg(1, "2.00", "2.05", VIX),))
    settings = FillSettings(policy=FillPolicy.MID)

    assert fill_debit(book, resting("2.05", tick="0.01"), settings) == D("2.03")


@pytest.mark.parametrize("limit", [None, "9.00"])
def test_the_never_policy_fills_nothing(limit: str | None) -> None:
    assert fill_debit(CALL, resting(limit), FillSettings(policy=FillPolicy.NEVER)) is None


def test_in_a_locked_market_only_the_price_itself_fills() -> None:
    book = NetBook(legs=(leg(1, "2.00", "2.00", VIX),))

    assert fill_debit(book, resting("2.00"), FillSettings()) == D("2.00")
    assert fill_debit(book, resting("1.95"), FillSettings()) is None


def test_thresholds_depend_on_seed_and_identity_only() -> None:
    settings = FillSettings(seed=3)

    assert threshold(settings, "A") == threshold(FillSettings(seed=3), "A")
    assert threshold(settings, "A") != threshold(settings, "B")
    assert threshold(settings, "A") != threshold(FillSettings(seed=4), "A")


def test_thresholds_are_spread_evenly_between_their_bounds() -> None:
    """Uniform on 0.10 to 0.30 has mean 0.20 and quartiles 0.15 and 0.25."""
    settings = FillSettings(threshold_low=0.10, threshold_high=0.30)
    drawn = [float(threshold(settings, str(n))) for n in range(4000)]
    low, middle, high = statistics.quantiles(drawn, n=4)

    assert 0.10 <= min(drawn) <= max(drawn) <= 0.30
    assert (low, middle, high) == pytest.approx((0.15, 0.20, 0.25), abs=0.005)


@pytest.mark.parametrize(
    "quote",
    [
        None,
        SimQuote(bid=None, ask=1.0),
        SimQuote(bid=1.0, ask=None),
        SimQuote(bid=0.0, ask=0.0),
        SimQuote(bid=1.2, ask=1.0),
        SimQuote(bid=-1.0, ask=1.0),
        SimQuote(bid=float("nan"), ask=1.0),
        SimQuote(bid=1.0, ask=float("nan")),
    ],
)
def test_what_is_not_a_two_sided_market_fills_nothing(quote: SimQuote | None) -> None:
    assert net_book([(SPXW, 1)], [quote]) is None


def test_a_single_contract_cannot_be_sold_to_nobody() -> None:
    nobody_bids = SimQuote(bid=0.0, ask=0.05)

    assert net_book([(SPXW, -1)], [nobody_bids]) is None
    assert net_book([(SPXW, 1)], [nobody_bids]) is not None


def test_a_combo_may_give_away_a_leg_that_nobody_bids_for() -> None:
    quotes = [SimQuote(bid=0.0, ask=0.05), SimQuote(bid=1.0, ask=1.2)]
    book = net_book([(SPXW, -1), (VIX, 1)], quotes)

    assert book is not None
    assert book.natural == D("1.20")


def test_each_leg_concedes_the_share_that_the_whole_concedes() -> None:
    """Half of the half-spread: each leg at a quarter of its spread from its mid."""
    prices = allocate(CONDOR, D("-2.20"))

    assert prices == (D("1.15"), D("2.45"), D("1.65"), D("0.75"))


def test_at_the_natural_price_every_leg_pays_its_spread() -> None:
    assert allocate(CONDOR, D("-2.00")) == (D("1.20"), D("2.40"), D("1.60"), D("0.80"))


def test_legs_stay_on_their_own_ticks_where_the_net_price_allows_it() -> None:
    """Above 3.00 a leg trades in dimes; the odd nickel falls on the leg below 3.00.

    A tenth of the half-spread: 4.33 and 2.18, on ticks 4.30 and 2.20, which is a nickel short.
    """
    book = NetBook(legs=(leg(1, "4.00", "4.60"), leg(-1, "2.00", "2.40")))

    assert allocate(book, D("2.15")) == (D("4.30"), D("2.15"))


def test_a_nickel_that_no_leg_can_take_on_its_tick_goes_between_ticks() -> None:
    book = NetBook(legs=(leg(1, "14.00", "14.60"), leg(-1, "12.00", "12.40")))
    prices = allocate(book, D("2.15"))

    assert prices[0] - prices[1] == D("2.15")


@pytest.mark.parametrize("debit", ["-2.85", "-1.95"])
def test_a_price_outside_the_market_cannot_be_allocated(debit: str) -> None:
    with pytest.raises(ValueError, match=r"lies outside the market -2\.80 to -2\.00"):
        allocate(CONDOR, D(debit))


@st.composite
def legs_on_ticks(draw: st.DrawFn) -> LegBook:
    bid = D(draw(st.integers(0, 400))) * NICKEL
    width = D(draw(st.integers(1, 40))) * NICKEL
    sign = draw(st.sampled_from((1, -1)))
    return LegBook(instrument=SPXW, sign=sign, bid=bid, ask=bid + width)


@given(st.lists(legs_on_ticks(), min_size=2, max_size=4), st.integers(0, 100))
def test_allocated_prices_lie_inside_each_market_and_sum_exactly(
    legs: list[LegBook], percent: int
) -> None:
    book = NetBook(legs=tuple(legs))
    raw = book.best + (book.natural - book.best) * percent / 100
    debit = min(ticks.ceil_to(NICKEL, raw), book.natural)

    prices = allocate(book, debit)

    assert sum(each.sign * price for each, price in zip(legs, prices, strict=True)) == debit
    assert all(each.bid <= price <= each.ask for each, price in zip(legs, prices, strict=True))
