"""A predicted chain is that of its smile, and becomes the one that is read."""

from __future__ import annotations

import math

import numpy as np
import pytest
from vollib.black import black
from vollib.black.greeks.analytical import delta as black_delta

from bot.core.chain import PricedChain, price_chain
from bot.core.model import FutureQuote, Quote, Right
from bot.core.smile import (
    Smile,
    Smiles,
    Terms,
    completed,
    smile_of,
    smiles_of,
    spx_smile,
    vix_smile,
)
from bot.core.universe import ListedSeries
from quoted_chains import (
    FORWARD,
    FUTURE,
    RATE,
    SPX_EXPIRY,
    SPX_YEARS,
    VIX_EXPIRY,
    VIX_VOL,
    VOL,
    replaced,
    snapshot,
    spx_options,
    vix_options,
)

STRIKES = tuple(float(strike) for strike in range(6000, 6900, 25))
SERIES = ListedSeries(
    underlying="SPX",
    trading_class="SPXW",
    expiry=SPX_EXPIRY,
    last_trade=SPX_EXPIRY,
    strikes=STRIKES,
)


def flat(vol: float) -> Smile:
    return Smile(moneyness=(0.0,), vol=(vol,))


def terms(vol: float) -> Terms:
    return Terms(
        years=SPX_YEARS, forward=FORWARD, discount=math.exp(-RATE * SPX_YEARS), smile=flat(vol)
    )


def read(strikes: tuple[float, ...]) -> PricedChain:
    """The chain of some strikes round the forward, quoted at `VOL`, with the money for parity."""
    money = (6400.0, 6425.0, 6450.0)
    priced = price_chain(
        snapshot(spx_options(sorted({*money, *strikes}))), trading_class="SPXW", expiry=SPX_EXPIRY
    )
    assert priced is not None
    return priced


def test_a_chain_of_which_nothing_is_read_has_the_values_and_deltas_of_its_smile() -> None:
    chain = completed(SERIES, terms(0.25), None)

    for contract, mid, delta in zip(chain.contracts, chain.mid, chain.delta, strict=True):
        known = (contract.right.value.lower(), FORWARD, contract.strike, SPX_YEARS, RATE, 0.25)
        assert mid == pytest.approx(black(*known), abs=1e-9)
        assert delta == pytest.approx(black_delta(*known), abs=1e-9)
    assert [contract.strike for contract in chain.contracts[::2]] == list(STRIKES)


def test_what_is_read_moves_the_prediction_of_what_is_not() -> None:
    chain = completed(SERIES, terms(VOL * 2), read((6100.0, 6700.0)))

    assert np.nanmax(np.abs(chain.iv - VOL)) < 1e-6


def test_a_volatility_between_two_that_were_read_is_between_theirs() -> None:
    """The prediction is 1 everywhere, so that volatility and ratio are the same."""
    low, high = 6100.0, 6300.0
    options = spx_options((low, high, 6400.0, 6425.0, 6450.0))
    dear = black("p", FORWARD, low, SPX_YEARS, RATE, 0.30)
    quoted = replaced(options, low, Right.PUT, Quote(bid=dear - 0.01, ask=dear + 0.01))
    chain = price_chain(snapshot(quoted), trading_class="SPXW", expiry=SPX_EXPIRY)
    assert chain is not None

    found = completed(SERIES, terms(1.0), chain)
    vols = dict(zip(found.strike[1::2], found.iv[1::2], strict=True))
    x, start, end = (math.log(strike / FORWARD) for strike in (6200.0, low, high))
    expected = 0.30 + (VOL - 0.30) * (x - start) / (end - start)
    assert vols[6200.0] == pytest.approx(expected, abs=1e-4)
    assert vols[6000.0] == pytest.approx(0.30, abs=1e-4)


def test_what_was_asked_for_and_has_no_market_has_none_in_the_completed_chain_either() -> None:
    options = replaced(spx_options((6100.0, 6400.0, 6425.0, 6450.0)), 6100.0, Right.PUT, Quote())
    chain = price_chain(snapshot(options), trading_class="SPXW", expiry=SPX_EXPIRY)

    full = completed(SERIES, terms(VOL), chain)
    index = full.index_of(SERIES.contract(6100.0, Right.PUT))

    assert index is not None
    assert np.isnan([full.mid[index], full.ask[index], full.delta[index]]).all()


def test_a_smile_keeps_its_place_in_standard_deviations_at_another_level() -> None:
    smile = Smile(moneyness=(-0.2, 0.0, 0.1), vol=(0.30, 0.20, 0.16)).scaled(1.5)

    assert smile.moneyness == pytest.approx((-0.3, 0.0, 0.15))
    assert smile.vol == pytest.approx((0.45, 0.30, 0.24))


def test_rules_of_thumb_slope_as_the_markets_do() -> None:
    spx, vix = spx_smile(20.0), vix_smile(95.0, 30 / 365)
    near, far = vix_smile(95.0, 30 / 365), vix_smile(95.0, 220 / 365)

    assert spx.vol[0] > 2 * min(spx.vol)
    assert vix.vol == tuple(sorted(vix.vol))
    assert far.vol[0] < near.vol[0]


def test_the_smile_of_a_chain_is_that_of_its_options_out_of_the_money() -> None:
    smile = smile_of(read(STRIKES))

    assert smile is not None
    assert smile.moneyness == tuple(sorted(smile.moneyness))
    assert len(smile.vol) == len(STRIKES)
    assert smile.vol == pytest.approx([VOL] * len(STRIKES), abs=1e-6)


def test_three_volatilities_make_no_smile() -> None:
    assert smile_of(read(())) is None


def test_a_session_leaves_a_smile_for_each_vix_expiry_and_rules_of_thumb_without() -> None:
    curve = (FutureQuote(expiry=VIX_EXPIRY, quote=Quote(bid=FUTURE - 0.05, ask=FUTURE + 0.05)),)
    left = smiles_of(snapshot(vix_options(), curve))

    found = left.of_vix(VIX_EXPIRY, 95.0, 0.1)
    assert found.vol == pytest.approx([VIX_VOL] * len(found.vol), abs=2e-2)
    assert left.spx is None
    assert Smiles().of_vix(VIX_EXPIRY, None, 0.1) == vix_smile(95.0, 0.1)
    assert Smiles().of_spx(18.0) == spx_smile(18.0)
