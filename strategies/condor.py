"""SPX iron condors: exits first, time-shifts, then at most one entry for each tier and session.

An entry is sold in the quoted expiry whose DTE is nearest to the target inside the window, or, in
the profile ``daily``, in that of the next session. All its gates are in
``strategies.condor_gates``, its legs are chosen in ``strategies.condor_strikes`` or
``strategies.condor_daily``, how many are sold in ``strategies.condor_risk``. What ends it is in
``strategies.condor_exits``, what replaces a threatened one in ``strategies.condor_shift``.

The credit is at least its share of the width at every step of the ladder, not just at the mid,
and the max loss that is held against the caps is that of the worst price accepted. Quantities
are floored to what all caps leave; zero is no trade. Several tiers are served in the order in
which they are configured, each with what the ones before it leave. Quantities are cut again in
execution, to what the hedge covers once its orders are done
(``bot.core.plan.executable_quantity``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.core.book import Tier
from bot.core.decision import Action, OrderIntent, Purpose, Verdict
from bot.core.plan import CONDOR, Identity, condor_id, make_ladder, price_order
from bot.core.risk import max_loss_usd, width_points
from bot.core.second_engine import engine_verdicts
from bot.core.stress import prepare_gains
from bot.core.universe import DAILY_CLASS, wing_points
from strategies.base import Context, Proposal, expiries_by_preference, in_window
from strategies.condor_daily import daily_legs
from strategies.condor_exits import propose_exits
from strategies.condor_gates import (
    Candidate,
    candidate_verdicts,
    least_credit,
    market_verdicts,
    subject,
    tier_verdicts,
)
from strategies.condor_risk import Sizing, size
from strategies.condor_shift import propose_shifts
from strategies.condor_strikes import condor_legs, shaped_deltas

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.book import Leg
    from bot.core.chain import PricedChain


def propose(context: Context) -> Proposal:
    """Return the exits that are due, their time-shifts, and the entries that pass every gate."""
    exits = propose_exits(context)
    context = context.with_proposed(exits.intents)
    shifts = propose_shifts(context)
    entries = propose_entries(context.with_proposed(shifts.intents))
    return Proposal(
        intents=exits.intents + shifts.intents + entries.intents,
        verdicts=exits.verdicts + shifts.verdicts + entries.verdicts,
    )


def propose_entries(context: Context) -> Proposal:
    """Return one entry for each configured tier that passes every gate."""
    market = market_verdicts(context)
    market_open = all(verdict.passed for verdict in market)
    verdicts = [*market, *engine_verdicts(context)]
    intents: list[OrderIntent] = []
    sold = _sold(context)
    tiers = [Tier(name) for name in context.rules.condor.tiers]
    candidates = [_candidate(context, sold.chain, tier) for tier in tiers]
    prepare_gains(context, *(found.legs for found in candidates if found is not None))
    for tier, candidate in zip(tiers, candidates, strict=True):
        entry = _entry(context, tier, candidate, sold=sold)
        verdicts += entry.verdicts
        if market_open:
            intents += entry.intents
            context = context.with_proposed(entry.intents)
    return Proposal(intents=tuple(intents), verdicts=tuple(verdicts))


def _entry(context: Context, tier: Tier, candidate: Candidate | None, *, sold: _Sold) -> Proposal:
    """Return the entry of one tier, if its own gates pass, whatever the market's say."""
    verdicts = tier_verdicts(context, tier) + _series_verdicts(context, tier, sold)
    verdicts += (_candidate_found(context, candidate, tier, chain=sold.chain),)
    if candidate is None:
        return Proposal(verdicts=verdicts)
    sizing = size(context, candidate)
    verdicts += candidate_verdicts(context, candidate) + sizing.verdicts
    if not sizing.quantity or not all(verdict.passed for verdict in verdicts):
        return Proposal(verdicts=verdicts)
    return Proposal(intents=(_intent(context, candidate, sizing),), verdicts=verdicts)


class _Sold(NamedTuple):
    """What is sold in this session: the expiry, if one is quoted, and its chain, if it is known."""

    expiry: dt.date | None
    chain: PricedChain | None


