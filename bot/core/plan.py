"""From a wish to an order: net prices, price ladders, identities, and the cut after the hedge.

Rules, with the exceptions:

- Quotes become Decimal here and nowhere else.
- All prices are net debits of one unit: paid is positive, received is negative. *Down* is
  better for us.
- What is bought costs the ask at its *natural* price, what is sold brings the bid. Where nobody
  bids, a sale brings 0 and its mid is 0: a long wing without a bid is worth nothing, a short
  leg without an ask cannot be bought at all. A leg about which nothing is known makes the price
  unknown, except that a wing that shall be sold may be *abandoned* at 0; the price is then
  marked incomplete, and a rule that needs the true price must not use it.
- A price ladder starts at the mid and concedes equal parts of the half-spread (natural - mid)
  until its share is used up. Every step is rounded down to a valid tick, so none is worse than
  the floor; equal steps are one step. The hedge is the exception: where no valid price lies
  between its mid and its floor, as in a market one tick wide, its ladder goes on to the next tick
  beyond the mid, at most to the natural price. Otherwise it could never be bought there.
- Identities are deterministic: deciding again gives the same intent, and the venue never sees
  it twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

from bot.core.decision import Action, PriceLadder
from bot.core.model import MULTIPLIER, Session
from bot.core.risk import covered_condors, width_points
from bot.core.ticks import COMBO_TICK, round_down, round_up, tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bot.core.book import Book, Condor, Layer, Leg, Tier
    from bot.core.decision import OrderIntent
    from bot.core.model import OptionContract, Quote
    from bot.core.rules import LadderRules, Rules

CONDOR: Final = "condor"
ALVH: Final = "alvh"
"""Names of the strategies, as identities carry them."""

ROLL_DUE: Final = "roll_due"
ROLL_EXTRINSIC: Final = "roll_extrinsic"
ROLL_EARLY: Final = "roll_early"
LIKE_FOR_LIKE: Final = frozenset({ROLL_DUE, ROLL_EXTRINSIC, ROLL_EARLY})
"""Reasons of both orders of a like-for-like roll: by days, by time value, and early."""

REOPEN: Final = "reopen"
"""Reason of the purchase that brings a layer back to its target before a lot's rest is sold."""

MONETISE: Final = "monetise"
MONETISE_REST: Final = "monetise_rest"
"""Reasons of the sales that take a profit out of the hedge: half of a lot, and what is left."""

TIME_SHIFT: Final = "time_shift"
"""Reason of the intent that reopens a condor further out; such a condor is rolled no more."""

SECOND_ENGINE: Final = "second_engine"
"""Reason of a condor that is sold out of what the hedge has earned."""

FLATTEN: Final = "flatten"
"""Reason of an order that closes what the trading state ``flatten`` asks for."""

QUOTE_DIGITS: Final = 4
"""No venue quotes finer; what a float holds beyond that is noise."""

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPrice:
    """Net debit of one unit of an order, in points.

    Parameters
    ----------
    mid, natural
        At the mids, and when every leg pays its full spread; ``mid <= natural``.
    complete
        Whether every leg was quoted; otherwise unquoted sales are counted as 0.
    """

    mid: Decimal
    natural: Decimal
    complete: bool = True


def price_order(
    legs: Iterable[Leg],
    quote: Callable[[OptionContract], Quote | None],
    *,
    abandon: bool = False,
) -> OrderPrice | None:
    """Return the net price of one unit of `legs`, or ``None`` when it is unknown.

    Parameters
    ----------
    legs
        Signed legs in the direction of the trade.
    quote
        Looks up the live quote of a contract.
    abandon
        Whether a leg that is sold may count as 0 when nothing is known about it.
    """
    mid = natural = ZERO
    complete = True
    for leg in legs:
        price = _leg_price(quote(leg.contract), leg.ratio)
        if price is None:
            if not (abandon and leg.ratio < 0):
                return None
            complete = False
            continue
        mid += leg.ratio * price[0]
        natural += leg.ratio * price[1]
    return OrderPrice(mid=mid, natural=natural, complete=complete)


def _leg_price(quote: Quote | None, ratio: int) -> tuple[Decimal, Decimal] | None:
    """Mid and natural price of one contract bought (`ratio` > 0) or sold, if it is known."""
    if quote is None or quote.ask is None or not quote.sound:
        return None
    ask, bid = points(quote.ask), points(quote.bid or 0.0)
    if ratio > 0:
        return (bid + ask) / 2, ask
    return ((bid + ask) / 2, bid) if bid else (ZERO, ZERO)


@lru_cache(maxsize=4096, typed=True)  # prices lie on ticks: the same few come again and again
def points(value: float) -> Decimal:
    """Return a quoted price as the Decimal that was meant, free of float noise."""
    return Decimal(str(round(value, QUOTE_DIGITS)))


def make_ladder(
    price: OrderPrice,
    legs: Sequence[Leg],
    rules: LadderRules,
    *,
    share: float,
    worst: Decimal | None = None,
) -> PriceLadder:
    """Return the price ladder of an order.

    Step ``k`` of ``n`` is ``mid + share x k/(n-1) x (natural - mid)``, rounded down to a tick. A
    ladder of one step stands at its floor.

    Parameters
    ----------
    price
        Net price of one unit.
    legs
        Legs of the order: one leg moves in its contract's tick, a combo in 0.05.
    rules
        Number of steps, and seconds at each.
    share
        Share of the half-spread that may be conceded, 0 to 1.
    worst
        Net debit that no step may exceed, where a rule sets one; a mid above it gives way.
    """
    floor = price.mid + points(share) * (price.natural - price.mid)
    floor = floor if worst is None else min(floor, worst)
    start = min(price.mid, floor) if rules.steps > 1 else floor
    last = max(rules.steps - 1, 1)
    exact = (start + (floor - start) * k / last for k in range(rules.steps))
    increment = _increment(legs)
    steps = dict.fromkeys(round_down(value, increment(value)) for value in exact)
    return PriceLadder(steps=tuple(steps), seconds=rules.seconds, share=share, worst=worst)


