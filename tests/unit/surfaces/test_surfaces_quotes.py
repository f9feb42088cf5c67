"""Spreads, ticks and wings of modelled quotes, and levels that stand in for missing ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from surface_support import NOW, spxw_listing

from bot.surfaces.chain import spx_quotes
from bot.surfaces.levels import vol_levels
from bot.surfaces.quotes import SPREADS, deep_half_spread, quoted
from bot.surfaces.spx_surface import SpxSurface


def arrays(*values: float) -> np.ndarray:
    return np.array(values)


@pytest.mark.parametrize(
    ("trading_class", "price", "bid", "ask"),
    [
        ("SPXW", 1.234, 1.15, 1.30),  # 1.174 to 1.294 on nickels
        ("SPX", 12.34, 12.2, 12.4),  # 12.28 to 12.40 on dimes
        ("VIX", 1.234, 1.17, 1.30),  # on cents
        ("VIX", 12.34, 12.25, 12.40),  # on nickels
        ("VIXW", 12.34, 12.28, 12.40),  # on cents
    ],
)
def test_bids_round_down_and_asks_up_to_the_tick(
    trading_class: str, price: float, bid: float, ask: float
) -> None:
    bids, asks = quoted(arrays(price), arrays(0.06), trading_class=trading_class)

    assert (bids[0], asks[0]) == (bid, ask)


def test_a_price_on_the_tick_is_not_pushed_off_it() -> None:
    """0.15 / 0.05 is 2.9999999999999996 in binary."""
    bids, asks = quoted(arrays(0.15), arrays(0.0), trading_class="SPXW")

    assert (bids[0], asks[0]) == (0.15, 0.20)


def test_nobody_bids_for_what_is_worth_less_than_the_spread() -> None:
    bids, asks = quoted(arrays(0.03), arrays(0.05), trading_class="SPXW")

    assert (bids[0], asks[0]) == (0.0, 0.10)


def test_a_quote_is_at_least_one_tick_wide() -> None:
    bids, asks = quoted(arrays(2.00), arrays(0.0), trading_class="SPX")

    assert (bids[0], asks[0]) == (2.00, 2.05)


def test_spreads_widen_with_stress_and_not_below_calm() -> None:
    """At VIX 32 the SPX spread is 2 ** 1.2 times that at 16: (0.06 + 0.077 x 3) x 2.2974 / 2."""
    spread = SPREADS["SPX"]

    assert spread.half_spread(arrays(9.0), 32.0)[0] == pytest.approx(0.33427, abs=1e-5)
    assert spread.half_spread(arrays(9.0), 10.0)[0] == pytest.approx(0.1455, abs=1e-12)


def test_deep_options_are_quoted_up_to_16_points_wider() -> None:
    assert deep_half_spread(arrays(-50.0, 100.0, 1000.0)).tolist() == [0.0, 5.0, 8.0]


def test_every_modelled_spx_quote_has_a_bid_below_its_ask_on_the_tick() -> None:
    market = SpxSurface(spot=6000.0, levels=vol_levels(16.0), rate=0.04, dividend_yield=0.013)
    quotes = spx_quotes(market, spxw_listing(35), NOW)

    for bid, ask in ((quotes.call_bid, quotes.call_ask), (quotes.put_bid, quotes.put_ask)):
        assert (bid < ask).all()
        assert (bid >= 0).all()
        steps = np.where(ask < 3.0, ask / 0.05, ask / 0.10)
        assert np.abs(steps - np.round(steps)).max() < 1e-6


def test_far_calls_have_no_bid() -> None:
    market = SpxSurface(spot=6000.0, levels=vol_levels(14.0), rate=0.04, dividend_yield=0.013)
    quotes = spx_quotes(market, spxw_listing(35), NOW)

    assert quotes.call_bid[-1] == 0.0
    assert quotes.call_ask[-1] > 0.0


def test_an_option_in_its_last_second_is_still_priced() -> None:
    listing = spxw_listing(0)
    market = SpxSurface(spot=6000.0, levels=vol_levels(14.0), rate=0.04, dividend_yield=0.013)

    quotes = spx_quotes(market, listing, listing.settles)
    assert np.isfinite(quotes.call_ask).all()


def test_a_missing_level_goes_with_the_vix_and_a_known_one_is_kept() -> None:
    levels = vol_levels(20.0, vix3m=19.0)

    assert levels == replace(vol_levels(20.0), vix3m=19.0)
    assert (levels.vix9d, levels.vvix, levels.skew) == (19.2, 101.6, 131.0)


@pytest.mark.parametrize("level", [0.0, -1.0, float("nan")])
def test_a_level_that_is_not_positive_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="vix9d must be > 0 points"):
        vol_levels(20.0, vix9d=level)
