"""A client made of a socket: says what the test says, and shows every field it hears."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.simulator.gateway import serve
from bot.simulator.wire import VERSIONED, Message, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.simulator.market import Market
    from bot.simulator.settings import GatewaySettings

DEADLINE_SECONDS = 10
LENGTH = struct.Struct(">I")

VIX_CALL = (0, "VIX", "OPT", "20260818", 20, "C", "", "SMART", "", "USD", "", "VIX")
TWO_HOURS = 7200


class RawClient:
    """One connection to a gateway, blocking."""

    def __init__(self, port: int, client_id: int = 1, *, versions: str = "v157..176") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS)
        self._buffer = b""
        try:
            self.socket.sendall(b"API\0" + self._frame(versions.encode()))
            self.version = int(self.read()[0])
            self.send(Request.START_API, 2, client_id, "")
        except OSError:
            self.socket.close()
            raise

    @staticmethod
    def _frame(payload: bytes) -> bytes:
        return LENGTH.pack(len(payload)) + payload

    def send(self, *fields: object) -> None:
        """Send one message."""
        text = "".join(f"{int(f) if isinstance(f, bool) else f}\0" for f in fields)
        self.socket.sendall(self._frame(text.encode()))

    def read(self) -> list[str]:
        """Read one message.

        Raises
        ------
        ConnectionError
            If the gateway hung up.
        """
        (length,) = LENGTH.unpack(self._take(LENGTH.size))
        return self._take(length).decode().split("\0")[:-1]

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the gateway hung up")
            self._buffer += data
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def hung_up(self) -> bool:
        """Read to the end; return whether there is one."""
        try:
            while True:
                self.read()
        except ConnectionError:
            return True

    def answers(self) -> list[list[str]]:
        """Return everything heard up to now: the gateway answers in the order it is asked."""
        self.send(Request.CURRENT_TIME, 1)
        heard: list[list[str]] = []
        while (message := self.read())[0] != str(Message.CURRENT_TIME.value):
            heard.append(message)
        return heard

    def ask(self, *fields: object) -> list[list[str]]:
        """Send one message and return everything that it is answered."""
        self.answers()
        self.send(*(f.value if isinstance(f, Request) else f for f in fields))
        return self.answers()

    def now(self) -> int:
        """Return the gateway's time, in seconds of the epoch."""
        self.send(Request.CURRENT_TIME.value, 1)
        while (message := self.read())[0] != str(Message.CURRENT_TIME.value):
            pass
        return int(message[2])

    def advance(self, seconds: float) -> list[list[str]]:
        """Move the gateway's time; return everything heard on the way."""
        self.answers()
        self.send(Request.ADVANCE_TIME.value, 1, seconds)
        heard: list[list[str]] = []
        while (message := self.read())[0] != str(Message.CURRENT_TIME.value):
            heard.append(message)
        return heard


class Place:
    """A gateway to connect to; it closes what was opened on it."""

    def __init__(self, port: int, stop: threading.Event) -> None:
        self.port = port
        self.stop = stop
        self._sockets: list[socket.socket] = []

    def connect(self, client_id: int = 1, *, versions: str = "v157..176") -> RawClient:
        """Connect a client that starts the API."""
        client = RawClient(self.port, client_id, versions=versions)
        self._sockets.append(client.socket)
        return client

    def say(self, start: bytes) -> socket.socket:
        """Open a socket and say `start`."""
        raw = socket.create_connection(("127.0.0.1", self.port), DEADLINE_SECONDS)
        self._sockets.append(raw)
        raw.sendall(start)
        return raw

    def close(self) -> None:
        """Close all sockets."""
        for each in self._sockets:
            each.close()


@contextmanager
def served(market: Market, settings: GatewaySettings) -> Iterator[Place]:
    """Serve a gateway in a thread."""
    ports: list[int] = []
    ready, stop = threading.Event(), threading.Event()

    def tell(port: int) -> None:
        ports.append(port)
        ready.set()

    thread = threading.Thread(
        target=serve, args=(market, settings), kwargs={"ready": tell, "stop": stop}
    )
    thread.start()
    assert ready.wait(DEADLINE_SECONDS)
    place = Place(ports[0], stop)
    try:
        yield place
    finally:
        stop.set()
        thread.join(DEADLINE_SECONDS)
        place.close()


def message(request: Request, *fields: object) -> tuple[object, ...]:
    """Return a request with its version where it has one."""
    return (request.value, *((1,) if request in VERSIONED else ()), *fields)


def buy(
    client: RawClient,
    order_id: int,
    *,
    action: str = "BUY",
    price: float = 1.6,
    what_if: bool = False,
) -> list[list[str]]:
    """Place an order for one VIX call and let 10 seconds pass."""
    version_170 = ("", "", "", "", "")
    head = ("", "", action, 1, "LMT", price, "", "DAY", "", "", "O", 0, "raw", 1, *[0] * 7)
    body = ("", 0, "", "", "", "", "", "", "", 0, "", -1, 0, "", "", 0, "", "", 0, 0, "", 0)
    rest = ("", "", "", "", "", 0, "", "", "", "", 0, "", "", "", "", "", "", "", "", "", "")
    tail = (
        0,
        "",
        "",
        0,
        0,
        "",
        "",
        what_if,
        "",
        0,
        0,
        0,
        0,
        "",
        "",
        "",
        "",
        "",
        "",
        0,
        "",
        "",
        "",
        "",
    )
    last = ("", "", "", "", 0, 0, 0, "")
    client.answers()
    client.send(3, order_id, *VIX_CALL, *head, *body, *rest, *tail, *last, *version_170)
    return client.answers() + client.advance(10)
