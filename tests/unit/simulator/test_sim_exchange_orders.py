"""The life of orders at the simulated venue: status, changes, cancels, what is replayed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from bot.simulator.exchange import (
    Event,
    ExchangeSettings,
    ExecutionEvent,
    ExecutionQuery,
    FillSettings,
    OrderError,
    OrderStatus,
    OrderUpdate,
    PositionEvent,
)
from scripted_market import ACCOUNT, NOON, Venue, at

CALL = "VIX 2026-09-16 25C"


def statuses(events: list[Event]) -> list[str]:
    return [e.order.status.value for e in events if isinstance(e, OrderUpdate)]


def codes(events: list[Event]) -> list[int]:
    return [e.code for e in events if isinstance(e, OrderError)]


def seconds_later(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


@pytest.fixture
def venue() -> Venue:
    """A venue at which an order inside the spread must concede 10 % of the half-spread."""
    fills = FillSettings(threshold_low=0.10, threshold_high=0.10)
    venue = Venue(ExchangeSettings(fills=fills))
    venue.quote(CALL, 2.00, 2.40)
    return venue


def test_a_limit_at_the_ask_is_admitted_submitted_and_filled_at_once(venue: Venue) -> None:
    events = venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40))

    assert statuses(events) == ["PreSubmitted", "Submitted", "Filled"]
    assert [type(e).__name__ for e in events[2:]] == [
        "ExecutionEvent",
        "OrderUpdate",
        "CommissionEvent",
        "PositionEvent",
    ]


def test_a_sale_at_the_bid_fills_at_the_bid(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40))
    events = venue.submit(venue.ticket(venue.option(CALL), "SELL", limit_price=1.50))
    (execution,) = [e for e in events if isinstance(e, ExecutionEvent)]

    assert (execution.side, execution.price, execution.cum_qty) == ("SLD", Decimal("2.00"), 1)


def test_a_limit_inside_the_spread_fills_after_it_has_rested(venue: Venue) -> None:
    placed = venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.25))
    early = venue.exchange.advance(seconds_later(2))
    later = venue.exchange.advance(seconds_later(4))

    assert statuses(placed) == ["PreSubmitted", "Submitted"]
    assert early == []
    assert statuses(later) == ["Filled"]


def test_a_limit_worse_than_the_mid_waits_until_the_market_comes(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10))
    waiting = venue.exchange.advance(seconds_later(3600))
    venue.quote(CALL, 1.80, 2.00)
    met = venue.exchange.advance(seconds_later(3601))
    (execution,) = [e for e in met if isinstance(e, ExecutionEvent)]

    assert waiting == []
    assert execution.price == Decimal("2.00")


def test_a_changed_price_has_to_rest_anew(venue: Venue) -> None:
    ticket = venue.ticket(venue.option(CALL), "BUY", limit_price=2.10, order_id=50)
    venue.submit(ticket)
    better = venue.ticket(venue.option(CALL), "BUY", limit_price=2.25, order_id=50)
    changed = venue.exchange.submit(better, seconds_later(20))

    assert statuses(changed) == ["Submitted"]
    assert venue.exchange.advance(seconds_later(22)) == []
    assert statuses(venue.exchange.advance(seconds_later(23))) == ["Filled"]


def test_the_same_price_sent_again_does_not_have_to_rest_anew(venue: Venue) -> None:
    terms = {"order_id": 50, "limit_price": 2.25}
    venue.submit(venue.ticket(venue.option(CALL), "BUY", **terms))
    venue.submit(venue.ticket(venue.option(CALL), "BUY", **terms), seconds_later(2))

    assert statuses(venue.exchange.advance(seconds_later(3))) == ["Filled"]


def test_a_change_needs_funds_for_what_is_not_filled_yet_only() -> None:
    """1,250 less 482.30 for two calls leaves 767.70; three more need 723.45, five 1,205.75."""
    settings = ExchangeSettings(fills=FillSettings(first_units=2))
    venue = Venue(settings, cash=Decimal(1250))
    venue.quote(CALL, 2.00, 2.40)
    terms = {"order_id": 50, "limit_price": 2.40, "quantity": 5}
    venue.submit(venue.ticket(venue.option(CALL), "BUY", **terms))
    changed = venue.submit(venue.ticket(venue.option(CALL), "BUY", **terms))

    assert codes(changed) == []
    assert venue.account.cash == Decimal("767.70")


def test_a_change_keeps_the_permanent_number(venue: Venue) -> None:
    terms = {"order_id": 50, "limit_price": 2.10}
    venue.submit(venue.ticket(venue.option(CALL), "BUY", **terms))
    (before,) = venue.exchange.open_orders()
    venue.submit(venue.ticket(venue.option(CALL), "BUY", **(terms | {"limit_price": 2.15})))
    (after,) = venue.exchange.open_orders()

    assert after.perm_id == before.perm_id
    assert after.ticket.limit_price == 2.15


def test_a_change_to_an_invalid_price_leaves_the_original_alive(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", order_id=50, limit_price=2.10))
    refused = venue.submit(venue.ticket(venue.option(CALL), "BUY", order_id=50, limit_price=2.105))
    (alive,) = venue.exchange.open_orders()

    assert codes(refused) == [110]
    assert statuses(refused) == []
    assert (alive.status, alive.ticket.limit_price) == (OrderStatus.SUBMITTED, 2.10)


@pytest.mark.parametrize(
    ("label", "action", "quantity"),
    [(CALL, "SELL", 1), ("VIX 2026-09-16 30C", "BUY", 1), (CALL, "BUY", 1)],
)
def test_a_change_into_another_order_is_refused(label: str, action: str, quantity: int) -> None:
    """The last case asks for no more than what was filled already."""
    settings = ExchangeSettings(fills=FillSettings(first_units=1))
    venue = Venue(settings)
    venue.quote(CALL, 2.00, 2.40)
    venue.submit(venue.ticket(venue.option(CALL), "BUY", order_id=50, limit_price=2.40, quantity=2))
    refused = venue.submit(
        venue.ticket(venue.option(label), action, order_id=50, limit_price=2.40, quantity=quantity)
    )

    assert codes(refused) == [105]
    assert len(venue.exchange.open_orders()) == 1


def test_a_number_not_above_the_last_one_is_a_duplicate(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", order_id=50, limit_price=2.10))
    refused = venue.submit(venue.ticket(venue.option(CALL), "BUY", order_id=49, limit_price=2.10))

    assert codes(refused) == [103]
    assert venue.exchange.next_order_id(7) == 51
    assert venue.exchange.next_order_id(8) == 1


def test_numbers_may_come_again_after_the_gateway_forgot_them(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", order_id=50, limit_price=2.10))
    venue.exchange.roll_back_order_ids()
    accepted = venue.submit(venue.ticket(venue.option(CALL), "BUY", order_id=1, limit_price=2.10))

    assert statuses(accepted) == ["PreSubmitted", "Submitted"]


def test_a_filled_order_cannot_be_changed(venue: Venue) -> None:
    ticket = venue.ticket(venue.option(CALL), "BUY", limit_price=2.40)
    venue.submit(ticket)

    assert codes(venue.submit(ticket)) == [104]


def test_orders_of_other_clients_have_numbers_of_their_own(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10, order_id=1))
    other = venue.ticket(venue.option(CALL), "BUY", limit_price=2.15, order_id=1, client_id=8)
    venue.submit(other)

    assert [o.ticket.key for o in venue.exchange.open_orders()] == [(7, 1), (8, 1)]


def test_a_cancel_ends_the_order_and_says_202(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10, order_id=50))
    events = venue.exchange.cancel(7, 50, NOON)

    assert (statuses(events), codes(events)) == (["Cancelled"], [202])
    assert venue.exchange.open_orders() == ()
    assert [o.status for o in venue.exchange.completed_orders()] == [OrderStatus.CANCELLED]


def test_a_cancel_of_what_is_not_there_says_so(venue: Venue) -> None:
    assert codes(venue.exchange.cancel(7, 99, NOON)) == [10147]


def test_a_client_cannot_cancel_what_another_placed(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10, order_id=50))

    assert codes(venue.exchange.cancel(8, 50, NOON)) == [10147]
    assert len(venue.exchange.open_orders()) == 1


def test_a_cancel_of_a_filled_order_says_that_it_is_filled(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40, order_id=50))
    (error,) = venue.exchange.cancel(7, 50, NOON)

    assert isinstance(error, OrderError)
    assert (error.code, error.message.endswith("state: Filled.")) == (10148, True)


def test_all_orders_of_all_clients_can_be_cancelled_at_once(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10))
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10, client_id=8))

    assert codes(venue.exchange.cancel_all(NOON)) == [202, 202]
    assert venue.exchange.open_orders() == ()


def test_before_the_open_an_order_waits_with_a_warning(venue: Venue) -> None:
    early = venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40), at(17, 12))
    opened = venue.exchange.advance(at(17, 13, 30))

    assert (statuses(early), codes(early)) == (["PreSubmitted"], [399])
    assert statuses(opened) == ["Submitted", "Filled"]


def test_after_the_close_an_order_waits_for_the_next_session(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40), at(17, 20, 30))

    assert venue.exchange.advance(at(17, 23)) == []
    assert statuses(venue.exchange.advance(at(18, 13, 30))) == ["Submitted", "Filled"]


def test_an_order_ends_with_its_day(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10))
    before = venue.exchange.advance(at(17, 20, 14, 59))
    at_the_close = venue.exchange.advance(at(17, 20, 15))

    assert before == []
    assert (statuses(at_the_close), codes(at_the_close)) == (["Cancelled"], [202])


def test_an_order_that_is_not_transmitted_does_not_trade_until_it_is(venue: Venue) -> None:
    terms = {"order_id": 50, "limit_price": 2.40}
    held = venue.submit(venue.ticket(venue.option(CALL), "BUY", transmit=False, **terms))
    sent = venue.submit(venue.ticket(venue.option(CALL), "BUY", **terms))

    assert statuses(held) == ["PreSubmitted"]
    assert statuses(sent) == ["PreSubmitted", "Submitted", "Filled"]


def test_a_partial_fill_leaves_the_rest_working(venue: Venue) -> None:
    settings = ExchangeSettings(fills=FillSettings(first_units=2, remainder_seconds=30))
    venue = Venue(settings)
    venue.quote(CALL, 2.00, 2.40)
    placed = venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40, quantity=5))
    early = venue.exchange.advance(seconds_later(29))
    (working,) = venue.exchange.open_orders()
    rest = venue.exchange.advance(seconds_later(30))
    last = [e for e in rest if isinstance(e, ExecutionEvent)][-1]

    assert statuses(placed) == ["PreSubmitted", "Submitted", "Submitted"]
    assert (working.filled, working.remaining) == (2, 3)
    assert early == []
    assert statuses(rest) == ["Filled"]
    assert (last.shares, last.cum_qty) == (3, 5)


def test_the_rest_of_a_partial_fill_may_never_come() -> None:
    venue = Venue(ExchangeSettings(fills=FillSettings(first_units=2)))
    venue.quote(CALL, 2.00, 2.40)
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40, quantity=5, order_id=50))
    waiting = venue.exchange.advance(at(17, 20))
    (end,) = [e for e in venue.exchange.cancel(7, 50, at(17, 20)) if isinstance(e, OrderUpdate)]

    assert waiting == []
    assert (end.order.status, end.order.filled, end.order.remaining) == ("Cancelled", 2, 3)


def test_the_mean_price_counts_every_fill() -> None:
    """2 at 2.40 and 1 at 2.10: (4.80 + 2.10) / 3 = 2.30."""
    settings = ExchangeSettings(fills=FillSettings(first_units=2, remainder_seconds=10))
    venue = Venue(settings)
    venue.quote(CALL, 2.00, 2.40)
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40, quantity=3))
    venue.quote(CALL, 2.00, 2.10)
    events = venue.exchange.advance(seconds_later(10))
    (end,) = [e.order for e in events if isinstance(e, OrderUpdate)]

    assert (end.avg_fill_price, end.last_fill_price) == (Decimal("2.30"), Decimal("2.10"))


def test_a_cancelled_order_may_fill_all_the_same_when_the_fault_is_asked_for() -> None:
    settings = ExchangeSettings(late_fill_seconds=5)
    venue = Venue(settings)
    venue.quote(CALL, 2.00, 2.40)
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10, order_id=50))
    cancelled = venue.exchange.cancel(7, 50, NOON)
    late = venue.exchange.advance(seconds_later(5))
    (execution,) = [e for e in late if isinstance(e, ExecutionEvent)]

    assert (statuses(cancelled), codes(cancelled)) == (["Cancelled"], [202])
    assert execution.price == Decimal("2.10")
    assert [e.quantity for e in late if isinstance(e, PositionEvent)] == [1]
    assert [o.status for o in venue.exchange.completed_orders()] == [OrderStatus.FILLED]


def test_a_late_fill_needs_a_market_too() -> None:
    venue = Venue(ExchangeSettings(late_fill_seconds=5))
    venue.quote(CALL, 2.00, 2.40)
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10, order_id=50))
    venue.exchange.cancel(7, 50, NOON)
    venue.market.quotes.clear()

    assert venue.exchange.advance(seconds_later(5)) == []


def test_a_late_fill_comes_on_the_day_of_its_order_or_never() -> None:
    venue = Venue(ExchangeSettings(late_fill_seconds=5))
    venue.quote(CALL, 2.00, 2.40)
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.10, order_id=50))
    venue.exchange.cancel(7, 50, NOON)

    assert venue.exchange.advance(at(18, 13, 30)) == []


def test_numbers_are_unique_and_the_same_in_a_second_run() -> None:
    def run() -> tuple[list[int], list[str]]:
        venue = Venue()
        venue.quote(CALL, 2.00, 2.40)
        for _ in range(3):
            venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40))
        orders = venue.exchange.completed_orders()
        return [o.perm_id for o in orders], [e.exec_id for e, _ in venue.exchange.executions()]

    perm_ids, exec_ids = run()

    assert (len(set(perm_ids)), len(set(exec_ids))) == (3, 3)
    assert run() == (perm_ids, exec_ids)


def test_a_run_that_starts_later_gives_other_numbers() -> None:
    first, second = Venue(), Venue()
    for venue, now in ((first, NOON), (second, at(18, 16))):
        venue.quote(CALL, 2.00, 2.40)
        venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40), now)
    (early,), (late,) = first.exchange.completed_orders(), second.exchange.completed_orders()

    assert early.perm_id < late.perm_id < 2**31


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ExecutionQuery(), [7, 8]),
        (ExecutionQuery(client_id=8), [8]),
        (ExecutionQuery(since=seconds_later(1)), [8]),
        (ExecutionQuery(symbol="VIX", sec_type="OPT", side="BOT", account=ACCOUNT), [7, 8]),
        (ExecutionQuery(symbol="SPX"), []),
        (ExecutionQuery(side="SLD"), []),
        (ExecutionQuery(exchange="CFE"), []),
    ],
)
def test_executions_can_be_asked_for_by_what_they_were(
    venue: Venue, query: ExecutionQuery, expected: list[int]
) -> None:
    call = venue.option(CALL)
    venue.submit(venue.ticket(call, "BUY", limit_price=2.40))
    venue.submit(venue.ticket(call, "BUY", limit_price=2.40, client_id=8), seconds_later(60))

    assert [e.client_id for e, _ in venue.exchange.executions(query)] == expected


def test_executions_are_replayed_with_their_commission(venue: Venue) -> None:
    """One VIX call at 2.40: 0.65 for the broker, 0.50 for the exchange."""
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40))
    ((execution, commission),) = venue.exchange.executions()

    assert commission is not None
    assert commission.exec_id == execution.exec_id
    assert (commission.commission, commission.realized_pnl) == (Decimal("1.15"), None)


def test_only_today_is_replayed_and_today_ends_at_midnight_in_new_york(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40))
    venue.exchange.advance(at(18, 3, 59))
    same_day = len(venue.exchange.executions()), len(venue.exchange.completed_orders())
    venue.exchange.advance(at(18, 4))
    next_day = len(venue.exchange.executions()), len(venue.exchange.completed_orders())

    assert same_day == (1, 1)
    assert next_day == (0, 0)


def test_a_correction_has_the_next_revision_and_moves_the_cash(venue: Venue) -> None:
    """Bought at 2.40, corrected to 2.30: 10 USD come back."""
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40))
    ((old, _),) = venue.exchange.executions()
    cash = venue.account.cash
    events = venue.exchange.correct(old.exec_id, Decimal("2.30"), now=seconds_later(60))
    ((new, fee),) = venue.exchange.executions()

    assert isinstance(events[0], ExecutionEvent)
    assert new.exec_id == old.exec_id[:-2] + "02"
    assert fee is not None
    assert fee.exec_id == new.exec_id
    assert venue.account.cash - cash == Decimal(10)


def test_what_was_not_executed_today_cannot_be_corrected(venue: Venue) -> None:
    with pytest.raises(KeyError):
        venue.exchange.correct("0000e0d5.00000000.01.01", Decimal(1), now=NOON)


def test_the_reference_comes_back_with_order_and_execution(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40, order_ref="near-1"))
    ((execution, _),) = venue.exchange.executions()
    (order,) = venue.exchange.completed_orders()

    assert (execution.order_ref, order.ticket.order_ref) == ("near-1", "near-1")
