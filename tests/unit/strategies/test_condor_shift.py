"""The time-shift of a threatened condor: when it is proposed, into what, and when it is not."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import builders
from bot.core.book import TradingState
from bot.core.decision import Action, PriceLadder, Purpose
from bot.core.model import Quote, Right
from bot.core.plan import recut
from bot.core.regime import Regime
from proposals import context, entries, exits, strikes, verdict, verdicts, with_rules
from strategies import condor, decide
from strategies.condor_shift import propose_shifts

if TYPE_CHECKING:
    from bot.core.book import Book, Condor
    from bot.core.decide import Proposal
    from bot.core.decision import OrderIntent
    from bot.core.model import MarketSnapshot
    from bot.core.rules import Rules

OLD = dt.date(2026, 8, 7)
"""18 DTE; 2026-08-21 is 14 days later, 2026-08-28 is 21."""


def market() -> MarketSnapshot:
    """The builders' market with SPXW of 2026-07-31 moved to 2026-08-07."""
    made = builders.market()
    moved = tuple(
        replace(option, contract=replace(option.contract, expiry=OLD, last_trade=OLD))
        if option.contract.expiry == dt.date(2026, 7, 31)
        else option
        for option in made.options
    )
    return replace(made, options=moved)


def threatened(*, quantity: int = 1, rolled: bool = False) -> Condor:
    """A condor whose short put, 6225, has a delta of 0.32."""
    held = builders.condor((6100.0, 6225.0, 6600.0, 6725.0), expiry=OLD, quantity=quantity)
    return replace(held, rolled=rolled)


def book(held: Condor) -> Book:
    return builders.book(condors=[held])


def shift(held: Condor, rules: Rules | None = None, **signals: object) -> Proposal:
    return condor.propose(context(book(held), market=market(), rules=rules, **signals))


def opening(proposal: Proposal) -> OrderIntent | None:
    found = [intent for intent in entries(proposal) if intent.reason == "time_shift"]
    return found[0] if found else None


def test_a_threatened_condor_is_closed_and_its_successor_waits_for_the_close() -> None:
    proposal = shift(threatened())

    (close,) = exits(proposal)
    opened = opening(proposal)
    assert opened is not None
    assert close.reason == "threat_delta"
    assert close.ladder.floor == close.natural
    assert opened.after == close.intent_id
    assert opened.intent_id == "2026-07-20:condor:open_condor:balanced-20260713"
    assert opened.structure_id.startswith("balanced-20260720-")
    assert (opened.purpose, opened.action) == (Purpose.ADD, Action.OPEN_CONDOR)
    assert opened.needs_cover
    assert opened.quantity == close.quantity == 1


def test_it_is_rolled_seven_to_twenty_one_days_out_nearest_to_the_target() -> None:
    proposal = shift(threatened())

    opened = opening(proposal)
    assert opened is not None
    assert opened.legs[0].contract.expiry == dt.date(2026, 8, 21)  # 32 DTE, and 39
    assert verdict(proposal, "SHIFT_EXPIRY").observed == 14


def test_the_threatened_short_is_as_far_out_as_pays_for_close_and_fees() -> None:
    proposal = shift(threatened())

    (close,) = exits(proposal)
    opened = opening(proposal)
    assert opened is not None
    fees = Decimal("0.088")  # eight legs at 1.10 USD
    assert -opened.ladder.floor >= close.natural + fees
    low, put, call, _ = strikes(opened.legs)
    assert put < 6225
    assert call == 6660  # the tier's own 0.05 delta
    nearer = verdict(proposal, "SHIFT_CREDIT")
    assert nearer.limit == pytest.approx(float(close.natural + fees))
    # 5 points further out, with its own wing, brings less than is needed
    further = [
        credit(strike, low - (put - strike), call) for strike in (put - 5, put - 10, put - 25)
    ]
    assert all(each < close.natural + fees for each in further)


