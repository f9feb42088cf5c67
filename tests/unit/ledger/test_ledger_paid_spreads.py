"""The share of the half-spread that an order paid, from what the ledger measured."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.core.model import Quote
from bot.core.quality import executions
from bot.ledger.paid_spreads import paid_spreads
from bot.ledger.store import Ledger
from ledger_facts import CALL, NEXT, SESSION, begin, buy_lot, execute

if TYPE_CHECKING:
    from pathlib import Path


def test_a_fill_is_held_against_the_half_spread_of_its_decision(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "steward.db") as ledger:
        begin(ledger)
        execute(ledger, buy_lot(), "2.05")
        made = executions(
            buy_lot(),
            ledger.fills_of(buy_lot().intent_id),
            units=4,
            quotes={CALL: Quote(bid=1.98, ask=2.02)}.get,
        )
        ledger.record_executions(SESSION, made)

        (found,) = paid_spreads(ledger)

        half = buy_lot().natural - buy_lot().mid
        assert found.session == SESSION.isoformat()
        assert found.share == pytest.approx(float((Decimal("2.05") - Decimal("2.00")) / half))
        assert paid_spreads(ledger, since=NEXT) == ()
