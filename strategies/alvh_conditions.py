"""What holds for the whole hedge in one session, asked once: its cost, its mood, its coverage."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.book import Layer
from bot.core.cash_press import at_the_money_iv, iv_excess, presses
from bot.core.decision import Verdict
from bot.core.hedge_budget import hedge_drag, premium_over_credit, step_direction
from bot.core.hedge_pace import pace_sessions
from bot.core.hedge_rolls import calm_rise, early_called, restriking_forbidden
from bot.core.monetise import wave_over
from bot.core.regime import Regime
from bot.core.risk import layer_rules
from strategies.alvh_choice import VIX_CLASS, buyable_expiries, monthly_expiries

if TYPE_CHECKING:
    from bot.core.decision import Observed
    from strategies.base import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What the rules of every layer ask for.

    Parameters
    ----------
    drag, pcf
        Cost of the hedge a year, and P/CF; ``None`` is no reading.
    direction
        +1 where the deltas shall move out, -1 where they shall come back.
    excess
        Implied over realised volatility of the front VX future, vol points.
    press
        Whether the cash press is on.
    forbidden
        Whether nothing is struck anew but by a hard roll.
    early
        Whether the near layer's roll is called forward.
    calm_rise
        Whether a due roll may wait.
    wave_over
        Whether the rest of a lot shall be sold.
    pace
        Sessions over which a first purchase is spread.
    drops
        Whether the policy drops the near and the mid layer now.
    monthly
        Monthly expiries that are quoted and not in their last session.
    """

    drag: float | None
    pcf: float | None
    direction: int
    excess: float | None
    press: bool
    forbidden: bool
    early: bool
    calm_rise: bool
    wave_over: bool
    pace: int
    drops: bool
    monthly: tuple[dt.date, ...]


def conditions_of(context: Context) -> Conditions:
    """Ask every rule of the whole hedge."""
    book, signals, rules = context.book, context.signals, context.rules.hedge
    drag = hedge_drag(book.hedge_ledger, rules.budget)
    pcf = premium_over_credit(book.lots, book.hedge_ledger, rules.budget)
    monthly = monthly_expiries(context)
    excess = iv_excess(_front_iv(context, monthly), signals)
    return Conditions(
        drag=drag,
        pcf=pcf,
        direction=step_direction(drag, pcf, rules.budget),
        excess=excess,
        press=presses(excess, signals, rules.press),
        forbidden=restriking_forbidden(signals, rules.rolls),
        early=early_called(signals, rules.rolls),
        calm_rise=calm_rise(signals, rules.rolls),
        wave_over=wave_over(signals),
        pace=pace_sessions(signals, rules.pace),
        drops=rules.policy == "promoter" and signals.regime is Regime.CALM,
        monthly=monthly,
    )


def _front_iv(context: Context, monthly: tuple[dt.date, ...]) -> float | None:
    """Volatility at the money of the first expiry that the near layer could buy."""
    rules = layer_rules(Layer.NEAR, context.rules.hedge)
    expiries = buyable_expiries(monthly, context.session, rules)
    return at_the_money_iv(context.chain(VIX_CLASS, expiries[0])) if expiries else None


def condition_verdicts(context: Context, conditions: Conditions) -> tuple[Verdict, ...]:
    """Return the verdicts on what the hedge costs, and on what delays or hastens its rolls."""
    signals, rules = context.signals, context.rules.hedge
    drag, pcf = conditions.drag, conditions.pcf
    high, most = rules.budget.drag_high, rules.budget.premium_over_credit
    vix_rsi = "unknown" if signals.vix_rsi is None else f"{signals.vix_rsi:.1f}"
    return (
        _verdict("HEDGE_DRAG", observed=drag, limit=high, passed=drag is None or drag <= high),
        _verdict("HEDGE_PCF", observed=pcf, limit=most, passed=pcf is None or pcf <= most),
        _verdict(
            "CASH_PRESS",
            observed=conditions.excess,
            limit=rules.press.iv_excess,
            passed=not conditions.press,
        ),
        _verdict(
            "RESTRIKING",
            observed=f"{signals.regime.value}, VIX RSI {vix_rsi}",
            limit=f"no stress, VIX RSI {rules.rolls.restrike_vix_rsi:g}",
            passed=not conditions.forbidden,
        ),
    )


def _verdict(code: str, *, observed: Observed, limit: Observed, passed: bool) -> Verdict:
    return Verdict(code=code, subject="hedge", observed=observed, limit=limit, passed=passed)
