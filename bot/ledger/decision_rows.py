"""The decision of a session with its reasons, in plain rows for the review."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.decision import LayerFigures, Signal, StressGrid, Verdict
from bot.ledger.layer_rows import layer_rows
from bot.ledger.stress_rows import stress_row

if TYPE_CHECKING:
    from bot.core.model import Session
    from bot.ledger.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """What was decided, with the reasons."""

    decided_at: str
    regime: str
    decision_version: int
    rules_sha256: str
    signals: tuple[Signal, ...]
    verdicts: tuple[Verdict, ...]
    layers: tuple[LayerFigures, ...] = ()
    stress: StressGrid | None = None


def decision_row(ledger: Connection, session: Session, *, dry: bool) -> DecisionRow | None:
    """Return the last decision of the session."""
    row = ledger.row(
        "SELECT id, decided_at, regime, decision_version, rules_sha256 FROM decisions "
        "WHERE session = ? AND dry = ? ORDER BY id DESC LIMIT 1",
        (session.isoformat(), dry),
    )
    if row is None:
        return None
    return DecisionRow(
        decided_at=row["decided_at"],
        regime=row["regime"],
        decision_version=row["decision_version"],
        rules_sha256=row["rules_sha256"],
        signals=_signals(ledger, row["id"]),
        verdicts=_verdicts(ledger, row["id"]),
        layers=layer_rows(ledger, row["id"]),
        stress=stress_row(ledger, row["id"]),
    )


def _signals(ledger: Connection, decision_id: int) -> tuple[Signal, ...]:
    rows = ledger.rows(
        "SELECT name, value FROM signals WHERE decision_id = ? ORDER BY position", (decision_id,)
    )
    return tuple(Signal(name=row["name"], value=json.loads(row["value"])) for row in rows)


def _verdicts(ledger: Connection, decision_id: int) -> tuple[Verdict, ...]:
    rows = ledger.rows(
        "SELECT * FROM verdicts WHERE decision_id = ? ORDER BY position", (decision_id,)
    )
    return tuple(
        Verdict(
            code=row["code"],
            subject=row["subject"],
            observed=json.loads(row["observed"]),
            limit=json.loads(row["bound"]),
            passed=bool(row["passed"]),
        )
        for row in rows
    )
