"""Claims and the answer, from contrived numbers: a hedge that works, and one that does not."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from evidence_books import book

from bot.evidence.as_held import HeldLayer
from bot.evidence.benchmarks import Market
from bot.evidence.books import Replay
from bot.evidence.claims import Ablation, Claim, FreshGains, Inputs, Outcome, claims
from bot.evidence.figures import Pair
from bot.evidence.measures import Measures, measure
from bot.evidence.resampling import resample_books
from bot.evidence.rivals import Rival, smaller_at_equal_drawdown
from bot.evidence.settings import ReplaySettings
from bot.evidence.sizes import at_size, crash_losses, size_of_2020
from bot.evidence.verdict import HEADLINES, UNKNOWN_HEADLINE, Answer, answer

DAYS = 520
"""Two years from 2019-01-02 on; row 295 is 2020-02-19."""
CRASH = slice(296, 306)


def replay(hedge_a_day: float, hedge_in_crash: float, condor_a_day: float = 100.0) -> Replay:
    """Condors that earn a little each day and lose 6 % in ten days of 2020."""
    condor = np.full(DAYS, condor_a_day)
    condor[CRASH] = -6_000.0
    hedge = np.full(DAYS, hedge_a_day)
    hedge[CRASH] = hedge_in_crash
    hedged, shadow = book(condor, hedge), book(condor, name="shadow")
    vix = np.full(DAYS, 15.0)
    vix[CRASH] = 45.0
    days = pd.DataFrame(
        {"vix": vix, "spx": 3000.0, "regime": "calm", "substitutes": ""},
        index=pd.DatetimeIndex(hedged.sessions),
    )
    return Replay(
        settings=ReplaySettings(),
        rules_sha256="",
        books={"hedged": hedged, "shadow": shadow},
        days=days,
        trades=pd.DataFrame(),
        layers=pd.DataFrame(),
    )


def market(found: Replay) -> Market:
    sessions = pd.DatetimeIndex(found.books["hedged"].sessions)
    months = sessions.to_period("M").unique()
    wave = 0.01 * np.sin(np.arange(len(months)))
    return Market(
        bill_days=np.zeros(DAYS),
        bills=pd.Series(0.0, index=months),
        spx=pd.Series(wave, index=months),
    )


@cache
def measures(found: Replay, size: float = 1.0) -> Measures:
    return measure(
        "size",
        at_size(found, size),
        market(found),
        premium_usd=np.full(DAYS, 1_000.0),
        crash=crash_losses(found, size),
    )


FRESH = {
    "far": FreshGains(at_begin=(1.0, 2.5, 3.0), at_top=(2.0, 4.0, 5.0), recorded=3),
    "month20": FreshGains(at_begin=(2.0, 4.0, math.nan), at_top=(4.0, 8.0, math.nan), recorded=3),
}
WORKING, COSTLY = replay(-5.0, 4_000.0), replay(-150.0, -10.0)


def read(found: Replay, inputs: Inputs | None = None) -> dict[str, Claim]:
    size = size_of_2020(found)
    large = None if size is None else measures(found, size)
    told = claims(measures(found), large, inputs or Inputs(fresh=FRESH))
    return {each.key: each for each in told}


def test_there_are_nine_claims_and_each_has_a_measurement() -> None:
    found = read(WORKING)

    assert len(found) == 9
    assert all(each.default.text for each in found.values())


def test_a_hedge_that_pays_two_thirds_of_the_loss_holds_the_claims_of_drawdown_and_break_even() -> (
    None
):
    found = read(WORKING)

    assert found["drawdown"].default.outcome is Outcome.HOLDS
    assert "cut by 6" in found["drawdown"].default.text
    assert found["drag"].default.outcome is Outcome.HOLDS
    assert found["even"].default.outcome is Outcome.PART


def test_a_hedge_that_only_costs_fails_them() -> None:
    found = read(COSTLY)

    assert found["drawdown"].default.outcome is Outcome.FAILS
    assert "deeper by" in found["drawdown"].default.text
    assert found["drag"].default.outcome is Outcome.FAILS
    assert found["even"].default.outcome is Outcome.FAILS
    assert found["worth"].default.outcome is Outcome.FAILS


def test_the_crash_is_read_at_the_size_that_loses_half_unhedged() -> None:
    found = read(WORKING)["crash"]

    # 10 x 6000 of 1,029,500 - 1,475 is 5.8 %: about 8.6 times that loses half, of which the
    # hedge pays two thirds
    assert size_of_2020(WORKING) == pytest.approx(0.5 / (60_000 / 1_029_600), rel=0.01)
    assert found.default.outcome is Outcome.UNTESTED
    assert found.large is not None
    assert found.large.outcome is Outcome.HOLDS
    assert found.large.text == "16.7% hedged, 50.0% unhedged"


def test_without_2020_there_is_no_such_size_and_the_crash_is_untested() -> None:
    short = replace(
        WORKING,
        books={
            name: replace(each, sessions=each.sessions - np.timedelta64(3_650, "D"))
            for name, each in WORKING.books.items()
        },
    )

    assert size_of_2020(short) is None
    assert read(short)["crash"].outcome is Outcome.UNTESTED


def test_the_gain_of_far_calls_is_read_from_medians_and_settled_ones_are_left_out() -> None:
    found = read(WORKING)["spike"].default

    assert found.outcome is Outcome.HOLDS
    assert "far layer +250%, 20-delta call of a month +300%" in found.text


def test_the_far_gain_is_told_beside_that_without_a_rise_of_its_volatility() -> None:
    """No chain beyond 50 days was recorded in a panic: the rise is the model's word."""
    kept = {**FRESH, "far": replace(FRESH["far"], begin_vvix_kept=(0.1, math.nan, 0.3))}

    found = read(WORKING, Inputs(fresh=kept))["spike"].default

    assert "far layer +250% (+20% had its volatility not risen), 20-delta" in found.text


