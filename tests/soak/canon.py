"""The canonical ledger of a year: what two runs of one seed must agree on."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from harness import Stage

CANON: Final = (
    "SELECT intent_id, session, purpose, action, quantity, mid, floor, reason, state FROM intents",
    "SELECT intent_id, contract, quantity, price, superseded FROM fills",
    "SELECT structure_id, kind, slot, state, cash_usd, commissions_usd FROM structures",
    "SELECT structure_id, label, quantity, value_points FROM settlements",
    "SELECT session, nav_usd, shadow_nav_usd, gross_width_usd, units_held FROM marks",
    "SELECT session, regime FROM decisions",
    "SELECT code, subject, observed, bound, passed FROM verdicts",
    "SELECT session, code FROM alerts",
    "SELECT session, kind FROM incidents",
)
"""What two runs of one seed must agree on: everything but times and generated numbers."""


def fingerprint(found: Stage) -> str:
    """Return a hash of the canonical ledger."""
    told = hashlib.sha256()
    for question in CANON:
        rows = sorted(json.dumps(list(row), sort_keys=True) for row in found.ledger.rows(question))
        told.update("\n".join(rows).encode())
    return told.hexdigest()
