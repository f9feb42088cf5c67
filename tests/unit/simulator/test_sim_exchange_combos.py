"""Combos at the simulated venue: signs both ways, executions by leg, broken ones."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.simulator.exchange import (
    ComboLeg,
    CommissionEvent,
    Event,
    ExchangeSettings,
    ExecutionEvent,
    FillSettings,
    OrderUpdate,
)
from scripted_market import CASH, NOON, Venue

D = Decimal
LATER = NOON + dt.timedelta(seconds=60)


def reverse(legs: tuple[ComboLeg, ...]) -> tuple[ComboLeg, ...]:
    swap = {"BUY": "SELL", "SELL": "BUY"}
    return tuple(replace(leg, action=swap[leg.action]) for leg in legs)


def executions(events: list[Event]) -> list[ExecutionEvent]:
    return [e for e in events if isinstance(e, ExecutionEvent)]


def held(venue: Venue) -> list[tuple[str, int]]:
    return [(p.instrument.local_symbol[-9:], p.quantity) for p in venue.account.positions()]


LABELS = (
    "SPXW 2026-08-21 5700P",
    "SPXW 2026-08-21 5750P",
    "SPXW 2026-08-21 6250C",
    "SPXW 2026-08-21 6300C",
)
OPEN_CONDOR = [("P05700000", 1), ("P05750000", -1), ("C06250000", -1), ("C06300000", 1)]


def test_buying_a_condor_at_a_negative_price_opens_it_for_a_credit() -> None:
    venue = Venue()
    events = venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00))
    whole, *legs = executions(events)

    assert (whole.instrument.sec_type, whole.side, whole.price) == ("BAG", "BOT", D("-2.00"))
    assert [e.side for e in legs] == ["BOT", "SLD", "SLD", "BOT"]
    assert held(venue) == OPEN_CONDOR


def test_selling_the_reversed_condor_at_a_positive_price_is_the_same_trade() -> None:
    venue = Venue()
    events = venue.submit(venue.bag(reverse(venue.condor()), "SELL", limit_price=2.00))
    whole, *legs = executions(events)

    assert (whole.side, whole.price) == ("SLD", D("2.00"))
    assert [e.side for e in legs] == ["BOT", "SLD", "SLD", "BOT"]
    assert held(venue) == OPEN_CONDOR


@pytest.mark.parametrize(
    ("action", "limit"), [("SELL", -2.80), ("SELL", -3.00), ("BUY", 2.80), ("BUY", 3.00)]
)
def test_closing_pays_the_natural_debit_both_ways(action: str, limit: float) -> None:
    """Shorts at 2.60 and 1.80 less longs at 1.00 and 0.60: 2.80 to pay, never more."""
    venue = Venue()
    legs = venue.condor()
    venue.submit(venue.bag(legs, "BUY", limit_price=-2.00))
    closing = legs if action == "SELL" else reverse(legs)
    whole, *_ = executions(venue.submit(venue.bag(closing, action, limit_price=limit)))

    assert whole.price == (D("-2.80") if action == "SELL" else D("2.80"))
    assert held(venue) == []


@pytest.mark.parametrize(("action", "limit"), [("BUY", -2.45), ("SELL", 2.45)])
def test_a_credit_better_than_the_mid_does_not_fill(action: str, limit: float) -> None:
    venue = Venue()
    legs = venue.condor() if action == "BUY" else reverse(venue.condor())
    events = venue.submit(venue.bag(legs, action, limit_price=limit))

    assert executions(events + venue.exchange.advance(LATER)) == []


@pytest.mark.parametrize(("action", "limit"), [("BUY", -2.20), ("SELL", 2.20)])
def test_a_credit_between_mid_and_natural_fills_at_the_limit_once_rested(
    action: str, limit: float
) -> None:
    venue = Venue()
    legs = venue.condor() if action == "BUY" else reverse(venue.condor())
    placed = venue.submit(venue.bag(legs, action, limit_price=limit))
    whole, *fills = executions(venue.exchange.advance(LATER))
    paid = sum(e.price if e.side == "BOT" else -e.price for e in fills)

    assert executions(placed) == []
    assert whole.price == D(str(limit))
    assert paid == D("-2.20")


def test_executions_of_a_combo_are_one_family_whole_first() -> None:
    venue = Venue()
    found = executions(venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00)))
    families = {e.exec_id.rsplit(".", 2)[0] for e in found}

    assert len(families) == 1
    assert [e.exec_id[-5:] for e in found] == ["01.01", "02.01", "03.01", "04.01", "05.01"]


def test_leg_executions_count_legs_and_carry_the_commissions() -> None:
    """Two condors: legs at 1.20, 2.40, 1.60 pay 0.65 + 0.45, the one at 0.80 pays 0.65 + 0.36."""
    venue = Venue()
    events = venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00, quantity=2))
    whole, *legs = executions(events)
    fees = [e for e in events if isinstance(e, CommissionEvent)]

    assert [e.shares for e in legs] == [2, 2, 2, 2]
    assert [f.exec_id for f in fees] == [e.exec_id for e in legs]
    assert [f.commission for f in fees] == [D("2.20"), D("2.20"), D("2.20"), D("2.02")]
    assert whole.shares == 2


def test_opening_a_condor_brings_its_credit_less_commissions_into_cash() -> None:
    """2.00 x 100 less three legs at 1.10 and one at 1.01."""
    venue = Venue()
    venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00))

    assert venue.account.cash - CASH == D(200) - D("4.31")


def test_a_partial_combo_counts_whole_units_and_legs_alike() -> None:
    settings = ExchangeSettings(fills=FillSettings(first_units=1, remainder_seconds=10))
    venue = Venue(settings)
    first = venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00, quantity=3))
    rest = executions(venue.exchange.advance(LATER))

    assert [e.shares for e in executions(first)] == [1] * 5
    assert [e.cum_qty for e in rest] == [3] * 5
    assert rest[0].exec_id.rsplit(".", 2)[0] != executions(first)[0].exec_id.rsplit(".", 2)[0]


def test_a_broken_combo_executes_its_first_legs_without_the_whole() -> None:
    venue = Venue(ExchangeSettings(fills=FillSettings(loose_legs=2)))
    events = venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00))
    (*_, update) = [e.order for e in events if isinstance(e, OrderUpdate)]

    assert [e.instrument.sec_type for e in executions(events)] == ["OPT", "OPT"]
    assert held(venue) == OPEN_CONDOR[:2]
    assert (update.status, update.filled) == ("Submitted", 0)


def test_a_broken_combo_may_be_mended_later_within_one_family() -> None:
    settings = ExchangeSettings(fills=FillSettings(loose_legs=2, remainder_seconds=30))
    venue = Venue(settings)
    first = executions(venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00)))
    early = venue.exchange.advance(NOON + dt.timedelta(seconds=29))
    events = venue.exchange.advance(LATER)
    whole, *missing = executions(events)
    (end,) = [e.order for e in events if isinstance(e, OrderUpdate)]

    assert early == []
    assert [e.exec_id[-5:] for e in (*first, whole, *missing)] == [
        "02.01",
        "03.01",
        "01.01",
        "04.01",
        "05.01",
    ]
    assert whole.price == D("-2.00")
    assert held(venue) == OPEN_CONDOR
    assert (end.status, end.filled) == ("Filled", 1)


def test_a_late_fill_of_a_broken_combo_trades_no_leg_twice() -> None:
    fills = FillSettings(loose_legs=2, remainder_seconds=None)
    venue = Venue(ExchangeSettings(fills=fills, late_fill_seconds=5))
    venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00, order_id=50))
    venue.exchange.cancel(7, 50, NOON)
    venue.exchange.advance(LATER)

    assert held(venue) == OPEN_CONDOR


def test_missing_legs_trade_inside_the_market_they_find() -> None:
    """The short call was to be sold at 1.60; it is now bid 1.20, offered 1.40."""
    settings = ExchangeSettings(fills=FillSettings(loose_legs=2, remainder_seconds=30))
    venue = Venue(settings)
    venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00))
    venue.quote("SPXW 2026-08-21 6250C", 1.20, 1.40)
    whole, short_call, _ = executions(venue.exchange.advance(LATER))

    assert short_call.price == D("1.40")
    assert whole.price == D("-1.80")


def test_a_leg_that_stops_quoting_stops_the_combo() -> None:
    venue = Venue()
    venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.20))
    del venue.market.quotes["SPXW 2026-08-21 5700P"]

    assert venue.exchange.advance(LATER) == []


nickels = st.integers(1, 120).map(lambda n: D(n) * D("0.05"))


@given(st.lists(st.tuples(nickels, nickels), min_size=4, max_size=4), st.integers(-200, 200))
def test_whatever_the_market_a_fill_is_inside_it_and_no_worse_than_the_limit(
    quotes: list[tuple[Decimal, Decimal]], limit: int
) -> None:
    """Four legs with any bid and spread, a BUY at any net price."""
    venue = Venue()
    legs = venue.condor()
    market = dict(zip(LABELS, ((bid, bid + spread) for bid, spread in quotes), strict=True))
    for label, (bid, ask) in market.items():
        venue.quote(label, float(bid), float(ask))
    price = D(limit) * D("0.05")
    events = venue.submit(venue.bag(legs, "BUY", limit_price=float(price)))
    found = executions(events + venue.exchange.advance(LATER))

    prices = [execution.price for execution in found[1:]]
    inside = (bid <= leg <= ask for (bid, ask), leg in zip(market.values(), prices, strict=False))

    assert len(found) in {0, 5}
    assert all(whole.price <= price for whole in found[:1])
    assert all(inside)


def test_closing_realizes_what_opening_cost_and_both_commissions() -> None:
    """Opened at -2.00, closed at 2.80: 80 lost, and twice four commissions."""
    venue = Venue()
    legs = venue.condor()
    opened = venue.submit(venue.bag(legs, "BUY", limit_price=-2.00))
    closed = venue.submit(venue.bag(legs, "SELL", limit_price=-2.80))
    fees = [e.commission for e in (*opened, *closed) if isinstance(e, CommissionEvent)]
    profits = [e.realized_pnl for e in closed if isinstance(e, CommissionEvent)]

    assert all(e.realized_pnl is None for e in opened if isinstance(e, CommissionEvent))
    assert sum(p for p in profits if p is not None) == D(-80) - sum(fees)
    assert venue.account.cash - CASH == D(-80) - sum(fees)
