"""From the wake-up to a decision under the limits of a real gateway, and beside the usual recipe.

The gateway takes 50 messages a second, offers 100 lines and tells the first tick of a line after
half a second (``bot.simulator.limits.REAL_LIMITS``); the client sends 45 a second, as with IB.
Everything is real time over a real socket.

- *First day*: an empty ledger. The breadth of the sectors is read from eleven ETFs, and where the
  deltas lie is guessed by rules of thumb.
- *Ordinary day*: our own breadth, and the smiles of the session before.
- *Recipe*: what the documentation of the client library shows: qualify every strike within 15 % of
  the index for each expiry of the window, then ask for the tickers; with a client and a connection
  of its own to the same gateway, in the same run. ``STEWARD_BENCH_EXPIRIES`` cuts it to so many
  expiries; all of the window take some seven minutes.
- *Recorded chains*: condors of all tiers, in every shape that signals can give them, and the calls
  of the layers, chosen from the strikes read and from the full chain. Needs ``STEWARD_DATA``.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "scenario"))

from figures import Figure, at_least, at_most, missing
from harness import stage
from ib_insync import IB, Index, Option

from bot.broker.contracts import parse_date
from bot.clock import new_york
from bot.core.model import BreadthDay, BreadthSource, MarketSnapshot
from bot.simulator.gateway import Gateway
from bot.simulator.limits import REAL_LIMITS
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket
from bot.simulator.wire import Request
from captured_reading import clean_sessions, compared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness import Stage
    from ib_insync import Contract


SECONDS, REQUESTS, TIMES = 6.0, 150, 10
REACH = 0.15
WINDOW = (25, 45)
WAIT = dt.timedelta(hours=6)
DAYS_OF_BREADTH = 310
SETTINGS = GatewaySettings(
    speed=1.0,
    messages_per_second=REAL_LIMITS.messages_per_second,
    lines=REAL_LIMITS.lines,
    tick_latency_seconds=REAL_LIMITS.tick_latency_seconds,
)


class AtDecisionTime(SyntheticMarket):
    """A market that starts in the afternoon of its first session, half an hour before the close."""

    def start(self) -> dt.datetime:
        return self.days()[0].open + WAIT


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """What one wake-up took, and saw; it ends with the first margin that a decision asks for."""

    seconds: float
    observed: dict[str, float]
    received: Counter[int]
    seen: MarketSnapshot


def measure() -> Iterator[Figure]:
    """Yield the figures of the two days, of the recipe, and of the recorded chains."""
    logging.disable()
    yield from asyncio.run(_at_the_gateway())
    yield from _recorded()


async def _at_the_gateway() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        first = await _morning(Path(folder) / "first", None)
        usual = await _morning(Path(folder) / "usual", first)
    figures = [*_figures("first day", first), *_figures("ordinary day", usual)]
    return [*figures, *await _beside_the_recipe(usual)]


async def _morning(folder: Path, before: Woken | None) -> Woken:
    """Wake once on a gateway of its own, with the past that `before` leaves."""
    async with stage(folder, market=market(), settings=SETTINGS) as found:
        broker = dataclasses.replace(found.project.settings.broker, simulation_speed=1.0)
        settings = dataclasses.replace(found.project.settings, broker=broker)
        found.project = dataclasses.replace(found.project, settings=settings)
        session = new_york(found.gateway.world.now).date()
        if before is not None:
            _have_a_past(found, before.seen, session)
        previews: list[float] = []

        def hear(number: int) -> None:
            if number == Request.PLACE_ORDER:
                previews.append(time.monotonic())

        found.on_message, woken_at = hear, time.monotonic()
        await found.run(session, dry=True)
        (row,) = found.ledger.rows("SELECT detail FROM phases WHERE phase = 'observe'")
        return Woken(
            seconds=previews[0] - woken_at,
            observed=json.loads(row["detail"]),
            received=Counter(found.received),
            seen=found.ledger.load_snapshot(session, dry=True),
        )


def market() -> AtDecisionTime:
    """Return the market of every gateway here."""
    return AtDecisionTime(scenario="calm", seed=3, sessions=2)


def _have_a_past(found: Stage, seen: MarketSnapshot, session: dt.date) -> None:
    """Leave breadth of our own, and what was seen as if it were of the session before."""
    day = session
    for _ in range(DAYS_OF_BREADTH):
        day = found.project.calendar.previous(day)
        count = BreadthDay(session=day, advances=1700.0, declines=1300.0)
        found.ledger.record_breadth(BreadthSource.NYSE, count)
    before = found.project.calendar.previous(session)
    found.ledger.save_snapshot(dataclasses.replace(seen, session=before))


def _figures(day: str, woken: Woken) -> Iterator[Figure]:
    """Yield what one wake-up took."""
    observed, kinds = woken.observed, woken.received
    opened, closed = kinds[Request.MARKET_DATA], kinds[Request.CANCEL_MARKET_DATA]
    note = (
        f"lines asked {opened}, cancels {closed}, histories {kinds[Request.HISTORICAL_DATA]}; "
        f"options {observed['options']}; queued {observed['waits']:.0f} times, "
        f"{observed['waited_seconds']:.1f} s"
    )
    yield at_most(f"{day}: wake-up to decision", woken.seconds, "s", SECONDS)
    yield Figure(name=f"{day}: of it reading", value=observed["seconds"], unit="s")
    yield at_most(f"{day}: requests of reading", observed["requests"], "", REQUESTS, note=note)
    yield at_most(f"{day}: peak of lines", observed["peak_lines"], "", REAL_LIMITS.lines)
    yield at_most(f"{day}: lines left open", opened - closed, "", 0)


async def _beside_the_recipe(usual: Woken) -> list[Figure]:
    """Read the window by the recipe on a gateway as ours was, and compare."""
    async with Gateway(market(), SETTINGS) as gateway:
        contracts, seconds, quoted = await _recipe(gateway.port)
    sent = 2 * contracts
    note = f"{contracts} contracts, {quoted} with both sides; {sent} messages and more"
    ratio = seconds / usual.observed["seconds"]
    return [
        Figure(name="recipe: qualify and ask for tickers", value=seconds, unit="s", note=note),
        at_least("recipe over reading of an ordinary day", ratio, "x", TIMES),
    ]


async def _recipe(port: int) -> tuple[int, float, int]:
    """Return contracts, seconds and contracts quoted of the recipe, with a client of its own."""
    client = IB()
    await client.connectAsync("127.0.0.1", port, clientId=99)
    try:
        began = time.monotonic()
        contracts = await _qualified(client)
        tickers = await client.reqTickersAsync(*contracts)
        seconds = time.monotonic() - began
    finally:
        client.disconnect()
    return len(contracts), seconds, sum(ticker.hasBidAsk() for ticker in tickers)


async def _qualified(client: IB) -> list[Contract]:
    """Qualify every strike within reach of the index, for each expiry of the window."""
    (index,) = await client.qualifyContractsAsync(Index("SPX", "CBOE", "USD"))
    (ticker,) = await client.reqTickersAsync(index)
    chains = await client.reqSecDefOptParamsAsync("SPX", "", "IND", index.conId)
    chain = next(each for each in chains if each.tradingClass == "SPXW")
    today = (await client.reqCurrentTimeAsync()).date()
    inside = [
        date for date in sorted(chain.expirations) if WINDOW[0] <= _days(date, today) <= WINDOW[1]
    ]
    options = [
        Option("SPX", date, strike, right, "SMART", "100", "USD", tradingClass="SPXW")
        for date in inside[: int(os.environ.get("STEWARD_BENCH_EXPIRIES", len(inside)))]
        for strike in chain.strikes
        if abs(strike / ticker.last - 1) <= REACH
        for right in "CP"
    ]
    return list(await client.qualifyContractsAsync(*options))


def _days(date: str, today: dt.date) -> int:
    return (parse_date(date) - today).days


def _recorded() -> Iterator[Figure]:
    """Yield how many choices of the recorded chains are those of the full chain."""
    name = "recorded chains: the same condors and calls"
    if (data := os.environ.get("STEWARD_DATA")) is None:
        yield missing(name, "STEWARD_DATA is not set", "%")
        return
    found = list(compared(Path(data), clean_sessions(Path(data))))
    same = [each for each in found if not each.differences]
    for each in found:
        if each.shape == "flat":
            sys.stderr.write(
                f"{each.session}  listed {each.listed:5}  read {sum(each.rounds):3} in "
                f"{len(each.rounds)}  {'; '.join(each.differences) or 'the same'}\n"
            )
    sessions = len({each.session for each in found})
    share = 100 * len(same) / len(found)
    read = [float(sum(each.rounds)) for each in found]
    yield at_least(name, share, "%", 100, note=f"{sessions} chains in each of 9 shapes")
    yield Figure(
        name="recorded chains: options read",
        value=statistics.median(read),
        unit="",
        samples=tuple(read),
        note=f"the most {max(read):.0f}; listed {statistics.median(e.listed for e in found):.0f}",
    )
