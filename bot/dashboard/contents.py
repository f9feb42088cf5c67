"""What each page of the dashboard shows, gathered from the ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bot.core.decision import Action
from bot.core.errors import NotInLedgerError
from bot.core.fold import IntentState, StructureKind
from bot.dashboard.filters import day, demand
from bot.ledger.drawn import drawn_costs, drawn_marks
from bot.ledger.order_rows import OrderRow, order_rows
from bot.ledger.page_rows import (
    MarkedRow,
    day_rows,
    marked_rows,
    order_sessions,
    trouble_codes,
    trouble_rows,
)
from bot.ledger.structure_rows import (
    ClosedTotal,
    closed_structures,
    closed_total,
    open_structures,
    structure_named,
)
from bot.review.format import points, signed_usd, usd
from bot.review.pages.charts import (
    drawdown_chart,
    hedge_chart,
    hedge_cost_chart,
    marks_chart,
    shortfall_chart,
    value_chart,
)
from bot.review.pages.layers import hedge_facts, layers
from bot.review.pages.tables import cards, order_cells
from bot.review.session import FILLS_NOTE, review_session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.core.model import Session
    from bot.ledger.store import Ledger

Content: TypeAlias = dict[str, Any]
Query: TypeAlias = "Mapping[str, str]"

DAYS: Final = 60
"""Sessions in a list; older ones are a page further."""

ORDERS: Final = 100
TROUBLES: Final = 200
CLOSED: Final = 100

ACTIONS: Final = tuple(action.value for action in Action)
STATES: Final = tuple(state.value for state in IntentState)
KINDS: Final = ("incident", "alert")


def overview(ledger: Ledger, query: Query) -> Content:
    """Return the course of book and shadow, and the sessions."""
    demand(query, {"before": ()})
    before = day(query["before"]) if query.get("before") else None
    rows = day_rows(ledger, before=before, limit=DAYS)
    review = review_session(ledger) if day_rows(ledger, limit=1) else None
    drawn = drawn_marks(ledger)
    return {
        "review": review,
        "cards": cards(review) if review else (),
        "charts": [chart for chart in (value_chart(drawn), drawdown_chart(drawn)) if chart],
        "days": [(row, usd(row.nav_usd), usd(row.shadow_nav_usd)) for row in rows],
        "older": rows[-1].session if len(rows) == DAYS else None,
    }


def condors(ledger: Ledger, query: Query) -> Content:
    """Return every condor that is open, and the last ones that were closed."""
    demand(query, {})
    kind = StructureKind.CONDOR
    closed = closed_structures(ledger, kind, limit=CLOSED)
    return {
        "opened": open_structures(ledger, kind),
        "closed": [(row, signed_usd(row.cash_usd)) for row in closed],
        "facts": _outcome(closed_total(ledger, kind)),
        "limit": CLOSED,
    }


def _outcome(total: ClosedTotal) -> tuple[str, ...]:
    if not total.closed:
        return ()
    return (
        f"{total.closed} closed",
        f"{total.gains / total.closed:.0%} at a profit",
        f"{signed_usd(total.cash_usd)} USD, commissions included",
    )


def structure(ledger: Ledger, structure_id: str) -> Content:
    """Return one condor or lot, with its marks.

    Raises
    ------
    NotInLedgerError
        No structure has that name.
    """
    found = structure_named(ledger, structure_id)
    if found is None:
        raise NotInLedgerError(f"{structure_id}: no structure of this name was ever opened")
    marked = marked_rows(ledger, structure_id)
    return {
        "row": found,
        "cash": signed_usd(found.cash_usd),
        "label": marked[-1].label if marked else structure_id,
        "chart": marks_chart(marked),
        "marked": [_marked_cells(each) for each in reversed(marked)],
    }


def _marked_cells(row: MarkedRow) -> tuple[str, ...]:
    return str(row.session), str(row.quantity), points(row.entry_points), points(row.mark_points)


def hedge(ledger: Ledger, query: Query) -> Content:
    """Return the layers as they are, and the hedge through time."""
    demand(query, {})
    drawn = drawn_marks(ledger)
    review = review_session(ledger) if drawn.marks else None
    kind = StructureKind.LOT
    closed = closed_structures(ledger, kind, limit=CLOSED)
    lots = (*open_structures(ledger, kind), *closed)
    return {
        "layers": layers(review) if review else (),
        "facts": hedge_facts(review) if review else (),
        "charts": [chart for chart in (hedge_chart(drawn), hedge_cost_chart(drawn)) if chart],
        "lots": [(row, signed_usd(row.cash_usd)) for row in lots],
        "closed": len(closed),
    }


def execution(ledger: Ledger, query: Query) -> Content:
    """Return the newest orders, and what execution has cost."""
    demand(query, {"action": ACTIONS, "state": STATES})
    action, state = query.get("action") or None, query.get("state") or None
    wanted = order_sessions(ledger, action=action, state=state, limit=ORDERS)
    drawn = drawn_costs(ledger)
    so_far = drawn.costs[-1] if drawn.costs else None
    total = so_far.usd if so_far else Decimal(0)
    measured, filled = (so_far.known, so_far.orders) if so_far else (0, 0)
    return {
        "orders": _orders(ledger, wanted),
        "filters": (("action", ACTIONS, action), ("state", STATES, state)),
        "limit": ORDERS,
        "chart": shortfall_chart(drawn),
        "facts": (
            _cost(total),
            f"{measured} of {filled} filled orders measured",
        ),
        "fills_note": FILLS_NOTE,
    }


def _cost(total: Decimal) -> str:
    """Say what execution came to, without a sign to be puzzled over."""
    word = "cost" if total >= 0 else "gained"
    return f"Execution has {word} {usd(abs(total))} USD against the mids of the decisions"


def _orders(
    ledger: Ledger, wanted: Sequence[tuple[str, Session]]
) -> list[tuple[Session, tuple[str, ...]]]:
    """Return the orders named, the newest first, with all that became of them."""
    sessions = {session for _, session in wanted}
    rows = (row for session in sessions for row in order_rows(ledger, session, session))
    found: dict[str, OrderRow] = {row.intent_id: row for row in rows}
    return [(session, order_cells(found[name])) for name, session in wanted]


def incidents(ledger: Ledger, query: Query) -> Content:
    """Return the newest incidents and alerts."""
    codes = trouble_codes(ledger)
    demand(query, {"kind": KINDS, "code": codes})
    kind, code = query.get("kind") or None, query.get("code") or None
    return {
        "rows": trouble_rows(ledger, kind=kind, code=code, limit=TROUBLES),
        "filters": (("kind", KINDS, kind), ("code", codes, code)),
        "limit": TROUBLES,
    }
