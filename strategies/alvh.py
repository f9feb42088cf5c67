"""ALVH, the Adaptive Layered VIX Hedge: VIX calls in three layers of 4 / 4 / 2 a unit.

Rules (methodology, section 4), with the exceptions:

- *Units* follow the gross width of the condors open and about to be sold, or its largest value
  of the last 60 sessions; there is always one. Each layer is brought to its target: what is
  missing is bought.
- Only monthly VIX expiries that are not yet due for a roll are bought: inside the layer's
  window the one nearest to its target, else the nearest to it. The strike is the two-sided one
  nearest to the layer's delta, by Black-76 on the VX future of the same expiry. Where the VX
  future or the quotes of an expiry are unknown, the next best expiry of the window serves.
- A *lot* is what was bought in one go, and rolls as one when its days are used up. A roll buys
  first and sells no more than the buy filled. It replaces no more than the target needs.
- A lot that is due and no longer needed, because it is already replaced or the target has
  shrunk, is sold. What is not due is never sold.
- No order is sent for a contract in its last session. A lot in its last session protects no
  longer than that, so its layer is filled up anew beside it.
- While an order of a layer is not proven ended, that layer is left alone: it could be bought
  twice.
- An unknown SPX level leaves one unit certain; it never keeps a missing layer from being bought.
- A NAV below the minimum means that one unit costs more than the drag budget: it is said, and
  blocks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.core.book import HedgeLot, Layer, Leg
from bot.core.decision import Action, OrderIntent, Purpose, Verdict
from bot.core.model import OptionContract, Right
from bot.core.plan import (
    ALVH,
    ROLL_DUE,
    Identity,
    OrderPrice,
    in_flight_slots,
    lot_id,
    make_hedge_ladder,
    price_order,
)
from bot.core.risk import gross_width_usd, layer_rules, remembered_width_usd, units_required
from bot.core.sessions import is_monthly_vix_expiry
from strategies.base import Context, Proposal, expiries_by_preference, in_window

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.chain import PricedChain
    from bot.core.decision import Observed
    from bot.core.rules import LayerRules

VIX_CLASS: Final = "VIX"
"""Trading class of the monthly VIX options; VIXW are the weeklies."""

ANY_DELTA: Final = 1.0
"""Tolerance of the search by delta: the nearest two-sided strike, however far it is."""

MISSING: Final = "missing"
ROLL_REST: Final = "roll_rest"
"""Reasons: a layer below its target, and what is left of a lot that needs no replacement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerState:
    """The lots of one layer, sorted by what shall become of them.

    Parameters
    ----------
    fresh
        Not due: they stay.
    due
        Their days are used up, and they can still be traded.
    ending
        In their last session, or settling.
    """

    fresh: tuple[HedgeLot, ...]
    due: tuple[HedgeLot, ...]
    ending: tuple[HedgeLot, ...]

    @property
    def held(self) -> int:
        """Contracts that protect beyond this session."""
        return _contracts(self.fresh) + _contracts(self.due)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A VIX call to be bought."""

    contract: OptionContract
    extrinsic_points: float


def propose(context: Context) -> Proposal:
    """Return the orders that bring every layer to its target, near layer first."""
    units = required_units(context)
    layers = [_layer(context, layer, units) for layer in Layer]
    return Proposal(
        intents=tuple(intent for proposal in layers for intent in proposal.intents),
        verdicts=(
            _units_verdict(context, units),
            _minimum_hedge(context),
            *(verdict for proposal in layers for verdict in proposal.verdicts),
        ),
    )


def required_units(context: Context) -> int:
    """Return the units that the book needs with the condors about to be sold."""
    rules = context.rules.hedge
    width = max(
        gross_width_usd(context.book, context.proposed),
        remembered_width_usd(context.book, context.session, calendar=context.calendar, rules=rules),
    )
    return units_required(width, context.spx, rules=rules)


def _units_verdict(context: Context, units: int) -> Verdict:
    """Say what the units were reckoned from; an unknown SPX leaves one unit certain."""
    return Verdict(
        code="HEDGE_UNITS",
        subject="hedge",
        observed=context.spx,
        limit=units,
        passed=context.spx is not None,
    )


def _minimum_hedge(context: Context) -> Verdict:
    """Alert, never block, when the least hedge costs more than the drag budget allows."""
    nav, least = context.book.nav_usd, context.rules.hedge.minimum_nav_usd
    return Verdict(
        code="MINIMUM_HEDGE",
        subject="hedge",
        observed=None if nav is None else float(nav),
        limit=least,
        passed=nav is not None and float(nav) >= least,
    )


def layer_state(context: Context, layer: Layer) -> LayerState:
    """Sort the lots of `layer` into those that stay, those that are due, those that end."""
    roll_dte = layer_rules(layer, context.rules.hedge).roll_dte
    lots = sorted(
        (lot for lot in context.book.lots if lot.layer is layer),
        key=lambda lot: (lot.contract.expiry, lot.lot_id),
    )
    ending = [lot for lot in lots if lot.contract.last_trade <= context.session]
    due = [lot for lot in lots if lot not in ending and _dte(lot, context) <= roll_dte]
    fresh = [lot for lot in lots if lot not in ending and lot not in due]
    return LayerState(fresh=tuple(fresh), due=tuple(due), ending=tuple(ending))


def _layer(context: Context, layer: Layer, units: int) -> Proposal:
    state = layer_state(context, layer)
    target = _target(context, state, units * layer_rules(layer, context.rules.hedge).contracts)
    in_flight = _layer_in_flight(context, layer)
    choice = choose_contract(context, layer)
    verdicts = (
        _layer_verdict(
            "LAYER_TARGET", layer, observed=state.held, limit=target, passed=state.held >= target
        ),
        _layer_verdict(
            "LAYER_IN_FLIGHT", layer, observed=in_flight, limit=False, passed=not in_flight
        ),
        _layer_verdict(
            "LAYER_QUOTE",
            layer,
            observed=None if choice is None else choice.contract.label(),
            limit="two-sided",
            passed=choice is not None,
        ),
        *(_roll_verdict(context, lot) for lot in (*state.ending, *state.due, *state.fresh)),
        *(_last_session(context, lot) for lot in state.ending),
        *(_lot_quote(context, lot) for lot in state.due),
    )
    if in_flight:
        return Proposal(verdicts=verdicts)
    intents = _fill_up(context, layer, target - state.held, choice)
    intents += _rolls(context, state, target - _contracts(state.fresh), choice)
    return Proposal(intents=intents, verdicts=verdicts)


def _target(context: Context, state: LayerState, target: int) -> int:
    """Return the contracts wanted; what is held stays wanted while the SPX level is unknown."""
    return target if context.spx is not None else max(target, state.held)


def _layer_verdict(
    code: str, layer: Layer, *, observed: Observed, limit: Observed, passed: bool
) -> Verdict:
    return Verdict(
        code=code, subject=f"layer:{layer.value}", observed=observed, limit=limit, passed=passed
    )


def _roll_verdict(context: Context, lot: HedgeLot) -> Verdict:
    """Let a lot roll when its days are used up."""
    dte, limit = _dte(lot, context), layer_rules(lot.layer, context.rules.hedge).roll_dte
    return Verdict(
        code="ROLL_DUE",
        subject=f"lot:{lot.lot_id}",
        observed=dte,
        limit=limit,
        passed=dte <= limit,
    )


def _last_session(context: Context, lot: HedgeLot) -> Verdict:
    """Forbid every order in a contract whose last session is here or gone."""
    return Verdict(
        code="LAST_SESSION",
        subject=f"lot:{lot.lot_id}",
        observed=lot.contract.last_trade.isoformat(),
        limit=f"after {context.session}",
        passed=False,
    )


def _lot_quote(context: Context, lot: HedgeLot) -> Verdict:
    """Forbid the sale of a due lot for which nobody is known to bid."""
    price = _sale_price(context, lot)
    return Verdict(
        code="LOT_QUOTE",
        subject=f"lot:{lot.lot_id}",
        observed=None if price is None else -float(price.natural),
        limit="bid",
        passed=price is not None,
    )


def _layer_in_flight(context: Context, layer: Layer) -> bool:
    """Whether an order of `layer` is not proven ended; a slot is a layer or begins with one."""
    slots = in_flight_slots(context.book, ALVH)
    return any(slot.partition("-")[0] == layer.value for slot in slots)


def choose_contract(context: Context, layer: Layer) -> Choice | None:
    """Return the VIX call to be bought for `layer` now, or ``None`` when none is quoted."""
    rules = layer_rules(layer, context.rules.hedge)
    for expiry in _buyable_expiries(context, rules):
        chain = context.chain(VIX_CLASS, expiry)
        choice = None if chain is None else _by_delta(chain, rules.delta)
        if choice is not None:
            return choice
    return None


def _buyable_expiries(context: Context, rules: LayerRules) -> tuple[dt.date, ...]:
    """Monthly expiries beyond the roll, best first: those in the window, or else all."""
    expiries = tuple(
        expiry
        for _, expiry in expiries_by_preference(context, (VIX_CLASS,), rules)
        if (expiry - context.session).days > rules.roll_dte
        and expiry > context.calendar.next(context.session)
        and is_monthly_vix_expiry(expiry, context.calendar)
    )
    inside = tuple(expiry for expiry in expiries if in_window(expiry, context.session, rules))
    return inside or expiries


def _by_delta(chain: PricedChain, delta: float) -> Choice | None:
    index = chain.nearest_delta(Right.CALL, delta, tolerance=ANY_DELTA)
    if index is None:
        return None
    return Choice(contract=chain.contracts[index], extrinsic_points=float(chain.extrinsic[index]))


def _fill_up(
    context: Context, layer: Layer, missing: int, choice: Choice | None
) -> tuple[OrderIntent, ...]:
    """Buy what the layer lacks."""
    if missing <= 0 or choice is None:
        return ()
    return _buy(context, layer, choice, quantity=missing, replaces=None)


def _rolls(
    context: Context, state: LayerState, needed: int, choice: Choice | None
) -> tuple[OrderIntent, ...]:
    """Roll the due lots as far as they are `needed`, the nearest expiry first; sell the rest."""
    intents: tuple[OrderIntent, ...] = ()
    for lot in state.due:
        quantity = min(lot.quantity, max(needed, 0))
        needed -= quantity
        if quantity == 0:
            intents += _sell(context, lot, quantity=lot.quantity, reason=ROLL_REST, after=None)
        elif choice is not None:
            intents += _roll(context, lot, quantity, choice)
    return intents


def _roll(
    context: Context, lot: HedgeLot, quantity: int, choice: Choice
) -> tuple[OrderIntent, ...]:
    """Buy first, then sell no more than the buy filled."""
    buys = _buy(context, lot.layer, choice, quantity=quantity, replaces=lot.lot_id)
    if not buys:
        return ()
    after = buys[0].intent_id
    return buys + _sell(context, lot, quantity=quantity, reason=ROLL_DUE, after=after)


def _buy(
    context: Context, layer: Layer, choice: Choice, *, quantity: int, replaces: str | None
) -> tuple[OrderIntent, ...]:
    legs = (Leg(contract=choice.contract, ratio=1),)
    price = price_order(legs, context.quote)
    if price is None:
        return ()
    slot = layer.value if replaces is None else replaces
    identity = Identity(session=context.session, strategy=ALVH, action=Action.BUY_HEDGE, slot=slot)
    return (
        OrderIntent(
            intent_id=str(identity),
            session=context.session,
            purpose=Purpose.PROTECT,
            action=Action.BUY_HEDGE,
            structure_id=lot_id(layer, context.session, replaces=replaces),
            legs=legs,
            quantity=quantity,
            ladder=make_hedge_ladder(price, legs[0], context.rules.ladder),
            mid=price.mid,
            natural=price.natural,
            reason=MISSING if replaces is None else ROLL_DUE,
            layer=layer,
            extrinsic_points=choice.extrinsic_points,
        ),
    )


def _sale_price(context: Context, lot: HedgeLot) -> OrderPrice | None:
    """Net price of selling one contract of `lot`, or ``None`` where nobody is known to bid."""
    price = price_order((Leg(contract=lot.contract, ratio=-1),), context.quote)
    return price if price is not None and price.natural < 0 else None


def _sell(
    context: Context, lot: HedgeLot, *, quantity: int, reason: str, after: str | None
) -> tuple[OrderIntent, ...]:
    price = _sale_price(context, lot)
    if price is None:
        return ()
    legs = (Leg(contract=lot.contract, ratio=-1),)
    identity = Identity(
        session=context.session, strategy=ALVH, action=Action.SELL_HEDGE, slot=lot.lot_id
    )
    return (
        OrderIntent(
            intent_id=str(identity),
            session=context.session,
            purpose=Purpose.PROTECT,
            action=Action.SELL_HEDGE,
            structure_id=lot.lot_id,
            legs=legs,
            quantity=quantity,
            ladder=make_hedge_ladder(price, legs[0], context.rules.ladder),
            mid=price.mid,
            natural=price.natural,
            reason=reason,
            layer=lot.layer,
            after=after,
        ),
    )


def _contracts(lots: tuple[HedgeLot, ...]) -> int:
    return sum(lot.quantity for lot in lots)


def _dte(lot: HedgeLot, context: Context) -> int:
    return lot.contract.dte(context.session)
