"""Holdings folded from facts: intents, fills, settlements, adoptions. Nothing else moves them.

Structures are derived and never updated by hand, so no crash can count anything twice: the
same facts give the same holdings, in whatever order and however often they were reported.

Rules, with the exceptions:

- A *fill* is one execution of one contract. The venue's execution id is a family and, as its
  last segment, a revision: a correction comes as a higher revision of the same family and
  replaces what was reported before. Executions of a combo come twice, once for the combo as a
  whole (``contract is None``: it moves no position) and once for each leg.
- A position is the signed sum over fills and settlements of one contract in one structure. A
  condor holds as many units as its scarcest leg; what other legs have beyond that, or in the
  wrong direction, is a ``Residual``: real at the broker, and no condor.
- The credit of a condor and the cost of a lot are averages over *opening* fills, so they do not
  move when a part is closed.
- Cash excludes commissions that are not yet known. They are absent, not zero: whoever shows
  the figure says how many are missing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

from bot.core.adoption import ADOPTED, Adoption
from bot.core.book import Condor, HedgeLot, Leg, Tier
from bot.core.decision import Action, OrderIntent
from bot.core.errors import LedgerError
from bot.core.lifecycle import IntentState, advance
from bot.core.model import MULTIPLIER, OptionContract, Session
from bot.core.plan import SECOND_ENGINE, TIME_SHIFT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "OPENING",
    "Fill",
    "Holdings",
    "IntentRecord",
    "IntentState",
    "Residual",
    "Settlement",
    "StructureKind",
    "advance",
    "cash_usd",
    "fold",
    "newest_revisions",
    "structure_kind",
]

OPENING: Final = frozenset({Action.OPEN_CONDOR, Action.BUY_HEDGE})


class StructureKind(StrEnum):
    """What a structure is."""

    CONDOR = "condor"
    LOT = "lot"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRecord:
    """A committed intent and how far it has come."""

    intent: OrderIntent
    state: IntentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution.

    Parameters
    ----------
    family
        Execution id without its last segment.
    revision
        Last segment of the execution id; the newest of a family holds.
    intent_id, order_ref
        The intent, and the key by which the venue knew it.
    contract
        Leg that was traded; ``None`` for the summary execution of a combo.
    quantity
        Signed contracts: bought is positive, sold is negative.
    price
        Price of one contract in points. Net of one combo in a summary.
    at
        UTC time of the execution.
    commission_usd
        Commission of the execution, positive; ``None`` until the venue tells it.
    """

    family: str
    revision: int
    intent_id: str
    order_ref: str
    contract: OptionContract | None
    quantity: int
    price: Decimal
    at: dt.datetime
    commission_usd: Decimal | None = None

    @property
    def exec_id(self) -> str:
        """The venue's execution id: family, and revision with two digits."""
        return f"{self.family}.{self.revision:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A position that ended at the expiry of its contract.

    Parameters
    ----------
    structure_id
        Condor or lot that held it.
    contract
        What expired.
    session
        Session in which the position vanished.
    quantity
        Signed contracts that vanished, as they were held.
    value_points
        Intrinsic value of one contract at the settlement level, in points; 0 if worthless.
    """

    structure_id: str
    contract: OptionContract
    session: Session
    quantity: int
    value_points: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """Signed contracts of a structure that complete no unit of it: a leg short of a condor.

    `adopted` ones a person has accepted as they are (``bot.core.adoption``).
    """

    contract: OptionContract
    quantity: int
    structure_id: str
    adopted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """All open structures, and the legs that belong to none completely."""

    condors: tuple[Condor, ...] = ()
    lots: tuple[HedgeLot, ...] = ()
    residuals: tuple[Residual, ...] = ()

    @property
    def incomplete(self) -> tuple[Residual, ...]:
        """Legs that belong to no complete structure, and that no person has accepted."""
        return tuple(residual for residual in self.residuals if not residual.adopted)

    @property
    def broken(self) -> bool:
        """Whether an incomplete structure is short of something.

        What is long can lose no more than it is worth, be it that nobody bids for it.
        """
        return any(residual.quantity < 0 for residual in self.incomplete)

    def by_structure(self) -> Iterator[tuple[str, OptionContract, int]]:
        """Yield structure, contract and signed quantity of everything that is held."""
        for condor in self.condors:
            for leg in condor.legs:
                yield condor.structure_id, leg.contract, leg.ratio * condor.quantity
        for lot in self.lots:
            yield lot.lot_id, lot.contract, lot.quantity
        for rest in self.residuals:
            yield rest.structure_id, rest.contract, rest.quantity

    def net_positions(self) -> dict[OptionContract, int]:
        """Signed contracts by contract as the broker nets them, residuals included."""
        net: Counter[OptionContract] = Counter()
        for _, contract, quantity in self.by_structure():
            net[contract] += quantity
        return {contract: quantity for contract, quantity in net.items() if quantity}


def structure_kind(action: Action) -> StructureKind:
    """Kind of the structure that an intent with `action` opens or closes."""
    is_condor = action in {Action.OPEN_CONDOR, Action.CLOSE_CONDOR}
    return StructureKind.CONDOR if is_condor else StructureKind.LOT


def newest_revisions(fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """Keep the newest revision of each execution family, in the order of first report."""
    newest: dict[str, Fill] = {}
    for fill in fills:
        known = newest.get(fill.family)
        if known is None or fill.revision > known.revision:
            newest[fill.family] = fill
    return tuple(newest.values())


def cash_usd(fills: Iterable[Fill], settlements: Iterable[Settlement]) -> Decimal:
    """Sum the cash of facts: ``-quantity x price x 100 - commission``, plus settlements.

    Summary executions of combos carry no cash; commissions that are not known are left out.
    """
    legs = [fill for fill in newest_revisions(fills) if fill.contract is not None]
    traded = sum((-fill.quantity * fill.price for fill in legs), Decimal(0))
    settled = sum((held.quantity * held.value_points for held in settlements), Decimal(0))
    commissions = sum((fill.commission_usd or Decimal(0) for fill in legs), Decimal(0))
    return (traded + settled) * MULTIPLIER - commissions


def fold(
    records: Iterable[IntentRecord],
    fills: Iterable[Fill],
    settlements: Iterable[Settlement],
    adoptions: Iterable[Adoption] = (),
) -> Holdings:
    """Derive the open structures from facts.

    Parameters
    ----------
    records
        Intents in the order of their commitment, in any state: a fill counts whatever the
        state says.
    fills
        Executions in any order and revision.
    settlements
        Positions that ended at expiry.
    adoptions
        What a person has accepted.

    Raises
    ------
    LedgerError
        A fill, a settlement or an adoption belongs to no intent among `records`.
    """
    condors: list[Condor] = []
    lots: list[HedgeLot] = []
    residuals: list[Residual] = []
    structures = _structures(records, newest_revisions(fills), settlements)
    for adoption in adoptions:
        _count_adoption(adoption, structures)
    for structure in structures.values():
        held = structure.condor() or structure.lot()
        if isinstance(held, Condor):
            condors.append(held)
        elif held is not None:
            lots.append(held)
        residuals.extend(structure.residuals(held))
    return Holdings(condors=tuple(condors), lots=tuple(lots), residuals=tuple(residuals))


@dataclass(frozen=True, slots=True)
class _Structure:
    """Facts of one structure: its first opening intent that filled, and what was traded."""

    structure_id: str
    intents: list[OrderIntent]
    opening: list[Fill]
    net: Counter[OptionContract]
    adopted: list[Adoption]

    @property
    def opener(self) -> OrderIntent | None:
        filled = {fill.intent_id for fill in self.opening}
        return next((intent for intent in self.intents if intent.intent_id in filled), None)

    def condor(self) -> Condor | None:
        intent = self.opener
        if intent is None or intent.action is not Action.OPEN_CONDOR:
            return None
        quantity = min(self._held(leg) for leg in intent.legs)
        if quantity <= 0:
            return None
        return Condor(
            structure_id=self.structure_id,
            tier=_tier(intent),
            opened=intent.session,
            legs=cast("tuple[Leg, Leg, Leg, Leg]", intent.legs),
            quantity=quantity,
            credit_points=-sum(
                (leg.ratio * self._average(leg.contract) for leg in intent.legs), Decimal(0)
            ),
            rolled=intent.reason == TIME_SHIFT,
            second_engine=intent.reason == SECOND_ENGINE,
        )

    def lot(self) -> HedgeLot | None:
        intent = self.opener
        if intent is None or intent.action is not Action.BUY_HEDGE or intent.layer is None:
            return None
        contract = intent.legs[0].contract
        quantity = self._held(intent.legs[0])
        if quantity <= 0:
            return None
        return HedgeLot(
            lot_id=self.structure_id,
            layer=intent.layer,
            contract=contract,
            quantity=quantity,
            bought=self._traded(contract),
            cost_points=self._average(contract),
            opened=intent.session,
            extrinsic_points=intent.extrinsic_points,
        )

    def residuals(self, held: Condor | HedgeLot | None) -> list[Residual]:
        rest = Counter(self.net)
        if isinstance(held, Condor):
            rest.subtract({leg.contract: leg.ratio * held.quantity for leg in held.legs})
        elif held is not None:
            rest.subtract({held.contract: held.quantity})
        return [
            Residual(
                contract=contract,
                quantity=quantity,
                structure_id=self.structure_id,
                adopted=bool(self.adopted),
            )
            for contract, quantity in rest.items()
            if quantity
        ]

    def _held(self, leg: Leg) -> int:
        """Contracts in the direction of `leg`, never more than were opened."""
        return min(self.net[leg.contract] * leg.ratio, self._traded(leg.contract) * leg.ratio)

    def _traded(self, contract: OptionContract) -> int:
        return sum(fill.quantity for fill in self.opening if fill.contract == contract)

    def _average(self, contract: OptionContract) -> Decimal:
        fills = [fill for fill in self.opening if fill.contract == contract]
        paid = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
        return paid / self._traded(contract)


def _tier(intent: OrderIntent) -> Tier:
    if intent.tier is None:
        raise LedgerError(f"intent {intent.intent_id}: opens a condor without a tier")
    return intent.tier


def _structures(
    records: Iterable[IntentRecord], fills: Iterable[Fill], settlements: Iterable[Settlement]
) -> dict[str, _Structure]:
    intents = {record.intent.intent_id: record.intent for record in records}
    structures: dict[str, _Structure] = {}
    for intent in intents.values():
        empty = _Structure(intent.structure_id, [], [], Counter(), [])
        structures.setdefault(intent.structure_id, empty).intents.append(intent)
    for fill in fills:
        _count_fill(fill, intents, structures)
    for settlement in settlements:
        _count_settlement(settlement, structures)
    return structures


def _count_fill(
    fill: Fill, intents: Mapping[str, OrderIntent], structures: Mapping[str, _Structure]
) -> None:
    intent = intents.get(fill.intent_id)
    if intent is None:
        raise LedgerError(f"fill {fill.exec_id}: intent {fill.intent_id} is not on record")
    if fill.contract is None:
        return
    structure = structures[intent.structure_id]
    structure.net[fill.contract] += fill.quantity
    if intent.action in OPENING:
        structure.opening.append(fill)


def _count_settlement(settlement: Settlement, structures: Mapping[str, _Structure]) -> None:
    structure = structures.get(settlement.structure_id)
    if structure is None:
        raise LedgerError(
            f"settlement of {settlement.contract.label()}: structure "
            f"{settlement.structure_id} is not on record"
        )
    structure.net[settlement.contract] -= settlement.quantity


def _count_adoption(adoption: Adoption, structures: dict[str, _Structure]) -> None:
    if adoption.structure_id == ADOPTED:
        structures.setdefault(ADOPTED, _Structure(ADOPTED, [], [], Counter(), []))
    structure = structures.get(adoption.structure_id)
    if structure is None:
        raise LedgerError(f"adoption: structure {adoption.structure_id} is not on record")
    structure.net[adoption.contract] += adoption.quantity
    structure.adopted.append(adoption)
