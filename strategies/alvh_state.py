"""The lots of one layer, sorted by what shall become of them (``bot.core.hedge_rolls``).

No order is sent for a contract in its last session. A lot in its last session protects no longer
than that, so its layer is filled up anew beside it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.core.book import Layer, LotNote
from bot.core.hedge_figures import LotFigures, lot_figures
from bot.core.hedge_rolls import (
    RollReason,
    due_by_days,
    due_by_extrinsic,
    due_since,
    is_hard,
    waited,
)
from bot.core.model import Session
from bot.core.monetise import takes_profit
from bot.core.risk import layer_rules
from strategies.alvh_choice import VIX_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.core.book import HedgeLot
    from strategies.alvh_conditions import Conditions
    from strategies.base import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLot:
    """A lot that is due for a roll: why, since when, and how many sessions it has waited."""

    figures: LotFigures
    reason: RollReason
    since: Session
    waited: int
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerState:
    """The lots of one layer.

    Parameters
    ----------
    layer
        The layer.
    fresh
        Not due: they stay.
    due
        Due, and not to wait any longer.
    waiting
        Due, and waiting: they stay for now.
    ending
        In their last session, or settling.
    profit
        Those of `fresh` and `waiting` of which half is sold now.
    rest
        Those of which the rest is sold now.
    kept
        Lots that are not rolled now.
    lots
        Lots that protect beyond this session.
    covers
        Contracts of the target that these stand for.
    """

    layer: Layer
    fresh: tuple[LotFigures, ...] = ()
    due: tuple[DueLot, ...] = ()
    waiting: tuple[DueLot, ...] = ()
    ending: tuple[LotFigures, ...] = ()
    profit: tuple[LotFigures, ...] = ()
    rest: tuple[LotFigures, ...] = ()
    kept: tuple[LotFigures, ...] = field(init=False)
    lots: tuple[LotFigures, ...] = field(init=False)
    covers: int = field(init=False)

    def __post_init__(self) -> None:
        kept = (*self.fresh, *[lot.figures for lot in self.waiting])
        lots = (*kept, *[lot.figures for lot in self.due])
        object.__setattr__(self, "kept", kept)
        object.__setattr__(self, "lots", lots)
        object.__setattr__(self, "covers", sum([each.covers for each in lots]))

    @property
    def held(self) -> int:
        """Contracts that protect beyond this session."""
        return sum(each.lot.quantity for each in self.lots)

    @property
    def notes(self) -> tuple[LotNote, ...]:
        """Return since when the due lots are due."""
        due = (*self.due, *self.waiting)
        return tuple(LotNote(lot_id=each.figures.lot.lot_id, due_since=each.since) for each in due)


def layer_state(context: Context, layer: Layer, conditions: Conditions) -> LayerState:
    """Sort the lots of `layer`, the nearest expiry first."""
    lots = sorted(
        (lot for lot in context.book.lots if lot.layer is layer),
        key=lambda lot: (lot.contract.expiry, lot.lot_id),
    )
    ending = [lot for lot in lots if lot.contract.last_trade <= context.session]
    figures = [_figures(context, lot) for lot in lots if lot not in ending]
    sorted_out = [(each, _due(context, each, conditions)) for each in figures]
    fresh = [each for each, due in sorted_out if due is None]
    waiting = [due for _, due in sorted_out if due is not None and due.waits]
    kept = (*fresh, *[lot.figures for lot in waiting])
    return LayerState(
        layer=layer,
        fresh=tuple(fresh),
        due=tuple(due for _, due in sorted_out if due is not None and not due.waits),
        waiting=tuple(waiting),
        ending=tuple(_figures(context, lot) for lot in ending),
        profit=_profit(context, layer, kept),
        rest=tuple(lot for lot in kept if lot.sold and conditions.wave_over),
    )


def _figures(context: Context, lot: HedgeLot) -> LotFigures:
    return lot_figures(
        lot,
        quote=context.quote(lot.contract),
        chain=context.chain(VIX_CLASS, lot.contract.expiry),
        sales=context.book.hedge_sales,
    )


def _due(context: Context, figures: LotFigures, conditions: Conditions) -> DueLot | None:
    """Return why and since when a lot is due; ``None`` when it is not."""
    lot, rules = figures.lot, context.rules.hedge
    by_days = due_by_days(lot, context.session, layer_rules(lot.layer, rules))
    by_extrinsic = due_by_extrinsic(figures, rules.rolls) and not conditions.forbidden
    if not (by_days or by_extrinsic):
        return None
    reason = RollReason.DAYS if by_days else RollReason.EXTRINSIC
    since = due_since(
        lot,
        _note(context, lot),
        session=context.session,
        first_day=_first_day(context, lot) if by_days else None,
    )
    sessions = waited(since, context.session, context.calendar)
    return DueLot(
        figures=figures,
        reason=reason,
        since=since,
        waited=sessions,
        waits=_waits(context, lot, reason, sessions=sessions, conditions=conditions),
    )


def _first_day(context: Context, lot: HedgeLot) -> Session:
    """Return the first session in which the days of `lot` were used up."""
    days = dt.timedelta(days=layer_rules(lot.layer, context.rules.hedge).roll_dte)
    date = max(lot.contract.expiry - days, context.calendar.first)
    return context.calendar.on_or_after(date)


def _note(context: Context, lot: HedgeLot) -> LotNote | None:
    notes = context.book.notes.lots if context.book.notes is not None else ()
    return next((note for note in notes if note.lot_id == lot.lot_id), None)


def _waits(
    context: Context, lot: HedgeLot, reason: RollReason, *, sessions: int, conditions: Conditions
) -> bool:
    """Whether a due roll waits: in stress, in a calm rise, or for the cash press to end."""
    rules = context.rules.hedge
    if is_hard(lot, context.session, rules):
        return False
    if conditions.forbidden:
        return True
    pressed = conditions.press and reason is RollReason.EXTRINSIC
    return (conditions.calm_rise and sessions < rules.rolls.wait_sessions) or (
        pressed and sessions < rules.press.wait_sessions
    )


def _profit(context: Context, layer: Layer, kept: Iterable[LotFigures]) -> tuple[LotFigures, ...]:
    """Name the lots of which half is sold at a profit now."""
    rules, vix = context.rules.hedge, context.signals.vix
    of_layer = layer_rules(layer, rules)
    return tuple(lot for lot in kept if takes_profit(lot, vix, layer=of_layer, rules=rules.profit))
