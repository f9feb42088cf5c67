"""``decide``: the pure function from a market snapshot, a book and rules to a decision.

It computes the signals, asks each strategy of the line-up in turn, keeps what the trading
state permits, and puts the intents in the order in which they shall be executed: REDUCE, then
PROTECT, then ADD. A strategy sees what the strategies before it are permitted to send: the
condors come first in computation, so that the hedge is sized for them, and last in execution,
so that the hedge is there first.

What may be sent (faults, invariant 6):

==================  ======  ====================  =================  ===
trading state       REDUCE  PROTECT like for like  PROTECT otherwise  ADD
==================  ======  ====================  =================  ===
active              yes     yes                    yes                yes
no_entries          yes     yes                    yes                no
reduce_only, LOCKED yes     yes                    no                 no
flatten             yes     yes                    no                 no
halt                no      no                     no                 no
==================  ======  ====================  =================  ===

*Like for like* is a roll: it replaces contracts of a layer by no more contracts of the same
layer. Buying a missing layer is not. Under ``flatten`` all condors are closed. The hedge is kept,
which includes rolling it, unless the person says otherwise: then it is sold, in this state only,
and nothing is rolled. An intent of the past whose end is not proven (*in flight*)
forbids every ADD, and so does an objection of the session itself: clocks or hours that disagree.
A sale that takes a profit out of the hedge lowers protection: it is PROTECT otherwise, and what
forbids every ADD forbids it too.
The quick ratio of the book (``bot.core.health``) forbids in the same way: below its first bound as
``no_entries`` does, below its second as ``reduce_only`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from bot.core.book import HedgeNotes, TradingState
from bot.core.context import Context
from bot.core.decision import Action, Decision, LayerFigures, OrderIntent, Purpose, Verdict
from bot.core.health import health_permits, health_signals, health_verdicts, quick_ratio
from bot.core.parity import ParityFlag
from bot.core.plan import FLATTEN, LIKE_FOR_LIKE, MONETISE, MONETISE_REST
from bot.core.regime import as_signals
from bot.core.second_engine import engine_signals
from bot.core.stress import stress_grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.core.book import Book
    from bot.core.model import MarketSnapshot
    from bot.core.rules import Rules

DECISION_VERSION: Final = 3
"""Raised with every change of rules in code: decisions of one version can be decided again."""

_ORDER: Final = {purpose: rank for rank, purpose in enumerate(Purpose)}
_PERMITTED_STATES: Final = {
    Purpose.REDUCE: frozenset(TradingState) - {TradingState.HALT},
    Purpose.PROTECT: frozenset({TradingState.ACTIVE, TradingState.NO_ENTRIES}),
    Purpose.ADD: frozenset({TradingState.ACTIVE}),
}
_PERMITTED_NAMES: Final = {
    purpose: ",".join(state.value for state in TradingState if state in states)
    for purpose, states in _PERMITTED_STATES.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one strategy wants to do, and the verdict of every gate that it asked.

    The hedge adds its `notes` for the next session, and the state of its `layers`; the parity
    monitor adds its flags.
    """

    intents: tuple[OrderIntent, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    notes: HedgeNotes | None = None
    layers: tuple[LayerFigures, ...] = ()
    parity: tuple[ParityFlag, ...] = ()


class Strategy(Protocol):
    """Anything that makes a proposal from a context; a module with ``propose`` is one."""

    def propose(self, context: Context, /) -> Proposal:
        """Return the intents wanted now and the verdicts of all gates. Pure."""
        ...


def decide(
    snapshot: MarketSnapshot, book: Book, rules: Rules, *, strategies: Sequence[Strategy]
) -> Decision:
    """Decide one session.

    Parameters
    ----------
    snapshot, book, rules
        All that the decision depends on; the same inputs give an equal decision.
    strategies
        The line-up, in the order of computation.

    Raises
    ------
    CalendarError
        If ``snapshot.calendar`` does not cover the session and the expiries quoted.
    """
    context = Context.of(snapshot, book, rules)
    ratio = quick_ratio(book, context.quotes)
    verdicts = [*state_verdicts(book), *health_verdicts(ratio, rules.health)]
    hedge = Proposal()
    flags: list[ParityFlag] = []
    for strategy in strategies:
        proposal = strategy.propose(context)
        hedge = hedge if proposal.notes is None else proposal
        verdicts += proposal.verdicts
        flags += proposal.parity
        wanted = tuple(
            intent
            for intent in proposal.intents
            if permitted(intent, book) and health_permits(_effect(intent), ratio, rules.health)
        )
        context = context.with_proposed(wanted)
    return Decision(
        session=snapshot.session,
        decision_version=DECISION_VERSION,
        regime=context.signals.regime.value,
        signals=(*as_signals(context.signals), *health_signals(ratio), *engine_signals(context)),
        verdicts=tuple(verdicts),
        intents=in_order(context.proposed),
        notes=hedge.notes,
        layers=hedge.layers,
        parity=tuple(flags),
        stress=stress_grid(context),
    )


def in_order(intents: Iterable[OrderIntent]) -> tuple[OrderIntent, ...]:
    """Return `intents` by purpose; within one purpose the order stays."""
    return tuple(sorted(intents, key=lambda intent: _ORDER[intent.purpose]))


def permitted(intent: OrderIntent, book: Book) -> bool:
    """Whether `intent` may be sent in the state that `book` is in; asked again before sending."""
    lowers_protection = intent.reason in {MONETISE, MONETISE_REST}
    needs_peace = intent.purpose is Purpose.ADD or lowers_protection
    if needs_peace and (book.in_flight or book.objections):
        return False
    sells_out = book.trading_state is TradingState.FLATTEN and not book.keep_hedge
    if intent.action is Action.SELL_HEDGE and intent.reason == FLATTEN:
        return sells_out
    purpose = _effect(intent)
    if intent.reason in LIKE_FOR_LIKE and sells_out:
        return False
    if book.locked and purpose is not Purpose.REDUCE:
        return False
    return book.trading_state in _PERMITTED_STATES[purpose]


def _effect(intent: OrderIntent) -> Purpose:
    """Return what `intent` does to risk: a roll replaces like by like, and adds none."""
    return Purpose.REDUCE if intent.reason in LIKE_FOR_LIKE else intent.purpose


def state_verdicts(book: Book) -> tuple[Verdict, ...]:
    """Return the verdicts of the gates that look at the book's state only."""
    return (
        *(_trading_state(book, purpose) for purpose in Purpose),
        Verdict(
            code="LOCKED", subject="book", observed=book.locked, limit=False, passed=not book.locked
        ),
        Verdict(
            code="IN_FLIGHT",
            subject="book",
            observed=len(book.in_flight),
            limit=0,
            passed=not book.in_flight,
        ),
        *(_objection(text) for text in book.objections),
    )


def _objection(text: str) -> Verdict:
    code, _, found = text.partition(": ")
    return Verdict(code=code, subject="book", observed=found, limit=None, passed=False)


def _trading_state(book: Book, purpose: Purpose) -> Verdict:
    states = _PERMITTED_STATES[purpose]
    return Verdict(
        code="TRADING_STATE",
        subject=purpose.value,
        observed=book.trading_state.value,
        limit=_PERMITTED_NAMES[purpose],
        passed=book.trading_state in states,
    )