def _sold(context: Context) -> _Sold:
    """Return the series to sell in."""
    best = _sold_series(context)
    return _Sold(None, None) if best is None else _Sold(best[1], context.chain(*best))


def _series_verdicts(context: Context, tier: Tier, sold: _Sold) -> tuple[Verdict, ...]:
    """Return what stands against selling in the series."""
    rules, chain = context.rules.condor, sold.chain
    dte = None if sold.expiry is None else (sold.expiry - context.session).days
    window = f"{rules.dte_minimum}-{rules.dte_maximum}"
    return (
        Verdict(
            code="EXPIRY_WINDOW",
            subject=subject(tier),
            observed=dte,
            limit="next session" if rules.is_daily else window,
            passed=sold.expiry is not None,
        ),
        Verdict(
            code="CHAIN_UNKNOWN",
            subject=subject(tier),
            observed=None if chain is None else chain.forward,
            limit="known",
            passed=chain is not None,
        ),
    )


def _sold_series(context: Context) -> tuple[str, dt.date] | None:
    """Return the quoted series of the profile: nearest to its target, or of the next session."""
    rules = context.rules.condor
    if rules.is_daily:
        tomorrow = (DAILY_CLASS, context.calendar.next(context.session))
        quoted = expiries_by_preference(context, (DAILY_CLASS,), rules)
        return tomorrow if tomorrow in quoted else None
    preferred = expiries_by_preference(context, rules.trading_classes, rules)
    return next((item for item in preferred if in_window(item[1], context.session, rules)), None)


def _candidate(context: Context, chain: PricedChain | None, tier: Tier) -> Candidate | None:
    rules = context.rules
    legs = None if chain is None else _legs(context, chain, tier)
    price = None if legs is None else price_order(legs, context.quote)
    if legs is None or price is None:
        return None
    least = least_credit(legs, rules.condor)
    share = rules.ladder.floor_share
    ladder = make_ladder(price, legs, rules.ladder, share=share, worst=-least)
    loss = max_loss_usd(width_points(legs), -ladder.floor)
    return Candidate(tier=tier, legs=legs, price=price, ladder=ladder, max_loss_usd=loss)


def _legs(context: Context, chain: PricedChain, tier: Tier) -> tuple[Leg, Leg, Leg, Leg] | None:
    """Return the legs that the profile sells of `chain`, or ``None``."""
    rules, edr = context.rules.condor, context.signals.edr_pct
    if not rules.is_daily:
        return condor_legs(chain, shaped_deltas(tier, context.signals, rules), rules)
    if context.spx is None or edr is None:
        return None
    return daily_legs(chain, tier, spot=context.spx, edr_pct=edr, rules=rules)


def _candidate_found(
    context: Context, candidate: Candidate | None, tier: Tier, *, chain: PricedChain | None
) -> Verdict:
    rules = context.rules.condor
    wings = "" if chain is None else f", wings of {wing_points(chain.forward, rules):g}"
    strikes = [] if candidate is None else [leg.contract.strike for leg in candidate.legs]
    return Verdict(
        code="STRIKES_QUOTED",
        subject=subject(tier),
        observed="/".join(f"{strike:g}" for strike in strikes) or None,
        limit=f"4 legs{wings}",
        passed=candidate is not None,
    )


def _intent(context: Context, candidate: Candidate, sizing: Sizing) -> OrderIntent:
    identity = Identity(
        session=context.session,
        strategy=CONDOR,
        action=Action.OPEN_CONDOR,
        slot=candidate.tier.value,
    )
    return OrderIntent(
        intent_id=str(identity),
        session=context.session,
        purpose=Purpose.ADD,
        action=Action.OPEN_CONDOR,
        structure_id=condor_id(candidate.tier, context.session),
        legs=candidate.legs,
        quantity=sizing.quantity,
        ladder=candidate.ladder,
        mid=candidate.price.mid,
        natural=candidate.price.natural,
        reason=sizing.reason,
        tier=candidate.tier,
        needs_cover=True,
        max_loss_usd=candidate.max_loss_usd,
    )
