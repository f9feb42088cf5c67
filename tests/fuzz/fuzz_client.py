"""Damaged frames towards the bot: through the real library, on a socket and straight into it.

Two ways. *Poured*: damaged frames go into the library's ``data_received`` in pieces, as the
socket gives them. *Answered*: the gateway's own answers are damaged on their way, one in some,
while the bot asks everything that it ever asks. After both the bot asks again: it gets an answer
that can be believed, or an error that it knows, and always within its deadlines.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from fuzz_frames import Mutator, pieces
from fuzz_questions import QUESTIONS, place

from bot.broker.session import Broker, connect
from bot.core.errors import StewardError
from bot.data.wire_recording import Sender
from bot.simulator.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fuzz_questions import Question
    from fuzz_talk import Talk
    from line_world import LineWorld

ROUGH = 0.001
"""Share of frames that break the stream: what follows one of them is often swallowed."""

BATCH = 2000
READ = 50
"""Frames between two rounds of questions, and frames that arrive together."""

HANG_SECONDS = 600.0
"""Time of the loop; it passes at once, so a question that takes longer has no deadline."""


class ClientFuzz:
    """Damages what one world's bot hears.

    Parameters
    ----------
    world
        Open, with something in its account.
    talk
        Recorded frames.
    seed
        Of all chance.
    """

    def __init__(self, world: LineWorld, talk: Talk, seed: int) -> None:
        self._world = world
        self._dice = random.Random(seed)
        self._mutator = Mutator(self._dice, talk[Sender.GATEWAY])
        self.frames = 0
        self.outcomes: Counter[str] = Counter()

    def run(self, frames: int) -> None:
        """Go on until so many frames were damaged."""
        while self.frames < frames:
            self._world.loop.run_until_complete(self._connection(frames))

    async def _connection(self, frames: int) -> None:
        settings = self._world.project.settings.broker
        began = self._world.loop.time()
        try:
            async with connect(settings, self._world.project.calendar) as broker:
                broker.clock = self._world.clock
                await place(broker)
                for _ in range(self._dice.randrange(1, 30)):
                    if self.frames >= frames or not broker.client.isConnected():
                        break
                    await self._round(broker)
        except StewardError as fault:
            self.outcomes[type(fault).__name__] += 1
        assert self._world.loop.time() - began < HANG_SECONDS * 60, "the bot hangs"

    async def _round(self, broker: Broker) -> None:
        if self._dice.random() < 0.5:
            self._pour(broker)
        else:
            self._damage_answers()
        try:
            for question in self._dice.sample(QUESTIONS, 3):
                await self._ask(broker, question)
        finally:
            self._restore_answers()

    def _pour(self, broker: Broker) -> None:
        """Pour frames as a socket gives them, as long as there is one."""
        for _ in range(BATCH // READ):
            data = b"".join(self._mutator.frames(READ, rough=ROUGH))
            for piece in pieces(self._dice, data):
                if broker.client.client.conn.transport is None:
                    return
                broker.client.client.conn.data_received(piece)
            self.frames += READ

    async def _ask(self, broker: Broker, question: Question) -> None:
        began = self._world.loop.time()
        try:
            await question(broker)
            self.outcomes["answered"] += 1
        except StewardError as fault:
            self.outcomes[type(fault).__name__] += 1
        except ConnectionError:
            self.outcomes["hung up"] += 1
        assert self._world.loop.time() - began < HANG_SECONDS, f"{question.__name__} hangs"

    def _damage_answers(self) -> None:
        for client in self._world.gateway.clients():
            client.queue = self._damaging(client)  # type: ignore[method-assign]

    def _restore_answers(self) -> None:
        for client in self._world.gateway.clients():
            vars(client).pop("queue", None)

    def _damaging(self, client: Connection) -> Callable[[bytes], None]:
        def queue(data: bytes) -> None:
            for each in self._bent(data):
                Connection.queue(client, each)

        return queue

    def _bent(self, data: bytes) -> Iterator[bytes]:
        if self._dice.random() < 0.8:
            yield data
            return
        self.frames += 1
        fields = data[4:-1].decode().split("\0")
        yield self._mutator.bent(fields, rough=ROUGH)
