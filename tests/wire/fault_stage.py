"""A gateway that does wrong by a script, in a thread, and any order on its wire."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fixed_market import FixedMarket
from raw_client import DEADLINE_SECONDS, TWO_HOURS, VIX_CALL, Place, RawClient

from bot.simulator import orders_in
from bot.simulator.faults.reading import parse_script
from bot.simulator.gateway import Gateway
from bot.simulator.instruments import ContractQuery
from bot.simulator.settings import GatewaySettings
from bot.simulator.wire import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SPX_COMBO = (0, "SPX", "BAG", "", 0, "", "", "SMART", "", "USD", "", "")
SPXW_PUT = (0, "SPX", "OPT", "20260821", 6000, "P", "", "SMART", "", "USD", "", "SPXW")

MIDDLE = (
    *orders_in.BODY,
    *orders_in.TRAIL,
    *orders_in.HEDGE,
    *orders_in.CLEARING,
    *("deltaNeutralContract", "algoStrategy"),
    *orders_in.MISC,
    "conditions",
    *orders_in.TAIL,
    *(name for _, name in orders_in.ADDED),
)


class Stage(Place):
    """A place whose gateway can be looked at."""

    gateway: Gateway

    def open(self, client_id: int = 1) -> RawClient:
        """Connect a client, and move time to 11:00 New York on the first day."""
        client = self.connect(client_id)
        client.advance(TWO_HOURS)
        return client

    def words(self) -> list[str]:
        """Return what has struck."""
        return [] if self.gateway.faults is None else [s.word for s in self.gateway.faults.struck]

    def put_spread(self) -> tuple[tuple[object, ...], ...]:
        """Return the legs of a put spread: 6100 sold, 6000 bought."""
        legs = []
        for strike, action in ((6100.0, "SELL"), (6000.0, "BUY")):
            query = ContractQuery(symbol="SPX", sec_type="OPT", strike=strike, right="P")
            found = self.gateway.world.instruments.match(query)
            (put,) = (p for p in found if p.local_symbol.startswith("SPXW  260821"))
            legs.append((put.con_id, 1, action, "SMART", 0, 0, "", -1))
        return tuple(legs)


@contextmanager
def staged(script: str = "", settings: GatewaySettings | None = None) -> Iterator[Stage]:
    """Serve a gateway with the faults of `script` in a thread."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    stage = Stage(0, threading.Event())

    async def run() -> None:
        async with Gateway(FixedMarket(), settings or GatewaySettings()) as gateway:
            if script:
                gateway.inject(parse_script(script))
            stage.gateway, stage.port = gateway, gateway.port
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert ready.wait(DEADLINE_SECONDS)
    try:
        yield stage
    finally:
        stage.close()
        loop.call_soon_threadsafe(stop.set)
        thread.join(DEADLINE_SECONDS)
        loop.close()


def place(  # noqa: PLR0913 - the fields of an order that tests differ in
    client: RawClient,
    order_id: int,
    *,
    contract: Sequence[object] = VIX_CALL,
    legs: Sequence[Sequence[object]] = (),
    quantity: int = 1,
    price: float = 1.6,
    ref: str = "raw",
    what_if: bool = False,
) -> None:
    """Send an order to buy."""
    given = {
        "action": "BUY",
        "totalQuantity": quantity,
        "orderType": "LMT",
        "lmtPrice": price,
        "tif": "DAY",
        "orderRef": ref,
        "transmit": 1,
        "whatIf": what_if,
        "deltaNeutralContract": 0,
        "conditions": 0,
        "exemptCode": -1,
    }
    head = [given.get(name, "") for name in (*orders_in.CONTRACT_TAIL, *orders_in.HEAD)]
    combo = (len(legs), *(field for leg in legs for field in leg), 0, 0) if legs else ()
    middle = [given.get(name, "") for name in MIDDLE]
    client.send(Request.PLACE_ORDER.value, order_id, *contract, *head, *combo, *middle)


def told(messages: list[list[str]], number: int) -> list[list[str]]:
    """Return the messages of one number."""
    return [fields for fields in messages if fields[0] == str(number)]


def statuses(messages: list[list[str]]) -> list[str]:
    """Return the states that orderStatus messages tell, each once in a row."""
    found = [fields[2] for fields in told(messages, 3)]
    return [s for n, s in enumerate(found) if n == 0 or found[n - 1] != s]


def codes(messages: list[list[str]]) -> list[tuple[str, str]]:
    """Return id and code of each error that is no notice."""
    return [(f[2], f[3]) for f in told(messages, 4) if not 2100 <= int(f[3]) < 2200]


def heard(client: RawClient, seconds: float = 10) -> list[list[str]]:
    """Return what was told up to now, and while `seconds` pass."""
    return client.answers() + client.advance(seconds)
