"""What was meant and sent: intents with their states, orders, and the events of orders.

No order leaves without a committed intent. The reference of the order follows from the intent
alone, so what is found at the venue after a crash leads back to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.core.decision import OrderIntent
from bot.core.errors import LedgerError
from bot.core.fold import IntentRecord, IntentState, advance, structure_kind
from bot.ledger.codec import decode, encode, order_ref
from bot.ledger.connection import Connection
from bot.ledger.text import decimal_text, optional_decimal_text, time_text
from bot.ledger.totals import structure_noted

if TYPE_CHECKING:
    import datetime as dt
    import sqlite3
    from collections.abc import Callable, Iterable
    from decimal import Decimal

    from bot.core.model import Session

_LIVE: Final = "state IN ('committed', 'sent', 'working', 'unknown')"


class Orders(Connection):
    """The part of the ledger that keeps intents and orders."""

    def commit_intent(self, intent: OrderIntent, *, at: dt.datetime) -> str:
        """Commit an intent, so that its order may be sent; return the order's reference.

        Raises
        ------
        LedgerError
            The intent is already committed: its order may be alive.
        """
        self.commit_unless(lambda: None, intent, at=at)
        return order_ref(intent.intent_id)

    def commit_unless(
        self, forbidden: Callable[[], str | None], intent: OrderIntent, *, at: dt.datetime
    ) -> str | None:
        """Commit an intent, as denied if `forbidden` says why; return what it said.

        It is asked within the transaction: what the commit permits was permitted then.

        Raises
        ------
        LedgerError
            The intent is already committed: its order may be alive.
        """
        with self.writing(f"intent {intent.intent_id}") as database:
            if self._intent_exists(intent.intent_id):
                raise LedgerError(f"intent {intent.intent_id}: is already committed")
            refusal = forbidden()
            state = IntentState.COMMITTED if refusal is None else IntentState.DENIED
            _plan_structure(database, intent)
            _insert_intent(database, intent, state, at=at)
            _log_state(database, intent.intent_id, state, at=at, detail=refusal or "")
        return refusal

    def set_intent_state(
        self, intent_id: str, state: IntentState, *, at: dt.datetime, detail: str = ""
    ) -> IntentState:
        """Report a state; return the one that holds (``bot.core.fold.advance``).

        Raises
        ------
        LedgerError
            The intent was never committed.
        """
        with self.writing(f"state {state} of intent {intent_id}") as database:
            known = self.value("SELECT state FROM intents WHERE intent_id = ?", (intent_id,))
            if known is None:
                raise LedgerError(f"intent {intent_id}: was never committed")
            reached = advance(IntentState(known), state)
            if reached != known:
                database.execute(
                    "UPDATE intents SET state = ? WHERE intent_id = ?", (reached.value, intent_id)
                )
                _log_state(database, intent_id, reached, at=at, detail=detail)
            return reached

    def intent_records(
        self, session: Session | None = None, *, open_only: bool = False
    ) -> tuple[IntentRecord, ...]:
        """Return intents in the order of their commitment.

        Parameters
        ----------
        session
            Of this session only.
        open_only
            Only those whose end is not proven.
        """
        wanted = [_LIVE] if open_only else []
        if session is not None:
            wanted.append("session = ?")
        rows = self.rows(
            f"SELECT state, body FROM intents WHERE {' AND '.join(wanted) or 'TRUE'} ORDER BY id",  # noqa: S608 - constants
            () if session is None else (session.isoformat(),),
        )
        return read_records(rows)

    def order_ref_of(self, intent_id: str) -> str:
        """Return the reference of the order of an intent, committed or not."""
        return order_ref(intent_id)

    def intent_of(self, order_ref: str) -> str | None:
        """Return the intent behind an order's reference; ``None`` if the order is not ours."""
        found = self.value("SELECT intent_id FROM intents WHERE order_ref = ?", (order_ref,))
        return None if found is None else str(found)

    def intent_of_perm_id(self, perm_id: int) -> str | None:
        """Return the intent behind the venue's permanent number; ``None`` if it is not ours."""
        found = self.value(
            "SELECT intent_id FROM orders JOIN intents USING (order_ref) WHERE perm_id = ?",
            (perm_id,),
        )
        return None if found is None else str(found)

    def highest_order_id(self) -> int:
        """Return the highest order number ever used, 0 if none: the floor for the next one."""
        return int(self.value("SELECT max(order_id) FROM orders") or 0)

    def record_order(
        self, order_ref: str, *, order_id: int, perm_id: int, client_id: int, at: dt.datetime
    ) -> None:
        """Record the numbers of an order; the permanent one is 0 until the venue tells it."""
        with self.writing(f"order {order_ref}") as database:
            database.execute(
                "INSERT OR IGNORE INTO orders (order_ref, order_id, perm_id, client_id, at) "
                "VALUES (?, ?, ?, ?, ?)",
                (order_ref, order_id, perm_id, client_id, time_text(at)),
            )

    def record_order_event(  # noqa: PLR0913 - the columns of one row
        self,
        order_ref: str,
        *,
        kind: str,
        status: str,
        price: Decimal | None,
        filled: float | None,
        remaining: float | None,
        at: dt.datetime,
        detail: str = "",
    ) -> None:
        """Record one step in the life of an order: a price sent, a status, a refusal."""
        with self.writing(f"event {kind} of order {order_ref}") as database:
            database.execute(
                "INSERT INTO order_events (order_ref, at, kind, status, price, filled, "
                "remaining, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    order_ref,
                    time_text(at),
                    kind,
                    status,
                    optional_decimal_text(price),
                    filled,
                    remaining,
                    detail,
                ),
            )

    def _intent_exists(self, intent_id: str) -> bool:
        return self.value("SELECT 1 FROM intents WHERE intent_id = ?", (intent_id,)) is not None


