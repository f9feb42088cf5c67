"""The hedge is sold out when a person says so, and never otherwise."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import builders
from bot.core.book import Book, Layer, TradingState
from bot.core.decide import permitted
from bot.core.decision import Action, Purpose
from proposals import context, verdicts
from strategies import alvh_sale, decide

if TYPE_CHECKING:
    from bot.core.book import HedgeLot
    from bot.core.decide import Proposal
    from bot.core.model import MarketSnapshot

LAST_SESSION = builders.lot(Layer.NEAR, expiry=dt.date(2026, 7, 21), quantity=4, strike=17.5)


def flattened(*lots: HedgeLot, **changes: object) -> Book:
    """A book of `lots` under ``flatten`` that shall not keep them, but for `changes`."""
    asked = {"trading_state": TradingState.FLATTEN, "keep_hedge": False}
    return replace(builders.book(lots=lots), **(asked | changes))


def sale(book: Book, market: MarketSnapshot | None = None) -> Proposal:
    return alvh_sale.propose(context(book, market=market))


def test_every_lot_is_sold_whole() -> None:
    lots = builders.hedged(units=2)

    intents = sale(flattened(*lots)).intents

    assert {intent.structure_id: intent.quantity for intent in intents} == {
        lot.lot_id: lot.quantity for lot in lots
    }
    assert {intent.purpose for intent in intents} == {Purpose.REDUCE}
    assert {intent.action for intent in intents} == {Action.SELL_HEDGE}
    assert {intent.reason for intent in intents} == {"flatten"}


def test_the_sale_goes_through_to_the_bid() -> None:
    lot = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4)
    options = builders.market().options
    bid = next(each.quote.bid for each in options if each.contract == lot.contract)

    (intent,) = sale(flattened(lot)).intents

    assert intent.ladder.floor == -Decimal(str(bid))
    assert intent.natural == intent.ladder.floor


@pytest.mark.parametrize(
    "changes",
    [
        {"keep_hedge": True},
        *({"trading_state": state} for state in TradingState if state.value != "flatten"),
    ],
)
def test_in_every_other_state_nothing_is_sold(changes: dict[str, object]) -> None:
    assert sale(flattened(*builders.hedged(), **changes)).intents == ()


def test_the_condors_come_first_and_nothing_is_rolled_or_bought() -> None:
    due = builders.lot(Layer.NEAR, expiry=dt.date(2026, 7, 22), quantity=4, strike=17.5)
    book = replace(flattened(due), condors=(builders.condor(),))

    intents = decide(builders.market(), book, context().rules).intents

    assert [intent.action for intent in intents] == [Action.CLOSE_CONDOR, Action.SELL_HEDGE]


def test_a_lot_without_a_bid_is_kept() -> None:
    lot = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4)
    market = builders.market()
    options = tuple(
        replace(each, quote=replace(each.quote, bid=None))
        if each.contract == lot.contract
        else each
        for each in market.options
    )

    proposal = sale(flattened(lot), replace(market, options=options))

    assert proposal.intents == ()
    assert not verdicts(proposal, "LOT_QUOTE")[f"lot:{lot.lot_id}"].passed


def test_a_lot_about_which_nothing_is_known_is_kept() -> None:
    proposal = sale(flattened(*builders.hedged()), replace(builders.market(), options=()))

    assert proposal.intents == ()


def test_a_lot_in_its_last_session_is_left_to_settle() -> None:
    proposal = sale(flattened(LAST_SESSION))

    assert proposal.intents == ()
    assert not verdicts(proposal, "LAST_SESSION")[f"lot:{LAST_SESSION.lot_id}"].passed


def test_a_lot_whose_sale_is_not_proven_ended_is_not_sold_again() -> None:
    lot = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4)
    in_flight = (f"2026-07-17:alvh:sell_hedge:{lot.lot_id}",)

    assert sale(flattened(lot, in_flight=in_flight)).intents == ()


def test_a_sale_may_not_be_sent_once_the_person_has_thought_better_of_it() -> None:
    book = flattened(*builders.hedged())
    intents = sale(book).intents

    assert all(permitted(intent, book) for intent in intents)
    for changes in ({"keep_hedge": True}, {"trading_state": TradingState.ACTIVE}):
        assert not any(permitted(intent, replace(book, **changes)) for intent in intents)


def test_a_locked_book_may_be_sold_out() -> None:
    book = flattened(*builders.hedged(), locked=True)

    assert all(permitted(intent, book) for intent in sale(book).intents)
