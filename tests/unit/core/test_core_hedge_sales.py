"""Gains of monetising sales, by hand from fills; a sale of no layer is a fault."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.book import Layer
from bot.core.hedge_sales import hedge_sales
from bot.core.plan import MONETISE
from ledger_facts import LOT, buy_lot, fill, record, sell_lot

SALE = sell_lot(quantity=2, reason=MONETISE)


def test_gain_is_proceeds_less_the_share_of_the_purchase() -> None:
    # Half of 4 bought at 2.00 for 801 USD with commission: 400.50. Sold 2 at 5.00 for 999 USD.
    bought, sold = fill(buy_lot(), 0, "2.00"), fill(SALE, 0, "5.00")

    (sale,) = hedge_sales([record(buy_lot()), record(SALE)], [bought, sold])

    assert (sale.lot_id, sale.layer, sale.quantity) == (LOT, Layer.NEAR, 2)
    assert sale.gain_usd == Decimal("598.50")


def test_sale_that_did_not_fill_and_one_that_takes_no_profit_count_for_nothing() -> None:
    roll = sell_lot(quantity=2)
    bought = fill(buy_lot(), 0, "2.00")

    assert hedge_sales([record(buy_lot()), record(SALE)], [bought]) == ()
    assert hedge_sales([record(buy_lot()), record(roll)], [bought, fill(roll, 0, "5.00")]) == ()


def test_sale_of_no_layer_is_named() -> None:
    lost = replace(SALE, layer=None)
    fills = [fill(buy_lot(), 0, "2.00"), fill(lost, 0, "5.00")]

    with pytest.raises(ValueError, match=f"{lost.intent_id}: sells hedge of no layer"):
        hedge_sales([record(buy_lot()), record(lost)], fills)
