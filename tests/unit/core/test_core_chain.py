from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import gzip
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from vollib.black.greeks.analytical import delta as vollib_delta

from bot.core.chain import PricedChain, expiries, future_level, price_chain
from bot.core.model import Feed, FutureQuote, OptionQuote, Quote, Right
from quoted_chains import (
    CALENDAR,
    FORWARD,
    FUTURE,
    HALF_DAY,
    RATE,
    SPX_EXPIRY,
    SPX_YEARS,
    VIX_EXPIRY,
    VIX_VOL,
    VIX_YEARS,
    VOL,
    contract,
    quoted,
    replaced,
    snapshot,
    spx_options,
    vix_options,
    vx,
)

if TYPE_CHECKING:
    from pathlib import Path


def spx_chain(options: tuple[OptionQuote, ...] | None = None) -> PricedChain:
    chain = price_chain(
        snapshot(spx_options() if options is None else options),
        trading_class="SPXW",
        expiry=SPX_EXPIRY,
    )
    assert chain is not None
    return chain


def at(chain: PricedChain, strike: float, right: Right) -> int:
    position = chain.index_of(contract("SPXW", SPX_EXPIRY, strike, right))
    assert position is not None
    return position


def test_the_spx_forward_follows_from_put_call_parity() -> None:
    assert spx_chain().forward == pytest.approx(FORWARD, abs=1e-9)
    # no scalar of numpy: a smile takes a side by the identity of what a comparison gives
    assert type(spx_chain().forward) is float


def test_one_bad_quote_at_the_money_does_not_move_the_forward() -> None:
    options = replaced(spx_options(), 6425.0, Right.CALL, Quote(bid=50.0, ask=51.0))

    assert spx_chain(options).forward == pytest.approx(FORWARD, abs=1e-9)


def test_years_run_to_the_close_of_the_stocks_for_spxw() -> None:
    assert spx_chain().years == pytest.approx(SPX_YEARS, abs=1e-15)


def test_years_run_to_the_early_close_on_a_half_day() -> None:
    options = tuple(
        dataclasses.replace(option, contract=dataclasses.replace(option.contract, expiry=HALF_DAY))
        for option in spx_options()
    )
    chain = price_chain(snapshot(options), trading_class="SPXW", expiry=HALF_DAY)

    assert chain is not None
    assert chain.years == pytest.approx((126 * 1440 - 90) / 525_600, abs=1e-15)


def test_years_run_to_the_open_for_vix() -> None:
    chain = price_chain(
        snapshot(vix_options(), (vx(VIX_EXPIRY, FUTURE),)), trading_class="VIX", expiry=VIX_EXPIRY
    )

    assert chain is not None
    assert chain.years == pytest.approx(VIX_YEARS, abs=1e-15)
    assert chain.discount == pytest.approx(math.exp(-RATE * VIX_YEARS), abs=1e-15)


def test_implied_volatility_and_delta_agree_with_vollib() -> None:
    chain = spx_chain()
    deltas = [
        vollib_delta("c" if call else "p", FORWARD, strike, SPX_YEARS, RATE, VOL)
        for strike, call in zip(chain.strike, chain.is_call, strict=True)
    ]

    assert np.max(np.abs(chain.iv - VOL)) < 1e-9
    assert np.max(np.abs(chain.delta - deltas)) < 1e-9


def test_extrinsic_value_is_the_mid_less_discounted_intrinsic_value() -> None:
    chain = spx_chain()
    put = at(chain, 6600.0, Right.PUT)
    call = at(chain, 6600.0, Right.CALL)
    intrinsic = math.exp(-RATE * SPX_YEARS) * (6600.0 - FORWARD)

    assert chain.extrinsic[put] == pytest.approx(chain.mid[put] - intrinsic, abs=1e-9)
    assert chain.extrinsic[call] == chain.mid[call]


