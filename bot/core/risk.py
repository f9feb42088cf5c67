"""Risk of condors, and what a hedge unit covers, in USD (methodology, sections 3 and 4).

Rules, with the exceptions:

- All options are European and cash-settled, so at most one of a condor's two spreads can end
  in the money: the *max loss* is its wider spread less the credit (Hull, Options, Futures and
  Other Derivatives, chapter 12). Commissions are not part of it.
- *Gross width* is the wider spread without the credit; units of the hedge are counted in it.
- Caps are shares of NAV. Condors that shall be closed count until they are closed. For the hedge
  they do not: a session that closes condors and sells others would ask for both at once, and buy
  units that the next session lets go.
- An unknown NAV or SPX level is ``None`` and allows nothing new; it never lowers what is
  already required of the hedge below one unit.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from bot.core.book import Layer
from bot.core.decision import Action, Purpose
from bot.core.model import MULTIPLIER

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from bot.core.book import Book, Condor, HedgeLot, HedgeSale, Leg
    from bot.core.decision import OrderIntent
    from bot.core.model import Session
    from bot.core.rules import HedgeRules, LayerRules
    from bot.core.sessions import TradingCalendar

CONDOR_LEGS: Final = 4
ROUNDING: Final = 1e-9
"""Slack in units, so that a float error never costs or adds a contract."""


def width_points(legs: Sequence[Leg]) -> float:
    """Return the wider of a condor's two spreads, in points, for legs of either direction.

    Raises
    ------
    ValueError
        If there are not four legs.
    """
    if len(legs) != CONDOR_LEGS:
        raise ValueError(f"a condor has {CONDOR_LEGS} legs, received {len(legs)}")
    low, short_put, short_call, high = sorted(leg.contract.strike for leg in legs)
    return max(short_put - low, high - short_call)


def max_loss_usd(width: float, credit_points: Decimal) -> float:
    """Return the most that one condor can lose: ``(width - credit) x 100``, never negative."""
    return max(0.0, width - float(credit_points)) * MULTIPLIER


def condor_risk_usd(condor: Condor) -> float:
    """Return the max loss of all units of an open condor, in USD."""
    return max_loss_usd(condor.width_points, condor.credit_points) * condor.quantity


def added_risk_usd(proposed: Iterable[OrderIntent], expiry: dt.date | None = None) -> float:
    """Return the max loss of the condors about to be sold, in USD.

    Parameters
    ----------
    proposed
        Intents of any kind; only those of ADD count.
    expiry
        Counts this expiry only, where given.
    """
    return sum(
        intent.max_loss_usd * intent.quantity
        for intent in proposed
        if intent.purpose is Purpose.ADD
        and (expiry is None or intent.legs[0].contract.expiry == expiry)
    )


def book_risk_usd(
    book: Book, proposed: Iterable[OrderIntent], expiry: dt.date | None = None
) -> float:
    """Return the max loss of open and proposed condors, of one expiry where given, in USD."""
    held = sum(
        condor_risk_usd(condor)
        for condor in book.condors
        if expiry is None or condor.expiry == expiry
    )
    return held + added_risk_usd(proposed, expiry)


def session_risk_usd(book: Book, proposed: Iterable[OrderIntent]) -> float:
    """Return the max loss of what this session has opened and proposes, over all tiers, in USD."""
    return book.new_risk_usd + added_risk_usd(proposed)


def cap_usd(nav_usd: Decimal | None, share: float) -> float | None:
    """Return `share` of NAV in USD, or ``None`` when NAV is unknown."""
    return None if nav_usd is None else float(nav_usd) * share


def gross_width_usd(book: Book, proposed: Iterable[OrderIntent]) -> float:
    """Return the gross spread width of the condors open and about to be sold, in USD.

    Condors about to be closed are left out: that goes first. Where it fails, what is held covers
    them as it did before, and new condors are cut to what it covers beyond.
    """
    closed, added = Counter[str](), 0.0
    for intent in proposed:
        if intent.action is Action.CLOSE_CONDOR:
            closed[intent.structure_id] += intent.quantity
        elif intent.action is Action.OPEN_CONDOR:
            added += width_points(intent.legs) * MULTIPLIER * intent.quantity
    kept = (
        condor.width_points * MULTIPLIER * max(condor.quantity - closed[condor.structure_id], 0)
        for condor in book.condors
    )
    return sum(kept) + added


def remembered_width_usd(
    book: Book, session: Session, *, calendar: TradingCalendar, rules: HedgeRules
) -> float:
    """Return the largest gross width at the end of the last `width_memory_sessions`, in USD."""
    first = calendar.previous(session, rules.width_memory_sessions)
    return max(
        (day.gross_width_usd for day in book.widths if first <= day.session < session),
        default=0.0,
    )


def unit_width_usd(spx: float, rules: HedgeRules) -> float:
    """Return the gross width that one hedge unit covers, in USD.

    ``unit_condors x unit_width_share_of_spx x SPX x 100``: ten condors of 50-point wings at an
    SPX of 7,576, and the same in proportion at every other level.
    """
    return rules.unit_condors * rules.unit_width_share_of_spx * spx * MULTIPLIER


def units_required(width_usd: float, spx: float | None, *, rules: HedgeRules) -> int:
    """Return the hedge units for a gross width: ``max(1, ceil(width / unit width))``.

    With an unknown SPX level only the first unit is certain.
    """
    if spx is None:
        return 1
    return max(1, math.ceil(width_usd / unit_width_usd(spx, rules) - ROUNDING))


def layer_rules(layer: Layer, rules: HedgeRules) -> LayerRules:
    """Return the rules of one layer."""
    if layer is Layer.NEAR:
        return rules.near
    return rules.mid if layer is Layer.MID else rules.far


def lasting_contracts(lots: Iterable[HedgeLot], session: Session) -> dict[Layer, int]:
    """Return the contracts of each layer that protect beyond `session`.

    Calls in their last session settle the next morning: they cover nothing that is sold now.
    """
    held = dict.fromkeys(Layer, 0)
    for lot in lots:
        if lot.contract.last_trade > session:
            held[lot.layer] += lot.quantity
    return held


def standing_contracts(
    lots: Iterable[HedgeLot], sales: Iterable[HedgeSale], session: Session
) -> dict[Layer, int]:
    """Return the contracts of each layer that its lots stand for beyond `session`.

    What is left of a lot of which a part was sold at a profit is the target of the whole lot until
    its rest is sold (methodology, section 6), so the part counts. New condors are covered by
    ``lasting_contracts`` alone.
    """
    lasting = [lot for lot in lots if lot.contract.last_trade > session]
    held = lasting_contracts(lasting, session)
    kept = {lot.lot_id for lot in lasting}
    for sale in sales:
        if sale.lot_id in kept:
            held[sale.layer] += sale.quantity
    return held


def covered_units(held: Mapping[Layer, int], rules: HedgeRules) -> float:
    """Return the units that held contracts make up: ``min(near/4, mid/4, far/2)``.

    A fraction counts as a fraction; a layer that is absent from `held` has no contracts. Under the
    policy ``promoter`` the far layer alone counts: the others it may drop.
    """
    counted = (Layer.FAR,) if rules.policy == "promoter" else tuple(Layer)
    return min(held.get(layer, 0) / layer_rules(layer, rules).contracts for layer in counted)


def covered_condors(
    width: float,
    *,
    held: Mapping[Layer, int],
    gross_width_usd: float,
    spx: float | None,
    rules: HedgeRules,
) -> int:
    """Return how many more condors the held layers cover; 0 when SPX is unknown.

    Parameters
    ----------
    width
        Wider spread of the new condor, in points.
    held
        Contracts in each layer, after the hedge orders are done.
    gross_width_usd
        Gross width of the condors open, in USD.
    spx
        SPX level, or ``None``.
    rules
        For contracts of a unit and its width.
    """
    if spx is None:
        return 0
    room = covered_units(held, rules) * unit_width_usd(spx, rules) - gross_width_usd
    return affordable(room, width * MULTIPLIER)


def affordable(room_usd: float, unit_usd: float) -> int:
    """Return the whole units of `unit_usd` (> 0) that fit into `room_usd`; never negative.

    Raises
    ------
    ValueError
        If `unit_usd` is not positive.
    """
    if unit_usd <= 0:
        raise ValueError(f"unit_usd must be > 0, received {unit_usd}")
    return max(0, math.floor(room_usd / unit_usd + ROUNDING))
