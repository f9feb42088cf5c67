"""Price ladders at fresh quotes: never worse than decided for new risk, never missing otherwise."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decision import OrderIntent, Purpose
from bot.core.model import Feed, OptionContract, Quote
from bot.core.plan import OrderPrice, make_hedge_ladder, make_ladder
from bot.core.repricing import live, repriced
from bot.core.rules import LadderRules
from ledger_facts import CALL, LEGS, buy_lot, close_condor, open_condor, sell_lot

RULES = LadderRules(steps=3, seconds=20.0)
LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = (leg.contract for leg in LEGS)


def quotes(short_put: float, *, half_spread: float = 0.20) -> dict[OptionContract, Quote]:
    """Quote the condor: shorts at `short_put` and 4.00, wings at 2.00 and 1.00, all as wide."""
    mids = {LONG_PUT: 2.0, SHORT_PUT: short_put, SHORT_CALL: 4.0, LONG_CALL: 1.0}
    return {
        contract: Quote(bid=round(mid - half_spread, 2), ask=round(mid + half_spread, 2))
        for contract, mid in mids.items()
    }


def decided(intent: OrderIntent, mid: str, natural: str, **terms: object) -> OrderIntent:
    price = OrderPrice(mid=Decimal(mid), natural=Decimal(natural))
    ladder = make_ladder(price, intent.legs, RULES, **({"share": 0.25} | terms))
    return replace(intent, mid=price.mid, natural=price.natural, ladder=ladder)


# Mid -(5 + 4 - 2 - 1) = -6.00; each of the four legs is 0.20 to its far side: natural -5.20.
ENTRY = decided(open_condor(), "-6.00", "-5.20")


def steps(intent: OrderIntent | None) -> list[str]:
    return [] if intent is None else [str(step) for step in intent.ladder.steps]


def test_an_entry_in_an_unchanged_market_keeps_its_ladder() -> None:
    assert steps(ENTRY) == ["-6.00", "-5.90", "-5.80"]
    assert steps(repriced(ENTRY, live(quotes(5.0)), RULES)) == ["-6.00", "-5.90", "-5.80"]


def test_an_entry_asks_for_what_a_better_market_pays() -> None:
    assert steps(repriced(ENTRY, live(quotes(5.5)), RULES))[0] == "-6.50"


def test_no_step_of_an_entry_is_worse_than_the_worst_that_was_decided() -> None:
    fresh = repriced(ENTRY, live(quotes(4.9)), RULES)

    assert steps(fresh) == ["-5.90", "-5.85", "-5.80"]


def test_an_entry_whose_mid_is_worse_than_its_floor_is_not_sold() -> None:
    assert repriced(ENTRY, live(quotes(4.75)), RULES) is None


@pytest.mark.parametrize(
    "odd",
    [
        Quote(),
        Quote(bid=4.8),
        Quote(bid=5.2, ask=5.2),
        Quote(bid=5.3, ask=5.2),
        Quote(bid=4.8, ask=5.2, feed=Feed.DELAYED),
    ],
    ids=["silent", "no ask", "locked", "crossed", "delayed"],
)
def test_an_entry_with_a_leg_that_is_not_quoted_is_not_sold(odd: Quote) -> None:
    assert repriced(ENTRY, live(quotes(5.0) | {SHORT_PUT: odd}), RULES) is None


def test_an_exit_follows_the_market_to_its_natural_price() -> None:
    exit_ = decided(close_condor(reason="time_exit"), "2.50", "3.30", share=1.0)

    assert steps(repriced(exit_, live(quotes(5.0)), RULES)) == ["6.00", "6.40", "6.80"]


def test_a_profit_is_taken_at_its_worst_price_or_not_at_all() -> None:
    exit_ = decided(close_condor(), "2.50", "3.30", worst=Decimal("2.75"))

    assert steps(repriced(exit_, live(quotes(5.0)), RULES)) == ["2.75"]


@pytest.mark.parametrize("intent", [close_condor(), buy_lot(), sell_lot()])
def test_what_is_not_quoted_now_keeps_the_ladder_of_the_decision(intent: OrderIntent) -> None:
    made = replace(intent, ladder=replace(intent.ladder, share=0.25))

    assert repriced(made, live({}), RULES) == made


def test_a_ladder_of_a_ledger_of_before_is_kept() -> None:
    assert repriced(buy_lot(), live({CALL: Quote(bid=4.0, ask=4.2)}), RULES) == buy_lot()


def test_the_hedge_follows_the_market_and_reaches_beyond_its_mid() -> None:
    price = OrderPrice(mid=Decimal("2.00"), natural=Decimal("2.10"))
    made = replace(buy_lot(), ladder=make_hedge_ladder(price, buy_lot().legs[0], RULES))

    fresh = repriced(made, live({CALL: Quote(bid=4.00, ask=4.05)}), RULES)

    assert steps(fresh) == ["4.00", "4.05"]  # The mid of 4.025 lies between two ticks.


def test_a_sale_for_which_nobody_bids_any_more_keeps_its_ladder() -> None:
    made = decided(sell_lot(), "-3.00", "-2.90")

    assert repriced(made, live({CALL: Quote(ask=0.05)}), RULES) == made


def test_a_purchase_beside_a_lone_ask_does_not_offer_half_of_it() -> None:
    price = OrderPrice(mid=Decimal("2.00"), natural=Decimal("2.10"))
    made = replace(buy_lot(), ladder=make_hedge_ladder(price, buy_lot().legs[0], RULES))

    assert repriced(made, live({CALL: Quote(ask=40.0)}), RULES) == made
    assert repriced(made, live({CALL: Quote(bid=0.0, ask=40.0)}), RULES) == made


def test_slippage_is_counted_from_the_mid_of_the_decision() -> None:
    fresh = repriced(ENTRY, live(quotes(5.5)), RULES)

    assert fresh is not None
    assert (fresh.mid, fresh.natural) == (ENTRY.mid, ENTRY.natural)
    assert fresh.purpose is Purpose.ADD
