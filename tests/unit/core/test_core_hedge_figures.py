"""What a hedge lot and a layer are worth, held against vollib."""

from __future__ import annotations

from dataclasses import replace

import pytest
from vollib.black import black
from vollib.black.greeks.analytical import delta as black_delta
from vollib.black.implied_volatility import implied_volatility

import builders
from bot.core.book import HedgeSale, Layer
from bot.core.chain import price_chain
from bot.core.hedge_figures import LotFigures, layer_figures, lot_figures
from bot.core.model import Quote

LOT = builders.lot(Layer.NEAR, expiry=builders.NEAR_EXPIRY, quantity=4, strike=17.0)
SALE = HedgeSale(
    session=builders.SESSION,
    lot_id=LOT.lot_id,
    layer=Layer.NEAR,
    quantity=3,
    gain_usd=builders.NAV,
)


def figures(quote: Quote | None = None, **changes: object) -> LotFigures:
    market = builders.market()
    return lot_figures(
        replace(LOT, **changes),
        quote=quote or market.quote(LOT.contract),
        chain=price_chain(market, trading_class="VIX", expiry=builders.NEAR_EXPIRY),
        sales=(SALE, replace(SALE, lot_id="near-of-old", quantity=9)),
    )


def test_delta_and_time_value_are_black_76_on_the_future_of_the_same_expiry() -> None:
    quote = builders.market().quote(LOT.contract)
    assert quote is not None
    assert quote.mid is not None
    years = (30 * 1440 - 360) / 525_600  # 15:30 to 09:30, 30 days later
    vol = implied_volatility(quote.mid, 18.5, 17.0, builders.RATE, years, "c")
    discounted = black("c", 18.5, 17.0, years, builders.RATE, 1e-9)  # intrinsic, discounted

    found = figures()

    assert found.delta == pytest.approx(
        black_delta("c", 18.5, 17.0, years, builders.RATE, vol), abs=1e-9
    )
    assert found.extrinsic_points == pytest.approx(quote.mid - discounted, abs=1e-6)


def test_the_mark_is_the_bid_and_its_multiple_is_over_the_cost() -> None:
    found = figures(Quote(bid=5.0, ask=5.4))  # bought at 2.00

    assert found.mark_points == 5.0
    assert found.mark_multiple == 2.5


def test_time_value_gone_is_a_share_of_what_was_bought() -> None:
    assert replace(figures(), extrinsic_points=0.5).extrinsic_gone == 0.75  # 2.00 was bought
    assert figures(extrinsic_points=None).extrinsic_gone is None
    assert figures(extrinsic_points=0.0).extrinsic_gone is None
    assert replace(figures(), extrinsic_points=None).extrinsic_gone is None


def test_a_call_that_nobody_bids_for_is_worth_nothing() -> None:
    found = figures(Quote(ask=0.05))

    assert (found.mark_points, found.mark_multiple, found.extrinsic_points) == (0.0, 0.0, 0.0)
    assert found.extrinsic_gone == 1.0


def test_without_a_quote_and_a_chain_nothing_is_known() -> None:
    found = lot_figures(LOT, quote=None, chain=None, sales=())

    assert (found.mark_points, found.extrinsic_points, found.delta) == (None, None, None)
    assert found.mark_multiple is None


def test_what_is_left_of_a_lot_stands_for_what_was_sold_of_it() -> None:
    assert (figures().sold, figures().covers) == (3, 7)


def test_a_layer_sums_its_lots() -> None:
    one = LotFigures(lot=LOT, mark_points=3.0, extrinsic_points=1.0, delta=0.6)
    other = LotFigures(
        lot=replace(LOT, quantity=1), mark_points=1.0, extrinsic_points=0.5, delta=0.1
    )

    found = layer_figures(Layer.NEAR, [one, other], target=8, target_delta=0.45)

    assert (found.target, found.held, found.cost_usd) == (8, 5, 1_000.0)
    assert found.extrinsic_bought_usd == 1_000.0  # 5 x 2.00
    assert found.extrinsic_left_usd == 450.0  # 4 x 1.00 + 0.50
    assert found.mark_multiple == pytest.approx(1.3)  # (4 x 3.00 + 1.00) / 10.00
    assert found.delta == pytest.approx(0.5)  # (4 x 0.6 + 0.1) / 5
    assert found.drift == pytest.approx(0.05)


def test_one_unknown_lot_makes_the_layer_unknown_and_an_empty_layer_has_no_multiple() -> None:
    known = LotFigures(lot=LOT, mark_points=3.0, extrinsic_points=1.0, delta=0.6)

    found = layer_figures(Layer.NEAR, [known, LotFigures(lot=LOT)], target=8, target_delta=0.5)
    empty = layer_figures(Layer.NEAR, [], target=4, target_delta=0.5)

    assert (found.mark_multiple, found.delta, found.drift) == (None, None, None)
    assert found.extrinsic_left_usd is None
    assert (empty.held, empty.cost_usd, empty.mark_multiple, empty.delta) == (0, 0.0, None, None)
