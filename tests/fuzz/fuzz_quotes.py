"""Odd quotes, levels and books into `decide`: what comes out can be sent, or nothing comes out.

NaN, infinities, zero, -1, crossed and locked markets, prices beyond reason, sides without a size,
stale feeds. An intent has valid ticks, a positive whole quantity, and a ladder that only rises to
its floor; nothing that adds risk is built on a leg of which nothing is known.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import builders
from bot.core.book import Book, Layer, TradingState
from bot.core.decision import OrderIntent, Purpose
from bot.core.errors import StewardError
from bot.core.model import Feed, MarketSnapshot, OptionQuote, Quote
from bot.core.rules import Rules
from bot.core.ticks import COMBO_TICK, tick
from strategies import decide

if TYPE_CHECKING:
    from collections.abc import Sequence

ODD = (math.nan, math.inf, -math.inf, -1.0, 0.0, -0.0, 1e-300, 0.003, 1e9, 1e300, None)
LEVELS = (math.nan, math.inf, -1.0, 0.0, 1e-9, 1e12, None)


class QuoteFuzz:
    """Decides on markets that are odd in parts.

    Parameters
    ----------
    seed
        Of all chance.
    """

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._rules = Rules()
        self.decisions = 0
        self.quotes = 0
        self.intents = 0
        self.refused = 0

    def run(self, decisions: int) -> None:
        """Decide so often."""
        for _ in range(decisions):
            snapshot = self._market()
            book = self._book()
            try:
                decision = decide(snapshot, book, self._rules)
            except StewardError:
                self.refused += 1
            else:
                for intent in decision.intents:
                    check(intent, snapshot)
                self.intents += len(decision.intents)
            self.decisions += 1

    def _market(self) -> MarketSnapshot:
        snapshot = builders.market()
        share = self._dice.choice((0.0, 0.01, 0.1, 0.5, 1.0))
        options = tuple(self._odd(option, share) for option in snapshot.options)
        snapshot = replace(snapshot, options=options)
        for symbol in self._dice.sample(sorted(builders.LEVELS), self._dice.choice((0, 0, 1, 2))):
            snapshot = builders.with_level(snapshot, symbol, self._dice.choice(LEVELS))
        if self._dice.random() < 0.2:
            snapshot = replace(snapshot, spx_bars=self._odd_bars(snapshot))
        if self._dice.random() < 0.1:
            snapshot = replace(snapshot, vx_curve=())
        return snapshot

    def _odd_bars(self, snapshot: MarketSnapshot) -> tuple[builders.DailyBar, ...]:
        bars = list(snapshot.spx_bars)
        at = self._dice.randrange(len(bars))
        bars[at] = replace(bars[at], close=self._dice.choice((math.nan, 0.0, -1.0, math.inf)))
        return tuple(bars)

    def _odd(self, option: OptionQuote, share: float) -> OptionQuote:
        if self._dice.random() >= share:
            return option
        self.quotes += 1
        bid, ask = option.quote.bid, option.quote.ask
        made = self._dice.choice(
            (
                Quote(bid=self._dice.choice(ODD), ask=ask),
                Quote(bid=bid, ask=self._dice.choice(ODD)),
                Quote(bid=self._dice.choice(ODD), ask=self._dice.choice(ODD)),
                Quote(bid=ask, ask=bid),
                Quote(bid=ask, ask=ask),
                Quote(bid=bid, ask=ask, feed=self._dice.choice(tuple(Feed))),
                Quote(bid=bid, ask=ask, bid_size=math.nan, ask_size=0.0),
                Quote(),
            )
        )
        return replace(option, quote=made)

    def _book(self) -> Book:
        dice = self._dice
        layers = {
            Layer.NEAR: builders.NEAR_EXPIRY,
            Layer.MID: builders.MID_EXPIRY,
            Layer.FAR: builders.FAR_EXPIRY,
        }
        lots = [
            builders.lot(layer, expiry=expiry, quantity=dice.randrange(1, 12))
            for layer, expiry in layers.items()
            if dice.random() < 0.7
        ]
        condors = [builders.condor(quantity=dice.randrange(1, 4))] if dice.random() < 0.5 else []
        return replace(
            builders.book(lots=lots, condors=condors),
            trading_state=dice.choice((TradingState.ACTIVE,) * 4 + tuple(TradingState)),
            keep_hedge=dice.random() < 0.5,
            locked=dice.random() < 0.1,
        )


def check(intent: OrderIntent, snapshot: MarketSnapshot) -> None:
    """Make sure that `intent` can be sent as it is."""
    assert type(intent.quantity) is int
    assert intent.quantity > 0, intent
    steps = intent.ladder.steps
    assert steps, intent
    assert all(price.is_finite() for price in (*steps, intent.mid, intent.natural)), intent
    assert all(one < other for one, other in itertools.pairwise(steps)), intent
    for price in steps:
        step = COMBO_TICK
        if len(intent.legs) == 1:
            step = tick(intent.legs[0].contract.trading_class, price)
        assert price % step == 0, intent
    assert intent.mid <= intent.natural, intent
    if intent.purpose is Purpose.ADD:
        _legs_are_known(intent, snapshot.options)


def _legs_are_known(intent: OrderIntent, options: Sequence[OptionQuote]) -> None:
    quotes = {option.contract: option.quote for option in options}
    for leg in intent.legs:
        quote = quotes[leg.contract]
        assert quote.feed is Feed.LIVE, intent
        assert quote.ask is not None, intent
        assert 0 < quote.ask < math.inf, intent
        assert quote.bid is None or 0 < quote.bid < quote.ask, intent
