"""Where ledger and broker disagree, and what may still be closed while they do. Pure.

A break is one contract. What the ledger holds and the broker does not was closed by somebody: by
hand, or by an order whose executions were lost. To close it once more would open its reverse.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.core.fold import OPENING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.broker.facts import PositionFact
    from bot.core.decision import OrderIntent
    from bot.core.fold import Fill, Holdings
    from bot.core.model import OptionContract


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One contract on which ledger and broker disagree."""

    label: str
    ledger_quantity: int
    broker_quantity: int

    @property
    def text(self) -> str:
        """Contract and both quantities."""
        return f"{self.label}: ledger {self.ledger_quantity}, broker {self.broker_quantity}"


def compare(
    holdings: Holdings,
    positions: Iterable[PositionFact],
    settling: frozenset[OptionContract] = frozenset(),
) -> tuple[Break, ...]:
    """Return each contract on which the two sides disagree, settling ones aside."""
    ours: Mapping[OptionContract, int] = holdings.net_positions()
    theirs = {position.contract: position for position in positions if position.contract}
    foreign = [position for position in positions if position.contract is None]
    breaks = [
        Break(
            label=contract.label(),
            ledger_quantity=ours.get(contract, 0),
            broker_quantity=theirs[contract].quantity if contract in theirs else 0,
        )
        for contract in sorted({*ours, *theirs} - settling, key=lambda found: found.label())
    ]
    breaks += [
        Break(label=position.label, ledger_quantity=0, broker_quantity=position.quantity)
        for position in foreign
    ]
    return tuple(found for found in breaks if found.ledger_quantity != found.broker_quantity)


def after(breaks: Iterable[Break], fills: Iterable[Fill]) -> tuple[Break, ...]:
    """Return the breaks as they stand once `fills` have moved both sides."""
    moved: Counter[str] = Counter()
    for fill in fills:
        if fill.contract is not None:
            moved[fill.contract.label()] += fill.quantity
    return tuple(
        replace(
            found,
            ledger_quantity=found.ledger_quantity + moved[found.label],
            broker_quantity=found.broker_quantity + moved[found.label],
        )
        for found in breaks
    )


def overtraded(intent: OrderIntent, breaks: Iterable[Break]) -> str | None:
    """Return why `intent` would close more than the broker holds, or ``None``."""
    broken = {found.label: found for found in breaks}
    for leg in intent.legs if intent.action not in OPENING else ():
        found = broken.get(leg.contract.label())
        if found is not None and not _covers(found.broker_quantity, leg.ratio * intent.quantity):
            return f"POSITION_BREAK: {found.text}"
    return None


def _covers(held: int, traded: int) -> bool:
    """Whether a trade only closes, at most all of what is held."""
    return held * traded < 0 and abs(traded) <= abs(held)
