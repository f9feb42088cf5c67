"""What ends a condor, and what keeps a due exit back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

import builders
from bot.core.book import Condor, TradingState
from bot.core.decision import Purpose
from bot.core.model import Feed, MarketSnapshot, Quote
from proposals import (
    context,
    exits,
    verdict,
    with_rules,
)
from strategies import condor


def priced(held: Condor, debit: str) -> MarketSnapshot:
    """Quote the condor so that it costs `debit` at the mid: all of it in the short put."""
    mid = float(debit)
    quotes = (
        Quote(bid=0.2, ask=0.4),
        Quote(bid=mid, ask=mid + 0.4),
        Quote(bid=0.3, ask=0.5),
        Quote(bid=0.2, ask=0.4),
    )
    market = builders.market()
    for leg, quote in zip(held.legs, quotes, strict=True):
        market = builders.with_quote(market, leg.contract, quote)
    return market


def test_profit_is_taken_at_a_debit_of_a_quarter_of_the_credit() -> None:
    held = builders.condor(credit="16.00", quantity=2)

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "4.00")))

    (closing,) = exits(proposal)
    assert closing.intent_id == "2026-07-20:condor:close_condor:balanced-20260713"
    assert closing.structure_id == held.structure_id
    assert closing.quantity == 2
    assert closing.reason == "take_profit"
    assert closing.purpose is Purpose.REDUCE
    assert [leg.ratio for leg in closing.legs] == [-1, 1, 1, -1]
    assert closing.mid == Decimal("4.0")


def test_profit_is_never_bought_for_more_than_a_quarter_of_the_credit() -> None:
    held = builders.condor(credit="16.20")

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "4.00")))

    (closing,) = exits(proposal)
    assert closing.natural == Decimal("4.5")  # a quarter of the way would be 4.10
    assert closing.ladder.steps == (Decimal("4.00"), Decimal("4.05"))


def test_debit_above_a_quarter_of_the_credit_stays_open() -> None:
    held = builders.condor(credit="16.00")

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "4.10")))

    assert verdict(proposal, "TAKE_PROFIT").passed is False
    assert not exits(proposal)


def test_unknown_debit_takes_no_profit() -> None:
    held = builders.condor(credit="800.00")
    market = builders.with_quote(builders.market(), held.legs[0].contract, None)

    proposal = condor.propose(context(builders.book(condors=[held]), market=market))

    assert verdict(proposal, "TAKE_PROFIT").observed is None
    assert not exits(proposal)


@pytest.mark.parametrize(("days", "due"), [(8, False), (7, True), (1, True), (0, True)])
def test_time_exit_is_due_at_seven_days(days: int, *, due: bool) -> None:
    expiry = builders.SESSION + dt.timedelta(days=days)
    held = builders.condor(credit="1.00", expiry=expiry)
    market = priced(held, "9.00")

    proposal = condor.propose(context(builders.book(condors=[held]), market=market))

    assert verdict(proposal, "TIME_EXIT").observed == days
    assert bool(exits(proposal)) is due


def due_condor() -> Condor:
    return builders.condor(credit="1.00", expiry=dt.date(2026, 7, 27))


def test_time_exit_goes_through_to_the_natural_price() -> None:
    held = due_condor()

    (closing,) = exits(
        condor.propose(context(builders.book(condors=[held]), market=priced(held, "9.00")))
    )

    assert closing.reason == "time_exit"
    assert closing.ladder.floor == closing.natural == Decimal("9.5")


def test_no_exit_pays_more_than_the_condor_can_ever_cost() -> None:
    held = due_condor()
    market = priced(held, f"{held.width_points - 0.25:.2f}")

    (closing,) = exits(condor.propose(context(builders.book(condors=[held]), market=market)))

    assert closing.natural > Decimal(str(held.width_points))
    assert closing.ladder.floor == Decimal(str(held.width_points))


def test_time_exit_beats_the_profit_that_it_also_takes() -> None:
    held = replace(due_condor(), credit_points=Decimal(40))

    (closing,) = exits(
        condor.propose(context(builders.book(condors=[held]), market=priced(held, "9.00")))
    )

    assert closing.reason == "time_exit"
    assert closing.ladder.floor == closing.natural


@pytest.mark.parametrize("wing", [0, 3])
@pytest.mark.parametrize("quote", [None, Quote(bid=None, ask=0.05), Quote(bid=0.5, ask=0.4)])
def test_wing_that_cannot_be_sold_does_not_keep_a_time_exit_back(
    wing: int, quote: Quote | None
) -> None:
    held = due_condor()
    market = builders.with_quote(priced(held, "9.00"), held.legs[wing].contract, quote)

    (closing,) = exits(condor.propose(context(builders.book(condors=[held]), market=market)))

    assert len(closing.legs) == 4
    assert closing.natural == Decimal("9.7")


@pytest.mark.parametrize("short", [1, 2])
@pytest.mark.parametrize("quote", [None, Quote(bid=0.5), Quote(bid=0.5, ask=0.5)])
def test_short_leg_without_an_ask_cannot_be_bought_back(short: int, quote: Quote | None) -> None:
    held = due_condor()
    market = builders.with_quote(priced(held, "9.00"), held.legs[short].contract, quote)

    proposal = condor.propose(context(builders.book(condors=[held]), market=market))

    assert verdict(proposal, "PRICE_UNKNOWN").passed is False
    assert not exits(proposal)


def test_delayed_quotes_price_no_exit() -> None:
    held = due_condor()
    market = builders.with_feed(priced(held, "9.00"), Feed.DELAYED)

    assert not exits(condor.propose(context(builders.book(condors=[held]), market=market)))


def test_stop_is_off_by_default() -> None:
    held = builders.condor(credit="1.00")

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "90")))

    assert verdict(proposal, "STOP").limit is None
    assert not exits(proposal)


@pytest.mark.parametrize(("debit", "due"), [("8.90", False), ("9.00", True)])
def test_stop_closes_at_its_multiple_of_the_credit(debit: str, *, due: bool) -> None:
    held = builders.condor(credit="3.00")
    rules = with_rules(stop_multiple_of_credit=3.0)

    proposal = condor.propose(
        context(builders.book(condors=[held]), market=priced(held, debit), rules=rules)
    )

    assert bool(exits(proposal)) is due
    if due:
        assert exits(proposal)[0].reason == "stop"
        assert exits(proposal)[0].ladder.floor == exits(proposal)[0].natural


def test_unknown_debit_does_not_stop() -> None:
    held = builders.condor(credit="0.10")
    rules = with_rules(stop_multiple_of_credit=3.0)
    market = builders.with_quote(builders.market(), held.legs[3].contract, None)

    proposal = condor.propose(context(builders.book(condors=[held]), market=market, rules=rules))

    assert not exits(proposal)


def test_flatten_closes_every_condor() -> None:
    held = [builders.condor(), builders.condor(opened=dt.date(2026, 7, 14))]
    book = replace(builders.book(condors=held), trading_state=TradingState.FLATTEN)

    closing = exits(condor.propose(context(book)))

    assert [intent.reason for intent in closing] == ["flatten", "flatten"]
    assert {intent.structure_id for intent in closing} == {
        "balanced-20260713",
        "balanced-20260714",
    }


def test_condor_is_not_closed_twice_while_an_order_is_in_flight() -> None:
    held = due_condor()
    book = replace(
        builders.book(condors=[held]),
        in_flight=(f"2026-07-17:condor:close_condor:{held.structure_id}",),
    )

    proposal = condor.propose(context(book, market=priced(held, "9.00")))

    assert verdict(proposal, "EXIT_IN_FLIGHT").passed is False
    assert not exits(proposal)


def test_condor_after_its_last_trade_settles_without_orders() -> None:
    held = builders.condor(expiry=dt.date(2026, 7, 17))

    proposal = condor.propose(context(builders.book(condors=[held]), market=priced(held, "9.00")))

    assert verdict(proposal, "LAST_TRADE").passed is False
    assert not exits(proposal)
