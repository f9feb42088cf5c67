"""The gates that a new condor must pass (methodology, section 3), each with its name.

Three kinds: gates of the market judge the session, gates of a tier judge whether it may be sold
now, gates of a candidate judge the very order. All are asked and all answer, whether they pass
or not. What is unknown does not pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.core import second_engine
from bot.core.book import Leg, Tier
from bot.core.decision import PriceLadder, Verdict
from bot.core.plan import OrderPrice, points
from bot.core.regime import Breadth, Regime
from bot.core.risk import width_points

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from bot.core.context import Context
    from bot.core.decision import Observed
    from bot.core.rules import CondorRules

    MarketGate: TypeAlias = Callable[[Context], Verdict]
    TierGate: TypeAlias = Callable[[Context, Tier], Verdict]
    CandidateGate: TypeAlias = Callable[[Context, "Candidate"], Verdict]

BOOK: Final = "condor"
"""Subject of the gates that hold for all tiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A condor that could be sold.

    Parameters
    ----------
    tier
        Its tier.
    legs
        Signed legs in the direction of the sale.
    price
        Net debit; negative, a credit.
    ladder
        Prices to try, none of them below the least credit.
    max_loss_usd
        Most that one can lose when it is sold at the worst price accepted.
    shifts
        ``structure_id`` of the condor that it replaces in a time-shift.
    """

    tier: Tier
    legs: tuple[Leg, Leg, Leg, Leg]
    price: OrderPrice
    ladder: PriceLadder
    max_loss_usd: float
    shifts: str | None = None

    @property
    def expiry(self) -> dt.date:
        """Settlement date of its legs."""
        return self.legs[0].contract.expiry

    @property
    def subject(self) -> str:
        """Its name in verdicts."""
        return subject(self.tier) if self.shifts is None else f"shift:{self.shifts}"


def subject(tier: Tier) -> str:
    """Return the name of `tier` in verdicts."""
    return f"condor:{tier.value}"


def _market(code: str, *, observed: Observed, limit: Observed, passed: bool) -> Verdict:
    return Verdict(code=code, subject=BOOK, observed=observed, limit=limit, passed=passed)


def history_unknown(context: Context) -> Verdict:
    """Deny when any signal made from daily bars is unknown."""
    signals = context.signals
    needed = {
        "macd": signals.macd_histogram,
        "macd_cross": signals.macd_crossed_below,
        "rsi": signals.spx_rsi,
        "vix_median": signals.vix_over_median,
    }
    missing = ",".join(name for name, value in needed.items() if value is None)
    return _market(
        "HISTORY_UNKNOWN", observed=missing or "known", limit="known", passed=not missing
    )


def breadth_unknown(context: Context) -> Verdict:
    """Deny when breadth is unknown."""
    breadth = context.signals.breadth
    return _market(
        "BREADTH_UNKNOWN",
        observed=None if breadth is None else breadth.value,
        limit="known",
        passed=breadth is not None,
    )


def spx_unknown(context: Context) -> Verdict:
    """Deny when the SPX level is unknown: the hedge could not be sized."""
    return _market(
        "SPX_UNKNOWN", observed=context.spx, limit="known", passed=context.spx is not None
    )


def vix_unknown(context: Context) -> Verdict:
    """Deny when the VIX level is unknown."""
    vix = context.signals.vix
    return _market("VIX_UNKNOWN", observed=vix, limit="known", passed=vix is not None)


def vx_curve_unknown(context: Context) -> Verdict:
    """Deny when the first two VX futures are unknown: the hedge could not be priced."""
    slope = context.signals.vx2_over_vx1
    return _market("VX_CURVE_UNKNOWN", observed=slope, limit="known", passed=slope is not None)


def vix_term_structure(context: Context) -> Verdict:
    """Deny in backwardation, VIX/VIX3M >= 1, and where either is unknown.

    The ``vixshield`` scaling has no bound here; it still wants the ratio known, since the stress
    score counts it.
    """
    rules, ratio = context.rules.condor, context.signals.vix_over_vix3m
    limit = rules.term_structure_limit if rules.vix_scaling == "default" else None
    passed = ratio is not None and (limit is None or ratio < limit)
    return _market("VIX_TERM_STRUCTURE", observed=ratio, limit=limit, passed=passed)


def stress_regime(context: Context) -> Verdict:
    """Deny in a stress regime."""
    regime = context.signals.regime
    return _market(
        "STRESS_REGIME",
        observed=regime.value,
        limit=Regime.STRESS.value,
        passed=regime is not Regime.STRESS,
    )


def macd_breadth(context: Context) -> Verdict:
    """Deny when the MACD histogram crosses below 0 while breadth is down."""
    crossed, breadth = context.signals.macd_crossed_below, context.signals.breadth
    word = "unknown" if breadth is None else breadth.value
    known_harmless = crossed is False or (breadth is not None and breadth is not Breadth.DOWN)
    return _market(
        "MACD_BREADTH",
        observed=None if crossed is None else f"crossed_below={crossed} breadth={word}",
        limit="crossed_below=True breadth=down",
        passed=crossed is not None and known_harmless,
    )


def event_fomc(context: Context) -> Verdict:
    """Deny from one session before to the close of an FOMC decision day."""
    return _event(context, "EVENT_FOMC", context.snapshot.events.fomc)


def event_cpi(context: Context) -> Verdict:
    """Deny from one session before to the close of a CPI day."""
    return _event(context, "EVENT_CPI", context.snapshot.events.cpi)


def event_ppi(context: Context) -> Verdict:
    """Deny from one session before to the close of a PPI day."""
    return _event(context, "EVENT_PPI", context.snapshot.events.ppi)


def _event(context: Context, code: str, dates: tuple[dt.date, ...]) -> Verdict:
    """Hold the next event against the next session; none listed any more is unknown."""
    following = min((date for date in dates if date >= context.session), default=None)
    until = context.calendar.next(context.session)
    rules = context.rules.condor
    if not (rules.event_gate or rules.is_daily):
        return _market(code, observed=_iso(following), limit=None, passed=True)
    return _market(
        code,
        observed=_iso(following),
        limit=f"after {until}",
        passed=following is not None and following > until,
    )


def _iso(date: dt.date | None) -> str | None:
    return None if date is None else date.isoformat()


MARKET_GATES: Final[tuple[MarketGate, ...]] = (
    history_unknown,
    breadth_unknown,
    spx_unknown,
    vix_unknown,
    vx_curve_unknown,
    vix_term_structure,
    stress_regime,
    macd_breadth,
    event_fomc,
    event_cpi,
    event_ppi,
)


def vix_scaling(context: Context, tier: Tier) -> Verdict:
    """Deny the tiers that the VIX level does not allow.

    ======================  ===================  ========================  ==================
    setting                 VIX < 15             15 to 20                  VIX > 20
    ======================  ===================  ========================  ==================
    ``default``             conservative         conservative, balanced    all, half size
    ``vixshield``           all                  conservative, balanced    none (hold)
    ======================  ===================  ========================  ==================

    The second engine sells through the hold, within its budget.
    """
    vix = context.signals.vix
    allowed = frozenset[Tier]() if vix is None else _allowed_tiers(vix, context.rules.condor)
    if not allowed and second_engine.runs(context):
        allowed = frozenset(Tier)
    return Verdict(
        code="VIX_SCALING",
        subject=subject(tier),
        observed=vix,
        limit=",".join(name.value for name in Tier if name in allowed) or "hold",
        passed=tier in allowed,
    )


def _allowed_tiers(vix: float, rules: CondorRules) -> frozenset[Tier]:
    default = rules.vix_scaling == "default"
    if vix < rules.vix_low:
        return frozenset({Tier.CONSERVATIVE}) if default else frozenset(Tier)
    if vix <= rules.vix_high:
        return frozenset({Tier.CONSERVATIVE, Tier.BALANCED})
    return frozenset(Tier) if default else frozenset()


def tier_entered(context: Context, tier: Tier) -> Verdict:
    """Deny a second condor of one tier in one session."""
    opened = [
        condor
        for condor in context.book.condors
        if condor.tier is tier and condor.opened == context.session
    ]
    return Verdict(
        code="TIER_ENTERED",
        subject=subject(tier),
        observed=len(opened),
        limit=0,
        passed=not opened,
    )


TIER_GATES: Final[tuple[TierGate, ...]] = (vix_scaling, tier_entered)


def min_credit(context: Context, candidate: Candidate) -> Verdict:
    """Deny a credit at the mid below the least share of the width."""
    credit, least = -candidate.price.mid, least_credit(candidate.legs, context.rules.condor)
    return Verdict(
        code="MIN_CREDIT",
        subject=candidate.subject,
        observed=float(credit),
        limit=float(least),
        passed=credit >= least,
    )


def least_credit(legs: Sequence[Leg], rules: CondorRules) -> Decimal:
    """Return the least credit for a condor of these legs, in points."""
    return points(rules.minimum_credit_pct_of_width * width_points(legs))


def max_loss(_context: Context, candidate: Candidate) -> Verdict:
    """Deny a credit that is not below the width: such quotes are broken."""
    return Verdict(
        code="MAX_LOSS",
        subject=candidate.subject,
        observed=candidate.max_loss_usd,
        limit=0.0,
        passed=candidate.max_loss_usd > 0,
    )


def opposite_order(context: Context, candidate: Candidate) -> Verdict:
    """Deny a condor with a leg that another order of this decision trades the other way."""
    wanted = {leg.contract: leg.ratio for leg in candidate.legs}
    opposite = sorted(
        leg.contract.label()
        for intent in context.proposed
        for leg in intent.legs
        if wanted.get(leg.contract, 0) * leg.ratio < 0
    )
    return Verdict(
        code="OPPOSITE_ORDER",
        subject=candidate.subject,
        observed=opposite[0] if opposite else "none",
        limit="none",
        passed=not opposite,
    )


CANDIDATE_GATES: Final[tuple[CandidateGate, ...]] = (min_credit, max_loss, opposite_order)


def market_verdicts(context: Context) -> tuple[Verdict, ...]:
    """Return the verdicts of all gates of the market."""
    return tuple(gate(context) for gate in MARKET_GATES)


def tier_verdicts(context: Context, tier: Tier) -> tuple[Verdict, ...]:
    """Return the verdicts of all gates of `tier`."""
    return tuple(gate(context, tier) for gate in TIER_GATES)


def candidate_verdicts(context: Context, candidate: Candidate) -> tuple[Verdict, ...]:
    """Return the verdicts of all gates of `candidate`."""
    return tuple(gate(context, candidate) for gate in CANDIDATE_GATES)
