"""Margin of the simulated account: what a set of positions ties up.

Options of one trading class and expiry are margined together, as one structure: the requirement
is the most that it can owe at expiry,

    requirement = max over S of  -sum(quantity x intrinsic(S)) x 100 USD,  at least 0,

with S at every strike of the structure and at two stress levels. For defined risk this is the
rule of Regulation T and of Cboe's margin manual: a spread ties up its width, an iron condor the
wider of its two spreads, and the credit, which is in the cash, counts against it. A long option
ties up nothing, because it has no loan value: it was paid in full out of the cash.

What is not covered by another leg is caught by the stress levels, in the manner of SPAN: SPX
30 % below the lowest and above the highest of index and strikes; VIX 50 % below and 300 % above.
Where the level of the index is unknown the stress runs from zero to ten times the highest
strike: what is not known is not cheap.

Options of other expiries never cover each other (the far leg of a calendar spread is worth
something to a broker; here it is not). Shares take 50 % initial, 25 % maintenance; a VX future
50 % of its value. Other requirements of a broker (concentration, exposure fee, day trades) are
left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from bot.simulator import ticks
from bot.simulator.instruments import Instrument

if TYPE_CHECKING:
    from collections.abc import Mapping

Level: TypeAlias = Callable[[str], float | None]
"""Level of an index by its symbol; ``None`` while it is unknown."""

SHARE_INITIAL = Decimal("0.50")
SHARE_MAINTENANCE = Decimal("0.25")
FUTURE_SHARE = Decimal("0.50")
UNKNOWN_STRESS = 10
STRESS: Mapping[str, tuple[Decimal, Decimal]] = {
    "SPX": (Decimal("0.70"), Decimal("1.30")),
    "VIX": (Decimal("0.50"), Decimal("4.00")),
}
"""Multiples of the level at which uncovered options are stressed: down, up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A signed number of contracts, with the price that values it."""

    instrument: Instrument
    quantity: int
    price: Decimal

    @property
    def value(self) -> Decimal:
        """Market value, USD."""
        return self.quantity * self.price * self.instrument.dollars_per_point


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Initial and maintenance margin, USD."""

    initial: Decimal
    maintenance: Decimal


def requirement(holdings: Iterable[Holding], level: Level) -> Requirement:
    """Return what `holdings` tie up.

    Parameters
    ----------
    holdings
        Positions, each contract once.
    level
        Where the underlying indexes stand.
    """
    structures: defaultdict[tuple[object, ...], list[Holding]] = defaultdict(list)
    initial = maintenance = ticks.ZERO
    for held in holdings:
        instrument = held.instrument
        if instrument.sec_type == "OPT":
            structures[instrument.trading_class, instrument.expiry].append(held)
        else:
            initial += abs(held.value) * _initial_share(instrument)
            maintenance += abs(held.value) * _maintenance_share(instrument)
    options = sum((_most_owed(each, level) for each in structures.values()), ticks.ZERO)
    return Requirement(initial=initial + options, maintenance=maintenance + options)


def _initial_share(instrument: Instrument) -> Decimal:
    return FUTURE_SHARE if instrument.sec_type == "FUT" else SHARE_INITIAL


def _maintenance_share(instrument: Instrument) -> Decimal:
    return FUTURE_SHARE if instrument.sec_type == "FUT" else SHARE_MAINTENANCE


def _most_owed(structure: Sequence[Holding], level: Level) -> Decimal:
    symbol = structure[0].instrument.symbol
    strikes = [ticks.to_decimal(held.instrument.strike) for held in structure]
    at = level(symbol)
    stress = _unknown_stress(strikes) if at is None else _stress(symbol, [*strikes, Decimal(at)])
    return max(ticks.ZERO, *(_owed(structure, each) for each in (*strikes, *stress)))


def _stress(symbol: str, levels: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    down, up = STRESS[symbol]
    return min(levels) * down, max(levels) * up


def _unknown_stress(strikes: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    return ticks.ZERO, max(strikes) * UNKNOWN_STRESS


def _owed(structure: Sequence[Holding], settlement: Decimal) -> Decimal:
    payoff = (
        held.quantity * intrinsic(held.instrument, settlement) * held.instrument.dollars_per_point
        for held in structure
    )
    return -sum(payoff, ticks.ZERO)


def intrinsic(instrument: Instrument, settlement: Decimal) -> Decimal:
    """Return what one unit is worth at `settlement`, in points; a future is worth the level."""
    strike = ticks.to_decimal(instrument.strike)
    if instrument.right == "C":
        return max(settlement - strike, ticks.ZERO)
    if instrument.right == "P":
        return max(strike - settlement, ticks.ZERO)
    return settlement
