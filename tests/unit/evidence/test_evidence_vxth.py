"""The VXTH rule by hand, and its replica beside the published index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bot.evidence.books import BookDays
from bot.evidence.history_load import load_history
from bot.evidence.vxth import RolledCalls, modelled_calls, overlay, vxth_index, vxth_weight
from bot.evidence.vxth_check import replicas

if TYPE_CHECKING:
    from pathlib import Path

    from bot.evidence.history import History


@pytest.fixture(scope="module")
def history(data_dir: Path) -> History:
    return load_history(data_dir)


SESSIONS = np.array(["2020-02-19", "2020-02-20", "2020-03-18", "2020-03-19"], "datetime64[D]")


def rolled(future: float = 16.0, next_future: float = 60.0) -> RolledCalls:
    """Bought at 1.00, marked at 1.50, settled at 6.00; at 60 nothing is bought anew."""
    return RolledCalls(
        sessions=SESSIONS,
        rolls=np.array([True, False, True, False]),
        settled=np.array([0.0, 0.0, 6.0, 0.0]),
        mid=np.array([1.0, 1.5, 4.0, 3.0]),
        half_spread=np.full(4, 0.1),
        future=np.array([future, 17.0, next_future, 55.0]),
        strike=np.array([20.0, 20.0, 80.0, 80.0]),
        vix=np.array([15.0, 16.0, 70.0, 65.0]),
    )


def shadow(nav: float = 1_000_000.0) -> BookDays:
    zero = np.zeros(4)
    return BookDays(
        name="shadow",
        sessions=SESSIONS,
        nav_usd=np.array([nav, nav - 5_000, nav - 9_000, nav - 9_000]),
        condor_usd=np.array([0.0, -5_000, -4_000, 0.0]),
        hedge_usd=zero,
        carry_usd=zero,
        fees_usd=zero,
    )


@pytest.mark.parametrize(
    ("future", "share"),
    [(15.0, 0.0), (15.01, 0.01), (30.0, 0.01), (30.01, 0.005), (50.0, 0.005), (50.01, 0.0)],
)
def test_the_share_spent_on_calls_depends_on_the_future(future: float, share: float) -> None:
    assert vxth_weight(future) == share


def test_on_an_unknown_future_nothing_is_spent() -> None:
    assert vxth_weight(float("nan")) == 0.0


def test_an_index_holds_stocks_and_calls_bought_for_one_percent() -> None:
    """100: one call at 1.00 and 99 of stock; then by hand, session after session."""
    level = vxth_index(rolled(), np.array([np.nan, -0.10, -0.20, 0.05]))
    second = 99 * 0.9 + 1.5
    third = 99 * 0.9 * 0.8 + 6.0

    assert level == pytest.approx([100.0, second, third, third * 1.05], rel=1e-12)


def test_below_fifteen_no_call_is_held() -> None:
    level = vxth_index(rolled(future=14.0), np.array([np.nan, -0.10, -0.20, 0.05]))

    assert level == pytest.approx([100.0, 90.0, 72.0, 75.6], rel=1e-12)


def test_an_overlay_buys_whole_contracts_at_half_the_half_spread_and_marks_them_at_the_bid() -> (
    None
):
    """10,000 USD at 1.05 are 95 contracts; bid 0.90, then 1.40, then 6.00 at settlement."""
    book = overlay(shadow(), rolled(), spread_share=0.5)

    assert book.hedge_usd == pytest.approx([95 * -15.0, 95 * 50.0, 95 * 460.0, 0.0], rel=1e-9)
    assert book.fees_usd[0] < -95 * 0.65
    assert book.fees_usd[1:].tolist() == [0.0, 0.0, 0.0]


def test_an_overlay_is_sized_by_what_it_has_gained_itself() -> None:
    """952 calls gain 495 each; 0.5 % of 10.46 million at 4.05 are 129 calls, not 123."""
    book = overlay(shadow(10_000_000.0), rolled(next_future=40.0), spread_share=0.5)

    assert book.hedge_usd[2] == pytest.approx(952 * 460.0 - 129 * 15.0, rel=1e-9)


def test_the_nav_of_an_overlay_is_that_of_its_base_and_what_the_calls_gained() -> None:
    base = shadow()
    book = overlay(base, rolled(next_future=40.0), spread_share=1.0)

    assert np.diff(book.nav_usd) == pytest.approx(book.pnl_usd[1:], abs=1e-6)
    assert book.nav_usd - base.nav_usd == pytest.approx(
        np.cumsum(book.hedge_usd + book.fees_usd), abs=1e-6
    )


@pytest.mark.data
def test_both_replicas_are_within_the_target_of_the_published_index(
    data_dir: Path, history: History
) -> None:
    """1.5 points a year and a correlation of 0.9; of what the calls alone did, 0.95."""
    recorded, modelled = replicas(data_dir, history)

    assert len(modelled.months) == 145  # April 2006 to April 2018
    assert recorded.within_target
    assert modelled.within_target
    assert min(recorded.excess_correlation, modelled.excess_correlation) > 0.95
    assert modelled.worst_month_pct < 2.5


@pytest.mark.data
def test_calls_paid_where_the_vix_settled_above_their_strike(history: History) -> None:
    """2020-03-18: the calls bought at a VIX of 14 in February; VIX opened at 69.37."""
    start, stop = (history.position(SESSIONS[at].item()) for at in (0, 2))
    calls = modelled_calls(history, range(start, stop + 1))

    assert 15 < calls.strike[0] < 20
    assert calls.rolls[-1]
    assert calls.settled[-1] == history.vix.open[stop] - calls.strike[0]
    assert calls.settled[-1] > 45
