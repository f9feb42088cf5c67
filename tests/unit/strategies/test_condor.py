"""Condors: where they are sold, what forbids it, what ends them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import Book, Condor, Leg, Tier, TradingState
from bot.core.context import Context
from bot.core.decision import Action, OrderIntent, Purpose, Verdict
from bot.core.model import EventTable, Feed, MarketSnapshot, Quote, Right
from bot.core.regime import Breadth, Regime
from bot.core.rules import CondorRules, LadderRules, Rules, TierDeltas
from strategies import condor
from strategies.condor_strikes import condor_legs, shaped_deltas, wing_width

if TYPE_CHECKING:
    from strategies.base import Proposal

BALANCED = "condor:balanced"


def context(
    book: Book | None = None,
    *,
    market: MarketSnapshot | None = None,
    rules: Rules | None = None,
    **signals: object,
) -> Context:
    """A context of the builders' market; `signals` replaces computed ones."""
    made = Context.of(market or builders.market(), book or builders.book(), rules or with_rules())
    return replace(made, signals=replace(made.signals, **signals))


def with_rules(**changes: object) -> Rules:
    return Rules(condor=replace(CondorRules(tiers=("balanced",)), **changes))


def entries(proposal: Proposal) -> list[OrderIntent]:
    return [intent for intent in proposal.intents if intent.purpose is Purpose.ADD]


def exits(proposal: Proposal) -> list[OrderIntent]:
    return [intent for intent in proposal.intents if intent.purpose is Purpose.REDUCE]


def verdict(proposal: Proposal, code: str) -> Verdict:
    (found,) = (each for each in proposal.verdicts if each.code == code)
    return found


def strikes(legs: tuple[Leg, ...]) -> list[float]:
    return [leg.contract.strike for leg in legs]


# ------------------------------------------------------------------ entry


def test_calm_market_sells_one_balanced_condor() -> None:
    proposal = condor.propose(context())

    (entry,) = proposal.intents
    assert all(each.passed for each in proposal.verdicts)
    assert entry.intent_id == "2026-07-20:condor:open_condor:balanced"
    assert entry.structure_id == "balanced-20260720"
    assert (entry.purpose, entry.action) == (Purpose.ADD, Action.OPEN_CONDOR)
    assert entry.tier is Tier.BALANCED
    assert entry.needs_cover
    assert [leg.ratio for leg in entry.legs] == [1, -1, -1, 1]
    assert [leg.contract.right.value for leg in entry.legs] == ["P", "P", "C", "C"]


def test_shorts_lie_at_their_deltas_and_wings_two_percent_of_the_forward_out() -> None:
    # vollib: the 5870 put has a delta of -0.0996, the 6660 call one of 0.0504
    (entry,) = condor.propose(context()).intents

    assert strikes(entry.legs) == [5745, 5870, 6660, 6785]


def test_expiry_is_the_one_nearest_to_the_target() -> None:
    proposal = condor.propose(context())

    assert proposal.intents[0].legs[0].contract.expiry == builders.MAIN_EXPIRY
    assert verdict(proposal, "EXPIRY_WINDOW").observed == 32


def test_of_two_expiries_equally_near_the_nearer_is_taken() -> None:
    rules = with_rules(dte_target=35, dte_minimum=25, dte_maximum=45)
    market = builders.market()
    later = dt.date(2026, 8, 27)  # 38 DTE, as far from 35 as 32
    moved = tuple(
        replace(
            option,
            contract=replace(option.contract, expiry=later, last_trade=later),
        )
        for option in market.options
        if option.contract.expiry == dt.date(2026, 8, 28)
    )

    both = context(market=replace(market, options=moved + market.options), rules=rules)

    assert verdict(condor.propose(both), "EXPIRY_WINDOW").observed == 32


def test_no_expiry_in_the_window_is_no_trade() -> None:
    proposal = condor.propose(context(rules=with_rules(dte_minimum=33, dte_maximum=38)))

    assert not proposal.intents
    assert not verdict(proposal, "EXPIRY_WINDOW").passed


def test_chain_without_live_quotes_is_no_trade() -> None:
    market = builders.with_feed(builders.market(), Feed.DELAYED)
    proposal = condor.propose(context(market=market))

    assert not proposal.intents
    assert not verdict(proposal, "CHAIN_UNKNOWN").passed
    assert not verdict(proposal, "STRIKES_QUOTED").passed


def test_chain_without_a_short_near_enough_is_no_trade() -> None:
    proposal = condor.propose(context(rules=with_rules(delta_tolerance=1e-6)))

    assert verdict(proposal, "CHAIN_UNKNOWN").passed
    assert verdict(proposal, "STRIKES_QUOTED").observed is None
    assert not proposal.intents


