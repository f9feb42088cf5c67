"""What comes off the wire is cleaned at the boundary: empty, crossed, halted, delayed."""

import datetime as dt
import math
from decimal import Decimal

import pytest
from ib_insync import Contract, Order, OrderState, OrderStatus, Ticker, Trade

from bot.broker.market_data import count_sectors
from bot.broker.orders import Ticket, margin_fact, order_fact, wire_order, wire_price
from bot.broker.quotes import answered, clean, feed, positive
from bot.broker.session import guard_account, money
from bot.core.book import Leg
from bot.core.errors import LiveAccountError
from bot.core.model import DailyBar, Feed, OptionContract, Right

NAN = math.nan


def ticker(**fields: float) -> Ticker:
    return Ticker(**{"bidSize": 10, "askSize": 10, "marketDataType": 1, **fields})


@pytest.mark.parametrize("value", [None, NAN, -1.0, 0.0, math.inf])
def test_what_is_no_price_is_unknown(value: float | None) -> None:
    assert positive(value) is None


def test_a_quote_keeps_its_sides_and_its_feed() -> None:
    quote = clean(ticker(bid=1.5, ask=1.6, marketDataType=3))

    assert (quote.bid, quote.ask, quote.mid) == (1.5, 1.6, 1.55)
    assert quote.feed is Feed.DELAYED


def test_an_ask_without_a_bid_says_that_nobody_bids() -> None:
    quote = clean(ticker(bid=0.0, ask=0.05))

    assert quote.bid is None
    assert quote.ask == 0.05
    assert quote.mid is None


def test_a_side_without_a_size_is_no_side() -> None:
    quote = clean(ticker(bid=1.5, ask=1.6, bidSize=0))

    assert quote.bid is None
    assert quote.ask == 1.6


def test_a_halted_instrument_has_no_quote() -> None:
    quote = clean(ticker(bid=1.5, ask=1.6, halted=1))

    assert (quote.bid, quote.ask) == (None, None)


def test_an_empty_quote_never_falls_back_to_the_last_trade() -> None:
    quote = clean(ticker(bid=-1.0, ask=-1.0, last=3.2))

    assert quote.mid is None


def test_a_feed_that_is_not_named_is_not_live() -> None:
    assert feed(Ticker(marketDataType=9)) is Feed.DELAYED


def test_an_option_is_answered_when_both_sides_have_come_even_if_empty() -> None:
    assert not answered(ticker(bid=1.5, ask=NAN))
    assert answered(ticker(bid=-1.0, ask=0.05))


def test_an_index_is_answered_by_a_last_or_by_both_counts_of_breadth() -> None:
    index = Contract(secType="IND", symbol="AD-NYSE")

    assert not answered(ticker(contract=index, bid=1500.0, ask=NAN))
    assert answered(ticker(contract=index, bid=1500.0, ask=1200.0))
    assert answered(ticker(contract=index, last=6400.0))


def bars(*closes: float) -> list[DailyBar]:
    first = dt.date(2026, 7, 20)
    return [
        DailyBar(session=first + dt.timedelta(days=n), open=c, high=c, low=c, close=c)
        for n, c in enumerate(closes)
    ]


def test_sectors_are_counted_on_days_that_all_of_them_have() -> None:
    days = count_sectors([bars(10, 11, 12), bars(10, 9, 9), bars(10, 11)])

    assert [(day.session.day, day.advances, day.declines) for day in days] == [(21, 2, 1)]


def test_no_sectors_make_no_breadth() -> None:
    assert count_sectors([[], []]) == ()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.50", Decimal("1234.50")),
        ("1.7976931348623157E308", None),
        ("", None),
        (None, None),
        ("nan", None),
    ],
)
def test_an_unset_amount_is_unknown(text: str | None, amount: Decimal | None) -> None:
    assert money(text) == amount


@pytest.mark.parametrize(
    "offered", [["U1234567"], ["DU1234567", "U7654321"], ["DU7654321"], [], [""]]
)
def test_any_account_but_the_configured_paper_account_is_refused(offered: list[str]) -> None:
    with pytest.raises(LiveAccountError, match="DU1234567"):
        guard_account(offered, "DU1234567")


@pytest.mark.parametrize("offered", [["DU1234567"], ["DU1234567", "DF7654321"]])
def test_the_configured_paper_account_is_let_through(offered: list[str]) -> None:
    guard_account(offered, "DU1234567")  # Refusal is an exception: none may come.


def leg(ratio: int) -> Leg:
    contract = OptionContract(
        underlying="VIX",
        trading_class="VIX",
        expiry=dt.date(2026, 9, 16),
        last_trade=dt.date(2026, 9, 15),
        strike=20.0,
        right=Right.CALL,
        con_id=7,
    )
    return Leg(contract=contract, ratio=ratio)


def ticket(*ratios: int, price: str) -> Ticket:
    return Ticket(
        order_ref="S-1",
        legs=tuple(leg(ratio) for ratio in ratios),
        quantity=4,
        net_price=Decimal(price),
    )


@pytest.mark.parametrize(
    ("ratios", "net", "action", "limit"),
    [
        ((1,), "2.15", "BUY", 2.15),
        ((-1,), "-2.15", "SELL", 2.15),
        ((1, -1, -1, 1), "-9.00", "BUY", -9.0),
        ((-1, 1, 1, -1), "4.50", "BUY", 4.5),
    ],
)
def test_a_net_debit_is_written_as_the_venue_wants_it(
    ratios: tuple[int, ...], net: str, action: str, limit: float
) -> None:
    order = wire_order(ticket(*ratios, price=net), "DU1234567")

    assert (order.action, order.lmtPrice) == (action, limit)
    assert (order.account, order.orderRef, order.tif) == ("DU1234567", "S-1", "DAY")
    assert wire_price(ticket(*ratios, price=net).legs, Decimal(net)) == Decimal(str(limit))


def test_an_unset_margin_is_unknown() -> None:
    fact = margin_fact(OrderState(initMarginChange="1.7976931348623157E308"))

    assert fact.initial_margin_change_usd is None


def test_a_listed_order_is_known_by_reference_and_permanent_number() -> None:
    trade = Trade(
        Contract(), Order(orderRef="S-1", permId=99, orderId=3), OrderStatus(status="Submitted")
    )

    fact = order_fact(trade, is_open=True)

    assert (fact.order_ref, fact.perm_id, fact.order_id, fact.is_open) == ("S-1", 99, 3, True)