def test_what_the_far_layer_made_as_it_was_held_is_told_and_is_no_part_of_the_claim() -> None:
    """2,000 USD on a premium of 1,000 and a NAV of a million; near calls do not count."""
    far = HeldLayer(
        begin=0, layer="far", calls=(), premium_usd=1_000.0, bought=0, sold=0, gain_usd=2_000.0,
        nav_usd=1_000_000.0,
    )  # fmt: skip
    held = (far, replace(far, premium_usd=0.0), replace(far, layer="near", gain_usd=9e9))

    found = read(WORKING, Inputs(fresh=FRESH, held=held))["spike"].default

    assert found.text.endswith("; as held, the far layer +200% to the top, +0.20% of NAV")
    assert found.outcome is Outcome.HOLDS


def test_a_claim_of_two_things_of_which_one_fails_holds_in_part() -> None:
    weak = {**FRESH, "far": replace(FRESH["far"], at_begin=(0.5, 0.6, 0.7))}

    assert read(WORKING, Inputs(fresh=weak))["spike"].outcome is Outcome.PART


def test_what_was_not_run_cannot_be_tested() -> None:
    found = read(WORKING)

    assert found["adaptive"].outcome is Outcome.UNTESTED
    assert "second engine: not run" in found["recovery"].default.text


@pytest.mark.parametrize(
    ("without", "outcome"),
    [((0.02, 0.03), Outcome.HOLDS), ((0.02, 0.005), Outcome.PART), ((0.0, 0.0), Outcome.FAILS)],
)
def test_rules_lower_the_drag_where_it_is_higher_without_them(
    without: tuple[float, float], outcome: Outcome
) -> None:
    ablations = tuple(
        Ablation(name=name, drag_with=0.01, drag_without=value)
        for name, value in zip(("adaptivity", "P/CF"), without, strict=True)
    )

    assert read(WORKING, Inputs(fresh=FRESH, ablations=ablations))["adaptive"].outcome is outcome


def test_a_second_engine_that_slows_recovery_fails_its_half_of_the_claim() -> None:
    inputs = Inputs(fresh=FRESH, engine_recovery=Pair(hedged=90, shadow=80), engine_condors=4)

    reading = read(WORKING, inputs)["recovery"].default

    assert reading.outcome is not Outcome.HOLDS
    assert "with the second engine 90 sessions, without 80 sessions" in reading.text


def test_a_slow_bear_market_in_which_the_hedge_cost_holds_the_claim_of_underperformance() -> None:
    moved = {
        name: replace(each, sessions=each.sessions + np.timedelta64(1_092, "D"))
        for name, each in COSTLY.books.items()
    }
    found = read(replace(COSTLY, books=moved))["grind"].default

    assert found.outcome is Outcome.HOLDS
    assert "bear of 2022: hedge -" in found.text


