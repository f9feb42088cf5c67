"""The order of the probe: a condor that is offered at a price which nobody can want to pay.

One unit of an SPX iron condor is sold: the bot writes that as BUY of the legs in the direction
of the trade at a negative price, the credit. Whoever took the other side would pay the credit
and own the condor, which pays him at most its width at expiry and is worth about what the
quotes say today. So

* the credit is more than half the width of the wings, and at least three times the most that
  the quotes of its legs allow anybody to ask: it cannot be marketable, and the market would have
  to move by the distance of the strikes within a minute for that to change;
* the credit stays below the width, for a credit at or above it is free of risk, and the broker
  refuses "riskless combination orders" whatever their price;
* a change of the order asks for more.

`ensure_unfillable` checks all of this on the ticket itself, immediately before each send.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.broker.orders import PROBE_PREFIX, Ticket
from bot.core.book import Leg
from bot.core.errors import StewardError
from bot.core.model import Feed, Right
from bot.core.ticks import COMBO_TICK

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from bot.core.model import OptionContract, Quote
    from bot.core.universe import ListedSeries

WING_POINTS: Final = 50.0
DEVIATIONS: Final = 2.2
"""Distance of the short strikes from the money, in standard deviations to the expiry."""

FIRST_SHARE, SECOND_SHARE = Decimal("0.60"), Decimal("0.70")
"""Credit over width of the order as it is sent, and as it is changed."""

LEAST_MULTIPLE: Final = 3
LEAST_SHARE: Final = Decimal("0.5")
LEAST_WORTH: Final = Decimal(1)
"""Points that a condor is taken to be worth where the quotes say less."""

DIME: Final = Decimal("0.10")
LEGS: Final = 4


class UnsafeOrderError(StewardError):
    """The order of the probe might fill, and is not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The order as it is sent, its price when it is changed, and what the condor is worth.

    Parameters
    ----------
    ticket
        One unit at a credit.
    changed_price
        Net price of the change, further from the market.
    worth_points
        The most that anybody asks for the condor by the quotes of its legs.
    """

    ticket: Ticket
    changed_price: Decimal
    worth_points: Decimal

    @property
    def changed(self) -> Ticket:
        """The ticket after the change."""
        return dataclasses.replace(self.ticket, net_price=self.changed_price)


def condor_legs(series: ListedSeries, spot: float, *, vix: float, days: int) -> tuple[Leg, ...]:
    """Return a condor far from the money: long put, short put, short call, long call.

    Raises
    ------
    UnsafeOrderError
        If the strikes are too few for four different legs.
    """
    reach = DEVIATIONS * vix / 100 * math.sqrt(max(days, 1) / 365)
    short_put = _nearest(series.strikes, spot * math.exp(-reach))
    short_call = _nearest(series.strikes, spot * math.exp(reach))
    strikes = (
        _nearest(series.strikes, short_put - WING_POINTS),
        short_put,
        short_call,
        _nearest(series.strikes, short_call + WING_POINTS),
    )
    if not strikes[0] < strikes[1] < spot < strikes[2] < strikes[3]:
        raise UnsafeOrderError(f"strikes {strikes} around {spot:g} make no condor")
    rights = (Right.PUT, Right.PUT, Right.CALL, Right.CALL)
    return tuple(
        Leg(contract=series.contract(strike, right), ratio=ratio)
        for strike, right, ratio in zip(strikes, rights, (1, -1, -1, 1), strict=True)
    )


def _nearest(strikes: Sequence[float], wanted: float) -> float:
    return min(strikes, key=lambda strike: abs(strike - wanted))


def make_offer(
    legs: tuple[Leg, ...], quotes: Mapping[OptionContract, Quote], now: dt.datetime
) -> Offer:
    """Return the order for `legs`, priced by their width and checked against their quotes.

    Raises
    ------
    UnsafeOrderError
        If the quotes do not say what the condor is worth, or it is worth too much.
    """
    width = width_points(legs)
    ticket = Ticket(
        order_ref=f"{PROBE_PREFIX}{now:%m%d%H%M%S}",
        legs=legs,
        quantity=1,
        net_price=-_odd_nickels(width * FIRST_SHARE),
    )
    offer = Offer(
        ticket=ticket,
        changed_price=-_odd_nickels(width * SECOND_SHARE),
        worth_points=worth(legs, quotes),
    )
    ensure_unfillable(offer.ticket, offer.worth_points)
    ensure_unfillable(offer.changed, offer.worth_points)
    return offer


def _odd_nickels(price: Decimal) -> Decimal:
    """Return a price that is a multiple of 0.05 and none of 0.10."""
    return (price / DIME).to_integral_value() * DIME + COMBO_TICK


def worth(legs: Sequence[Leg], quotes: Mapping[OptionContract, Quote]) -> Decimal:
    """Return the most that anybody asks for the condor, in points.

    That is to pay the ask of each leg sold and get the bid of each leg bought; a wing that
    nobody bids for adds nothing.

    Raises
    ------
    UnsafeOrderError
        If a leg that is sold has no live ask.
    """
    total = Decimal(0)
    for leg in legs:
        quote = quotes[leg.contract]
        side = quote.ask if leg.ratio < 0 else quote.bid or 0.0
        if side is None or quote.feed is not Feed.LIVE:
            raise UnsafeOrderError(f"{leg.contract.label()} has no live quote, {quote}")
        total -= leg.ratio * Decimal(str(side))
    return total


def width_points(legs: Sequence[Leg]) -> Decimal:
    """Return the width of the narrower wing, in points."""
    strikes = {
        right: sorted(leg.contract.strike for leg in legs if leg.contract.right is right)
        for right in Right
    }
    return min(Decimal(str(found[-1] - found[0])) for found in strikes.values())


def ensure_unfillable(ticket: Ticket, worth_points: Decimal) -> None:
    """Refuse to send anything but one condor at a credit that nobody pays.

    Raises
    ------
    UnsafeOrderError
        With the first rule that is broken.
    """
    sides = Counter((leg.contract.right, leg.ratio) for leg in ticket.legs)
    balanced = sides == Counter((right, ratio) for right in Right for ratio in (-1, 1))
    if len(ticket.legs) != LEGS or not balanced:
        raise UnsafeOrderError(f"{sides} is no iron condor")
    if not _wings_outside(ticket.legs):
        raise UnsafeOrderError("a wing lies inside its short strike: that condor is bought")
    if ticket.quantity != 1:
        raise UnsafeOrderError(f"quantity is {ticket.quantity}, the probe trades 1")
    credit, width = -ticket.net_price, width_points(ticket.legs)
    least = max(LEAST_MULTIPLE * max(worth_points, LEAST_WORTH), LEAST_SHARE * width)
    if not least < credit < width:
        raise UnsafeOrderError(
            f"credit is {credit} points, it must lie above {least} (worth {worth_points}) and "
            f"below the width of {width}"
        )


def _wings_outside(legs: Sequence[Leg]) -> bool:
    strike = {(leg.contract.right, leg.ratio): leg.contract.strike for leg in legs}
    puts = strike[Right.PUT, 1] < strike[Right.PUT, -1]
    calls = strike[Right.CALL, -1] < strike[Right.CALL, 1]
    return puts and calls and strike[Right.PUT, -1] < strike[Right.CALL, -1]
