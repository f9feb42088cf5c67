"""The adaptive hedge: pace of entry, steps of delta, cash press, policy, what is given up."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import builders
from bot.core.book import Book, HedgeLedger, HedgeNotes, Layer, LayerNote
from bot.core.decision import Action
from bot.core.hedge_rules import HedgeRules
from bot.core.model import Quote
from bot.core.regime import Breadth
from hedge_scene import (
    CALM_RISE,
    DUE_MID,
    OLD_FAR,
    RULES,
    TRANSITION,
    figures,
    full,
    mid,
    near,
    note_of,
    propose,
    reasons,
    spent,
)
from proposals import at, context, of_layer, verdict, verdicts
from strategies import alvh

if TYPE_CHECKING:
    from bot.core.decide import Proposal

# pace


def test_a_first_hedge_is_bought_over_two_sessions_and_then_stays() -> None:
    first = propose(**TRANSITION)
    lots = (near(2), mid(quantity=2), OLD_FAR)
    second = propose(*lots, market=at(dt.date(2026, 7, 21)), notes=first.notes, **TRANSITION)
    third = propose(*full(), market=at(dt.date(2026, 7, 22)), notes=second.notes, **TRANSITION)

    assert reasons(first) == [("near", "missing", 2), ("mid", "missing", 2), ("far", "missing", 2)]
    assert reasons(second) == [("near", "missing", 2), ("mid", "missing", 2)]
    assert third.intents == ()
    assert note_of(third, Layer.NEAR) == LayerNote(layer=Layer.NEAR, established=4, goal=4)


def test_what_an_entry_could_not_buy_is_bought_on_its_last_day() -> None:
    first = propose(**TRANSITION)

    second = propose(market=at(dt.date(2026, 7, 21)), notes=first.notes, **TRANSITION)

    assert [quantity for _, _, quantity in reasons(second)] == [4, 4, 2]


def test_stress_buys_a_first_hedge_at_once() -> None:
    proposal = propose(**(TRANSITION | {"stress_score": 2}))

    assert [quantity for _, _, quantity in reasons(proposal)] == [4, 4, 2]
    assert verdicts(proposal, "LAYER_PACE")["layer:near"].passed


def test_a_layer_that_was_lost_is_bought_anew_at_once() -> None:
    established = HedgeNotes(layers=(LayerNote(layer=Layer.NEAR, established=4, goal=4),))

    (purchase,) = of_layer(propose(notes=established, **TRANSITION), Layer.NEAR)

    assert purchase.quantity == 4


def test_open_condors_have_the_grace_of_a_paced_entry() -> None:
    book = builders.book(condors=[builders.condor()])

    entering = alvh.propose(context(book, rules=RULES, **TRANSITION))
    entered = alvh.propose(
        context(
            replace(book, lots=(near(), mid())),
            rules=RULES,
            **(TRANSITION | {"stress_score": 2}),
        )
    )

    assert verdict(entering, "HEDGE_COVER").passed
    assert not verdict(entered, "HEDGE_COVER").passed


# budget

DEAR = HedgeLedger(sessions=252, net_cost_usd=Decimal(25_000), average_nav_usd=Decimal(1_000_000))
CHEAP = replace(DEAR, net_cost_usd=Decimal(5_000))


def strikes_of(proposal: Proposal) -> list[float]:
    return [
        intent.legs[0].contract.strike
        for intent in proposal.intents
        if intent.action is Action.BUY_HEDGE
    ]


def test_a_dear_hedge_rolls_one_step_further_out_and_only_the_layer_that_rolls() -> None:
    proposal = propose(*full(DUE_MID), past=DEAR, **TRANSITION)

    # 121 days at 20.2: vollib says 0.456 at the 23, 0.495 at the 22
    assert strikes_of(proposal) == [23.0]
    assert note_of(proposal, Layer.MID).delta_steps == 1
    assert note_of(proposal, Layer.MID).stepped == builders.SESSION
    assert note_of(proposal, Layer.NEAR).delta_steps == 0
    assert figures(proposal, Layer.MID).target_delta == pytest.approx(0.45)


def mid_note(steps: int, stepped: dt.date | None) -> HedgeNotes:
    return HedgeNotes(
        layers=(
            LayerNote(layer=Layer.NEAR, established=4, goal=4),
            LayerNote(layer=Layer.MID, established=4, goal=4, delta_steps=steps, stepped=stepped),
            LayerNote(layer=Layer.FAR, established=2, goal=2),
        )
    )


@pytest.mark.parametrize(
    ("past", "stepped", "steps"),
    [
        (DEAR, dt.date(2026, 7, 1), 1),
        (DEAR, dt.date(2026, 1, 2), 2),
        (CHEAP, dt.date(2026, 1, 2), 0),
        (HedgeLedger(), dt.date(2026, 1, 2), 1),
    ],
)
def test_a_layer_steps_once_in_a_quarter(past: HedgeLedger, stepped: dt.date, steps: int) -> None:
    proposal = propose(*full(DUE_MID), past=past, notes=mid_note(1, stepped), **TRANSITION)

    assert note_of(proposal, Layer.MID).delta_steps == steps


def test_a_layer_that_does_not_roll_takes_no_step() -> None:
    assert note_of(propose(*full(), past=DEAR, **TRANSITION), Layer.MID).delta_steps == 0


def test_what_the_hedge_costs_never_changes_how_many_contracts_it_holds() -> None:
    proposal = propose(past=replace(DEAR, net_cost_usd=Decimal(500_000)), **TRANSITION)

    assert {verdict.limit for verdict in verdicts(proposal, "LAYER_PACE").values()} == {4, 2}
    assert not verdict(proposal, "HEDGE_DRAG").passed


# cash press

PRESS = {"vix": 17.0, "vix_long_mean": 16.0, "vx2_over_vx1": 0.13, "vx_front_volatility": 40.0}


def test_the_cash_press_holds_up_a_second_unit_for_five_sessions() -> None:
    book = replace(
        builders.book(condors=[builders.condor(quantity=4)], lots=full()),
        notes=mid_note(0, None),
    )
    signals = TRANSITION | PRESS

    first = alvh.propose(context(book, rules=RULES, **signals))
    book = replace(book, notes=first.notes)
    fifth = alvh.propose(context(book, rules=RULES, market=at(dt.date(2026, 7, 24)), **signals))
    sixth = alvh.propose(context(book, rules=RULES, market=at(dt.date(2026, 7, 27)), **signals))

    assert not verdict(first, "CASH_PRESS").passed
    assert first.intents == fifth.intents == ()
    assert [quantity for _, _, quantity in reasons(sixth)] == [4, 4, 2]


def test_the_cash_press_never_holds_up_the_first_unit() -> None:
    assert len(propose(**(TRANSITION | PRESS)).intents) == 3


def test_the_cash_press_holds_up_the_second_unit_of_a_first_purchase() -> None:
    book = builders.book(condors=[builders.condor(quantity=4)])  # two units
    hurried = TRANSITION | PRESS | {"stress_score": 2}

    proposal = alvh.propose(context(book, rules=RULES, **hurried))

    assert [quantity for _, _, quantity in reasons(proposal)] == [4, 4, 2]


def test_the_cash_press_lets_nothing_go_that_was_bought_of_a_second_unit() -> None:
    due = near(contract=builders.vix_call(19.0, dt.date(2026, 7, 22)))
    half = near(2, lot_id="near-half", contract=builders.vix_call(19.5, builders.NEAR_EXPIRY))
    entering = LayerNote(
        layer=Layer.NEAR,
        established=4,
        goal=8,
        initiated=builders.sessions_between(dt.date(2026, 7, 14), builders.SESSION)[-2],
    )
    notes = HedgeNotes(layers=(entering, *mid_note(0, None).layers[1:]))
    book = builders.book(condors=[builders.condor(quantity=4)], lots=full(due, half))

    proposal = alvh.propose(
        context(replace(book, notes=notes), rules=RULES, **(TRANSITION | PRESS))
    )

    # all four that are due are replaced, and the two of the second unit stay
    assert reasons(proposal)[:2] == [("near", "roll_due", 4), ("near", "roll_due", 4)]


def test_the_cash_press_holds_up_a_roll_by_time_value_and_none_by_days() -> None:
    proposal = propose(*full(spent(), DUE_MID), **(TRANSITION | PRESS))

    assert {intent.layer for intent in proposal.intents} == {Layer.MID}


# policy

PROMOTER = replace(RULES, hedge=replace(HedgeRules(), policy="promoter"))


def test_the_promoter_lets_near_and_mid_go_when_calm_and_the_steward_never() -> None:
    due = near(contract=builders.vix_call(19.0, dt.date(2026, 7, 22)))
    calm = CALM_RISE | {"breadth": Breadth.NEUTRAL}

    promoter = propose(*full(due), rules=PROMOTER, **calm)
    steward = propose(*full(due), **calm)

    assert reasons(promoter) == [("near", "roll_rest", 4)]
    assert [reason for _, reason, _ in reasons(steward)] == ["roll_due", "roll_due"]


def test_the_promoter_buys_the_layers_back_outside_of_calm() -> None:
    dropped = propose(OLD_FAR, rules=PROMOTER, **CALM_RISE)
    back = propose(
        OLD_FAR, rules=PROMOTER, notes=dropped.notes, **(TRANSITION | {"stress_score": 2})
    )

    assert dropped.intents == ()
    assert [quantity for _, _, quantity in reasons(back)] == [4, 4]


# given up


@pytest.mark.parametrize(
    ("signals", "locked", "passed"),
    [
        ({"vix": 18.0, "spx_above_long_mean": False}, True, False),
        ({"vix": 18.0, "spx_above_long_mean": False}, False, True),
        ({"vix": 21.0, "spx_above_long_mean": False}, True, True),
        ({"vix": 18.0, "spx_above_long_mean": True, "cycle": None}, True, True),
    ],
)
def test_a_layer_that_is_left_short_in_a_decline_without_fear_is_given_up(
    signals: dict[str, object], *, locked: bool, passed: bool
) -> None:
    book = Book(
        nav_usd=builders.NAV,
        cash_usd=builders.NAV,
        excess_liquidity_usd=builders.NAV,
        lots=(near(), mid()),
        locked=locked,
    )

    proposal = alvh.propose(
        context(book, rules=RULES, **(TRANSITION | {"stress_score": 2} | signals))
    )

    assert verdict(proposal, "PROTECTION_ABANDONED").passed is passed


def test_a_layer_counts_what_the_ledger_shows_of_it() -> None:
    proposal = propose(*full(), **TRANSITION)
    quote = builders.market().quote(near().contract)
    assert isinstance(quote, Quote)

    shown = figures(proposal, Layer.NEAR)

    assert (shown.target, shown.held, shown.cost_usd) == (4, 4, 704.0)
    assert shown.mark_multiple == pytest.approx((quote.bid or 0) / 1.76)
    assert (shown.days_to_roll, shown.roll_reason) == (23, "")  # 30 DTE, rolled at 7
    assert shown.delta == pytest.approx(0.51, abs=0.01)
