"""The joint stress test: the whole book repriced at paired shocks of SPX and VIX.

Shocks, and the model by which an option is repriced, are those of ``bot.core.shocks``; no time
passes.

A long option that is offered and that nobody bids for has no volatility of its own: an
SPX wing is priced on the smile of its expiry, a VIX call is counted as gaining nothing. Deep in
the money a price may hold no time value, and then no volatility either: an SPX leg is priced on the
smile, and a VIX call at its intrinsic value, which leaves out what it would lose less of when the
future falls. Any other leg without a volatility makes the book unknown, and an unknown book takes
no new risk.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.book import Leg
from bot.core.decision import Action, StressCell, StressGrid
from bot.core.model import MULTIPLIER
from bot.core.shocks import GRID, JUDGED, PAIRED, Shocks, is_intrinsic, reckoned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from decimal import Decimal

    from bot.core.context import Context
    from bot.core.decision import OrderIntent
    from bot.core.pricing import FloatArray
    from bot.core.shocks import Known

ROUNDING: Final = 1e-9
"""Slack in units, so that a float error never costs a contract."""

UNBOUNDED: Final = 10**6
"""Units of what loses in no shock."""


def _option(context: Context, leg: Leg) -> Known:
    """Return whether the gain of a leg is known, and the option; none is one that gains nothing."""
    found = context.gains.legs.get(leg)
    if found is None:
        found = context.gains.legs[leg] = _judged(context, leg)
    return found


def _judged(context: Context, leg: Leg) -> Known:
    contract = leg.contract
    chain = context.held_chain(contract.trading_class, contract.expiry)
    index = None if chain is None else chain.index_of(contract)
    if chain is None or index is None:
        return False, None
    priced = math.isfinite(chain.iv[index])
    bidless = not priced and leg.ratio > 0 and chain.bid[index] == 0 and chain.ask[index] > 0
    if not (priced or bidless or is_intrinsic(chain, index)):
        return False, None
    option = context.gains.option(chain, index)
    return option is not None or bool(bidless), option


def prepare_gains(context: Context, *further: Sequence[Leg]) -> None:
    """Reckon in one step the gains of all that the book holds, and of `further` structures."""
    legs = [leg for condor in context.book.condors for leg in condor.legs]
    legs += [Leg(contract=lot.contract, ratio=1) for lot in context.book.lots]
    legs += [leg for structure in further for leg in structure]
    options = (_option(context, leg)[1] for leg in legs)
    context.gains.prepared([option for option in options if option is not None], JUDGED)


def unit_gain_usd(context: Context, legs: Sequence[Leg], shocks: Shocks) -> FloatArray | None:
    """Return the gain of one unit of `legs` in each shock, USD; ``None`` when a leg is unknown."""
    all_shocks, part = reckoned(shocks)
    gain = _unit_usd(context, legs, all_shocks)
    return None if gain is None else gain[part]


def _unit_usd(context: Context, legs: Sequence[Leg], shocks: Shocks) -> FloatArray | None:
    found = [_option(context, leg) for leg in legs]
    gains = context.gains.prepared([option for _, option in found if option is not None], shocks)
    total = np.zeros(shocks.vix.size)
    for leg, (known, option) in zip(legs, found, strict=True):
        gain = None if option is None else gains[option]
        if not known or (gain is None and option is not None):
            return None
        if gain is not None:
            total += leg.ratio * gain
    return total * MULTIPLIER


def opening_gain_usd(
    context: Context, legs: Sequence[Leg], *, worst: Decimal, mid: Decimal, shocks: Shocks
) -> FloatArray | None:
    """Return the gain of one condor that is sold at its `worst` price instead of the `mid`, USD."""
    gain = unit_gain_usd(context, legs, shocks)
    return None if gain is None else gain - max(float(worst - mid), 0.0) * MULTIPLIER


def condors_gain_usd(context: Context, shocks: Shocks) -> FloatArray | None:
    """Return the gain of the condors open and proposed in each shock, USD.

    Condors that shall be closed count until they are closed.
    """
    held = _of_held(context, context.book.condors, shocks, _held_condors_usd)
    added = (
        _times(
            opening_gain_usd(
                context, intent.legs, worst=intent.ladder.floor, mid=intent.mid, shocks=shocks
            ),
            intent.quantity,
        )
        for intent in context.proposed
        if intent.action is Action.OPEN_CONDOR
    )
    return _total([held, *added], shocks)


def _of_held(
    context: Context,
    held: object,
    shocks: Shocks,
    reckon: Callable[[Context, Shocks], FloatArray | None],
) -> FloatArray | None:
    """Return the gain of what is `held`, of which all shocks that are judged are reckoned once."""
    all_shocks, part = reckoned(shocks)
    gain = context.gains.of_held(held, all_shocks, lambda: reckon(context, all_shocks))
    return None if gain is None else gain[part]


def _held_condors_usd(context: Context, shocks: Shocks) -> FloatArray | None:
    gains = [
        _times(_unit_usd(context, condor.legs, shocks), condor.quantity)
        for condor in context.book.condors
    ]
    return _total(gains, shocks)


def hedge_gain_usd(
    context: Context, shocks: Shocks, *, orders: Iterable[OrderIntent] = ()
) -> FloatArray | None:
    """Return the gain of the VIX calls held in each shock, USD, and of hedge `orders` as filled."""
    held = _of_held(context, context.book.lots, shocks, _held_calls_usd)
    traded = [
        _times(unit_gain_usd(context, intent.legs, shocks), intent.quantity)
        for intent in orders
        if intent.action in {Action.BUY_HEDGE, Action.SELL_HEDGE}
    ]
    return _total([held, *traded], shocks)


def _held_calls_usd(context: Context, shocks: Shocks) -> FloatArray | None:
    gains = [
        _times(_unit_usd(context, (Leg(contract=lot.contract, ratio=1),), shocks), lot.quantity)
        for lot in context.book.lots
    ]
    return _total(gains, shocks)


def _times(gain: FloatArray | None, quantity: int) -> FloatArray | None:
    return None if gain is None else gain * quantity


def _total(gains: Sequence[FloatArray | None], shocks: Shocks) -> FloatArray | None:
    """Return the sum, or ``None`` when any of it is unknown."""
    total = np.zeros_like(shocks.vix)
    for gain in gains:
        if gain is None:
            return None
        total = total + gain
    return total


def book_gain_usd(context: Context) -> FloatArray | None:
    """Return the gain of condors and hedge in each paired shock, USD; ``None`` when unknown.

    Hedge orders of the session do not count: they may not fill.
    """
    return _total([condors_gain_usd(context, PAIRED), hedge_gain_usd(context, PAIRED)], PAIRED)


def worst_loss_usd(gain: FloatArray) -> float:
    """Return the greatest loss among the shocks as a positive amount; 0 where none loses."""
    losses: list[float] = (-gain).tolist()
    return max(0.0, *losses)


def stress_units(book: FloatArray, unit: FloatArray, limit_usd: float) -> int:
    """Return how many units may be added so that no shock loses more than `limit_usd`.

    Parameters
    ----------
    book, unit
        Gain of the book and of one more unit in each shock, USD.
    limit_usd
        Greatest loss accepted, positive. A book that exceeds it already takes nothing.
    """
    rooms = [limit_usd + gain for gain in book.tolist()]
    if min(rooms) < 0:
        return 0
    pairs = zip(rooms, unit.tolist(), strict=True)
    units = [room / -gain for room, gain in pairs if gain < 0]
    return math.floor(min(*units, UNBOUNDED) + ROUNDING) if units else UNBOUNDED


def stress_grid(context: Context) -> StressGrid:
    """Return the grid of the book as the decision leaves it, hedge orders as filled."""
    condors = condors_gain_usd(context, GRID)
    hedge = hedge_gain_usd(context, GRID, orders=context.proposed)
    cells = tuple(
        StressCell(spx=spx, vix_points=vix, condor_usd=sold, hedge_usd=bought)
        for spx, vix, sold, bought in zip(
            GRID.spx.tolist(), GRID.vix.tolist(), _cents(condors), _cents(hedge), strict=True
        )
    )
    return StressGrid(cells=cells)


def _cents(gain: FloatArray | None) -> Iterator[float | None]:
    values: list[float] | list[None] = (
        [None] * GRID.vix.size if gain is None else gain.round(2).tolist()
    )
    return iter(values)
