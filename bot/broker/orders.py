"""Orders on the wire: placed, modified, cancelled, and swept up.

The library's own idea of an order is a hint: some errors make it say *Cancelled* while the
order lives. What ended is read from a sweep (open orders, completed orders, executions) and
from nothing else.

A combo is always written as BUY of the legs in the direction of the trade, with the net debit
as its price: a credit is a negative price. A single leg is BUY or SELL at a positive price.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.broker import contracts as ib_contracts
from bot.broker.client import Contract, Order, Trade
from bot.broker.facts import ExecutionFact, MarginFact, OrderFact, OrderSweep
from bot.broker.readable import SIGNS, finite, outward, readable, whole
from bot.broker.session import OF_CANCELS, Broker, money
from bot.core.book import Leg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.broker.client import Fill, OrderState

PROBE_PREFIX = "probe-"
"""How references begin of orders by which ``bot.probe`` tests a gateway: nothing that the ledger
knows, never a position, and never left to itself."""

OPEN_STATES = frozenset(
    {"ApiPending", "PendingSubmit", "PendingCancel", "PreSubmitted", "Submitted", "Inactive"}
)


REJECTED = 201
"""Code of the message by which the venue refuses an order."""

NUMBER_TAKEN = 103
"""Code of the message that another order has the same number: this one was not placed."""

NUMBER_GAP = 1000
"""How far above every known number an order is numbered whose own number was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What to send: qualified legs of one unit, how many units, the net debit in points."""

    order_ref: str
    legs: tuple[Leg, ...]
    quantity: int
    net_price: Decimal


@dataclass(slots=True)
class WorkingOrder:
    """An order that has been handed to the client library."""

    ticket: Ticket
    contract: Contract
    order: Order
    trade: Trade
    cancel_asked: bool = False

    @property
    def order_id(self) -> int:
        """Number of the order at this client; not its identity."""
        return int(self.order.orderId)

    @property
    def perm_id(self) -> int:
        """The broker's permanent number; 0 until it is known."""
        return int(self.trade.order.permId or self.trade.orderStatus.permId or 0)

    @property
    def status_hint(self) -> str:
        """What the library believes; good for waiting less, not for concluding."""
        return str(self.trade.orderStatus.status)

    @property
    def seems_done(self) -> bool:
        """Whether there is nothing to wait for, as far as the library knows."""
        return self.status_hint not in OPEN_STATES

    @property
    def seems_filled(self) -> bool:
        """Whether there is nothing left to cancel, as far as the library knows."""
        return self.status_hint == "Filled"

    @property
    def rejected(self) -> bool:
        """Whether the venue has refused it."""
        return any(entry.errorCode == REJECTED for entry in self.trade.log)

    @property
    def number_taken(self) -> bool:
        """Whether it was refused because its number was used before.

        The venue may say the same of a change that meets the fill: an order that it gave a
        permanent number to was taken, and is not to be sent again.
        """
        refused = any(entry.errorCode == NUMBER_TAKEN for entry in self.trade.log)
        return refused and not self.perm_id

    @property
    def messages(self) -> tuple[str, ...]:
        """Texts that came with its changes of state, oldest first."""
        return tuple(entry.message for entry in self.trade.log if entry.message)


def place(broker: Broker, ticket: Ticket) -> WorkingOrder:
    """Send a new DAY limit order.

    Raises
    ------
    ValueError
        If a leg of a combo has no contract number.
    ConnectionError
        If the socket is gone: whether it was sent is then unknown.
    """
    contract = wire_contract(ticket.legs, broker.settings.order_exchange)
    order = wire_order(ticket, broker.account)
    trade = broker.client.placeOrder(contract, order)
    return WorkingOrder(ticket=ticket, contract=contract, order=order, trade=trade)


def place_renumbered(broker: Broker, working: WorkingOrder, *, above: int) -> None:
    """Send an order once more, under a number that is well above all known ones.

    Only for an order whose number was taken and that no sweep lists.

    Raises
    ------
    ConnectionError
        If the socket is gone: whether it was sent is then unknown.
    """
    broker.client.client.updateReqId(above + NUMBER_GAP)
    working.order = wire_order(working.ticket, broker.account)
    working.trade = broker.client.placeOrder(working.contract, working.order)


def has_twin(broker: Broker, working: WorkingOrder) -> bool:
    """Whether the library knows of another live order with the same reference."""
    reference, number = working.ticket.order_ref, working.order_id
    return any(
        trade.order.orderRef == reference and trade.order.orderId != number
        for trade in broker.client.openTrades()
    )


def refusal(broker: Broker, working: WorkingOrder) -> int | None:
    """Return the code with which the order, or a change of it, was refused; else ``None``.

    The refusal of a cancel says nothing of the order: one that is still on its way is not found.
    """
    code = broker.refused.get(working.order_id)
    return None if code in OF_CANCELS else code


def reprice(broker: Broker, working: WorkingOrder, net_price: Decimal) -> None:
    """Change the limit of a working order in place.

    The message goes past the library's bookkeeping, which refuses to modify an order that it
    wrongly believes to be done.
    """
    working.order.lmtPrice = float(wire_price(working.ticket.legs, net_price))
    broker.client.client.placeOrder(working.order.orderId, working.contract, working.order)