def credit(put: float, low: float, call: float) -> Decimal:
    """Credit at a quarter of the half-spread by hand, on a tick."""
    mid = natural = Decimal(0)
    legs = (
        (low, Right.PUT, 1),
        (put, Right.PUT, -1),
        (call, Right.CALL, -1),
        (call + (put - low), Right.CALL, 1),
    )
    for strike, right, ratio in legs:
        quote = market().quote(builders.spxw(strike, right))
        assert quote is not None
        bid, ask = Decimal(str(quote.bid or 0)), Decimal(str(quote.ask))
        mid += ratio * (bid + ask) / 2
        natural += ratio * (ask if ratio > 0 else bid)
    return -(mid + (natural - mid) / 4)


def test_a_condor_is_rolled_at_most_once() -> None:
    proposal = shift(threatened(rolled=True))

    assert len(exits(proposal)) == 1
    assert opening(proposal) is None
    assert not verdict(proposal, "SHIFT_ONCE").passed


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ({"regime": Regime.STRESS}, "STRESS_REGIME"),
        ({"vix_over_vix3m": 1.0}, "VIX_TERM_STRUCTURE"),
        ({"breadth": None}, "BREADTH_UNKNOWN"),
    ],
)
def test_a_gate_of_the_market_forbids_the_roll_and_not_the_close(
    signals: dict[str, object], code: str
) -> None:
    proposal = shift(threatened(), **signals)

    assert len(exits(proposal)) == 1
    assert opening(proposal) is None
    assert code in str(verdict(proposal, "SHIFT_GATES").observed)


def test_a_gate_of_the_tier_forbids_the_roll() -> None:
    proposal = shift(threatened(), vix=14.0)

    assert opening(proposal) is None
    assert verdict(proposal, "SHIFT_GATES").observed == "VIX_SCALING"


def test_no_later_expiry_is_no_roll() -> None:
    proposal = shift(threatened(), with_rules(shift_days_minimum=8, shift_days_maximum=13))

    assert len(exits(proposal)) == 1
    assert opening(proposal) is None
    assert not verdict(proposal, "SHIFT_EXPIRY").passed


def test_a_roll_that_does_not_pay_for_itself_is_no_roll() -> None:
    held = threatened()
    dear = builders.with_quote(market(), held.legs[1].contract, Quote(bid=70.0, ask=71.0))

    proposal = condor.propose(context(book(held), market=dear))

    assert len(exits(proposal)) == 1
    assert opening(proposal) is None
    assert verdict(proposal, "SHIFT_CREDIT").observed is None


def test_a_close_of_a_condor_that_nothing_threatens_finds_no_successor() -> None:
    held = builders.condor((5900.0, 6025.0, 6475.0, 6600.0), expiry=OLD, credit="500.00")
    made = context(book(held), market=market())
    (close,) = exits(condor.propose(made))

    proposal = propose_shifts(replace(made, proposed=(replace(close, reason="threat_delta"),)))

    assert proposal.intents == ()
    assert not verdict(proposal, "SHIFT_CREDIT").passed


def test_without_a_short_on_the_other_side_there_is_no_roll() -> None:
    proposal = shift(threatened(), with_rules(delta_tolerance=1e-6))

    assert len(exits(proposal)) == 1
    assert opening(proposal) is None


def test_the_profile_daily_closes_a_threatened_condor_and_rolls_none() -> None:
    proposal = shift(threatened(), with_rules(profile="daily"))

    assert len(exits(proposal)) == 1
    assert opening(proposal) is None
    assert not verdict(proposal, "SHIFT_EXPIRY").passed


def test_a_threatened_call_is_rolled_up() -> None:
    held = builders.condor((5700.0, 5825.0, 6375.0, 6500.0), expiry=OLD)

    opened = opening(shift(held))

    assert opened is not None
    _, put, call, _ = strikes(opened.legs)
    assert put == 5870  # the tier's own 0.10 delta
    assert call > 6375