def told(found: Replay, rivals: tuple[Rival, ...] = ()) -> Answer:
    measured, size = measures(found), size_of_2020(found)
    return answer(
        measured,
        claims=tuple(read(found).values()),
        rivals=rivals,
        resampled=resample_books(found.books["hedged"], found.books["shadow"], count=20),
        large=None if size is None else measures(found, size),
    )


def test_a_hedge_that_works_and_is_wanted_is_said_to_be_worth_it() -> None:
    found = told(WORKING)

    assert (found.works, found.worth) == (True, True)
    assert found.headline == HEADLINES[True, True]
    assert any("2020 costs 50% unhedged and 17% hedged" in each for each in found.sentences)


def test_a_hedge_that_costs_and_saves_nothing_is_said_so_first() -> None:
    found = told(COSTLY)

    assert found.headline == HEADLINES[False, False]
    assert "the hedge cost 4.00% of NAV a year" in found.sentences[0]
    assert any("do not (" in each and "drawdown" in each for each in found.sentences)


def test_the_cost_since_the_hedge_can_be_bought_is_a_drag_like_that_of_the_whole() -> None:
    """16 USD a day before and 24 from then on, with a premium of 36,500 USD at 1 % a year."""
    sessions = np.busday_offset("2005-07-17", np.arange(DAYS), roll="forward")
    late = sessions >= np.datetime64("2006-07-17")
    hedge = np.where(late, -24.0, -16.0)
    condor = WORKING.books["shadow"].condor_usd
    books = {
        "hedged": book(condor, hedge, sessions=sessions.astype("datetime64[D]")),
        "shadow": book(condor, name="shadow", sessions=sessions.astype("datetime64[D]")),
    }
    old = replace(WORKING, books=books, days=WORKING.days.set_axis(pd.DatetimeIndex(sessions)))
    bills = replace(market(old), bill_days=np.full(DAYS, 0.01 / 365))

    found = measure(
        "old", old, bills, premium_usd=np.full(DAYS, 36_500.0), crash=Pair(hedged=None, shadow=None)
    )

    count = int(late.sum())
    span = (int((sessions[-1] - np.datetime64("2006-07-17")).astype(int)) + 1) / 365.25
    nav = 1_000_000 + float(np.cumsum(condor + hedge)[DAYS - count - 1 : -1].mean())
    assert found.since is not None
    assert found.since.total == pytest.approx((24 * count + (count - 1)) / nav / span)
    assert measures(WORKING).since is None


def test_a_hedge_that_a_smaller_book_beats_is_not_worth_its_cost() -> None:
    dear = replay(-130.0, 3_000.0, condor_a_day=200.0)
    rival = smaller_at_equal_drawdown(dear.books["shadow"], measures(dear).hedged.drawdown.share)

    found = told(dear, (rival,))

    assert (found.works, found.worth) == (True, False)
    assert any(
        each.startswith("Cheaper protection was at hand: fewer condors") for each in found.sentences
    )


def test_a_hedge_that_is_wanted_is_still_not_worth_it_beside_a_cheaper_rival() -> None:
    cheap = Rival(name="a rival", amount=1.0, growth=0.5, drawdown=0.001)
    dear = replace(cheap, growth=-0.5)

    assert [told(WORKING, (each,)).worth for each in (cheap, dear)] == [False, True]


def edge_of(
    alpha_t: float, era_t: float, carried_t: float | None, first: dt.date = dt.date(2010, 1, 4)
) -> str:
    measured = replace(measures(WORKING), first=first)
    found = replace(measured.capm["shadow"], alpha_t=alpha_t, alpha=0.03)
    era = replace(found, alpha_t=era_t)
    judged = replace(measured, capm={"hedged": found, "shadow": found}, eras={"from 2015 on": era})
    sentences = answer(
        judged,
        claims=(),
        rivals=(),
        resampled=resample_books(WORKING.books["hedged"], WORKING.books["shadow"], count=5),
        large=None,
        carried_t=carried_t,
    ).sentences
    (said,) = [each for each in sentences if each.startswith("The condors alone")]
    return said