def test_the_vix_forward_is_the_future_of_the_same_day() -> None:
    curve = (vx(dt.date(2026, 8, 18), 30.0), vx(VIX_EXPIRY, FUTURE), vx(dt.date(2026, 9, 16), 21.0))
    chain = price_chain(snapshot(vix_options(), curve), trading_class="VIX", expiry=VIX_EXPIRY)

    assert chain is not None
    assert chain.forward == pytest.approx(FUTURE)
    assert chain.underlying == "VIX"
    assert np.max(np.abs(chain.iv - VIX_VOL)) < 1e-9


@pytest.mark.parametrize(
    "curve",
    [
        (),
        (vx(dt.date(2026, 9, 16), 21.0),),
        (vx(VIX_EXPIRY, FUTURE, Feed.DELAYED),),
        (FutureQuote(expiry=VIX_EXPIRY, quote=Quote(bid=19.0)),),
    ],
)
def test_a_vix_chain_without_its_own_future_is_unknown(curve: tuple[FutureQuote, ...]) -> None:
    market = snapshot(vix_options(), curve)

    assert future_level(market, VIX_EXPIRY) is None
    assert price_chain(market, trading_class="VIX", expiry=VIX_EXPIRY) is None


def test_a_weekly_vix_chain_without_a_future_is_unknown() -> None:
    weekly = dt.date(2026, 8, 26)
    options = (quoted(contract("VIXW", weekly, 20.0), 1.5),)

    chain = price_chain(
        snapshot(options, (vx(VIX_EXPIRY, FUTURE),)), trading_class="VIXW", expiry=weekly
    )

    assert chain is None


def test_two_strikes_with_both_rights_are_too_few_for_a_forward() -> None:
    market = snapshot(spx_options((6400, 6425)))

    assert price_chain(market, trading_class="SPXW", expiry=SPX_EXPIRY) is None


def test_a_series_that_is_not_quoted_is_unknown() -> None:
    market = snapshot(spx_options())

    assert price_chain(market, trading_class="SPX", expiry=SPX_EXPIRY) is None
    assert price_chain(market, trading_class="SPXW", expiry=dt.date(2026, 8, 27)) is None


def test_a_series_that_has_settled_is_unknown() -> None:
    settled = dataclasses.replace(
        snapshot(spx_options()), taken_at=dt.datetime(2026, 8, 28, 20, 0, tzinfo=dt.UTC)
    )

    assert price_chain(settled, trading_class="SPXW", expiry=SPX_EXPIRY) is None


def test_an_expiry_that_is_no_session_is_unknown() -> None:
    days = tuple(day for day in CALENDAR if day.session != SPX_EXPIRY)
    market = dataclasses.replace(snapshot(spx_options()), calendar=days)

    assert price_chain(market, trading_class="SPXW", expiry=SPX_EXPIRY) is None


def test_an_ask_alone_is_a_bid_of_zero_without_volatility() -> None:
    chain = spx_chain(replaced(spx_options(), 6000.0, Right.PUT, Quote(ask=0.4)))
    put = at(chain, 6000.0, Right.PUT)

    assert (chain.bid[put], chain.ask[put]) == (0.0, 0.4)
    assert np.isnan([chain.mid[put], chain.iv[put], chain.delta[put], chain.extrinsic[put]]).all()


def test_a_bid_alone_has_no_ask_and_no_volatility() -> None:
    chain = spx_chain(replaced(spx_options(), 6000.0, Right.PUT, Quote(bid=0.4)))
    put = at(chain, 6000.0, Right.PUT)

    assert chain.bid[put] == 0.4
    assert np.isnan([chain.ask[put], chain.mid[put], chain.iv[put]]).all()


@pytest.mark.parametrize(
    "quote",
    [
        Quote(),
        Quote(bid=2.0, ask=1.9),
        Quote(bid=2.0, ask=2.0),
        Quote(bid=1.9, ask=2.0, feed=Feed.DELAYED),
        Quote(bid=1.9, ask=2.0, feed=Feed.FROZEN),
    ],
)
def test_a_quote_that_is_none_is_unknown_on_both_sides(quote: Quote) -> None:
    chain = spx_chain(replaced(spx_options(), 6000.0, Right.PUT, quote))
    put = at(chain, 6000.0, Right.PUT)

    assert np.isnan([chain.bid[put], chain.ask[put], chain.mid[put], chain.iv[put]]).all()


