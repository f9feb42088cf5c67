"""``steward reconcile``: the two sides next to each other, and a person's word that one is right.

Nothing is sent and nothing cancelled. What the broker knows of our orders is read into the ledger
first, as every cycle does; what then differs is shown contract by contract. To *adopt* the
broker's positions is a person's act: it needs a reason, and is refused while anything is in
flight, as what moves cannot be accepted as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.broker import orders
from bot.clock import new_york
from bot.core.adoption import adoptions
from bot.core.errors import AdoptionRefusedError
from bot.logs import get_logger
from bot.project import connected, make_desk
from bot.reconcile import Reconciliation, reconcile

if TYPE_CHECKING:
    from bot.broker.facts import OrderSweep, PositionFact
    from bot.core.model import OptionContract
    from bot.desk import Desk
    from bot.ledger.store import Ledger
    from bot.project import Project

log = get_logger(__name__)

INCIDENT = "POSITIONS_ADOPTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One contract: what the ledger holds of it, and what the broker does."""

    label: str
    ledger: int
    broker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Ledger and broker next to each other.

    Parameters
    ----------
    lines
        Every contract that either side holds.
    open_orders
        References of the orders at work, or their permanent number where they have none.
    in_flight
        Intents whose end is not proven.
    settling
        Contracts that expired and whose value is not known yet; they are no break.
    locked
        Whether the two disagree, or a structure is incomplete.
    adopted
        What was adopted just now.
    """

    lines: tuple[Line, ...]
    open_orders: tuple[str, ...]
    in_flight: tuple[str, ...]
    settling: tuple[str, ...]
    locked: bool
    adopted: tuple[str, ...] = ()

    @property
    def breaks(self) -> tuple[Line, ...]:
        """The contracts on which the two disagree."""
        return tuple(
            line
            for line in self.lines
            if line.ledger != line.broker and line.label not in self.settling
        )


async def compare_sides(project: Project, ledger: Ledger, *, adopt: str | None = None) -> Sides:
    """Connect, bring the ledger up to the broker, and return what both hold.

    Parameters
    ----------
    project, ledger
        Configuration, and the ledger open for writing.
    adopt
        The reason for which a person accepts the broker's positions; ``None`` only looks.

    Raises
    ------
    AdoptionRefusedError
        If the adoption has no reason, or cannot be done now; nothing is adopted then.
    StewardError
        If the gateway is absent, the account is wrong, or the state cannot be known.
    """
    if adopt is not None and not adopt.strip():
        raise AdoptionRefusedError(
            "--adopt needs a reason: --reason TEXT says why the broker is right"
        )
    async with connected(project, highest_order_id=ledger.highest_order_id()) as broker:
        session = project.calendar.on_or_before(new_york(broker.clock.now()).date())
        desk = make_desk(project, broker=broker, ledger=ledger, session=session, dry=True)
        sides = await _sides(desk)
        if adopt is None:
            return sides
        positions = await broker.positions()
        _refuse_what_moves(sides, positions)
        adopted = _adopt(desk, sides, positions, reason=adopt.strip())
        after = await _sides(desk)
        return Sides(
            lines=after.lines,
            open_orders=after.open_orders,
            in_flight=after.in_flight,
            settling=after.settling,
            locked=after.locked,
            adopted=adopted,
        )


async def _sides(desk: Desk) -> Sides:
    found = await reconcile(desk)
    positions = await desk.broker.positions()
    swept = await orders.sweep(desk.broker)
    return Sides(
        lines=_lines(desk, positions),
        open_orders=_open_orders(swept),
        in_flight=found.in_flight,
        settling=found.settling,
        locked=_locked(desk, found),
    )


def _locked(desk: Desk, found: Reconciliation) -> bool:
    return found.locked or desk.ledger.holdings().broken


def _lines(desk: Desk, positions: tuple[PositionFact, ...]) -> tuple[Line, ...]:
    ours = {key.label(): held for key, held in desk.ledger.holdings().net_positions().items()}
    theirs = {_label(position): position.quantity for position in positions}
    return tuple(
        Line(label=label, ledger=ours.get(label, 0), broker=theirs.get(label, 0))
        for label in sorted({*ours, *theirs})
    )


def _label(position: PositionFact) -> str:
    return position.label if position.contract is None else position.contract.label()


def _open_orders(swept: OrderSweep) -> tuple[str, ...]:
    return tuple(order.order_ref or str(order.perm_id) for order in swept.orders if order.is_open)


def _refuse_what_moves(sides: Sides, positions: tuple[PositionFact, ...]) -> None:
    """Refuse to accept what may change the next moment, or what the ledger has no form for."""
    moving = (*sides.open_orders, *sides.in_flight)
    if moving:
        raise AdoptionRefusedError(
            f"orders are in flight: {', '.join(moving)}; cancel them, wait for their end, try again"
        )
    foreign = [f"{held.label} ({held.con_id})" for held in positions if held.contract is None]
    if foreign:
        raise AdoptionRefusedError(
            f"no options of this bot: {', '.join(foreign)}; close them, or name them in "
            f"broker.excluded"
        )


def _adopt(
    desk: Desk, sides: Sides, positions: tuple[PositionFact, ...], *, reason: str
) -> tuple[str, ...]:
    """Write what brings the ledger to the broker's positions, and the incident."""
    holdings = desk.ledger.holdings()
    theirs = {held.contract: held.quantity for held in positions if held.contract is not None}
    facts = adoptions(
        holdings, _changes(holdings.net_positions(), theirs, sides.settling), session=desk.session
    )
    texts = tuple(
        f"{fact.contract.label()} {fact.quantity:+d} ({fact.structure_id})" for fact in facts
    )
    if not texts:
        return ()
    desk.ledger.record_adoptions(facts, at=desk.now(), reason=reason)
    detail = f"{reason}: {', '.join(texts)}"
    desk.ledger.incident(INCIDENT, session=desk.session, at=desk.now(), detail=detail)
    log.warning("positions.adopted", reason=reason, adopted=texts)
    return texts


def _changes(
    ours: dict[OptionContract, int], theirs: dict[OptionContract, int], settling: tuple[str, ...]
) -> dict[OptionContract, int]:
    """Return the broker's quantity less the ledger's, by contract, in a fixed order."""
    found = sorted({*ours, *theirs}, key=lambda contract: contract.label())
    return {
        contract: theirs.get(contract, 0) - ours.get(contract, 0)
        for contract in found
        if contract.label() not in settling and theirs.get(contract, 0) != ours.get(contract, 0)
    }


def as_text(sides: Sides) -> str:
    """Return both sides as a table, with what stands in the way of agreement."""
    width = max((len(line.label) for line in sides.lines), default=8)
    rows = [f"{'contract':<{width}}  {'ledger':>7}  {'broker':>7}"]
    rows += [
        f"{line.label:<{width}}  {line.ledger:>7}  {line.broker:>7}{_mark(line, sides)}"
        for line in sides.lines
    ]
    rows += [f"open order: {name}" for name in sides.open_orders]
    rows += [f"in flight: {name}" for name in sides.in_flight]
    rows += [f"adopted: {text}" for text in sides.adopted]
    return "\n".join([*rows, "LOCKED" if sides.locked else "READY"])


def _mark(line: Line, sides: Sides) -> str:
    if line.label in sides.settling:
        return "  settling"
    return "  BREAK" if line in sides.breaks else ""
