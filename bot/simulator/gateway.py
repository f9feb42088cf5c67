"""A gateway that speaks the TWS API on 127.0.0.1: sockets, dispatch and time.

The way of a message: ``Connection`` cuts it from the stream, ``Gateway.receive`` finds its
handler by number, a *desk* handles it and answers with ``Connection.send``. There is a desk for
each subject: reference data, quotes, history, orders, the account. A message that no desk knows
is answered with error 321, so that no client waits for ever.

The gateway owns the time of a simulation. *Stepped*, it stands still until a client sends
``9001 1 seconds``: the world moves on by so much, clients hear of everything that happened on
the way, and the answer, the new time, comes last. *Free-running*, simulated time passes `speed`
times as fast as real time.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import signal
import threading
from typing import TYPE_CHECKING, Final

from bot.simulator.account_desk import AccountDesk
from bot.simulator.connection import Connection
from bot.simulator.errors import (
    CLIENT_ID_BUSY,
    CLIENT_ID_BUSY_TEXT,
    FARM_NOTICES,
    NO_REQUEST,
    RequestRefusedError,
    is_id,
)
from bot.simulator.faults.engine import Faults
from bot.simulator.history_desk import HistoryDesk
from bot.simulator.limits import MessageAllowance
from bot.simulator.order_desk import OrderDesk
from bot.simulator.port import HOST, Port
from bot.simulator.quirks import Deviations
from bot.simulator.quote_desk import QuoteDesk
from bot.simulator.reference_desk import ReferenceDesk
from bot.simulator.refusals import refusals
from bot.simulator.replay import Replay
from bot.simulator.wire import (
    MIN_VERSION,
    VERSIONED,
    Fields,
    Message,
    Request,
    WireError,
    frame,
    split_fields,
)
from bot.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from bot.simulator.connection import Handler
    from bot.simulator.faults.script import FaultScript
    from bot.simulator.market import Market
    from bot.simulator.orders import Event
    from bot.simulator.quirks import Quirk
    from bot.simulator.settings import GatewaySettings

logger = logging.getLogger("steward.simulator")

LONGEST_ADVANCE_SECONDS: Final = 400 * 86_400
"""More than that in one message is taken for a mistake."""

STOP_SECONDS: Final = 0.02
"""Real time between two looks at the event that ends `serve`."""


class Gateway:
    """The simulated gateway, as an asynchronous context: it listens inside.

    Parameters
    ----------
    market
        The market that it plays.
    settings
        See `GatewaySettings`.
    """

    def __init__(self, market: Market, settings: GatewaySettings) -> None:
        self.settings = settings
        self.world = World(market, settings)
        self.quotes = QuoteDesk(self.world)
        self.accounts = AccountDesk(self.world)
        self.orders = OrderDesk(self.world, clients=self._clients_by_id, publish=self.publish)
        self._handlers = self._table()
        self._replay = Replay(settings.replay, settings.accounts[0]) if settings.replay else None
        self._clients: dict[Connection, MessageAllowance] = {}
        self._port = Port(settings.port, lambda: Connection(self))
        self._ticking: asyncio.Task[None] | None = None
        self._quirks = settings.quirks
        self.faults: Faults | None = None
        """What it does wrong; ``None`` when it does nothing wrong."""
        self.offered = settings.accounts
        """Account ids that clients are told."""
        self.clock_skew = dt.timedelta(0)
        """How far its clock is ahead of simulated time."""

    def _table(self) -> dict[int, Handler]:
        table: dict[int, Handler] = {
            **refusals(self.settings),
            Request.START_API: self._start_api,
            Request.IDS: self._next_id,
            Request.MANAGED_ACCOUNTS: self._managed_accounts,
            Request.CURRENT_TIME: self._current_time,
            Request.KEEP_TIME: self._keep_time,
            Request.ADVANCE_TIME: self._advance_time,
        }
        for desk in (ReferenceDesk(self.world), HistoryDesk(self.world)):
            table |= desk.handlers()
        for owner in (self.quotes, self.orders, self.accounts):
            table |= owner.handlers()
        return table

    # -- life ------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self._port.open()
        if not self.settings.stepped:
            self._ticking = asyncio.get_running_loop().create_task(self._tick())
            self._ticking.add_done_callback(self._stopped_ticking)
        logger.info("listening on %s:%s", HOST, self.port)
        if self.settings.faults is not None:
            self.inject(self.settings.faults)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        self._port.close()
        for client in tuple(self._clients):
            client.close()

    @property
    def port(self) -> int:
        """Where it listens.

        Raises
        ------
        RuntimeError
            Before it listens.
        """
        return self._port.number

    def close_port(self, seconds: float) -> None:
        """Listen to nobody for `seconds` of real time; who is connected stays."""
        self._port.close_for(seconds)

    def inject(self, script: FaultScript) -> None:
        """Do what `script` says from now on, besides what it does already.

        Raises
        ------
        ConfigError
            If the script waits for a session that is not played.
        """
        if self.faults is None:
            self.faults = Faults(self)
            self.quotes.oddities = self.faults.oddities
            for client in self._clients:
                client.tap = self.faults.tell
        self.faults.add(script)

    def differ(self, quirk: Quirk) -> None:
        """Differ in one more way from what clients assume."""
        self._quirks |= {quirk}
        for client in self._clients:
            client.deviations = Deviations(self._quirks, self._clients_by_id)

    async def _tick(self) -> None:
        """Let simulated time run on from wherever it is: a test may have moved it."""
        loop = asyncio.get_running_loop()
        origin = loop.time()
        while True:
            await asyncio.sleep(self.settings.tick_seconds)
            passed, origin = loop.time() - origin, loop.time()
            self.advance_to(self.world.now + dt.timedelta(seconds=passed * self.settings.speed))

    def _stopped_ticking(self, task: asyncio.Task[None]) -> None:
        """Hang up on everybody when time broke down: a clock that stands still looks calm."""
        if not task.cancelled() and task.exception() is not None:
            logger.error("simulated time stopped at %s", self.world.now, exc_info=task.exception())
            for client in tuple(self._clients):
                client.close()

    def advance_to(self, target: dt.datetime) -> None:
        """Move simulated time on, with all the faults that are due on the way."""
        if self.faults is None:
            self.move_to(target)
        else:
            self.faults.advance(target)

    def move_to(self, target: dt.datetime) -> None:
        """Move simulated time on and tell every client what it missed."""
        self.publish(self.world.advance(target))
        self.quotes.refresh()
        self.accounts.refresh()

    def publish(self, events: list[Event]) -> None:
        """Tell clients what happened to orders and positions."""
        self.orders.tell(events)
        self.accounts.tell(events)

    # -- connections -----------------------------------------------------------------------

    def opened(self, client: Connection) -> None:
        """Take note of a new connection."""
        now = asyncio.get_running_loop().time()
        self._clients[client] = MessageAllowance(self.settings.messages_per_second, now)
        if self._quirks:
            client.deviations = Deviations(self._quirks, self._clients_by_id)
        if self.faults is not None:
            client.tap = self.faults.tell
            self.faults.opened(client)

    def closed(self, client: Connection) -> None:
        """Forget a connection and what it subscribed to."""
        self._clients.pop(client, None)
        self.quotes.forget(client)
        self.accounts.forget(client)
        if self.faults is not None:
            self.faults.closed(client)

    def clients(self) -> tuple[Connection, ...]:
        """Return the connections that are open."""
        return tuple(self._clients)

    def _clients_by_id(self) -> Mapping[int, Connection]:
        return {c.client_id: c for c in self._clients if c.client_id is not None}

    def receive(self, client: Connection, payload: bytes) -> None:
        """Take one message of a client, if it may send one, on its way to its desk."""
        if client.version and not self._admit(client):
            return
        (self.handle if self.faults is None else self.faults.hear)(client, payload)

    def handle(self, client: Connection, payload: bytes) -> None:
        """Handle one message of a client."""
        if client.version == 0:
            self._shake_hands(client, payload)
        else:
            self._dispatch(client, payload)

    def _shake_hands(self, client: Connection, payload: bytes) -> None:
        highest = _highest_version(payload)
        client.version = min(highest, self.settings.server_version)
        if client.version < MIN_VERSION:
            raise WireError(f"client speaks up to version {highest}, at least {MIN_VERSION} needed")
        client.send_fields(client.version, f"{self.world.now:%Y%m%d %H:%M:%S} UTC")

    def _admit(self, client: Connection) -> bool:
        """Count the message against the client's allowance."""
        allowance = self._clients[client]
        if allowance.take(asyncio.get_running_loop().time()):
            return True
        rate = self.settings.messages_per_second
        text = f"Max rate of messages per second has been exceeded: max={rate}"
        client.error(NO_REQUEST, 100, f"{text} ({allowance.strikes})")
        if allowance.exhausted:
            client.close()
        return False

    def _dispatch(self, client: Connection, payload: bytes) -> None:
        """Find the handler of one message; whatever goes wrong with it is answered."""
        number, *values = split_fields(payload)
        handler = self._handlers.get(int(number)) if is_id(number) else None
        if handler is None:
            client.error(NO_REQUEST, 321, _unknown(number))
            return
        body = values[1:] if int(number) in VERSIONED else values
        try:
            if self._is_ours(client, int(number), body):
                handler(client, Fields(body))
        except RequestRefusedError as refusal:
            client.error(refusal.req_id, refusal.code, refusal.message)
        except WireError as error:
            client.error(_request_id(body), 320, f"Error reading request. {error}")
        finally:
            if client.deviations is not None:
                client.deviations.answered()

    def _is_ours(self, client: Connection, number: int, body: list[str]) -> bool:
        """Return whether a desk answers: no quirk swallows the request, no recording has it."""
        if client.deviations is not None and not client.deviations.hear(number, body):
            return False
        return self._replay is None or not self._replay.answer(client, number, body)

    # -- session ---------------------------------------------------------------------------

    def _start_api(self, client: Connection, fields: Fields) -> None:
        client_id = fields.integer()
        if client_id in self._clients_by_id():
            client.error(NO_REQUEST, CLIENT_ID_BUSY, CLIENT_ID_BUSY_TEXT)
            client.close()
            return
        client.client_id = client_id
        logger.info("client %s connected with version %s", client_id, client.version)
        self._managed_accounts(client, fields)
        self._next_id(client, fields)
        for code, text in FARM_NOTICES:
            client.error(NO_REQUEST, code, text)

    def _managed_accounts(self, client: Connection, _fields: Fields) -> None:
        client.send(Message.MANAGED_ACCOUNTS, 1, ",".join(self.offered))

    def _next_id(self, client: Connection, _fields: Fields) -> None:
        client.send(Message.NEXT_VALID_ID, 1, self.orders.next_id(client))

    def _current_time(self, client: Connection, _fields: Fields) -> None:
        time = self.world.now + self.clock_skew
        client.send(Message.CURRENT_TIME, 1, int(time.timestamp()))

    def _keep_time(self, client: Connection, _fields: Fields) -> None:
        """Tell simulated time, which no fault touches."""
        client.queue(frame((Message.CURRENT_TIME, 1, int(self.world.now.timestamp()))))

    def _advance_time(self, client: Connection, fields: Fields) -> None:
        seconds = fields.number()
        if seconds is None or not 0 <= seconds <= LONGEST_ADVANCE_SECONDS:
            text = f"seconds is {seconds}, allowed is 0 to {LONGEST_ADVANCE_SECONDS}"
            raise RequestRefusedError(NO_REQUEST, 321, f"Error validating request. {text}")
        if self.settings.stepped:
            self.advance_to(self.world.now + dt.timedelta(seconds=seconds))
        self._keep_time(client, fields)


