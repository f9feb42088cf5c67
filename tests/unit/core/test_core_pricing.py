from __future__ import annotations

import itertools
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad
from vollib.black import black
from vollib.black.greeks import analytical
from vollib.black.implied_volatility import implied_volatility

from bot.core.option_arrays import Inputs
from bot.core.pricing import (
    Reason,
    greeks,
    implied_vol,
    implied_vol_and_greeks,
    price,
    vols_and_deltas,
)

RATE = 0.04
LARGEST_ERROR = 1e-9
TRUTH = Path(__file__).parent / "implied_vol_truth.csv"

FORWARDS = st.floats(10, 10_000)
MONEYNESS = st.floats(-1.0, 1.0)
YEARS = st.floats(1 / 365, 3.0)
VOLS = st.floats(0.03, 3.0)


def grid() -> list[tuple[float, float, float, float, bool]]:
    """Forward, strike, years, vol, call: SPX from an hour to two years, VIX, and absurd ones."""
    spx = itertools.product(
        (6400.0,),
        6400.0 * np.exp(np.linspace(-0.6, 0.3, 19)),
        (1 / 8760, 1 / 365, 7 / 365, 35 / 365, 2.0),
        (0.05, 0.12, 0.25, 0.9),
    )
    vix = itertools.product(
        (18.25,),
        (10.0, 15.0, 18.0, 18.25, 18.5, 20.0, 30.0, 47.5, 100.0, 180.0),
        (1 / 365, 30 / 365, 110 / 365, 1.5),
        (0.4, 0.9, 1.6, 3.0),
    )
    absurd = itertools.product(
        (1.0,), (0.001, 0.3, 1.0, 1.0 + 1e-9, 2.5, 1e4), (1e-4, 1.0, 4.0), (0.001, 0.7, 2.0, 4.0)
    )
    points = itertools.chain(spx, vix, absurd)
    return [(*point, call) for point in points for call in (True, False)]


GRID = grid()
FORWARD, STRIKE, TIME, VOL = (np.array([point[column] for point in GRID]) for column in range(4))
CALL = np.array([point[4] for point in GRID])
DISCOUNT = np.exp(-RATE * TIME)


def reference_price(
    *, forward: float, strike: float, years: float, vol: float, call: bool
) -> float:
    """Discounted price by vollib: time value by Jaeckel's algorithm, plus intrinsic value."""
    out_of_the_money = "c" if strike >= forward else "p"
    time_value: float = black(out_of_the_money, forward, strike, years, RATE, vol)
    intrinsic = max(forward - strike if call else strike - forward, 0.0)
    return time_value + math.exp(-RATE * years) * intrinsic


@pytest.fixture(scope="module")
def reference_prices() -> np.ndarray:
    return np.array(
        [
            reference_price(forward=forward, strike=strike, years=years, vol=vol, call=call)
            for forward, strike, years, vol, call in GRID
        ]
    )


def test_price_of_the_textbook_put_on_a_future() -> None:
    # Hull, Options, Futures and Other Derivatives: F = K = 20, r = 9 %, 4 months, vol 25 %
    put = price(20.0, 20.0, 4 / 12, math.exp(-0.09 * 4 / 12), 0.25, is_call=False)

    assert float(put) == pytest.approx(1.1166, abs=5e-5)


def test_price_agrees_with_vollib_to_rounding(reference_prices: np.ndarray) -> None:
    error = np.abs(price(FORWARD, STRIKE, TIME, DISCOUNT, VOL, CALL) - reference_prices)

    assert np.max(error / np.maximum(FORWARD, STRIKE)) < 4e-16


@pytest.mark.parametrize(("strike", "vol"), [(80.0, 0.2), (100.0, 0.9), (150.0, 0.35)])
def test_price_is_the_discounted_mean_of_the_payoff(strike: float, vol: float) -> None:
    deviation = vol * math.sqrt(0.5)

    def payoff(z: float) -> float:
        level = 100.0 * math.exp(deviation * z - deviation**2 / 2)
        return max(level - strike, 0.0) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    kink = (math.log(strike / 100.0) + deviation**2 / 2) / deviation
    mean, _ = quad(payoff, kink, kink + 20, epsabs=1e-13, epsrel=1e-13)

    assert float(price(100.0, strike, 0.5, 0.98, vol, is_call=True)) == pytest.approx(
        0.98 * mean, abs=1e-11
    )


