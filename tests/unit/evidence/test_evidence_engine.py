"""A replay over a drawn history: what holds of its books whatever the market does."""

from __future__ import annotations

import gc
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from evidence_walk import WARM, first_session, until, walk

from bot.core.errors import EvidenceError
from bot.core.rules import Rules
from bot.evidence import observing
from bot.evidence.day_surfaces import Surfaces
from bot.evidence.engine import replay, uncollected
from bot.evidence.settings import ReplaySettings

if TYPE_CHECKING:
    from bot.evidence.books import Replay

CENT = 0.01


@cache
def run(**changes: object) -> Replay:
    settings = ReplaySettings(first=first_session(walk()), **changes)
    return replay(walk(), Rules(), settings)


@cache
def begun(sessions: int = 1, **changes: object) -> Replay:
    """The first sessions of a replay."""
    return run(last=walk().session(WARM + sessions - 1), **changes)


def traded(found: Replay, **columns: str) -> pd.DataFrame:
    rows = found.trades
    for name, value in columns.items():
        rows = rows[rows[name] == value]
    return rows


def test_the_drawn_market_makes_the_bot_trade_every_kind_of_order() -> None:
    actions = set(run().trades["action"])

    assert actions >= {"open_condor", "close_condor", "buy_hedge", "sell_hedge"}
    assert "monetise" in set(run().trades["reason"])


@pytest.mark.parametrize("name", ["hedged", "shadow"])
def test_nav_changes_by_the_gains_of_its_sources_to_the_cent(name: str) -> None:
    book = run().books[name]

    changes = np.diff(book.nav_usd, prepend=1_000_000.0)

    assert np.abs(changes - book.pnl_usd).max() < CENT


def test_nav_is_cash_and_what_is_held() -> None:
    found = run()
    days = found.days

    held = days["cash_usd"] + days["condor_value_usd"] + days["hedge_value_usd"]

    assert np.abs(held.to_numpy() - found.books["hedged"].nav_usd).max() < CENT


def test_the_hedged_book_less_its_shadow_is_the_hedge_and_its_commissions() -> None:
    found = run()
    hedged, shadow = found.books["hedged"], found.books["shadow"]
    calls = found.trades[found.trades["kind"] != "condor"]

    apart = hedged.nav_usd - shadow.nav_usd

    paid = calls.groupby("session")["fees_usd"].sum().reindex(found.days.index, fill_value=0.0)
    assert np.abs(apart - (hedged.hedge_usd.cumsum() - paid.cumsum().to_numpy())).max() < CENT
    assert not shadow.hedge_usd.any()


def test_the_trades_of_the_hedge_are_its_gain() -> None:
    found = run()
    calls = found.trades[found.trades["kind"] != "condor"]
    bought = calls["action"] == "buy_hedge"
    debit = (calls["price"] * calls["quantity"] * 100).sum()

    held = found.layers.groupby("session")["bid_usd"].sum().iloc[-1]

    assert bought.any()
    assert found.books["hedged"].hedge_usd.sum() == pytest.approx(held - debit, abs=CENT)


def test_the_trades_of_the_condors_are_their_gain() -> None:
    found = run()
    condors = traded(found, kind="condor")
    debit = (condors["price"] * condors["quantity"] * condors["scale"] * 100).sum()

    held = found.days["condor_value_usd"].iloc[-1]

    assert found.books["shadow"].condor_usd.sum() == pytest.approx(held - debit, abs=CENT)


def test_interest_is_that_of_the_cash_over_the_days_between_sessions() -> None:
    found = run()
    days = found.days
    elapsed = np.diff(days.index.to_numpy()).astype("timedelta64[D]").astype(float)

    expected = days["cash_usd"].to_numpy()[:-1] * 0.02 * elapsed / 365

    assert np.abs(found.books["hedged"].carry_usd[1:] - expected).max() < CENT
    assert found.books["hedged"].carry_usd[0] == 0.0


def test_the_same_history_rules_and_settings_give_the_same_replay() -> None:
    once = begun(12)
    again = replay(walk(), Rules(), once.settings)

    pd.testing.assert_frame_equal(again.trades, once.trades)
    assert (again.books["hedged"].nav_usd == once.books["hedged"].nav_usd).all()


@pytest.mark.parametrize("days", [6, 21])
def test_what_comes_later_changes_nothing_before(days: int) -> None:
    early = until(walk(), WARM + days)

    found = replay(early, Rules(), ReplaySettings(first=first_session(walk())))

    last = found.days.index[-1]
    assert len(found.days) == days
    pd.testing.assert_frame_equal(found.days, run().days.iloc[:days])
    before = run().trades[run().trades["session"] <= last]
    pd.testing.assert_frame_equal(found.trades, before.reset_index(drop=True))


def test_a_book_of_another_size_has_as_many_times_its_gains_and_interest_on_its_own_cash() -> None:
    one, three = begun(12).books["shadow"], begun(12, size=3.0).books["shadow"]

    assert three.condor_usd == pytest.approx(3 * one.condor_usd)
    assert three.fees_usd == pytest.approx(3 * one.fees_usd)
    changes = np.diff(three.nav_usd, prepend=1_000_000.0)
    assert np.abs(changes - three.pnl_usd).max() < CENT
    assert three.carry_usd.sum() != pytest.approx(one.carry_usd.sum())


