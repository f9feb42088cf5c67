"""Condors of the profile ``daily``: SPXW of the next session, sold near the close.

Rules (methodology, section 3), with the exceptions:

- Both shorts stand at least one expected daily range from the index, and no short is below the
  delta floor. The tier's credit is the aim: of all pairs of shorts that bring it at the mid, the
  one whose nearer short is the furthest out by delta; of two such pairs the one of less credit.
  No pair, no trade: where the next day is priced far calmer than the VIX, the range lies beyond
  the floor and nothing is sold. Shape by signal is a rule on the tiers' deltas, and daily tiers
  have none.
- Wings are equal and exactly their width away. 2 % of the forward would make these credits a
  fraction of a percent of the width; their width has a share of its own.
- Expiry is the exit: no take-profit, no time exit, no time-shift. Stop and flatten hold.
- Never through an event, whatever ``event_gate`` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.core.book import Leg, Tier
from bot.core.model import Right
from bot.core.universe import wing_points
from strategies.condor_strikes import SLACK

if TYPE_CHECKING:
    from bot.core.chain import PricedChain
    from bot.core.pricing import FloatArray
    from bot.core.rules import CondorRules, DailyRules
    from strategies.condor_strikes import Indices

CENT = 0.005
"""Half a cent: a credit that is the target but for float noise is the target."""


def credit_target(tier: Tier, rules: DailyRules) -> float:
    """Return the credit that `tier` aims at, in points."""
    return {
        Tier.CONSERVATIVE: rules.conservative_credit,
        Tier.BALANCED: rules.balanced_credit,
        Tier.AGGRESSIVE: rules.aggressive_credit,
    }[tier]


def daily_legs(
    chain: PricedChain, tier: Tier, *, spot: float, edr_pct: float, rules: CondorRules
) -> tuple[Leg, Leg, Leg, Leg] | None:
    """Return the legs of a condor that expires in the next session, or ``None``.

    Parameters
    ----------
    chain
        The priced chain of that expiry.
    tier
        It names the credit.
    spot
        SPX, points.
    edr_pct
        Expected daily range, percent of SPX.
    rules
        Targets, distance, width and floor.
    """
    reach = spot * edr_pct / 100 * rules.daily.edr_multiple
    puts, put_wings = _sides(chain, Right.PUT, bound=spot - reach, rules=rules)
    calls, call_wings = _sides(chain, Right.CALL, bound=spot + reach, rules=rules)
    chosen = _pair(
        _credits(chain, puts, put_wings),
        _credits(chain, calls, call_wings),
        np.abs(chain.delta[puts]),
        np.abs(chain.delta[calls]),
        target=credit_target(tier, rules.daily),
    )
    if chosen is None:
        return None
    put, call = chosen
    return _legs(chain, put_wings[put], puts[put], calls[call], call_wings[call])


def _sides(
    chain: PricedChain, right: Right, *, bound: float, rules: CondorRules
) -> tuple[Indices, Indices]:
    """Return the shorts of one side that may be sold, and the wing of each."""
    sign = 1 if right is Right.CALL else -1
    eligible = (chain.is_call == (right is Right.CALL)) & (sign * (chain.strike - bound) >= -SLACK)
    eligible &= np.abs(chain.delta) >= rules.delta_floor - SLACK
    width = wing_points(chain.forward, rules)
    pairs = [
        (int(short), wing)
        for short in np.flatnonzero(eligible)
        if (wing := _wing(chain, right, float(chain.strike[short]) + sign * width)) is not None
    ]
    table = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _wing(chain: PricedChain, right: Right, strike: float) -> int | None:
    """Return the option of `right` at exactly `strike` that can be bought."""
    same = (chain.is_call == (right is Right.CALL)) & (np.abs(chain.strike - strike) < SLACK)
    found = np.flatnonzero(same & np.isfinite(chain.ask))
    return int(found[0]) if found.size else None


def _credits(chain: PricedChain, shorts: Indices, wings: Indices) -> FloatArray:
    """Return the credit of each spread at the mids; a wing without a bid costs half its ask."""
    return chain.mid[shorts] - (chain.bid[wings] + chain.ask[wings]) / 2


def _pair(
    puts: FloatArray,
    calls: FloatArray,
    put_deltas: FloatArray,
    call_deltas: FloatArray,
    *,
    target: float,
) -> tuple[int, int] | None:
    """Return the positions of the pair furthest out that brings `target`, from spread credits."""
    total = puts[:, np.newaxis] + calls[np.newaxis, :]
    nearest = np.maximum(put_deltas[:, np.newaxis], call_deltas[np.newaxis, :])
    rich = np.argwhere(total >= target - CENT)
    if not rich.size:
        return None
    put, call = min(rich.tolist(), key=lambda at: (nearest[*at], total[*at]))
    return put, call


def _legs(
    chain: PricedChain, low: int, put: int, call: int, high: int
) -> tuple[Leg, Leg, Leg, Leg]:
    of = chain.contracts
    return (
        Leg(contract=of[low], ratio=1),
        Leg(contract=of[put], ratio=-1),
        Leg(contract=of[call], ratio=-1),
        Leg(contract=of[high], ratio=1),
    )
