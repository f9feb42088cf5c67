"""The simulated venue: tickets in, events out, at the time it is told.

The gateway moves the market first and this after it (``advance``); between two instants nothing
happens. Everything here is deterministic: the same tickets at the same times in the same market
give the same events, numbers included.

Life of an order: *PreSubmitted* when admitted, *Submitted* in regular hours, *Filled*,
*Cancelled*, or *Inactive* when it is refused with 201. Every order is good for the day: it is
cancelled when the hours of any of its legs end. Other refusals (``admission``) leave no order
behind, and a refused change leaves the original as it was.

=====  =================================================================================
code   said about an order
=====  =================================================================================
103    its number is not higher than every number its client used before
104    it was to be changed after it had been filled
105    a change would make it another order: contract, legs, side, or no more than was filled
202    it was cancelled, by its client or at the end of its day
399    it waits for the opening (a warning; the order lives)
10147  it was to be cancelled, and there is no such order
10148  it was to be cancelled, and is already done
=====  =================================================================================
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.simulator.admission import Admission, Refusal, funds
from bot.simulator.clearing import Clearing
from bot.simulator.fills import FillPolicy, FillSettings, threshold
from bot.simulator.hours import Hours, new_york_date
from bot.simulator.matching import Matching
from bot.simulator.orders import (
    ComboLeg,
    CommissionEvent,
    Event,
    ExecutionEvent,
    ExecutionQuery,
    MarginPreview,
    OrderError,
    OrderSnapshot,
    OrderStatus,
    OrderTicket,
    OrderUpdate,
    PositionEvent,
)
from bot.simulator.ticks import ZERO
from bot.simulator.working import Serial, Terms, WorkingOrder

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from bot.simulator.account import Account
    from bot.simulator.clearing import Fill, Reported
    from bot.simulator.instruments import Instruments
    from bot.simulator.market import Market

__all__ = [
    "ComboLeg",
    "CommissionEvent",
    "Event",
    "Exchange",
    "ExchangeSettings",
    "ExecutionEvent",
    "ExecutionQuery",
    "FillPolicy",
    "FillSettings",
    "MarginPreview",
    "OrderError",
    "OrderSnapshot",
    "OrderStatus",
    "OrderTicket",
    "OrderUpdate",
    "PositionEvent",
]

DUPLICATE_ID = 103
FILLED_ALREADY = 104
NOT_THE_SAME = 105
REJECTED = 201
CANCELLED = 202
WARNING = 399
NOT_FOUND = 10147
NOT_CANCELLABLE = 10148


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """How the venue behaves.

    Parameters
    ----------
    fills
        The fill model.
    late_fill_seconds
        Fault: a cancelled order fills all the same, so long after its cancellation. ``None``
        is never.
    """

    fills: FillSettings = field(default_factory=FillSettings)
    late_fill_seconds: float | None = None


class Exchange:
    """Matches orders with a market and books what comes of it.

    Parameters
    ----------
    market, instruments
        The market, already at the time of each call, and its listing.
    account
        The only account.
    settings
        How the venue behaves.
    """

    def __init__(
        self,
        market: Market,
        instruments: Instruments,
        account: Account,
        settings: ExchangeSettings | None = None,
    ) -> None:
        self._instruments = instruments
        self._account = account
        self._settings = settings or ExchangeSettings()
        self._hours = Hours(market.days())
        self._admission = Admission(instruments, account, self._hours)
        self._clearing = Clearing(account)
        self._matching = Matching(instruments, self._clearing)
        self._perm_ids = Serial()
        self._used_ids: dict[int, int] = {}
        self._working: dict[tuple[int, int], WorkingOrder] = {}
        self._completed: dict[int, OrderSnapshot] = {}
        self._late: list[tuple[dt.datetime, WorkingOrder]] = []
        self._treatment: dict[tuple[int, int], ExchangeSettings] = {}
        self._today: dt.date | None = None

    def submit(self, ticket: OrderTicket, now: dt.datetime) -> list[Event]:
        """Place, change (same client and number as a live order) or preview an order."""
        self._start_day(now)
        if ticket.what_if:
            self._use_id(ticket)
            return self._preview(ticket, now)
        if ticket.key in self._working:
            return self._modify(self._working[ticket.key], ticket, now)
        duplicate = self._duplicate(ticket)
        if duplicate is not None:
            return [_error(ticket, duplicate)]
        self._use_id(ticket)
        return self._place(ticket, now)

    def cancel(self, client_id: int, order_id: int, now: dt.datetime) -> list[Event]:
        """Cancel the order that `client_id` placed as `order_id`."""
        self._start_day(now)
        order = self._working.get((client_id, order_id))
        if order is not None:
            return self._cancel(order, now, reason="")
        return [self._not_cancelled(client_id, order_id)]

    def cancel_all(self, now: dt.datetime) -> list[Event]:
        """Cancel every live order, whoever placed it."""
        self._start_day(now)
        return self._each(lambda order: self._cancel(order, now, reason=""))

    def advance(self, now: dt.datetime) -> list[Event]:
        """Let everything happen that is due at `now`: endings, openings, fills, settlements."""
        self._start_day(now)
        worked = self._each(lambda order: self._work(order, now))
        return [*worked, *self._fill_late(now), *self._settle(now)]

    def open_orders(self) -> tuple[OrderSnapshot, ...]:
        """Return the live orders of all clients, oldest first."""
        return tuple(order.snapshot() for order in self._working.values())

    def completed_orders(self) -> tuple[OrderSnapshot, ...]:
        """Return the orders of all clients that were done with today, oldest first."""
        return tuple(self._completed.values())

    def executions(self, query: ExecutionQuery | None = None) -> tuple[Reported, ...]:
        """Return today's executions that fit `query`, oldest first, each with its commission.

        The whole of a combo has no commission; its legs have.
        """
        return self._clearing.executions(query or ExecutionQuery())

    def correct(self, exec_id: str, price: Decimal, *, now: dt.datetime) -> list[Event]:
        """Correct the price of one of today's executions, as exchanges do now and then.

        Raises
        ------
        KeyError
            If it is not an execution of today that carries a commission.
        """
        return self._clearing.correct(exec_id, price, now).events()

    def next_order_id(self, client_id: int) -> int:
        """Return the lowest number that `client_id` may give its next order."""
        return self._used_ids.get(client_id, 0) + 1

    def roll_back_order_ids(self) -> None:
        """Forget which numbers were used, as a restarted gateway may."""
        self._used_ids.clear()

    def treat(self, key: tuple[int, int], settings: ExchangeSettings) -> None:
        """Treat one order, placed or to come today, by settings of its own (`OrderTicket.key`)."""
        self._treatment[key] = settings

    def _settings_of(self, order: WorkingOrder) -> ExchangeSettings:
        return self._treatment.get(order.ticket.key, self._settings)

    def _start_day(self, now: dt.datetime) -> None:
        self._account.start_day(now)
        today = new_york_date(now)
        if today != self._today:
            if self._today is not None:  # an order of the first day may be named before it comes
                self._treatment = {k: v for k, v in self._treatment.items() if k in self._working}
            self._today = today
            self._completed.clear()
            self._clearing.start_day()

    def _each(self, act: Callable[[WorkingOrder], list[Event]]) -> list[Event]:
        return [event for order in tuple(self._working.values()) for event in act(order)]

    def _use_id(self, ticket: OrderTicket) -> None:
        highest = self._used_ids.get(ticket.client_id, 0)
        self._used_ids[ticket.client_id] = max(highest, ticket.order_id)

    def _duplicate(self, ticket: OrderTicket) -> Refusal | None:
        if not 0 < ticket.order_id < self.next_order_id(ticket.client_id):
            return None
        done = self._done(ticket.client_id, ticket.order_id)
        if done is not None and done.status is OrderStatus.FILLED:
            return Refusal(code=FILLED_ALREADY, message="Cannot modify a filled order.")
        return Refusal(code=DUPLICATE_ID, message="Duplicate order id")

    def _done(self, client_id: int, order_id: int) -> OrderSnapshot | None:
        key = (client_id, order_id)
        return next((o for o in self._completed.values() if o.ticket.key == key), None)

    def _preview(self, ticket: OrderTicket, now: dt.datetime) -> list[Event]:
        terms = self._admission.review(ticket, now)
        if isinstance(terms, Refusal):
            return [_error(ticket, terms)]
        preview = self._admission.preview(ticket, terms, int(ticket.quantity))
        refusal = funds(preview)
        return [preview] if refusal is None else [_error(ticket, refusal)]

    def _reviewed(self, ticket: OrderTicket, now: dt.datetime, filled: int) -> Terms | Refusal:
        terms = self._admission.review(ticket, now)
        if isinstance(terms, Refusal):
            return terms
        units = int(ticket.quantity) - filled
        return funds(self._admission.preview(ticket, terms, units)) or terms

    def _place(self, ticket: OrderTicket, now: dt.datetime) -> list[Event]:
        terms = self._reviewed(ticket, now, filled=0)
        if isinstance(terms, Refusal):
            return self._refuse(ticket, terms, now)
        order = WorkingOrder(
            ticket=ticket,
            terms=terms,
            perm_id=self._perm_ids.next(now),
            threshold=threshold(self._settings.fills, ticket.identity),
        )
        self._working[ticket.key] = order
        accepted: list[Event] = [OrderUpdate(order=order.snapshot())]
        if not terms.window.contains(now):
            accepted.append(_error(ticket, _waits(terms)))
        return accepted + self._work(order, now)

    def _refuse(self, ticket: OrderTicket, refusal: Refusal, now: dt.datetime) -> list[Event]:
        error = _error(ticket, refusal)
        if refusal.code != REJECTED or ticket.instrument is None:
            return [error]
        refused = OrderSnapshot(
            ticket=ticket,
            perm_id=self._perm_ids.next(now),
            status=OrderStatus.INACTIVE,
            filled=0,
            remaining=int(ticket.quantity),
            avg_fill_price=ZERO,
            last_fill_price=ZERO,
            completed_at=now,
            reason=refusal.message,
        )
        self._completed[refused.perm_id] = refused
        return [OrderUpdate(order=refused), error]

    def _modify(self, order: WorkingOrder, ticket: OrderTicket, now: dt.datetime) -> list[Event]:
        if not order.same_as(ticket):
            message = "Order being modified does not match original order"
            return [_error(ticket, Refusal(code=NOT_THE_SAME, message=message))]
        terms = self._reviewed(ticket, now, filled=order.filled)
        if isinstance(terms, Refusal):
            return [_error(ticket, terms)]
        if ticket.limit_price != order.ticket.limit_price and order.priced_at is not None:
            order.priced_at = now
        order.ticket = replace(ticket, client_id=order.ticket.client_id)
        return [OrderUpdate(order=order.snapshot()), *self._work(order, now)]

    def _cancel(self, order: WorkingOrder, now: dt.datetime, reason: str) -> list[Event]:
        delay = self._settings_of(order).late_fill_seconds
        if delay is not None and order.status is OrderStatus.SUBMITTED:
            self._late.append((now + dt.timedelta(seconds=delay), order))
        order.reason = reason
        self._complete(order, OrderStatus.CANCELLED, now)
        refusal = Refusal(code=CANCELLED, message=f"Order Canceled - reason:{reason}")
        return [OrderUpdate(order=order.snapshot()), _error(order.ticket, refusal)]

    def _not_cancelled(self, client_id: int, order_id: int) -> OrderError:
        done = self._done(client_id, order_id)
        code, message = NOT_FOUND, f"OrderId {order_id} that needs to be cancelled is not found."
        if done is not None:
            code = NOT_CANCELLABLE
            message = (
                f"OrderId {order_id} that needs to be cancelled cannot be cancelled, "
                f"state: {done.status}."
            )
        return OrderError(client_id=client_id, order_id=order_id, code=code, message=message)

    def _complete(self, order: WorkingOrder, status: OrderStatus, now: dt.datetime) -> None:
        order.status, order.completed_at = status, now
        self._working.pop(order.ticket.key, None)
        self._completed[order.perm_id] = order.snapshot()

    def _work(self, order: WorkingOrder, now: dt.datetime) -> list[Event]:
        """End, open or fill one order, as `now` has it."""
        if now >= order.terms.window.close:
            return self._cancel(order, now, reason="end of the trading day")
        if not order.terms.window.contains(now) or not order.ticket.transmit:
            return []
        opened: list[Event] = []
        if order.status is OrderStatus.PRE_SUBMITTED:
            order.status, order.priced_at = OrderStatus.SUBMITTED, now
            opened.append(OrderUpdate(order=order.snapshot()))
        return opened + self._match(order, now)

    def _match(self, order: WorkingOrder, now: dt.datetime) -> list[Event]:
        fill = self._matching.fill(order, self._settings_of(order).fills, now)
        return [] if fill is None else self._book(fill)

    def _book(self, fill: Fill) -> list[Event]:
        order = fill.order
        booked = self._clearing.book(fill)
        if not order.remaining:
            self._complete(order, OrderStatus.FILLED, fill.now)
        return booked.events(OrderUpdate(order=order.snapshot()))

    def _fill_late(self, now: dt.datetime) -> list[Event]:
        """Fill what was cancelled but was, as it turns out, on its way to a fill that day."""
        due = [o for at, o in self._late if at <= now < o.terms.window.close]
        self._late = [(at, order) for at, order in self._late if at > now]
        fills = [self._matching.late_fill(order, now) for order in due]
        return [event for fill in fills if fill is not None for event in self._book(fill)]

    def _settle(self, now: dt.datetime) -> list[Event]:
        """Turn expired positions into cash where the settlement value is known."""
        events: list[Event] = []
        for line in self._account.positions():
            due = self._hours.settles_at(line.instrument)
            if due is None or now < due:
                continue
            level = self._instruments.settlement(line.instrument)
            if level is not None:
                self._account.settle(line.instrument, level)
                events.append(self._clearing.position(line.instrument))
        return events


def _waits(terms: Terms) -> Refusal:
    return Refusal(
        code=WARNING,
        message="Order Message:\nWarning: your order will not be placed at the exchange until "
        f"{terms.window.open:%Y-%m-%d %H:%M:%S} UTC",
    )


def _error(ticket: OrderTicket, refusal: Refusal) -> OrderError:
    return OrderError(
        client_id=ticket.client_id,
        order_id=ticket.order_id,
        code=refusal.code,
        message=refusal.message,
    )