def read_records(rows: Iterable[sqlite3.Row]) -> tuple[IntentRecord, ...]:
    """Read intents from rows with their state and body."""
    return tuple(
        IntentRecord(intent=decode(row["body"], OrderIntent), state=IntentState(row["state"]))
        for row in rows
    )


def _insert_intent(
    database: sqlite3.Connection, intent: OrderIntent, state: IntentState, *, at: dt.datetime
) -> None:
    database.execute(
        "INSERT INTO intents (intent_id, order_ref, session, structure_id, purpose, "
        "action, quantity, mid, floor, reason, state, committed_at, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            intent.intent_id,
            order_ref(intent.intent_id),
            intent.session.isoformat(),
            intent.structure_id,
            intent.purpose.value,
            intent.action.value,
            intent.quantity,
            decimal_text(intent.mid),
            decimal_text(intent.ladder.floor),
            intent.reason,
            state.value,
            time_text(at),
            encode(intent, OrderIntent),
        ),
    )


def _plan_structure(database: sqlite3.Connection, intent: OrderIntent) -> None:
    session = intent.session.isoformat()
    slot = intent.layer or intent.tier
    cursor = database.execute(
        "INSERT OR IGNORE INTO structures (structure_id, kind, slot, state, cash_usd, "
        "commissions_usd, planned_in, changed_in) VALUES (?, ?, ?, 'planned', '0', '0', ?, ?)",
        (
            intent.structure_id,
            structure_kind(intent.action).value,
            "" if slot is None else slot.value,
            session,
            session,
        ),
    )
    if cursor.rowcount > 0:
        structure_noted(database, intent.structure_id, sign=1)


def _log_state(
    database: sqlite3.Connection,
    intent_id: str,
    state: IntentState,
    *,
    at: dt.datetime,
    detail: str,
) -> None:
    database.execute(
        "INSERT INTO intent_states (intent_id, state, at, detail) VALUES (?, ?, ?, ?)",
        (intent_id, state.value, time_text(at), detail),
    )
