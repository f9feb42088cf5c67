"""What a replay holds and trades: condors with their size, lots, fills, settlements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.book import Condor, HedgeLot, Layer, Leg
from bot.core.errors import LedgerError
from bot.core.model import Right
from bot.core.valuation import leg_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.core.model import OptionContract, Quote

    Quotes = Mapping[OptionContract, Quote]

DIGITS: Final = 6
"""Of adjusted strikes and prices, points."""


@dataclass(slots=True, kw_only=True)
class HeldCondor:
    """An open condor and its size: USD of one point and unit over 100."""

    condor: Condor
    scale: float = 1.0


@dataclass(slots=True, kw_only=True)
class HeldLot:
    """A hedge lot and what its purchase paid in commissions, USD."""

    lot: HedgeLot
    fees_usd: float


@dataclass(slots=True, kw_only=True)
class Purse:
    """Cumulative cash of one source, USD: premiums and settlements, and commissions paid."""

    cash_usd: float = 0.0
    fees_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What an order traded.

    Parameters
    ----------
    quantity
        Units.
    price
        Net debit of one unit, points.
    fees_usd
        Commissions of all of it, USD.
    scale
        USD of one point and unit over 100.
    """

    quantity: int
    price: float
    fees_usd: float
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What ended at expiry; `value_points` is what one unit paid, negative where it cost."""

    structure_id: str
    layer: Layer | None
    legs: tuple[Leg, ...]
    quantity: int
    value_points: float
    scale: float


def condor_points(condor: Condor, quotes: Quotes) -> float:
    """Return the value of one unit at the mids of its legs, points; a leg unknown is an error."""
    return sum(leg.ratio * _leg_value(leg, quotes) for leg in condor.legs)


def _leg_value(leg: Leg, quotes: Quotes) -> float:
    value = leg_points(leg, quotes)
    if value is None:
        raise LedgerError(f"{leg.contract.label()}: no quote to mark it with")
    return value


def rebased(condor: Condor, factor: float) -> Condor:
    """Return `condor` on an index that is `factor` times higher."""
    one, two, three, four = (
        replace(
            leg,
            contract=replace(leg.contract, strike=round(leg.contract.strike * factor, DIGITS)),
        )
        for leg in condor.legs
    )
    credit = in_points(float(condor.credit_points) * factor)
    return replace(condor, legs=(one, two, three, four), credit_points=credit)


def intrinsic(contract: OptionContract, level: float) -> float:
    """Return what one option pays at `level`, points."""
    sign = 1 if contract.right is Right.CALL else -1
    return max(sign * (level - contract.strike), 0.0)


def money(value: float) -> Decimal:
    """Return USD to the cent."""
    return Decimal(str(round(value, 2)))


def in_points(value: float) -> Decimal:
    """Return a price in points as a Decimal free of noise."""
    return Decimal(str(round(value, DIGITS)))
