"""The invariants, between what the gateway knows of itself and what the ledger says.

The gateway is asked through a client of its own, and its answers are added up here without the
help of the code that the ledger adds up with.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ib_insync import IB

from bot.ledger.store import Ledger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from ib_insync import Contract, Trade

WITNESS = 77
"""Client id that nobody else uses."""

FINAL = {"filled", "partial", "cancelled", "rejected", "expired", "denied"}
TRADED = {"filled", "partial"}
MULTIPLIER = 100
OPENING_CASH = Decimal(1_000_000)
"""What a simulated account has at first; nothing but the bot's trades changes it."""

REPORTS_SECONDS = 0.05
"""Commissions are told after the end of the executions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution as the gateway tells it."""

    exec_id: tuple[str, int]
    order_ref: str
    con_id: int | None
    quantity: int
    price: Decimal
    commission: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the gateway says of itself: what it holds now, and what was traded today.

    Parameters
    ----------
    positions
        Contracts held, by number.
    kinds
        Underlying, expiry and right of each of them.
    cash
        Of the account, in USD.
    working
        References of the orders that work.
    numbers
        Reference and permanent number of each order.
    executions
        Of each order, and of each leg.
    """

    positions: dict[int, int] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)
    cash: Decimal = OPENING_CASH
    working: tuple[str, ...] = ()
    numbers: frozenset[tuple[str, int]] = frozenset()
    executions: tuple[Execution, ...] = ()


NOTHING = Truth()


def joined(past: Truth, now: Truth) -> Truth:
    """Return `now` with what was traded in the `past`, which a gateway forgets every day."""
    return replace(
        now, numbers=past.numbers | now.numbers, executions=past.executions + now.executions
    )


async def ask(port: int) -> Truth:
    """Ask the gateway for everything that it knows of orders and positions."""
    client = IB()
    client.TimezoneTWS = "UTC"
    await client.connectAsync("127.0.0.1", port, clientId=WITNESS, timeout=20)
    try:
        working = await client.reqAllOpenOrdersAsync()
        completed = await client.reqCompletedOrdersAsync(apiOnly=False)
        await client.reqExecutionsAsync()
        await asyncio.sleep(REPORTS_SECONDS)
        held = {each.contract.conId: each for each in client.positions()}
        return Truth(
            positions={con_id: int(each.position) for con_id, each in held.items()},
            kinds={con_id: kind(each.contract) for con_id, each in held.items()},
            cash=cash(client),
            working=tuple(trade.order.orderRef for trade in working),
            numbers=frozenset(map(number, (*working, *completed))),
            executions=tuple(execution(fill) for fill in client.fills()),
        )
    finally:
        client.disconnect()


def kind(contract: Contract) -> str:
    """What a wing and its short leg have in common."""
    return f"{contract.symbol} {contract.lastTradeDateOrContractMonth} {contract.right}"


def cash(client: IB) -> Decimal:
    """Return the account's cash, in USD."""
    (value,) = (row.value for row in client.accountValues() if row.tag == "TotalCashBalance")
    return Decimal(value)


def number(trade: Trade) -> tuple[str, int]:
    """Reference and permanent number of an order."""
    return trade.order.orderRef, int(trade.order.permId)


def execution(fill: object) -> Execution:
    """One execution; the summary of a combo has no contract of its own."""
    told, contract, report = fill.execution, fill.contract, fill.commissionReport  # type: ignore[attr-defined]
    family, _, revision = told.execId.rpartition(".")
    sign = 1 if told.side == "BOT" else -1
    return Execution(
        exec_id=(family, int(revision)),
        order_ref=told.orderRef,
        con_id=None if contract.secType == "BAG" else contract.conId,
        quantity=sign * int(told.shares),
        price=Decimal(str(told.price)),
        commission=Decimal(str(report.commission)) if report.execId else Decimal(0),
    )


def judge(truth: Truth, path: Path, session: dt.date) -> list[str]:
    """Return every way in which the ledger at `path` departs from the truth."""
    with Ledger.open_read_only(path) as ledger:
        return [
            *duplicated(truth, ledger),
            *lost(truth, ledger),
            *double_counted(truth, ledger),
            *naked(truth),
            *unfinished(ledger, session),
        ]


def doings(path: Path, session: dt.date) -> list[str]:
    """Return why orders of a session have filled, and whether positions were settled in it."""
    with Ledger.open_read_only(path) as ledger:
        filled = [each for each in ledger.intent_records(session) if each.state in TRADED]
        settlements = ledger.rows(
            "SELECT 1 FROM settlements WHERE session = ?", (session.isoformat(),)
        )
    return [each.intent.reason for each in filled] + ["settled"] * len(settlements)


