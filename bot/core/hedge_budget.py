"""What the hedge costs, and how far its deltas move out for it (methodology, section 4).

Two readings:

- *Drag*: the hedge's net loss over the trailing 252 sessions over the mean NAV, brought to a year.
- *P/CF*: the premium outstanding over the net credit of the condors in the trailing 90 sessions,
  after the price of a share over its cash flow. Condors that brought nothing give no reading.

Above either limit the next roll of a layer is bought one step of delta further out, below the
lower limit of the drag one step back in; at most one step per layer in a quarter, both readings
together, within the layer's bounds, and never fewer contracts. Of a history shorter than the
rules ask for nothing is read, and what is unknown moves nothing.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.core.model import MULTIPLIER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.core.book import HedgeLedger, HedgeLot, LayerNote
    from bot.core.hedge_rules import BudgetRules, LayerRules
    from bot.core.model import Session
    from bot.core.sessions import TradingCalendar

SESSIONS_IN_YEAR: Final = 252
SLACK: Final = 1e-9
"""Keeps a step that ends on its bound from falling off it as a float."""


def hedge_drag(past: HedgeLedger, rules: BudgetRules) -> float | None:
    """Return the drag of the hedge a year, as a share of NAV; negative when it has gained.

    ``net cost / mean NAV x 252 / sessions``. ``None`` with too few sessions, or when a figure is
    unknown or the NAV is not positive.
    """
    cost, nav = past.net_cost_usd, past.average_nav_usd
    if past.sessions < rules.minimum_sessions or cost is None or nav is None or nav <= 0:
        return None
    return float(cost / nav) * SESSIONS_IN_YEAR / past.sessions


def premium_outstanding_usd(lots: Iterable[HedgeLot]) -> float:
    """Return what was paid for the calls that are still held, in USD, without commissions."""
    return sum(float(lot.cost_points) * lot.quantity * MULTIPLIER for lot in lots)


def premium_over_credit(
    lots: Iterable[HedgeLot], past: HedgeLedger, rules: BudgetRules
) -> float | None:
    """Return the P/CF analog: premium outstanding over the condors' trailing net credit.

    ``None`` with too few sessions, and where the condors brought no credit.
    """
    credit = past.condor_credit_usd
    if past.condor_sessions < rules.minimum_sessions or credit is None or credit <= 0:
        return None
    return premium_outstanding_usd(lots) / float(credit)


def step_direction(drag: float | None, pcf: float | None, rules: BudgetRules) -> int:
    """Return +1 for a step further out, -1 for one back in, 0 for none."""
    dear = drag is not None and drag > rules.drag_high
    if dear or (pcf is not None and pcf > rules.premium_over_credit):
        return 1
    return -1 if drag is not None and drag < rules.drag_low else 0


def stepped_note(
    note: LayerNote, direction: int, *, session: Session, layer: LayerRules, rules: BudgetRules
) -> LayerNote:
    """Return the note of a layer that rolls in `session`, a step on where its bounds allow one.

    Parameters
    ----------
    note
        Steps taken.
    direction
        From `step_direction`.
    session
        The session being decided.
    layer, rules
        Bounds of the delta, and size of a step.
    """
    steps = min(max(note.delta_steps + direction, 0), most_steps(layer, rules))
    if steps == note.delta_steps:
        return note
    return replace(note, delta_steps=steps, stepped=session)


def most_steps(layer: LayerRules, rules: BudgetRules) -> int:
    """Return how many steps lie between the delta of a layer and its least."""
    if rules.delta_step == 0:
        return 0
    return math.floor((layer.delta - layer.delta_minimum) / rules.delta_step + SLACK)


def stepped_delta(steps: int, layer: LayerRules, rules: BudgetRules) -> float:
    """Return the delta at which a layer is bought after `steps`, within its bounds."""
    return max(layer.delta - steps * rules.delta_step, layer.delta_minimum)


def stepped_lately(
    note: LayerNote, session: Session, *, calendar: TradingCalendar, rules: BudgetRules
) -> bool:
    """Whether the layer took a step within the quarter that ends with `session`."""
    if note.stepped is None or not calendar.covers(note.stepped):
        return False
    return calendar.count(note.stepped, session) < rules.step_sessions