def test_a_size_of_one_is_no_other_book() -> None:
    one, same = begun(8).books["hedged"], begun(8, size=1.0).books["hedged"]

    assert (one.nav_usd == same.nav_usd).all()


def test_the_mid_costs_less_than_the_natural_price() -> None:
    mid, natural = (begun(spread_share=share).trades.iloc[0] for share in (0.0, 1.0))

    assert mid["price"] == mid["mid"]
    assert natural["price"] == pytest.approx(natural["mid"] + natural["half_spread"])
    assert natural["price"] > mid["price"]


def test_wider_spreads_are_paid_for() -> None:
    calm, stressed = begun().trades.iloc[0], begun(spread_stress=3.0).trades.iloc[0]

    assert stressed["half_spread"] > 2 * calm["half_spread"]


def test_without_a_hedge_condors_are_sold_all_the_same() -> None:
    found = begun(8, hedge=False)

    assert set(found.trades["kind"]) == {"condor"}
    assert (found.books["hedged"].nav_usd == found.books["shadow"].nav_usd).all()


def test_a_dearer_vix_surface_makes_the_hedge_dearer() -> None:
    plain, dearer = begun().trades.iloc[0], begun(iv_shift=0.10).trades.iloc[0]

    assert plain["kind"] == dearer["kind"] == "near"
    assert dearer["price"] > plain["price"]


def test_spx_is_rebased_so_that_a_contract_has_todays_notional() -> None:
    found = run()
    opened = traded(found, action="open_condor")
    strikes = opened["contracts"].str.extract(r"(\d+)P, -1")[0].astype(float)
    rebased = found.days["spx"] * found.days["rebase"]

    assert (strikes.to_numpy() / rebased.loc[opened["session"]].to_numpy() > 0.8).all()
    assert (opened["scale"] == 1.0).all()
    months = found.days.groupby(pd.DatetimeIndex(found.days.index).to_period("M"))["rebase"]
    assert (months.min() == months.max()).all()


def test_literal_contracts_are_traded_at_the_level_of_then() -> None:
    found = begun(3, literal_contracts=True)

    assert (found.days["rebase"] == 1.0).all()
    assert (found.trades["scale"] == 1.0).all()


def test_a_later_start_is_another_roll_of_the_dice() -> None:
    found = begun(7, roll_offset=5)

    assert found.days.index[0] == run().days.index[5]


def test_the_search_for_cycles_goes_on_after_a_replay() -> None:
    replay(until(walk(), WARM + 3), Rules(), ReplaySettings(first=first_session(walk())))

    assert gc.isenabled()


def cycles_of(sessions: int) -> int:
    """Count what a replay of so many sessions leaves to the search for cycles."""
    history = until(walk(), WARM + sessions)
    gc.collect()
    with uncollected():
        replay(history, Rules(), ReplaySettings(first=first_session(history)))
        return gc.collect()


def test_sessions_make_no_cycles_that_would_pile_up_while_they_are_not_searched_for() -> None:
    cycles_of(2)  # what is kept for good is made

    assert cycles_of(12) <= cycles_of(4) + 4


def test_substitutes_are_named_on_every_session() -> None:
    names = run().days["substitutes"].str.split()

    assert all({"vix3m", "vvix", "vx"} <= set(each) for each in names)


def test_no_event_gate_is_asked_before_the_dates_of_events_are_known() -> None:
    late = replace(walk(), events=replace(walk().events, fomc=(walk().session(-1),)))

    settings = ReplaySettings(first=first_session(walk()), last=walk().session(WARM + 7))
    found = replay(late, Rules(), settings)

    assert "events" in found.days["substitutes"].iloc[0].split()
    assert not found.days["denied"].str.contains("EVENT").any()
    assert run().days["denied"].str.contains("EVENT").any()


def test_more_strikes_quoted_change_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = begun(20)
    monkeypatch.setattr(observing, "REACH", 40)
    monkeypatch.setattr(observing, "NEARLY", 0.25)

    wide = replay(walk(), Rules(), narrow.settings)

    pd.testing.assert_frame_equal(wide.trades, narrow.trades)


def test_replays_that_share_their_surfaces_come_to_the_same() -> None:
    shared = Surfaces(walk())
    for changes in ({}, {"literal_contracts": True}, {"spx_iv_shift": 0.05, "spread_stress": 2.0}):
        alone = begun(10, **changes)

        together = replay(walk(), Rules(), alone.settings, surfaces=shared)

        pd.testing.assert_frame_equal(together.days, alone.days, check_exact=True)
        pd.testing.assert_frame_equal(together.trades, alone.trades, check_exact=True)


def test_the_surfaces_of_another_history_are_refused() -> None:
    other = replace(walk(), sha256="another")

    with pytest.raises(EvidenceError, match="another history"):
        replay(walk(), Rules(), begun().settings, surfaces=Surfaces(other))