async def is_at_work(broker: Broker, working: WorkingOrder) -> bool:
    """Ask whether the venue lists an order as open, under the number by which it is changed.

    Raises
    ------
    GatewayUnavailableError, MarketDataError
        If the list did not come, or cannot be read: the order is then neither there nor gone.
    """
    with broker.stream.complete("open orders"):
        listed = await broker.ask("open orders", broker.client.reqAllOpenOrdersAsync())
    with readable("open orders"):
        found = [order_fact(trade, is_open=True) for trade in listed]
    return any(
        (each.order_ref, each.order_id, each.client_id)
        == (working.ticket.order_ref, working.order_id, broker.settings.client_id)
        for each in found
    )


def cancel(broker: Broker, working: WorkingOrder) -> None:
    """Ask for the end of an order; whether it ended is for the sweep to say."""
    working.cancel_asked = True
    broker.client.client.cancelOrder(working.order.orderId, "")


def cancel_listed(broker: Broker, order: OrderFact) -> None:
    """Ask for the end of an order that another connection of this client id had placed."""
    broker.client.client.cancelOrder(order.order_id, "")


async def what_if(broker: Broker, ticket: Ticket) -> MarginFact:
    """Ask what the order would do to margin, without sending it.

    Raises
    ------
    MarketDataError, GatewayUnavailableError
        If the broker refuses, or does not answer in time.
    """
    contract = wire_contract(ticket.legs, broker.settings.order_exchange)
    order = wire_order(ticket, broker.account)
    answer = await broker.ask("what-if", broker.client.whatIfOrderAsync(contract, order))
    return margin_fact(answer)


async def sweep(broker: Broker) -> OrderSweep:
    """Read all that the broker knows of today's orders and executions.

    Raises
    ------
    GatewayUnavailableError, MarketDataError
        If a part of it did not come, or cannot be read: nothing may then be concluded.
    """
    client = broker.client
    with broker.stream.complete("orders and executions"):
        open_trades = await broker.ask("open orders", client.reqAllOpenOrdersAsync())
        listed = client.reqCompletedOrdersAsync(apiOnly=False)
        completed = await broker.ask("completed orders", listed)
        fills = await broker.ask("executions", client.reqExecutionsAsync())
    with readable("orders and executions"):
        orders = [order_fact(trade, is_open=True) for trade in open_trades]
        orders += [order_fact(trade, is_open=False) for trade in completed]
        executions = [execution_fact(broker, fill) for fill in with_commissions(broker, fills)]
    return OrderSweep(orders=tuple(orders), executions=tuple(executions))


def with_commissions(broker: Broker, fills: Sequence[Fill]) -> list[Fill]:
    """Return each replayed fill as the library keeps it, where its commission is attached."""
    kept = {fill.execution.execId: fill for fill in broker.client.fills()}
    return [kept.get(fill.execution.execId, fill) for fill in fills]


def wire_contract(legs: Sequence[Leg], exchange: str) -> Contract:
    """Return the contract to order: the option itself for one leg, else a combo."""
    if len(legs) == 1:
        return ib_contracts.option_contract(legs[0].contract, exchange)
    return ib_contracts.combo_contract(legs, exchange)


def wire_price(legs: Sequence[Leg], net_price: Decimal) -> Decimal:
    """Return the limit as the venue wants it: a lone leg has a positive price either way."""
    return net_price * legs[0].ratio if len(legs) == 1 else net_price


def wire_order(ticket: Ticket, account: str) -> Order:
    """Return a DAY limit order that carries account and reference."""
    single_sale = len(ticket.legs) == 1 and ticket.legs[0].ratio < 0
    return Order(
        action="SELL" if single_sale else "BUY",
        orderType="LMT",
        totalQuantity=ticket.quantity,
        lmtPrice=float(wire_price(ticket.legs, ticket.net_price)),
        tif="DAY",
        account=account,
        orderRef=ticket.order_ref,
        transmit=True,
    )


def margin_fact(state: OrderState) -> MarginFact:
    """Return the answer to a what-if, unset values as unknown."""
    return MarginFact(
        initial_margin_change_usd=money(state.initMarginChange),
        maintenance_margin_change_usd=money(state.maintMarginChange),
        equity_with_loan_after_usd=money(state.equityWithLoanAfter),
        initial_margin_after_usd=money(state.initMarginAfter),
    )


def order_fact(trade: Trade, *, is_open: bool) -> OrderFact:
    """Return a listed order."""
    return OrderFact(
        order_ref=trade.order.orderRef,
        perm_id=int(trade.order.permId),
        order_id=int(trade.order.orderId),
        client_id=int(trade.order.clientId),
        status=trade.orderStatus.status,
        is_open=is_open,
    )


def execution_fact(broker: Broker, fill: Fill) -> ExecutionFact:
    """Return an execution; price and commission as the wire wrote them, time in UTC.

    What it raises on what it cannot read is for ``readable``.
    """
    execution = fill.execution
    is_combo = fill.contract.secType == "BAG"
    count = whole if is_combo or fill.contract.secType == "OPT" else outward
    return ExecutionFact(
        exec_id=execution.execId,
        order_ref=execution.orderRef,
        perm_id=int(execution.permId),
        contract=None if is_combo else ib_contracts.our_contract(fill.contract, broker.calendar),
        quantity=SIGNS[execution.side] * count(execution.shares),
        price=Decimal(str(finite(execution.price))),
        at=execution.time.astimezone(dt.UTC),
        commission_usd=commission(fill),
    )


def commission(fill: Fill) -> Decimal | None:
    """Return the commission; ``None`` until its report has come."""
    report = fill.commissionReport
    return money(str(report.commission)) if report.execId else None
