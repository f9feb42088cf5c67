"""Net prices, ladders, identities and the cut after the hedge."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import Layer, Leg, Tier
from bot.core.decision import Action, OrderIntent, Purpose
from bot.core.model import OptionContract, Quote
from bot.core.plan import (
    Identity,
    OrderPrice,
    condor_id,
    executable_quantity,
    in_flight_slots,
    lot_id,
    make_hedge_ladder,
    make_ladder,
    price_order,
)
from bot.core.rules import LadderRules, Rules

CALL = builders.vix_call(20.0, builders.NEAR_EXPIRY)
BUY = (Leg(contract=CALL, ratio=1),)
SELL = (Leg(contract=CALL, ratio=-1),)
CONDOR = builders.condor().legs
CLOSING = tuple(replace(leg, ratio=-leg.ratio) for leg in CONDOR)

QUOTES = {
    CONDOR[0].contract: Quote(bid=10.0, ask=10.4),
    CONDOR[1].contract: Quote(bid=16.0, ask=16.6),
    CONDOR[2].contract: Quote(bid=4.0, ask=4.2),
    CONDOR[3].contract: Quote(bid=0.5, ask=0.6),
}
"""Sold at the mid it brings 16.3 + 4.1 - 10.2 - 0.55 = 9.65; naturally 16 + 4 - 10.4 - 0.6 = 9."""


def _price(legs: tuple[Leg, ...], quotes: dict[OptionContract, Quote]) -> OrderPrice | None:
    return price_order(legs, quotes.get)


def test_opening_a_condor_is_a_negative_debit_worse_at_the_natural_price() -> None:
    assert _price(CONDOR, QUOTES) == OrderPrice(mid=Decimal("-9.65"), natural=Decimal("-9.0"))


def test_closing_a_condor_costs_the_ask_of_the_shorts_less_the_bid_of_the_wings() -> None:
    assert _price(CLOSING, QUOTES) == OrderPrice(mid=Decimal("9.65"), natural=Decimal("10.3"))


@pytest.mark.parametrize(
    "quote",
    [
        Quote(bid=10.0, ask=math.inf),
        Quote(bid=math.nan, ask=10.4),
        Quote(bid=10.0, ask=math.nan),
        Quote(bid=-1.0, ask=10.4),
        Quote(bid=1e300, ask=2e300),
        Quote(bid=10.4, ask=10.0),
        Quote(bid=10.4, ask=10.4),
    ],
    ids=str,
)
def test_a_leg_with_a_side_that_is_no_price_makes_the_price_unknown(quote: Quote) -> None:
    assert _price(CONDOR, QUOTES | {CONDOR[0].contract: quote}) is None


def test_wing_that_nobody_bids_for_sells_for_nothing() -> None:
    quotes = QUOTES | {CONDOR[3].contract: Quote(bid=None, ask=0.6)}

    assert _price(CLOSING, quotes) == OrderPrice(mid=Decimal("10.2"), natural=Decimal("10.8"))


def test_wing_that_nobody_bids_for_is_bought_between_nothing_and_its_ask() -> None:
    quotes = QUOTES | {CONDOR[3].contract: Quote(bid=None, ask=0.6)}

    assert _price(CONDOR, quotes) == OrderPrice(mid=Decimal("-9.9"), natural=Decimal("-9.0"))


@pytest.mark.parametrize("leg", range(4))
@pytest.mark.parametrize("quote", [None, Quote(), Quote(bid=1.0)])
def test_leg_without_an_ask_makes_the_price_unknown(leg: int, quote: Quote | None) -> None:
    quotes = {key: value for key, value in QUOTES.items() if key != CONDOR[leg].contract}
    if quote is not None:
        quotes[CONDOR[leg].contract] = quote

    assert _price(CONDOR, quotes) is None


def test_abandoned_wing_counts_nothing_and_leaves_the_price_incomplete() -> None:
    quotes = {key: value for key, value in QUOTES.items() if key != CONDOR[3].contract}

    price = price_order(CLOSING, quotes.get, abandon=True)

    assert price == OrderPrice(mid=Decimal("10.2"), natural=Decimal("10.8"), complete=False)


def test_short_leg_is_never_abandoned() -> None:
    quotes = {key: value for key, value in QUOTES.items() if key != CONDOR[1].contract}

    assert price_order(CLOSING, quotes.get, abandon=True) is None


def test_noise_of_floats_does_not_reach_the_price() -> None:
    price = _price(BUY, {CALL: Quote(bid=0.1 + 0.2, ask=1.1 * 1.1)})

    assert price == OrderPrice(mid=Decimal("0.755"), natural=Decimal("1.21"))


def _steps(
    legs: tuple[Leg, ...], mid: str, natural: str, *, steps: int = 6, share: float = 0.25
) -> list[str]:
    price = OrderPrice(mid=Decimal(mid), natural=Decimal(natural))
    ladder = make_ladder(price, legs, LadderRules(steps=steps), share=share)
    return [str(step) for step in ladder.steps]


def test_combo_walks_in_equal_parts_from_the_mid_to_its_share_of_the_half_spread() -> None:
    assert _steps(CONDOR, "-9.65", "-8.65") == [
        "-9.65",
        "-9.60",
        "-9.55",
        "-9.50",
        "-9.45",
        "-9.40",
    ]


def test_steps_are_rounded_to_the_better_tick_and_equal_ones_are_one() -> None:
    assert _steps(CONDOR, "-9.62", "-9.22") == ["-9.65", "-9.60", "-9.55"]


def test_exit_at_any_price_ends_at_the_natural_price() -> None:
    assert _steps(CLOSING, "9.65", "10.30", share=1.0)[-1] == "10.30"


def test_call_above_three_points_moves_in_five_cents() -> None:
    assert _steps(BUY, "4.10", "4.50", share=0.5) == ["4.10", "4.15", "4.20", "4.25", "4.30"]


def test_call_below_three_points_moves_in_one_cent() -> None:
    assert _steps(BUY, "1.760", "1.800", share=0.5) == ["1.76", "1.77", "1.78"]


def test_sale_asks_for_more_than_the_mid_before_it_gives_in() -> None:
    assert _steps(SELL, "-1.765", "-1.73", share=1.0, steps=3) == ["-1.77", "-1.75", "-1.73"]


def test_one_step_stands_at_the_floor() -> None:
    assert _steps(CONDOR, "-9.60", "-8.60", steps=1) == ["-9.35"]


def test_spread_finer_than_the_tick_leaves_one_step() -> None:
    assert _steps(BUY, "4.12", "4.14") == ["4.10"]


def test_no_step_exceeds_the_worst_price_that_a_rule_allows() -> None:
    price = OrderPrice(mid=Decimal("-5.30"), natural=Decimal("-3.30"))

    ladder = make_ladder(price, CONDOR, LadderRules(), share=0.25, worst=Decimal("-5.0"))

    assert ladder.floor == Decimal("-5.00")
    assert ladder.steps[0] == Decimal("-5.30")


def test_mid_beyond_the_worst_price_gives_way_to_it() -> None:
    price = OrderPrice(mid=Decimal("4.20"), natural=Decimal("4.60"))

    ladder = make_ladder(price, CLOSING, LadderRules(), share=0.25, worst=Decimal("4.03"))

    assert ladder.steps == (Decimal("4.00"),)


def test_seconds_of_the_ladder_are_those_of_the_rules() -> None:
    price = OrderPrice(mid=Decimal(4), natural=Decimal(5))

    assert make_ladder(price, BUY, LadderRules(seconds=7.0), share=0.5).seconds == 7.0


@given(
    mid=st.decimals("-60", "60", places=3),
    half_spread=st.decimals("0", "5", places=3),
    share=st.floats(0, 1).map(lambda value: round(value, 4)),
    count=st.integers(1, 20),
    combo=st.booleans(),
)
def test_ladders_rise_on_valid_ticks_inside_their_floor(
    mid: Decimal, half_spread: Decimal, share: float, count: int, *, combo: bool
) -> None:
    legs = CONDOR if combo else BUY
    price = OrderPrice(mid=mid, natural=mid + half_spread)

    steps = make_ladder(price, legs, LadderRules(steps=count), share=share).steps

    assert 1 <= len(steps) <= count
    assert list(steps) == sorted(set(steps))
    assert steps[-1] <= mid + Decimal(str(share)) * half_spread
    assert steps[0] > mid - Decimal("0.05") or count == 1
    for step in steps:
        below = abs(step) < 3 and not combo
        assert step % (Decimal("0.01") if below else Decimal("0.05")) == 0


def _hedge_steps(leg: Leg, mid: str, natural: str) -> list[str]:
    price = OrderPrice(mid=Decimal(mid), natural=Decimal(natural))
    return [str(step) for step in make_hedge_ladder(price, leg, LadderRules()).steps]


@pytest.mark.parametrize(
    ("leg", "mid", "natural", "steps"),
    [
        (BUY[0], "3.175", "3.20", ["3.15", "3.20"]),  # one tick wide
        (SELL[0], "-3.175", "-3.15", ["-3.20", "-3.15"]),
        (BUY[0], "1.035", "1.040", ["1.03", "1.040"]),
        (BUY[0], "4.125", "4.20", ["4.10", "4.15"]),  # 4.14 is the floor, and no price
        (BUY[0], "4.15", "4.25", ["4.15"]),
        (BUY[0], "2.625", "2.68", ["2.62", "2.63"]),
    ],
)
def test_hedge_goes_to_the_next_tick_beyond_the_mid_where_its_floor_is_no_price(
    leg: Leg, mid: str, natural: str, steps: list[str]
) -> None:
    assert [float(step) for step in _hedge_steps(leg, mid, natural)] == [float(s) for s in steps]


@given(bid=st.integers(1, 400), spread=st.integers(1, 40), sale=st.booleans())
def test_hedge_ladders_reach_the_mid_and_never_pass_the_natural_price(
    bid: int, spread: int, *, sale: bool
) -> None:
    low, high = (Decimal(cents) / 20 + 3 for cents in (bid, bid + spread))
    price = OrderPrice(
        mid=-(low + high) / 2 if sale else (low + high) / 2, natural=-low if sale else high
    )

    ladder = make_hedge_ladder(price, SELL[0] if sale else BUY[0], LadderRules())

    assert list(ladder.steps) == sorted(set(ladder.steps))
    assert price.mid <= ladder.floor <= price.natural
    assert ladder.floor <= price.mid + max(
        Decimal("0.25") * (price.natural - price.mid), Decimal("0.05")
    )
    assert all(step % Decimal("0.05") == 0 for step in ladder.steps)


def test_identity_is_session_strategy_action_slot() -> None:
    identity = Identity(
        session=builders.SESSION, strategy="condor", action=Action.OPEN_CONDOR, slot="balanced"
    )

    assert str(identity) == "2026-07-20:condor:open_condor:balanced"
    assert condor_id(Tier.BALANCED, builders.SESSION) == "balanced-20260720"
    assert lot_id(Layer.NEAR, builders.SESSION) == "near-20260720"


def test_lots_that_replace_different_lots_have_different_names_of_one_length() -> None:
    first = lot_id(Layer.NEAR, builders.SESSION, replaces="near-20260618")
    second = lot_id(Layer.NEAR, builders.SESSION, replaces=first)

    assert first != second
    assert len(first) == len(second) == len("near-20260720-01234567")
    assert first == lot_id(Layer.NEAR, builders.SESSION, replaces="near-20260618")


def test_slots_in_flight_are_those_of_the_strategy_in_any_session() -> None:
    book = replace(
        builders.book(),
        in_flight=(
            "2026-07-17:alvh:buy_hedge:near",
            "2026-07-20:alvh:sell_hedge:mid-20260401",
            "2026-07-20:condor:close_condor:balanced-20260713",
            "left over",
        ),
    )

    assert in_flight_slots(book, "alvh") == {"near", "mid-20260401"}
    assert in_flight_slots(book, "condor") == {"balanced-20260713"}


def _intent(quantity: int, *, after: str | None = None, needs_cover: bool = False) -> OrderIntent:
    price = OrderPrice(mid=Decimal(-8), natural=Decimal(-7))
    return OrderIntent(
        intent_id="id",
        session=builders.SESSION,
        purpose=Purpose.ADD if needs_cover else Purpose.PROTECT,
        action=Action.OPEN_CONDOR if needs_cover else Action.SELL_HEDGE,
        structure_id="structure",
        legs=CONDOR if needs_cover else SELL,
        quantity=quantity,
        ladder=make_ladder(price, CONDOR, LadderRules(), share=0.25),
        mid=price.mid,
        natural=price.natural,
        reason="entry",
        after=after,
        needs_cover=needs_cover,
    )


def _executable(
    intent: OrderIntent,
    *,
    filled: dict[str, int] | None = None,
    held: dict[Layer, int] | None = None,
    gross_width_usd: float = 0.0,
    spx: float | None = builders.SPX,
) -> int:
    return executable_quantity(
        intent,
        filled=filled or {},
        held=held or {},
        gross_width_usd=gross_width_usd,
        spx=spx,
        rules=Rules(),
    )


@pytest.mark.parametrize(("filled", "sent"), [({}, 0), ({"buy": 3}, 3), ({"buy": 9}, 4)])
def test_sale_of_a_roll_is_no_more_than_the_buy_filled(filled: dict[str, int], sent: int) -> None:
    assert _executable(_intent(4, after="buy"), filled=filled) == sent


@pytest.mark.parametrize(("bought", "sent"), [(2, 0), (3, 1), (9, 4)])
def test_sale_of_a_roll_leaves_what_earlier_sales_of_it_may_use_up(bought: int, sent: int) -> None:
    sale = replace(_intent(4, after="buy"), after_reserved=2)

    assert _executable(sale, filled={"buy": bought}) == sent


def test_order_that_waits_for_nothing_is_sent_whole() -> None:
    assert _executable(_intent(4)) == 4


@pytest.mark.parametrize(
    ("near", "mid", "far", "gross_width_usd", "condors"),
    [
        (4, 4, 2, 0, 3),  # 41,580 covered: three of 12,500
        (4, 4, 2, 20_000, 1),
        (2, 4, 2, 0, 1),  # half a unit: 20,790
        (8, 8, 2, 0, 3),  # the far layer is that of one unit
        (0, 4, 2, 0, 0),
        (4, 4, 2, 50_000, 0),
    ],
)
def test_condors_are_cut_to_what_the_filled_layers_cover(
    near: int, mid: int, far: int, gross_width_usd: float, condors: int
) -> None:
    held = {Layer.NEAR: near, Layer.MID: mid, Layer.FAR: far}

    sent = _executable(_intent(5, needs_cover=True), held=held, gross_width_usd=gross_width_usd)

    assert sent == condors


def test_unknown_spx_sends_no_condor() -> None:
    held = {Layer.NEAR: 40, Layer.MID: 40, Layer.FAR: 20}

    assert _executable(_intent(1, needs_cover=True), held=held, spx=None) == 0
