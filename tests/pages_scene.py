"""A project of two sessions for the pages: a condor and a hedge lot are held, one order was denied.

The first session has its market (``builders.market``) and its rules in the ledger; the second has
neither, an alert and an incident whose text is markup, and is not finished.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import builders
from bot.config import canonical_text, fingerprint
from bot.core.fold import IntentState
from bot.core.rules import Rules
from bot.defaults import write_defaults
from bot.ledger.store import Ledger
from ledger_facts import (
    AT,
    CONDOR,
    LOT,
    NEXT,
    OPENING_PRICES,
    SESSION,
    begin,
    buy_lot,
    decision,
    execute,
    mark,
    open_condor,
    sell_lot,
)

if TYPE_CHECKING:
    from pathlib import Path

MARKUP: Final = "near layer <script>alert('below')</script> & target"


def make_project(folder: Path) -> Path:
    """Write the project; return its ledger."""
    write_defaults(folder)
    path = folder / "ledger" / "steward.db"
    with Ledger.open(path, durable=False) as ledger:
        _first(ledger)
        _second(ledger)
    return path


def _first(ledger: Ledger) -> None:
    begin(ledger)
    rules = Rules()
    sha256 = fingerprint(rules)
    ledger.save_config("rules", canonical_text(rules), sha256=sha256, at=AT, reason="first")
    ledger.save_snapshot(builders.market())
    made = decision(buy_lot(), open_condor())
    ledger.save_decision(made, rules_sha256=sha256, dry=False, at=AT)
    execute(ledger, buy_lot(), "2.05")
    execute(ledger, open_condor(), *OPENING_PRICES)
    ledger.record_mark(mark(), prices={CONDOR: Decimal("5.60"), LOT: Decimal("1.90")})
    for phase in ("preflight", "report"):
        ledger.finish_phase(SESSION, phase, at=AT, detail={"locked": False}, dry=False)
    ledger.finish_session(SESSION, at=AT, outcome="done", dry=False)


def _second(ledger: Ledger) -> None:
    begin(ledger, NEXT)
    ledger.commit_intent(sell_lot(), at=AT)
    ledger.set_intent_state(
        sell_lot().intent_id, IntentState.DENIED, at=AT, detail="MARGIN_EXCEEDS: change=3 limit=2"
    )
    ledger.record_mark(mark(NEXT, nav_usd=None, hedge_pnl_usd=None), prices={LOT: None})
    ledger.alert("CLOCK_SKEW", "gateway and clock disagree", session=NEXT, at=AT)
    ledger.incident("UNHEDGED", session=NEXT, at=AT, detail=MARKUP)
    ledger.finish_phase(NEXT, "preflight", at=AT, detail={"kill_switch": "active"}, dry=False)
