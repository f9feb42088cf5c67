"""What a gateway keeps has a bound: it may run for years."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.simulator import instruments
from bot.simulator.exchange import ExchangeSettings, OrderStatus
from bot.simulator.faults.action import Action
from bot.simulator.faults.engine import KEPT, Faults, Struck
from bot.simulator.gateway import Gateway
from bot.simulator.settings import GatewaySettings
from scripted_market import NOON, ScriptedMarket, Venue, at

if TYPE_CHECKING:
    import pytest

LATE = ExchangeSettings(late_fill_seconds=5)


def test_orders_that_are_done_with_are_forgotten_on_the_next_day() -> None:
    venue = Venue()
    option = venue.quote("SPXW 2026-08-21 5800P", 1.0, 1.2)
    venue.submit(venue.ticket(option, "BUY", limit_price=1.2))
    assert [each.status for each in venue.exchange.completed_orders()] == [OrderStatus.FILLED]

    venue.exchange.advance(at(18, 16))

    assert venue.exchange.completed_orders() == ()


def test_the_treatment_of_an_order_is_forgotten_on_the_day_after_its_end() -> None:
    venue = Venue()
    venue.exchange.advance(NOON)
    for number in range(1, 4):
        venue.exchange.treat((7, number), LATE)

    venue.exchange.advance(at(18, 16))

    assert venue.exchange._treatment == {}


def test_an_order_that_was_named_before_the_first_one_came_is_treated_as_asked() -> None:
    venue = Venue()
    option = venue.quote("SPXW 2026-08-21 5800P", 1.0, 1.2)
    ticket = venue.ticket(option, "BUY", limit_price=1.0)
    venue.exchange.treat(ticket.key, LATE)

    venue.submit(ticket)
    venue.exchange.cancel(*ticket.key, NOON)
    venue.exchange.advance(at(17, 16, 0, 5))

    assert venue.account.quantity(option) == 1


def test_the_mark_of_what_is_not_held_is_forgotten_on_the_next_day() -> None:
    venue = Venue()
    held, seen = (venue.quote(f"SPXW 2026-08-21 {strike}P", 1.0, 1.2) for strike in (5800, 5750))
    venue.submit(venue.ticket(held, "BUY", limit_price=1.2))
    venue.account.mark(seen)
    assert {held.con_id, seen.con_id} <= {*venue.account._marks}

    venue.account.start_day(at(18, 16))

    assert {*venue.account._marks} == {held.con_id}


def test_options_that_are_known_again_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruments, "KEPT_CONTRACTS", 2)
    venue = Venue()
    options = [venue.option(f"SPXW 2026-08-21 {strike}P") for strike in (5700, 5750, 5800)]

    told = [venue.instruments.option_contract(each).strike for each in (*options, *options)]

    assert told == [5700, 5750, 5800] * 2
    assert len(venue.instruments._contracts) <= 2


def test_the_faults_that_struck_are_listed_up_to_a_bound() -> None:
    faults = Faults(Gateway(ScriptedMarket(), GatewaySettings()))
    for _ in range(KEPT + 5):
        faults.struck.append(Struck(word="drop", action=Action(), at=NOON, number=None))

    assert len(faults.struck) == KEPT
