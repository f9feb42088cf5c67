"""Where the legs of a condor lie: shorts by delta, wings by width.

Rules, with the exceptions:

- The tier gives the absolute delta of each short. The side that the trend runs into is sold
  further out: with a MACD histogram above 0 and breadth up the call at half its delta, with a
  histogram below 0 and breadth down the put. An RSI above 75 moves the call, one below 30 the
  put, a further 0.03 out. No short is ever below the floor of 0.05, in aim or in fact.
- A short is the two-sided strike nearest to its delta within a tolerance; on a tie the one
  further out.
- Wings are equal: 2 % of the forward on a 5-point grid (less in the profile ``daily``). A wing is a
  strike with an ask. Where the very strikes are not quoted, the pair nearest to the intended width
  is taken, an inequality weighing double, the narrower on a tie. A pair that differs by more than
  one step of the grid is no condor.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bot.core.book import Leg, Tier
from bot.core.model import Right
from bot.core.regime import Breadth
from bot.core.rules import TierDeltas
from bot.core.universe import wing_points

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from bot.core.book import Condor
    from bot.core.chain import PricedChain
    from bot.core.regime import Signals
    from bot.core.rules import CondorRules

    Mask = npt.NDArray[np.bool_]
    Widths = list[tuple[int, float]]  # positions of wings, each with its width in points
    Spread = tuple[int, Widths]  # position of a short, and its wings
    Indices = npt.NDArray[np.intp]

SLACK = 1e-9
"""Keeps a delta or a width that is exactly on its bound from falling off it as a float."""


def tier_deltas(tier: Tier, rules: CondorRules) -> TierDeltas:
    """Return the absolute deltas of the short strikes of `tier`."""
    return {
        Tier.CONSERVATIVE: rules.conservative,
        Tier.BALANCED: rules.balanced,
        Tier.AGGRESSIVE: rules.aggressive,
    }[tier]


def shaped_deltas(tier: Tier, signals: Signals, rules: CondorRules) -> TierDeltas:
    """Return the deltas of `tier` moved out on the side that the trend runs into."""
    deltas = _out_by_rsi(_out_by_trend(tier_deltas(tier, rules), signals, rules), signals, rules)
    return TierDeltas(
        put=max(deltas.put, rules.delta_floor), call=max(deltas.call, rules.delta_floor)
    )


def _out_by_trend(deltas: TierDeltas, signals: Signals, rules: CondorRules) -> TierDeltas:
    histogram = signals.macd_histogram
    if histogram is None:
        return deltas
    if histogram > 0 and signals.breadth is Breadth.UP:
        return replace(deltas, call=deltas.call * rules.trend_delta_share)
    if histogram < 0 and signals.breadth is Breadth.DOWN:
        return replace(deltas, put=deltas.put * rules.trend_delta_share)
    return deltas


def _out_by_rsi(deltas: TierDeltas, signals: Signals, rules: CondorRules) -> TierDeltas:
    rsi = signals.spx_rsi
    if rsi is not None and rsi > rules.rsi_high:
        return replace(deltas, call=deltas.call - rules.rsi_delta_shift)
    if rsi is not None and rsi < rules.rsi_low:
        return replace(deltas, put=deltas.put - rules.rsi_delta_shift)
    return deltas


def condor_legs(
    chain: PricedChain, deltas: TierDeltas, rules: CondorRules
) -> tuple[Leg, Leg, Leg, Leg] | None:
    """Return the legs of a condor to be sold, or ``None`` where the quotes do not make one.

    Parameters
    ----------
    chain
        The priced chain of one expiry.
    deltas
        Absolute deltas aimed at.
    rules
        Floor, tolerance, width and grid.
    """
    put = short_strike(chain, Right.PUT, target=deltas.put, rules=rules)
    call = short_strike(chain, Right.CALL, target=deltas.call, rules=rules)
    if put is None or call is None or chain.strike[put] >= chain.strike[call]:
        return None
    spreads = ((short, _wing_widths(chain, short, rules=rules)) for short in (put, call))
    return _with_wings(chain, *spreads, rules=rules)


def shifted_legs(
    chain: PricedChain, condor: Condor, side: Right, *, deltas: TierDeltas, rules: CondorRules
) -> Iterator[tuple[Leg, Leg, Leg, Leg]]:
    """Yield the condors that could replace a threatened one, the furthest out first.

    Parameters
    ----------
    chain
        The priced chain of a later expiry.
    condor
        The threatened condor: the short of its `side` is the nearest that is sold.
    side
        The threatened side; the other short is chosen by `deltas`.
    deltas
        Absolute deltas aimed at.
    rules
        Floor, tolerance, width and grid.
    """
    other = Right.CALL if side is Right.PUT else Right.PUT
    target = deltas.call if other is Right.CALL else deltas.put
    fixed = short_strike(chain, other, target=target, rules=rules)
    if fixed is None:
        return
    wings = _wing_widths(chain, fixed, rules=rules)
    for short in _not_nearer(chain, condor, side, floor=rules.delta_floor):
        own = _wing_widths(chain, short, rules=rules)
        spreads = (short, own), (fixed, wings)
        put, call = spreads if side is Right.PUT else spreads[::-1]
        legs = _with_wings(chain, put, call, rules=rules)
        if legs is not None:
            yield legs


def _not_nearer(chain: PricedChain, condor: Condor, side: Right, *, floor: float) -> list[int]:
    """Return the shorts of `side` out from the strike of `condor`, the furthest first."""
    old = next(
        leg.contract.strike for leg in condor.legs if leg.ratio < 0 and leg.contract.right is side
    )
    sign = 1 if side is Right.CALL else -1
    eligible = _of_right(chain, side) & (sign * (chain.strike - old) >= -SLACK)
    eligible &= np.abs(chain.delta) >= floor - SLACK
    found: list[int] = np.flatnonzero(eligible).tolist()
    return found[::-1] if side is Right.CALL else found


def _with_wings(
    chain: PricedChain, put: Spread, call: Spread, *, rules: CondorRules
) -> tuple[Leg, Leg, Leg, Leg] | None:
    """Return the condor of two shorts and the wings that suit them best."""
    wings = _wings(chain, put[1], call[1], rules=rules)
    if wings is None or chain.strike[put[0]] >= chain.strike[call[0]]:
        return None
    contracts = [chain.contracts[index] for index in (wings[0], put[0], call[0], wings[1])]
    low, short_put, short_call, high = contracts
    return (
        Leg(contract=low, ratio=1),
        Leg(contract=short_put, ratio=-1),
        Leg(contract=short_call, ratio=-1),
        Leg(contract=high, ratio=1),
    )


def _of_right(chain: PricedChain, right: Right) -> Mask:
    return chain.is_call if right is Right.CALL else ~chain.is_call


def short_strike(
    chain: PricedChain, right: Right, *, target: float, rules: CondorRules
) -> int | None:
    """Return the short strike: nearest in delta within the tolerance, not below the floor."""
    wanted, least = right is Right.CALL, rules.delta_floor - SLACK
    most = rules.delta_tolerance + SLACK
    options = enumerate(zip(chain.is_call.tolist(), chain.delta.tolist(), strict=True))
    eligible = (
        (abs(abs(delta) - target), abs(delta), index)
        for index, (is_call, delta) in options
        if is_call is wanted and abs(delta) >= least and abs(abs(delta) - target) <= most
    )
    best = min(eligible, default=None)
    return None if best is None else best[2]


def _wings(
    chain: PricedChain, lows: Widths, highs: Widths, *, rules: CondorRules
) -> tuple[int, int] | None:
    """Return the indices of the long put and the long call, as equal as the quotes allow."""
    intended = wing_points(chain.forward, rules)
    most = rules.strike_grid_points + SLACK
    pairs = (
        (abs(low - intended) + abs(high - intended) + 2 * abs(low - high), at_low, at_high)
        for at_low, low in lows
        for at_high, high in highs
        if abs(low - high) <= most
    )
    best = min(pairs, key=lambda pair: pair[0], default=None)
    return None if best is None else best[1:]


def _wing_widths(chain: PricedChain, short: int, *, rules: CondorRules) -> Widths:
    """Return what can be bought beyond the short near the intended width, the narrowest first.

    A wing further from the intended width than ``wing_tolerance`` is no wing: where strikes are
    sparse, a narrow or a wide condor would be another trade than the one that was meant.
    """
    intended = wing_points(chain.forward, rules)
    allowed = rules.wing_tolerance * intended + SLACK
    strikes, rights, asks = chain.strike.tolist(), chain.is_call.tolist(), chain.ask.tolist()
    is_call, sold = rights[short], strikes[short]
    middle = sold + intended if is_call else sold - intended
    first = bisect_left(strikes, middle - allowed - SLACK)
    end = bisect_right(strikes, middle + allowed + SLACK)
    beyond = (
        range(max(first, short + 1), end) if is_call else range(min(end, short) - 1, first - 1, -1)
    )
    return [
        (at, abs(strikes[at] - sold))
        for at in beyond
        if rights[at] is is_call
        and abs(abs(strikes[at] - sold) - intended) <= allowed
        and math.isfinite(asks[at])
    ]
