"""What is measured without one event, and which one the answer hangs on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from evidence_books import book, weekdays

from bot.evidence.benchmarks import Market
from bot.evidence.left_out import (
    NOTHING,
    LeftOut,
    Measured,
    events,
    hanging,
    hangs_on,
    left_out,
    measured_without,
)
from bot.evidence.spikes import Spike

DAYS = 756
"""Three years of 252 sessions."""

CAPITAL = 1_000_000.0
CRASH = Spike(base=299, begin=301, top=305, vix_base=15.0, vix_begin=26.0, vix_top=40.0)


def measured(condor: np.ndarray, hedge: np.ndarray, *, premium: float = 0.0) -> Measured:
    sessions = weekdays(DAYS)
    months = pd.period_range("2018-12", "2022-01", freq="M")
    rise = pd.Series(np.where(np.arange(len(months)) % 2, 0.02, -0.01), index=months)
    return Measured(
        hedged=book(condor, hedge, sessions=sessions),
        shadow=book(condor, name="shadow", sessions=sessions),
        premium_usd=np.full(DAYS, premium),
        market=Market(
            bill_days=np.full(DAYS, 0.0001), bills=pd.Series(0.0, index=months), spx=rise
        ),
    )


def crashed() -> Measured:
    """The condors lose 1 % on session 50 and 10 % on session 302, the hedge saves 0 and 8 %."""
    condor, hedge = np.zeros(DAYS), np.full(DAYS, -10.0)
    condor[50], condor[302] = -10_000.0, -100_000.0
    hedge[302] = 80_000.0
    return measured(condor, hedge)


def without(start: int, end: int) -> np.ndarray:
    rows = np.zeros(DAYS, dtype=np.bool_)
    rows[start:end] = True
    return rows


def test_drag_is_of_the_sessions_that_are_left() -> None:
    """10 USD a session over the first third, and bills of 0.01 % on a premium of 2,000 USD."""
    found = measured_without(
        measured(np.zeros(DAYS), np.full(DAYS, -10.0), premium=2_000.0),
        "two years",
        without(252, DAYS),
    )
    mean_nav = CAPITAL - 10 * np.arange(252).mean()

    # the first session earns no interest: there is none before it
    # 756 weekdays from 2019-01-02 end on 2021-11-24: 1,058 calendar days with both ends
    assert found.drag == pytest.approx((252 * 10 + 251 * 0.2) / mean_nav / (1_058 / 365.25 / 3))
    assert found.sessions == DAYS - 252


def test_without_the_crash_the_reduction_is_that_of_what_is_left() -> None:
    """With it the hedge saves about four fifths of the fall, without it nothing: it costs."""
    whole = measured_without(crashed(), NOTHING, without(0, 0))
    left = measured_without(crashed(), "crash", without(300, 362))

    # the shadow falls by 110,000 of a million, by 10,000 without the crash; the hedged book saves
    # 80,000 and pays 10 on every other session to the end
    fall = 110_000 - 80_000 + 10 * (DAYS - 1)
    assert whole.reduction == pytest.approx(1 - fall / 110_000)
    assert left.reduction == pytest.approx(1 - (10_000 + 10 * (DAYS - 62)) / 10_000)
    assert (whole.works, left.works) == (True, False)


def test_months_that_an_event_touches_are_no_part_of_the_regression() -> None:
    """Both earn 10,000 on a million a month, 0.74 to 1 %; in that of the event they lose half."""
    sessions = weekdays(DAYS)
    months = sessions.astype("datetime64[M]")
    last = np.concatenate([months[1:] != months[:-1], [True]])
    condor = np.where(last, 10_000.0, 0.0)
    condor[310] = -500_000.0
    found = measured(condor, np.zeros(DAYS))

    kept = measured_without(found, NOTHING, without(0, 0))
    left = measured_without(found, "event", without(310, 311))

    assert 0.0074 * 12 < left.alpha < 0.01 * 12
    assert kept.alpha_t < 2 < left.alpha_t
    assert left.alpha == left.condor_alpha


def test_events_are_named_stretches_that_are_reached_and_spikes() -> None:
    hedged = crashed().hedged

    named = dict(events(hedged, [CRASH]))

    assert list(named) == ["crash of 2020", f"spike of {hedged.sessions[301]}"]
    assert np.flatnonzero(named[f"spike of {hedged.sessions[301]}"]).tolist() == list(
        range(300, 362)
    )
    assert named["crash of 2020"].sum() == np.busday_count("2020-02-19", "2020-05-01")


def result(name: str, reduction: float, *, works: bool = False, worth: bool = False) -> LeftOut:
    return LeftOut(
        name=name, sessions=60, drag=0.01, reduction=reduction, alpha=0.0, alpha_t=0.0,
        condor_alpha=0.0, condor_t=0.0, works=works, worth=worth,
    )  # fmt: skip


def test_an_answer_that_no_event_turns_hangs_on_none_and_the_weightiest_is_named() -> None:
    found = (result(NOTHING, 0.06), result("a", 0.05), result("b", -0.20))

    assert hanging(found) == ()
    assert hangs_on(found) == (
        "The answer hangs on no single event: it is the same without any one of 2. Of them b "
        "weighs most: without it the reduction of the drawdown is -20% instead of 6%."
    )


def test_the_event_without_which_the_answer_is_another_is_named() -> None:
    whole = result(NOTHING, 0.36, works=True)
    found = (whole, result("a", 0.35, works=True), result("b", 0.02), result("c", 0.05))

    assert [each.name for each in hanging(found)] == ["b", "c"]
    assert hangs_on(found) == (
        "The answer hangs on one event, b (and on 1 more): without it the hedge would not "
        "work (reduction 2% instead of 36%, drag 1.00% instead of 1.00%)."
    )
    assert "it would be worth its cost" in hangs_on(
        (whole, result("d", 0.4, works=True, worth=True))
    )
    assert "the hedge would not work and it would be worth its cost" in hangs_on(
        (whole, result("e", 0.0, worth=True))
    )


def test_an_event_that_leaves_nothing_to_reduce_is_what_the_answer_hangs_on() -> None:
    found = (result(NOTHING, 0.36, works=True), replace(result("a", math.nan), works=None))

    assert hangs_on(found).startswith(
        "The answer hangs on one event, a: without it the history could not tell (reduction "
        "unknown instead of 36%"
    )


def worth(*, paid: float, cheaper: bool = False) -> bool | None:
    """Condors earn 300 USD a session and once lose 100,000, of which the hedge saves 99,000."""
    condor, hedge = np.full(DAYS, 300.0), np.full(DAYS, -paid)
    condor[302], hedge[302] = -100_000.0, 99_000.0
    found = replace(measured(condor, hedge), cheaper=cheaper)
    return measured_without(found, NOTHING, without(0, 0)).worth


def test_the_hedge_is_worth_it_only_where_no_rival_is_better() -> None:
    assert worth(paid=5.0) is True
    assert worth(paid=5.0, cheaper=True) is False
    assert worth(paid=290.0) is False


def test_without_events_nothing_is_said() -> None:
    assert hangs_on(left_out(crashed(), [])[:1]) == ""
    assert hangs_on((result(NOTHING, math.nan), result("a", math.nan))) == ""