def test_max_loss_is_that_of_the_worst_price_accepted() -> None:
    (entry,) = condor.propose(context()).intents

    assert entry.ladder.floor == Decimal("-10.35")
    assert entry.max_loss_usd == pytest.approx((125 - 10.35) * 100)


def test_ladder_never_gives_up_the_least_credit() -> None:
    rules = replace(with_rules(minimum_credit_pct_of_width=0.084), ladder=LadderRules())
    (entry,) = condor.propose(context(rules=rules)).intents

    assert entry.mid == Decimal("-10.55")
    assert entry.ladder.floor == Decimal("-10.50")


def test_credit_below_its_share_of_the_width_is_no_trade() -> None:
    proposal = condor.propose(context(rules=with_rules(minimum_credit_pct_of_width=0.085)))

    assert not proposal.intents
    assert verdict(proposal, "MIN_CREDIT") == Verdict(
        code="MIN_CREDIT", subject=BALANCED, observed=10.55, limit=10.625, passed=False
    )


def test_credit_above_the_width_is_a_broken_quote() -> None:
    market = builders.with_quote(
        builders.market(), builders.spxw(5865, Right.PUT), Quote(bid=None, ask=0.05)
    )

    proposal = condor.propose(context(market=market, rules=with_rules(wing_pct_of_forward=0.0008)))

    assert verdict(proposal, "MIN_CREDIT").passed
    assert not verdict(proposal, "MAX_LOSS").passed
    assert not proposal.intents


# ------------------------------------------------------------------ gates of the market


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
    dates = {"fomc": LISTED, "cpi": LISTED, "ppi": LISTED}
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


# ------------------------------------------------------------------ gates of a tier


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


# ------------------------------------------------------------------ gates of a candidate


def test_condor_is_denied_a_strike_that_an_exit_buys_back() -> None:
    due = builders.condor((5745, 5870, 6660, 6785), credit="40.00")

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


# ------------------------------------------------------------------ shape


@pytest.mark.parametrize(
    ("histogram", "breadth", "rsi", "expected"),
    [
        (1.0, Breadth.UP, 50.0, (0.16, 0.05)),  # 0.04 is below the floor
        (-1.0, Breadth.DOWN, 50.0, (0.08, 0.08)),
        (1.0, Breadth.DOWN, 50.0, (0.16, 0.08)),
        (-1.0, Breadth.UP, 50.0, (0.16, 0.08)),
        (1.0, Breadth.NEUTRAL, 50.0, (0.16, 0.08)),
        (0.0, Breadth.UP, 50.0, (0.16, 0.08)),
        (1.0, None, 50.0, (0.16, 0.08)),
        (None, Breadth.UP, 50.0, (0.16, 0.08)),
        (1.0, Breadth.NEUTRAL, 75.0, (0.16, 0.08)),
        (1.0, Breadth.NEUTRAL, 75.1, (0.16, 0.05)),
        (1.0, Breadth.NEUTRAL, 29.9, (0.13, 0.08)),
        (-1.0, Breadth.DOWN, 29.9, (0.05, 0.08)),
        (1.0, Breadth.NEUTRAL, None, (0.16, 0.08)),
    ],
)
def test_the_side_that_the_trend_runs_into_is_sold_further_out(
    histogram: float | None,
    breadth: Breadth | None,
    rsi: float | None,
    expected: tuple[float, float],
) -> None:
    signals = context(macd_histogram=histogram, breadth=breadth, spx_rsi=rsi).signals

    deltas = shaped_deltas(Tier.AGGRESSIVE, signals, CondorRules())

    assert (deltas.put, deltas.call) == pytest.approx(expected)


def test_wings_are_two_percent_of_the_forward_on_the_grid() -> None:
    assert wing_width(6_322.0, CondorRules()) == 125
    assert wing_width(6_400.0, CondorRules()) == 130
    assert wing_width(50.0, CondorRules()) == 5


def chosen(
    market: MarketSnapshot, *, put: float = 0.10, call: float = 0.05, **rules: object
) -> list[float] | None:
    chain = context(market=market).chain("SPXW", builders.MAIN_EXPIRY)
    assert chain is not None
    legs = condor_legs(chain, TierDeltas(put=put, call=call), replace(CondorRules(), **rules))
    return None if legs is None else strikes(legs)


def missing(*strikes: float) -> MarketSnapshot:
    return builders.without_options(
        builders.market(),
        lambda contract: contract.expiry == builders.MAIN_EXPIRY and contract.strike in strikes,
    )