def test_price_without_time_or_volatility_is_the_discounted_intrinsic_value() -> None:
    strikes = np.array([90.0, 100.0, 110.0])

    assert price(100.0, strikes, 0.0, 1.0, 0.2, is_call=True).tolist() == [10.0, 0.0, 0.0]
    assert price(100.0, strikes, 1.0, 0.5, 0.0, is_call=False).tolist() == [0.0, 0.0, 5.0]


@pytest.mark.parametrize(
    ("forward", "strike", "years", "vol"),
    [
        (math.nan, 100.0, 1.0, 0.2),
        (100.0, math.nan, 1.0, 0.2),
        (100.0, 100.0, math.nan, 0.2),
        (100.0, 100.0, 1.0, math.nan),
        (100.0, 100.0, -1.0, 0.2),
        (100.0, 100.0, 1.0, -0.2),
        (-100.0, 100.0, 1.0, 0.2),
    ],
)
def test_what_has_no_price_has_no_greeks_either(
    forward: float, strike: float, years: float, vol: float
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(price(forward, strike, years, 0.99, vol, is_call=True))
        assert np.isnan(greeks(forward, strike, years, 0.99, vol, is_call=True)).all()


def test_greeks_are_unknown_without_time_or_volatility() -> None:
    assert np.isnan(greeks(100.0, 90.0, 0.0, 1.0, 0.2, is_call=True)).all()
    assert np.isnan(greeks(100.0, 90.0, 1.0, 1.0, 0.0, is_call=True)).all()


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("delta", 1.0),
        ("gamma", 1.0),
        ("vega", 100.0),  # vollib: per vol point; ours: per 1.00
        ("theta", 1.0),  # both per calendar day
        ("rho", 100.0),  # vollib: per percent; ours: per 1.00
    ],
)
def test_greeks_agree_with_vollib(name: str, unit: float) -> None:
    ours = getattr(greeks(FORWARD, STRIKE, TIME, DISCOUNT, VOL, CALL), name)
    function = getattr(analytical, name)
    theirs = unit * np.array(
        [
            function("c" if call else "p", forward, strike, years, RATE, vol)
            for forward, strike, years, vol, call in GRID
        ]
    )

    assert np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1.0)) < 1e-10


def test_implied_vol_finds_the_volatility_wherever_the_price_determines_it(
    reference_prices: np.ndarray,
) -> None:
    vega = greeks(FORWARD, STRIKE, TIME, DISCOUNT, VOL, CALL).vega
    determined = 4 * np.spacing(reference_prices) < LARGEST_ERROR * vega
    determined &= reference_prices / FORWARD > 1e-300  # smaller ones have lost their digits

    iv, reason = implied_vol(reference_prices, FORWARD, STRIKE, TIME, DISCOUNT, CALL)

    assert determined.sum() > 800
    assert (reason[determined] == Reason.OK).all()
    assert np.max(np.abs(iv - VOL)[determined]) < LARGEST_ERROR


def test_implied_vol_is_that_of_forty_digits() -> None:
    # mpmath, by tests/benchmarks/truth_table.py: an SPX chain and VIX options at 50 to 400 %
    table = np.loadtxt(TRUTH, delimiter=",", skiprows=1).T
    quote, forward, strike, years, discount, call, truth = table

    iv, _ = implied_vol(quote, forward, strike, years, discount, call == 1)

    assert truth.size > 200
    assert np.max(np.abs(iv - truth)) < LARGEST_ERROR


def test_implied_vol_out_of_the_money_is_exact_to_twelve_digits(
    reference_prices: np.ndarray,
) -> None:
    usual = (STRIKE >= FORWARD) == CALL
    usual &= (reference_prices > 1e-12) & (TIME > 1e-3) & (VOL * np.sqrt(TIME) < 3)

    iv, _ = implied_vol(reference_prices, FORWARD, STRIKE, TIME, DISCOUNT, CALL)

    assert usual.sum() > 300
    assert np.max(np.abs(iv / VOL - 1)[usual]) < 1e-12


def test_implied_vol_agrees_with_vollib_on_quoted_prices() -> None:
    strikes = np.arange(5600.0, 6900.0, 25.0)
    quotes = np.round(price(6400.0, strikes, 0.1, 0.996, 0.18, strikes > 6400) * 20) / 20
    rate = -math.log(0.996) / 0.1

    iv, reason = implied_vol(quotes, 6400.0, strikes, 0.1, 0.996, strikes > 6400)

    theirs = [
        implied_volatility(quote, 6400.0, strike, rate, 0.1, "c" if strike > 6400 else "p")
        for quote, strike in zip(quotes, strikes, strict=True)
    ]
    assert (reason == Reason.OK).all()
    assert np.max(np.abs(iv - theirs)) < 1e-12


