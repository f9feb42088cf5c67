"""What gateway and bot say to each other in a day, recorded: the frames that are damaged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).parents[1] / "property"))

from line_plan import Kind, Wish
from line_world import Kit, LineWorld

from bot.broker.session import connect
from bot.data.wire_recording import Sender
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

WISHES = [
    Wish(kind=Kind.BUY, slot=0, quantity=4),
    Wish(kind=Kind.OPEN, slot=1, quantity=2),
    Wish(kind=Kind.SELL, slot=0, quantity=1),
    Wish(kind=Kind.CLOSE, slot=1, quantity=1),
]
TAKES = ExchangeSettings(fills=FillSettings(threshold_low=0.0, threshold_high=0.0))
LONGEST = 120
"""Messages of one kind that are kept: of some there are thousands."""

Talk = dict[Sender, list[tuple[str, ...]]]


def record(kit: Kit) -> Talk:
    """Run sessions, fills and quotes included, and keep what was said by whom."""
    world = LineWorld(kit)
    world.open()
    talk: Talk = {Sender.CLIENT: [], Sender.GATEWAY: []}
    try:
        for _ in range(2):
            day(world)
        kit.loop.run_until_complete(_ask(world, talk))
    finally:
        world.close()
    return {sender: _few(said) for sender, said in talk.items()}


def day(world: LineWorld) -> None:
    """Run a session in which everything is filled."""
    world.step(world.begin, WISHES)
    while world.run is not None:
        for order in world.gateway.world.exchange.open_orders():
            world.gateway.world.exchange.treat(order.ticket.key, TAKES)
        world.step(world.wait)


async def _ask(world: LineWorld, talk: Talk) -> None:
    """Ask for everything that the bot asks for, with an order on top."""
    from fuzz_questions import QUESTIONS, place  # noqa: PLC0415 - which imports this module

    def tap(sender: Sender, fields: Sequence[str]) -> None:
        talk[sender].append(tuple(fields))

    settings = world.project.settings.broker
    async with connect(settings, world.project.calendar, tap=tap) as broker:
        broker.clock = world.clock
        await place(broker)
        for question in QUESTIONS:
            await question(broker)


def _few(said: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    kept: dict[str, list[tuple[str, ...]]] = {}
    for fields in said:
        of_kind = kept.setdefault(fields[0], [])
        if len(of_kind) < LONGEST:
            of_kind.append(fields)
    return [fields for of_kind in kept.values() for fields in of_kind]