def test_absent_wing_moves_both_wings_to_stay_equal() -> None:
    # 5740 or 5750 instead of 5745: the narrower, and the call follows by as much
    assert chosen(missing(5745)) == [5750, 5870, 6660, 6780]


def test_wings_may_differ_by_one_step_of_the_grid() -> None:
    market = missing(*range(5600, 5745, 5), 5745, *range(5755, 5870, 5), 6780)

    assert chosen(market) == [5750, 5870, 6660, 6785]


def test_wings_that_differ_by_more_are_no_condor() -> None:
    market = missing(*range(5000, 5750, 5), *range(5755, 5870, 5), *range(6775, 6790, 5))

    assert chosen(market) is None


def test_coarse_strikes_on_one_side_set_the_width_of_both() -> None:
    market = missing(*(strike for strike in range(5000, 5870, 5) if strike not in (5720, 5770)))

    assert chosen(market) == [5770, 5870, 6660, 6760]


def test_wing_that_nobody_bids_for_can_be_bought() -> None:
    market = builders.with_quote(
        builders.market(), builders.spxw(6785, Right.CALL), Quote(bid=None, ask=0.30)
    )

    assert chosen(market) == [5745, 5870, 6660, 6785]


def test_crossed_wing_is_not_quoted() -> None:
    market = builders.with_quote(
        builders.market(), builders.spxw(6785, Right.CALL), Quote(bid=0.50, ask=0.30)
    )

    assert chosen(market) == [5750, 5870, 6660, 6780]


def test_short_is_never_below_the_floor_however_near_the_strike() -> None:
    # the 6660 call has a delta of 0.0504, the 6665 call one below 0.05
    legs = chosen(missing(6660), call=0.05)

    assert legs is not None
    assert legs[2] == 6655


def test_no_short_within_the_tolerance_is_no_condor() -> None:
    assert chosen(missing(*range(5700, 6000, 5)), put=0.10) is None


def test_shorts_that_cross_are_no_condor() -> None:
    assert chosen(builders.market(), put=0.55, call=0.60, delta_tolerance=0.1) is None


# ------------------------------------------------------------------ exits


def priced(held: Condor, debit: str) -> MarketSnapshot:
    """Quote the condor so that it costs `debit` at the mid: all of it in the short put."""
    mid = float(debit)
    quotes = (
        Quote(bid=0.2, ask=0.4),
        Quote(bid=mid, ask=mid + 0.4),
        Quote(bid=0.3, ask=0.5),
        Quote(bid=0.2, ask=0.4),
    )
    market = builders.market()
    for leg, quote in zip(held.legs, quotes, strict=True):
        market = builders.with_quote(market, leg.contract, quote)
    return market


def test_half_of_the_credit_is_taken_as_profit() -> None:
    held = builders.condor(credit="8.00", quantity=2)

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "4.00")))

    (closing,) = exits(proposal)
    assert closing.intent_id == "2026-07-20:condor:close_condor:balanced-20260713"
    assert closing.structure_id == held.structure_id
    assert closing.quantity == 2
    assert closing.reason == "take_profit"
    assert closing.purpose is Purpose.REDUCE
    assert [leg.ratio for leg in closing.legs] == [-1, 1, 1, -1]
    assert closing.mid == Decimal("4.0")


def test_profit_is_never_bought_for_more_than_half_of_the_credit() -> None:
    held = builders.condor(credit="8.10")

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "4.00")))

    (closing,) = exits(proposal)
    assert closing.natural == Decimal("4.5")  # a quarter of the way would be 4.10
    assert closing.ladder.steps == (Decimal("4.00"), Decimal("4.05"))


def test_debit_above_half_of_the_credit_stays_open() -> None:
    held = builders.condor(credit="8.00")

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "4.10")))

    assert verdict(proposal, "TAKE_PROFIT").passed is False
    assert not exits(proposal)


def test_unknown_debit_takes_no_profit() -> None:
    held = builders.condor(credit="800.00")
    market = builders.with_quote(builders.market(), held.legs[0].contract, None)

    proposal = condor.propose(context(builders.book(condors=[held]), market=market))

    assert verdict(proposal, "TAKE_PROFIT").observed is None
    assert not exits(proposal)


@pytest.mark.parametrize(("days", "due"), [(8, False), (7, True), (1, True), (0, True)])
def test_time_exit_is_due_at_seven_days(days: int, *, due: bool) -> None:
    expiry = builders.SESSION + dt.timedelta(days=days)
    held = builders.condor(credit="1.00", expiry=expiry)
    market = priced(held, "9.00")

    proposal = condor.propose(context(builders.book(condors=[held]), market=market))

    assert verdict(proposal, "TIME_EXIT").observed == days
    assert bool(exits(proposal)) is due


