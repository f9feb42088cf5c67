"""When an open condor is threatened (methodology, section 3).

A condor is threatened when the delta of a short strike reaches its bound, or when the index is
within so many *expected daily ranges* (EDR) of a short strike or beyond it. The delta comes from
the strike's own quote; unknown threatens nothing. A condor that was sold to expire in the next
session is *daily*: it is never shifted, expiry is its exit.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from bot.core.model import Right

if TYPE_CHECKING:
    from bot.core.book import Condor
    from bot.core.chain import PricedChain
    from bot.core.model import OptionContract
    from bot.core.rules import CondorRules
    from bot.core.sessions import TradingCalendar


def short_strikes(condor: Condor) -> dict[Right, OptionContract]:
    """Return the short put and the short call."""
    return {leg.contract.right: leg.contract for leg in condor.legs if leg.ratio < 0}


def is_daily(condor: Condor, calendar: TradingCalendar) -> bool:
    """Whether `condor` was sold in the session before the one in which it expires."""
    following = condor.opened + dt.timedelta(days=1)
    known = calendar.covers(following) and calendar.covers(condor.expiry)
    return known and condor.expiry <= calendar.on_or_after(following)


def short_deltas(condor: Condor, chain: PricedChain | None) -> dict[Right, float]:
    """Return the absolute deltas of the short strikes, as far as they are known."""
    if chain is None:
        return {}
    found = {right: chain.index_of(short) for right, short in short_strikes(condor).items()}
    deltas = {right: abs(float(chain.delta[at])) for right, at in found.items() if at is not None}
    return {right: delta for right, delta in deltas.items() if delta >= 0}


def edr_distances(
    condor: Condor, *, spot: float | None, edr_pct: float | None
) -> dict[Right, float]:
    """Return how many expected daily ranges each short strike is out of the money.

    ``(spot - K) / EDR`` of the put and ``(K - spot) / EDR`` of the call, with
    ``EDR = spot x edr_pct / 100`` points; negative in the money, empty when unknown.
    """
    if spot is None or edr_pct is None or spot * edr_pct <= 0:
        return {}
    out = {
        right: (spot - short.strike) * (1 if right is Right.PUT else -1)
        for right, short in short_strikes(condor).items()
    }
    return {right: points / (spot * edr_pct / 100) for right, points in out.items()}


def threatened_side(
    condor: Condor,
    chain: PricedChain | None,
    *,
    spot: float | None,
    edr_pct: float | None,
    rules: CondorRules,
) -> Right | None:
    """Return the side that is threatened, ``None`` when none is; the nearer one of two."""
    deltas = short_deltas(condor, chain)
    distances = edr_distances(condor, spot=spot, edr_pct=edr_pct)
    sides = {right for right, delta in deltas.items() if delta >= rules.shift_delta}
    sides |= {right for right, distance in distances.items() if distance <= rules.shift_edr}
    return max(
        sides,
        key=lambda right: (deltas.get(right, 0.0), -distances.get(right, 0.0), right.value),
        default=None,
    )