@pytest.mark.parametrize(
    "deep",
    [
        (6175.0, 6300.0, 6600.0, 6725.0),  # at the money: what pays has a delta of 0.40
        (5700.0, 5825.0, 6350.0, 6475.0),  # what pays has a delta of 0.31
    ],
)
def test_what_would_be_threatened_from_its_first_day_is_not_sold(
    deep: tuple[float, float, float, float],
) -> None:
    proposal = shift(builders.condor(deep, expiry=OLD))

    assert len(exits(proposal)) == 1
    assert opening(proposal) is None
    assert verdict(proposal, "SHIFT_CREDIT").observed is None


@pytest.mark.parametrize("spot", [6200.0, 6250.0, 6300.0, 6350.0])
def test_what_replaces_a_condor_is_further_from_the_index_than_a_day_moves(spot: float) -> None:
    rules = with_rules(shift_delta=0.99)
    moved = builders.with_level(market(), "SPX", spot)

    opened = opening(
        condor.propose(context(book(threatened()), market=moved, rules=rules, edr_pct=2.0))
    )

    if opened is not None:
        _, put, call, _ = strikes(opened.legs)
        assert min(spot - put, call - spot) > 0.02 * spot


def test_the_whole_condor_must_fit_the_caps() -> None:
    proposal = shift(threatened(quantity=2))

    assert opening(proposal) is None
    assert not verdict(proposal, "SHIFT_QUANTITY").passed
    assert exits(proposal)[0].quantity == 2


def test_the_closed_condor_is_out_of_the_caps_of_its_successor() -> None:
    held = threatened()
    rules = with_rules(book_risk_pct_of_nav=0.0125, expiry_risk_pct_of_nav=0.0125)
    rules = replace(rules, condor=replace(rules.condor, session_risk_pct_of_nav=0.0125))

    proposal = shift(held, rules)

    of_shift = verdicts(proposal, "BOOK_RISK")[f"shift:{held.structure_id}"]
    assert of_shift.passed
    assert opening(proposal) is not None


def test_a_condor_that_is_not_threatened_is_left_alone() -> None:
    held = builders.condor((5900.0, 6025.0, 6600.0, 6725.0), expiry=OLD)

    proposal = shift(held)

    assert exits(proposal) == []
    assert verdict(proposal, "THREAT_DELTA").passed is False
    assert verdict(proposal, "THREAT_EDR").passed is False


def test_the_time_shift_can_be_switched_off() -> None:
    proposal = shift(threatened(), with_rules(time_shift=False))

    assert exits(proposal) == []
    assert verdict(proposal, "THREAT_DELTA").limit is None


def test_a_condor_sold_to_expire_tomorrow_is_neither_threatened_nor_due() -> None:
    daily = builders.condor(
        (6100.0, 6225.0, 6600.0, 6725.0), expiry=OLD, opened=dt.date(2026, 8, 6), credit="500.00"
    )
    made = context(book(daily), market=replace(market(), session=dt.date(2026, 8, 6)))

    proposal = condor.propose(made)

    assert exits(proposal) == []
    for code in ("TIME_EXIT", "TAKE_PROFIT", "THREAT_DELTA", "THREAT_EDR"):
        assert verdict(proposal, code).limit is None


@pytest.mark.parametrize("state", [TradingState.NO_ENTRIES, TradingState.REDUCE_ONLY])
def test_a_kill_switch_leaves_the_close_alone(state: TradingState) -> None:
    held = replace(book(threatened()), trading_state=state, lots=builders.hedged(3))

    decision = decide(market(), held, with_rules())

    condors = [intent for intent in decision.intents if intent.tier is not None]
    assert [intent.action for intent in condors] == [Action.CLOSE_CONDOR]


def test_the_close_comes_first_in_the_decision() -> None:
    held = replace(book(threatened()), lots=builders.hedged(3))

    decision = decide(market(), held, with_rules())

    actions = [intent.action for intent in decision.intents if intent.tier is not None]
    assert actions[0] is Action.CLOSE_CONDOR
    assert Action.OPEN_CONDOR in actions[1:]


def shifted() -> OrderIntent:
    opened = opening(shift(threatened()))
    assert opened is not None
    return opened


