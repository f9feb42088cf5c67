"""What every kind of fuzzing needs around it: the loop, recorded talk, a world with positions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

import fuzz_talk
from fuzz_client import ClientFuzz
from fuzz_gateway import GatewayFuzz
from idle_loop import IdleLoop
from line_world import Kit, LineWorld

if TYPE_CHECKING:
    from collections.abc import Iterator


class Bench:
    """A place to fuzz at; `complaints` is what the loop was told of in passing."""

    def __init__(self, loop: IdleLoop, kit: Kit) -> None:
        self._loop, self._kit = loop, kit
        self.talk = fuzz_talk.record(kit)
        self.complaints: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _loop, context: self.complaints.append(context))

    def towards_client(self, frames: int, *, seed: int) -> ClientFuzz:
        """Damage so many frames towards a bot whose account holds something."""
        world = LineWorld(self._kit)
        world.open()
        try:
            fuzz_talk.day(world)
            fuzz = ClientFuzz(world, self.talk, seed)
            fuzz.run(frames)
        finally:
            world.close()
        return fuzz

    def towards_gateway(self, frames: int, *, seed: int) -> GatewayFuzz:
        """Damage so many frames towards gateways."""
        fuzz = GatewayFuzz(self._loop, self.talk, seed)
        fuzz.run(frames)
        return fuzz


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """Set up a bench; logs are silent, for every damaged frame is worth a line."""
    loop = IdleLoop()
    asyncio.set_event_loop(loop)
    logging.disable(logging.CRITICAL)
    kit = Kit(loop)
    try:
        yield Bench(loop, kit)
    finally:
        kit.close()
        logging.disable(logging.NOTSET)
        asyncio.set_event_loop(None)
        loop.close()
