"""Damaged frames towards the simulated gateway, as its socket gives them.

It may refuse a frame, hang up on a stream that is none any more, or do what a damaged request
happens to ask for. Afterwards it answers the next client, and its books are whole: no order of
which it is not known what it is, no position in half a contract, no cash that is no number.
"""

from __future__ import annotations

import asyncio
import random
import struct
from typing import TYPE_CHECKING

from fuzz_frames import Mutator, encoded, pieces
from line_market import LineMarket

from bot.data.wire_recording import Sender
from bot.simulator.connection import Connection
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillSettings
from bot.simulator.gateway import Gateway
from bot.simulator.settings import GatewaySettings

if TYPE_CHECKING:
    from fuzz_talk import Talk
    from idle_loop import IdleLoop

ROUGH = 0.002
BATCH = 200
WORLD_FRAMES = 20_000
"""After so many a new gateway is made: a damaged request may have moved time to the last day."""

TIME = encoded(["49", "1"])
HELLO = b"API\0" + struct.pack(">I", 9) + b"v157..176"


class Wire(asyncio.Transport):
    """What a connection writes to: a socket without a system behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = bytearray()
        self.is_open = True

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self if name == "socket" else default

    def setsockopt(self, *_: object) -> None:
        """Take an option of a socket."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.heard += data

    def close(self) -> None:
        self.is_open = False

    abort = close


class GatewayFuzz:
    """Damages what a gateway hears.

    Parameters
    ----------
    loop
        Where it lives.
    talk
        Recorded frames.
    seed
        Of all chance.
    """

    def __init__(self, loop: IdleLoop, talk: Talk, seed: int) -> None:
        self._loop = loop
        self._dice = random.Random(seed)
        said = [fields for fields in talk[Sender.CLIENT] if fields[0] != "9001"]
        self._mutator = Mutator(self._dice, said)
        self.frames = 0
        self.hung_up = 0
        self.orders = 0

    def run(self, frames: int) -> None:
        """Go on until so many frames were damaged."""
        while self.frames < frames:
            self._loop.run_until_complete(self._world(min(frames, self.frames + WORLD_FRAMES)))

    async def _world(self, frames: int) -> None:
        fills = FillSettings(threshold_low=0.0, threshold_high=0.0, rest_seconds=0.0)
        settings = GatewaySettings(exchange=ExchangeSettings(fills=fills))
        async with Gateway(LineMarket(), settings) as gateway:
            gateway.advance_to(gateway.world.days[0].open)
            while self.frames < frames:
                await self._client(gateway)
                _books_are_whole(gateway)
            self.orders += len(gateway.world.exchange.completed_orders())

    async def _client(self, gateway: Gateway) -> None:
        wire = Wire()
        client = Connection(gateway)
        client.connection_made(wire)
        client.data_received(HELLO + encoded(["71", "2", "17", ""]))
        for piece in pieces(self._dice, b"".join(self._mutator.frames(BATCH, rough=ROUGH))):
            if wire.is_open:
                client.data_received(piece)
        self.frames += BATCH
        await self._loop.quiet()
        self.hung_up += not wire.is_open
        client.connection_lost(None)
        await self._answers(gateway)

    async def _answers(self, gateway: Gateway) -> None:
        """Make sure that the next client gets the time."""
        wire = Wire()
        client = Connection(gateway)
        client.connection_made(wire)
        client.data_received(HELLO + encoded(["71", "2", "18", ""]))
        del wire.heard[:]
        client.data_received(TIME)
        await self._loop.quiet()
        assert wire.heard.count(b"49\x001\x00"), "the gateway does not answer any more"
        client.connection_lost(None)


def _books_are_whole(gateway: Gateway) -> None:
    world = gateway.world
    for order in (*world.exchange.open_orders(), *world.exchange.completed_orders()):
        quantity, price = order.ticket.quantity, order.ticket.limit_price
        assert quantity == int(quantity) > 0, order
        assert price is None or abs(price) < 1e300, order
    for line in world.account.positions():
        assert int(line.quantity) == line.quantity
    assert world.account.cash.is_finite()
