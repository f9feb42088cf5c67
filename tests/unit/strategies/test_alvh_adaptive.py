"""The adaptive hedge: rolls by time value, rolls that wait, rolls that come early."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

import builders
from bot.core.book import HedgeNotes, Layer, LayerNote, LotNote, TradingState
from bot.core.decide import permitted
from bot.core.decision import Action
from bot.core.hedge_rules import HedgeRules, RollRules
from bot.core.regime import Breadth, Regime
from hedge_scene import (
    CALM_RISE,
    DUE_MID,
    RULES,
    TRANSITION,
    figures,
    full,
    mid,
    near,
    propose,
    reasons,
    spent,
)
from proposals import at, of_layer, verdict, verdicts

SEPTEMBER = dt.date(2026, 9, 16)


def test_a_full_hedge_with_nothing_due_does_nothing() -> None:
    assert propose(*full()).intents == ()


# by time value


def test_a_near_lot_whose_time_value_is_gone_is_rolled_buying_first() -> None:
    proposal = propose(*full(spent()), **TRANSITION)

    buy, sell = proposal.intents
    assert (buy.action, buy.reason, buy.quantity) == (Action.BUY_HEDGE, "roll_extrinsic", 4)
    assert (sell.action, sell.reason, sell.after) == (
        Action.SELL_HEDGE,
        "roll_extrinsic",
        buy.intent_id,
    )
    assert buy.legs[0].contract.strike == 19.0
    assert figures(proposal, Layer.NEAR).roll_reason == "roll_extrinsic"


def test_a_roll_by_time_value_is_like_for_like_where_only_that_is_permitted() -> None:
    locked = replace(builders.book(), locked=True, trading_state=TradingState.REDUCE_ONLY)

    proposal = propose(*full(spent()), **TRANSITION)

    assert [permitted(intent, locked) for intent in proposal.intents] == [True, True]


FORBIDDING = [{"regime": Regime.STRESS}, {"vix_rsi": 75.1}]


@pytest.mark.parametrize("signals", FORBIDDING)
def test_stress_forbids_rolls_by_time_value_and_lets_those_by_days_wait(
    signals: dict[str, object],
) -> None:
    notes = HedgeNotes(lots=(LotNote(lot_id=DUE_MID.lot_id, due_since=dt.date(2026, 7, 10)),))

    proposal = propose(*full(spent(), DUE_MID), notes=notes, **(TRANSITION | signals))

    assert proposal.intents == ()
    assert not verdict(proposal, "RESTRIKING").passed
    assert verdict(proposal, "ROLL_WAIT").passed


@pytest.mark.parametrize("signals", FORBIDDING)
@pytest.mark.parametrize("layer", [Layer.NEAR, Layer.MID])
def test_stress_never_forbids_the_hard_roll(layer: Layer, signals: dict[str, object]) -> None:
    hard = builders.lot(layer, expiry=dt.date(2026, 7, 22), quantity=4, strike=17.5)  # 2 DTE

    proposal = propose(*full(hard), **(TRANSITION | signals))

    assert reasons(proposal) == [(layer.value, "roll_due", 4)] * 2


def test_a_call_is_not_rolled_into_itself() -> None:
    # bought at twice its price: 60 % gone, but the very strike that would be bought
    same = near(cost_points=Decimal("6.00"), extrinsic_points=6.0)

    assert propose(*full(same), **TRANSITION).intents == ()


# waiting


@pytest.mark.parametrize(("sessions", "waits"), [(0, True), (4, True), (5, False)])
def test_a_due_roll_waits_five_sessions_in_a_calm_rise(sessions: int, *, waits: bool) -> None:
    # 40 days before 2026-09-16 is Friday 2026-08-07
    session = builders.SESSION
    first = dt.date(2026, 8, 7)
    days = [day for day in builders.sessions_between(first, dt.date(2026, 8, 31)) if day >= first]
    due = builders.lot(Layer.MID, expiry=SEPTEMBER, quantity=4, strike=22.0)
    assert session < first

    proposal = propose(
        *full(due),
        market=at(days[sessions]),
        rules=replace(RULES, hedge=replace(HedgeRules(), rolls=RollRules(extrinsic_gone=1.0))),
        **CALM_RISE,
    )

    rolled = [intent for intent in of_layer(proposal, Layer.MID) if intent.reason == "roll_due"]
    assert (not rolled) is waits
    waiting = verdicts(proposal, "ROLL_WAIT")[f"lot:{due.lot_id}"]
    assert (waiting.observed, waiting.limit, waiting.passed) == (sessions, 5, waits)


def test_outside_of_a_calm_rise_a_due_roll_does_not_wait() -> None:
    proposal = propose(*full(DUE_MID), **(CALM_RISE | {"breadth": Breadth.NEUTRAL}))

    assert reasons(proposal) == [("mid", "roll_due", 4), ("mid", "roll_due", 4)]


def test_the_hard_roll_of_the_near_layer_never_waits() -> None:
    due = near(contract=builders.vix_call(19.0, dt.date(2026, 7, 22)))

    proposal = propose(*full(due), **CALM_RISE)

    assert [reason for _, reason, _ in reasons(proposal)] == ["roll_due", "roll_due"]


@pytest.mark.parametrize(
    ("since", "waits"), [(dt.date(2026, 7, 14), True), (None, True), (dt.date(2026, 7, 13), False)]
)
def test_a_roll_by_time_value_waits_from_the_session_that_the_notes_remember(
    since: dt.date | None, *, waits: bool
) -> None:
    lot = spent()
    lots = () if since is None else (LotNote(lot_id=lot.lot_id, due_since=since),)
    notes = HedgeNotes(
        layers=tuple(
            LayerNote(layer=layer, established=count, goal=count)
            for layer, count in ((Layer.NEAR, 4), (Layer.MID, 4), (Layer.FAR, 2))
        ),
        lots=lots,
    )

    proposal = propose(*full(lot), notes=notes, **CALM_RISE)

    assert (proposal.intents == ()) is waits
    assert proposal.notes is not None
    assert proposal.notes.lots == (LotNote(lot_id=lot.lot_id, due_since=since or builders.SESSION),)
    if waits:
        assert figures(proposal, Layer.NEAR).roll_reason == (
            f"roll_extrinsic waits since {since or builders.SESSION}"
        )


# early


@pytest.mark.parametrize("call", [{"macd_crossed_below": True}, {"breadth_turned_down": True}])
def test_a_turn_in_transition_rolls_a_drifted_near_lot_early(call: dict[str, object]) -> None:
    drifted = near(contract=builders.vix_call(21.0, builders.NEAR_EXPIRY))

    proposal = propose(*full(drifted), **(TRANSITION | call))

    buy, sell = proposal.intents
    assert (buy.reason, sell.reason) == ("roll_early", "roll_early")
    assert buy.legs[0].contract.strike == 19.0  # 0.51 by vollib
    assert sell.after == buy.intent_id
    assert verdicts(proposal, "ROLL_EARLY")[f"lot:{drifted.lot_id}"].passed
    assert figures(proposal, Layer.NEAR).roll_reason == "roll_early"


def test_an_early_roll_leaves_a_centred_lot_and_the_longer_layers_alone() -> None:
    far_off = mid(contract=builders.vix_call(30.0, builders.MID_EXPIRY))

    proposal = propose(*full(far_off), **(TRANSITION | {"macd_crossed_below": True}))

    assert proposal.intents == ()


@pytest.mark.parametrize("changes", [{"vix_rsi": 76.0}, {"macd_crossed_below": False}])
def test_no_early_roll_without_a_call_or_against_an_overbought_vix(
    changes: dict[str, object],
) -> None:
    drifted = near(contract=builders.vix_call(21.0, builders.NEAR_EXPIRY))

    called = TRANSITION | {"macd_crossed_below": True}
    assert propose(*full(drifted), **(called | changes)).intents == ()
