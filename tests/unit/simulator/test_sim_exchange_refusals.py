"""What the simulated venue refuses, with which code, and what it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.simulator.exchange import (
    ComboLeg,
    Event,
    MarginPreview,
    OrderError,
    OrderStatus,
    OrderUpdate,
)
from bot.simulator.instruments import ContractQuery
from scripted_market import CASH, NOON, Venue, at

CALL = "VIX 2026-09-16 25C"
D = Decimal


def refusal(events: list[Event]) -> OrderError:
    return next(e for e in events if isinstance(e, OrderError))


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.quote(CALL, 2.00, 2.40)
    return venue


@pytest.mark.parametrize(
    ("terms", "code", "text"),
    [
        ({"account": "DU9999999"}, 321, "DU9999999"),
        ({"order_type": "STP"}, 387, "'STP'"),
        ({"action": "SSHORT"}, 201, "'SSHORT'"),
        ({"tif": "GTC"}, 201, "'GTC'"),
        ({"quantity": 0}, 201, "quantity 0"),
        ({"quantity": 1.5}, 201, "quantity 1.5"),
        ({"limit_price": None}, 201, "needs a limit price"),
        ({"limit_price": 2.123}, 110, "2.123 is not a multiple of 0.01"),
        ({"limit_price": 3.01}, 110, "3.01 is not a multiple of 0.05"),
        ({"limit_price": -2.40}, 110, "-2.4"),
        ({"limit_price": 0.0}, 110, "0.0"),
    ],
)
def test_a_ticket_that_breaks_a_rule_is_refused_with_its_value(
    venue: Venue, terms: dict[str, object], code: int, text: str
) -> None:
    fields = {"action": "BUY", "limit_price": 2.40} | terms
    action = str(fields.pop("action"))
    error = refusal(venue.submit(venue.ticket(venue.option(CALL), action, **fields)))

    assert error.code == code
    assert text in error.message
    assert venue.exchange.open_orders() == ()


@pytest.mark.parametrize(
    ("label", "price", "good"),
    [
        ("SPXW 2026-08-21 5800P", 2.95, True),
        ("SPXW 2026-08-21 5800P", 2.96, False),
        ("SPXW 2026-08-21 5800P", 3.05, False),
        ("SPX 2026-08-21 5800P", 3.10, True),
        ("VIX 2026-09-16 30C", 2.99, True),
        ("VIX 2026-09-16 30C", 3.02, False),
        ("VIX 2026-09-16 30C", 3.05, True),
    ],
)
def test_ticks_follow_product_and_price_band(
    venue: Venue, label: str, price: float, *, good: bool
) -> None:
    events = venue.submit(venue.ticket(venue.quote(label, 1.0, 9.0), "BUY", limit_price=price))

    assert [e.code for e in events if isinstance(e, OrderError)] == ([] if good else [110])


@pytest.mark.parametrize(("price", "good"), [(-2.05, True), (-3.05, True), (-2.02, False)])
def test_combos_quote_in_nickels_at_every_price(venue: Venue, price: float, *, good: bool) -> None:
    events = venue.submit(venue.bag(venue.condor(), "BUY", limit_price=price))

    assert [e.code for e in events if isinstance(e, OrderError)] == ([] if good else [110])


@pytest.mark.parametrize(
    "raw",
    [
        {"orderComboLegs": "4 -1 1 1 -1"},
        {"smartComboRoutingParams": "1 NonGuaranteed 1"},
    ],
)
def test_a_combo_with_leg_prices_or_routing_flags_is_refused(
    venue: Venue, raw: dict[str, str]
) -> None:
    (error,) = venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00, raw=raw))

    assert isinstance(error, OrderError)
    assert error.code == 10058


def test_empty_blocks_of_leg_prices_and_flags_do_no_harm(venue: Venue) -> None:
    raw = {"orderComboLegs": "0", "smartComboRoutingParams": "0"}
    venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00, raw=raw))

    assert len(venue.account.positions()) == 4


def test_an_unknown_contract_is_rejected(venue: Venue) -> None:
    (error,) = venue.submit(venue.ticket(None, "BUY", limit_price=1.0))

    assert isinstance(error, OrderError)
    assert error.code == 201
    assert "No security definition" in error.message


def test_a_rejected_order_is_told_inactive_and_kept_among_the_completed(venue: Venue) -> None:
    index = venue.instruments.match(ContractQuery(symbol="VIX", sec_type="IND"))[0]
    update, error = venue.submit(venue.ticket(index, "BUY", limit_price=1.0))
    (kept,) = venue.exchange.completed_orders()

    assert isinstance(update, OrderUpdate)
    assert isinstance(error, OrderError)
    assert update.order == kept
    assert (kept.status, kept.reason) == (OrderStatus.INACTIVE, error.message)


@pytest.mark.parametrize("code", ["110", "321"])
def test_other_refusals_leave_no_order_behind(venue: Venue, code: str) -> None:
    terms = {"110": {"limit_price": 2.123}, "321": {"limit_price": 2.4, "account": "U1"}}[code]
    (error,) = venue.submit(venue.ticket(venue.option(CALL), "BUY", **terms))

    assert isinstance(error, OrderError)
    assert error.code == int(code)
    assert venue.exchange.completed_orders() == ()


def test_what_left_the_listing_is_rejected(venue: Venue) -> None:
    call = venue.option(CALL)
    venue.market.listing = ()
    error = refusal(venue.submit(venue.ticket(call, "BUY", limit_price=2.40)))

    assert (error.code, "not listed" in error.message) == (201, True)


@pytest.mark.parametrize("order_type", ["LMT", "MKT"])
def test_what_nobody_quotes_in_open_hours_is_rejected(venue: Venue, order_type: str) -> None:
    put = venue.option("SPXW 2026-08-21 5800P")
    ticket = venue.ticket(put, "BUY", limit_price=1.0, order_type=order_type)
    error = refusal(venue.submit(ticket))

    assert (error.code, "No price is known" in error.message) == (201, True)


def test_before_the_open_only_a_limit_may_wait_for_a_quote(venue: Venue) -> None:
    put = venue.option("SPXW 2026-08-21 5800P")
    limit = venue.submit(venue.ticket(put, "BUY", limit_price=1.0), at(17, 12))
    market = venue.submit(venue.ticket(put, "BUY", order_type="MKT"), at(17, 12))

    assert [e.code for e in limit if isinstance(e, OrderError)] == [399]
    assert refusal(market).code == 201


@pytest.mark.parametrize(
    ("label", "hour", "minute", "good"),
    [
        ("VIX 2026-08-19 20C", 20, 14, True),
        ("VIX 2026-08-19 20C", 20, 15, False),
    ],
)
def test_vix_options_trade_for_the_last_time_the_day_before_they_settle(
    venue: Venue, label: str, hour: int, minute: int, *, good: bool
) -> None:
    ticket = venue.ticket(venue.quote(label, 1.0, 1.2), "BUY", limit_price=1.2)
    events = venue.submit(ticket, at(18, hour, minute))

    assert [e.code for e in events if isinstance(e, OrderError)] == ([] if good else [201])


@pytest.mark.parametrize(("minute", "good"), [(59, True), (60, False)])
def test_spxw_stops_trading_at_four_on_its_expiry(venue: Venue, minute: int, *, good: bool) -> None:
    put = venue.quote("SPXW 2026-08-20 5800P", 1.0, 1.2)
    now = at(20, 19 + minute // 60, minute % 60)
    events = venue.submit(venue.ticket(put, "BUY", limit_price=1.2), now)

    assert [e.code for e in events if isinstance(e, OrderError)] == ([] if good else [201])


def test_a_combo_of_two_expiries_ends_with_the_one_that_ends_first(venue: Venue) -> None:
    legs = tuple(
        ComboLeg(con_id=venue.quote(label, 1.0, 1.2).con_id, ratio=1, action=a, exchange="SMART")
        for label, a in (("SPXW 2026-08-20 5800P", "SELL"), ("SPXW 2026-08-21 5800P", "BUY"))
    )
    venue.submit(venue.bag(legs, "BUY", limit_price=-1.0), at(20, 19))

    assert venue.exchange.advance(at(20, 19, 59)) == []
    assert refusal(venue.exchange.advance(at(20, 20))).code == 202


def bad_legs(venue: Venue) -> dict[str, tuple[ComboLeg, ...]]:
    one, two, three, four = venue.condor()
    return {
        "one leg": (one,),
        "no legs": (),
        "a leg twice": (one, one, two, three),
        "five legs": (one, two, three, four, replace(one, con_id=1)),
        "an unknown leg": (one, two, three, replace(four, con_id=1)),
        "a ratio": (one, replace(two, ratio=2)),
        "no side": (one, replace(two, action="HOLD")),
    }


@pytest.mark.parametrize("fault", bad_legs(Venue()))
def test_legs_that_make_no_combo_are_rejected(venue: Venue, fault: str) -> None:
    events = venue.submit(venue.bag(bad_legs(venue)[fault], "BUY", limit_price=-1.0))

    assert refusal(events).code == 201


def test_an_order_beyond_the_available_funds_is_rejected_with_the_figures() -> None:
    """A condor of 50 points ties up 5,000; its credit of 200 leaves 900 + 195.69 - 5,000."""
    venue = Venue(cash=D(900))
    error = refusal(venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00)))

    assert error.code == 201
    assert "-3904.31 USD" in error.message
    assert venue.account.positions() == ()


def test_long_options_are_paid_in_full() -> None:
    """2.40 x 100 and a commission of 1.15 (at the mid, as at the limit) need 241.15."""
    enough, short = Venue(cash=D("241.15")), Venue(cash=D("241.14"))
    for venue in (enough, short):
        venue.quote(CALL, 2.00, 2.40)
        venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40))

    assert len(enough.account.positions()) == 1
    assert short.account.positions() == ()


def test_below_zero_funds_only_an_order_that_frees_some_is_admitted() -> None:
    """Two uncovered puts while the index falls to 1,000: 600,000 short, with one 100,000."""
    venue = Venue(cash=D(400_000))
    put = venue.quote("SPXW 2026-08-21 5800P", 10.0, 10.4)
    venue.submit(venue.ticket(put, "SELL", limit_price=10.0, quantity=2))
    venue.market.levels["SPX"] = 1000.0
    more = venue.submit(venue.ticket(put, "SELL", limit_price=10.0))
    less = venue.submit(venue.ticket(put, "BUY", limit_price=10.4))

    assert refusal(more).code == 201
    assert [e for e in less if isinstance(e, OrderError)] == []
    assert float(venue.account.values(NOON)["AvailableFunds"][0]) < 0
    assert venue.account.quantity(put) == -1


def test_a_preview_tells_margin_and_sends_nothing(venue: Venue) -> None:
    """Width 50 x 100; equity gains the credit at the limit less four commissions."""
    (preview,) = venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.20, what_if=True))

    assert isinstance(preview, MarginPreview)
    assert (preview.init_before, preview.init_after, preview.init_change) == (0, 5000, 5000)
    assert preview.maint_change == 5000
    assert preview.commission == D("4.31")
    assert preview.equity_change == D(220) - D("4.31")
    assert venue.exchange.open_orders() == venue.exchange.completed_orders() == ()


def test_equity_of_a_preview_leaves_out_what_long_options_are_worth(venue: Venue) -> None:
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40, quantity=10))
    (preview,) = venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.2, what_if=True))

    assert isinstance(preview, MarginPreview)
    assert preview.equity_before == venue.account.cash == CASH - D("2411.50")


def test_a_preview_at_market_uses_the_mids(venue: Venue) -> None:
    (preview,) = venue.submit(
        venue.ticket(venue.option(CALL), "BUY", order_type="MKT", what_if=True)
    )

    assert isinstance(preview, MarginPreview)
    assert preview.equity_change == D("-220") - D("1.15")


def test_a_preview_of_what_cannot_be_paid_is_refused_and_leaves_nothing() -> None:
    venue = Venue(cash=D(900))
    (error,) = venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00, what_if=True))

    assert isinstance(error, OrderError)
    assert error.code == 201
    assert venue.exchange.completed_orders() == ()


def test_a_preview_of_an_invalid_ticket_is_refused(venue: Venue) -> None:
    ticket = venue.ticket(venue.option(CALL), "BUY", limit_price=2.123, what_if=True)

    assert refusal(venue.submit(ticket)).code == 110


def test_a_preview_uses_up_its_number(venue: Venue) -> None:
    ticket = venue.ticket(venue.option(CALL), "BUY", limit_price=2.4, what_if=True, order_id=9)
    venue.submit(ticket)

    assert venue.exchange.next_order_id(7) == 10
