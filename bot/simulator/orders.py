"""Orders of the simulated venue as it tells them: tickets in, snapshots and events out.

Signs follow the wire. A combo has one net price in the direction of its own definition: a BUY
at -2.30 receives 2.30 for it, and so does a SELL at +2.30 of the combo with every leg reversed.
Executions and fills carry prices in that same convention; each leg's own price is positive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from bot.simulator.instruments import Instrument


class OrderStatus(StrEnum):
    """States of an order, spelt as on the wire."""

    PENDING_SUBMIT = "PendingSubmit"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComboLeg:
    """One leg of a combo as its definition gives it."""

    con_id: int
    ratio: int
    action: str
    exchange: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTicket:
    """One order as a client placed it.

    Parameters
    ----------
    client_id, order_id
        Who placed it under which number; the pair identifies it while it lives.
    account
        Account it is meant for; ``""`` is the only one there is.
    instrument
        What is traded; a combo (``instruments.combo``) has `legs` besides. ``None`` when the
        contract was not found.
    legs
        Of a combo, in the order of its definition; empty otherwise.
    action
        ``BUY`` or ``SELL``.
    quantity
        Contracts, or combos.
    order_type, limit_price, tif
        ``LMT`` with a price, or ``MKT`` with ``None``; ``DAY`` (``""`` means the same).
    order_ref
        The client's own text.
    transmit
        Whether it may go to the exchange.
    what_if
        Whether only its margin is asked for.
    raw
        The remaining fields of the message, to be echoed with the open order.
    """

    client_id: int
    order_id: int
    account: str
    instrument: Instrument | None
    action: str
    quantity: float
    order_type: str
    limit_price: float | None = None
    legs: tuple[ComboLeg, ...] = ()
    tif: str = "DAY"
    order_ref: str = ""
    transmit: bool = True
    what_if: bool = False
    raw: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, int]:
        """Identity of the order while it lives."""
        return self.client_id, self.order_id

    @property
    def identity(self) -> str:
        """What the order is known by in every run: its reference, else its numbers."""
        return self.order_ref or f"{self.client_id}/{self.order_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSnapshot:
    """State of one order at one moment.

    ``filled`` and ``remaining`` count contracts, or whole combos. ``avg_fill_price`` and
    ``last_fill_price`` are 0 before the first fill. ``completed_at`` and ``reason`` are set
    once the order is done.
    """

    ticket: OrderTicket
    perm_id: int
    status: OrderStatus
    filled: int
    remaining: int
    avg_fill_price: Decimal
    last_fill_price: Decimal
    completed_at: dt.datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdate:
    """An order changed, or its state is told anew."""

    order: OrderSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionEvent:
    """One execution. A combo has one for the whole, without legs, then one for each leg.

    ``exec_id`` ends in the part (``01`` is the whole) and the revision: all parts of one fill
    share what stands before, and a correction has the next revision.
    """

    exec_id: str
    account: str
    instrument: Instrument
    side: str
    shares: int
    price: Decimal
    time: dt.datetime
    cum_qty: int
    avg_price: Decimal
    order_ref: str
    perm_id: int
    client_id: int
    order_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionEvent:
    """Commission of one execution; ``realized_pnl`` is ``None`` when it closed nothing."""

    exec_id: str
    commission: Decimal
    realized_pnl: Decimal | None
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderError:
    """The venue's message about an order; ``order_id`` is the client's number."""

    client_id: int
    order_id: int
    code: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginPreview:
    """Answer to a what-if order: requirements (USD) before it, after it, and the change."""

    ticket: OrderTicket
    init_before: Decimal
    init_after: Decimal
    maint_before: Decimal
    maint_after: Decimal
    equity_before: Decimal
    equity_after: Decimal
    commission: Decimal
    commission_currency: str = "USD"
    warning: str = ""

    @property
    def init_change(self) -> Decimal:
        """Change of the initial margin, USD."""
        return self.init_after - self.init_before

    @property
    def maint_change(self) -> Decimal:
        """Change of the maintenance margin, USD."""
        return self.maint_after - self.maint_before

    @property
    def equity_change(self) -> Decimal:
        """Change of equity with loan value, USD."""
        return self.equity_after - self.equity_before


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionEvent:
    """A position changed; 0 when it is gone (closed, expired or settled)."""

    account: str
    instrument: Instrument
    quantity: int
    avg_cost: Decimal


Event: TypeAlias = (
    OrderUpdate | ExecutionEvent | CommissionEvent | OrderError | MarginPreview | PositionEvent
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionQuery:
    """Which of today's executions are asked for; empty fields match everything."""

    client_id: int = 0
    account: str = ""
    since: dt.datetime | None = None
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    side: str = ""
