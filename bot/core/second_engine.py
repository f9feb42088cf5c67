"""The second engine: condors out of what the hedge has earned (methodology, section 6).

Rules, with the exceptions:

- A share of each monetising sale's gain, net of the sold contracts' cost, is a *budget*. It
  expires after its sessions; what it did not fund stays in cash.
- A condor that the engine opens uses its max loss, oldest budget first, and for good: closing it
  gives nothing back. A sale at a loss uses a budget in the same way.
- The engine runs while the first wave ebbs: VIX below its short mean, VIX/VIX3M below 1 and
  the MACD histogram of VIX below 0, each of them known.
- Leverage beyond the budget does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.core.decision import Signal, Verdict
from bot.core.model import Session
from bot.core.plan import SECOND_ENGINE

if TYPE_CHECKING:
    from bot.core.book import Book, HedgeSale
    from bot.core.context import Context
    from bot.core.decision import Observed
    from bot.core.regime import Signals
    from bot.core.rules import SecondEngineRules
    from bot.core.sessions import TradingCalendar

SUBJECT: Final = "engine:second"
CONTANGO: Final = 1.0
"""VIX/VIX3M below which the term structure is in contango."""


@dataclass(slots=True)
class _Budget:
    """What is left of the budget of one sale, in USD."""

    session: Session
    left_usd: float


def engine_budget_usd(
    book: Book, session: Session, *, calendar: TradingCalendar, rules: SecondEngineRules
) -> float:
    """Return what the engine may still risk in `session`, in USD; never negative.

    The sum over the sales of the last `lifetime_sessions` of ``gain_share x gain``, less the max
    loss of the condors opened against them, oldest budget first.
    """
    budgets = [
        _Budget(sale.session, share)
        for sale in sorted(book.hedge_sales, key=lambda sale: sale.session)
        if (share := _share_usd(sale, rules)) > 0
    ]
    if not budgets:
        return 0.0
    first = calendar.previous(session, rules.lifetime_sessions)
    for when, amount in sorted(_uses(book, rules)):
        if when >= first:  # an older one took from budgets that have expired
            oldest = calendar.previous(when, rules.lifetime_sessions)
            _take(budgets, amount, oldest=oldest, newest=when)
    return sum(budget.left_usd for budget in budgets if first <= budget.session <= session)


def _share_usd(sale: HedgeSale, rules: SecondEngineRules) -> float:
    return float(sale.gain_usd) * rules.gain_share


def _uses(book: Book, rules: SecondEngineRules) -> list[tuple[Session, float]]:
    """Return what was taken from the budgets: condors opened, and sales at a loss."""
    losses = [
        (sale.session, -share)
        for sale in book.hedge_sales
        if (share := _share_usd(sale, rules)) < 0
    ]
    return losses + [(use.session, use.max_loss_usd) for use in book.engine_uses]


def _take(budgets: list[_Budget], amount: float, *, oldest: Session, newest: Session) -> None:
    """Take `amount` from the budgets of these sessions, the oldest first."""
    for budget in budgets:
        if oldest <= budget.session <= newest:
            taken = min(budget.left_usd, amount)
            budget.left_usd -= taken
            amount -= taken


def wave_ebbs(signals: Signals) -> bool | None:
    """Whether the first wave of volatility is over; ``None`` when an input is unknown."""
    vix, mean = signals.vix, signals.vix_short_mean
    ratio, histogram = signals.vix_over_vix3m, signals.vix_macd_histogram
    if vix is None or mean is None or ratio is None or histogram is None:
        return None
    return vix < mean and ratio < CONTANGO and histogram < 0


def left_usd(context: Context) -> float:
    """Return the budget less what this decision already proposes to risk of it, in USD."""
    proposed = sum(
        intent.max_loss_usd * intent.quantity
        for intent in context.proposed
        if intent.reason == SECOND_ENGINE
    )
    return max(0.0, context.engine_usd - proposed)


def runs(context: Context) -> bool:
    """Whether the engine may fund condors now: elevated VIX, an ebbing wave, a budget."""
    funded = context.rules.second_engine.enabled and left_usd(context) > 0
    return funded and is_elevated(context) is True and wave_ebbs(context.signals) is True


def is_elevated(context: Context) -> bool | None:
    """Whether VIX is above the level from which the engine runs; ``None`` when unknown."""
    vix = context.signals.vix
    return None if vix is None else vix > context.rules.condor.vix_high


def engine_verdicts(context: Context) -> tuple[Verdict, ...]:
    """Return what the engine waits for; none of it denies an ordinary condor."""
    signals, rules = context.signals, context.rules
    budget, ebbs = left_usd(context), wave_ebbs(signals)
    return (
        _verdict(
            "ENGINE_VIX",
            signals.vix,
            rules.condor.vix_high,
            passed=is_elevated(context) is True,
        ),
        _verdict("ENGINE_WAVE", ebbs, limit=True, passed=ebbs is True),
        _verdict(
            "ENGINE_BUDGET",
            round(budget, 2),
            limit=0.0,
            passed=rules.second_engine.enabled and budget > 0,
        ),
    )


def engine_signals(context: Context) -> tuple[Signal, ...]:
    """Return what is left of the budgets and what was used of them, in USD, for the review."""
    used = sum(use.max_loss_usd for use in context.book.engine_uses)
    return (
        Signal(name="second_engine_budget_usd", value=round(left_usd(context), 2)),
        Signal(name="second_engine_used_usd", value=round(used, 2)),
    )


def _verdict(code: str, observed: Observed, limit: Observed, *, passed: bool) -> Verdict:
    return Verdict(code=code, subject=SUBJECT, observed=observed, limit=limit, passed=passed)
