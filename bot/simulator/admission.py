"""Which orders the venue admits, and the codes with which it refuses the others.

=====  =================================================================================
code   refused because
=====  =================================================================================
321    the account is not this one
387    the order type is not LMT or MKT
10058  a combo has leg prices or routing parameters (NonGuaranteed): four legs of index
       options have one net price and are guaranteed
110    the limit price lies on no tick of its price band (combos: 0.05, whatever the legs)
201    anything else: no such contract; a contract that cannot be traded, is not listed, or
       has traded for the last time; no limit price; a quantity that is no whole positive
       number; a time in force other than DAY; legs that are no combo; no quote while the
       market is open; not enough available funds
=====  =================================================================================

Funds: the account after the order, at its limit and with its commission, must have available
funds of at least zero, unless the order leaves it with more of them than before. Orders that
are still working reserve nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.simulator import ticks
from bot.simulator.fees import commission
from bot.simulator.orders import MarginPreview, OrderTicket
from bot.simulator.working import Terms, direction, limit_debit

if TYPE_CHECKING:
    import datetime as dt

    from bot.simulator.account import Account
    from bot.simulator.hours import Hours
    from bot.simulator.instruments import Instrument, Instruments

INVALID_ACCOUNT = 321
OFF_TICK = 110
REJECTED = 201
UNSUPPORTED_TYPE = 387
WRONG_COMBO = 10058

ACTIONS = ("BUY", "SELL")
ORDER_TYPES = ("LMT", "MKT")
NET_PRICE_ONLY = ("orderComboLegs", "smartComboRoutingParams")
"""Fields of a combo order that count what it must not have."""

MINIMUM_LEGS, MAXIMUM_LEGS = 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an order is not admitted, as the wire tells it."""

    code: int
    message: str


def rejected(reason: str) -> Refusal:
    """Return the broker's general refusal."""
    return Refusal(code=REJECTED, message=f"Order rejected - reason:{reason}")