def _highest_version(payload: bytes) -> int:
    """Read ``v157..176`` or ``v157``, with or without a word behind it."""
    text = payload.decode(errors="replace").split(" ", maxsplit=1)[0]
    number = text.removeprefix("v").rpartition("..")[2]
    if not text.startswith("v") or not number.isdigit():
        raise WireError(f"client greets with {text!r}, expected is v<lowest>..<highest>")
    return int(number)


def _unknown(number: str) -> str:
    return f"Error validating request. Message {number!r} is not known to this gateway"


def _request_id(body: list[str]) -> int:
    """Return what stands where requests that can be misread have their id."""
    return int(body[0]) if body and is_id(body[0]) else NO_REQUEST


def serve(
    market: Market,
    settings: GatewaySettings,
    *,
    ready: Callable[[int], None],
    stop: threading.Event | None = None,
) -> None:
    """Run a gateway until it is told to stop; blocks.

    Parameters
    ----------
    market, settings
        As of `Gateway`.
    ready
        Called with the port once it listens.
    stop
        Ends it when set. In the main thread SIGINT and SIGTERM end it too.
    """
    asyncio.run(_serve(market, settings, ready=ready, stop=stop))


async def _serve(
    market: Market,
    settings: GatewaySettings,
    *,
    ready: Callable[[int], None],
    stop: threading.Event | None,
) -> None:
    ended = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with Gateway(market, settings) as gateway:
        ready(gateway.port)
        while not ended.is_set() and not (stop is not None and stop.is_set()):
            await _wait(ended, seconds=STOP_SECONDS if stop is not None else None)


async def _wait(event: asyncio.Event, *, seconds: float | None) -> None:
    """Wait for `event`, at most so long."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
