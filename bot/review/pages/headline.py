"""The first line of a page: whether all is well, what is open, and what a person has to do.

Three tones. *act*: a person is needed, now. *look*: the bot goes on, but somebody should know.
*well*: nothing to do. What is unknown is never well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.core.book import TradingState
from bot.core.fold import IntentState, StructureKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.review.session import SessionReview


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a page does not simply say that all is well; `urgent` of what needs a person."""

    text: str
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The verdict of a page: its tone, its sentence, and the reasons."""

    tone: str
    text: str
    reasons: tuple[Reason, ...] = ()


NOTHING: Final = ", nothing to do"
OPENINGS: Final = {"act": "A person is needed.", "look": "Have a look.", "well": "Well."}


def headline_of(review: SessionReview) -> Headline:
    """Return the verdict of a session."""
    reasons = (*_urgent(review), *_notable(review))
    return _headline(_held(review), reasons)


def worse(found: Headline, more: Sequence[Reason]) -> Headline:
    """Return a verdict with further reasons, which come first."""
    if not more:
        return found
    held = found.text.removeprefix(OPENINGS[found.tone]).strip().removesuffix(".")
    return _headline(held.removesuffix(NOTHING), (*more, *found.reasons))


def _headline(held: str, reasons: tuple[Reason, ...]) -> Headline:
    urgent = any(reason.urgent for reason in reasons)
    tone = "act" if urgent else "look" if reasons else "well"
    ending = "" if reasons else NOTHING
    return Headline(tone=tone, text=f"{OPENINGS[tone]} {held}{ending}.", reasons=reasons)


def _held(review: SessionReview) -> str:
    """Say what is open and whether the hedge is whole: ``2 condors open, hedge complete``."""
    if review.held_at is None:
        return "Nothing was held and marked yet"
    condors = sum(row.kind == StructureKind.CONDOR for row in review.positions)
    counted = "No condor" if not condors else "1 condor" if condors == 1 else f"{condors} condors"
    return f"{counted} open, hedge {_hedge(review)}"


def _hedge(review: SessionReview) -> str:
    mark = review.mark
    if mark is None:
        return "unknown today"
    if not mark.units_required:
        return "not asked for"
    if mark.units_held >= mark.units_required:
        return "complete"
    return f"covers {mark.units_held} of {mark.units_required} units"


def _urgent(review: SessionReview) -> Iterator[Reason]:
    run = review.run
    if run.phases.get("report", run.phases.get("reconcile", {})).get("locked"):
        text = "Ledger and broker disagree: only risk is reduced until a person has looked"
        yield Reason(text=f"{text}; `steward reconcile` shows both sides.", urgent=True)
    if run.outcome not in {None, "done"}:
        yield Reason(text=f"The session ended as {run.outcome}.", urgent=True)
    for row in review.positions:
        if row.kind == "residual":
            text = f"A leg without a structure is held: {row.quantity:+d} {row.label}."
            yield Reason(text=text, urgent=True)
    for order in review.orders:
        if order.state is IntentState.UNKNOWN:
            text = f"What became of {order.intent_id} is not known."
            yield Reason(text=text, urgent=True)
    for note in review.incidents:
        yield Reason(text=f"{note.code}: {note.text}", urgent=True)


def _notable(review: SessionReview) -> Iterator[Reason]:
    run, mark = review.run, review.mark
    if run.finished_at is None:
        done = ", ".join(run.phases) or "none"
        yield Reason(text=f"The session is not finished; phases done: {done}.")
    switch = run.phases.get("preflight", {}).get("kill_switch")
    if switch not in {None, TradingState.ACTIVE.value}:
        yield Reason(text=f"The kill switch was {switch}.")
    if mark is not None and mark.units_held < mark.units_required:
        text = f"The hedge covers {mark.units_held} of the {mark.units_required} units"
        yield Reason(text=f"{text} that the condors ask for.")
    if mark is not None and mark.unknown_marks:
        yield Reason(text=f"{mark.unknown_marks} of what is held could not be marked.")
    for note in review.alerts:
        yield Reason(text=f"{note.code}: {note.text}")
