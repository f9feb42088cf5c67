"""The layered hedge: units, and what is bought."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from decimal import Decimal

import pytest

import builders
from bot.core.book import Book, HedgeLot, Layer, WidthDay
from bot.core.context import Context
from bot.core.decision import Action, Purpose
from bot.core.model import MarketSnapshot, OptionQuote, Quote, Right
from bot.core.rules import CondorRules, HedgeRules, Rules
from proposals import (
    at,
    context,
    hedge,
    of_layer,
    verdicts,
)
from strategies import alvh, condor

DUE_NEAR = dt.date(2026, 7, 22)  # 2 DTE


def test_empty_book_buys_four_four_two_near_layer_first() -> None:
    intents = hedge().intents

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
    contracts = [intent.legs[0].contract.label() for intent in hedge().intents]

    assert contracts == ["VIX 2026-08-19 19C", "VIX 2026-11-18 22C", "VIX 2027-02-17 38C"]


def test_purchase_carries_the_extrinsic_value_at_its_mid() -> None:
    near = hedge().intents[0]

    # 1.72 / 1.80, out of the money of the VX at 18.5: all of it is extrinsic
    assert near.mid == Decimal("1.76")
    assert near.extrinsic_points == pytest.approx(1.76)


def test_identities_name_the_layer() -> None:
    near = hedge().intents[0]

    assert near.intent_id == "2026-07-20:alvh:buy_hedge:near"
    assert near.structure_id == "near-20260720"


def test_only_what_is_missing_is_bought() -> None:
    held = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=3)

    (near,) = of_layer(hedge(held), Layer.NEAR)

    assert near.quantity == 1


def test_full_layers_are_left_alone() -> None:
    assert hedge(*builders.hedged()).intents == ()


def test_surplus_that_is_not_due_is_kept() -> None:
    assert hedge(*builders.hedged(units=3)).intents == ()


def test_without_an_expiry_in_the_window_the_nearest_to_the_target_is_bought() -> None:
    inside = {expiry for expiry in builders.VX if 80 <= (expiry - builders.SESSION).days <= 140}
    market = builders.without_options(builders.market(), lambda each: each.expiry in inside)

    (mid,) = of_layer(hedge(market=market), Layer.MID)

    assert mid.legs[0].contract.expiry == dt.date(2026, 12, 16)  # 149 DTE; the other is 58


def test_unknown_vx_future_moves_the_layer_to_the_next_expiry_of_its_window() -> None:
    market = builders.market()
    curve = tuple(each for each in market.vx_curve if each.expiry != builders.MID_EXPIRY)

    (mid,) = of_layer(hedge(market=replace(market, vx_curve=curve)), Layer.MID)

    assert mid.legs[0].contract.expiry == dt.date(2026, 10, 21)


def test_unknown_vx_curve_buys_nothing_and_says_so() -> None:
    proposal = hedge(market=replace(builders.market(), vx_curve=()))

    assert not proposal.intents
    assert not any(each.passed for each in verdicts(proposal, "LAYER_QUOTE").values())


def test_a_session_that_closes_a_condor_and_sells_another_asks_for_no_unit_more() -> None:
    # a unit covers 41,580 USD at 6300: the four sold are 1.2 units, with the five closed 2.7
    held = builders.condor(quantity=5, credit="500.00", opened=dt.date(2026, 7, 1))
    book = builders.book(condors=[held])
    rules = Rules(condor=replace(CondorRules(), session_risk_pct_of_nav=0.06))
    made = context(book, rules=rules, vix=17.0)
    sold = condor.propose(made)

    units = alvh.required_units(replace(made, proposed=sold.intents))

    assert [intent.reason for intent in sold.intents] == ["take_profit", "entry"]
    assert sold.intents[1].quantity == 4
    assert units == 2


def with_puts(strikes: tuple[float, ...]) -> MarketSnapshot:
    """The builders' market without VX futures, with puts of the near expiry in parity."""
    market = builders.market()
    years = ((builders.NEAR_EXPIRY - builders.SESSION).days - 0.25) / 365  # 15:30 to 09:30
    puts = []
    for strike in strikes:
        call = market.quote(builders.vix_call(strike, builders.NEAR_EXPIRY))
        assert call is not None
        assert call.mid is not None
        gap = builders.VX[builders.NEAR_EXPIRY] - strike
        value = call.mid - math.exp(-builders.RATE * years) * gap
        contract = replace(builders.vix_call(strike, builders.NEAR_EXPIRY), right=Right.PUT)
        quote = Quote(bid=value - 0.02, ask=value + 0.02)
        puts.append(OptionQuote(contract=contract, quote=quote))
    return replace(market, options=(*market.options, *puts), vx_curve=())


@pytest.mark.parametrize("lots", [(), (builders.lot(Layer.NEAR, expiry=DUE_NEAR, quantity=4),)])
def test_without_a_future_protection_is_bought_by_the_parity_of_the_options(
    lots: tuple[HedgeLot, ...],
) -> None:
    market = with_puts((18.0, 18.5, 19.0))

    found = of_layer(hedge(*lots, market=market), Layer.NEAR)

    (expected,) = of_layer(hedge(), Layer.NEAR)
    assert found[0].action is Action.BUY_HEDGE
    assert found[0].legs == expected.legs
    assert found[0].quantity == 4
    assert found[0].extrinsic_points == pytest.approx(expected.extrinsic_points, abs=1e-3)


def test_without_a_future_no_condor_is_sold_whatever_parity_says() -> None:
    proposal = condor.propose(context(market=with_puts((18.0, 18.5, 19.0))))

    assert proposal.intents == ()
    assert not verdicts(proposal, "VX_CURVE_UNKNOWN")["condor"].passed


def test_two_strikes_in_parity_are_too_few_to_buy_by() -> None:
    assert not hedge(market=with_puts((18.5, 19.0))).intents


def test_one_sided_quotes_are_passed_over_for_the_nearest_two_sided_strike() -> None:
    market = builders.with_quote(
        builders.market(), builders.vix_call(19.0, builders.NEAR_EXPIRY), Quote(ask=1.80)
    )

    (near,) = of_layer(hedge(market=market), Layer.NEAR)

    assert near.legs[0].contract.strike in {18.5, 19.5}


def test_layer_without_any_two_sided_quote_is_not_bought() -> None:
    market = builders.market()
    one_sided = tuple(
        replace(option, quote=replace(option.quote, bid=None))
        if option.contract.underlying == "VIX"
        else option
        for option in market.options
    )

    assert not hedge(market=replace(market, options=one_sided)).intents


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

    (near,) = of_layer(hedge(market=replace(market, options=moved, vx_curve=curve)), Layer.NEAR)

    assert near.legs[0].contract.expiry == dt.date(2026, 9, 16)


def test_expiries_outside_the_window_do_not_stand_in_for_unknown_ones_inside() -> None:
    market = builders.market()
    inside = {builders.MID_EXPIRY, dt.date(2026, 10, 21)}
    curve = tuple(each for each in market.vx_curve if each.expiry not in inside)

    assert not of_layer(hedge(market=replace(market, vx_curve=curve)), Layer.MID)


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

    assert not hedge(market=market).intents


def hedge_units(book: Book, market: MarketSnapshot | None = None) -> object:
    return verdicts(alvh.propose(context(book, market=market)), "HEDGE_UNITS")["hedge"].limit


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
    due = builders.lot(
        Layer.MID, expiry=builders.NEAR_EXPIRY, quantity=4, opened=dt.date(2026, 5, 1)
    )

    proposal = hedge(fresh, due, market=market)

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
