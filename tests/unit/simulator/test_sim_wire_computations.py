"""Option computations against another library."""

from __future__ import annotations

import datetime as dt

import pytest
from vollib.black import black
from vollib.black.greeks.analytical import delta, gamma, theta, vega
from vollib.black.implied_volatility import implied_volatility

from bot.core.model import OptionContract, Right
from bot.simulator.computations import UNKNOWN, model
from bot.simulator.market import SimQuote
from bot.simulator.products import option

DAYS = 30
YEARS = DAYS / 365
SECONDS = DAYS * 86_400.0
FORWARD = 6420.0
CALL = option(
    OptionContract(
        underlying="SPX",
        trading_class="SPXW",
        expiry=dt.date(2026, 8, 21),
        last_trade=dt.date(2026, 8, 21),
        strike=6500.0,
        right=Right.CALL,
    )
)
FAIR = black("c", FORWARD, 6500.0, YEARS, 0.0, 0.15)
QUOTE = SimQuote(bid=FAIR - 0.3, ask=FAIR + 0.3, iv=0.15, underlying_price=FORWARD)


def test_greeks_are_those_of_another_library() -> None:
    found = model(CALL, QUOTE, seconds_left=SECONDS)
    arguments = ("c", FORWARD, 6500.0, YEARS, 0.0, 0.15)

    assert found is not None
    assert found.delta == pytest.approx(delta(*arguments), rel=1e-9)
    assert found.gamma == pytest.approx(gamma(*arguments), rel=1e-9)
    assert found.vega == pytest.approx(vega(*arguments), rel=1e-9)
    assert found.theta == pytest.approx(theta(*arguments), rel=1e-9)


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_the_volatility_of_a_side_is_that_of_its_price(side: str) -> None:
    found = model(CALL, QUOTE, seconds_left=SECONDS)
    price = getattr(QUOTE, side)
    exact = implied_volatility(price, FORWARD, 6500.0, 0.0, YEARS, "c")

    assert found is not None
    assert found.at(price)[1] == pytest.approx(exact, abs=1e-5)


def test_the_markets_own_delta_goes_before_the_models() -> None:
    quote = SimQuote(bid=1.0, ask=1.2, iv=0.15, delta=0.123, underlying_price=FORWARD)
    found = model(CALL, quote, seconds_left=SECONDS)

    assert found is not None
    assert found.delta == 0.123


@pytest.mark.parametrize(
    "quote",
    [
        SimQuote(bid=1.0, ask=1.2, underlying_price=FORWARD),
        SimQuote(bid=1.0, ask=1.2, iv=0.15),
        SimQuote(ask=1.2, iv=0.15, underlying_price=FORWARD),
        SimQuote(bid=1.0, ask=1.2, iv=float("nan"), underlying_price=FORWARD),
    ],
    ids=["no volatility", "no underlying", "one side", "not a number"],
)
def test_what_is_not_known_has_no_model(quote: SimQuote) -> None:
    assert model(CALL, quote, seconds_left=SECONDS) is None


@pytest.mark.parametrize("price", [None, 0.0, 0.01])
def test_a_price_without_a_volatility_is_told_as_not_computed(price: float | None) -> None:
    dear = SimQuote(bid=FAIR - 0.3, ask=FAIR + 0.3, iv=0.05, underlying_price=FORWARD)
    found = model(CALL, dear, seconds_left=SECONDS)

    assert found is not None
    assert found.at(price) == UNKNOWN


def test_greeks_stay_finite_to_the_last_second() -> None:
    found = model(CALL, QUOTE, seconds_left=0.0)

    assert found is not None
    assert found.vega == pytest.approx(0.0, abs=1e-6)