@pytest.mark.parametrize(
    ("alpha_t", "era_t", "carried_t", "shown"),
    [
        (6.0, 3.0, 2.5, "show an edge that outlives the error of the model"),
        (6.0, 3.0, 0.4, "no demonstrated edge"),
        (6.0, 3.0, None, "their error was not carried through"),
        (6.0, 1.2, 2.5, "no demonstrated edge"),
        (0.5, 3.0, 2.5, "no demonstrated edge"),
        (6.0, math.nan, 2.5, "no demonstrated edge: alpha +3.00% a year (t 6.0), from 2015 on unk"),
    ],
)
def test_condors_have_an_edge_only_if_it_lasts_and_outlives_the_error_of_the_model(
    alpha_t: float, era_t: float, carried_t: float | None, shown: str
) -> None:
    assert shown in edge_of(alpha_t, era_t, carried_t)


def test_an_alpha_of_years_in_which_nobody_quoted_such_condors_is_told_as_one() -> None:
    said = {
        first: "before July 2006 nobody quoted such condors"
        in edge_of(6.0, 1.2, None, first=dt.date(first, 1, 3))
        for first in (1991, 2006, 2007)
    }

    assert said == {1991: True, 2006: True, 2007: False}


def test_a_book_that_never_fell_cannot_tell() -> None:
    calm = replay(-5.0, -5.0)
    rising = {
        name: replace(each, condor_usd=np.full(DAYS, 100.0)) for name, each in calm.books.items()
    }
    rising = {
        name: replace(each, nav_usd=1e6 + np.cumsum(each.pnl_usd)) for name, each in rising.items()
    }

    assert told(replace(calm, books=rising)).headline == UNKNOWN_HEADLINE


def test_a_size_at_which_both_are_ruined_is_worth_nothing() -> None:
    large = measures(COSTLY, 40.0)

    found = {each.key: each for each in claims(measures(COSTLY), large, Inputs(fresh=FRESH))}
    reading = found["worth"].large

    assert found["drawdown"].large == reading
    assert set(large.ruined) == {"hedged", "shadow"}
    assert reading is not None
    assert reading.outcome is Outcome.FAILS
    assert "ruined on 2020-0" in reading.text
    assert large.hedged.growth == -1.0


def test_another_size_is_that_many_times_the_condors_and_the_hedge_for_each_dollar() -> None:
    sized = at_size(WORKING, 3.0).books

    # in the first month both hold three times the contracts of the bot
    first = {name: (each.condor_usd[0], each.hedge_usd[0]) for name, each in sized.items()}

    assert first["hedged"] == pytest.approx((300.0, -15.0))
    assert first["shadow"] == pytest.approx((300.0, 0.0))
    assert sized["hedged"].nav_usd[-1] == pytest.approx(
        1e6 + np.sum(sized["hedged"].pnl_usd), rel=1e-9
    )


def test_the_unhedged_book_is_sized_on_its_own_nav_and_earns_interest_on_it() -> None:
    """Two months: the hedge costs a tenth in the first, so the second month's share is larger."""
    sessions = np.array(["2019-01-30", "2019-01-31", "2019-02-01", "2019-02-04"], "datetime64[D]")
    condor, hedge, carry = [0.0, 0.0, -90.0, 0.0], [-100.0, 0.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]
    hedged = book(condor, hedge, carry=carry, capital=1_000.0, sessions=sessions)
    shadow = book(condor, carry=carry, capital=1_000.0, sessions=sessions, name="shadow")
    raw = replace(WORKING, books={"hedged": hedged, "shadow": shadow})

    sized = at_size(raw, 1.0).books

    # 90 of 900 is a tenth of either book, and 9 of 900 a hundredth
    assert sized["shadow"].condor_usd.tolist() == pytest.approx([0.0, 0.0, -100.0, 0.0])
    assert sized["shadow"].carry_usd.tolist() == pytest.approx([0.0, 0.0, 10.0, 0.0])
    assert sized["shadow"].nav_usd[-1] == pytest.approx(910.0)
    assert sized["hedged"].nav_usd.tolist() == pytest.approx(hedged.nav_usd.tolist())


def test_ruin_ends_a_book() -> None:
    found = measures(replay(-5.0, -5.0), 30.0)

    assert found.ruined["shadow"] > dt.date(2020, 2, 19)
    assert found.equivalents[4.0].shadow == -1.0
