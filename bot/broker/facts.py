"""What the broker says, as frozen facts without a trace of the client library."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from bot.core.model import OptionContract


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFact:
    """Account values in USD; ``None`` when the broker did not say."""

    net_liquidation_usd: Decimal | None
    cash_usd: Decimal | None
    excess_liquidity_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFact:
    """One position; `contract` is ``None`` for what this bot does not trade."""

    con_id: int
    label: str
    contract: OptionContract | None
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact:
    """One order as the broker lists it, open or completed."""

    order_ref: str
    perm_id: int
    order_id: int
    client_id: int
    status: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFact:
    """One execution; `contract` is ``None`` for the summary of a combo.

    `quantity` is signed (bought is positive), `price` in points, `at` in UTC;
    `commission_usd` is ``None`` until the broker reports it.
    """

    exec_id: str
    order_ref: str
    perm_id: int
    contract: OptionContract | None
    quantity: int
    price: Decimal
    at: dt.datetime
    commission_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginFact:
    """Answer to a what-if order, in USD; ``None`` when the broker left it unset."""

    initial_margin_change_usd: Decimal | None
    maintenance_margin_change_usd: Decimal | None
    equity_with_loan_after_usd: Decimal | None
    initial_margin_after_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSweep:
    """Everything that the broker knows of today's orders: the only thing that ends one."""

    orders: tuple[OrderFact, ...]
    executions: tuple[ExecutionFact, ...]

    def knows(self, order_ref: str) -> bool:
        """Whether an order with this reference is listed, or was executed."""
        traded = any(execution.order_ref == order_ref for execution in self.executions)
        return traded or bool(self.orders_of(order_ref))

    def is_open(self, order_ref: str) -> bool:
        """Whether an order with this reference still works."""
        return any(order.is_open for order in self.orders_of(order_ref))

    def proves_end(self, order_ref: str) -> bool:
        """Whether the order is listed, and as completed only."""
        listed = self.orders_of(order_ref)
        return bool(listed) and not any(order.is_open for order in listed)

    def says_filled(self, order_ref: str) -> bool:
        """Whether an order with this reference is listed as filled, whatever was executed."""
        return any(order.status == "Filled" for order in self.orders_of(order_ref))

    def twins(self) -> tuple[str, ...]:
        """Return the references under which more than one order is listed, by permanent number."""
        numbers: dict[str, set[int]] = {}
        for order in self.orders:
            numbers.setdefault(order.order_ref, set()).add(order.perm_id)
        return tuple(sorted(name for name, found in numbers.items() if name and len(found) > 1))

    def orders_of(self, order_ref: str) -> tuple[OrderFact, ...]:
        """Return the listed orders with this reference; more than one is a fault."""
        return tuple(order for order in self.orders if order.order_ref == order_ref)
