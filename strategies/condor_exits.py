"""When an open condor is closed (methodology, section 3).

Rules, with the exceptions:

- *Take profit* when the debit to close, at the mid, is at most half of the credit; no fill costs
  more than that. *Time exit* at 7 DTE. *Stop*, off by default, when the debit reaches its
  multiple of the credit. Under the trading state ``flatten`` every condor is closed.
- *Threatened*: a short strike's delta at its bound, or the index within one expected daily range of
  it. Such a condor is closed, and sold anew further out where that pays for itself
  (``strategies.condor_shift``).
- A condor of the profile ``daily`` expires in the next session, and expiry is its exit: of these
  rules only stop and flatten hold for it.
- An unknown debit triggers neither take profit nor stop, and it never keeps a due exit back as
  long as the order can be priced: a long wing without a bid counts 0. A short leg without an ask
  cannot be bought.
- All but the profit go through to the natural price, at most to the width of the wider spread:
  more than that the condor can never cost at expiry. A profit is not chased.
- After its last trade date a condor settles; no order can be sent for it. While an earlier
  order to close it is not proven ended, none is sent either.
- A verdict of a trigger that *passed* lets the exit through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from bot.core.book import Leg, TradingState
from bot.core.decision import Action, OrderIntent, Purpose, Verdict
from bot.core.plan import (
    CONDOR,
    Identity,
    OrderPrice,
    in_flight_slots,
    make_ladder,
    points,
    price_order,
)
from bot.core.threat import edr_distances, is_daily, short_deltas
from strategies.base import Context, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from bot.core.book import Condor
    from bot.core.decision import Observed

    Trigger: TypeAlias = Callable[[Context, "Held"], Verdict]

TAKE_PROFIT: Final = "TAKE_PROFIT"
THREATS: Final = frozenset({"threat_delta", "threat_edr"})
"""Reasons of the close of a threatened condor."""


class Held(NamedTuple):
    """An open condor, and what its triggers ask of it.

    Parameters
    ----------
    condor
        The condor.
    debit
        What closing it costs at the mid, in points; ``None`` when unknown.
    daily
        Whether it was sold to expire in the next session.
    """

    condor: Condor
    debit: Decimal | None
    daily: bool


def propose_exits(context: Context) -> Proposal:
    """Return the closing orders of all condors that are due, and the verdicts of all triggers."""
    proposals = [
        _exit(context, condor)
        for condor in sorted(context.book.condors, key=lambda condor: condor.structure_id)
    ]
    return Proposal(
        intents=tuple(intent for proposal in proposals for intent in proposal.intents),
        verdicts=tuple(verdict for proposal in proposals for verdict in proposal.verdicts),
    )


def _exit(context: Context, condor: Condor) -> Proposal:
    legs = closing_legs(condor)
    price = price_order(legs, context.quote, abandon=True)
    known_debit = price.mid if price is not None and price.complete else None
    held = Held(condor, known_debit, is_daily(condor, context.calendar))
    triggers = tuple(trigger(context, held) for trigger in TRIGGERS)
    fired = [verdict.code for verdict in triggers if verdict.passed]
    if not fired:
        return Proposal(verdicts=triggers)
    obstacles = _obstacles(context, condor, price)
    verdicts = triggers + obstacles
    if price is None or not all(verdict.passed for verdict in obstacles):
        return Proposal(verdicts=verdicts)
    intent = _close(context, condor, reason=fired[0], price=price)
    return Proposal(intents=(intent,), verdicts=verdicts)


def closing_legs(condor: Condor) -> tuple[Leg, ...]:
    """Return the four legs in the direction that closes `condor`."""
    return tuple(Leg(contract=leg.contract, ratio=-leg.ratio) for leg in condor.legs)


def _verdict(
    code: str, condor: Condor, *, observed: Observed, limit: Observed, passed: bool
) -> Verdict:
    return Verdict(
        code=code,
        subject=f"condor:{condor.structure_id}",
        observed=observed,
        limit=limit,
        passed=passed,
    )


def flatten(context: Context, held: Held) -> Verdict:
    """Fire when the trading state asks for every condor to be closed."""
    state = context.book.trading_state
    return _verdict(
        "FLATTEN",
        held.condor,
        observed=state.value,
        limit=TradingState.FLATTEN.value,
        passed=state is TradingState.FLATTEN,
    )


def stop(context: Context, held: Held) -> Verdict:
    """Fire when the debit reaches its multiple of the credit; a multiple of 0 is off."""
    multiple = points(context.rules.condor.stop_multiple_of_credit)
    limit, debit = multiple * held.condor.credit_points, held.debit
    return _verdict(
        "STOP",
        held.condor,
        observed=_float(debit),
        limit=float(limit) if multiple else None,
        passed=bool(multiple) and debit is not None and debit >= limit,
    )


def time_exit(context: Context, held: Held) -> Verdict:
    """Fire when the days to expiry are used up; those of a daily condor are its expiry."""
    dte = (held.condor.expiry - context.session).days
    limit = None if held.daily else context.rules.condor.time_exit_dte
    passed = limit is not None and dte <= limit
    return _verdict("TIME_EXIT", held.condor, observed=dte, limit=limit, passed=passed)


def threat_delta(context: Context, held: Held) -> Verdict:
    """Fire when the delta of a short strike reaches its bound."""
    first = held.condor.legs[0].contract
    chain = context.held_chain(first.trading_class, first.expiry)
    most = max(short_deltas(held.condor, chain).values(), default=None)
    return _threat("THREAT_DELTA", context, held, observed=most)


def threat_edr(context: Context, held: Held) -> Verdict:
    """Fire when the index is within its expected daily range of a short strike."""
    distances = edr_distances(held.condor, spot=context.spx, edr_pct=context.signals.edr_pct)
    return _threat("THREAT_EDR", context, held, observed=min(distances.values(), default=None))


def _threat(code: str, context: Context, held: Held, *, observed: float | None) -> Verdict:
    """Hold a delta (the more the nearer) or a distance (the less the nearer) against its bound."""
    rules = context.rules.condor
    bound = rules.shift_delta if code == "THREAT_DELTA" else rules.shift_edr
    on = rules.time_shift and not held.daily
    reached = observed is not None and (
        observed >= bound if code == "THREAT_DELTA" else observed <= bound
    )
    return _verdict(
        code, held.condor, observed=observed, limit=bound if on else None, passed=on and reached
    )


def take_profit(context: Context, held: Held) -> Verdict:
    """Fire when the debit is at most its share of the credit."""
    limit, debit = profit_debit(context, held.condor), held.debit
    on = not held.daily
    return _verdict(
        TAKE_PROFIT,
        held.condor,
        observed=_float(debit),
        limit=float(limit) if on else None,
        passed=on and debit is not None and debit <= limit,
    )


def profit_debit(context: Context, condor: Condor) -> Decimal:
    """Return the most that is paid to take the profit of `condor`, in points."""
    return points(context.rules.condor.take_profit_pct_of_credit) * condor.credit_points


TRIGGERS: Final[tuple[Trigger, ...]] = (
    flatten,
    stop,
    time_exit,
    threat_delta,
    threat_edr,
    take_profit,
)
"""Most urgent first: the first that fires is the reason of the order."""


def _obstacles(context: Context, condor: Condor, price: OrderPrice | None) -> tuple[Verdict, ...]:
    """Return the verdicts of what can stand in the way of a due exit."""
    last_trade = min(leg.contract.last_trade for leg in condor.legs)
    in_flight = condor.structure_id in in_flight_slots(context.book, CONDOR)
    return (
        _verdict(
            "LAST_TRADE",
            condor,
            observed=last_trade.isoformat(),
            limit=context.session.isoformat(),
            passed=last_trade >= context.session,
        ),
        _verdict("EXIT_IN_FLIGHT", condor, observed=in_flight, limit=False, passed=not in_flight),
        _verdict(
            "PRICE_UNKNOWN",
            condor,
            observed=None if price is None else float(price.natural),
            limit="known",
            passed=price is not None,
        ),
    )


def _close(context: Context, condor: Condor, *, reason: str, price: OrderPrice) -> OrderIntent:
    profit = reason == TAKE_PROFIT
    rules, legs = context.rules.ladder, closing_legs(condor)
    ladder = make_ladder(
        price,
        legs,
        rules,
        share=rules.floor_share if profit else rules.reduce_floor_share,
        worst=profit_debit(context, condor) if profit else points(condor.width_points),
    )
    identity = Identity(
        session=context.session,
        strategy=CONDOR,
        action=Action.CLOSE_CONDOR,
        slot=condor.structure_id,
    )
    return OrderIntent(
        intent_id=str(identity),
        session=context.session,
        purpose=Purpose.REDUCE,
        action=Action.CLOSE_CONDOR,
        structure_id=condor.structure_id,
        legs=legs,
        quantity=condor.quantity,
        ladder=ladder,
        mid=price.mid,
        natural=price.natural,
        reason=reason.lower(),
        tier=condor.tier,
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
