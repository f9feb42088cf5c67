"""The time-shift: a threatened condor is rolled out, at most once, or closed for good.

Rules (methodology, section 3), with the exceptions:

- The close is an exit like any other and goes first (``strategies.condor_exits``). The new condor
  waits for it, never has more units than were closed, and its credit must bring what the close
  really cost and the fees of both (``bot.core.plan.recut``). If it does not fill, the condor
  stays closed; the reverse cannot happen.
- The new expiry lies 7 to 21 days after the old one; of those quoted, the one whose DTE is nearest
  to the target. It replaces the window of entries.
- The short of the threatened side is placed as far out as still pays for the close at its
  natural price, never nearer than where it was. The other short is that of a new condor. A condor
  that would be threatened from its first day is none: it would be closed in the next session, since
  it is rolled no more.
- Every other gate of an entry must pass, with the closed condor taken out of the book: it is
  closed before the new one can be sent. The whole quantity must fit. The second engine pays for
  no time-shift.
- Condors of the profile ``daily`` are not shifted.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.decision import Action, OrderIntent, Purpose, Verdict
from bot.core.model import MULTIPLIER
from bot.core.plan import (
    CONDOR,
    TIME_SHIFT,
    Identity,
    make_ladder,
    points,
    price_order,
    shifted_id,
)
from bot.core.risk import CONDOR_LEGS, max_loss_usd, width_points
from bot.core.stress import prepare_gains
from bot.core.threat import threatened_side
from strategies.base import Context, Proposal, expiries_by_preference
from strategies.condor_exits import THREATS
from strategies.condor_gates import (
    Candidate,
    candidate_verdicts,
    least_credit,
    market_verdicts,
    tier_verdicts,
)
from strategies.condor_risk import size
from strategies.condor_strikes import shaped_deltas, shifted_legs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from bot.core.book import Condor, Leg
    from bot.core.chain import PricedChain
    from bot.core.decision import Observed
    from bot.core.model import Right
    from bot.core.plan import OrderPrice

NONE: Final = "none"


def propose_shifts(context: Context) -> Proposal:
    """Return the openings that follow the closes of threatened condors, with all verdicts."""
    condors = {condor.structure_id: condor for condor in context.book.condors}
    intents: list[OrderIntent] = []
    verdicts: list[Verdict] = []
    for close in context.proposed:
        if close.action is not Action.CLOSE_CONDOR or close.reason not in THREATS:
            continue
        shift = _shift(context, condors[close.structure_id], close)
        verdicts += shift.verdicts
        intents += shift.intents
        context = context.with_proposed(shift.intents)
    return Proposal(intents=tuple(intents), verdicts=tuple(verdicts))


def _shift(context: Context, condor: Condor, close: OrderIntent) -> Proposal:
    """Return the opening that replaces `condor` if every gate passes."""
    without = _without(context, condor)
    chain = _later_chain(without, condor)
    candidate = None if chain is None else _candidate(without, chain, condor, close)
    verdicts: tuple[Verdict, ...] = (
        _once(condor),
        _gates(without, condor),
        _expiry(without, chain, condor),
        _credit(without, candidate, condor, close),
    )
    if candidate is None:
        return Proposal(verdicts=verdicts)
    prepare_gains(without, candidate.legs)
    sizing = size(without, candidate)
    verdicts += candidate_verdicts(without, candidate) + sizing.verdicts
    verdicts += (_whole(sizing.quantity, condor),)
    if not all(verdict.passed for verdict in verdicts):
        return Proposal(verdicts=verdicts)
    return Proposal(intents=(_intent(without, candidate, condor, close),), verdicts=verdicts)


def _without(context: Context, condor: Condor) -> Context:
    """Return the context as it is once `condor` is closed."""
    others = tuple(held for held in context.book.condors if held is not condor)
    return replace(context, book=replace(context.book, condors=others))


def _later_chain(context: Context, condor: Condor) -> PricedChain | None:
    """Return the priced chain to shift into: in the window, nearest to the target DTE."""
    rules = context.rules.condor
    if rules.is_daily:
        return None
    quoted = expiries_by_preference(context, rules.trading_classes, rules)
    chains = (context.chain(*each) for each in quoted if _in_window(context, each[1], condor))
    return next((chain for chain in chains if chain is not None), None)


def _in_window(context: Context, expiry: dt.date, condor: Condor) -> bool:
    rules = context.rules.condor
    days = (expiry - condor.expiry).days
    return rules.shift_days_minimum <= days <= rules.shift_days_maximum


def fees_points(context: Context) -> Decimal:
    """Return the fees of closing one condor and opening another, in points: of eight legs."""
    fee = Decimal(str(context.rules.condor.fees_per_contract_usd))
    return 2 * CONDOR_LEGS * fee / MULTIPLIER


def _candidate(
    context: Context, chain: PricedChain, condor: Condor, close: OrderIntent
) -> Candidate | None:
    """Return the unthreatened condor furthest out whose worst price still pays for the close."""
    needed = close.natural + fees_points(context)
    for legs in _shapes(context, chain, condor):
        price = price_order(legs, context.quote)
        candidate = None if price is None else _priced(context, legs, price, condor)
        if candidate is None or -candidate.ladder.floor < needed:
            continue
        if _threatened(context, replace(condor, legs=legs), chain) is None:
            return candidate
    return None


def _shapes(
    context: Context, chain: PricedChain, condor: Condor
) -> Iterator[tuple[Leg, Leg, Leg, Leg]]:
    """Yield the condors that could be sold instead, threatened or not, the furthest out first."""
    rules = context.rules.condor
    held = context.held_chain(condor.legs[0].contract.trading_class, condor.expiry)
    side = _threatened(context, condor, held)
    if side is None:
        return
    deltas = shaped_deltas(condor.tier, context.signals, rules)
    yield from shifted_legs(chain, condor, side, deltas=deltas, rules=rules)


def _threatened(context: Context, condor: Condor, chain: PricedChain | None) -> Right | None:
    """Return the side of `condor` that is threatened now, by the chain of its expiry."""
    return threatened_side(
        condor,
        chain,
        spot=context.spx,
        edr_pct=context.signals.edr_pct,
        rules=context.rules.condor,
    )


def _priced(
    context: Context, legs: tuple[Leg, Leg, Leg, Leg], price: OrderPrice, condor: Condor
) -> Candidate:
    rules = context.rules
    ladder = make_ladder(
        price,
        legs,
        rules.ladder,
        share=rules.ladder.floor_share,
        worst=-least_credit(legs, rules.condor),
    )
    return Candidate(
        tier=condor.tier,
        legs=legs,
        price=price,
        ladder=ladder,
        max_loss_usd=max_loss_usd(width_points(legs), -ladder.floor),
        shifts=condor.structure_id,
    )


def _verdict(
    code: str, condor: Condor, *, observed: Observed, limit: Observed, passed: bool
) -> Verdict:
    return Verdict(
        code=code,
        subject=f"shift:{condor.structure_id}",
        observed=observed,
        limit=limit,
        passed=passed,
    )


def _once(condor: Condor) -> Verdict:
    """Deny a second time-shift."""
    return _verdict(
        "SHIFT_ONCE", condor, observed=condor.rolled, limit=False, passed=not condor.rolled
    )


def _gates(context: Context, condor: Condor) -> Verdict:
    """Deny where any gate of the market or of the tier does."""
    asked = market_verdicts(context) + tier_verdicts(context, condor.tier)
    denied = ",".join(verdict.code for verdict in asked if not verdict.passed)
    return _verdict("SHIFT_GATES", condor, observed=denied or NONE, limit=NONE, passed=not denied)


def _expiry(context: Context, chain: PricedChain | None, condor: Condor) -> Verdict:
    """Deny where no later expiry of the window is quoted and priced."""
    rules = context.rules.condor
    return _verdict(
        "SHIFT_EXPIRY",
        condor,
        observed=None if chain is None else (chain.expiry - condor.expiry).days,
        limit=f"{rules.shift_days_minimum}-{rules.shift_days_maximum}",
        passed=chain is not None,
    )


def _credit(
    context: Context, candidate: Candidate | None, condor: Condor, close: OrderIntent
) -> Verdict:
    """Deny where no unthreatened condor pays for the close at its natural price and the fees."""
    return _verdict(
        "SHIFT_CREDIT",
        condor,
        observed=None if candidate is None else -float(candidate.ladder.floor),
        limit=float(close.natural + fees_points(context)),
        passed=candidate is not None,
    )


def _whole(quantity: int, condor: Condor) -> Verdict:
    """Deny where less than the whole condor may be sold anew."""
    return _verdict(
        "SHIFT_QUANTITY",
        condor,
        observed=quantity,
        limit=condor.quantity,
        passed=quantity >= condor.quantity,
    )


def _intent(
    context: Context, candidate: Candidate, condor: Condor, close: OrderIntent
) -> OrderIntent:
    identity = Identity(
        session=context.session,
        strategy=CONDOR,
        action=Action.OPEN_CONDOR,
        slot=condor.structure_id,
    )
    return OrderIntent(
        intent_id=str(identity),
        session=context.session,
        purpose=Purpose.ADD,
        action=Action.OPEN_CONDOR,
        structure_id=shifted_id(condor, context.session),
        legs=candidate.legs,
        quantity=condor.quantity,
        ladder=candidate.ladder,
        mid=candidate.price.mid,
        natural=candidate.price.natural,
        reason=TIME_SHIFT,
        tier=condor.tier,
        after=close.intent_id,
        needs_cover=True,
        max_loss_usd=candidate.max_loss_usd,
        repays_points=points(float(fees_points(context))),
    )