def make_hedge_ladder(price: OrderPrice, leg: Leg, rules: LadderRules) -> PriceLadder:
    """Return the price ladder of a hedge order, which always offers the mid or more.

    As `make_ladder` with the share of the rules; where that ends short of the mid, the next tick
    beyond the mid, at most the natural price, is its last step.

    Parameters
    ----------
    price
        Net price of one contract.
    leg
        The call that is bought or sold.
    rules
        Steps, seconds and share.
    """
    ladder = make_ladder(price, (leg,), rules, share=rules.floor_share)
    ladder = replace(ladder, beyond_mid=True)
    if ladder.floor >= price.mid:
        return ladder
    beyond = round_up(price.mid, _increment((leg,))(price.mid))
    return replace(ladder, steps=(*ladder.steps, min(beyond, price.natural)))


def _increment(legs: Sequence[Leg]) -> Callable[[Decimal], Decimal]:
    """Return the tick as a function of the price."""
    if len(legs) > 1:
        return lambda _price: COMBO_TICK
    return partial(tick, legs[0].contract.trading_class)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who an intent is: ``session:strategy:action:slot``.

    Parameters
    ----------
    session
        Session of the intent.
    strategy
        ``condor`` or ``alvh``.
    action
        What it does.
    slot
        What it does it to: a tier or a layer that is opened, a structure that is closed or
        replaced.
    """

    session: Session
    strategy: str
    action: Action
    slot: str

    def __str__(self) -> str:
        """Return the ``intent_id``."""
        return f"{self.session}:{self.strategy}:{self.action.value}:{self.slot}"


def condor_id(tier: Tier, session: Session) -> str:
    """Return the structure id of the condor of `tier` opened in `session`."""
    return f"{tier.value}-{session:%Y%m%d}"


def shifted_id(condor: Condor, session: Session) -> str:
    """Return the structure id of the condor that replaces another: it carries a mark of its id."""
    return f"{condor_id(condor.tier, session)}-{_mark(condor.structure_id)}"


def lot_id(layer: Layer, session: Session, *, replaces: str | None = None) -> str:
    """Return the structure id of a lot bought in `session`: ``near-20260724``.

    It begins with the layer, as the slots of the layer's intents do. A lot that replaces another
    carries a mark of the other's id, since several lots of a layer may be rolled in one session.
    """
    name = f"{layer.value}-{session:%Y%m%d}"
    if replaces is None:
        return name
    return f"{name}-{_mark(replaces)}"


def _mark(structure_id: str) -> str:
    return hashlib.blake2s(structure_id.encode(), digest_size=4).hexdigest()


def in_flight_slots(book: Book, strategy: str) -> frozenset[str]:
    """Return the slots on which intents of `strategy`, of any session, are not proven ended."""
    parts = (intent_id.split(":", 3) for intent_id in book.in_flight)
    return frozenset(part[3] for part in parts if len(part) == len(_PARTS) and part[1] == strategy)


_PARTS: Final = ("session", "strategy", "action", "slot")


def executable_quantity(  # noqa: PLR0913 - every input of the rule is named by its caller
    intent: OrderIntent,
    *,
    filled: Mapping[str, int],
    held: Mapping[Layer, int],
    gross_width_usd: float,
    spx: float | None,
    rules: Rules,
) -> int:
    """Return how many units of `intent` may be sent now, when its turn has come.

    A sale that waits for a buy is cut to what the buy filled. A condor is cut to what the filled
    layers cover: its gross width and that of the open condors stay within
    ``min(near/4, mid/4, far/2)`` units.

    Parameters
    ----------
    intent
        The intent to be sent.
    filled
        Units filled so far, by ``intent_id``.
    held
        Contracts held in each layer now.
    gross_width_usd
        Gross width of the condors open now, in USD.
    spx
        SPX level, or ``None`` when unknown: then nothing new is covered.
    rules
        The rules that the decision was made with.
    """
    quantity = intent.quantity
    if intent.after is not None:
        quantity = min(quantity, max(0, filled.get(intent.after, 0) - intent.after_reserved))
    if intent.needs_cover:
        covered = covered_condors(
            width_points(intent.legs),
            held=held,
            gross_width_usd=gross_width_usd,
            spx=spx,
            rules=rules.hedge,
        )
        quantity = min(quantity, covered)
    return quantity


def recut(intent: OrderIntent, paid_usd: Decimal) -> OrderIntent | None:
    """Return a replacing condor at prices that bring what the close of the old one cost.

    Each unit must bring ``paid / (100 x units) + fees``: new credit less the actual closing debit
    less fees is never negative. Prices that bring less are raised to it, on a tick.

    Parameters
    ----------
    intent
        With its final quantity; one that repays nothing comes back as it is.
    paid_usd
        What the close cost in all, commissions left out.

    Returns
    -------
    OrderIntent or None
        ``None`` where even its best price brings less: then it may not be sent.
    """
    if intent.repays_points is None:
        return intent
    needed = paid_usd / (MULTIPLIER * intent.quantity) + intent.repays_points
    worst = round_down(-needed, COMBO_TICK)
    if intent.ladder.steps[0] > worst:
        return None
    steps = tuple(dict.fromkeys(min(step, worst) for step in intent.ladder.steps))
    return replace(intent, ladder=replace(intent.ladder, steps=steps, worst=worst))