def due_condor() -> Condor:
    return builders.condor(credit="1.00", expiry=dt.date(2026, 7, 27))


def test_time_exit_goes_through_to_the_natural_price() -> None:
    held = due_condor()

    (closing,) = exits(
        condor.propose(context(builders.book(condors=[held]), market=priced(held, "9.00")))
    )

    assert closing.reason == "time_exit"
    assert closing.ladder.floor == closing.natural == Decimal("9.5")


def test_time_exit_beats_the_profit_that_it_also_takes() -> None:
    held = replace(due_condor(), credit_points=Decimal(40))

    (closing,) = exits(
        condor.propose(context(builders.book(condors=[held]), market=priced(held, "9.00")))
    )

    assert closing.reason == "time_exit"
    assert closing.ladder.floor == closing.natural


@pytest.mark.parametrize("wing", [0, 3])
@pytest.mark.parametrize("quote", [None, Quote(bid=None, ask=0.05), Quote(bid=0.5, ask=0.4)])
def test_wing_that_cannot_be_sold_does_not_keep_a_time_exit_back(
    wing: int, quote: Quote | None
) -> None:
    held = due_condor()
    market = builders.with_quote(priced(held, "9.00"), held.legs[wing].contract, quote)

    (closing,) = exits(condor.propose(context(builders.book(condors=[held]), market=market)))

    assert len(closing.legs) == 4
    assert closing.natural == Decimal("9.7")


@pytest.mark.parametrize("short", [1, 2])
@pytest.mark.parametrize("quote", [None, Quote(bid=0.5), Quote(bid=0.5, ask=0.5)])
def test_short_leg_without_an_ask_cannot_be_bought_back(short: int, quote: Quote | None) -> None:
    held = due_condor()
    market = builders.with_quote(priced(held, "9.00"), held.legs[short].contract, quote)

    proposal = condor.propose(context(builders.book(condors=[held]), market=market))

    assert verdict(proposal, "PRICE_UNKNOWN").passed is False
    assert not exits(proposal)


def test_delayed_quotes_price_no_exit() -> None:
    held = due_condor()
    market = builders.with_feed(priced(held, "9.00"), Feed.DELAYED)

    assert not exits(condor.propose(context(builders.book(condors=[held]), market=market)))


def test_stop_is_off_by_default() -> None:
    held = builders.condor(credit="1.00")

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "90")))

    assert verdict(proposal, "STOP").limit is None
    assert not exits(proposal)


@pytest.mark.parametrize(("debit", "due"), [("8.90", False), ("9.00", True)])
def test_stop_closes_at_its_multiple_of_the_credit(debit: str, *, due: bool) -> None:
    held = builders.condor(credit="3.00")
    rules = with_rules(stop_multiple_of_credit=3.0)

    proposal = condor.propose(
        context(builders.book(condors=[held]), market=priced(held, debit), rules=rules)
    )

    assert bool(exits(proposal)) is due
    if due:
        assert exits(proposal)[0].reason == "stop"
        assert exits(proposal)[0].ladder.floor == exits(proposal)[0].natural


def test_unknown_debit_does_not_stop() -> None:
    held = builders.condor(credit="0.10")
    rules = with_rules(stop_multiple_of_credit=3.0)
    market = builders.with_quote(builders.market(), held.legs[3].contract, None)

    proposal = condor.propose(context(builders.book(condors=[held]), market=market, rules=rules))

    assert not exits(proposal)


def test_flatten_closes_every_condor() -> None:
    held = [builders.condor(), builders.condor(opened=dt.date(2026, 7, 14))]
    book = replace(builders.book(condors=held), trading_state=TradingState.FLATTEN)

    closing = exits(condor.propose(context(book)))

    assert [intent.reason for intent in closing] == ["flatten", "flatten"]
    assert {intent.structure_id for intent in closing} == {
        "balanced-20260713",
        "balanced-20260714",
    }


def test_condor_is_not_closed_twice_while_an_order_is_in_flight() -> None:
    held = due_condor()
    book = replace(
        builders.book(condors=[held]),
        in_flight=(f"2026-07-17:condor:close_condor:{held.structure_id}",),
    )

    proposal = condor.propose(context(book, market=priced(held, "9.00")))

    assert verdict(proposal, "EXIT_IN_FLIGHT").passed is False
    assert not exits(proposal)


def test_condor_after_its_last_trade_settles_without_orders() -> None:
    held = builders.condor(expiry=dt.date(2026, 7, 17))

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "9.00")))

    assert verdict(proposal, "LAST_TRADE").passed is False
    assert not exits(proposal)
