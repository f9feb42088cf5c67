"""The quick ratio: its figures by hand, and what it forbids."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

import builders
from bot.core.book import Layer
from bot.core.decision import Purpose
from bot.core.health import (
    QuickRatio,
    health_permits,
    health_signals,
    health_verdicts,
    pending_debit_usd,
    quick_ratio,
)
from bot.core.model import Feed, Quote
from bot.core.rules import CondorRules, HealthRules, Rules
from proposals import PLAIN_HEDGE
from strategies import decide

RULES = Rules(condor=CondorRules(tiers=("balanced",)))
AT_ONCE = replace(RULES, hedge=PLAIN_HEDGE)
BOUNDS = HealthRules()
DUE = dt.date(2026, 7, 22)
LOT = builders.lot(Layer.NEAR, expiry=DUE, quantity=4, strike=17.5)
CONDOR = builders.condor(quantity=3)


def ratio(**changes: Decimal | None) -> QuickRatio:
    """10,000 in cash, 2,000 of calls at the bid, 5,000 of width, 1,000 pending: 2.0."""
    known: dict[str, Decimal | None] = {
        "cash_usd": Decimal(10_000),
        "hedge_usd": Decimal(2_000),
        "pending_usd": Decimal(1_000),
    }
    return QuickRatio(width_usd=Decimal(5_000), **(known | changes))


def bid_usd() -> Decimal:
    """Four calls of the lot at what is bid for them."""
    quote = builders.market().quote(LOT.contract)
    return Decimal(str(quote.bid)) * 400 if quote else Decimal(0)


def test_ratio_is_assets_over_obligations() -> None:
    assert ratio().value == 2.0
    assert ratio(cash_usd=Decimal(4_000)).value == 1.0
    assert ratio(hedge_usd=Decimal(0), pending_usd=Decimal(0)).value == 2.0


def test_hedge_counts_at_the_bid_and_width_is_gross() -> None:
    # 4 calls at a bid of 2.10 are 840 USD; 3 condors of 125 points are 37,500 USD
    book = replace(
        builders.book(condors=[CONDOR], lots=[LOT]),
        cash_usd=Decimal(100_000),
        pending_debits_usd=Decimal(160),
    )
    quotes = {LOT.contract: Quote(bid=2.10, ask=2.40)}

    found = quick_ratio(book, quotes)

    assert found.hedge_usd == Decimal("840.00")
    assert found.assets_usd == Decimal("100840.00")
    assert found.obligations_usd == 37_660
    assert found.value == pytest.approx(2.677642, abs=1e-6)


def test_call_that_nobody_bids_for_counts_nothing() -> None:
    book = builders.book(lots=[LOT])

    assert quick_ratio(book, {LOT.contract: Quote(ask=0.05)}).hedge_usd == 0


@pytest.mark.parametrize(
    "unknown",
    [ratio(cash_usd=None), ratio(hedge_usd=None), ratio(pending_usd=None)],
    ids=["cash", "hedge", "pending"],
)
def test_unknown_part_makes_the_ratio_unknown(unknown: QuickRatio) -> None:
    assert unknown.value is None
    assert unknown.reaches(0.0) is None


def test_lot_that_is_not_quoted_makes_the_ratio_unknown() -> None:
    assert quick_ratio(builders.book(condors=[CONDOR], lots=[LOT]), {}).value is None


def test_book_that_owes_nothing_passes_every_bound_and_has_no_value() -> None:
    nothing = QuickRatio(
        cash_usd=Decimal(1), hedge_usd=Decimal(0), width_usd=Decimal(0), pending_usd=Decimal(0)
    )

    assert nothing.value is None
    assert nothing.reaches(1e9) is True
    assert [verdict.observed for verdict in health_verdicts(nothing, BOUNDS)] == [
        "nothing owed",
        "nothing owed",
    ]


def test_debit_balance_is_a_debt() -> None:
    owing = QuickRatio(
        cash_usd=Decimal(-1), hedge_usd=Decimal(0), width_usd=Decimal(0), pending_usd=Decimal(0)
    )

    assert owing.reaches(2.0) is None
    assert not health_permits(Purpose.ADD, owing, BOUNDS)


@pytest.mark.parametrize(
    ("cash", "permitted"),
    [
        (10_000, {Purpose.REDUCE, Purpose.PROTECT, Purpose.ADD}),
        (9_999, {Purpose.REDUCE, Purpose.PROTECT}),
        (7_000, {Purpose.REDUCE, Purpose.PROTECT}),
        (6_999, {Purpose.REDUCE}),
        (None, {Purpose.REDUCE, Purpose.PROTECT}),
    ],
)
def test_bounds_forbid_entries_first_and_hedge_orders_then(
    cash: int | None, permitted: set[Purpose]
) -> None:
    found = ratio(cash_usd=None if cash is None else Decimal(cash))

    assert {each for each in Purpose if health_permits(each, found, BOUNDS)} == permitted
    assert {
        verdict.subject for verdict in health_verdicts(found, BOUNDS) if verdict.passed
    } == permitted - {Purpose.REDUCE}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2.0", {"take_profit", "roll_due", "missing", "entry"}),
        ("1.99", {"take_profit", "roll_due", "missing"}),
        ("1.5", {"take_profit", "roll_due", "missing"}),
        ("1.40", {"take_profit", "roll_due"}),
    ],
)
def test_decision_drops_what_the_ratio_forbids(value: str, expected: set[str]) -> None:
    # one condor of 12,500 USD gross width
    book = replace(
        builders.book(condors=[builders.condor(credit="120.00")], lots=[LOT]),
        cash_usd=Decimal(12_500) * Decimal(value) - bid_usd(),
    )

    decision = decide(builders.market(), book, RULES)

    assert {intent.reason for intent in decision.intents} == expected


def test_unknown_cash_forbids_entries_only() -> None:
    unknown = replace(builders.book(), cash_usd=None)

    decision = decide(builders.market(), unknown, RULES)

    assert {intent.purpose for intent in decision.intents} == {Purpose.PROTECT}


def test_delayed_hedge_quote_makes_the_ratio_unknown() -> None:
    market = builders.market()
    delayed = replace(
        market,
        options=tuple(
            replace(option, quote=replace(option.quote, feed=Feed.DELAYED))
            if option.contract.underlying == "VIX"
            else option
            for option in market.options
        ),
    )
    decision = decide(delayed, builders.book(condors=[CONDOR], lots=builders.hedged()), RULES)

    (entries,) = (
        verdict
        for verdict in decision.verdicts
        if (verdict.code, verdict.subject) == ("QUICK_RATIO", "add")
    )
    assert entries.observed is None
    assert not entries.passed


def test_pending_debit_is_the_rest_at_the_worst_price() -> None:
    buy = next(
        intent
        for intent in decide(builders.market(), builders.book(), AT_ONCE).intents
        if intent.purpose is Purpose.PROTECT and intent.quantity == 4
    )

    assert pending_debit_usd(buy, 0) == buy.ladder.floor * 400
    assert pending_debit_usd(buy, 3) == buy.ladder.floor * 100
    assert pending_debit_usd(buy, 5) == 0


def test_order_for_a_credit_pends_no_debit() -> None:
    entry = next(
        intent
        for intent in decide(builders.market(), builders.book(), RULES).intents
        if intent.purpose is Purpose.ADD
    )

    assert entry.ladder.floor < 0
    assert pending_debit_usd(entry, 0) == 0


def test_figures_are_signals_of_the_decision() -> None:
    named = {signal.name: signal.value for signal in health_signals(ratio())}

    assert named == {
        "quick_ratio": 2.0,
        "quick_cash_usd": 10_000.0,
        "quick_hedge_usd": 2_000.0,
        "quick_width_usd": 5_000.0,
        "quick_pending_usd": 1_000.0,
    }
