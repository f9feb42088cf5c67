"""How many condors are sold: the joint stress test, and what the second engine pays for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import builders
from bot.core.book import HedgeSale, Layer
from bot.core.shocks import PAIRED
from bot.core.stress import book_gain_usd, unit_gain_usd
from proposals import context, entries, verdict, with_rules
from strategies import condor

if TYPE_CHECKING:
    from bot.core.book import Book
    from bot.core.decide import Proposal

EBB = {"vix": 25.0, "vix_short_mean": 30.0, "vix_over_vix3m": 0.95, "vix_macd_histogram": -1.0}


def rich(nav: int = 10_000_000) -> Book:
    return replace(builders.book(), nav_usd=Decimal(nav))


def earned(usd: int, nav: int = 10_000_000) -> Book:
    """A book whose hedge has brought `usd`."""
    sale = HedgeSale(
        session=builders.SESSION.replace(day=17),
        lot_id="near-1",
        layer=Layer.NEAR,
        quantity=2,
        gain_usd=Decimal(usd),
    )
    return replace(rich(nav), hedge_sales=(sale,))


def sold(book: Book, *, scaling: str = "default", **signals: object) -> Proposal:
    return condor.propose(context(book, rules=with_rules(vix_scaling=scaling), **signals))


def test_the_worst_of_the_paired_shocks_stays_within_twelve_percent_of_nav() -> None:
    (entry,) = entries(condor.propose(context()))
    gain = unit_gain_usd(context(), entry.legs, PAIRED)
    assert gain is not None
    conceded = float(entry.ladder.floor - entry.mid) * 100

    found = verdict(condor.propose(context()), "JOINT_STRESS")

    assert found.passed
    assert found.limit == pytest.approx(120_000)
    assert found.observed == pytest.approx(-gain.min() + conceded, abs=0.01)


def test_the_quantity_is_cut_to_what_the_stress_test_leaves() -> None:
    one = float(verdict(condor.propose(context()), "JOINT_STRESS").observed or 0)
    rules = with_rules(
        session_risk_pct_of_nav=0.15,
        expiry_risk_pct_of_nav=0.15,
        stress_loss_pct_of_nav=3.5 * one / 1_000_000,
    )

    (entry,) = entries(condor.propose(context(rules=rules)))

    assert entry.quantity == 3


def test_a_book_that_fails_the_stress_test_takes_no_more() -> None:
    rules = with_rules(stress_loss_pct_of_nav=0.005)

    proposal = condor.propose(context(rules=rules))

    assert not verdict(proposal, "JOINT_STRESS").passed
    assert not entries(proposal)


def test_vix_calls_leave_room_for_condors_where_the_shock_pays_them() -> None:
    held = [builders.condor(quantity=9, expiry=builders.MAIN_EXPIRY)]
    bare = context(builders.book(condors=held))
    hedged = context(builders.book(condors=held, lots=builders.hedged(10)))

    without, with_calls = book_gain_usd(bare), book_gain_usd(hedged)

    assert without is not None
    assert with_calls is not None
    assert (with_calls[:3] > without[:3]).all()
    assert (with_calls[3:] < without[3:]).all()  # and cost where the VIX falls


def test_an_unknown_leg_that_is_held_denies_every_entry_and_keeps_no_exit_back() -> None:
    held = builders.condor(credit="100.00")
    due = builders.condor(
        (5800.0, 5925.0, 6550.0, 6675.0), credit="100.00", opened=builders.SESSION.replace(day=10)
    )
    other = builders.condor(
        (5825.0, 5950.0, 6575.0, 6700.0),
        expiry=builders.SESSION.replace(month=8, day=28),
        opened=builders.SESSION.replace(day=6),
        credit="0.10",
    )
    market = builders.with_quote(builders.market(), other.legs[1].contract, None)

    proposal = condor.propose(context(builders.book(condors=[held, due, other]), market=market))

    assert verdict(proposal, "JOINT_STRESS").observed is None
    assert not entries(proposal)
    assert [each.reason for each in proposal.intents] == ["take_profit", "take_profit"]


@settings(max_examples=25, deadline=None)
@given(units=st.integers(0, 12), quantity=st.integers(0, 9), share=st.floats(0.005, 0.2))
def test_no_entry_takes_the_book_beyond_the_limit_that_it_was_within(
    units: int, quantity: int, share: float
) -> None:
    rules = with_rules(
        stress_loss_pct_of_nav=share, session_risk_pct_of_nav=0.15, expiry_risk_pct_of_nav=0.15
    )
    condors = [builders.condor(quantity=quantity)] if quantity else []
    lots = builders.hedged(units) if units else ()
    made = context(builders.book(condors=condors, lots=lots), rules=rules)

    for entry in entries(condor.propose(made)):
        book, unit = book_gain_usd(made), unit_gain_usd(made, entry.legs, PAIRED)
        assert book is not None
        assert unit is not None
        conceded = float(entry.ladder.floor - entry.mid) * 100
        after = book + entry.quantity * (unit - conceded)
        assert after.min() >= -share * 1_000_000 - 0.01


def test_at_elevated_vix_the_session_risks_half_without_an_engine() -> None:
    (half,) = entries(sold(rich(), **EBB))

    assert (half.quantity, half.reason) == (8, "entry")  # 100,000 / 11,465


def test_the_second_engine_sells_the_full_size_out_of_its_budget() -> None:
    (full,) = entries(sold(earned(400_000), **EBB))

    assert (full.quantity, full.reason) == (17, "second_engine")  # 200,000 / 11,465
    assert full.quantity * full.max_loss_usd <= 200_000


def test_a_budget_that_brings_no_more_than_half_size_is_left_alone() -> None:
    (entry,) = entries(sold(earned(180_000), **EBB))

    assert (entry.quantity, entry.reason) == (8, "entry")


def test_the_budget_bounds_the_engine() -> None:
    (entry,) = entries(sold(earned(250_000), **EBB))

    assert (entry.quantity, entry.reason) == (10, "second_engine")  # 125,000 / 11,465


def test_every_other_cap_holds_for_the_engine() -> None:
    held = replace(earned(400_000), new_risk_usd=150_000.0)

    (entry,) = entries(sold(held, **EBB))

    assert (entry.quantity, entry.reason) == (4, "second_engine")  # 50,000 of the session's cap


def test_the_engine_sells_through_the_hold_of_vixshield() -> None:
    hold = sold(rich(), scaling="vixshield", **EBB)
    through = sold(earned(100_000), scaling="vixshield", **EBB)

    assert entries(hold) == []
    assert not verdict(hold, "VIX_SCALING").passed
    (entry,) = entries(through)
    assert (entry.quantity, entry.reason) == (4, "second_engine")  # 50,000 / 11,465
    assert verdict(through, "ENGINE_RISK").limit == pytest.approx(50_000)


def test_the_hold_stands_while_the_wave_has_not_ebbed() -> None:
    rising = EBB | {"vix_short_mean": 20.0}

    assert entries(sold(earned(100_000), scaling="vixshield", **rising)) == []


def test_tiers_share_the_budget() -> None:
    rules = with_rules(vix_scaling="vixshield", tiers=("balanced", "conservative"))

    proposal = condor.propose(context(earned(100_000), rules=rules, **EBB))

    risk = sum(entry.quantity * entry.max_loss_usd for entry in entries(proposal))
    assert 0 < risk <= 50_000


def test_every_market_gate_holds_for_the_engine() -> None:
    backwardation = EBB | {"vix_over_vix3m": 1.01}

    assert entries(sold(earned(400_000), **backwardation)) == []
