"""The layered hedge: units, what is bought, what is rolled, what is left alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import Book, HedgeLot, Layer, WidthDay
from bot.core.context import Context
from bot.core.decision import Action, OrderIntent, Purpose, Verdict
from bot.core.model import MarketSnapshot, Quote
from bot.core.rules import HedgeRules, Rules
from strategies import alvh, condor

if TYPE_CHECKING:
    from strategies.base import Proposal

DUE_NEAR = dt.date(2026, 7, 22)  # 2 DTE
DUE_MID = builders.NEAR_EXPIRY  # 30 DTE
DUE_FAR = builders.MID_EXPIRY  # 121 DTE is not due, 120 is


def context(book: Book | None = None, market: MarketSnapshot | None = None) -> Context:
    return Context.of(market or builders.market(), book or builders.book(), Rules())


def propose(
    *lots: HedgeLot, market: MarketSnapshot | None = None, in_flight: tuple[str, ...] = ()
) -> Proposal:
    book = replace(builders.book(lots=lots), in_flight=in_flight)
    return alvh.propose(context(book, market))


def of_layer(proposal: Proposal, layer: Layer) -> list[OrderIntent]:
    return [intent for intent in proposal.intents if intent.layer is layer]


def verdicts(proposal: Proposal, code: str) -> dict[str, Verdict]:
    return {each.subject: each for each in proposal.verdicts if each.code == code}


# ------------------------------------------------------------------ filling up


def test_empty_book_buys_four_four_two_near_layer_first() -> None:
    intents = propose().intents

    assert [(intent.layer, intent.quantity) for intent in intents] == [
        (Layer.NEAR, 4),
        (Layer.MID, 4),
        (Layer.FAR, 2),
    ]
    assert {intent.purpose for intent in intents} == {Purpose.PROTECT}
    assert {intent.action for intent in intents} == {Action.BUY_HEDGE}
    assert {intent.reason for intent in intents} == {"missing"}


def test_layers_lie_in_their_windows_at_their_deltas() -> None:
    # vollib.black on the VX of the same expiry: 0.51 for the 19, 0.50 for the 22, 0.20 for the 38
    contracts = [intent.legs[0].contract.label() for intent in propose().intents]

    assert contracts == ["VIX 2026-08-19 19C", "VIX 2026-11-18 22C", "VIX 2027-02-17 38C"]


def test_purchase_carries_the_extrinsic_value_at_its_mid() -> None:
    near = propose().intents[0]

    # 1.72 / 1.80, out of the money of the VX at 18.5: all of it is extrinsic
    assert near.mid == Decimal("1.76")
    assert near.extrinsic_points == pytest.approx(1.76)


def test_identities_name_the_layer() -> None:
    near = propose().intents[0]

    assert near.intent_id == "2026-07-20:alvh:buy_hedge:near"
    assert near.structure_id == "near-20260720"


def test_only_what_is_missing_is_bought() -> None:
    held = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=3)

    (near,) = of_layer(propose(held), Layer.NEAR)

    assert near.quantity == 1


def test_full_layers_are_left_alone() -> None:
    assert propose(*builders.hedged()).intents == ()


def test_surplus_that_is_not_due_is_kept() -> None:
    assert propose(*builders.hedged(units=3)).intents == ()


def test_without_an_expiry_in_the_window_the_nearest_to_the_target_is_bought() -> None:
    inside = {expiry for expiry in builders.VX if 80 <= (expiry - builders.SESSION).days <= 140}
    market = builders.without_options(builders.market(), lambda each: each.expiry in inside)

    (mid,) = of_layer(propose(market=market), Layer.MID)

    assert mid.legs[0].contract.expiry == dt.date(2026, 12, 16)  # 149 DTE; the other is 58


def test_unknown_vx_future_moves_the_layer_to_the_next_expiry_of_its_window() -> None:
    market = builders.market()
    curve = tuple(each for each in market.vx_curve if each.expiry != builders.MID_EXPIRY)

    (mid,) = of_layer(propose(market=replace(market, vx_curve=curve)), Layer.MID)

    assert mid.legs[0].contract.expiry == dt.date(2026, 10, 21)


def test_unknown_vx_curve_buys_nothing_and_says_so() -> None:
    proposal = propose(market=replace(builders.market(), vx_curve=()))

    assert not proposal.intents
    assert not any(each.passed for each in verdicts(proposal, "LAYER_QUOTE").values())


def test_one_sided_quotes_are_passed_over_for_the_nearest_two_sided_strike() -> None:
    market = builders.with_quote(
        builders.market(), builders.vix_call(19.0, builders.NEAR_EXPIRY), Quote(ask=1.80)
    )

    (near,) = of_layer(propose(market=market), Layer.NEAR)

    assert near.legs[0].contract.strike in {18.5, 19.5}


def test_layer_without_any_two_sided_quote_is_not_bought() -> None:
    market = builders.market()
    one_sided = tuple(
        replace(option, quote=replace(option.quote, bid=None))
        if option.contract.underlying == "VIX"
        else option
        for option in market.options
    )

    assert not propose(market=replace(market, options=one_sided)).intents


def test_weekly_expiries_are_not_bought() -> None:
    weekly = dt.date(2026, 8, 18)
    market = builders.market()
    moved = tuple(
        replace(option, contract=replace(option.contract, expiry=weekly))
        if option.contract.expiry == builders.NEAR_EXPIRY
        else option
        for option in market.options
    )
    curve = tuple(
        replace(future, expiry=weekly) if future.expiry == builders.NEAR_EXPIRY else future
        for future in market.vx_curve
    )

    (near,) = of_layer(propose(market=replace(market, options=moved, vx_curve=curve)), Layer.NEAR)

    assert near.legs[0].contract.expiry == dt.date(2026, 9, 16)


def test_expiries_outside_the_window_do_not_stand_in_for_unknown_ones_inside() -> None:
    market = builders.market()
    inside = {builders.MID_EXPIRY, dt.date(2026, 10, 21)}
    curve = tuple(each for each in market.vx_curve if each.expiry not in inside)

    assert not of_layer(propose(market=replace(market, vx_curve=curve)), Layer.MID)


def test_contract_in_its_last_session_is_not_bought_even_if_it_never_rolls() -> None:
    rules = Rules(hedge=replace(HedgeRules(), near=replace(HedgeRules().near, roll_dte=0)))
    market = builders.without_options(
        at(dt.date(2026, 7, 21)), lambda each: each.underlying == "VIX" and each.expiry != DUE_NEAR
    )

    proposal = alvh.propose(Context.of(market, builders.book(), rules))

    assert not proposal.intents


def test_contract_that_is_already_due_is_not_bought() -> None:
    market = builders.without_options(
        builders.market(), lambda each: each.underlying == "VIX" and each.expiry != DUE_NEAR
    )

    assert not propose(market=market).intents


# ------------------------------------------------------------------ units


def hedge_units(book: Book, market: MarketSnapshot | None = None) -> object:
    return verdicts(alvh.propose(context(book, market)), "HEDGE_UNITS")["hedge"].limit


@pytest.mark.parametrize(("quantity", "units"), [(1, 1), (3, 1), (4, 2), (7, 3)])
def test_units_follow_the_gross_width_of_open_condors(quantity: int, units: int) -> None:
    # one unit at 6300 covers 41,580 USD; a condor is 12,500 wide
    book = builders.book(condors=[builders.condor(quantity=quantity)])

    assert hedge_units(book) == units


def test_condors_about_to_be_sold_are_counted() -> None:
    book = replace(
        builders.book(condors=[builders.condor(quantity=3)], lots=builders.hedged()),
        nav_usd=Decimal(2_000_000),
    )
    before = context(book)
    entry = condor.propose(before)

    after = alvh.propose(replace(before, proposed=entry.intents))

    assert not alvh.propose(before).intents
    assert [(intent.layer, intent.quantity) for intent in after.intents] == [
        (Layer.NEAR, 4),
        (Layer.MID, 4),
        (Layer.FAR, 2),
    ]


def test_units_remember_the_widest_book_of_sixty_sessions() -> None:
    wide = WidthDay(session=dt.date(2026, 6, 1), gross_width_usd=100_000.0)

    assert hedge_units(replace(builders.book(), widths=(wide,))) == 3


def test_unknown_spx_leaves_one_unit_and_sells_nothing() -> None:
    market = builders.with_level(builders.market(), "SPX", None)
    fresh = builders.lot(Layer.MID, expiry=builders.MID_EXPIRY, quantity=4)
    due = builders.lot(Layer.MID, expiry=DUE_MID, quantity=4, opened=dt.date(2026, 5, 1))

    proposal = propose(fresh, due, market=market)

    assert [intent.quantity for intent in of_layer(proposal, Layer.NEAR)] == [4]
    buy, sell = of_layer(proposal, Layer.MID)
    assert (buy.quantity, sell.after) == (4, buy.intent_id)


@pytest.mark.parametrize(
    ("nav", "passed"), [(Decimal(225_000), True), (Decimal(224_999), False), (None, False)]
)
def test_small_nav_is_said_and_blocks_nothing(nav: Decimal | None, *, passed: bool) -> None:
    proposal = alvh.propose(context(replace(builders.book(), nav_usd=nav)))

    assert verdicts(proposal, "MINIMUM_HEDGE")["hedge"].passed is passed
    assert len(proposal.intents) == 3


# ------------------------------------------------------------------ rolls


def near_due(quantity: int = 4, opened: dt.date = dt.date(2026, 6, 18)) -> HedgeLot:
    return builders.lot(Layer.NEAR, expiry=DUE_NEAR, quantity=quantity, strike=17.5, opened=opened)


def at(session: dt.date) -> MarketSnapshot:
    """The builders' market with its date moved, so that other days to expiry are left."""
    return replace(builders.market(), session=session)


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

    proposal = propose(held, market=at(session))

    assert verdicts(proposal, "ROLL_DUE")[f"lot:{held.lot_id}"].passed is due
    sold = [intent for intent in proposal.intents if intent.action is Action.SELL_HEDGE]
    assert bool(sold) is due


