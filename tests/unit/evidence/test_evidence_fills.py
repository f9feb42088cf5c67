"""What a replayed order fills at, and what does not fill at all."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

import builders
from bot.core.book import Layer, Leg, Tier
from bot.core.decision import Action, OrderIntent, PriceLadder, Purpose
from bot.core.model import Quote
from bot.core.rules import Rules
from bot.evidence.account import Account
from bot.evidence.fills import Terms, execute, fees_usd, fill_price
from bot.evidence.settings import ReplaySettings

SESSION = dt.date(2026, 7, 20)
CALL = builders.vix_call(19.0, builders.NEAR_EXPIRY)
CONDOR = builders.condor().legs


def order(action: Action, legs: tuple[Leg, ...], **changes: object) -> OrderIntent:
    made = OrderIntent(
        intent_id=f"{SESSION}:test:{action.value}:it",
        session=SESSION,
        purpose=Purpose.PROTECT,
        action=action,
        structure_id="it",
        legs=legs,
        quantity=4,
        ladder=PriceLadder(steps=(Decimal("1.60"),), seconds=1.0),
        mid=Decimal("1.60"),
        natural=Decimal("1.70"),
        reason="missing",
        layer=Layer.NEAR,
    )
    return replace(made, **changes)


def entry(**changes: object) -> OrderIntent:
    wanted = {
        "purpose": Purpose.ADD,
        "mid": Decimal("-8.00"),
        "natural": Decimal("-7.00"),
        "layer": None,
        "tier": Tier.BALANCED,
        "quantity": 1,
    }
    return order(Action.OPEN_CONDOR, CONDOR, **(wanted | changes))


def terms(**changes: object) -> Terms:
    quotes = {CALL: Quote(bid=1.50, ask=1.70)}
    quotes |= {leg.contract: Quote(bid=4.0, ask=4.2) for leg in CONDOR}
    return Terms(quotes=quotes, spx=6_300.0, rules=Rules(), settings=ReplaySettings(**changes))


@pytest.mark.parametrize(("share", "price"), [(0.0, "1.60"), (0.25, "1.625"), (1.0, "1.70")])
def test_a_purchase_pays_its_share_of_the_half_spread(share: float, price: str) -> None:
    bought = order(Action.BUY_HEDGE, (Leg(contract=CALL, ratio=1),))

    assert fill_price(bought, share) == Decimal(price)


def test_a_condor_brings_less_than_its_mid() -> None:
    assert fill_price(entry(), 0.5) == Decimal("-7.50")


def test_an_order_does_not_fill_beyond_the_worst_price_of_its_rule() -> None:
    ladder = PriceLadder(steps=(Decimal(-8),), seconds=1.0, worst=Decimal("-7.80"))

    assert fill_price(entry(ladder=ladder), 0.1) == Decimal("-7.90")
    assert fill_price(entry(ladder=ladder), 0.5) is None


def test_each_leg_pays_its_commission_by_its_premium() -> None:
    bought = order(Action.BUY_HEDGE, (Leg(contract=CALL, ratio=1),))

    assert fees_usd(bought, terms().quotes) == pytest.approx(4 * (0.65 + 0.40))  # 1.60 a call
    assert fees_usd(entry(), terms().quotes) == pytest.approx(4 * (0.65 + 0.45))


def test_a_sale_is_cut_to_what_its_purchase_filled() -> None:
    account = Account(start_usd=1_000_000.0)
    held = order(Action.BUY_HEDGE, (Leg(contract=CALL, ratio=1),), structure_id="old")
    list(execute(account, [replace(held, intent_id="before")], terms()))
    unfilled = PriceLadder(steps=(Decimal(1),), seconds=1.0, worst=Decimal("1.00"))
    buy = replace(held, intent_id="buy", structure_id="new", ladder=unfilled)
    sell = order(
        Action.SELL_HEDGE,
        (Leg(contract=CALL, ratio=-1),),
        structure_id="old",
        after="buy",
        mid=Decimal("-1.60"),
        natural=Decimal("-1.50"),
    )

    done = [intent.intent_id for intent, _ in execute(account, [buy, sell], terms())]

    assert done == []
    assert [lot.quantity for lot in account.held_lots()] == [4]


def test_a_condor_is_cut_to_what_the_layers_cover() -> None:
    account = Account(start_usd=1_000_000.0)
    covered = entry(needs_cover=True)

    assert not list(execute(account, [covered], terms()))
    assert len(list(execute(account, [covered], terms(hedge=False)))) == 1


def test_a_condor_must_leave_a_quarter_of_the_free_capital() -> None:
    width = builders.condor().width_points * 100
    enough, short = (Account(start_usd=usd) for usd in (width / 0.75 + 1, width / 0.75 - 1))

    assert len(list(execute(enough, [entry()], terms()))) == 1
    assert not list(execute(short, [entry()], terms()))


def test_a_replacing_condor_must_repay_its_close() -> None:
    account = Account(start_usd=1_000_000.0)
    list(execute(account, [entry(intent_id="open", structure_id="old")], terms()))
    close = replace(
        entry(),
        intent_id="close",
        action=Action.CLOSE_CONDOR,
        structure_id="old",
        legs=tuple(replace(leg, ratio=-leg.ratio) for leg in CONDOR),
        mid=Decimal("9.00"),
        natural=Decimal("10.00"),
    )
    again = entry(intent_id="again", structure_id="new", after="close", repays_points=Decimal(0))

    done = [intent.intent_id for intent, _ in execute(account, [close, again], terms())]

    assert done == ["close"]  # it cost 9.50, the new one brings 8.00 at best
    assert not account.held_condors()


@pytest.mark.parametrize("name", ["nav_usd", "size", "reference_spx"])
def test_an_amount_that_must_be_positive_is_held_to_it(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be > 0, received 0"):
        ReplaySettings(**{name: 0.0})


@pytest.mark.parametrize("name", ["spread_share", "spread_stress", "roll_offset"])
def test_an_amount_that_must_not_be_negative_is_held_to_it(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be >= 0, received -1"):
        ReplaySettings(**{name: -1})