SHIFTED = shifted()


def test_a_close_that_cost_no_more_than_planned_leaves_the_ladder_as_it_is() -> None:
    opened = shifted()

    assert recut(opened, Decimal(100)) is not None
    cut = recut(opened, Decimal(100))
    assert cut is not None
    assert cut.ladder.steps == opened.ladder.steps


def test_prices_that_bring_less_than_the_close_cost_are_raised_to_it() -> None:
    opened = shifted()
    best = -opened.ladder.steps[0]
    paid = (best - Decimal("0.10")) * 100  # a dime less than the mid brings

    cut = recut(opened, paid)

    assert cut is not None
    assert cut.ladder.steps[0] == opened.ladder.steps[0]
    assert all(-step * 100 >= paid + Decimal("8.8") for step in cut.ladder.steps)
    assert all(step % Decimal("0.05") == 0 for step in cut.ladder.steps)


def test_a_close_that_cost_more_than_the_best_price_brings_is_not_followed() -> None:
    opened = shifted()

    assert recut(opened, -opened.ladder.steps[0] * 100) is None  # fees are missing


def test_fewer_new_units_must_pay_for_all_that_were_closed() -> None:
    opened = replace(shifted(), quantity=1)
    paid = Decimal(1500)

    assert recut(opened, paid) is not None
    assert recut(opened, paid * 2) is None


@given(
    paid=st.decimals(-5_000, 30_000, places=2),
    quantity=st.integers(1, 20),
    fees=st.decimals(0, 2, places=3),
    start=st.integers(-400, -1),
    steps=st.lists(st.integers(0, 20), min_size=1, max_size=6),
)
def test_whatever_is_sent_brings_the_close_and_the_fees(
    paid: Decimal, quantity: int, fees: Decimal, start: int, steps: list[int]
) -> None:
    ticks = [start + sum(steps[: at + 1]) for at in range(len(steps))]
    ladder = PriceLadder(steps=tuple(tick * Decimal("0.05") for tick in ticks), seconds=20.0)
    opened = replace(SHIFTED, quantity=quantity, repays_points=fees, ladder=ladder)

    cut = recut(opened, paid)

    needed = paid / (100 * quantity) + fees
    if cut is None:
        assert -ladder.steps[0] < needed + Decimal("0.05")
        return
    assert all(-step >= needed for step in cut.ladder.steps)
    assert all(step % Decimal("0.05") == 0 for step in cut.ladder.steps)
    assert list(cut.ladder.steps) == sorted(set(cut.ladder.steps))
    assert cut.ladder.floor <= ladder.floor


@settings(max_examples=40, deadline=None)
@given(
    put=st.sampled_from([5900.0, 6000.0, 6100.0, 6175.0, 6225.0, 6300.0]),
    call=st.sampled_from([6350.0, 6400.0, 6475.0, 6550.0]),
    quantity=st.integers(1, 3),
    vix=st.floats(12.0, 35.0),
    rolled=st.booleans(),
)
def test_an_opening_never_stands_without_its_close(
    put: float, call: float, quantity: int, vix: float, *, rolled: bool
) -> None:
    made = builders.condor((put - 125, put, call, call + 125), expiry=OLD, quantity=quantity)
    held = replace(made, rolled=rolled)

    proposal = shift(held, vix=vix, edr_pct=vix / 252**0.5)

    opened, closes = opening(proposal), exits(proposal)
    if opened is not None:
        assert [opened.after] == [close.intent_id for close in closes]
        assert not rolled
        assert opened.quantity == closes[0].quantity == quantity
        assert 7 <= (opened.legs[0].contract.expiry - OLD).days <= 21
        assert -opened.ladder.floor >= closes[0].natural + Decimal("0.088")
        assert opened.max_loss_usd * quantity <= 20_000


def test_other_intents_repay_nothing() -> None:
    (entry,) = entries(condor.propose(context()))

    assert recut(entry, Decimal(10**6)) is entry
