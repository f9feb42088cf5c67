"""How many condors may be sold: caps on the max loss, the joint stress test, the second engine.

Rules, with the exceptions:

- Caps are shares of NAV on the max loss: of the session, of one expiry, of the book. Above the
  high VIX the session's is halved, and on ``vixshield`` hold it is 0.
- The joint stress test cuts the quantity to what keeps the worst of the paired shocks within its
  share of NAV (``bot.core.stress``).
- While the second engine runs (``bot.core.second_engine``) a condor may use the whole cap of the
  session at elevated VIX, within its budget. It is an engine's condor only where that sells more
  than could be sold without; every other cap holds.
- What is unknown allows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core import second_engine
from bot.core.decision import Verdict
from bot.core.plan import SECOND_ENGINE
from bot.core.pricing import FloatArray
from bot.core.risk import affordable, book_risk_usd, cap_usd, session_risk_usd
from bot.core.shocks import PAIRED
from bot.core.stress import book_gain_usd, opening_gain_usd, stress_units, worst_loss_usd

if TYPE_CHECKING:
    from bot.core.context import Context
    from bot.core.rules import CondorRules
    from strategies.condor_gates import Candidate

ENTRY = "entry"
"""Reason of an ordinary condor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCap:
    """One cap on the max loss of condors, in USD; an unknown `limit_usd` allows nothing."""

    code: str
    used_usd: float
    limit_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """How many of a candidate may be sold, for what reason, and by which verdicts."""

    quantity: int
    reason: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StressRoom:
    """What the paired shocks leave: gains of book and one unit in USD, ``None`` when unknown."""

    book: FloatArray | None
    unit: FloatArray | None
    limit_usd: float | None

    def units(self) -> int:
        """Return the units that fit."""
        if self.book is None or self.unit is None or self.limit_usd is None:
            return 0
        return stress_units(self.book, self.unit, self.limit_usd)

    def worst_usd(self) -> float | None:
        """Return the worst loss of the book with one unit more."""
        if self.book is None or self.unit is None:
            return None
        return worst_loss_usd(self.book + self.unit)


def size_share(vix: float | None, rules: CondorRules) -> float:
    """Return the share of the session's risk that may be used at this VIX level."""
    if vix is None or vix <= rules.vix_high:
        return 1.0
    return rules.half_size_above_high if rules.vix_scaling == "default" else 0.0


def size(context: Context, candidate: Candidate) -> Sizing:
    """Return how many of `candidate` may be sold, out of the engine's budget where that helps."""
    room = stress_room(context, candidate)
    plain = _sizing(context, candidate, room, engine=False)
    if candidate.shifts is not None or not second_engine.runs(context):
        return plain
    funded = _sizing(context, candidate, room, engine=True)
    return funded if funded.quantity > plain.quantity else plain


def _sizing(context: Context, candidate: Candidate, room: StressRoom, *, engine: bool) -> Sizing:
    caps = risk_caps(context, candidate, engine=engine)
    units = room.units()
    stress = _stress_verdict(room, candidate, units)
    verdicts = (*(_cap_verdict(cap, candidate) for cap in caps), stress)
    fits = [_units(cap, candidate) for cap in caps]
    return Sizing(
        quantity=min(*fits, units),
        reason=SECOND_ENGINE if engine else ENTRY,
        verdicts=verdicts,
    )


def _units(cap: RiskCap, candidate: Candidate) -> int:
    if cap.limit_usd is None or candidate.max_loss_usd <= 0:
        return 0
    return affordable(cap.limit_usd - cap.used_usd, candidate.max_loss_usd)


def risk_caps(
    context: Context, candidate: Candidate, *, engine: bool = False
) -> tuple[RiskCap, ...]:
    """Return the caps of the session, of the candidate's expiry, of the book, of the engine."""
    book, rules = context.book, context.rules.condor
    share = 1.0 if engine else size_share(context.signals.vix, rules)
    budget = RiskCap(
        code="ENGINE_RISK", used_usd=0.0, limit_usd=second_engine.left_usd(context) if engine else 0
    )
    return (
        RiskCap(
            code="SESSION_RISK",
            used_usd=session_risk_usd(book, context.proposed),
            limit_usd=cap_usd(book.nav_usd, rules.session_risk_pct_of_nav * share),
        ),
        RiskCap(
            code="EXPIRY_RISK",
            used_usd=book_risk_usd(book, context.proposed, candidate.expiry),
            limit_usd=cap_usd(book.nav_usd, rules.expiry_risk_pct_of_nav),
        ),
        RiskCap(
            code="BOOK_RISK",
            used_usd=book_risk_usd(book, context.proposed),
            limit_usd=cap_usd(book.nav_usd, rules.book_risk_pct_of_nav),
        ),
        *((budget,) if engine else ()),
    )


def _cap_verdict(cap: RiskCap, candidate: Candidate) -> Verdict:
    """Hold the cap against what it would count with one more condor."""
    observed = cap.used_usd + candidate.max_loss_usd
    return Verdict(
        code=cap.code,
        subject=candidate.subject,
        observed=observed,
        limit=cap.limit_usd,
        passed=cap.limit_usd is not None and observed <= cap.limit_usd,
    )


def stress_room(context: Context, candidate: Candidate) -> StressRoom:
    """Reprice the book and one unit of `candidate` at the paired shocks."""
    return StressRoom(
        book=book_gain_usd(context),
        unit=opening_gain_usd(
            context,
            candidate.legs,
            worst=candidate.ladder.floor,
            mid=candidate.price.mid,
            shocks=PAIRED,
        ),
        limit_usd=cap_usd(context.book.nav_usd, context.rules.condor.stress_loss_pct_of_nav),
    )


def _stress_verdict(room: StressRoom, candidate: Candidate, units: int) -> Verdict:
    """Hold the worst loss with one more condor against its share of NAV."""
    worst = room.worst_usd()
    return Verdict(
        code="JOINT_STRESS",
        subject=candidate.subject,
        observed=None if worst is None else round(worst, 2),
        limit=room.limit_usd,
        passed=units > 0,
    )
