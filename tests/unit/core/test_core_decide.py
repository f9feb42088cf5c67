"""The whole decision: what each trading state permits, order, determinism, and the unknown."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import builders
from bot.core import decide as core
from bot.core.book import Book, HedgeLot, Layer, TradingState
from bot.core.decision import Action, Decision, OrderIntent, Purpose, Verdict
from bot.core.model import EventTable, Feed, MarketSnapshot
from bot.core.rules import CondorRules, Rules
from strategies import LINE_UP, decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.core.context import Context

RULES = Rules(condor=CondorRules(tiers=("balanced",)))
DUE_CONDOR = builders.condor(credit="120.00")
DUE_LOT = builders.lot(Layer.NEAR, expiry=dt.date(2026, 7, 22), quantity=4, strike=17.5)


def full_book(**changes: object) -> Book:
    """A book that wants everything: an exit, a roll, missing layers and an entry."""
    return replace(builders.book(condors=[DUE_CONDOR], lots=[DUE_LOT]), **changes)


def kinds(decision: Decision) -> list[tuple[Purpose, str]]:
    return [(intent.purpose, intent.reason) for intent in decision.intents]


EXIT = (Purpose.REDUCE, "take_profit")
ROLL = [(Purpose.PROTECT, "roll_due"), (Purpose.PROTECT, "roll_due")]
MISSING = [(Purpose.PROTECT, "missing"), (Purpose.PROTECT, "missing")]
ENTRY = (Purpose.ADD, "entry")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [EXIT, *ROLL, *MISSING, ENTRY]),
        ({"trading_state": TradingState.NO_ENTRIES}, [EXIT, *ROLL, *MISSING]),
        ({"trading_state": TradingState.REDUCE_ONLY}, [EXIT, *ROLL]),
        ({"trading_state": TradingState.HALT}, []),
        ({"trading_state": TradingState.FLATTEN}, [(Purpose.REDUCE, "flatten"), *ROLL]),
        (
            {"trading_state": TradingState.FLATTEN, "keep_hedge": False},
            [(Purpose.REDUCE, "flatten"), (Purpose.REDUCE, "flatten")],
        ),
        (
            {"trading_state": TradingState.ACTIVE, "keep_hedge": False},
            [EXIT, *ROLL, *MISSING, ENTRY],
        ),
        ({"locked": True}, [EXIT, *ROLL]),
        ({"locked": True, "trading_state": TradingState.NO_ENTRIES}, [EXIT, *ROLL]),
        ({"locked": True, "trading_state": TradingState.HALT}, []),
        ({"in_flight": ("2026-07-17:condor:open_condor:balanced",)}, [EXIT, *ROLL, *MISSING]),
    ],
)
def test_each_state_permits_what_the_table_says(
    changes: dict[str, object], expected: list[tuple[Purpose, str]]
) -> None:
    decision = decide(builders.market(), full_book(**changes), RULES)

    assert kinds(decision) == expected


@pytest.mark.parametrize(
    ("changes", "code", "subject"),
    [
        ({"trading_state": TradingState.NO_ENTRIES}, "TRADING_STATE", "add"),
        ({"trading_state": TradingState.REDUCE_ONLY}, "TRADING_STATE", "protect"),
        ({"trading_state": TradingState.HALT}, "TRADING_STATE", "reduce"),
        ({"locked": True}, "LOCKED", "book"),
        ({"in_flight": ("x",)}, "IN_FLIGHT", "book"),
    ],
)
def test_state_gates_answer_whether_they_pass_or_not(
    changes: dict[str, object], code: str, subject: str
) -> None:
    def passed(book: Book) -> bool:
        (verdict,) = (
            each
            for each in core.state_verdicts(book)
            if (each.code, each.subject) == (code, subject)
        )
        return verdict.passed

    assert passed(builders.book())
    assert not passed(replace(builders.book(), **changes))


def test_objection_is_a_verdict_that_denies_entries() -> None:
    book = full_book(objections=("CLOCK_SKEW: 3.1 s",))

    decision = decide(builders.market(), book, RULES)

    (verdict,) = (each for each in decision.verdicts if each.code == "CLOCK_SKEW")
    assert (verdict.subject, verdict.observed, verdict.passed) == ("book", "3.1 s", False)
    assert Purpose.ADD not in {intent.purpose for intent in decision.intents}


def test_condor_that_may_not_be_sold_is_not_hedged() -> None:
    # two condors open and two wanted: 50,000 USD need two units, 25,000 need one
    book = replace(
        builders.book(condors=[builders.condor(quantity=2)], lots=builders.hedged()),
        nav_usd=Decimal(1_200_000),
    )

    active = decide(builders.market(), book, RULES)
    held = decide(builders.market(), replace(book, trading_state=TradingState.NO_ENTRIES), RULES)

    assert len(active.intents) == 4
    assert active.intents[-1].quantity == 2
    assert not held.intents


def test_regime_signals_and_version_are_part_of_the_decision() -> None:
    decision = decide(builders.market(), builders.book(), RULES)

    assert decision.session == builders.SESSION
    assert decision.decision_version == 3
    assert decision.regime == "calm"
    assert {"macd_histogram", "breadth", "vix_over_vix3m"} <= {
        signal.name for signal in decision.signals
    }


def test_every_gate_answers_in_a_stressed_market_too() -> None:
    calm = decide(builders.market(), full_book(), RULES)
    stressed = decide(
        replace(
            builders.with_level(builders.market(), "VIX", 40.0),
            breadth=None,
            events=EventTable(),
        ),
        full_book(locked=True),
        RULES,
    )

    assert {verdict.code for verdict in stressed.verdicts} == {
        verdict.code for verdict in calm.verdicts
    }


def test_a_strategy_is_anything_that_proposes() -> None:
    verdict = Verdict(code="MOON", subject="book", observed="full", limit="new", passed=False)
    seen: list[int] = []

    def propose(context: Context) -> core.Proposal:
        seen.append(len(context.proposed))
        return core.Proposal(verdicts=(verdict,))

    line_up = (*LINE_UP, SimpleNamespace(propose=propose))
    decision = core.decide(builders.market(), builders.book(), RULES, strategies=line_up)

    assert decision.verdicts[-1] == verdict
    assert seen == [4]


# ------------------------------------------------------------------ the unknown


def _without_index(symbol: str) -> Callable[[MarketSnapshot], MarketSnapshot]:
    return lambda market: builders.with_level(market, symbol, None)


def _delayed_index(symbol: str) -> Callable[[MarketSnapshot], MarketSnapshot]:
    def delayed(market: MarketSnapshot) -> MarketSnapshot:
        indexes = tuple(
            replace(index, feed=Feed.DELAYED) if index.symbol == symbol else index
            for index in market.indexes
        )
        return replace(market, indexes=indexes)

    return delayed


UNKNOWNS: dict[str, Callable[[MarketSnapshot], MarketSnapshot]] = {
    "spx": _without_index("SPX"),
    "vix": _without_index("VIX"),
    "vix3m": _without_index("VIX3M"),
    "spx delayed": _delayed_index("SPX"),
    "vix3m delayed": _delayed_index("VIX3M"),
    "no indexes": lambda market: replace(market, indexes=()),
    "breadth": lambda market: replace(market, breadth=None),
    "short history": lambda market: replace(market, spx_bars=market.spx_bars[-200:]),
    "stale history": lambda market: replace(market, spx_bars=market.spx_bars[:-1]),
    "no vix history": lambda market: replace(market, vix_bars=()),
    "events": lambda market: replace(market, events=EventTable()),
    "vx curve": lambda market: replace(market, vx_curve=()),
    "options": lambda market: replace(market, options=()),
    "delayed options": lambda market: builders.with_feed(market, Feed.DELAYED),
    "frozen options": lambda market: builders.with_feed(market, Feed.FROZEN),
}


@pytest.mark.parametrize("name", UNKNOWNS)
def test_nothing_is_added_while_an_input_is_unknown(name: str) -> None:
    book = full_book(lots=builders.hedged(units=3))

    decision = decide(UNKNOWNS[name](builders.market()), book, RULES)

    assert Purpose.ADD not in {intent.purpose for intent in decision.intents}


@settings(max_examples=40)
@given(names=st.sets(st.sampled_from(sorted(UNKNOWNS)), min_size=1))
def test_no_set_of_unknowns_adds_risk_or_stops_a_reduction_that_can_be_priced(
    names: set[str],
) -> None:
    market = builders.market()
    for name in names:
        market = UNKNOWNS[name](market)

    purposes = {intent.purpose for intent in decide(market, full_book(), RULES).intents}

    assert Purpose.ADD not in purposes
    priced = not names & {"options", "delayed options", "frozen options"}
    assert (Purpose.REDUCE in purposes) is priced


def test_unknown_nav_adds_nothing_and_hedges_all_the_same() -> None:
    decision = decide(builders.market(), full_book(nav_usd=None), RULES)

    assert kinds(decision) == [EXIT, *ROLL, *MISSING]


# ------------------------------------------------------------------ determinism


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_order_of_the_inputs_changes_nothing(seed: int) -> None:
    market, book = builders.market(), full_book(condors=(DUE_CONDOR, builders.condor()))
    shuffle = random.Random(seed)

    def shuffled(items: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(shuffle.sample(items, len(items)))

    other = replace(
        market,
        options=shuffled(market.options),
        indexes=shuffled(market.indexes),
        vx_curve=shuffled(market.vx_curve),
    )

    assert decide(other, replace(book, lots=shuffled(book.lots)), RULES) == decide(
        market, book, RULES
    )


def _books() -> st.SearchStrategy[Book]:
    condors = st.lists(st.integers(1, 10), max_size=3).map(
        lambda quantities: tuple(
            builders.condor(quantity=quantity, opened=dt.date(2026, 7, day))
            for day, quantity in enumerate(quantities, start=6)
        )
    )
    lots = st.lists(
        st.tuples(st.sampled_from(Layer), st.sampled_from(tuple(builders.VX)), st.integers(1, 12)),
        max_size=4,
    ).map(
        lambda wanted: tuple(
            builders.lot(layer, expiry=expiry, quantity=n, opened=dt.date(2026, 6, day))
            for day, (layer, expiry, n) in enumerate(wanted, start=1)
        )
    )
    return st.builds(
        full_book,
        condors=condors,
        lots=lots,
        nav_usd=st.none() | st.integers(0, 5_000_000).map(Decimal),
        trading_state=st.sampled_from(TradingState),
        locked=st.booleans(),
    )


@settings(max_examples=60)
@given(book=_books())
def test_intents_of_any_book_are_ordered_unique_and_never_sell_more_than_is_held(
    book: Book,
) -> None:
    intents = decide(builders.market(), book, RULES).intents

    ranks = [list(Purpose).index(intent.purpose) for intent in intents]
    assert ranks == sorted(ranks)
    assert len({intent.intent_id for intent in intents}) == len(intents)
    for position, intent in enumerate(intents):
        assert intent.quantity > 0
        assert intent.mid <= intent.natural
        assert intent.ladder.floor <= intent.natural
        if intent.after is not None:
            assert intent.after in {earlier.intent_id for earlier in intents[:position]}
    assert _oversold(intents, book) == []


def _oversold(intents: tuple[OrderIntent, ...], book: Book) -> list[str]:
    """Structures of which more is closed than the book holds."""
    held: dict[str, int] = {condor.structure_id: condor.quantity for condor in book.condors}
    lots: tuple[HedgeLot, ...] = book.lots
    held |= {lot.lot_id: lot.quantity for lot in lots}
    for intent in intents:
        if intent.action in {Action.CLOSE_CONDOR, Action.SELL_HEDGE}:
            held[intent.structure_id] -= intent.quantity
    return [structure for structure, left in held.items() if left < 0]
