"""How fast a layer or a unit is bought for the first time (methodology, section 5).

Rules, with the exceptions:

- One session when the stress score is 2 or more or the VX slope has fallen by 5 points of percent
  within 5 sessions; three when the regime is calm and both macro z-scores are benign; else two. It
  is asked anew each session, so that stress hastens an entry that has begun.
- The entry goes in equal parts, rounded up to pairs of contracts, so that half of what was bought
  in one go can be sold later: a layer of 4 is bought 2 and 2, a layer of 2 at once.
- What a layer has once been brought to is *established*: what it lacks of that is re-opened at
  once, and rolls are never paced. A target that shrinks takes the established part down with it.
- A hedge without notes is one whose past is not known: what it holds is established.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.core.book import LayerNote
from bot.core.regime import Regime

if TYPE_CHECKING:
    from bot.core.book import HedgeNotes, Layer
    from bot.core.hedge_rules import PaceRules
    from bot.core.model import Session
    from bot.core.regime import Signals
    from bot.core.sessions import TradingCalendar

PAIR: Final = 2
"""Contracts of the smallest part."""


def pace_sessions(signals: Signals, rules: PaceRules) -> int:
    """Return over how many sessions a first purchase is spread."""
    score, change = signals.stress_score, signals.vx_slope_change
    stressed = score is not None and score >= rules.stress_score
    if stressed or (change is not None and change <= -rules.slope_fall):
        return rules.fast_sessions
    benign = _benign(signals.reer_z, rules) and _benign(signals.rate_differential_z, rules)
    return rules.slow_sessions if signals.regime is Regime.CALM and benign else rules.sessions


def layer_note(notes: HedgeNotes | None, layer: Layer, *, held: int) -> LayerNote:
    """Return what the layer remembers; of an unknown past, that what it holds is established."""
    remembered = notes.layers if notes is not None else ()
    for note in remembered:
        if note.layer is layer:
            return note
    return LayerNote(layer=layer, established=held, goal=held)


def entry_note(note: LayerNote, target: int, *, held: int, session: Session) -> LayerNote:
    """Return the note with the entry that `target` contracts ask for, begun or gone on with.

    Parameters
    ----------
    note
        Of the session before.
    target
        Contracts wanted in the end.
    held
        Contracts that the layer has now.
    session
        The session being decided.
    """
    if target <= max(note.established, held):
        return _settled(note, target)
    if note.initiated is not None and target <= note.goal:
        return replace(note, established=min(note.established, target), goal=target)
    established = max(note.established, min(held, target))
    return replace(note, established=established, goal=target, initiated=session)


def paced_goal(
    note: LayerNote, sessions: int, *, session: Session, calendar: TradingCalendar
) -> int:
    """Return the contracts that an entry has reached in this session.

    ``established + 2 ceil(day / sessions x (goal - established) / 2)``, at most the goal; the first
    session is day 1.
    """
    if note.initiated is None:
        return note.goal
    share = min(1.0, entry_day(note.initiated, session, calendar) / sessions)
    added = PAIR * math.ceil(share * (note.goal - note.established) / PAIR)
    return min(note.established + added, note.goal)


def ended(note: LayerNote, goal: int) -> LayerNote:
    """Return the note to hand on: an entry that asks for its whole goal now is at its end."""
    return note if goal < note.goal else _settled(note, note.goal)


def _settled(note: LayerNote, contracts: int) -> LayerNote:
    """Return the note of a layer that has been brought to so many contracts: no entry goes on."""
    if note.established == note.goal == contracts and note.initiated is None:
        return note
    return replace(note, established=contracts, goal=contracts, initiated=None)


def entry_day(initiated: Session, session: Session, calendar: TradingCalendar) -> int:
    """Return the how manieth session of an entry this is, from 1."""
    if not calendar.covers(initiated):
        return calendar.count(calendar.first, session) + 1
    return calendar.count(initiated, session) + 1


def _benign(z: float | None, rules: PaceRules) -> bool:
    return z is not None and abs(z) <= rules.benign_z
