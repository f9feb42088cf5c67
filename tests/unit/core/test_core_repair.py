"""What is left without a structure is closed: shorts first, wings after them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bot.core.decision import Action, Purpose
from bot.core.fold import Residual
from bot.core.model import OptionContract, Quote, Right
from bot.core.repair import INCOMPLETE, repairs
from bot.core.rules import LadderRules
from builders import MAIN_EXPIRY, spxw, vix_call

RULES = LadderRules(steps=3, seconds=20.0, floor_share=0.25, reduce_floor_share=1.0)
SESSION = MAIN_EXPIRY - dt.timedelta(days=40)
LONG_PUT, SHORT_PUT = spxw(5900.0, Right.PUT), spxw(5950.0, Right.PUT)
SHORT_CALL = spxw(6600.0, Right.CALL)
QUOTES = {
    LONG_PUT: Quote(bid=8.0, ask=8.4),
    SHORT_PUT: Quote(bid=10.0, ask=10.4),
    SHORT_CALL: Quote(bid=5.0, ask=5.4),
}


def rest(contract: OptionContract, quantity: int, *, adopted: bool = False) -> Residual:
    return Residual(
        contract=contract, quantity=quantity, structure_id="balanced-1", adopted=adopted
    )


def test_shorts_are_bought_back_before_their_wing_is_sold() -> None:
    found = repairs(
        [rest(LONG_PUT, 2), rest(SHORT_PUT, -2), rest(SHORT_CALL, -2)],
        QUOTES,
        RULES,
        session=SESSION,
    )

    assert [(each.legs[0].contract, each.legs[0].ratio) for each in found] == [
        (SHORT_PUT, 1),
        (SHORT_CALL, 1),
        (LONG_PUT, -1),
    ]
    assert [each.after for each in found] == [None, None, found[0].intent_id]
    assert {each.quantity for each in found} == {2}


def test_a_repair_reduces_through_to_the_natural_price() -> None:
    (bought,) = repairs([rest(SHORT_PUT, -1)], QUOTES, RULES, session=SESSION)

    assert (bought.purpose, bought.action, bought.reason) == (
        Purpose.REDUCE,
        Action.CLOSE_CONDOR,
        INCOMPLETE,
    )
    assert bought.ladder.steps == (Decimal("10.2"), Decimal("10.3"), Decimal("10.4"))


def test_a_long_leg_alone_is_sold_at_a_credit() -> None:
    (sold,) = repairs([rest(LONG_PUT, 1)], QUOTES, RULES, session=SESSION)

    assert sold.after is None
    assert sold.ladder.floor == Decimal("-8.0")


def test_a_call_on_the_vix_is_closed_as_a_part_of_the_hedge() -> None:
    call = vix_call(20.0, MAIN_EXPIRY)
    (bought,) = repairs([rest(call, -3)], {call: Quote(bid=1.0, ask=1.1)}, RULES, session=SESSION)

    assert bought.action is Action.SELL_HEDGE
    assert bought.quantity == 3


def test_what_has_no_price_has_ended_or_is_adopted_is_left_alone() -> None:
    nobody_bids = {LONG_PUT: Quote(bid=None, ask=0.05)}
    after = LONG_PUT.last_trade + dt.timedelta(days=1)

    assert repairs([rest(LONG_PUT, 1)], nobody_bids, RULES, session=SESSION) == ()
    assert repairs([rest(SHORT_PUT, -1)], {}, RULES, session=SESSION) == ()
    assert repairs([rest(SHORT_PUT, -1)], QUOTES, RULES, session=after) == ()
    assert repairs([rest(SHORT_PUT, -1, adopted=True)], QUOTES, RULES, session=SESSION) == ()


def test_repairing_again_gives_the_same_identities() -> None:
    residuals = [rest(SHORT_PUT, -1), rest(SHORT_CALL, -1)]
    first = repairs(residuals, QUOTES, RULES, session=SESSION)

    assert repairs(reversed(residuals), QUOTES, RULES, session=SESSION) == first[::-1]
    assert len({each.intent_id for each in first}) == 2
