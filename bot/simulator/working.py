"""An order while it lives at the venue: its terms, its legs, and what has been filled."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.simulator import ticks
from bot.simulator.fills import Resting
from bot.simulator.hours import Window
from bot.simulator.instruments import Instrument
from bot.simulator.orders import OrderSnapshot, OrderStatus, OrderTicket

if TYPE_CHECKING:
    from bot.simulator.fills import FillSettings


class Serial:
    """Numbers that never repeat: the time in seconds, or one more than the last.

    Counting from the simulated time, a run that starts later numbers higher, so that numbers
    written down in one run stay unique in the next; the same run gives the same numbers again.
    """

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: dt.datetime) -> int:
        """Return a number that was not given before."""
        self._last = max(self._last + 1, int(now.timestamp()))
        return self._last


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a ticket comes to: the signed legs of one unit, and when it can trade.

    Parameters
    ----------
    instrument
        What the order is for; the BAG of a combo.
    legs
        Instruments with +1 for bought and -1 for sold when the order fills.
    window
        Regular hours it may trade in; the order ends with them.
    """

    instrument: Instrument
    legs: tuple[tuple[Instrument, int], ...]
    window: Window

    @property
    def combo(self) -> bool:
        """Whether it has legs that trade as one."""
        return self.instrument.sec_type == "BAG"


@dataclass(frozen=True, slots=True, kw_only=True)
class LooseFill:
    """Units of a combo of which only some legs have traded."""

    family: str
    units: int
    prices: tuple[Decimal, ...]
    legs_done: int


@dataclass(slots=True, kw_only=True)
class WorkingOrder:
    """A live order; only the exchange changes it.

    Prices are in the direction of the order's own definition, as on the wire;
    ``debit = direction x price`` is what one unit costs its owner.
    """

    ticket: OrderTicket
    terms: Terms
    perm_id: int
    threshold: Decimal
    status: OrderStatus = OrderStatus.PRE_SUBMITTED
    priced_at: dt.datetime | None = None
    filled: int = 0
    spent: Decimal = ticks.ZERO
    last_price: Decimal = ticks.ZERO
    last_fill_at: dt.datetime | None = None
    loose: LooseFill | None = None
    completed_at: dt.datetime | None = None
    reason: str = ""
    leg_filled: list[int] = field(default_factory=list)
    leg_spent: list[Decimal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.leg_filled = [0] * len(self.terms.legs)
        self.leg_spent = [ticks.ZERO] * len(self.terms.legs)

    @property
    def direction(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return direction(self.ticket)

    @property
    def remaining(self) -> int:
        """Units not yet filled."""
        return int(self.ticket.quantity) - self.filled

    @property
    def avg_price(self) -> Decimal:
        """Mean price of the units filled, 0 before the first."""
        return self.spent / self.filled if self.filled else ticks.ZERO

    def same_as(self, ticket: OrderTicket) -> bool:
        """Return whether `ticket` can be a change of this order, not another one."""
        old = self.ticket
        same_legs = (old.instrument, old.legs) == (ticket.instrument, ticket.legs)
        return same_legs and old.action == ticket.action and ticket.quantity > self.filled

    def resting(self, now: dt.datetime) -> Resting:
        """Return what the fill model has to know of it at `now`."""
        limit = limit_debit(self.ticket)
        since = self.priced_at or now
        return Resting(
            limit=limit,
            tick=ticks.increment(self.terms.instrument.market_rule, limit or ticks.ZERO),
            seconds=(now - since).total_seconds(),
            threshold=self.threshold,
        )

    def units_allowed(self, settings: FillSettings, now: dt.datetime) -> int:
        """Return how many units may fill at `now` under the partial-fill settings."""
        if settings.first_units is None:
            return self.remaining
        if self.filled == 0:
            return min(settings.first_units, self.remaining)
        return self.remaining if self.remainder_due(settings, now) else 0

    def remainder_due(self, settings: FillSettings, now: dt.datetime) -> bool:
        """Return whether what the last fill left open may trade at `now`."""
        if settings.remainder_seconds is None or self.last_fill_at is None:
            return False
        return (now - self.last_fill_at).total_seconds() >= settings.remainder_seconds

    def count(self, units: int, price: Decimal, now: dt.datetime) -> None:
        """Count `units` as filled at the net `price`."""
        self.filled += units
        self.spent += units * price
        self.last_price = price
        self.last_fill_at = now

    def count_leg(self, index: int, units: int, price: Decimal) -> tuple[int, Decimal]:
        """Count a leg's contracts as filled; return how many in all, and their mean price."""
        self.leg_filled[index] += units
        self.leg_spent[index] += units * price
        return self.leg_filled[index], self.leg_spent[index] / self.leg_filled[index]

    def snapshot(self) -> OrderSnapshot:
        """Return its state as a fact."""
        return OrderSnapshot(
            ticket=self.ticket,
            perm_id=self.perm_id,
            status=self.status,
            filled=self.filled,
            remaining=self.remaining,
            avg_fill_price=self.avg_price,
            last_fill_price=self.last_price,
            completed_at=self.completed_at,
            reason=self.reason,
        )


def direction(ticket: OrderTicket) -> int:
    """Return +1 for BUY, -1 for SELL."""
    return 1 if ticket.action == "BUY" else -1


def limit_debit(ticket: OrderTicket) -> Decimal | None:
    """Return the net debit that the ticket accepts at most; ``None`` for a market order."""
    if ticket.limit_price is None or ticket.order_type == "MKT":
        return None
    return direction(ticket) * ticks.to_decimal(ticket.limit_price)
