from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ticks import COMBO_TICK, round_down, round_up, tick

PRICES = st.decimals(min_value=-500, max_value=500, places=4)
INCREMENTS = st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("0.10")])


@pytest.mark.parametrize(
    ("trading_class", "price", "increment"),
    [
        ("SPX", "2.99", "0.05"),
        ("SPX", "3.00", "0.10"),
        ("SPXW", "0.05", "0.05"),
        ("SPXW", "120", "0.10"),
        ("VIX", "2.99", "0.01"),
        ("VIX", "3.00", "0.05"),
        ("VIXW", "2.99", "0.01"),
        ("VIXW", "30", "0.01"),
    ],
)
def test_increment_by_class_and_band(trading_class: str, price: str, increment: str) -> None:
    assert tick(trading_class, Decimal(price)) == Decimal(increment)


def test_the_band_of_a_credit_is_that_of_its_amount() -> None:
    assert tick("VIX", Decimal("-3.40")) == Decimal("0.05")
    assert tick("VIX", Decimal("-0.40")) == Decimal("0.01")


def test_a_class_without_table_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'NDX': use SPX, SPXW, VIX, VIXW"):
        tick("NDX", Decimal(1))


@pytest.mark.parametrize(
    ("price", "down", "up"),
    [
        ("-3.17", "-3.20", "-3.15"),
        ("3.17", "3.15", "3.20"),
        ("-0.01", "-0.05", "0.00"),
        ("0.01", "0.00", "0.05"),
        ("-3.15", "-3.15", "-3.15"),
    ],
)
def test_down_is_cheaper_or_more_credit_and_up_is_the_contrary(
    price: str, down: str, up: str
) -> None:
    assert round_down(Decimal(price), COMBO_TICK) == Decimal(down)
    assert round_up(Decimal(price), COMBO_TICK) == Decimal(up)


@given(price=PRICES, increment=INCREMENTS)
def test_rounding_lands_on_the_grid_within_one_increment(
    price: Decimal, increment: Decimal
) -> None:
    down, up = round_down(price, increment), round_up(price, increment)

    assert down % increment == 0
    assert up % increment == 0
    assert price - increment < down <= price <= up < price + increment


@given(price=PRICES, increment=INCREMENTS)
def test_rounding_down_mirrors_rounding_up(price: Decimal, increment: Decimal) -> None:
    assert round_down(-price, increment) == -round_up(price, increment)


@given(amount=st.decimals(min_value=0, max_value=500, places=4))
@pytest.mark.parametrize("trading_class", ["SPX", "SPXW", "VIX", "VIXW"])
def test_a_rounded_price_is_valid_in_the_band_it_lands_in(
    trading_class: str, amount: Decimal
) -> None:
    increment = tick(trading_class, amount)
    for rounded in (round_down(amount, increment), round_up(amount, increment)):
        assert rounded % tick(trading_class, rounded) == 0
