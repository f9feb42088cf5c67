"""Search and contract numbers of the simulated listing."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.core.model import OptionContract, Right
from bot.simulator.instruments import BAG_CON_ID, ContractQuery, Instruments, combo
from bot.simulator.products import FIXED, occ_symbol, option, option_con_id
from scripted_market import ALL_SERIES, VIX_STRIKES, ScriptedMarket, Venue, day

PUT = ContractQuery(
    symbol="SPX",
    sec_type="OPT",
    trading_class="SPXW",
    last_trade="20260821",
    strike=5800.0,
    right="P",
    exchange="CBOE",
    currency="USD",
    multiplier="100",
)


def contract(trading_class: str, strike: float, right: Right) -> OptionContract:
    return OptionContract(
        underlying=trading_class[:3],
        trading_class=trading_class,
        expiry=day(21),
        last_trade=day(21),
        strike=strike,
        right=right,
    )


@pytest.fixture
def instruments() -> Instruments:
    return Instruments(ScriptedMarket())


def test_a_full_option_specification_gives_exactly_one_contract(instruments: Instruments) -> None:
    (found,) = instruments.match(PUT)

    assert (found.symbol, found.trading_class, found.strike, found.right) == (
        "SPX",
        "SPXW",
        5800.0,
        "P",
    )
    assert (found.expiry, found.last_trade) == (day(21), day(21))
    assert found.exchange == "CBOE"


def test_spx_without_trading_class_is_ambiguous_where_two_series_trade_last_that_day(
    instruments: Instruments,
) -> None:
    query = ContractQuery(
        symbol="SPX", sec_type="OPT", last_trade="20260820", strike=5800.0, right="PUT"
    )

    found = instruments.match(query)

    assert {(i.trading_class, i.expiry) for i in found} == {("SPXW", day(20)), ("SPX", day(21))}


def test_a_month_finds_every_contract_that_settles_in_it(instruments: Instruments) -> None:
    found = instruments.match(ContractQuery(symbol="VIX", sec_type="FUT", last_trade="202609"))

    assert [i.local_symbol for i in found] == ["VXU6"]


@pytest.mark.parametrize(
    "query",
    [
        ContractQuery(symbol="SPX", sec_type="OPT", last_trade="20260821", strike=5801.0),
        ContractQuery(symbol="SPX", sec_type="OPT", last_trade="20260822", strike=5800.0),
        ContractQuery(symbol="XSP", sec_type="OPT"),
        ContractQuery(symbol="SPX", sec_type="IND", exchange="NYSE"),
        ContractQuery(symbol="SPX", sec_type="IND", last_trade="20260821"),
        ContractQuery(con_id=1),
    ],
)
def test_what_is_not_listed_is_not_found(instruments: Instruments, query: ContractQuery) -> None:
    assert instruments.match(query) == ()


def test_without_a_strike_the_whole_series_is_found(instruments: Instruments) -> None:
    found = instruments.match(
        ContractQuery(symbol="VIX", sec_type="OPT", trading_class="VIX", last_trade="202609")
    )

    assert len(found) == 2 * len(VIX_STRIKES)


def test_a_listed_number_finds_its_instrument(instruments: Instruments) -> None:
    (put,) = instruments.match(PUT)

    assert instruments.match(ContractQuery(con_id=put.con_id, exchange="CBOE")) == (put,)


def test_a_future_is_found_by_number(instruments: Instruments) -> None:
    (vx,) = instruments.match(ContractQuery(sec_type="FUT", last_trade="20260916"))

    assert instruments.by_con_id(vx.con_id) == vx


@pytest.mark.parametrize(("symbol", "exchange"), [("SPX", "CBOE"), ("AD-NYSE", "NYSE")])
def test_an_index_is_found_at_its_exchange(
    instruments: Instruments, symbol: str, exchange: str
) -> None:
    (found,) = instruments.match(ContractQuery(symbol=symbol, sec_type="IND", exchange=exchange))

    assert (found.symbol, found.tradable) == (symbol, False)


def test_a_share_without_right_or_strike_is_found_though_clients_send_a_zero_right(
    instruments: Instruments,
) -> None:
    query = ContractQuery(symbol="XLF", sec_type="STK", exchange="SMART", currency="USD", right="0")

    assert [i.symbol for i in instruments.match(query)] == ["XLF"]


def test_the_same_instrument_has_the_same_number_in_another_run(instruments: Instruments) -> None:
    (first,) = instruments.match(PUT)
    (second,) = Instruments(ScriptedMarket()).match(PUT)

    assert first.con_id == second.con_id


def test_a_number_finds_its_instrument_without_a_search_before(instruments: Instruments) -> None:
    (found,) = Instruments(ScriptedMarket()).match(PUT)

    known = instruments.by_con_id(found.con_id)

    assert known is not None
    assert known.local_symbol == "SPXW  260821P05800000"


def test_a_number_that_stands_for_nothing_listed_finds_nothing(instruments: Instruments) -> None:
    unlisted = option_con_id(contract("SPXW", 7500.0, Right.CALL))

    assert instruments.by_con_id(unlisted) is None
    assert instruments.by_con_id(1) is None


def test_an_option_stays_known_by_number_after_it_left_the_listing() -> None:
    market = ScriptedMarket()
    instruments = Instruments(market)
    (found,) = instruments.match(PUT)
    instruments.by_con_id(found.con_id)
    market.listing = ()

    assert instruments.by_con_id(found.con_id) is not None
    assert not instruments.listed(found)
    assert instruments.match(ContractQuery(con_id=found.con_id)) == ()


def test_no_two_instruments_share_a_number_and_all_fit_the_wire() -> None:
    """The whole listing, and the indexes, shares and the combo."""
    options = (
        OptionContract(
            underlying=series.underlying,
            trading_class=series.trading_class,
            expiry=series.expiry,
            last_trade=series.last_trade,
            strike=strike,
            right=right,
        )
        for series in ALL_SERIES
        for strike in series.strikes
        for right in Right
    )
    numbers = [BAG_CON_ID, *FIXED, *map(option_con_id, options)]

    assert len(set(numbers)) == len(numbers)
    assert all(0 < number < 2**31 for number in numbers)


@pytest.mark.parametrize("strike", [5801.0, 20_480.0])
def test_a_strike_between_the_listed_steps_has_no_number(strike: float) -> None:
    with pytest.raises(ValueError, match=r"multiples of 2\.5 up to 20477\.5"):
        option_con_id(contract("SPXW", strike, Right.PUT))


def test_local_symbols_are_those_of_the_occ() -> None:
    """The example of the OCC's symbology: root, yymmdd, right, five digits and three decimals."""
    vix = OptionContract(
        underlying="VIX",
        trading_class="VIX",
        expiry=dt.date(2026, 9, 16),
        last_trade=dt.date(2026, 9, 15),
        strike=22.5,
        right=Right.CALL,
    )

    assert occ_symbol(vix) == "VIX   260916C00022500"


