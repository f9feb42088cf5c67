"""Market data lines: what a client subscribed to, and the ticks it gets.

* A snapshot is a line that ends with its first ticks. It takes a line of the client's limit only
  while it lasts, which here is no time at all.
* A side that nobody quotes is told as price -1 with size 0. A side that does not exist (the bid
  of an index) is not told. A client that was never told a side does not know it.
* Data is *live* where the client has a subscription, else *delayed* if it asked for delayed data
  (types 3 and 4, error 10167 goes ahead), else refused with error 354. Frozen data (types 2 and
  4) is what a closed market shows.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from bot.simulator import computations
from bot.simulator.contracts import read_contract
from bot.simulator.errors import RequestRefusedError
from bot.simulator.instruments import Instrument
from bot.simulator.market import SimQuote
from bot.simulator.oddities import NO_PRICE, WITHOUT_GREEKS, Oddity, distort
from bot.simulator.wire import Field, Message, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.simulator.connection import Connection, Handler
    from bot.simulator.oddities import TickRow
    from bot.simulator.wire import Fields
    from bot.simulator.world import World

BBO_EXCHANGE: Final = "9c0001"
"""Key of the exchanges behind a quote, which nobody asks for here."""

SNAPSHOT_PERMISSIONS: Final = 3
CAN_AUTO_EXECUTE: Final = 1
HALTED: Final = 49
DELTA_NEUTRAL_WIDTH: Final = 3

NOTHING_ODD: Final[frozenset[Oddity]] = frozenset()

NOT_SUBSCRIBED: Final = "Requested market data is not subscribed."


class DataType(IntEnum):
    """Kinds of market data (message 58)."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4

    @property
    def is_delayed(self) -> bool:
        """Whether it is late by a quarter of an hour."""
        return self in {DataType.DELAYED, DataType.DELAYED_FROZEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class TickTypes:
    """Tick types of one kind of data."""

    bid: int
    ask: int
    last: int
    close: int
    bid_computation: int
    ask_computation: int
    model_computation: int


LIVE_TICKS: Final = TickTypes(
    bid=1,
    ask=2,
    last=4,
    close=9,
    bid_computation=10,
    ask_computation=11,
    model_computation=13,
)
DELAYED_TICKS: Final = TickTypes(
    bid=66,
    ask=67,
    last=68,
    close=75,
    bid_computation=80,
    ask_computation=81,
    model_computation=83,
)


@dataclass(slots=True, kw_only=True)
class Line:
    """One subscription of one client."""

    req_id: int
    instrument: Instrument
    data_type: DataType
    told: dict[int, tuple[Field, ...]] = field(default_factory=dict)
    """Last fields told, by tick type."""

    @property
    def types(self) -> TickTypes:
        """Tick types of its kind of data."""
        return DELAYED_TICKS if self.data_type.is_delayed else LIVE_TICKS


@dataclass(slots=True)
class _Subscriber:
    """What one client asked for."""

    data_type: DataType = DataType.LIVE
    lines: dict[int, Line] = field(default_factory=dict)


class QuoteDesk:
    """Serves market data lines.

    Parameters
    ----------
    world
        The market and its time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._subscribers: dict[Connection, _Subscriber] = {}
        self.paused = False
        """Whether nothing comes from the market: the line to it is lost."""
        self.oddities: Callable[[Instrument], frozenset[Oddity]] | None = None
        """Gives what is odd about the quotes of an instrument; ``None`` when nothing ever is."""

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers of this desk by request number."""
        return {
            Request.MARKET_DATA: self.market_data,
            Request.CANCEL_MARKET_DATA: self.cancel_market_data,
            Request.MARKET_DATA_TYPE: self.market_data_type,
        }

    def forget(self, client: Connection) -> None:
        """End all lines of a client that is gone."""
        self._subscribers.pop(client, None)

    def refresh(self) -> None:
        """Tell every line what changed."""
        for client, subscriber in self._subscribers.items():
            for line in subscriber.lines.values():
                self._tell(client, line)

    # -- requests --------------------------------------------------------------------------

    def market_data(self, client: Connection, fields: Fields) -> None:
        """Open a line, or answer a snapshot."""
        req_id = fields.integer()
        instrument = self._instrument(req_id, fields)
        _generic_ticks, snapshot = fields.text(), fields.flag()
        subscriber = self._of(client)
        self._check_room(req_id, subscriber)
        line = Line(
            req_id=req_id,
            instrument=instrument,
            data_type=self._data_type(client, req_id, instrument),
        )
        if not snapshot:
            subscriber.lines[req_id] = line
        latency = 0.0 if self._world.settings.stepped else self._world.settings.tick_latency_seconds
        if latency:
            loop = asyncio.get_running_loop()
            loop.call_later(latency, lambda: self._open(client, line, snapshot=snapshot))
        else:
            self._open(client, line, snapshot=snapshot)

    def cancel_market_data(self, client: Connection, fields: Fields) -> None:
        """End a line."""
        req_id = fields.integer()
        if self._of(client).lines.pop(req_id, None) is None:
            raise RequestRefusedError(req_id, 300, f"Can't find EId with tickerId:{req_id}")

    def market_data_type(self, client: Connection, fields: Fields) -> None:
        """Take note of the kind of data that the client's next lines shall have."""
        number = fields.integer()
        if number not in {kind.value for kind in DataType}:
            text = f"Error validating request. Invalid market data type {number}, 1 to 4 exist"
            raise RequestRefusedError(-1, 321, text)
        self._of(client).data_type = DataType(number)

    # -- lines -----------------------------------------------------------------------------

    def _of(self, client: Connection) -> _Subscriber:
        return self._subscribers.setdefault(client, _Subscriber())

    def _instrument(self, req_id: int, fields: Fields) -> Instrument:
        """Read the contract and the blocks behind it; combos have no quote of their own."""
        query = read_contract(fields)
        if query.sec_type == "BAG":
            text = f"{NOT_SUBSCRIBED} A combo is quoted by its legs here."
            raise RequestRefusedError(req_id, 354, text)
        if fields.flag():
            fields.take(DELTA_NEUTRAL_WIDTH)
        return self._world.only_instrument(req_id, query)

    def _check_room(self, req_id: int, subscriber: _Subscriber) -> None:
        if req_id in subscriber.lines:
            raise RequestRefusedError(
                req_id, 322, f"Error processing request. Duplicate ticker id {req_id}"
            )
        if len(subscriber.lines) >= self._world.settings.lines:
            raise RequestRefusedError(req_id, 101, "Max number of tickers has been reached")

    def _data_type(self, client: Connection, req_id: int, instrument: Instrument) -> DataType:
        """Return the kind of data that the client gets of what it asked for."""
        wanted, settings = self._of(client).data_type, self._world.settings
        names = {instrument.symbol, instrument.trading_class}
        closed = self._world.session() is None
        if names & settings.unsubscribed:
            raise RequestRefusedError(
                req_id, 354, f"{NOT_SUBSCRIBED} Delayed market data is not available."
            )
        if not names & settings.delayed and Oddity.DELAYED not in self._odd(instrument):
            frozen = wanted in {DataType.FROZEN, DataType.DELAYED_FROZEN} and closed
            return DataType.FROZEN if frozen else DataType.LIVE
        if not wanted.is_delayed:
            raise RequestRefusedError(
                req_id, 354, f"{NOT_SUBSCRIBED} Delayed market data is available."
            )
        client.error(req_id, 10167, f"{NOT_SUBSCRIBED} Displaying delayed market data.")
        return wanted if closed else DataType.DELAYED

    def _open(self, client: Connection, line: Line, *, snapshot: bool) -> None:
        """Tell the first ticks of a line."""
        req_id = line.req_id
        client.send(Message.MARKET_DATA_TYPE, 1, req_id, line.data_type)
        step = line.instrument.min_tick
        client.send(Message.TICK_PARAMETERS, req_id, step, BBO_EXCHANGE, SNAPSHOT_PERMISSIONS)
        self._tell(client, line)
        if snapshot:
            client.send(Message.TICK_SNAPSHOT_END, 1, req_id)

    def _tell(self, client: Connection, line: Line) -> None:
        """Tell what a line does not know yet."""
        odd = self._odd(line.instrument)
        if self.paused or (Oddity.STALE in odd and line.told):
            return
        quote = self._world.instruments.quote(line.instrument)
        rows = _prices(line, quote)
        if odd:
            rows = distort(rows, odd, bid=line.types.bid, ask=line.types.ask)
        for tick_type, price, size in rows:
            if _is_news(line, tick_type, (price, size)):
                values = (line.req_id, tick_type, price, size, CAN_AUTO_EXECUTE)
                client.send(Message.TICK_PRICE, 6, *values)
        if line.instrument.sec_type == "OPT" and not odd & WITHOUT_GREEKS:
            self._tell_computations(client, line, quote)
        if quote is not None and line.instrument.sec_type != "IND":
            self._tell_halted(client, line, halted=Oddity.HALTED in odd)

    def _odd(self, instrument: Instrument) -> frozenset[Oddity]:
        return NOTHING_ODD if self.oddities is None else self.oddities(instrument)

    def _tell_computations(self, client: Connection, line: Line, quote: SimQuote | None) -> None:
        if not self._world.settings.model_computations:
            return
        for tick_type, values in self._computations(line, quote):
            if _is_news(line, tick_type, values):
                client.send(Message.OPTION_COMPUTATION, line.req_id, tick_type, *values)

    def _tell_halted(self, client: Connection, line: Line, *, halted: bool) -> None:
        """Tell whether trading is halted, once and when it changes."""
        if _is_news(line, HALTED, (halted,)):
            client.send(Message.TICK_GENERIC, 6, line.req_id, HALTED, halted)

    def _computations(
        self, line: Line, quote: SimQuote | None
    ) -> tuple[tuple[int, tuple[Field, ...]], ...]:
        """Return the option computations of bid, ask and model, by tick type."""
        if quote is None:
            return ()
        seconds = self._world.seconds_to_settlement(line.instrument)
        model = computations.model(line.instrument, quote, seconds_left=seconds)
        if model is None:
            return ()
        types = line.types
        return (
            (types.bid_computation, model.at(quote.bid)),
            (types.ask_computation, model.at(quote.ask)),
            (types.model_computation, model.at(model.price)),
        )


def _is_news(line: Line, tick_type: int, values: tuple[Field, ...]) -> bool:
    """Take note of what a line is told; return whether it did not know."""
    if line.told.get(tick_type) == values:
        return False
    line.told[tick_type] = values
    return True


def _prices(line: Line, quote: SimQuote | None) -> Iterable[TickRow]:
    """Give tick type, price and size of everything that a quote says.

    A bid or ask of 0 means that nobody is there, and is told as no price; one that does not
    exist is told so only if the line knew it before.
    """
    types = line.types
    quoted = SimQuote() if quote is None else quote
    sides = (
        (types.bid, quoted.bid, quoted.bid_size),
        (types.ask, quoted.ask, quoted.ask_size),
    )
    for tick_type, side, size in sides:
        if side:
            yield tick_type, side, size
        elif side is not None or tick_type in line.told:
            yield tick_type, NO_PRICE, 0
    for tick_type, price in ((types.last, quoted.last), (types.close, quoted.close)):
        if price is not None:
            yield tick_type, price, 0
