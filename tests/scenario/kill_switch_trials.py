"""Orders at work, and a person who saves the kill switch: how soon the cancel is on the wire."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import TYPE_CHECKING

from harness import CANCEL_ORDER, PLACE_ORDER, Stage

from bot.broker import orders
from bot.clock import new_york
from bot.core.book import Book
from bot.project import connected, make_desk

if TYPE_CHECKING:
    from bot.desk import Desk

PATIENCE_SECONDS = 10.0
UNKNOWN_BOOK = Book(nav_usd=Decimal(0), cash_usd=Decimal(0), excess_liquidity_usd=Decimal(0))


async def trials(found: Stage, count: int) -> list[float]:
    """Return the seconds from before the save to the cancel at the gateway, for each trial.

    The gateway must not fill. Nobody looks at the orders meanwhile: only the watch can end them.
    """
    await found.run()
    async with connected(found.project) as broker:
        session = new_york(broker.clock.now()).date()
        desk = make_desk(
            found.project, broker=broker, ledger=found.ledger, session=session, dry=False
        )
        async with desk.switch_watch.running():
            await asyncio.sleep(0.1)  # the kernel begins to listen
            return [await _trial(found, desk, number) for number in range(count)]


async def _trial(found: Stage, desk: Desk, number: int) -> float:
    intent = found.ledger.intent_records()[0].intent
    ticket = orders.Ticket(
        order_ref=f"trial-{number}",
        legs=intent.legs,
        quantity=intent.quantity,
        net_price=intent.ladder.steps[0],
    )
    placed = _heard(found, PLACE_ORDER)
    working = orders.place(desk.broker, ticket)
    await placed
    with desk.stopping(working, intent, UNKNOWN_BOOK):
        cancelled = _heard(found, CANCEL_ORDER)
        saved = time.monotonic()
        await asyncio.to_thread(found.write_switch, "halt")
        seconds = await cancelled - saved
    found.write_switch("active")
    desk.switch_watch.look()
    await asyncio.sleep(0.05)  # what the kernel tells of this change comes before the next trial
    return seconds


def _heard(found: Stage, wanted: int) -> asyncio.Future[float]:
    """Return what will be the time at which the gateway receives a message."""
    heard: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def listen(number: int) -> None:
        if number == wanted and not heard.done():
            heard.set_result(time.monotonic())

    found.on_message = listen
    return asyncio.ensure_future(asyncio.wait_for(heard, PATIENCE_SECONDS))