def test_roll_buys_first_and_the_sale_waits_for_the_buy() -> None:
    buy, sell = of_layer(propose(near_due()), Layer.NEAR)

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
    missing, buy, sell = of_layer(propose(near_due(3)), Layer.NEAR)

    assert (missing.quantity, missing.reason, missing.after) == (1, "missing", None)
    assert (buy.quantity, sell.quantity) == (3, 3)
    assert len({missing.structure_id, buy.structure_id}) == 2


def test_each_due_lot_rolls_on_its_own() -> None:
    lots = near_due(2), near_due(2, opened=dt.date(2026, 6, 22))

    first, first_sale, second, second_sale = of_layer(propose(*lots), Layer.NEAR)

    assert first_sale.after == first.intent_id
    assert second_sale.after == second.intent_id
    assert first.structure_id != second.structure_id


def test_lot_that_is_already_replaced_is_sold_without_another_purchase() -> None:
    fresh = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4)

    (sale,) = of_layer(propose(near_due(), fresh), Layer.NEAR)

    assert (sale.action, sale.quantity, sale.reason, sale.after) == (
        Action.SELL_HEDGE,
        4,
        "roll_rest",
        None,
    )


def test_roll_replaces_no_more_than_the_target_needs() -> None:
    fresh = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=3)

    buy, sell = of_layer(propose(near_due(), fresh), Layer.NEAR)

    assert (buy.quantity, sell.quantity) == (1, 1)


