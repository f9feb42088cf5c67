"""The layered hedge: what is rolled, what is left alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import HedgeLot, Layer
from bot.core.decision import Action
from bot.core.model import Quote
from bot.core.plan import executable_quantity
from bot.core.rules import Rules
from proposals import (
    at,
    context,
    hedge,
    of_layer,
    verdicts,
)
from strategies import alvh

DUE_NEAR = dt.date(2026, 7, 22)  # 2 DTE
DUE_MID = builders.NEAR_EXPIRY  # 30 DTE
DUE_FAR = builders.MID_EXPIRY  # 121 DTE is not due, 120 is


def near_due(quantity: int = 4, opened: dt.date = dt.date(2026, 6, 18)) -> HedgeLot:
    return builders.lot(Layer.NEAR, expiry=DUE_NEAR, quantity=quantity, strike=17.5, opened=opened)


@pytest.mark.parametrize(
    ("layer", "expiry", "session", "due"),
    [
        (Layer.NEAR, DUE_NEAR, dt.date(2026, 7, 14), False),
        (Layer.NEAR, DUE_NEAR, dt.date(2026, 7, 15), True),
        (Layer.MID, DUE_MID, dt.date(2026, 7, 9), False),
        (Layer.MID, DUE_MID, dt.date(2026, 7, 10), True),
        (Layer.FAR, DUE_FAR, dt.date(2026, 7, 20), False),
        (Layer.FAR, DUE_FAR, dt.date(2026, 7, 21), True),
    ],
)
def test_layers_roll_at_7_40_and_120_days(
    layer: Layer, expiry: dt.date, session: dt.date, *, due: bool
) -> None:
    held = builders.lot(layer, expiry=expiry, quantity=2)

    proposal = hedge(held, market=at(session))

    assert verdicts(proposal, "ROLL_DUE")[f"lot:{held.lot_id}"].passed is due
    sold = [intent for intent in proposal.intents if intent.action is Action.SELL_HEDGE]
    assert bool(sold) is due


def test_roll_buys_first_and_the_sale_waits_for_the_buy() -> None:
    buy, sell = of_layer(hedge(near_due()), Layer.NEAR)

    assert (buy.action, buy.quantity, buy.reason) == (Action.BUY_HEDGE, 4, "roll_due")
    assert buy.legs[0].contract.expiry == builders.NEAR_EXPIRY
    assert buy.intent_id == "2026-07-20:alvh:buy_hedge:near-20260618"
    assert buy.structure_id.startswith("near-20260720-")
    assert (sell.action, sell.quantity, sell.reason) == (Action.SELL_HEDGE, 4, "roll_due")
    assert sell.after == buy.intent_id
    assert sell.structure_id == "near-20260618"
    assert sell.legs[0].contract.expiry == DUE_NEAR
    assert sell.mid < 0


def test_roll_and_purchase_of_what_is_missing_add_up_to_the_target() -> None:
    missing, buy, sell = of_layer(hedge(near_due(3)), Layer.NEAR)

    assert (missing.quantity, missing.reason, missing.after) == (1, "missing", None)
    assert (buy.quantity, sell.quantity) == (3, 3)
    assert len({missing.structure_id, buy.structure_id}) == 2


def test_due_lots_of_a_layer_are_replaced_by_one_purchase_and_sold_one_after_the_other() -> None:
    lots = near_due(1), near_due(3, opened=dt.date(2026, 6, 22))

    buy, first, second = of_layer(hedge(*lots), Layer.NEAR)

    assert (buy.quantity, first.quantity, second.quantity) == (4, 1, 3)
    assert first.after == second.after == buy.intent_id
    assert (first.after_reserved, second.after_reserved) == (0, 1)


@pytest.mark.parametrize(("bought", "sold"), [(0, 0), (1, 1), (2, 2), (4, 4)])
def test_lots_that_share_a_purchase_are_together_sold_no_more_than_it_filled(
    bought: int, sold: int
) -> None:
    lots = near_due(1), near_due(3, opened=dt.date(2026, 6, 22))
    buy, *sales = of_layer(hedge(*lots), Layer.NEAR)

    sent = [
        executable_quantity(
            sale,
            filled={buy.intent_id: bought},
            held={},
            gross_width_usd=0.0,
            spx=builders.SPX,
            rules=Rules(),
        )
        for sale in sales
    ]

    assert sum(sent) == sold


def test_lot_that_is_already_replaced_is_sold_without_another_purchase() -> None:
    fresh = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4)

    (sale,) = of_layer(hedge(near_due(), fresh), Layer.NEAR)

    assert (sale.action, sale.quantity, sale.reason, sale.after) == (
        Action.SELL_HEDGE,
        4,
        "roll_rest",
        None,
    )


def test_roll_replaces_no_more_than_the_target_needs() -> None:
    fresh = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=3)

    buy, sell = of_layer(hedge(near_due(), fresh), Layer.NEAR)

    assert (buy.quantity, sell.quantity) == (1, 1)


def test_lot_that_nobody_bids_for_is_replaced_and_left_to_expire() -> None:
    held = near_due()
    market = builders.with_quote(builders.market(), held.contract, Quote(ask=0.05))

    proposal = hedge(held, market=market)

    (buy,) = of_layer(proposal, Layer.NEAR)
    assert buy.reason == "roll_due"
    assert not verdicts(proposal, "LOT_QUOTE")[f"lot:{held.lot_id}"].passed


def test_due_lot_is_kept_when_no_replacement_can_be_bought() -> None:
    market = replace(builders.market(), vx_curve=())

    assert not hedge(near_due(), market=market).intents


def test_due_lot_is_kept_when_its_replacement_has_no_live_price() -> None:
    chosen = builders.vix_call(19.0, builders.NEAR_EXPIRY)
    made = context(builders.book(lots=[near_due()]))
    del made.quotes[chosen]

    assert not of_layer(alvh.propose(made), Layer.NEAR)


def test_no_order_is_sent_in_a_contract_in_its_last_session() -> None:
    ending = near_due()  # last trades on the Tuesday before its Wednesday
    proposal = hedge(ending, market=at(dt.date(2026, 7, 21)))

    (refill,) = of_layer(proposal, Layer.NEAR)
    assert (refill.action, refill.quantity, refill.reason) == (Action.BUY_HEDGE, 4, "missing")
    assert refill.legs[0].contract.expiry == builders.NEAR_EXPIRY
    assert "lot:near-20260618" in verdicts(proposal, "LAST_SESSION")


def test_lot_that_is_settling_protects_no_more() -> None:
    proposal = hedge(near_due(), market=at(dt.date(2026, 7, 22)))

    assert [intent.reason for intent in of_layer(proposal, Layer.NEAR)] == ["missing"]


@pytest.mark.parametrize(
    "slot", ["buy_hedge:near", "buy_hedge:near-20260618", "sell_hedge:near-20260618"]
)
def test_layer_with_an_order_in_flight_is_left_alone(slot: str) -> None:
    proposal = hedge(near_due(), in_flight=(f"2026-07-17:alvh:{slot}",))

    assert not of_layer(proposal, Layer.NEAR)
    assert len(of_layer(proposal, Layer.MID)) == 1
    assert verdicts(proposal, "LAYER_IN_FLIGHT")["layer:near"].passed is False


@st.composite
def lots(draw: st.DrawFn) -> tuple[HedgeLot, ...]:
    opened = draw(st.lists(st.dates(dt.date(2026, 1, 2), dt.date(2026, 7, 17)), max_size=6))
    return tuple(
        builders.lot(
            draw(st.sampled_from(Layer)),
            expiry=draw(st.sampled_from(tuple(builders.VX))),
            quantity=draw(st.integers(1, 12)),
            opened=day,
        )
        for day in dict.fromkeys(opened)
    )


@given(held=lots(), condors=st.integers(0, 12))
def test_sales_never_exceed_what_is_held_and_layers_end_at_their_target(
    held: tuple[HedgeLot, ...], condors: int
) -> None:
    open_condors = [builders.condor(quantity=condors)] if condors else []
    book = builders.book(lots=held, condors=open_condors)

    proposal = alvh.propose(context(book))

    units = -(-condors * 12_500 // 41_580) or 1
    sold = {intent.structure_id: 0 for intent in proposal.intents}
    for intent in proposal.intents:
        if intent.action is Action.SELL_HEDGE:
            sold[intent.structure_id] += intent.quantity
    for lot in held:
        assert sold.get(lot.lot_id, 0) <= lot.quantity
    for layer, contracts in {Layer.NEAR: 4, Layer.MID: 4, Layer.FAR: 2}.items():
        after = book.held(layer) + sum(
            intent.quantity if intent.action is Action.BUY_HEDGE else -intent.quantity
            for intent in of_layer(proposal, layer)
        )
        assert after >= units * contracts
    assert len({intent.intent_id for intent in proposal.intents}) == len(proposal.intents)