def test_a_price_below_intrinsic_value_is_not_repaired() -> None:
    chain = spx_chain(replaced(spx_options(), 6875.0, Right.PUT, Quote(bid=440.0, ask=441.0)))
    put = at(chain, 6875.0, Right.PUT)

    assert chain.mid[put] == 440.5
    assert np.isnan([chain.iv[put], chain.delta[put]]).all()
    assert chain.extrinsic[put] < 0


def test_contracts_are_sorted_by_strike_with_calls_first() -> None:
    chain = spx_chain(tuple(reversed(spx_options((6400, 6425, 6450)))))

    labels = [contract.label().split()[-1] for contract in chain.contracts]
    assert labels == ["6400C", "6400P", "6425C", "6425P", "6450C", "6450P"]
    assert chain.strike.tolist() == [6400, 6400, 6425, 6425, 6450, 6450]
    assert chain.is_call.tolist() == [True, False] * 3


def test_index_of_finds_each_contract_and_no_other() -> None:
    chain = spx_chain()

    assert [chain.index_of(each) for each in chain.contracts] == list(range(len(chain.contracts)))
    assert chain.index_of(contract("SPXW", SPX_EXPIRY, 6412.5)) is None
    assert chain.index_of(contract("SPXW", SPX_EXPIRY, 9999.0)) is None
    assert chain.index_of(contract("SPX", SPX_EXPIRY, 6400.0)) is None


