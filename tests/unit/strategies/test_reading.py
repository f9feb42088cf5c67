"""What is read is enough: the choice is that of the whole chain, however wrong the prediction."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import pytest
from vollib.black import black

from bot.core.book import HedgeLedger, HedgeNotes, Layer, LayerNote
from bot.core.chain import parity_chain, price_chain
from bot.core.model import FutureQuote, IndexLevel, OptionQuote, Quote, Right
from bot.core.regime import compute_signals
from bot.core.rules import Rules
from bot.core.smile import Smile, Smiles
from bot.core.universe import ListedSeries
from quoted_chains import (
    FORWARD,
    FUTURE,
    RATE,
    SPX_EXPIRY,
    SPX_YEARS,
    VIX_EXPIRY,
    VIX_YEARS,
    snapshot,
)
from strategies.condor_strikes import condor_legs
from strategies.reading import tier_aims
from strategies.reading_plan import (
    LayerSeries,
    ReadingPlan,
    layer_deltas,
    wanted,
    without_market,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.core.model import MarketSnapshot, OptionContract

RULES = Rules()
VIX_LEVEL = 18.0
MOST_ROUNDS = 6

SPX = ListedSeries(
    underlying="SPX",
    trading_class="SPXW",
    expiry=SPX_EXPIRY,
    last_trade=SPX_EXPIRY,
    strikes=tuple(float(strike) for strike in range(4500, 7500, 5)),
)
VIX = ListedSeries(
    underlying="VIX",
    trading_class="VIX",
    expiry=VIX_EXPIRY,
    last_trade=VIX_EXPIRY,
    strikes=tuple(10 + strike / 2 for strike in range(120)),
)


def spx_vol(strike: float) -> float:
    """A smile as of an ordinary day: steep below the money, flat above."""
    deviations = math.log(strike / FORWARD) / (VIX_LEVEL / 100 * math.sqrt(SPX_YEARS))
    return VIX_LEVEL / 100 * max(0.83 - 0.26 * deviations, 0.67)


def vix_vol(strike: float) -> float:
    return 0.85 + 0.3 * math.log(strike / FUTURE) / math.sqrt(VIX_YEARS)


def quoted(contract: OptionContract) -> OptionQuote:
    """The market of one option, to the nickel on each side of its value."""
    spx = contract.underlying == "SPX"
    value = black(
        contract.right.value.lower(),
        FORWARD if spx else FUTURE,
        contract.strike,
        SPX_YEARS if spx else VIX_YEARS,
        RATE,
        spx_vol(contract.strike) if spx else vix_vol(contract.strike),
    )
    tick = 0.05 if spx else 0.01
    bid, ask = math.floor(value / tick) * tick, (math.floor(value / tick) + 2) * tick
    return OptionQuote(contract=contract, quote=Quote(bid=round(bid, 2) or None, ask=round(ask, 2)))


def levels(*, future: float | None = FUTURE) -> MarketSnapshot:
    side = None if future is None else Quote(bid=future - 0.05, ask=future + 0.05)
    curve = () if side is None else (FutureQuote(expiry=VIX_EXPIRY, quote=side),)
    return dataclasses.replace(
        snapshot((), curve),
        indexes=(
            IndexLevel(symbol="SPX", last=FORWARD * math.exp(-0.03 * SPX_YEARS)),
            IndexLevel(symbol="VIX", last=VIX_LEVEL),
        ),
    )


def plan(smiles: Smiles | None = None) -> ReadingPlan:
    return ReadingPlan(
        sold=(SPX,),
        bought=(LayerSeries(series=VIX, deltas=(0.5,)),),
        signals=compute_signals(levels(), RULES.signals),
        smiles=smiles or Smiles(),
        rules=RULES,
    )


def read(
    chosen: ReadingPlan,
    start: MarketSnapshot,
    market: Callable[[OptionContract], OptionQuote] = quoted,
) -> tuple[MarketSnapshot, list[int]]:
    """Read round by round, and count the options of each."""
    seen, found, rounds = start, {each.contract: each for each in start.options}, list[int]()
    for _ in range(MOST_ROUNDS):
        unread = [each for each in wanted(chosen, seen) if each not in found]
        if not unread:
            return seen, rounds
        rounds.append(len(unread))
        found |= {each: market(each) for each in unread}
        seen = dataclasses.replace(start, options=tuple(found.values()))
    raise AssertionError(f"unread after {MOST_ROUNDS} rounds: {rounds}")


def whole(start: MarketSnapshot, series: Iterable[ListedSeries]) -> MarketSnapshot:
    options = tuple(
        quoted(each.contract(strike, right))
        for each in series
        for strike in each.strikes
        for right in Right
    )
    return dataclasses.replace(start, options=options)


def wrong(ratio: float) -> Smiles:
    """Smiles that are wrong in level by `ratio`, and flat where the markets are steep."""
    return Smiles(
        spx=Smile(moneyness=(0.0,), vol=(0.16 * ratio / VIX_LEVEL * 100,)),
        vix=((VIX_EXPIRY, Smile(moneyness=(0.0,), vol=(0.9 * ratio,))),),
    )


@pytest.mark.parametrize("smiles", [Smiles(), wrong(1.0), wrong(0.5), wrong(2.0)])
def test_the_choice_is_that_of_the_whole_chain_whatever_was_predicted(smiles: Smiles) -> None:
    start = levels()
    seen, rounds = read(plan(smiles), start)
    full = whole(start, (SPX, VIX))
    ours, theirs = (
        price_chain(each, trading_class="SPXW", expiry=SPX_EXPIRY) for each in (seen, full)
    )
    hedge, hedges = (
        price_chain(each, trading_class="VIX", expiry=VIX_EXPIRY) for each in (seen, full)
    )

    assert ours is not None
    assert theirs is not None
    assert hedge is not None
    assert hedges is not None
    assert ours.forward == theirs.forward
    for aim in tier_aims(plan().signals, RULES.condor):
        legs = condor_legs(ours, aim, RULES.condor)
        assert legs is not None
        assert legs == condor_legs(theirs, aim, RULES.condor)
    call, same = (each.nearest_delta(Right.CALL, 0.5, tolerance=1.0) for each in (hedge, hedges))
    assert call is not None
    assert same is not None
    assert hedge.contracts[call] == hedges.contracts[same]
    assert sum(rounds) < 75


@pytest.mark.parametrize("held", [1, 3])
def test_beside_calls_that_are_held_what_would_be_bought_if_they_were_sold_is_read(
    held: int,
) -> None:
    full = price_chain(whole(levels(), (VIX,)), trading_class="VIX", expiry=VIX_EXPIRY)
    assert full is not None
    mine: tuple[OptionContract, ...] = ()
    for _ in range(held):
        nearest = full.nearest_delta(Right.CALL, 0.5, tolerance=1.0, without=mine)
        assert nearest is not None
        mine += (full.contracts[nearest],)
    start = dataclasses.replace(levels(), options=tuple(map(quoted, mine)))
    seen, _ = read(dataclasses.replace(plan(), held=mine), start)
    found = price_chain(seen, trading_class="VIX", expiry=VIX_EXPIRY)
    assert found is not None

    for sold in (mine, mine[:1]):
        ours, theirs = (
            each.nearest_delta(Right.CALL, 0.5, tolerance=1.0, without=sold)
            for each in (found, full)
        )
        assert ours is not None
        assert theirs is not None
        assert found.contracts[ours] == full.contracts[theirs]


def test_a_good_prediction_reads_half_a_hundred_options_in_two_rounds() -> None:
    strikes = tuple(float(strike) for strike in range(5000, 7300, 50))
    known = Smile(
        moneyness=tuple(math.log(each / FORWARD) / math.sqrt(SPX_YEARS) for each in strikes),
        vol=tuple(spx_vol(each) for each in strikes),
    )
    smiles = Smiles(spx=known.scaled(100 / VIX_LEVEL), vix=wrong(1.0).vix)

    _, rounds = read(plan(smiles), levels())

    assert len(rounds) <= 3
    assert sum(rounds) <= 50


def test_an_expiry_without_a_two_sided_market_near_the_money_is_named_and_read_no_further() -> None:
    def one_sided(contract: OptionContract) -> OptionQuote:
        market = quoted(contract)
        if contract.underlying == "VIX" or abs(contract.strike - FORWARD) > 100:
            return market
        return dataclasses.replace(market, quote=dataclasses.replace(market.quote, bid=None))

    start = levels()
    seen, rounds = read(plan(), start, one_sided)

    assert without_market(plan(), start) == ()
    assert without_market(plan(), seen) == (SPX,)
    assert rounds[0] > sum(rounds[1:])
    assert all(each.contract.underlying == "VIX" for each in seen.options[rounds[0] :])


def test_without_levels_nothing_is_read() -> None:
    assert wanted(plan(), snapshot(())) == ()


def test_without_the_vx_future_three_strikes_are_read_so_that_parity_finds_the_forward() -> None:
    start = levels(future=None)
    seen, _ = read(plan(), start)

    found = parity_chain(seen, trading_class="VIX", expiry=VIX_EXPIRY)
    assert found is not None
    assert found.forward == pytest.approx(FUTURE, abs=0.02)


def test_a_side_further_out_by_the_trend_is_read_there() -> None:
    signals = dataclasses.replace(plan().signals, spx_rsi=80.0)
    seen, _ = read(dataclasses.replace(plan(), signals=signals), levels())
    chain = price_chain(seen, trading_class="SPXW", expiry=SPX_EXPIRY)
    assert chain is not None

    index = chain.nearest_delta(Right.CALL, 0.05, tolerance=0.002)
    assert index is not None


@pytest.mark.parametrize(
    ("steps", "sessions", "expected"),
    [
        (0, 0, (0.5,)),
        (1, 0, (0.45,)),
        (0, 63, (0.5, 0.45)),
        (1, 63, (0.45, 0.4, 0.5)),
        (3, 63, (0.35, 0.4)),
    ],
)
def test_a_layer_is_read_at_each_delta_that_the_budget_may_move_it_to(
    steps: int, sessions: int, expected: tuple[float, ...]
) -> None:
    notes = HedgeNotes(layers=(LayerNote(layer=Layer.NEAR, delta_steps=steps),))
    past = HedgeLedger(sessions=sessions)

    found = layer_deltas(Layer.NEAR, notes, past, RULES.hedge)

    assert found == pytest.approx(expected)


def test_a_layer_of_an_unknown_past_is_read_at_the_delta_of_its_rule() -> None:
    assert layer_deltas(Layer.FAR, None, HedgeLedger(), RULES.hedge) == (0.2,)
