"""What holds through every fault, checked from the venue's own books against the ledger.

1. At most one live order for each intent, and none without an intent that was committed and
   marked as sent before the order reached the venue.
2. Each execution is counted once: the newest revision of its family, at its price.
3. The ledger holds what the venue holds, or the book is locked.
4. Nothing of ours is left at work.
5. No purpose is sent that the state of the book forbids.

The venue's day ends at midnight, and its list of executions with it; a `Witness` remembers.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from harness import Stage

from bot.core.fold import IntentState
from bot.simulator.exchange import OrderTicket

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from bot.core.decision import Purpose
    from bot.simulator.exchange import Event


@dataclass(slots=True)
class Witness:
    """Watches every order reach the venue, and what is said against the rules.

    Parameters
    ----------
    found
        The stage; its venue is watched from now on.
    twins
        Whether the fault itself places an order twice, which the bot cannot prevent.
    """

    found: Stage
    twins: bool = False
    broken: list[str] = field(default_factory=list)
    placed: list[OrderTicket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._watch()

    @contextlib.contextmanager
    def absent(self) -> Iterator[None]:
        """Look away while the block runs: the venue is then as it is without a witness."""
        del self.found.gateway.world.exchange.submit
        try:
            yield
        finally:
            self._watch()

    def _watch(self) -> None:
        exchange = self.found.gateway.world.exchange
        submit = exchange.submit

        def watched(ticket: OrderTicket, now: dt.datetime) -> list[Event]:
            if ticket.client_id and not ticket.what_if:
                self._see(ticket)
            return submit(ticket, now)

        exchange.submit = watched  # type: ignore[method-assign]

    @property
    def purposes(self) -> Counter[Purpose]:
        """Orders that reached the venue, by the purpose of their intent."""
        intents = {
            self.found.ledger.order_ref_of(record.intent.intent_id): record.intent
            for record in self.found.ledger.intent_records()
        }
        keys = {(ticket.key, ticket.order_ref) for ticket in self.placed}
        return Counter(intents[reference].purpose for _, reference in keys)

    def orders_of(self, intent_id: str) -> int:
        """Return how many orders of an intent reached the venue."""
        reference = self.found.ledger.order_ref_of(intent_id)
        return len({ticket.key for ticket in self.placed if ticket.order_ref == reference})

    def _see(self, ticket: OrderTicket) -> None:
        state = self.found.ledger.value(
            "SELECT state FROM intents WHERE order_ref = ?", (ticket.order_ref,)
        )
        if state is None or state == IntentState.COMMITTED.value:
            self.broken.append(f"{ticket.order_ref!r} was sent without a committed intent")
        live = [
            order.ticket.key
            for order in self.found.gateway.world.exchange.open_orders()
            if order.ticket.order_ref == ticket.order_ref and order.ticket.key != ticket.key
        ]
        if live and not self.twins:
            self.broken.append(f"{ticket.order_ref!r} lives twice: {ticket.key} beside {live}")
        self.placed.append(ticket)

    def check(self, *, locked: bool = False, forbidden: frozenset[Purpose] = frozenset()) -> None:
        """Check all invariants at the end of a session.

        Parameters
        ----------
        locked
            Whether the book must be locked; else ledger and venue must agree.
        forbidden
            Purposes of which no order may have been sent.
        """
        found = self.found
        assert self.broken == []
        assert left_at_work(found) == []
        assert counted(found) == executed(found)
        assert (found.held() == found.positions()) is not locked
        assert forbidden & set(self.purposes) == frozenset()


def left_at_work(found: Stage) -> list[str]:
    """Return the references of our orders that are still at work."""
    return [
        order.ticket.order_ref
        for order in found.gateway.world.exchange.open_orders()
        if order.ticket.order_ref
    ]


def executed(found: Stage) -> dict[str, tuple[int, Decimal]]:
    """Return today's executions of our orders at the venue, as quantity and price by family."""
    return {
        execution.exec_id.rpartition(".")[0]: (
            execution.shares if execution.side == "BOT" else -execution.shares,
            execution.price,
        )
        for execution, _ in found.gateway.world.exchange.executions()
        if execution.order_ref
    }


def counted(found: Stage) -> dict[str, tuple[int, Decimal]]:
    """Return what the ledger counts of the families that the venue lists today.

    Raises
    ------
    AssertionError
        If it counts two revisions of one family.
    """
    twice = found.ledger.rows(
        "SELECT family FROM fills WHERE NOT superseded GROUP BY family HAVING COUNT(*) > 1"
    )
    assert [row["family"] for row in twice] == []
    executions = found.gateway.world.exchange.executions()
    today = sorted({execution.exec_id.rpartition(".")[0] for execution, _ in executions})
    rows = found.ledger.rows(
        "SELECT family, quantity, price FROM fills WHERE NOT superseded "
        "AND family IN (SELECT value FROM json_each(?))",
        (json.dumps(today),),
    )
    return {row["family"]: (row["quantity"], Decimal(row["price"])) for row in rows}
