"""Cash, cost, profit and the account page, against figures worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.simulator.account import Trade
from bot.simulator.instruments import ContractQuery, Instrument
from bot.simulator.market import SimQuote
from scripted_market import ACCOUNT, CASH, NOON, Venue, at

D = Decimal
CALL = "VIX 2026-09-16 25C"


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    venue.quote(CALL, 2.00, 2.40)
    venue.account.start_day(NOON)
    return venue


def trade(venue: Venue, quantity: int, price: str, fee: str = "1.00") -> Decimal | None:
    return venue.account.trade(
        Trade(instrument=venue.option(CALL), quantity=quantity, price=D(price), commission=D(fee))
    )


def amounts(venue: Venue) -> dict[str, Decimal]:
    values = venue.account.values(NOON)
    return {key: D(text) for key, (text, currency) in values.items() if currency == "USD"}


def test_the_average_cost_of_a_long_position_includes_the_commission(venue: Venue) -> None:
    """4 at 2.00 for 4.00: 201 a contract."""
    trade(venue, 4, "2.00", "4.00")
    (line,) = venue.account.positions()

    assert (line.quantity, line.avg_cost) == (4, D(201))


def test_the_average_cost_of_a_short_position_is_what_it_brought(venue: Venue) -> None:
    """4 at 2.00 for 4.00: 199 a contract."""
    trade(venue, -4, "2.00", "4.00")
    (line,) = venue.account.positions()

    assert (line.quantity, line.avg_cost) == (-4, D(199))


def test_adding_averages_and_closing_a_part_leaves_the_average_alone(venue: Venue) -> None:
    """2 at 201 and 2 at 301: 251; selling one keeps it."""
    trade(venue, 2, "2.00", "2.00")
    trade(venue, 2, "3.00", "2.00")
    trade(venue, -1, "4.00")
    (line,) = venue.account.positions()

    assert (line.quantity, line.avg_cost) == (3, D(251))


def test_profit_is_realized_after_the_commissions_of_both_sides(venue: Venue) -> None:
    """Bought at 201, sold at 300 less 1: 98."""
    opened = trade(venue, 1, "2.00")
    closed = trade(venue, -1, "3.00")

    assert (opened, closed) == (None, D(98))
    assert venue.account.cash == CASH + 98


def test_a_short_position_realizes_when_it_is_bought_back(venue: Venue) -> None:
    """Sold at 300 less 1, bought back at 200 plus 1: 98."""
    trade(venue, -1, "3.00")

    assert trade(venue, 1, "2.00") == D(98)


def test_a_trade_through_zero_closes_one_side_and_opens_the_other(venue: Venue) -> None:
    """2 long at 201; 5 sold at 3.00 for 5.00: 2 close at 299 each, 3 are short at 299."""
    trade(venue, 2, "2.00", "2.00")
    profit = trade(venue, -5, "3.00", "5.00")
    (line,) = venue.account.positions()

    assert profit == D(196)
    assert (line.quantity, line.avg_cost) == (-3, D(299))


def test_the_portfolio_values_positions_at_the_mid(venue: Venue) -> None:
    """3 at 2.20: 660 against a cost of 603."""
    trade(venue, 3, "2.00", "3.00")
    (line,) = venue.account.portfolio()

    assert (line.market_price, line.market_value) == (D("2.2"), D(660))
    assert (line.avg_cost, line.unrealized_pnl, line.realized_pnl) == (D(201), D(57), 0)


def test_a_position_closed_today_stays_in_the_portfolio_until_tomorrow(venue: Venue) -> None:
    trade(venue, 1, "2.00")
    trade(venue, -1, "3.00")
    (line,) = venue.account.portfolio()
    venue.account.start_day(at(18, 4))

    assert (line.quantity, line.realized_pnl) == (0, D(98))
    assert venue.account.positions() == ()
    assert venue.account.portfolio() == ()


def test_realized_profit_starts_anew_each_new_york_day(venue: Venue) -> None:
    trade(venue, 2, "2.00", "2.00")
    trade(venue, -1, "3.00")
    venue.account.start_day(at(18, 3, 59))
    late = venue.account.pnl().realized
    venue.account.start_day(at(18, 4))
    (line,) = venue.account.portfolio()

    assert (late, venue.account.pnl().realized) == (D(98), 0)
    assert line.realized_pnl == 0


def test_the_days_profit_counts_from_its_first_valuation(venue: Venue) -> None:
    """Bought at 2.20 for 1.00 and marked at 2.20: -1; tomorrow the mark rises by 0.30: 30."""
    trade(venue, 1, "2.20")
    today = venue.account.pnl().daily
    venue.account.start_day(at(18, 4))
    venue.quote(CALL, 2.30, 2.70)

    assert (today, venue.account.pnl().daily) == (D(-1), D(30))


@pytest.mark.parametrize(
    ("quotes", "mark"),
    [
        ([SimQuote(bid=0.0, ask=0.10)], "0.05"),
        ([SimQuote(bid=2.0, ask=2.4), None], "2.2"),
        ([SimQuote(bid=2.0, ask=2.4), SimQuote(bid=3.0, ask=2.9, last=9.0)], "2.2"),
        ([SimQuote(last=1.7)], "1.7"),
        ([SimQuote(bid=None, ask=0.5, last=1.7)], "1.7"),
        ([None], "2.01"),
    ],
)
def test_without_a_market_the_mark_is_the_last_mid_then_the_last_trade_then_the_cost(
    quotes: list[SimQuote | None], mark: str
) -> None:
    venue = Venue()
    trade(venue, 1, "2.00")
    label = venue.option(CALL)
    for quote in quotes:
        venue.market.quotes.clear()
        if quote is not None:
            venue.market.quotes[CALL] = quote
        seen = venue.account.mark(label)

    assert seen == D(mark)


def test_the_account_page_of_a_condor_and_a_hedge(venue: Venue) -> None:
    """Worked by hand.

    Condor at -2.00: cash + 200 - 4.31, worth -2.40 x 100 at the mids, margin 50 x 100.
    Two calls at 2.40: cash - 480 - 2.30, worth 2.20 x 200.
    """
    venue.submit(venue.bag(venue.condor(), "BUY", limit_price=-2.00))
    venue.submit(venue.ticket(venue.option(CALL), "BUY", limit_price=2.40, quantity=2))
    seen = amounts(venue)
    cash = CASH + D("195.69") - D("482.30")

    assert seen["TotalCashValue"] == cash
    assert seen["SettledCash"] == CASH
    assert seen["OptionMarketValue"] == D(-240) + D(440)
    assert seen["NetLiquidation"] == cash + 200
    assert seen["EquityWithLoanValue"] == cash
    assert seen["InitMarginReq"] == seen["MaintMarginReq"] == 5000
    assert seen["AvailableFunds"] == seen["ExcessLiquidity"] == cash - 5000
    assert seen["FullExcessLiquidity"] == cash - 5000
    assert seen["BuyingPower"] == 4 * (cash - 5000)
    assert seen["GrossPositionValue"] == D(110 + 250 + 170 + 70 + 440)
    assert seen["UnrealizedPnL"] == D(-240) - D("-195.69") + D(440) - D("482.30")
    assert seen["RealizedPnL"] == 0


def test_cash_of_options_settles_the_next_new_york_day(venue: Venue) -> None:
    trade(venue, 1, "2.00")
    today = venue.account.values(NOON)["SettledCash"]
    tomorrow = venue.account.values(at(18, 4))["SettledCash"]

    assert (today, tomorrow) == (("1000000.00", "USD"), ("999799.00", "USD"))


def test_the_account_page_names_the_account(venue: Venue) -> None:
    values = venue.account.values(NOON)

    assert values["AccountCode"] == (ACCOUNT, "")
    assert values["AccountReady"] == ("true", "")


def spy_and_future(venue: Venue) -> tuple[Instrument, Instrument]:
    venue.market.quotes["SPY"] = SimQuote(bid=600.0, ask=600.0)
    venue.market.quotes["VX20260916"] = SimQuote(bid=20.0, ask=20.0)
    (spy,) = venue.instruments.match(ContractQuery(symbol="SPY", sec_type="STK"))
    (vx,) = venue.instruments.match(ContractQuery(sec_type="FUT", last_trade="20260916"))
    return spy, vx


def test_shares_tie_up_half_of_their_value_and_a_future_half_of_its_notional(
    venue: Venue,
) -> None:
    """10 SPY at 600: 3,000 initial, 1,500 maintenance. One VX at 20: 10,000 of 20,000."""
    spy, vx = spy_and_future(venue)
    venue.submit(venue.ticket(spy, "BUY", limit_price=600.0, quantity=10))
    venue.submit(venue.ticket(vx, "BUY", limit_price=20.0))
    seen = amounts(venue)

    assert (seen["InitMarginReq"], seen["MaintMarginReq"]) == (13_000, 11_500)
    assert seen["StockMarketValue"] == seen["GrossPositionValue"] == 6000
    assert seen["TotalCashValue"] == CASH - 6001
    assert seen["NetLiquidation"] == CASH - 1 - D("2.25")
    assert seen["SettledCash"] == CASH - 6001


def test_the_open_profit_of_a_future_is_equity_but_not_cash(venue: Venue) -> None:
    """Bought at 20.00, marked at 20.50: 500 less the fee of 2.25."""
    _, vx = spy_and_future(venue)
    venue.submit(venue.ticket(vx, "BUY", limit_price=20.0))
    venue.market.quotes["VX20260916"] = SimQuote(bid=20.45, ask=20.55)
    seen = amounts(venue)

    assert seen["TotalCashValue"] == CASH
    assert seen["NetLiquidation"] == CASH + D("497.75")


def test_a_correction_of_a_closed_position_moves_realized_profit(venue: Venue) -> None:
    """Bought at 2.00 and sold at 3.00; the sale is corrected to 3.10: 10 more."""
    trade(venue, 1, "2.00")
    trade(venue, -1, "3.00")
    venue.account.correct(venue.option(CALL), -1, D("0.10"))

    assert venue.account.cash == CASH + 108
    assert venue.account.pnl().realized == D(108)


def test_a_correction_of_an_open_position_moves_its_cost(venue: Venue) -> None:
    trade(venue, 1, "2.00")
    venue.account.correct(venue.option(CALL), 1, D("-0.10"))
    (line,) = venue.account.positions()

    assert line.avg_cost == D(191)
    assert venue.account.pnl().realized == 0


quantities = st.integers(-5, 5).filter(bool)
prices = st.integers(1, 2000).map(lambda cents: D(cents) / 100)


@given(st.lists(st.tuples(quantities, prices), min_size=1, max_size=12))
def test_cash_is_what_trades_brought_and_profit_what_cash_and_cost_leave(
    trades: list[tuple[int, Decimal]],
) -> None:
    """For any sequence: cash = -sum(quantity x price x 100 + fee) = realized - cost held."""
    venue = Venue()
    venue.account.start_day(NOON)
    for quantity, price in trades:
        trade(venue, quantity, str(price))
    spent = sum(q * p * 100 + 1 for q, p in trades)
    cost = sum(line.quantity * line.avg_cost for line in venue.account.positions())

    assert venue.account.cash == CASH - spent
    assert abs(venue.account.pnl().realized - cost - (-spent)) < D("1e-12")
    assert sum(p.quantity for p in venue.account.positions()) == sum(q for q, _ in trades)