@pytest.mark.parametrize(
    ("quote", "strike", "years", "call", "reason"),
    [
        (8.0, 100.0, 1.0, True, Reason.OK),
        (9.0, 90.0, 1.0, True, Reason.BELOW_INTRINSIC),
        (0.9 * 10.0, 90.0, 1.0, True, Reason.BELOW_INTRINSIC),
        (8.9, 110.0, 1.0, False, Reason.BELOW_INTRINSIC),
        (90.0, 100.0, 1.0, True, Reason.ABOVE_MAXIMUM),
        (99.0, 110.0, 1.0, False, Reason.ABOVE_MAXIMUM),
        (0.0, 100.0, 1.0, True, Reason.ZERO_PRICE),
        (-1.0, 100.0, 1.0, True, Reason.ZERO_PRICE),
        (8.0, 100.0, 0.0, True, Reason.EXPIRED),
        (8.0, 100.0, -0.1, True, Reason.EXPIRED),
        (math.nan, 100.0, 1.0, True, Reason.NON_FINITE),
        (math.inf, 100.0, 1.0, True, Reason.NON_FINITE),
        (8.0, -100.0, 1.0, True, Reason.NON_FINITE),
        (8.0, 100.0, math.nan, True, Reason.NON_FINITE),
    ],
)
def test_a_price_without_volatility_says_why(
    quote: float, strike: float, years: float, reason: Reason, *, call: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = implied_vol(quote, 100.0, strike, years, 0.9, call)

    assert result.reason == reason
    assert np.isnan(result.iv) == (reason != Reason.OK)


def test_one_bad_price_leaves_its_neighbours_alone() -> None:
    quotes = np.array([7.0, math.nan, 7.0])

    iv, reason = implied_vol(quotes, 100.0, 100.0, 1.0, 1.0, is_call=True)

    assert reason.tolist() == [Reason.OK, Reason.NON_FINITE, Reason.OK]
    assert iv[0] == iv[2] > 0


def test_a_price_near_its_maximum_is_returned_by_its_volatility() -> None:
    quotes = 100.0 * (1 - np.array([1e-2, 1e-4, 1e-8, 1e-12]))

    iv, reason = implied_vol(quotes, 100.0, 60.0, 1.0, 1.0, is_call=True)

    assert (reason == Reason.OK).all()
    assert np.max(np.abs(price(100.0, 60.0, 1.0, 1.0, iv, is_call=True) - quotes)) < 1e-12


@pytest.mark.parametrize(
    ("quote", "forward", "strike"),
    [
        (np.nextafter(100.0, 0.0), 100.0, 372.25890261259167),
        (np.nextafter(100.0, 0.0), 100.0, 4437.447191303123),
        (2.3e-316, 100.0, 164.0),
    ],
)
def test_a_price_that_determines_no_volatility_gives_none_rather_than_a_wrong_one(
    quote: float, forward: float, strike: float
) -> None:
    iv, reason = implied_vol(quote, forward, strike, 1.0, 1.0, is_call=True)

    assert np.isnan(iv)
    assert reason == Reason.NON_FINITE


def test_greeks_asked_for_with_the_volatility_are_those_at_that_volatility(
    reference_prices: np.ndarray,
) -> None:
    inputs = (FORWARD, STRIKE, TIME, DISCOUNT)

    volatility, letters = implied_vol_and_greeks(reference_prices, *inputs, CALL)

    alone = implied_vol(reference_prices, *inputs, CALL)
    assert np.array_equal(volatility.iv, alone.iv, equal_nan=True)
    assert np.array_equal(volatility.reason, alone.reason)
    expected = np.array(greeks(*inputs, alone.iv, CALL))
    assert np.array_equal(np.isnan(letters), np.isnan(expected))
    error = np.abs(np.array(letters) - expected) / np.maximum(np.abs(expected), 1.0)
    assert np.nanmax(error) < 1e-12


def test_deltas_alone_are_those_of_all_the_greeks(reference_prices: np.ndarray) -> None:
    prices = np.array(reference_prices)
    prices.flat[::7] = math.nan
    inputs, _ = Inputs.of(FORWARD, STRIKE, TIME, DISCOUNT, prices, is_call=CALL)

    iv, delta = vols_and_deltas(inputs)

    whole, letters = implied_vol_and_greeks(prices, FORWARD, STRIKE, TIME, DISCOUNT, CALL)
    assert np.array_equal(iv, whole.iv.ravel(), equal_nan=True)
    assert np.array_equal(delta, letters.delta.ravel(), equal_nan=True)
    assert np.array_equal(np.isnan(delta), np.isnan(iv))


@pytest.mark.parametrize("quote", [0.0, 9.0, 95.0, math.nan])
def test_a_price_without_volatility_has_no_greeks(quote: float) -> None:
    (iv, reason), letters = implied_vol_and_greeks(
        [8.0, quote], 100.0, [100.0, 90.0], 1.0, 0.9, is_call=True
    )

    assert reason[0] == Reason.OK != reason[1]
    assert not np.isnan([iv[0], *(letter[0] for letter in letters)]).any()
    assert np.isnan([iv[1], *(letter[1] for letter in letters)]).all()


@pytest.mark.parametrize("forward", [-100.0, 0.0, math.inf])
def test_a_forward_that_cannot_be_has_no_volatility_whatever_the_strike(forward: float) -> None:
    iv, reason = implied_vol(8.0, forward, forward, 1.0, 0.9, is_call=True)

    assert np.isnan(iv)
    assert reason == Reason.NON_FINITE
    assert np.isnan(greeks(forward, forward, 1.0, 0.9, 0.2, is_call=True)).all()


def test_no_time_is_too_long_for_an_answer_but_endless_time_has_none() -> None:
    iv, reason = implied_vol([8.0, 8.0], 100.0, 100.0, [1e6, math.inf], 0.9, is_call=True)

    assert iv[0] > 0
    assert reason.tolist() == [Reason.OK, Reason.NON_FINITE]


def test_inputs_broadcast_to_their_common_shape() -> None:
    strikes = np.array([[90.0], [100.0], [110.0]])
    years = np.array([0.1, 0.5])

    values = price(100.0, strikes, years, 1.0, 0.2, is_call=True)
    iv, reason = implied_vol(values, 100.0, strikes, years, 1.0, is_call=True)

    assert values.shape == iv.shape == reason.shape == (3, 2)
    assert np.max(np.abs(iv - 0.2)) < 1e-12
    letters = greeks(100.0, 100.0, 0.1, 1.0, 0.2, np.array([[True], [False]]))
    assert {letter.shape for letter in letters} == {(2, 1)}


def test_more_prices_than_one_block_are_all_solved() -> None:
    strikes = np.linspace(80.0, 120.0, 20_001)

    iv, _ = implied_vol(
        price(100.0, strikes, 0.25, 1.0, 0.3, strikes > 100),
        100.0,
        strikes,
        0.25,
        1.0,
        strikes > 100,
    )

    assert np.max(np.abs(iv - 0.3)) < 1e-13


def test_no_prices_give_no_volatilities() -> None:
    iv, reason = implied_vol([], 100.0, [], 0.25, 1.0, [])

    assert iv.shape == reason.shape == (0,)


@given(forward=FORWARDS, moneyness=MONEYNESS, years=YEARS, vol=VOLS)
def test_call_less_put_is_the_discounted_forward_less_strike(
    forward: float, moneyness: float, years: float, vol: float
) -> None:
    strike, discount = forward * math.exp(moneyness), math.exp(-RATE * years)
    call, put = price(forward, strike, years, discount, vol, np.array([True, False]))

    assert call - put == pytest.approx(discount * (forward - strike), abs=1e-12 * forward)


@given(forward=FORWARDS, moneyness=MONEYNESS, years=YEARS, vol=VOLS, call=st.booleans())
def test_price_rises_with_volatility_and_stays_between_its_bounds(
    forward: float, moneyness: float, years: float, vol: float, *, call: bool
) -> None:
    strike = forward * math.exp(moneyness)
    low, high = price(forward, strike, years, 1.0, np.array([vol, vol * 1.1]), call)

    intrinsic = max(forward - strike if call else strike - forward, 0.0)
    assert intrinsic <= low <= high <= (forward if call else strike)


@given(forward=FORWARDS, moneyness=MONEYNESS, years=YEARS, vol=VOLS)
def test_implied_vol_returns_the_volatility_that_made_the_price(
    forward: float, moneyness: float, years: float, vol: float
) -> None:
    strike = forward * math.exp(moneyness)
    call = moneyness >= 0
    value = float(price(forward, strike, years, 0.97, vol, call))
    assume(value > 1e-9 * forward)

    iv, _ = implied_vol(value, forward, strike, years, 0.97, call)

    assert float(iv) == pytest.approx(vol, abs=LARGEST_ERROR)
