"""The course of a day: phases, what became of each order, alerts and incidents, by the clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.clock import new_york
from bot.ledger.intent_rows import intent_rows
from bot.review.format import points, without_year

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.ledger.intent_rows import IntentRow
    from bot.ledger.order_rows import OrderRow
    from bot.ledger.page_rows import PhaseRow
    from bot.ledger.store import Ledger
    from bot.review.session import SessionReview


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened.

    Parameters
    ----------
    at
        Time as the ledger has it (UTC, ISO 8601).
    kind
        ``phase``, ``order``, ``alert`` or ``incident``.
    name, text
        What it was, and how it went.
    """

    at: str
    kind: str
    name: str
    text: str

    @property
    def clock(self) -> str:
        """Time of day in New York: ``15:30:05``."""
        return clock_et(self.at)


def clock_et(at: str | None) -> str:
    """Write a ledger time as New York time of day; the unknown as such."""
    return "unknown" if at is None else f"{new_york(dt.datetime.fromisoformat(at)):%H:%M:%S}"


def timeline(
    ledger: Ledger, review: SessionReview, phases: tuple[PhaseRow, ...]
) -> tuple[Moment, ...]:
    """Return what happened in a session, in its order."""
    orders = {order.intent_id: order for order in review.orders}
    moments = (
        *(Moment(at=each.at, kind="phase", name=each.phase, text=_phase(each)) for each in phases),
        *_orders(intent_rows(ledger, review.session), orders),
        *(Moment(at=n.at, kind="alert", name=n.code, text=n.text) for n in review.alerts),
        *(Moment(at=n.at, kind="incident", name=n.code, text=n.text) for n in review.incidents),
    )
    return tuple(sorted(moments, key=lambda moment: moment.at))


def _phase(row: PhaseRow) -> str:
    """Say what a phase found, in the words of its own record; lists only by their length."""
    told = (f"{name.replace('_', ' ')} {_told(value)}" for name, value in row.detail.items())
    return ", ".join(told)


def _told(value: object) -> str:
    if isinstance(value, list):
        return str(len(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _orders(rows: tuple[IntentRow, ...], orders: Mapping[str, OrderRow]) -> Iterator[Moment]:
    for row in rows:
        order = orders.get(row.intent_id)
        if order is None or not row.states:
            continue
        ended = max(row.states, key=lambda state: state.at)
        yield Moment(at=ended.at, kind="order", name=order.state.value, text=_became(order))


def _became(order: OrderRow) -> str:
    done = f"{order.action.replace('_', ' ')} {without_year(order.label)}, {order.reason}"
    paid = "" if order.price is None else f" at {points(order.price)}"
    steps = len(order.offers)
    offers = "" if not steps else f" after {steps} offer{'' if steps == 1 else 's'}"
    refused = f": {order.detail}" if order.price is None and order.detail else ""
    return f"{done}: {order.filled} of {order.quantity}{paid}{offers}{refused}"
