"""What forbids a new condor, gate by gate."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import Tier
from bot.core.model import EventTable
from bot.core.regime import Breadth, Regime
from proposals import (
    context,
    entries,
    exits,
    verdict,
    with_rules,
)
from strategies import condor


@pytest.mark.parametrize(
    ("code", "signals"),
    [
        ("HISTORY_UNKNOWN", {"macd_histogram": None}),
        ("HISTORY_UNKNOWN", {"macd_crossed_below": None}),
        ("HISTORY_UNKNOWN", {"spx_rsi": None}),
        ("HISTORY_UNKNOWN", {"vix_over_median": None}),
        ("BREADTH_UNKNOWN", {"breadth": None}),
        ("VIX_UNKNOWN", {"vix": None}),
        ("VX_CURVE_UNKNOWN", {"vx2_over_vx1": None}),
        ("VIX_TERM_STRUCTURE", {"vix_over_vix3m": None}),
        ("VIX_TERM_STRUCTURE", {"vix_over_vix3m": 1.0}),
        ("STRESS_REGIME", {"regime": Regime.STRESS}),
        ("MACD_BREADTH", {"macd_crossed_below": True, "breadth": Breadth.DOWN}),
        ("MACD_BREADTH", {"macd_crossed_below": True, "breadth": None}),
        ("MACD_BREADTH", {"macd_crossed_below": None, "breadth": Breadth.UP}),
    ],
)
def test_signal_gates_deny(code: str, signals: dict[str, object]) -> None:
    proposal = condor.propose(context(**signals))

    assert not verdict(proposal, code).passed
    assert not proposal.intents


@pytest.mark.parametrize(
    "signals",
    [
        {"vix_over_vix3m": 0.9999},
        {"regime": Regime.TRANSITION},
        {"macd_crossed_below": True, "breadth": Breadth.NEUTRAL},
        {"macd_crossed_below": False, "breadth": Breadth.DOWN},
    ],
)
def test_signal_gates_let_through_what_lies_inside_their_bounds(
    signals: dict[str, object],
) -> None:
    assert len(condor.propose(context(**signals)).intents) == 1


def test_unknown_spx_level_denies() -> None:
    market = builders.with_level(builders.market(), "SPX", None)

    proposal = condor.propose(context(market=market))

    assert not verdict(proposal, "SPX_UNKNOWN").passed
    assert not proposal.intents


EVENT_DAY = dt.date(2026, 7, 23)
LISTED = (dt.date(2026, 7, 1), dt.date(2026, 12, 1))


@pytest.mark.parametrize("kind", ["fomc", "cpi", "ppi"])
@pytest.mark.parametrize(
    ("session", "passed"),
    [
        (dt.date(2026, 7, 21), True),
        (dt.date(2026, 7, 22), False),
        (dt.date(2026, 7, 23), False),
        (dt.date(2026, 7, 24), True),
    ],
)
def test_event_gate_denies_the_day_and_the_session_before(
    kind: str, session: dt.date, *, passed: bool
) -> None:
    dates: dict[str, tuple[dt.date, ...]] = {"fomc": LISTED, "cpi": LISTED, "ppi": LISTED}
    dates[kind] = (LISTED[0], EVENT_DAY, LISTED[1])
    market = replace(builders.market(), session=session, events=EventTable(**dates))

    made = replace(context(), snapshot=market)

    assert verdict(condor.propose(made), f"EVENT_{kind.upper()}").passed is passed


def test_event_on_a_holiday_denies_the_session_before_it() -> None:
    good_friday = EventTable(fomc=LISTED, cpi=LISTED, ppi=(dt.date(2026, 7, 25), LISTED[1]))
    market = replace(builders.market(), session=dt.date(2026, 7, 24), events=good_friday)

    assert not verdict(condor.propose(replace(context(), snapshot=market)), "EVENT_PPI").passed


@pytest.mark.parametrize("kind", ["fomc", "cpi", "ppi"])
def test_events_are_unknown_after_their_last_date(kind: str) -> None:
    market = builders.market()
    past = replace(market.events, **{kind: (dt.date(2026, 7, 17),)})

    proposal = condor.propose(context(market=replace(market, events=past)))

    assert verdict(proposal, f"EVENT_{kind.upper()}").observed is None
    assert not proposal.intents


def test_event_gate_can_be_switched_off() -> None:
    market = replace(builders.market(), events=EventTable())

    assert condor.propose(context(market=market, rules=with_rules(event_gate=False))).intents


ALL_TIERS = ("conservative", "balanced", "aggressive")


@pytest.mark.parametrize(
    ("setting", "vix", "tiers"),
    [
        ("default", 14.99, {"conservative"}),
        ("default", 15.0, {"conservative", "balanced"}),
        ("default", 20.0, {"conservative", "balanced"}),
        ("default", 20.01, set(ALL_TIERS)),
        ("vixshield", 14.99, set(ALL_TIERS)),
        ("vixshield", 15.0, {"conservative", "balanced"}),
        ("vixshield", 20.0, {"conservative", "balanced"}),
        ("vixshield", 20.01, set()),
    ],
)
def test_vix_scaling_names_the_tiers_that_may_be_sold(
    setting: str, vix: float, tiers: set[str]
) -> None:
    rules = with_rules(tiers=ALL_TIERS, vix_scaling=setting)

    verdicts = condor.propose(context(rules=rules, vix=vix)).verdicts

    scaling = [each for each in verdicts if each.code == "VIX_SCALING"]
    assert {each.subject for each in scaling if each.passed} == {f"condor:{name}" for name in tiers}


def test_vixshield_does_not_bound_the_term_structure_but_wants_it_known() -> None:
    rules = with_rules(vix_scaling="vixshield")

    assert condor.propose(context(rules=rules, vix_over_vix3m=1.2)).intents
    assert not condor.propose(context(rules=rules, vix_over_vix3m=None)).intents


def test_second_condor_of_a_tier_in_one_session_is_denied() -> None:
    today = builders.condor(opened=builders.SESSION)

    proposal = condor.propose(context(builders.book(condors=[today])))

    assert not verdict(proposal, "TIER_ENTERED").passed
    assert not entries(proposal)


def test_other_tier_may_follow_in_the_same_session() -> None:
    today = replace(builders.condor(opened=builders.SESSION), tier=Tier.CONSERVATIVE)

    assert entries(condor.propose(context(builders.book(condors=[today]))))


def test_condor_is_denied_a_strike_that_an_exit_buys_back() -> None:
    due = builders.condor((5745, 5870, 6660, 6785), credit="80.00")

    proposal = condor.propose(context(builders.book(condors=[due])))

    assert len(exits(proposal)) == 1
    assert verdict(proposal, "OPPOSITE_ORDER").observed == "SPXW 2026-08-21 5745P"
    assert not entries(proposal)


def test_condor_may_share_a_strike_with_one_that_stays() -> None:
    held = builders.condor((5745, 5870, 6660, 6785))

    assert entries(condor.propose(context(builders.book(condors=[held]))))


@pytest.mark.parametrize(
    ("nav", "quantity"), [(573_249, 0), (573_250, 1), (1_146_499, 1), (1_146_500, 2)]
)
def test_session_risk_is_two_percent_of_nav_floored(nav: int, quantity: int) -> None:
    # one condor can lose 11,465 USD
    book = replace(builders.book(), nav_usd=Decimal(nav))

    proposal = condor.propose(context(book))

    assert sum(entry.quantity for entry in entries(proposal)) == quantity
    assert verdict(proposal, "SESSION_RISK").passed is (quantity > 0)


def test_risk_opened_in_the_session_leaves_less_room() -> None:
    book = replace(builders.book(), new_risk_usd=10_000.0)

    proposal = condor.propose(context(book))

    assert verdict(proposal, "SESSION_RISK").observed == pytest.approx(21_465)
    assert not entries(proposal)


def test_above_the_high_vix_the_session_risks_half() -> None:
    book = replace(builders.book(), nav_usd=Decimal(1_200_000))

    full, half = (condor.propose(context(book, vix=vix)) for vix in (20.0, 20.5))

    assert entries(full)[0].quantity == 2
    assert entries(half)[0].quantity == 1
    assert verdict(half, "SESSION_RISK").limit == pytest.approx(12_000)


def test_expiry_risk_is_five_percent_of_nav() -> None:
    same = builders.condor(quantity=4)  # 46,800 of 50,000
    other = builders.condor(quantity=4, expiry=dt.date(2026, 8, 28))

    denied = condor.propose(context(builders.book(condors=[same])))
    allowed = condor.propose(context(builders.book(condors=[other])))

    assert not verdict(denied, "EXPIRY_RISK").passed
    assert not entries(denied)
    assert entries(allowed)


def test_book_risk_is_fifteen_percent_of_nav() -> None:
    held = builders.condor(quantity=12, expiry=dt.date(2026, 8, 28))  # 140,400 of 150,000

    proposal = condor.propose(context(builders.book(condors=[held])))

    assert verdict(proposal, "EXPIRY_RISK").passed
    assert not verdict(proposal, "BOOK_RISK").passed
    assert not entries(proposal)


def test_unknown_nav_allows_nothing() -> None:
    proposal = condor.propose(context(replace(builders.book(), nav_usd=None)))

    assert verdict(proposal, "SESSION_RISK").limit is None
    assert not proposal.intents


def test_tiers_share_the_risk_of_the_session() -> None:
    rules = with_rules(tiers=("conservative", "balanced"))

    (entry,) = condor.propose(context(rules=rules)).intents

    assert entry.tier is Tier.CONSERVATIVE


@given(nav=st.integers(0, 20_000_000), held=st.integers(0, 20), used=st.integers(0, 100_000))
def test_entries_stay_within_every_cap(nav: int, held: int, used: int) -> None:
    condors = [builders.condor(quantity=held)] if held else []
    book = replace(builders.book(condors=condors), nav_usd=Decimal(nav), new_risk_usd=float(used))

    new = sum(
        entry.max_loss_usd * entry.quantity for entry in entries(condor.propose(context(book)))
    )

    open_risk = 11_700 * held
    assert new == 0 or used + new <= 0.02 * nav + 1e-3
    assert new == 0 or open_risk + new <= 0.05 * nav + 1e-3
