"""What an open condor gains by where SPX stands: at its expiry, and at once.

At expiry the gain is exact. The gain of today is that of the model of the joint stress test
(``bot.core.stress``) with the VIX left where it is: the smile moves with the forward and no time
passes. A leg that cannot be priced makes the curve of today unknown; the one at expiry stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.book import Leg
from bot.core.carry import held_chain
from bot.core.chain import price_chain
from bot.core.fold import StructureKind
from bot.core.model import MULTIPLIER, Right
from bot.core.pricing import FloatArray
from bot.core.shocks import Shocks, repriceable, shocked_price
from bot.ledger.queries import PositionRow

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from bot.core.chain import PricedChain
    from bot.core.model import MarketSnapshot, OptionContract

POINTS: Final = 121
"""Levels at which a curve is reckoned, the strikes besides."""

MARGIN: Final = 0.25
"""How far a chart goes beyond the outer strikes, as a share of the distance between them."""

RIGHTS: Final = (Right.PUT, Right.PUT, Right.CALL, Right.CALL)
RATIOS: Final = (1, -1, -1, 1)
"""Long put, short put, short call, long call."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Payoff:
    """One open condor by the level of SPX; gains in USD of the whole position, before fees.

    Parameters
    ----------
    held
        The condor as it was marked.
    strikes
        Ascending, points.
    levels
        Levels of SPX, points, shape (n,).
    at_expiry, today
        Gains there, shape (n,); `today` is ``None`` when a leg cannot be priced.
    """

    held: PositionRow
    strikes: tuple[float, float, float, float]
    levels: FloatArray
    at_expiry: FloatArray
    today: FloatArray | None

    @property
    def most_usd(self) -> float:
        """The most it can gain: its credit."""
        return float(self.at_expiry.max())

    @property
    def worst_usd(self) -> float:
        """The most it can lose, negative."""
        return float(self.at_expiry.min())

    @property
    def break_evens(self) -> tuple[float, float]:
        """Levels between which it gains at expiry: the short strikes, the credit further out."""
        credit = float(self.held.entry_points or 0)
        return self.strikes[1] - credit, self.strikes[2] + credit


def gain_at_expiry(
    strikes: Sequence[float], levels: FloatArray, *, credit: float, quantity: int
) -> FloatArray:
    """Return what condors gain at expiry, USD, shape (n,).

    ``(credit - (K2 - S)+ + (K1 - S)+ - (S - K3)+ + (S - K4)+) x 100 x quantity``
    """
    puts = np.maximum(strikes[0] - levels, 0) - np.maximum(strikes[1] - levels, 0)
    calls = np.maximum(levels - strikes[3], 0) - np.maximum(levels - strikes[2], 0)
    gain: FloatArray = (credit + puts + calls) * MULTIPLIER * quantity
    return gain


def payoffs(
    positions: Iterable[PositionRow], snapshot: MarketSnapshot | None
) -> tuple[Payoff, ...]:
    """Return the payoff of each condor held, the nearest expiry first.

    Parameters
    ----------
    positions
        What was marked; what is no condor is passed over.
    snapshot
        The market that the curve of today is priced in; ``None`` is unknown.
    """
    found = (_payoff(row, snapshot) for row in positions if row.kind == StructureKind.CONDOR)
    known = [payoff for payoff in found if payoff is not None]
    return tuple(sorted(known, key=lambda each: each.held.expiry))


def _payoff(row: PositionRow, snapshot: MarketSnapshot | None) -> Payoff | None:
    strikes = strikes_of(row.label)
    if strikes is None or row.entry_points is None:
        return None
    spot = None if snapshot is None else snapshot.level("SPX")
    levels = _levels(strikes, spot)
    credit = float(row.entry_points)
    today = None if snapshot is None else _value_usd(row, strikes, levels, snapshot=snapshot)
    return Payoff(
        held=row,
        strikes=strikes,
        levels=levels,
        at_expiry=gain_at_expiry(strikes, levels, credit=credit, quantity=row.quantity),
        today=None if today is None else today + credit * MULTIPLIER * row.quantity,
    )


def strikes_of(label: str) -> tuple[float, float, float, float] | None:
    """Return the strikes in the label of a condor; ``None`` of anything else."""
    parts = label.rpartition(" ")[2].split("/")
    try:
        first, second, third, fourth = (float(part) for part in parts)
    except ValueError:
        return None
    return first, second, third, fourth


def _levels(strikes: Sequence[float], spot: float | None) -> FloatArray:
    """Return the levels of a chart: round the strikes, the index in view, each strike a level."""
    low, high = min(strikes[0], spot or strikes[0]), max(strikes[3], spot or strikes[3])
    margin = (strikes[3] - strikes[0]) * MARGIN
    even = np.linspace(low - margin, high + margin, POINTS)
    return np.unique(np.concatenate([even, np.asarray(strikes)]))


def _value_usd(
    row: PositionRow, strikes: Sequence[float], levels: FloatArray, *, snapshot: MarketSnapshot
) -> FloatArray | None:
    """Return what the condors are worth at each level, USD: negative, as closing them costs."""
    spot = snapshot.level("SPX")
    legs = _legs(row, strikes, snapshot)
    if spot is None or legs is None:
        return None
    shocks = Shocks(spx=levels / spot - 1, vix=np.zeros_like(levels))
    chain = _chain(snapshot, row.label.split(" ")[0], row.expiry)
    total = np.zeros_like(levels)
    for leg in legs:
        option = repriceable(leg.contract, chain)
        if option is None:
            return None
        total = total + leg.ratio * shocked_price(option, shocks)
    return total * MULTIPLIER * row.quantity if np.isfinite(total).all() else None


def _legs(
    row: PositionRow, strikes: Sequence[float], snapshot: MarketSnapshot
) -> tuple[Leg, ...] | None:
    quoted = {_key(option.contract): option.contract for option in snapshot.options}
    trading_class = row.label.split(" ")[0]
    keys = [
        (trading_class, row.expiry, strike, right)
        for strike, right in zip(strikes, RIGHTS, strict=True)
    ]
    if not all(key in quoted for key in keys):
        return None
    return tuple(
        Leg(contract=quoted[key], ratio=ratio) for key, ratio in zip(keys, RATIOS, strict=True)
    )


def _key(contract: OptionContract) -> tuple[str, dt.date, float, Right]:
    return contract.trading_class, contract.expiry, contract.strike, contract.right


def _chain(snapshot: MarketSnapshot, trading_class: str, expiry: dt.date) -> PricedChain | None:
    def own(name: str, date: dt.date) -> PricedChain | None:
        return price_chain(snapshot, trading_class=name, expiry=date)

    return held_chain(snapshot, trading_class, expiry, chain=own)
