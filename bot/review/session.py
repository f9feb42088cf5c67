"""Everything that the ledger knows about one session, gathered for display."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bot.core.errors import NotInLedgerError
from bot.core.mark import Mark
from bot.core.model import Session
from bot.ledger.decision_rows import DecisionRow, decision_row
from bot.ledger.drawn import course_at, last_marks
from bot.ledger.journal import ProvenanceRow
from bot.ledger.order_rows import OrderRow, order_rows
from bot.ledger.overrides import Overrides, overrides
from bot.ledger.quality import ParityRow, QualityRow
from bot.ledger.queries import (
    NoteRow,
    PositionRow,
    SessionRow,
    StructureRow,
    alert_rows,
    closed_rows,
    incident_rows,
    latest_session,
    position_rows,
    session_row,
)
from bot.review.performance import Performance, performance_so_far

if TYPE_CHECKING:
    from bot.ledger.store import Ledger

FILLS_NOTE = "Paper fills are simulated from the top of the book; real ones would be worse."
"""Shown wherever the quality of execution is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReview:
    """One session: what was decided and why, what was done, and what it came to.

    Parameters
    ----------
    mark, previous
        The mark of the session and the one before; ``None`` where there is none.
    held_at
        Session whose mark `positions` are of: an older one while this one is not marked.
    course
        Book and shadow from the first mark up to this session.
    quality, parity
        What execution cost, and the combinations of VIX options that were out of line.
    overrides
        What a person did by hand up to this session, and protection that was given up.
    """

    session: Session
    run: SessionRow
    decision: DecisionRow | None
    orders: tuple[OrderRow, ...]
    held_at: Session | None
    positions: tuple[PositionRow, ...]
    closed: tuple[StructureRow, ...]
    mark: Mark | None
    previous: Mark | None
    course: Performance
    alerts: tuple[NoteRow, ...]
    incidents: tuple[NoteRow, ...]
    provenance: tuple[ProvenanceRow, ...]
    quality: tuple[QualityRow, ...]
    parity: tuple[ParityRow, ...]
    overrides: Overrides
    ledger: str


def review_session(ledger: Ledger, session: Session | None = None) -> SessionReview:
    """Gather a session; the newest one when none is named.

    Raises
    ------
    NotInLedgerError
        There is no such session.
    """
    chosen, run = session_run(ledger, session)
    marks = list(last_marks(ledger, chosen, 2))
    held_at = marks[-1].session if marks else None
    here = marks.pop() if held_at == chosen else None
    return SessionReview(
        session=chosen,
        run=run,
        decision=decision_row(ledger, chosen, dry=run.dry),
        orders=order_rows(ledger, chosen, chosen),
        held_at=held_at,
        positions=position_rows(ledger, held_at) if held_at else (),
        closed=closed_rows(ledger, chosen),
        mark=here,
        previous=marks[-1] if marks else None,
        course=performance_so_far(course_at(ledger, chosen)),
        alerts=alert_rows(ledger, chosen),
        incidents=incident_rows(ledger, chosen),
        provenance=ledger.provenance(chosen),
        quality=ledger.quality_rows(chosen),
        parity=ledger.parity_rows(chosen),
        overrides=overrides(ledger, chosen),
        ledger=str(ledger.path),
    )


def session_run(ledger: Ledger, session: Session | None) -> tuple[Session, SessionRow]:
    """Return a session and its run; the newest one when none is named.

    Raises
    ------
    NotInLedgerError
        There is no such session.
    """
    newest = latest_session(ledger)
    chosen = session or newest
    if chosen is None:
        raise NotInLedgerError(
            f"{ledger.path}: holds no session yet; `steward once` runs the first"
        )
    run = session_row(ledger, chosen)
    if run is None:
        raise NotInLedgerError(f"session {chosen}: is not in the ledger; its newest is {newest}")
    return chosen, run


def review_json(ledger: Ledger, session: Session | None = None) -> str:
    """Return the review of a session as JSON: amounts as strings, unknown as null."""
    review = review_session(ledger, session)
    orders = [_with_slippage(order) for order in review.orders]
    stress = review.decision.stress if review.decision else None
    return to_json(
        asdict(review)
        | {
            "orders": orders,
            "shock_coverage": stress.coverage if stress else None,
            "note": FILLS_NOTE,
        }
    )


def _with_slippage(order: OrderRow) -> dict[str, Any]:
    return asdict(order) | {
        "slippage_points": order.slippage_points,
        "slippage_usd": order.slippage_usd,
    }


def to_json(value: dict[str, Any]) -> str:
    """Write a view as JSON with keys in a stable order; dates and decimals as text."""
    return json.dumps(value, default=str, indent=2, allow_nan=False)