def test_lot_that_nobody_bids_for_is_replaced_and_left_to_expire() -> None:
    held = near_due()
    market = builders.with_quote(builders.market(), held.contract, Quote(ask=0.05))

    proposal = propose(held, market=market)

    (buy,) = of_layer(proposal, Layer.NEAR)
    assert buy.reason == "roll_due"
    assert not verdicts(proposal, "LOT_QUOTE")[f"lot:{held.lot_id}"].passed


def test_due_lot_is_kept_when_no_replacement_can_be_bought() -> None:
    market = replace(builders.market(), vx_curve=())

    assert not propose(near_due(), market=market).intents


def test_due_lot_is_kept_when_its_replacement_has_no_live_price() -> None:
    chosen = builders.vix_call(19.0, builders.NEAR_EXPIRY)
    made = context(builders.book(lots=[near_due()]))
    del made._quotes[chosen]

    assert not of_layer(alvh.propose(made), Layer.NEAR)


def test_no_order_is_sent_in_a_contract_in_its_last_session() -> None:
    ending = near_due()  # last trades on the Tuesday before its Wednesday
    proposal = propose(ending, market=at(dt.date(2026, 7, 21)))

    (refill,) = of_layer(proposal, Layer.NEAR)
    assert (refill.action, refill.quantity, refill.reason) == (Action.BUY_HEDGE, 4, "missing")
    assert refill.legs[0].contract.expiry == builders.NEAR_EXPIRY
    assert "lot:near-20260618" in verdicts(proposal, "LAST_SESSION")


def test_lot_that_is_settling_protects_no_more() -> None:
    proposal = propose(near_due(), market=at(dt.date(2026, 7, 22)))

    assert [intent.reason for intent in of_layer(proposal, Layer.NEAR)] == ["missing"]


@pytest.mark.parametrize(
    "slot", ["buy_hedge:near", "buy_hedge:near-20260618", "sell_hedge:near-20260618"]
)
def test_layer_with_an_order_in_flight_is_left_alone(slot: str) -> None:
    proposal = propose(near_due(), in_flight=(f"2026-07-17:alvh:{slot}",))

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
