"""Measurements are kept, replaced by better ones, and say why what is missing is missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.core.model import Quote
from bot.core.parity import Arbitrage, ParityFlag
from bot.core.quality import executions
from bot.ledger.quality import NOT_WAITED_FOR
from bot.ledger.store import Ledger
from ledger_facts import AT, CALL, NEXT, SESSION, VIX_EXPIRY, begin, buy_lot, execute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEFORE = dt.date(2026, 7, 17)
AFTER_NEXT = dt.date(2026, 7, 22)
DAY = dt.timedelta(days=1)
FLAG = ParityFlag(
    expiry=VIX_EXPIRY,
    strike=18.0,
    kind=Arbitrage.CONVERSION,
    edge_points=0.20,
    fees_points=0.03,
    size=12,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with one lot bought at 2.05."""
    with Ledger.open(tmp_path / "steward.db") as opened:
        begin(opened)
        execute(opened, buy_lot(), "2.05")
        yield opened


def measure(ledger: Ledger) -> None:
    made = executions(
        buy_lot(),
        ledger.fills_of(buy_lot().intent_id),
        units=4,
        quotes={CALL: Quote(bid=1.98, ask=2.02)}.get,
    )
    ledger.record_executions(SESSION, made)


def test_order_and_legs_read_back_without_a_mark_out(ledger: Ledger) -> None:
    measure(ledger)

    whole, leg = ledger.quality_rows(SESSION)
    assert (whole.leg, leg.leg) == ("", CALL.label())
    assert whole.decision_mid == leg.decision_mid == Decimal("2.00")
    assert whole.shortfall == Decimal("0.05")
    assert whole.effective_spread == Decimal("0.10")
    assert (whole.later_mid, whole.mark_out, whole.note) == (None, None, NOT_WAITED_FOR)
    assert ledger.quality_rows(NEXT) == ()


def test_mark_out_is_added_where_there_was_a_mid(ledger: Ledger) -> None:
    measure(ledger)

    ledger.record_mark_outs(
        buy_lot().intent_id,
        {"": (Decimal("2.15"), Decimal("0.10")), CALL.label(): None},
        at=AT,
        unknown="no quote",
    )

    whole, leg = ledger.quality_rows(SESSION)
    assert (whole.later_mid, whole.mark_out, whole.note) == (Decimal("2.15"), Decimal("0.10"), "")
    assert (leg.later_mid, leg.mark_out, leg.note) == (None, None, "no quote")


def test_measuring_again_replaces_and_keeps_the_mark_out(ledger: Ledger) -> None:
    measure(ledger)
    ledger.record_mark_outs(
        buy_lot().intent_id, {"": (Decimal("2.15"), Decimal("0.10"))}, at=AT, unknown=""
    )

    measure(ledger)

    whole, _ = ledger.quality_rows(SESSION)
    assert whole.mark_out == Decimal("0.10")
    assert len(ledger.quality_rows(SESSION)) == 2


def test_flag_that_lasts_is_one_row_from_first_to_last(ledger: Ledger) -> None:
    ledger.record_parity([FLAG], SESSION, previous=BEFORE, at=AT)
    ledger.record_parity(
        [replace(FLAG, edge_points=0.35, size=4)], NEXT, previous=SESSION, at=AT + DAY
    )
    ledger.record_parity([replace(FLAG, edge_points=0.10)], AFTER_NEXT, previous=NEXT, at=AT)

    (row,) = ledger.parity_rows(NEXT)
    assert (row.first_session, row.last_session, row.sessions) == (SESSION, AFTER_NEXT, 3)
    assert (row.edge_points, row.best_edge_points, row.size) == (
        Decimal("0.1"),
        Decimal("0.35"),
        12,
    )
    assert row.first_seen == "2026-07-20T19:30:00.000000+00:00"


def test_session_that_is_looked_at_twice_counts_once(ledger: Ledger) -> None:
    ledger.record_parity([FLAG], SESSION, previous=BEFORE, at=AT)
    ledger.record_parity([FLAG], SESSION, previous=BEFORE, at=AT)

    (row,) = ledger.parity_rows(SESSION)
    assert row.sessions == 1


def test_flag_after_a_session_without_it_begins_anew(ledger: Ledger) -> None:
    ledger.record_parity([FLAG], SESSION, previous=BEFORE, at=AT)
    ledger.record_parity([FLAG], AFTER_NEXT, previous=NEXT, at=AT)

    assert [row.first_session for row in ledger.parity_rows(AFTER_NEXT)] == [AFTER_NEXT]
    assert ledger.parity_rows(NEXT) == ()


@pytest.mark.parametrize(
    "other",
    [
        replace(FLAG, strike=19.0),
        replace(FLAG, kind=Arbitrage.REVERSAL),
        replace(FLAG, expiry=dt.date(2026, 9, 16)),
    ],
    ids=["strike", "kind", "expiry"],
)
def test_other_combination_is_another_flag(ledger: Ledger, other: ParityFlag) -> None:
    ledger.record_parity([FLAG], SESSION, previous=BEFORE, at=AT)
    ledger.record_parity([other], NEXT, previous=SESSION, at=AT)

    (row,) = ledger.parity_rows(NEXT)
    assert row.sessions == 1
