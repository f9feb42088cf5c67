"""ALVH, the Adaptive Layered VIX Hedge: VIX calls in three layers of 4 / 4 / 2 a unit.

Rules (methodology, sections 4 to 6), with the exceptions; each is a function of ``bot.core``:

- *Units* follow the gross width of the condors open and about to be sold, or its largest value
  of the last 60 sessions; there is always one. Each layer is brought to its target, over one to
  three sessions where it was never there before (``hedge_pace``).
- Rolls come by days, by time value, early, or a little later (``hedge_rolls``, ``cash_press``); the
  delta at which they buy follows what the hedge costs (``hedge_budget``). How many contracts a
  layer holds follows neither signals nor cost under the policy ``steward``.
- The policy ``promoter`` drops the near and the mid layer while the regime is calm: what is missing
  is not bought, what is due is sold. It keeps the far layer, which alone covers its condors
  (``bot.core.risk``). Outside of calm it buys the others anew, at the pace of a first entry. It
  exists to be compared with.
- Half of a lot is sold at its multiple, the rest once the wave is over (``monetise``). In a session
  in which the near layer gains so, the longer layers are restored first, in full and at once: the
  gain of the front is put where the wave has not yet been paid for ("temporal vega").
- While an order of a layer is not proven ended, that layer is left alone: it could be bought
  twice.
- An unknown SPX level leaves one unit certain; it never keeps a missing layer from being bought.
- A NAV below the minimum means that one unit costs more than the drag budget: it is said, and
  blocks nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.core.book import HedgeNotes, Layer
from bot.core.decide import permitted
from bot.core.decision import Action, LayerFigures, Verdict
from bot.core.hedge_cover import low_vol_decline, open_units
from bot.core.hedge_figures import layer_figures
from bot.core.hedge_rolls import RollReason
from bot.core.plan import ALVH, in_flight_slots
from bot.core.risk import (
    covered_units,
    gross_width_usd,
    layer_rules,
    remembered_width_usd,
    units_required,
)
from strategies.alvh_conditions import condition_verdicts, conditions_of
from strategies.alvh_plan import Demand, plan_layer
from strategies.alvh_state import layer_state
from strategies.alvh_verdicts import layer_verdicts, lot_verdicts, wanted_contracts
from strategies.base import Context, Proposal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.core.decision import Observed, OrderIntent
    from bot.core.model import OptionContract
    from strategies.alvh_conditions import Conditions
    from strategies.alvh_plan import LayerPlan
    from strategies.alvh_state import LayerState

    States = Mapping[Layer, LayerState]
    Plans = Mapping[Layer, LayerPlan]


def propose(context: Context) -> Proposal:
    """Return the orders that bring every layer to its goal, and what is handed on."""
    conditions, units = conditions_of(context), required_units(context)
    states = {layer: layer_state(context, layer, conditions) for layer in Layer}
    plans = _plans(context, states, conditions, units)
    busy = [layer for layer in Layer if _in_flight(context, layer)]
    intents = _in_order(states, {layer: plans[layer] for layer in Layer if layer not in busy})
    of_layers = (
        verdict
        for layer in Layer
        for verdict in (
            *layer_verdicts(context, states[layer], plans[layer], in_flight=layer in busy),
            *lot_verdicts(context, states[layer], plans[layer], conditions),
        )
    )
    return Proposal(
        intents=intents,
        verdicts=(
            _units_verdict(context, units),
            _minimum_hedge(context),
            *condition_verdicts(context, conditions),
            _temporal_vega(states, plans),
            _cover(context, states, plans),
            _abandoned(context, states, plans, intents, units=units),
            *of_layers,
        ),
        notes=HedgeNotes(
            layers=tuple(plan.note for plan in plans.values()),
            lots=tuple(note for state in states.values() for note in state.notes),
        ),
        layers=tuple(_figures(context, states[layer], plans[layer]) for layer in Layer),
    )


def required_units(context: Context) -> int:
    """Return the units that the book needs with the condors about to be sold."""
    rules = context.rules.hedge
    width = max(
        gross_width_usd(context.book, context.proposed),
        remembered_width_usd(context.book, context.session, calendar=context.calendar, rules=rules),
    )
    return units_required(width, context.spx, rules=rules)


def _plans(
    context: Context, states: States, conditions: Conditions, units: int
) -> dict[Layer, LayerPlan]:
    sold, gains = _sold(states), _near_gains(states)
    plans = {}
    for layer, state in states.items():
        demand = Demand(
            target=_target(context, state, conditions, units),
            hasten=gains and layer is not Layer.NEAR,
            sold=sold,
        )
        plans[layer] = plan_layer(context, state, conditions, demand)
    return plans


def _target(context: Context, state: LayerState, conditions: Conditions, units: int) -> int:
    """Return the contracts wanted; what is held stays wanted while the SPX level is unknown."""
    if conditions.drops and state.layer is not Layer.FAR:
        return 0
    target = units * layer_rules(state.layer, context.rules.hedge).contracts
    return target if context.spx is not None else max(target, state.covers)


def _sold(states: States) -> frozenset[OptionContract]:
    """Return the contracts that the hedge sells, but for rolls by time value: see `plan_layer`."""
    return frozenset(
        lot.lot.contract
        for state in states.values()
        for lot in (
            *(due.figures for due in state.due if due.reason is RollReason.DAYS),
            *state.profit,
            *state.rest,
        )
    )


def _near_gains(states: States) -> bool:
    return bool(states[Layer.NEAR].profit or states[Layer.NEAR].rest)


def _in_order(states: States, plans: Plans) -> tuple[OrderIntent, ...]:
    """Put the orders in their order: profits, then the near layer first, or last if it gains."""
    layers = sorted(plans, key=lambda layer: _near_gains(states) and layer is Layer.NEAR)
    profits = (intent for plan in plans.values() for intent in plan.profit)
    return (*profits, *(intent for layer in layers for intent in plans[layer].orders))


def _in_flight(context: Context, layer: Layer) -> bool:
    """Whether an order of `layer` is not proven ended; a slot is a layer or begins with one."""
    slots = in_flight_slots(context.book, ALVH)
    return any(slot.partition("-")[0] == layer.value for slot in slots)


def _figures(context: Context, state: LayerState, plan: LayerPlan) -> LayerFigures:
    """Return the state of a layer for the ledger and the review."""
    found = layer_figures(
        state.layer,
        state.lots,
        target=wanted_contracts(state, plan),
        target_delta=plan.delta,
    )
    roll_dte = layer_rules(state.layer, context.rules.hedge).roll_dte
    days = [lot.lot.contract.dte(context.session) - roll_dte for lot in state.lots]
    return replace(
        found, days_to_roll=min(days, default=None), roll_reason=_roll_reason(state, plan)
    )


def _roll_reason(state: LayerState, plan: LayerPlan) -> str:
    """Say why the first due lot is rolled, or since when it waits."""
    if state.due:
        return state.due[0].reason.value
    if plan.early:
        return RollReason.EARLY.value
    if state.waiting:
        return f"{state.waiting[0].reason.value} waits since {state.waiting[0].since}"
    return ""


def _units_verdict(context: Context, units: int) -> Verdict:
    """Say what the units were reckoned from; an unknown SPX leaves one unit certain."""
    return _verdict(
        "HEDGE_UNITS", observed=context.spx, limit=units, passed=context.spx is not None
    )


def _minimum_hedge(context: Context) -> Verdict:
    """Alert, never block, when the least hedge costs more than the drag budget allows."""
    nav, least = context.book.nav_usd, context.rules.hedge.minimum_nav_usd
    return _verdict(
        "MINIMUM_HEDGE",
        observed=None if nav is None else float(nav),
        limit=least,
        passed=nav is not None and float(nav) >= least,
    )


def _temporal_vega(states: States, plans: Plans) -> Verdict:
    """Say what the longer layers lack; where the near layer gains, they are restored first."""
    longer = [layer for layer in Layer if layer is not Layer.NEAR]
    lacking = sum(max(0, plans[layer].target - states[layer].covers) for layer in longer)
    return _verdict(
        "TEMPORAL_VEGA",
        observed=lacking,
        limit="near gains" if _near_gains(states) else "no near gain",
        passed=not (lacking and _near_gains(states)),
    )


def _cover(context: Context, states: States, plans: Plans) -> Verdict:
    """Say whether the layers cover the condors that are open; a paced entry has its grace.

    What is left of a halved lot stands for all of it here; new condors are cut to what is left.
    """
    rules = context.rules.hedge
    held = covered_units({layer: state.covers for layer, state in states.items()}, rules)
    needed = open_units(context.book, context.spx, rules)
    grace = any(plan.goal < plan.target for plan in plans.values())
    return _verdict(
        "HEDGE_COVER",
        observed=held,
        limit=needed,
        passed=grace or (needed is not None and held >= needed),
    )


def _abandoned(
    context: Context,
    states: States,
    plans: Plans,
    intents: tuple[OrderIntent, ...],
    *,
    units: int,
) -> Verdict:
    """Fail where a layer is left below its goal in a market that falls without fear."""
    bought = [
        intent
        for intent in intents
        if intent.action is Action.BUY_HEDGE and permitted(intent, context.book)
    ]
    lacking = 0
    for layer, plan in plans.items():
        full = units * layer_rules(layer, context.rules.hedge).contracts
        goal = plan.goal if plan.target >= full else full
        added = sum(intent.quantity for intent in bought if intent.layer is layer)
        lacking += max(0, goal - states[layer].covers - added)
    decline = low_vol_decline(context.signals, calm_vix=context.rules.signals.calm_vix)
    return _verdict(
        "PROTECTION_ABANDONED",
        observed=lacking,
        limit=0 if decline else None,
        passed=not (lacking and decline),
    )


def _verdict(code: str, *, observed: Observed, limit: Observed, passed: bool) -> Verdict:
    return Verdict(code=code, subject="hedge", observed=observed, limit=limit, passed=passed)