class Admission:
    """Checks tickets against the venue's rules and the account.

    Parameters
    ----------
    instruments
        The listing.
    account
        The only account.
    hours
        Regular hours.
    """

    def __init__(self, instruments: Instruments, account: Account, hours: Hours) -> None:
        self._instruments = instruments
        self._account = account
        self._hours = hours

    def review(self, ticket: OrderTicket, now: dt.datetime) -> Terms | Refusal:
        """Return the terms of `ticket`, or why it has none. Funds are a separate question."""
        refused = self._form(ticket) or _flags(ticket)
        if refused is not None:
            return refused
        legs = self._legs(ticket)
        if isinstance(legs, Refusal):
            return legs
        price = _price(ticket)
        return price if price is not None else self._terms(ticket, legs, now)

    def preview(self, ticket: OrderTicket, terms: Terms, units: int) -> MarginPreview:
        """Return the margin before and after `units` of the order fill at its limit."""
        marks = [self._account.mark(instrument) for instrument, _ in terms.legs]
        debit = limit_debit(ticket)
        if debit is None:
            debit = sum((s * m for (_, s), m in zip(terms.legs, marks, strict=True)), ticks.ZERO)
        fees = [commission(i, units, m) for (i, _), m in zip(terms.legs, marks, strict=True)]
        premium = debit * units * _premium_multiplier(terms)
        before = self._account.after((), ticks.ZERO)
        changes = [(instrument, sign * units) for instrument, sign in terms.legs]
        after = self._account.after(changes, premium + sum(fees, ticks.ZERO))
        return MarginPreview(
            ticket=ticket,
            init_before=before.requirement.initial,
            init_after=after.requirement.initial,
            maint_before=before.requirement.maintenance,
            maint_after=after.requirement.maintenance,
            equity_before=before.equity,
            equity_after=after.equity,
            commission=sum(fees, ticks.ZERO),
        )

    def _form(self, ticket: OrderTicket) -> Refusal | None:
        if ticket.account not in {"", self._account.account_id}:
            return Refusal(
                code=INVALID_ACCOUNT,
                message=f"Error validating request.-'bN' : cause - Invalid account code "
                f"'{ticket.account}'.",
            )
        if ticket.order_type not in ORDER_TYPES:
            return Refusal(
                code=UNSUPPORTED_TYPE,
                message=f"Unsupported order type for this exchange and security type: "
                f"{ticket.order_type!r}, use LMT or MKT.",
            )
        if ticket.action not in ACTIONS:
            return rejected(f"action {ticket.action!r} is not BUY or SELL")
        if ticket.tif not in {"", "DAY"}:
            return rejected(f"time in force {ticket.tif!r} is not DAY")
        if ticket.quantity <= 0 or ticket.quantity % 1:
            return rejected(f"quantity {ticket.quantity:g} is not a whole positive number")
        return None

    def _legs(self, ticket: OrderTicket) -> tuple[tuple[Instrument, int], ...] | Refusal:
        sign = direction(ticket)
        if ticket.instrument is None:
            return rejected("No security definition has been found for the request")
        if ticket.instrument.sec_type != "BAG":
            return ((ticket.instrument, sign),)
        numbers = {leg.con_id for leg in ticket.legs}
        if not MINIMUM_LEGS <= len(numbers) == len(ticket.legs) <= MAXIMUM_LEGS:
            return rejected(f"a combo has 2 to 4 different legs, not {len(ticket.legs)}")
        legs = []
        for leg in ticket.legs:
            instrument = self._instruments.by_con_id(leg.con_id)
            if instrument is None or leg.ratio != 1 or leg.action not in ACTIONS:
                return rejected(f"combo leg {leg.action} {leg.ratio} x {leg.con_id} is not valid")
            legs.append((instrument, sign if leg.action == "BUY" else -sign))
        return tuple(legs)

    def _terms(
        self, ticket: OrderTicket, legs: tuple[tuple[Instrument, int], ...], now: dt.datetime
    ) -> Terms | Refusal:
        traded = [instrument for instrument, _ in legs]
        for each in traded:
            if not each.tradable or not self._instruments.listed(each):
                return rejected(f"{each.local_symbol} is not listed for trading")
        window = self._hours.window(traded, now)
        if window is None:
            return rejected("This contract has expired or has traded for the last time")
        quoted = all(self._instruments.quote(each) is not None for each in traded)
        if not quoted and (window.contains(now) or ticket.order_type == "MKT"):
            return rejected("No price is known for this contract")
        instrument = ticket.instrument or traded[0]
        return Terms(instrument=instrument, legs=legs, window=window)


def funds(preview: MarginPreview) -> Refusal | None:
    """Return a refusal when an order takes available funds below zero and further down."""
    before = preview.equity_before - preview.init_before
    after = preview.equity_after - preview.init_after
    if after >= 0 or after >= before:
        return None
    return rejected(
        "We are unable to accept your order. Your Available Funds are insufficient. "
        f"Available Funds after the order {after:.2f} USD, before it {before:.2f} USD, must not "
        "fall below 0"
    )


def _flags(ticket: OrderTicket) -> Refusal | None:
    if all(ticket.raw.get(name, "0") == "0" for name in NET_PRICE_ONLY):
        return None
    message = "A combo has one net price: no leg prices, no routing parameters."
    return Refusal(code=WRONG_COMBO, message=message)


def _price(ticket: OrderTicket) -> Refusal | None:
    if ticket.order_type == "MKT" or ticket.instrument is None:
        return None
    if ticket.limit_price is None:
        return rejected("a limit order needs a limit price")
    price = ticks.to_decimal(ticket.limit_price)
    rule = ticket.instrument.market_rule
    if ticks.on_tick(rule, price) and (ticket.instrument.sec_type == "BAG" or price > 0):
        return None
    return Refusal(
        code=OFF_TICK,
        message="The price does not conform to the minimum price variation for this contract: "
        f"{price} is not a multiple of {ticks.increment(rule, price)}.",
    )


def _premium_multiplier(terms: Terms) -> Decimal:
    """Return USD a point that leave equity when a unit is bought: only options have a premium."""
    first = terms.legs[0][0]
    return Decimal(first.dollars_per_point if first.sec_type == "OPT" else 0)
