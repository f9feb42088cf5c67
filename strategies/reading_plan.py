"""What one session wants to read, expiry by expiry, given what it has read so far.

Everything that is known before the first quote is in the plan: the expiries with their listed
strikes, the signals, the delta of each layer, the shapes of the session before. `wanted` is then a
function of the snapshot alone: asked again with the quotes that have come, it names what is still
missing, and nothing more once the choice is certain. A chain without a two-sided market near the
money cannot be priced, and nothing further of it is asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.core.chain import (
    MINIMUM_PARITY_STRIKES,
    future_level,
    parity_chain,
    price_chain,
    years_to_settlement,
)
from bot.core.hedge_budget import most_steps, stepped_delta
from bot.core.hedge_pace import layer_note
from bot.core.model import OptionContract
from bot.core.regime import Signals
from bot.core.risk import layer_rules
from bot.core.rules import Rules
from bot.core.smile import Smiles, Terms
from bot.core.universe import ListedSeries
from strategies.reading import (
    condor_contracts,
    first_condor_contracts,
    hedge_contracts,
    tier_aims,
)

if TYPE_CHECKING:
    from bot.core.book import HedgeLedger, HedgeNotes, Layer
    from bot.core.model import MarketSnapshot
    from bot.core.rules import HedgeRules

PARITY_STRIKES: Final = 1
"""Strikes nearest the money at which the parity monitor watches a VIX expiry."""

DIVIDEND_YIELD: Final = 0.013
"""Of SPX, a year; it only says where the forward is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSeries:
    """A VIX expiry that a layer may be bought in, and the deltas at which.

    Parameters
    ----------
    series
        With its listed strikes.
    deltas
        Absolute.
    """

    series: ListedSeries
    deltas: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPlan:
    """What a session knows of what it wants before the first quote of an option.

    Parameters
    ----------
    sold
        SPX expiries that condors may be sold in.
    bought
        VIX expiries, one for each layer.
    signals
        They shape the condors.
    smiles
        Shapes of the session before.
    rules
        The strategy's rules.
    held
        What is held: the decision may sell it, and buys nothing that it sells.
    """

    sold: tuple[ListedSeries, ...]
    bought: tuple[LayerSeries, ...]
    signals: Signals
    smiles: Smiles
    rules: Rules
    held: tuple[OptionContract, ...] = ()


def layer_deltas(
    layer: Layer, notes: HedgeNotes | None, past: HedgeLedger, rules: HedgeRules
) -> tuple[float, ...]:
    """Return the deltas at which `layer` may be bought today, the likeliest first.

    Parameters
    ----------
    layer
        The layer.
    notes
        Of the session before: the steps that the budget of the hedge has taken.
    past
        What the hedge has cost; while it is too short to be read, no step is taken.
    rules
        Bounds of the delta, and size of a step.
    """
    bounds, budget = layer_rules(layer, rules), rules.budget
    steps = layer_note(notes, layer, held=0).delta_steps
    may_step = max(past.sessions, past.condor_sessions) >= budget.minimum_sessions
    reachable = (steps, steps + 1, steps - 1) if may_step else (steps,)
    most = most_steps(bounds, budget)
    inside = [min(max(each, 0), most) for each in reachable]
    return tuple(dict.fromkeys(stepped_delta(each, bounds, budget) for each in inside))


def wanted(plan: ReadingPlan, snapshot: MarketSnapshot) -> tuple[OptionContract, ...]:
    """Return the options that the decision rests on, as far as `snapshot` can tell."""
    condors = [each for series in plan.sold for each in _condors(plan, snapshot, series)]
    hedge = [each for layer in plan.bought for each in _hedge(plan, snapshot, layer)]
    return tuple(dict.fromkeys((*condors, *hedge)))


def without_market(plan: ReadingPlan, snapshot: MarketSnapshot) -> tuple[ListedSeries, ...]:
    """Return the SPX expiries that were asked for and have no two-sided market near the money."""
    return tuple(
        series
        for series in plan.sold
        if _asked(snapshot, series)
        and price_chain(snapshot, trading_class=series.trading_class, expiry=series.expiry) is None
    )


def _condors(
    plan: ReadingPlan, snapshot: MarketSnapshot, series: ListedSeries
) -> tuple[OptionContract, ...]:
    terms = spx_terms(plan, snapshot, series)
    if terms is None or not series.strikes:
        return ()
    aims, rules = tier_aims(plan.signals, plan.rules.condor), plan.rules.condor
    read = price_chain(snapshot, trading_class=series.trading_class, expiry=series.expiry)
    if read is not None:
        return condor_contracts(series, terms, read, aims, rules)
    return () if _asked(snapshot, series) else first_condor_contracts(series, terms, aims, rules)


def _hedge(
    plan: ReadingPlan, snapshot: MarketSnapshot, layer: LayerSeries
) -> tuple[OptionContract, ...]:
    series = layer.series
    terms = vix_terms(plan, snapshot, series)
    if terms is None or not series.strikes:
        return ()
    name, expiry = series.trading_class, series.expiry
    read = price_chain(snapshot, trading_class=name, expiry=expiry)
    read = read or parity_chain(snapshot, trading_class=name, expiry=expiry)
    known_future = future_level(snapshot, series.expiry) is not None
    count = PARITY_STRIKES if known_future else MINIMUM_PARITY_STRIKES
    return hedge_contracts(series, terms, read, layer.deltas, parity_strikes=count, held=plan.held)


def spx_terms(plan: ReadingPlan, snapshot: MarketSnapshot, series: ListedSeries) -> Terms | None:
    """Return what an SPX expiry is predicted with; ``None`` where SPX or VIX is unknown."""
    spot, vix = snapshot.level("SPX"), snapshot.level("VIX")
    years = years_to_settlement(snapshot, series.trading_class, series.expiry)
    if spot is None or vix is None or years is None:
        return None
    return Terms(
        years=years,
        forward=spot * math.exp((plan.rules.rate - DIVIDEND_YIELD) * years),
        discount=math.exp(-plan.rules.rate * years),
        smile=plan.smiles.of_spx(vix),
    )


def vix_terms(plan: ReadingPlan, snapshot: MarketSnapshot, series: ListedSeries) -> Terms | None:
    """Return what a VIX expiry is predicted with: its VX future, or VIX where that is unknown."""
    level = future_level(snapshot, series.expiry) or snapshot.level("VIX")
    years = years_to_settlement(snapshot, series.trading_class, series.expiry)
    if level is None or years is None:
        return None
    return Terms(
        years=years,
        forward=level,
        discount=math.exp(-plan.rules.rate * years),
        smile=plan.smiles.of_vix(series.expiry, snapshot.level("VVIX"), years),
    )


def _asked(snapshot: MarketSnapshot, series: ListedSeries) -> bool:
    return any(
        option.contract.expiry == series.expiry
        and option.contract.trading_class == series.trading_class
        for option in snapshot.options
    )
