"""What a message is about: its id, order, phase and contracts, as faults ask for them.

Orders are remembered from placeOrder to the end of the day on which they are done, requests for a
contract from their request to the end of their connection, so that what is told about them later
is known by the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.simulator.connection import Connection
from bot.simulator.contracts import read_contract
from bot.simulator.errors import NO_REQUEST
from bot.simulator.faults.conditions import HELLO, Kind, Phase, Where
from bot.simulator.faults.message_actions import Corruption
from bot.simulator.orders import OrderStatus
from bot.simulator.orders_in import read_place_order
from bot.simulator.replay import ID_FIELD
from bot.simulator.wire import (
    VERSIONED,
    Fields,
    Message,
    Request,
    WireError,
    parse_number,
    split_fields,
)

if TYPE_CHECKING:
    from collections.abc import Container

    from bot.simulator.instruments import ContractQuery, Instrument, Instruments
    from bot.simulator.orders_in import PlacedOrder

SENT_ID: Final = {
    **ID_FIELD,
    Message.ORDER_STATUS: 1,
    Message.EXECUTION: 2,
    Message.NEXT_VALID_ID: 2,
    Message.EXECUTIONS_END: 2,
    Message.ACCOUNT_SUMMARY: 2,
    Message.ACCOUNT_SUMMARY_END: 2,
    Message.POSITION_MULTI: 2,
    Message.POSITION_MULTI_END: 2,
    Message.ACCOUNT_UPDATE_MULTI: 2,
    Message.ACCOUNT_UPDATE_MULTI_END: 2,
    Message.HEAD_TIMESTAMP: 1,
    Message.PNL: 1,
    Message.PNL_SINGLE: 1,
}
"""Where the id stands in a message sent; the order id where it has one."""

WITHOUT_ID: Final = frozenset(
    {
        HELLO,
        Request.OPEN_ORDERS,
        Request.ACCOUNT_UPDATES,
        Request.IDS,
        Request.AUTO_OPEN_ORDERS,
        Request.ALL_OPEN_ORDERS,
        Request.MANAGED_ACCOUNTS,
        Request.CURRENT_TIME,
        Request.GLOBAL_CANCEL,
        Request.MARKET_DATA_TYPE,
        Request.POSITIONS,
        Request.CANCEL_POSITIONS,
        Request.START_API,
        Request.COMPLETED_ORDERS,
    }
)
"""Requests received that have no id of their own."""

CONTRACTED: Final = frozenset(
    {
        Request.MARKET_DATA,
        Request.CONTRACT_DETAILS,
        Request.HISTORICAL_DATA,
        Request.HEAD_TIMESTAMP,
    }
)
"""Requests whose contract stands behind their id."""

EXECUTION_ID: Final = 14
COMMISSION_EXECUTION: Final = 2
STATUS, FILLED, REMAINING = 2, 3, 4

_PHASE_OF: Final = {
    OrderStatus.PRE_SUBMITTED: Phase.ACKNOWLEDGED,
    OrderStatus.SUBMITTED: Phase.ACKNOWLEDGED,
    OrderStatus.FILLED: Phase.FILLED,
    OrderStatus.CANCELLED: Phase.CANCELLED,
}


@dataclass(slots=True, kw_only=True)
class KnownOrder:
    """An order as its client placed it, with the phases that it has had."""

    client_id: int
    order_id: int
    ref: str
    names: frozenset[str]
    phases: set[Phase] = field(default_factory=set)

    def enter(self, phase: Phase) -> Phase | None:
        """Return `phase` the first time, then ``None``."""
        if phase in self.phases:
            return None
        self.phases.add(phase)
        return phase


@dataclass(slots=True, kw_only=True)
class Passing:
    """A message on its way, and what faults make of it.

    Parameters
    ----------
    where, client, number, values
        The message, its values with its number.
    id
        Of its request or order, or ``NO_REQUEST``.
    order, phase, kind, names
        What it is about; `names` are those of its contracts.
    passes
        Whether it goes on its way now.
    corruption
        How its frame is damaged.
    behind
        What is done after it has, or has not, passed.
    """

    where: Where
    client: Connection
    number: int
    values: list[str]
    id: int = NO_REQUEST
    order: KnownOrder | None = None
    phase: Phase | None = None
    kind: Kind | None = None
    names: frozenset[str] = frozenset()
    passes: bool = True
    corruption: Corruption | None = None
    behind: list[Callable[[], None]] = field(default_factory=list)


class Traffic:
    """Reads messages.

    Parameters
    ----------
    instruments
        The listing, for names of contracts that are known by their number.
    """

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._orders: dict[tuple[int, int], KnownOrder] = {}
        self._executed: dict[str, KnownOrder] = {}
        self._asked: dict[tuple[Connection, int], frozenset[str]] = {}
        self._greeted: set[Connection] = set()

    def start_day(self, alive: Container[tuple[int, int]]) -> None:
        """Forget the orders of the day before but those `alive`: nobody is told of them again."""
        self._orders = {key: order for key, order in self._orders.items() if key in alive}
        self._executed.clear()

    def forget(self, client: Connection) -> None:
        """Forget the requests of a connection that is gone; its orders live on."""
        self._greeted.discard(client)
        self._asked = {key: names for key, names in self._asked.items() if key[0] is not client}

    def received(self, client: Connection, payload: bytes) -> Passing:
        """Read a message of a client; what cannot be read has no facts."""
        if client.version == 0:
            text = payload.decode(errors="replace")
            return _passing(Where.RECEIVED, client, HELLO, values=[text])
        values = split_fields(payload)
        number = int(values[0]) if values[0].isdecimal() else NO_REQUEST
        event = _passing(Where.RECEIVED, client, number, values=values)
        with suppress(WireError, IndexError):
            self._read(event)
        return event

    def _read(self, event: Passing) -> None:
        head = 2 if event.number in VERSIONED else 1
        if event.number not in WITHOUT_ID:
            event.id = int(parse_number(event.values[head]) or 0)
        if event.number == Request.PLACE_ORDER:
            self._place(event)
        elif event.number == Request.CANCEL_ORDER:
            self._cancel(event)
        elif event.number in CONTRACTED:
            query = read_contract(Fields(event.values[head + 1 :]))
            event.names = self._asked[event.client, event.id] = self._names(query)

    def _place(self, event: Passing) -> None:
        placed = read_place_order(Fields(event.values[1:]), event.client.version)
        key = (event.client.client_id or 0, event.id)
        event.names = self._names(placed.contract) | self._leg_names(placed)
        if placed.what_if:
            event.kind = Kind.PREVIEW
            event.order = KnownOrder(
                client_id=key[0], order_id=key[1], ref=placed.order_ref, names=event.names
            )
            return
        event.kind = Kind.CHANGE if key in self._orders else Kind.NEW
        self._orders.setdefault(
            key,
            KnownOrder(client_id=key[0], order_id=key[1], ref=placed.order_ref, names=event.names),
        )
        event.order = self._orders[key]
        event.phase = event.order.enter(Phase.SUBMITTED)

    def _cancel(self, event: Passing) -> None:
        self._about_order(event)
        if event.order is not None:
            event.phase = event.order.enter(Phase.CANCEL_REQUESTED)

    def sent(self, client: Connection, values: list[str]) -> Passing:
        """Read a message of the gateway."""
        if client not in self._greeted:
            self._greeted.add(client)
            return _passing(Where.SENT, client, HELLO, values=values)
        event = _passing(Where.SENT, client, int(values[0]), values=values)
        if event.number in SENT_ID:
            event.id = int(values[SENT_ID[event.number]])
            event.names = self._asked.get((client, event.id), frozenset())
            self._about_order(event)
        if event.number == Message.COMMISSION:
            event.order = self._executed.get(values[COMMISSION_EXECUTION])
        elif event.number == Message.EXECUTION and event.order is not None:
            self._executed[values[EXECUTION_ID]] = event.order
        elif event.number == Message.ORDER_STATUS and event.order is not None:
            event.phase = _phase(event.order, values)
        if event.order is not None:
            event.names = event.order.names
        return event

    def _about_order(self, event: Passing) -> None:
        event.order = self._orders.get((event.client.client_id or 0, event.id))
        if event.order is not None:
            event.names = event.order.names

    def _leg_names(self, placed: PlacedOrder) -> frozenset[str]:
        legs = [self._instruments.by_con_id(leg.con_id) for leg in placed.legs]
        return frozenset().union(*(names_of(leg) for leg in legs if leg is not None))

    def _names(self, query: ContractQuery) -> frozenset[str]:
        """Return the names of the contract asked for, of its one instrument where it has one."""
        asked = _squeezed(query.symbol, query.sec_type, query.trading_class, query.local_symbol)
        if query.con_id:
            found = self._instruments.by_con_id(query.con_id)
            return asked if found is None else asked | names_of(found)
        if query.sec_type == "OPT" and query.strike:
            return asked.union(*map(names_of, self._instruments.match(query)))
        return asked


def names_of(instrument: Instrument) -> frozenset[str]:
    """Return the names by which patterns find an instrument."""
    return _squeezed(
        instrument.symbol, instrument.sec_type, instrument.trading_class, instrument.local_symbol
    )


def _squeezed(*names: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in names if name)


def _passing(where: Where, client: Connection, number: int, *, values: list[str]) -> Passing:
    return Passing(where=where, client=client, number=number, values=values)


def _phase(order: KnownOrder, values: list[str]) -> Phase | None:
    """Return the phase that an orderStatus tells for the first time."""
    if float(values[FILLED]) > 0 and float(values[REMAINING]) > 0:
        phase: Phase | None = Phase.PARTLY_FILLED
    else:
        phase = next((p for status, p in _PHASE_OF.items() if status == values[STATUS]), None)
    return None if phase is None else order.enter(phase)
