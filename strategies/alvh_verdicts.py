"""What each rule of the hedge said about each layer and each lot.

A gate of a layer passes where nothing stands in the way. A rule about a lot passes where it acts:
the lot is rolled, waits, or is sold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.book import Layer
from bot.core.decision import Verdict
from bot.core.hedge_rolls import due_by_extrinsic
from bot.core.monetise import profit_multiple
from bot.core.risk import layer_rules
from strategies.alvh_orders import sale_price

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.core.book import HedgeLot
    from bot.core.decision import Observed
    from bot.core.hedge_figures import LotFigures
    from strategies.alvh_conditions import Conditions
    from strategies.alvh_plan import LayerPlan
    from strategies.alvh_state import DueLot, LayerState
    from strategies.base import Context


def layer_verdicts(
    context: Context, state: LayerState, plan: LayerPlan, *, in_flight: bool
) -> Iterator[Verdict]:
    """Yield the verdicts of the gates of one layer."""
    wanted = wanted_contracts(state, plan)
    label = None if plan.choice is None else plan.choice.contract.label()
    least = layer_rules(state.layer, context.rules.hedge).delta_minimum
    facts: tuple[tuple[str, Observed, Observed, bool], ...] = (
        ("LAYER_TARGET", state.held, wanted, state.held >= wanted),
        ("LAYER_IN_FLIGHT", in_flight, False, not in_flight),
        ("LAYER_QUOTE", label, "two-sided", plan.choice is not None),
        ("LAYER_PACE", plan.goal, plan.target, plan.goal >= plan.target),
        ("LAYER_DELTA", plan.delta, least, plan.delta >= least),
    )
    for code, observed, limit, passed in facts:
        yield Verdict(
            code=code,
            subject=f"layer:{state.layer.value}",
            observed=observed,
            limit=limit,
            passed=passed,
        )


def wanted_contracts(state: LayerState, plan: LayerPlan) -> int:
    """Return the contracts that the layer shall hold now: what is left of a lot stands for it."""
    return max(0, plan.goal - sum(lot.sold for lot in state.kept))


def lot_verdicts(
    context: Context, state: LayerState, plan: LayerPlan, conditions: Conditions
) -> Iterator[Verdict]:
    """Yield what the rules said about each lot of a layer."""
    due = {each.figures.lot.lot_id: each for each in (*state.due, *state.waiting)}
    for lot in (*state.ending, *state.lots):
        yield from _roll_verdicts(context, lot, conditions)
        if found := due.get(lot.lot.lot_id):
            yield _wait(context, found)
    for lot in state.lots:
        if state.layer is Layer.NEAR:
            yield _early(context, lot, plan)
        yield _profit(context, lot, state)
        if lot.sold:
            yield _rest(context, lot, conditions)
    yield from (_last_session(context, lot.lot) for lot in state.ending)
    sold = [*(each.figures for each in state.due), *state.rest, *state.profit]
    yield from (_quote(context, lot.lot) for lot in sold)


def _verdict(
    code: str, lot: HedgeLot, *, observed: Observed, limit: Observed, passed: bool
) -> Verdict:
    return Verdict(
        code=code, subject=f"lot:{lot.lot_id}", observed=observed, limit=limit, passed=passed
    )


def _roll_verdicts(context: Context, lot: LotFigures, conditions: Conditions) -> Iterator[Verdict]:
    """Say whether the days of a lot are used up, and, in the near layer, its time value."""
    dte = lot.lot.contract.dte(context.session)
    limit = layer_rules(lot.lot.layer, context.rules.hedge).roll_dte
    yield _verdict("ROLL_DUE", lot.lot, observed=dte, limit=limit, passed=dte <= limit)
    if lot.lot.layer is Layer.NEAR:
        rules = context.rules.hedge.rolls
        yield _verdict(
            "ROLL_EXTRINSIC",
            lot.lot,
            observed=lot.extrinsic_gone,
            limit=rules.extrinsic_gone,
            passed=due_by_extrinsic(lot, rules) and not conditions.forbidden,
        )


def _wait(context: Context, due: DueLot) -> Verdict:
    """Say how long a due lot has waited, and whether it waits on."""
    return _verdict(
        "ROLL_WAIT",
        due.figures.lot,
        observed=due.waited,
        limit=context.rules.hedge.rolls.wait_sessions,
        passed=due.waits,
    )


def _early(context: Context, lot: LotFigures, plan: LayerPlan) -> Verdict:
    """Say how far the delta of a lot has drifted, and whether it is rolled early."""
    drift = None if lot.delta is None else lot.delta - plan.delta
    return _verdict(
        "ROLL_EARLY",
        lot.lot,
        observed=drift,
        limit=context.rules.hedge.rolls.early_drift,
        passed=lot in plan.early,
    )


def _profit(context: Context, lot: LotFigures, state: LayerState) -> Verdict:
    """Say what multiple of its cost a lot is worth, and whether half of it is sold."""
    rules = context.rules.hedge
    return _verdict(
        "MONETISE",
        lot.lot,
        observed=lot.mark_multiple,
        limit=profit_multiple(context.signals.vix, layer_rules(lot.lot.layer, rules), rules.profit),
        passed=lot in state.profit,
    )


def _rest(context: Context, lot: LotFigures, conditions: Conditions) -> Verdict:
    """Say whether the wave is over for a lot that was halved."""
    close, mean = context.signals.vix_close, context.signals.vix_short_mean
    ratio = context.signals.vix_over_vix3m
    known = close is not None and mean is not None and ratio is not None
    return _verdict(
        "MONETISE_REST",
        lot.lot,
        observed=f"VIX {close:.2f}, VIX/VIX3M {ratio:.3f}" if known else None,
        limit=f"VIX < {mean:.2f}, VIX/VIX3M < 1" if known else None,
        passed=conditions.wave_over,
    )


def _last_session(context: Context, lot: HedgeLot) -> Verdict:
    """Forbid every order in a contract whose last session is here or gone."""
    return _verdict(
        "LAST_SESSION",
        lot,
        observed=lot.contract.last_trade.isoformat(),
        limit=f"after {context.session}",
        passed=False,
    )


def _quote(context: Context, lot: HedgeLot) -> Verdict:
    """Forbid the sale of a lot for which nobody is known to bid."""
    price = sale_price(context, lot)
    return _verdict(
        "LOT_QUOTE",
        lot,
        observed=None if price is None else -float(price.natural),
        limit="bid",
        passed=price is not None,
    )
