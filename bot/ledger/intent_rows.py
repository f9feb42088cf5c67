"""The life of each intent of a session, in plain rows: states, orders, events, fills."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from bot.ledger.text import optional_decimal

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from bot.core.model import Session
    from bot.ledger.connection import Connection

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    """A state that an intent reached, and why."""

    at: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """The numbers that one order had at the venue; a permanent number of 0 is not known yet."""

    order_id: int
    perm_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One step in the life of an order: a net price sent, a status, a refusal."""

    at: str
    kind: str
    status: str
    price: Decimal | None
    filled: float | None
    remaining: float | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """One leg filled; `commission_usd` is ``None`` until the broker reports it."""

    at: str
    leg: str
    quantity: int
    price: Decimal
    commission_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRow:
    """One committed intent and all that became of it."""

    intent_id: str
    order_ref: str
    state: str
    states: tuple[StateRow, ...]
    orders: tuple[NumberRow, ...]
    events: tuple[EventRow, ...]
    fills: tuple[FillRow, ...]


def intent_rows(ledger: Connection, session: Session) -> tuple[IntentRow, ...]:
    """Return the intents committed in a session, in the order of their commitment."""
    day = session.isoformat()

    def gathered(query: str, read: Callable[[sqlite3.Row], R]) -> dict[str, tuple[R, ...]]:
        return _grouped(ledger.rows(query, (day,)), read)

    states = gathered(_STATES, _state_row)
    orders = gathered(_ORDERS, _number_row)
    events = gathered(_EVENTS, _event_row)
    fills = gathered(_FILLS, _fill_row)
    return tuple(
        IntentRow(
            intent_id=row["intent_id"],
            order_ref=row["order_ref"],
            state=row["state"],
            states=states.get(row["intent_id"], ()),
            orders=orders.get(row["intent_id"], ()),
            events=events.get(row["intent_id"], ()),
            fills=fills.get(row["intent_id"], ()),
        )
        for row in ledger.rows("SELECT * FROM intents WHERE session = ? ORDER BY id", (day,))
    )


_STATES = (
    "SELECT intent_id, at, intent_states.state, detail FROM intents "
    "JOIN intent_states USING (intent_id) WHERE session = ? ORDER BY intent_states.id"
)
_ORDERS = (
    "SELECT intent_id, order_id, perm_id FROM intents JOIN orders USING (order_ref) "
    "WHERE session = ? ORDER BY orders.id"
)
_EVENTS = (
    "SELECT intent_id, order_events.* FROM intents JOIN order_events USING (order_ref) "
    "WHERE session = ? ORDER BY order_events.id"
)
_FILLS = (
    "SELECT fills.*, commissions.usd FROM intents JOIN fills USING (intent_id) "
    "LEFT JOIN commissions USING (family, revision) "
    "WHERE session = ? AND contract IS NOT NULL AND NOT superseded ORDER BY fills.id"
)


def _grouped(
    rows: Iterable[sqlite3.Row], read: Callable[[sqlite3.Row], R]
) -> dict[str, tuple[R, ...]]:
    found: dict[str, tuple[R, ...]] = defaultdict(tuple)
    for row in rows:
        found[row["intent_id"]] += (read(row),)
    return found


def _state_row(row: sqlite3.Row) -> StateRow:
    return StateRow(at=row["at"], state=row["state"], detail=row["detail"])


def _number_row(row: sqlite3.Row) -> NumberRow:
    return NumberRow(order_id=row["order_id"], perm_id=row["perm_id"])


def _event_row(row: sqlite3.Row) -> EventRow:
    return EventRow(
        at=row["at"],
        kind=row["kind"],
        status=row["status"],
        price=optional_decimal(row["price"]),
        filled=row["filled"],
        remaining=row["remaining"],
        detail=row["detail"],
    )


def _fill_row(row: sqlite3.Row) -> FillRow:
    leg = json.loads(row["contract"])
    return FillRow(
        at=row["at"],
        leg=f"{leg['trading_class']} {leg['expiry']} {leg['strike']:g}{leg['right']}",
        quantity=row["quantity"],
        price=Decimal(row["price"]),
        commission_usd=optional_decimal(row["usd"]),
    )
