"""When a profit is taken out of the hedge, and what the ledger makes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import builders
from bot.core.book import HedgeSale, Layer
from bot.core.hedge_figures import LotFigures
from bot.core.hedge_rules import HedgeRules, ProfitRules
from bot.core.hedge_sales import hedge_sales
from bot.core.monetise import half_of, takes_profit, wave_over
from bot.core.risk import layer_rules
from ledger_facts import LOT, NEXT, buy_lot, fill, record, sell_lot
from proposals import context

HEDGE = HedgeRules()
RULES = ProfitRules()


def lot(multiple: float | None, *, layer: Layer = Layer.NEAR, quantity: int = 4) -> LotFigures:
    held = builders.lot(layer, expiry=builders.NEAR_EXPIRY, quantity=quantity)
    return LotFigures(lot=held, mark_points=None if multiple is None else 2.0 * multiple)


@pytest.mark.parametrize(
    ("layer", "multiple"), [(Layer.NEAR, 2.5), (Layer.MID, 1.75), (Layer.FAR, 1.5)]
)
@pytest.mark.parametrize(("vix", "least"), [(39.9, None), (40.0, 1.25), (None, None)])
def test_half_is_sold_at_the_multiple_of_the_layer_or_at_a_smaller_one_in_a_panic(
    layer: Layer, multiple: float, vix: float | None, least: float | None
) -> None:
    bound = least or multiple
    rules = layer_rules(layer, HEDGE)

    assert takes_profit(lot(bound, layer=layer), vix, layer=rules, rules=RULES)
    assert not takes_profit(lot(bound - 0.01, layer=layer), vix, layer=rules, rules=RULES)


def test_an_unknown_mark_sells_nothing() -> None:
    assert not takes_profit(lot(None), 60.0, layer=HEDGE.near, rules=RULES)


@pytest.mark.parametrize(("quantity", "half"), [(4, 2), (5, 2), (2, 1), (1, 0)])
def test_of_an_odd_number_the_smaller_half_is_sold(quantity: int, half: int) -> None:
    held = lot(3.0, quantity=quantity)

    assert half_of(held, RULES) == half
    assert takes_profit(held, 20.0, layer=HEDGE.near, rules=RULES) is (half > 0)


def test_a_lot_is_halved_once() -> None:
    assert half_of(replace(lot(9.0), sold=1), RULES) == 0


def test_a_share_of_nothing_is_off() -> None:
    assert half_of(lot(9.0), replace(RULES, share=0.0)) == 0


@pytest.mark.parametrize(
    ("changes", "over"),
    [
        ({}, True),
        ({"vix_close": 25.0}, False),
        ({"vix_over_vix3m": 1.0}, False),
        ({"vix_close": None}, False),
        ({"vix_short_mean": None}, False),
        ({"vix_over_vix3m": None}, False),
    ],
)
def test_the_wave_is_over_when_vix_closes_below_its_mean_in_contango(
    changes: dict[str, object], *, over: bool
) -> None:
    known = {"vix_close": 24.9, "vix_short_mean": 25.0, "vix_over_vix3m": 0.99}

    assert wave_over(context(**(known | changes)).signals) is over


def test_a_sale_gains_its_proceeds_less_its_share_of_the_cost_both_after_commissions() -> None:
    # 4 bought at 2.00 for 1.00 in all; 2 sold at 5.20 for 1.00:
    # 1,040 - 1.00 - (400 + 0.50) = 638.50
    bought, sold = buy_lot(), sell_lot(quantity=2, reason="monetise")

    found = hedge_sales(
        [record(bought), record(sold)], [fill(bought, 0, "2.00"), fill(sold, 0, "5.20")]
    )

    assert found == (
        HedgeSale(
            session=NEXT, lot_id=LOT, layer=Layer.NEAR, quantity=2, gain_usd=Decimal("638.50")
        ),
    )


def test_only_sales_at_a_profit_that_filled_count() -> None:
    bought = buy_lot()
    rolled = sell_lot(quantity=2)
    unfilled = sell_lot(quantity=2, reason="monetise_rest", intent_id="unfilled")

    found = hedge_sales(
        [record(bought), record(rolled), record(unfilled)],
        [fill(bought, 0, "2.00"), fill(rolled, 0, "5.20")],
    )

    assert found == ()


def test_a_correction_replaces_the_fill_that_it_corrects() -> None:
    bought, sold = buy_lot(), sell_lot(quantity=2, reason="monetise_rest")
    first = fill(sold, 0, "9.00")
    corrected = replace(first, revision=2, price=Decimal("5.20"))

    (found,) = hedge_sales(
        [record(bought), record(sold)], [fill(bought, 0, "2.00"), first, corrected]
    )

    assert found.gain_usd == Decimal("638.50")


@given(parts=st.lists(st.integers(1, 2), min_size=1, max_size=4))
def test_the_gains_of_a_lot_sold_in_parts_add_up_to_all_of_its_cash(parts: list[int]) -> None:
    whole = sum(parts)
    bought = buy_lot(quantity=whole)
    sales = [
        sell_lot(quantity=part, reason="monetise", intent_id=f"part {number}")
        for number, part in enumerate(parts)
    ]
    fills = [fill(bought, 0, "2.00"), *(fill(sale, 0, "3.00") for sale in sales)]

    found = hedge_sales([record(bought), *map(record, sales)], fills)

    cash = whole * 100 - 1 - len(parts)  # commissions are 1.00 an order
    assert float(sum(sale.gain_usd for sale in found)) == pytest.approx(cash, abs=0.05)
    assert {sale.session for sale in found} == {dt.date(2026, 7, 21)}