def test_an_option_becomes_the_contract_the_market_knows(instruments: Instruments) -> None:
    (found,) = instruments.match(PUT)

    assert instruments.option_contract(found) == contract("SPXW", 5800.0, Right.PUT)


def test_only_options_are_option_contracts(instruments: Instruments) -> None:
    with pytest.raises(ValueError, match="SPX BAG is no option"):
        instruments.option_contract(combo("SPX"))


def test_what_never_expires_has_no_settlement(instruments: Instruments) -> None:
    with pytest.raises(ValueError, match="SPX IND does not settle"):
        instruments.settlement(FIXED[416904])


def test_a_combo_is_shown_under_the_brokers_number_for_all_combos() -> None:
    bag = combo("SPX")

    assert (bag.con_id, bag.right, bag.trading_class) == (28812380, "?", "COMB")


def test_contract_details_claim_the_wrong_tick_as_the_broker_does() -> None:
    assert option(contract("VIX", 20.0, Right.CALL)).min_tick == 0.05


def test_every_kind_of_instrument_is_quoted_by_its_market() -> None:
    venue = Venue()
    call = venue.quote("SPXW 2026-08-21 6300C", 0.6, 0.8)
    venue.market.quotes["SPY"] = venue.market.quotes["SPXW 2026-08-21 6300C"]
    venue.market.quotes["VX20260916"] = venue.market.quotes["SPY"]
    (spy,) = venue.instruments.match(ContractQuery(symbol="SPY", sec_type="STK"))
    (vx,) = venue.instruments.match(ContractQuery(sec_type="FUT", last_trade="20260916"))
    quotes = [venue.instruments.quote(i) for i in (call, spy, vx, FIXED[416904], combo("SPX"))]

    assert [q and (q.bid, q.last) for q in quotes] == [
        (0.6, None),
        (0.6, None),
        (0.6, None),
        (None, 6000.0),
        None,
    ]