def test_arrays_of_a_chain_cannot_be_written() -> None:
    chain = spx_chain()

    for name in ("strike", "is_call", "bid", "ask", "mid", "iv", "delta", "extrinsic"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(chain, name)[0] = 1


def with_deltas(*deltas: float) -> PricedChain:
    """Put and call at 100, 110, 120, ... with the absolute deltas given, all two-sided."""
    count = len(deltas)
    values = np.repeat(deltas, 2)
    is_call = np.array([True, False] * count)
    strikes = np.repeat(100.0 + 10 * np.arange(count), 2)
    return PricedChain(
        underlying="SPX",
        trading_class="SPXW",
        expiry=SPX_EXPIRY,
        years=0.1,
        forward=100.0,
        discount=1.0,
        contracts=tuple(
            contract("SPXW", SPX_EXPIRY, strike, Right.CALL if call else Right.PUT)
            for strike, call in zip(strikes, is_call, strict=True)
        ),
        strike=strikes,
        is_call=is_call,
        bid=np.where(np.isnan(values), 0.0, 1.0),
        ask=np.full(2 * count, 1.1),
        mid=np.where(np.isnan(values), np.nan, 1.05),
        iv=np.full(2 * count, 0.2),
        delta=np.where(is_call, values, -values),
        extrinsic=np.full(2 * count, 1.05),
    )


def test_nearest_delta_takes_the_nearest_of_the_right() -> None:
    chain = with_deltas(0.30, 0.12, 0.07)

    assert chain.nearest_delta(Right.CALL, 0.10, tolerance=0.05) == 2
    assert chain.nearest_delta(Right.PUT, 0.10, tolerance=0.05) == 3


def test_nearest_delta_takes_the_further_out_of_the_money_of_two_equally_near() -> None:
    chain = with_deltas(0.12, 0.10, 0.08, 0.12)

    assert chain.nearest_delta(Right.CALL, 0.11, tolerance=0.02) == 6
    assert chain.nearest_delta(Right.PUT, 0.11, tolerance=0.02) == 1


def test_nearest_delta_accepts_the_tolerance_itself_and_nothing_beyond() -> None:
    chain = with_deltas(0.30, 0.12)

    assert chain.nearest_delta(Right.CALL, 0.10, tolerance=0.02) == 2
    assert chain.nearest_delta(Right.CALL, 0.10, tolerance=0.019) is None


def test_nearest_delta_never_takes_an_unknown_delta() -> None:
    assert with_deltas(math.nan, 0.5).nearest_delta(Right.CALL, 0.5, tolerance=0.1) == 2
    assert with_deltas(math.nan).nearest_delta(Right.CALL, 0.5, tolerance=1.0) is None


def test_nearest_strike_takes_the_nearest_two_sided_market() -> None:
    chain = with_deltas(0.5, math.nan, 0.3, 0.1)

    assert chain.nearest_strike(Right.CALL, 112.0) == 4
    assert chain.nearest_strike(Right.CALL, 112.0, allow_no_bid=True) == 2


def test_nearest_strike_takes_the_further_out_of_the_money_of_two_equally_near() -> None:
    chain = with_deltas(0.5, 0.3, 0.1)

    assert chain.nearest_strike(Right.CALL, 105.0) == 2
    assert chain.nearest_strike(Right.PUT, 105.0) == 1


def test_nearest_strike_is_unknown_when_nothing_is_quoted() -> None:
    assert with_deltas(math.nan).nearest_strike(Right.PUT, 100.0) is None


def test_expiries_are_listed_by_date_for_the_classes_asked_for() -> None:
    options = (
        *vix_options(),
        *spx_options((6400,)),
        quoted(contract("SPX", dt.date(2026, 8, 21), 6400.0), 9.0),
    )

    assert expiries(snapshot(options), ("SPXW", "SPX")) == (
        ("SPX", dt.date(2026, 8, 21)),
        ("SPXW", SPX_EXPIRY),
    )
    assert expiries(snapshot(options), ("VIX",)) == (("VIX", VIX_EXPIRY),)
    assert expiries(snapshot(()), ("VIX",)) == ()


def recorded_options(path: Path, expiry: str) -> tuple[tuple[OptionQuote, float, float], ...]:
    """Quotes of one SPXW expiry with the vendor's implied volatility and delta."""
    with gzip.open(path, "rt", newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if (row["root"], row["expiry"]) == ("SPXW", expiry)
        ]
    return tuple(
        (
            OptionQuote(
                contract=contract(
                    "SPXW",
                    dt.date.fromisoformat(expiry),
                    float(row["strike"]),
                    Right(row["right"]),
                ),
                quote=Quote(bid=float(row["bid"]) or None, ask=float(row["ask"]) or None),
            ),
            float(row["iv"]),
            float(row["delta"]),
        )
        for row in rows
    )


@pytest.mark.data
def test_recorded_chains_give_forwards_volatilities_and_deltas_near_those_of_the_vendor(
    data_dir: Path,
) -> None:
    folder = data_dir / "option_chains"
    with (folder / "index.csv").open(newline="") as file:
        captures = [
            row
            for row in csv.DictReader(file)
            if "nattobbm" in row["file"] and row["quote_session"] == "rth_close"
        ]
    assert len(captures) > 10
    for row in captures:
        recorded = recorded_options(folder / row["file"], row["par_expiry"])
        session = dt.date.fromisoformat(row["session_date"])
        market = dataclasses.replace(
            snapshot(tuple(option for option, _, _ in recorded)),
            session=session,
            taken_at=dt.datetime.combine(session, dt.time(20, 15), dt.UTC),
        )
        chain = price_chain(
            market, trading_class="SPXW", expiry=dt.date.fromisoformat(row["par_expiry"])
        )
        assert chain is not None
        spread_of_forwards = float(row["parity_iqr"])
        assert chain.forward == pytest.approx(float(row["parity_forward"]), abs=spread_of_forwards)
        for option, iv, delta in recorded:
            if 0.04 < abs(delta) < 0.30:
                index = chain.index_of(option.contract)
                assert chain.iv[index] == pytest.approx(iv, abs=0.005)
                assert chain.delta[index] == pytest.approx(delta, abs=0.015)