def duplicated(truth: Truth, ledger: Ledger) -> Iterator[str]:
    """At most one order of an intent, and none without an intent."""
    quantities = {
        row["order_ref"]: row["quantity"]
        for row in ledger.rows("SELECT order_ref, quantity FROM intents")
    }
    for reference, count in Counter(reference for reference, _ in truth.numbers).items():
        if count > 1:
            yield f"DUPLICATE: {count} orders of {reference}"
        if reference not in quantities:
            yield f"DUPLICATE: order {reference} has no intent"
    for (reference, con_id), units in traded(truth).items():
        allowed = quantities.get(reference, 0) * ratios(ledger, reference).get(con_id, 0)
        if abs(units) > abs(allowed):
            yield f"DUPLICATE: {reference} traded {units} of {con_id}, meant {allowed}"


def traded(truth: Truth) -> Counter[tuple[str, int]]:
    """Contracts that each order has traded."""
    found: Counter[tuple[str, int]] = Counter()
    for each in truth.executions:
        if each.con_id is not None:
            found[each.order_ref, each.con_id] += each.quantity
    return found


def ratios(ledger: Ledger, reference: str) -> dict[int, int]:
    """Contracts of one unit of an intent."""
    return {
        leg.contract.con_id: leg.ratio
        for record in ledger.intent_records()
        if ledger.order_ref_of(record.intent.intent_id) == reference
        for leg in record.intent.legs
    }


def lost(truth: Truth, ledger: Ledger) -> Iterator[str]:
    """Every execution is in the ledger, every order has ended, the positions agree."""
    known = {(row["family"], row["revision"]) for row in ledger.rows("SELECT * FROM fills")}
    for each in truth.executions:
        if each.exec_id not in known:
            yield f"LOST: execution {each.exec_id} of {each.order_ref}"
    yield from (f"LOST: order {reference} works still" for reference in truth.working)
    for row in ledger.rows("SELECT intent_id, state FROM intents"):
        if row["state"] not in FINAL:
            yield f"LOST: intent {row['intent_id']} is {row['state']}"
    net = ledger.holdings().net_positions().items()
    held = {contract.con_id: quantity for contract, quantity in net if quantity}
    if held != truth.positions:
        yield f"LOST: ledger holds {held}, gateway {truth.positions}"


def double_counted(truth: Truth, ledger: Ledger) -> Iterator[str]:
    """No fill that the gateway does not know, and the money of every leg counted once."""
    told = {each.exec_id for each in truth.executions}
    for row in ledger.rows("SELECT family, revision FROM fills"):
        if (row["family"], row["revision"]) not in told:
            yield f"DOUBLE: fill {tuple(row)} is not the gateway's"
    legs = [each for each in truth.executions if each.con_id is not None]
    fees = sum((each.commission for each in truth.executions), Decimal(0))
    cash = -sum(each.quantity * each.price * MULTIPLIER for each in legs) - fees
    booked = ledger.rows("SELECT cash_usd, commissions_usd FROM structures")
    flow = sum(Decimal(row["cash_usd"]) for row in booked)
    if (total := flow - settled(ledger)) != cash:
        yield f"DOUBLE: ledger's cash is {total}, the gateway's {cash}"
    if OPENING_CASH + flow != truth.cash:
        yield f"DOUBLE: with {flow} by the ledger, the account has {truth.cash}"
    if (charged := sum(Decimal(row["commissions_usd"]) for row in booked)) != fees:
        yield f"DOUBLE: ledger's commissions are {charged}, the gateway's {fees}"


def settled(ledger: Ledger) -> Decimal:
    """Return what the ledger says that expired positions were worth, in USD."""
    rows = ledger.rows("SELECT quantity, value_points FROM settlements")
    return sum(
        (row["quantity"] * Decimal(row["value_points"]) * MULTIPLIER for row in rows), Decimal(0)
    )


def naked(truth: Truth) -> Iterator[str]:
    """No option is short without another of its kind that is long."""
    net: Counter[str] = Counter()
    for con_id, quantity in truth.positions.items():
        net[truth.kinds[con_id]] += quantity
    yield from (f"NAKED: {units} of {name}" for name, units in net.items() if units < 0)


def unfinished(ledger: Ledger, session: dt.date) -> Iterator[str]:
    """The session came to its end, and took up nothing but what it had decided.

    It may take up less: no condor is opened without the hedge that a kill has cost the day.
    """
    ends = {row["session"]: row["outcome"] for row in ledger.rows("SELECT * FROM sessions")}
    if set(ends.values()) != {"done"} or session.isoformat() not in ends:
        yield f"LOST: sessions ended as {ends}"
    decided = {intent.intent_id for intent in ledger.load_decision(session).intents}
    taken = {record.intent.intent_id for record in ledger.intent_records(session)}
    if not taken <= decided:
        yield f"DUPLICATE: {sorted(taken - decided)} was not decided"
