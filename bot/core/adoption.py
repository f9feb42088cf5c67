"""A person accepts the broker's positions as they are: facts that are neither fills nor ends.

Where ledger and broker disagree for good, because somebody traded by hand, or because the
executions can no longer be asked for, no fill is invented: prices and cash stay unknown. What the
ledger holds too much of leaves the structures that hold it, what it lacks joins the *adopted*
positions, which belong to no structure.

Rules, with the exceptions:

- Whole condors leave first, the oldest first: four legs that were closed together are not taken
  from two condors that share a strike. What then remains is taken contract by contract.
- Only what goes against a holding leaves it: contracts sold by hand leave the long holdings,
  contracts bought back leave the short ones. The rest joins the adopted positions, or leaves them.
- Adopted positions count at their market value and are never traded. At expiry they leave.
- An adopted short position is a risk that no cap counts, so nothing is added beside it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.core.model import OptionContract, Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.core.book import Condor
    from bot.core.fold import Holdings

ADOPTED: Final = "adopted"
"""Where positions are kept that belong to no structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Contracts that joined or left a structure by a person's word.

    Parameters
    ----------
    structure_id
        Condor or lot that they left, or ``adopted``.
    contract
        The option.
    session
        Session in which it was adopted.
    quantity
        Signed change of what is held.
    """

    structure_id: str
    contract: OptionContract
    session: Session
    quantity: int


def adoptions(
    holdings: Holdings, changes: Mapping[OptionContract, int], *, session: Session
) -> tuple[Adoption, ...]:
    """Return the facts that bring `holdings` to the broker's positions.

    Parameters
    ----------
    holdings
        What the ledger holds.
    changes
        The broker's quantity less the ledger's, by contract.
    session
        Session of the adoption.
    """
    left = Counter(changes)
    moved: Counter[tuple[str, OptionContract]] = Counter()
    for condor in holdings.condors:
        units = _whole_units(condor, left)
        for leg in condor.legs:
            _move(moved, left, condor.structure_id, leg.contract, -leg.ratio * units)
    for structure_id, contract, quantity in holdings.by_structure():
        held = quantity + moved[structure_id, contract]
        _move(moved, left, structure_id, contract, _against(held, left[contract]))
    for contract, rest in tuple(left.items()):
        _move(moved, left, ADOPTED, contract, rest)
    return tuple(
        Adoption(structure_id=structure_id, contract=contract, session=session, quantity=quantity)
        for (structure_id, contract), quantity in moved.items()
        if quantity
    )


def adopted_shorts(holdings: Holdings) -> Iterator[str]:
    """Yield why nothing may be added beside short positions that a person has adopted."""
    for rest in holdings.residuals:
        if rest.adopted and rest.quantity < 0:
            yield f"ADOPTED_SHORT: {rest.contract.label()} {rest.quantity} is in no cap of risk"


def _whole_units(condor: Condor, changes: Mapping[OptionContract, int]) -> int:
    """Return how many whole units of `condor` the changes have closed."""
    closed = (-leg.ratio * changes.get(leg.contract, 0) for leg in condor.legs)
    return max(0, min(condor.quantity, *closed))


def _against(held: int, change: int) -> int:
    """Return how much of `change` goes against what is held."""
    if held * change >= 0:
        return 0
    return max(change, -held) if held > 0 else min(change, -held)


def _move(
    moved: Counter[tuple[str, OptionContract]],
    left: Counter[OptionContract],
    structure_id: str,
    contract: OptionContract,
    quantity: int,
) -> None:
    moved[structure_id, contract] += quantity
    left[contract] -= quantity
