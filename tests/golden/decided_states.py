"""States of market and book whose decisions are pinned, and a decision as plain text.

Each state is the market of ``builders`` with one thing changed, so that a change in a decision can
be traced to the rule that made it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import builders
from bot.core.book import Layer, TradingState
from bot.core.model import EventTable
from strategies import decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.core.book import Book
    from bot.core.decision import Decision, Observed, OrderIntent
    from bot.core.model import MarketSnapshot
    from bot.core.rules import Rules

    State = tuple[MarketSnapshot, Book]

LATER: Final = (dt.date(2026, 12, 9),)


def _levels(vix: float, vix3m: float) -> MarketSnapshot:
    return builders.with_level(builders.with_level(builders.market(), "VIX", vix), "VIX3M", vix3m)


def _falling() -> MarketSnapshot:
    """The last ten closes each 1.5 % lower than the one before, and VIX above VIX3M."""
    market = _levels(34.0, 30.0)
    bars = list(market.spx_bars)
    for ago in range(10):
        bar = bars[-1 - ago]
        bars[-1 - ago] = replace(bar, close=bars[-11].close * 0.985 ** (10 - ago))
    return replace(market, spx_bars=tuple(bars))


def _hedged(**changes: object) -> Book:
    return replace(builders.book(lots=builders.hedged()), **changes)  # type: ignore[arg-type]


def _due() -> Book:
    """The near layer has two days left, the others are not due."""
    lots = (
        builders.lot(Layer.NEAR, expiry=dt.date(2026, 7, 22), quantity=4, strike=17.0),
        *builders.hedged()[1:],
    )
    return builders.book(lots=lots)


def _rich() -> Book:
    """The mid layer is worth far more than it cost."""
    near, mid, far = builders.hedged()
    return builders.book(lots=(near, replace(mid, cost_points=Decimal("0.50")), far))


STATES: Final[dict[str, Callable[[], State]]] = {
    "first session": lambda: (builders.market(), builders.book()),
    "hedged and calm": lambda: (builders.market(), _hedged()),
    "quiet": lambda: (_levels(13.5, 16.0), _hedged()),
    "lively in contango": lambda: (_levels(21.0, 22.5), _hedged()),
    "backwardation": lambda: (_levels(25.0, 24.0), _hedged()),
    "stress": lambda: (_falling(), _hedged()),
    "eve of a CPI release": lambda: (
        replace(
            builders.market(), events=EventTable(fomc=LATER, cpi=(dt.date(2026, 7, 21),), ppi=LATER)
        ),
        _hedged(),
    ),
    "dates of events have ended": lambda: (
        replace(builders.market(), events=EventTable()),
        _hedged(),
    ),
    "breadth unknown": lambda: (replace(builders.market(), breadth=None), _hedged()),
    "bars unknown": lambda: (replace(builders.market(), spx_bars=()), _hedged()),
    "no live quotes": lambda: (replace(builders.market(), options=()), _hedged()),
    "profit to take": lambda: (
        builders.market(),
        _hedged(condors=(builders.condor(credit="60.00"),)),
    ),
    "short call threatened": lambda: (
        builders.market(),
        _hedged(condors=(builders.condor((5800.0, 5925.0, 6350.0, 6475.0)),)),
    ),
    "near layer due": lambda: (builders.market(), _due()),
    "mid layer rich": lambda: (builders.market(), _rich()),
    "no entries": lambda: (builders.market(), _hedged(trading_state=TradingState.NO_ENTRIES)),
    "reduce only": lambda: (
        builders.market(),
        _hedged(condors=(builders.condor(),), trading_state=TradingState.REDUCE_ONLY),
    ),
    "flatten": lambda: (
        builders.market(),
        _hedged(condors=(builders.condor(),), trading_state=TradingState.FLATTEN, keep_hedge=False),
    ),
    "halt": lambda: (builders.market(), _hedged(trading_state=TradingState.HALT)),
    "locked": lambda: (builders.market(), _hedged(locked=True)),
}


def plain_decision(name: str, rules: Rules) -> dict[str, object]:
    """Decide a state, and write the decision so that a difference can be read."""
    decision = decide(*STATES[name](), rules)
    return {
        "regime": decision.regime,
        "intents": [_intent(intent) for intent in decision.intents],
        "verdicts": _verdicts(decision),
    }


def _verdicts(decision: Decision) -> list[str]:
    return [
        f"{verdict.code} {verdict.subject} {'passed' if verdict.passed else 'denied'} "
        f"{_shown(verdict.observed)} / {_shown(verdict.limit)}"
        for verdict in decision.verdicts
    ]


def _intent(intent: OrderIntent) -> str:
    legs = ", ".join(f"{leg.ratio:+d} {leg.contract.label()}" for leg in intent.legs)
    after = f" after {intent.after}" if intent.after else ""
    cover = " covered" if intent.needs_cover else ""
    return (
        f"{intent.purpose.value} {intent.intent_id} {intent.quantity} x [{legs}] "
        f"{intent.ladder.steps[0]} to {intent.ladder.floor} {intent.reason}{after}{cover}"
    )


def _shown(value: Observed) -> str:
    """Write a value; a float with as many digits as every machine computes alike."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)
