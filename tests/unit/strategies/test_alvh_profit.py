"""Profits of the hedge: half of a lot, the rest of it, and where a gain of the near layer goes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import builders
from bot.core.book import (
    HedgeLedger,
    HedgeLot,
    HedgeNotes,
    HedgeSale,
    Layer,
    LayerNote,
    TradingState,
)
from bot.core.decide import permitted
from bot.core.decision import Action, OrderIntent, Purpose
from bot.core.model import OptionContract, Quote
from bot.core.plan import executable_quantity
from hedge_scene import (
    RULES,
    TRANSITION,
    figures,
    full,
    near,
    propose,
    reasons,
)
from proposals import of_layer, verdict, verdicts
from strategies import decide

WAVE = TRANSITION | {"vix_close": 30.0, "vix_short_mean": 28.0, "vix_over_vix3m": 1.05}
OVER = WAVE | {"vix_close": 24.0, "vix_over_vix3m": 0.95}
CHEAP = near(cost_points=Decimal("0.60"))  # worth 1.72 at the bid: 2.87 times


ESTABLISHED = HedgeNotes(
    layers=tuple(
        LayerNote(layer=layer, established=target, goal=target)
        for layer, target in ((Layer.NEAR, 4), (Layer.MID, 4), (Layer.FAR, 2))
    )
)


def sale_of(lot: HedgeLot, quantity: int) -> HedgeSale:
    return HedgeSale(
        session=dt.date(2026, 7, 15),
        lot_id=lot.lot_id,
        layer=lot.layer,
        quantity=quantity,
        gain_usd=Decimal(500),
    )


HALVED = near(2, bought=4)
SOLD = (sale_of(HALVED, 2),)


def test_half_of_a_lot_is_sold_when_its_bid_reaches_the_multiple() -> None:
    proposal = propose(*full(CHEAP), **WAVE)

    (sale,) = proposal.intents
    assert (sale.action, sale.reason, sale.quantity) == (Action.SELL_HEDGE, "monetise", 2)
    assert (sale.structure_id, sale.after) == (CHEAP.lot_id, None)
    assert verdicts(proposal, "MONETISE")[f"lot:{CHEAP.lot_id}"].limit == 2.5


def test_what_is_missing_is_not_bought_in_the_contract_of_which_half_is_sold() -> None:
    lot = replace(CHEAP, quantity=2, bought=2)

    sale, purchase = propose(*full(lot), notes=ESTABLISHED, **WAVE).intents

    assert (sale.reason, purchase.reason, purchase.quantity) == ("monetise", "missing", 2)
    assert purchase.legs[0].contract != sale.legs[0].contract


def test_a_panic_sells_at_a_smaller_multiple() -> None:
    lot = near(cost_points=Decimal("1.30"))  # 1.32 times

    assert propose(*full(lot), **(WAVE | {"vix": 39.9})).intents == ()
    assert reasons(propose(*full(lot), **(WAVE | {"vix": 40.0}))) == [("near", "monetise", 2)]


def test_what_is_left_of_a_lot_is_its_target_until_the_wave_is_over() -> None:
    proposal = propose(*full(HALVED), sales=SOLD, **WAVE)

    assert proposal.intents == ()
    shown = figures(proposal, Layer.NEAR)
    assert (shown.target, shown.held) == (2, 2)
    assert verdicts(proposal, "LAYER_TARGET")["layer:near"].passed
    assert not verdicts(proposal, "MONETISE_REST")[f"lot:{HALVED.lot_id}"].passed


def test_after_the_wave_the_layer_is_bought_anew_in_full_before_the_rest_is_sold() -> None:
    proposal = propose(*full(HALVED), sales=SOLD, **OVER)

    buy, sell = proposal.intents
    assert (buy.action, buy.reason, buy.quantity) == (Action.BUY_HEDGE, "reopen", 4)
    assert (sell.action, sell.reason, sell.quantity) == (Action.SELL_HEDGE, "monetise_rest", 2)
    assert sell.after == buy.intent_id
    assert buy.structure_id != HALVED.lot_id
    assert buy.legs[0].contract != HALVED.contract  # the 19 call is sold, so another is bought


@pytest.mark.parametrize(("filled", "sold"), [(0, 0), (1, 0), (2, 0), (3, 1), (4, 2)])
def test_of_the_rest_only_what_the_full_layer_does_not_need_is_sold(filled: int, sold: int) -> None:
    buy, sell = propose(*full(HALVED), sales=SOLD, **OVER).intents

    quantity = executable_quantity(
        sell,
        filled={buy.intent_id: filled},
        held={},
        gross_width_usd=0.0,
        spx=6300.0,
        rules=RULES,
    )

    assert quantity == sold
    assert HALVED.quantity + filled - quantity == min(HALVED.quantity + filled, 4)


def test_a_rest_that_nobody_bids_for_is_kept_and_not_doubled() -> None:
    market = builders.with_quote(builders.market(), HALVED.contract, Quote(ask=0.10))

    assert propose(*full(HALVED), sales=SOLD, market=market, **OVER).intents == ()


def test_a_rest_is_kept_when_the_layer_cannot_be_bought_anew() -> None:
    market = replace(builders.market(), vx_curve=())

    assert propose(*full(HALVED), sales=SOLD, market=market, **OVER).intents == ()


def test_a_rest_whose_layer_was_bought_anew_already_is_sold_alone() -> None:
    anew = near(lot_id="near-anew", contract=builders.vix_call(19.5, builders.NEAR_EXPIRY))

    proposal = propose(*full(HALVED), anew, sales=SOLD, **OVER)

    assert [(sale.reason, sale.quantity, sale.after) for sale in proposal.intents] == [
        ("monetise_rest", 2, None)
    ]


def test_a_halved_lot_whose_days_are_used_up_is_rolled_and_its_half_bought_back() -> None:
    due = replace(HALVED, contract=builders.vix_call(17.5, dt.date(2026, 7, 22)))

    proposal = propose(*full(due), sales=SOLD, **WAVE)

    assert reasons(proposal) == [
        ("near", "missing", 2),
        ("near", "roll_due", 2),
        ("near", "roll_due", 2),
    ]


def test_near_gains_restore_the_longer_layers_first_and_at_once() -> None:
    # neither mid nor far was ever bought: a first entry, which is paced but for the gain
    proposal = propose(CHEAP, **WAVE)

    assert reasons(proposal) == [
        ("near", "monetise", 2),
        ("mid", "missing", 4),
        ("far", "missing", 2),
    ]
    assert not verdict(proposal, "TEMPORAL_VEGA").passed


def test_without_a_near_gain_the_longer_layers_keep_their_pace() -> None:
    assert reasons(propose(near(), **WAVE)) == [("mid", "missing", 2), ("far", "missing", 2)]


def test_the_near_layer_reopens_after_the_longer_ones_are_restored() -> None:
    proposal = propose(HALVED, sales=SOLD, **OVER)

    assert [layer for layer, _, _ in reasons(proposal)] == ["mid", "far", "near", "near"]


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"trading_state": TradingState.NO_ENTRIES}, True),
        ({"trading_state": TradingState.REDUCE_ONLY}, False),
        ({"trading_state": TradingState.FLATTEN}, False),
        ({"trading_state": TradingState.FLATTEN, "keep_hedge": False}, False),
        ({"trading_state": TradingState.HALT}, False),
        ({"locked": True}, False),
        ({"in_flight": ("2026-07-17:condor:open_condor:balanced",)}, False),
        ({"objections": ("CLOCK_SKEW: 9.0 s",)}, False),
    ],
)
@pytest.mark.parametrize("scene", ["half", "rest"])
def test_a_sale_that_lowers_protection_needs_the_peace_that_new_risk_needs(
    scene: str, changes: dict[str, object], *, allowed: bool
) -> None:
    half = propose(*full(CHEAP), **WAVE)
    rest = propose(*full(HALVED), sales=SOLD, **OVER)
    sale = (half if scene == "half" else rest).intents[-1]

    assert sale.purpose is Purpose.PROTECT
    assert permitted(sale, replace(builders.book(), **changes)) is allowed


def test_the_decision_carries_layers_and_notes() -> None:
    decision = decide(builders.market(), builders.book(lots=full()), RULES)

    assert [figures.layer for figures in decision.layers] == list(Layer)
    assert decision.notes is not None
    assert {note.layer for note in decision.notes.layers} == set(Layer)


@st.composite
def books(draw: st.DrawFn) -> tuple[tuple[HedgeLot, ...], tuple[HedgeSale, ...]]:
    """Lots of any age, price and remainder, and the sales that left them."""
    opened = draw(st.lists(st.dates(dt.date(2026, 1, 2), dt.date(2026, 7, 17)), max_size=5))
    lots, sales = [], []
    for day in dict.fromkeys(opened):
        bought = draw(st.integers(1, 8))
        left = draw(st.integers(1, bought))
        held = builders.lot(
            draw(st.sampled_from(Layer)),
            expiry=draw(st.sampled_from(tuple(builders.VX))),
            quantity=left,
            strike=draw(st.sampled_from([14.0, 19.0, 30.0, 60.0])),
            opened=day,
        )
        lots.append(replace(held, bought=bought, cost_points=draw(st.sampled_from(PRICES))))
        if left < bought:
            sales.append(sale_of(held, bought - left))
    return tuple(lots), tuple(sales)


PRICES = [Decimal("0.10"), Decimal("1.00"), Decimal("5.00")]
MOODS = [WAVE, OVER, WAVE | {"macd_crossed_below": True}, OVER | {"vix": 45.0}]


@settings(max_examples=150)
@given(scene=books(), signals=st.sampled_from(MOODS))
def test_whatever_is_held_no_lot_is_oversold_and_no_contract_bought_and_sold_at_once(
    scene: tuple[tuple[HedgeLot, ...], tuple[HedgeSale, ...]],
    signals: dict[str, object],
) -> None:
    lots, sales = scene

    proposal = propose(*lots, sales=sales, **signals)

    sold = dict.fromkeys((lot.lot_id for lot in lots), 0)
    for intent in proposal.intents:
        if intent.action is Action.SELL_HEDGE:
            sold[intent.structure_id] += intent.quantity
    for lot in lots:
        assert sold[lot.lot_id] <= lot.quantity
    assert len({intent.intent_id for intent in proposal.intents}) == len(proposal.intents)
    for layer in Layer:
        assert not crossed(of_layer(proposal, layer))
    assert all(layer.held >= 0 and layer.target >= 0 for layer in proposal.layers)


@settings(max_examples=150)
@given(
    scene=books(),
    signals=st.sampled_from(MOODS),
    cost=st.sampled_from([-50_000, 0, 500_000]),
)
def test_whatever_the_market_and_the_cost_a_steward_leaves_no_layer_below_its_target(
    scene: tuple[tuple[HedgeLot, ...], tuple[HedgeSale, ...]], signals: dict[str, object], cost: int
) -> None:
    lots, sales = scene
    past = HedgeLedger(sessions=252, net_cost_usd=Decimal(cost), average_nav_usd=Decimal(1_000_000))

    proposal = propose(*lots, sales=sales, past=past, notes=ESTABLISHED, **signals)

    for layer, target in {Layer.NEAR: 4, Layer.MID: 4, Layer.FAR: 2}.items():
        left = sum(stands_for(lot, sales, proposal.intents) for lot in lots if lot.layer is layer)
        bought = sum(
            each.quantity for each in of_layer(proposal, layer) if each.action is Action.BUY_HEDGE
        )
        assert left + bought >= target


def stands_for(
    lot: HedgeLot, sales: tuple[HedgeSale, ...], intents: tuple[OrderIntent, ...]
) -> int:
    """Contracts of the target that a lot stands for once every order has filled."""
    if lot.contract.last_trade <= builders.SESSION:
        return 0
    mine = [each for each in intents if each.structure_id == lot.lot_id]
    left = lot.quantity - sum(each.quantity for each in mine)
    profit = sum(each.quantity for each in mine if each.reason == "monetise")
    before = sum(sale.quantity for sale in sales if sale.lot_id == lot.lot_id)
    return left + profit + before if left else 0


def crossed(intents: list[OrderIntent]) -> set[OptionContract]:
    """Contracts that a layer both buys and sells."""
    bought = {each.legs[0].contract for each in intents if each.action is Action.BUY_HEDGE}
    return {each.legs[0].contract for each in intents if each.action is Action.SELL_HEDGE} & bought
