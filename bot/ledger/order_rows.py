"""What became of each intent of a session, in plain rows for the review.

Quality of execution is measured against the mid at the decision: implementation shortfall.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from bot.core.fold import IntentState
from bot.core.model import MULTIPLIER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from bot.core.model import Session
    from bot.ledger.connection import Connection

LegKey: TypeAlias = tuple[str, str, float, str]
"""Identity of a contract in JSON: trading class, expiry, strike, right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One intent and what became of it.

    Prices are net debits of one unit in points. `filled` counts complete units; `price` is the
    net of the leg fills and ``None`` unless each leg has filled. `offers` are the net prices
    sent, in their order.
    """

    intent_id: str
    action: str
    structure_id: str
    slot: str
    label: str
    reason: str
    quantity: int
    filled: int
    mid: Decimal
    floor: Decimal
    price: Decimal | None
    state: IntentState
    detail: str
    offers: tuple[Decimal, ...]
    executions: int

    @property
    def slippage_points(self) -> Decimal | None:
        """Net price paid above the mid at the decision, for one unit; negative is better."""
        return None if self.price is None else self.price - self.mid

    @property
    def slippage_usd(self) -> Decimal | None:
        """Implementation shortfall of what was filled."""
        points = self.slippage_points
        return None if points is None else points * self.filled * MULTIPLIER


def order_rows(ledger: Connection, first: Session, last: Session) -> tuple[OrderRow, ...]:
    """Return the intents of the sessions from `first` to `last`, with what became of them."""
    span = (first.isoformat(), last.isoformat())
    rows = ledger.rows("SELECT * FROM intents WHERE session BETWEEN ? AND ? ORDER BY id", span)
    fills = _fills_by_intent(ledger, span)
    offers = _offers_by_ref(ledger, span)
    details = _details_by_intent(ledger, span)
    return tuple(
        _order_row(
            row,
            fills=fills.get(row["intent_id"], []),
            offers=offers.get(row["order_ref"], ()),
            detail=details.get(row["intent_id"], ""),
        )
        for row in rows
    )


def _fills_by_intent(ledger: Connection, span: tuple[str, str]) -> dict[str, list[sqlite3.Row]]:
    rows = ledger.rows(
        "SELECT fills.* FROM intents JOIN fills USING (intent_id) "
        "WHERE intents.session BETWEEN ? AND ? AND contract IS NOT NULL AND NOT superseded",
        span,
    )
    grouped: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for row in rows:
        grouped[row["intent_id"]].append(row)
    return grouped


def _offers_by_ref(ledger: Connection, span: tuple[str, str]) -> dict[str, tuple[Decimal, ...]]:
    rows = ledger.rows(
        "SELECT order_ref, order_events.price FROM intents JOIN order_events USING (order_ref) "
        "WHERE session BETWEEN ? AND ? AND price IS NOT NULL ORDER BY order_events.id",
        span,
    )
    grouped: dict[str, tuple[Decimal, ...]] = defaultdict(tuple)
    for row in rows:
        grouped[row["order_ref"]] += (Decimal(row["price"]),)
    return grouped


def _details_by_intent(ledger: Connection, span: tuple[str, str]) -> dict[str, str]:
    rows = ledger.rows(
        "SELECT intent_id, detail FROM intents JOIN intent_states USING (intent_id) "
        "WHERE session BETWEEN ? AND ? ORDER BY intent_states.id",
        span,
    )
    return {row["intent_id"]: row["detail"] for row in rows}


def _order_row(
    row: sqlite3.Row,
    *,
    fills: list[sqlite3.Row],
    offers: tuple[Decimal, ...],
    detail: str,
) -> OrderRow:
    body = json.loads(row["body"])
    legs = {_leg_key(leg["contract"]): int(leg["ratio"]) for leg in body["legs"]}
    return OrderRow(
        intent_id=row["intent_id"],
        action=row["action"],
        structure_id=row["structure_id"],
        slot=body.get("layer") or body.get("tier") or "",
        label=_legs_label(legs),
        reason=row["reason"],
        quantity=row["quantity"],
        filled=_filled_units(legs, fills),
        mid=Decimal(row["mid"]),
        floor=Decimal(row["floor"]),
        price=_net_price(legs, fills),
        state=IntentState(row["state"]),
        detail=detail,
        offers=offers,
        executions=len(fills),
    )


def _leg_key(contract: Mapping[str, Any]) -> LegKey:
    return (
        str(contract["trading_class"]),
        str(contract["expiry"]),
        float(contract["strike"]),
        str(contract["right"]),
    )


def _legs_label(legs: Iterable[LegKey]) -> str:
    trading_class, expiry, _, right = next(iter(legs))
    strikes = "/".join(f"{strike:g}" for _, _, strike, _ in legs)
    single = len(list(legs)) == 1
    return f"{trading_class} {expiry} {strikes}{right if single else ''}"


def _filled_units(legs: Mapping[LegKey, int], fills: Iterable[sqlite3.Row]) -> int:
    net: Counter[LegKey] = Counter()
    for fill in fills:
        net[_leg_key(json.loads(fill["contract"]))] += fill["quantity"]
    return max(0, min(net[leg] * ratio for leg, ratio in legs.items()))


def _net_price(legs: Mapping[LegKey, int], fills: Iterable[sqlite3.Row]) -> Decimal | None:
    quantity: Counter[LegKey] = Counter()
    value: dict[LegKey, Decimal] = defaultdict(Decimal)
    for fill in fills:
        leg = _leg_key(json.loads(fill["contract"]))
        quantity[leg] += fill["quantity"]
        value[leg] += fill["quantity"] * Decimal(fill["price"])
    if not all(quantity[leg] for leg in legs):
        return None
    return sum((ratio * value[leg] / quantity[leg] for leg, ratio in legs.items()), Decimal(0))
