"""Executions, commissions and positions that come of a fill, and the day's record of them.

A fill of a combo is one family of executions: the whole, which carries the net price and no
commission, and one for each leg, which carry the commissions. Numbers look like
``0000e0d5.65f1a2b3.02.01``: venue, family, part (01 is the whole, or the only one), revision.
Only the executions of the current New York day are kept, as at the broker.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from bot.simulator import ticks
from bot.simulator.account import Trade
from bot.simulator.fees import commission
from bot.simulator.orders import (
    CommissionEvent,
    Event,
    ExecutionEvent,
    ExecutionQuery,
    OrderUpdate,
    PositionEvent,
)
from bot.simulator.working import Serial, WorkingOrder

if TYPE_CHECKING:
    from bot.simulator.account import Account
    from bot.simulator.instruments import Instrument

Reported: TypeAlias = tuple[ExecutionEvent, CommissionEvent | None]
"""An execution with its commission; the whole of a combo has none."""

VENUE = "0000e0d5"
WHOLE = 1
FIRST_LEG = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What is to be booked.

    Parameters
    ----------
    order
        The order that fills.
    family
        Middle of the execution numbers, from ``Clearing.family``.
    units
        Contracts, or combos.
    prices
        Price of every leg, traded now or earlier.
    legs
        Indexes of the legs that trade now.
    completes
        Whether the units are whole with it; only then does the order count them.
    now
        Time of the fill.
    """

    order: WorkingOrder
    family: str
    units: int
    prices: tuple[Decimal, ...]
    legs: range
    completes: bool
    now: dt.datetime

    @property
    def price(self) -> Decimal:
        """Net price of one unit, in the direction of the order's own definition."""
        signed = (
            sign * price
            for (_, sign), price in zip(self.order.terms.legs, self.prices, strict=True)
        )
        return self.order.direction * sum(signed, ticks.ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What one fill gave rise to, by kind, each in the order of the legs."""

    executions: tuple[ExecutionEvent, ...]
    commissions: tuple[CommissionEvent, ...]
    positions: tuple[PositionEvent, ...]

    def events(self, update: OrderUpdate | None = None) -> list[Event]:
        """Return executions, then the order's new state, commissions and positions."""
        state = () if update is None else (update,)
        return [*self.executions, *state, *self.commissions, *self.positions]


class Clearing:
    """Books fills to the account and keeps the day's executions.

    Parameters
    ----------
    account
        The only account.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._families = Serial()
        self._executions: dict[str, ExecutionEvent] = {}
        self._commissions: dict[str, CommissionEvent] = {}

    def start_day(self) -> None:
        """Forget the executions of the day before."""
        self._executions.clear()
        self._commissions.clear()

    def family(self, now: dt.datetime) -> str:
        """Return a new family of execution numbers."""
        return f"{VENUE}.{self._families.next(now):08x}"

    def executions(self, query: ExecutionQuery) -> tuple[Reported, ...]:
        """Return today's executions that fit `query`, oldest first, with their commissions."""
        return tuple(
            (execution, self._commissions.get(exec_id))
            for exec_id, execution in self._executions.items()
            if _fits(execution, query)
        )

    def book(self, fill: Fill) -> Booked:
        """Book `fill` to the account, the order and the record."""
        order = fill.order
        if fill.completes:
            order.count(fill.units, fill.price, fill.now)
        whole = [self._record(_whole(fill))] if fill.completes and order.terms.combo else []
        executions = [self._record(self._execution(fill, index)) for index in fill.legs]
        commissions = [self._charge(each) for each in executions]
        positions = [self.position(order.terms.legs[index][0]) for index in fill.legs]
        return Booked(
            executions=(*whole, *executions),
            commissions=tuple(commissions),
            positions=tuple(positions),
        )

    def correct(self, exec_id: str, price: Decimal, now: dt.datetime) -> Booked:
        """Replace an execution of today by its next revision, at another price.

        Raises
        ------
        KeyError
            If `exec_id` is not an execution of today that carries a commission.
        """
        fee, old = self._commissions.pop(exec_id), self._executions.pop(exec_id)
        part, _, revision = exec_id.rpartition(".")
        new_id = f"{part}.{int(revision) + 1:02d}"
        self._account.correct(old.instrument, _signed(old), price - old.price)
        new = self._record(replace(old, exec_id=new_id, price=price, time=now))
        self._commissions[new_id] = replace(fee, exec_id=new_id)
        return Booked(
            executions=(new,),
            commissions=(self._commissions[new_id],),
            positions=(self.position(old.instrument),),
        )

    def position(self, instrument: Instrument) -> PositionEvent:
        """Return the position in `instrument` as it is now."""
        line = self._account.position(instrument)
        return PositionEvent(
            account=self._account.account_id,
            instrument=instrument,
            quantity=line.quantity,
            avg_cost=line.avg_cost,
        )

    def _record(self, execution: ExecutionEvent) -> ExecutionEvent:
        own = replace(execution, account=self._account.account_id)
        self._executions[own.exec_id] = own
        return own

    def _execution(self, fill: Fill, index: int) -> ExecutionEvent:
        order = fill.order
        instrument, sign = order.terms.legs[index]
        quantity, average = order.count_leg(index, fill.units, fill.prices[index])
        return replace(
            _whole(fill),
            exec_id=_number(fill, index + FIRST_LEG if order.terms.combo else WHOLE),
            instrument=instrument,
            side=_side(sign),
            price=fill.prices[index],
            cum_qty=quantity,
            avg_price=average,
        )

    def _charge(self, execution: ExecutionEvent) -> CommissionEvent:
        quantity, price = _signed(execution), execution.price
        fee = commission(execution.instrument, quantity, price)
        realized = self._account.trade(
            Trade(instrument=execution.instrument, quantity=quantity, price=price, commission=fee)
        )
        event = CommissionEvent(exec_id=execution.exec_id, commission=fee, realized_pnl=realized)
        self._commissions[event.exec_id] = event
        return event


def _number(fill: Fill, part: int) -> str:
    return f"{fill.family}.{part:02d}.01"


def _whole(fill: Fill) -> ExecutionEvent:
    order, ticket = fill.order, fill.order.ticket
    return ExecutionEvent(
        exec_id=_number(fill, WHOLE),
        account=ticket.account,
        instrument=order.terms.instrument,
        side=_side(order.direction),
        shares=fill.units,
        price=fill.price,
        time=fill.now,
        cum_qty=order.filled,
        avg_price=order.avg_price,
        order_ref=ticket.order_ref,
        perm_id=order.perm_id,
        client_id=ticket.client_id,
        order_id=ticket.order_id,
    )


def _side(sign: int) -> str:
    return "BOT" if sign > 0 else "SLD"


def _signed(execution: ExecutionEvent) -> int:
    return execution.shares if execution.side == "BOT" else -execution.shares


def _fits(execution: ExecutionEvent, query: ExecutionQuery) -> bool:
    pairs = (
        (query.client_id, execution.client_id),
        (query.account, execution.account),
        (query.symbol, execution.instrument.symbol),
        (query.sec_type, execution.instrument.sec_type),
        (query.exchange, execution.instrument.exchange),
        (query.side, execution.side),
    )
    recent = query.since is None or execution.time >= query.since
    return recent and all(not wanted or wanted == have for wanted, have in pairs)
