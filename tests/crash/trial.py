"""One trial: a session is killed, maybe its recovery too, then run to its end and judged.

Gateway, bot and witness are processes of their own, forked from one that has imported all of
them: starting Python anew for each would take longer than the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import logging
import os
import signal
import sys
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from boundaries import Boundaries, Stop
from judgement import ask, judge

from bot.backup import open_ledger
from bot.defaults import write_defaults
from bot.demo import point_at
from bot.logs import configure
from bot.project import load_project
from bot.session import run_session
from bot.simulator.exchange import ExchangeSettings
from bot.simulator.fills import FillSettings
from bot.simulator.gateway import Gateway, serve
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SESSION = dt.date(2025, 1, 6)

THREAD_SECONDS = 20.0
"""Within which a thread ends after the session that it worked for."""

TRIAL_SECONDS = 240
"""After which a process that hangs is ended by SIGALRM, which is a fault."""


def market() -> SyntheticMarket:
    """Return the market of every trial, at its beginning."""
    return SyntheticMarket(scenario="calm", seed=3, sessions=30)


VENUES = {
    "whole": FillSettings(),
    "piecemeal": FillSettings(first_units=1, remainder_seconds=12.0),
}
"""How orders fill: at once, or one unit first and the rest later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A venue, and where the first processes die: each stop ends one of them."""

    venue: str
    stops: tuple[Stop, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a trial.

    Parameters
    ----------
    kills
        Kind of each boundary at which a process died.
    met
        Kinds of the boundaries of the process that came to its end.
    faults
        Departures from the invariants; none is wanted.
    """

    kills: tuple[str, ...]
    met: tuple[str, ...]
    faults: tuple[str, ...]


def warm(folder: Path) -> None:
    """Run a session in this process, so that what it loads and computes is there for all."""

    async def session() -> None:
        settings = GatewaySettings(exchange=ExchangeSettings(fills=VENUES["whole"]))
        async with Gateway(market(), settings) as here:
            point_at(folder, here.port)
            project = load_project(folder)
            with open_ledger(project) as ledger:
                await run_session(project, ledger, SESSION)

    write_defaults(folder)
    logging.disable(logging.CRITICAL)
    asyncio.run(session())
    logging.disable(logging.NOTSET)
    alone()


def alone() -> None:
    """Wait until no thread but this one runs: the others would not survive a fork."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(THREAD_SECONDS)
    if threading.active_count() > 1:
        raise RuntimeError(f"threads do not survive a fork: {threading.enumerate()}")


def forked(act: Callable[[], None], log: Path) -> int:
    """Do `act` in a process of its own, whose words go to `log`; return its number."""
    if number := os.fork():
        return number
    status = 1
    signal.alarm(TRIAL_SECONDS)
    try:
        words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(words, 1)
        os.dup2(words, 2)
        act()
        status = 0
    except BaseException:  # noqa: BLE001 - the process ends here whatever it met
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def waited(number: int) -> int:
    """Wait for a process; return how it ended: negative by a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


@contextlib.contextmanager
def gateway(venue: str, log: Path) -> Iterator[int]:
    """Run a stepped gateway; yield its port."""
    reading, writing = os.pipe()
    settings = GatewaySettings(exchange=ExchangeSettings(fills=VENUES[venue]))

    def tell(port: int) -> None:
        os.write(writing, f"{port}\n".encode())

    number = forked(lambda: serve(market(), settings, ready=tell), log)
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            yield int(said.readline())
    finally:
        os.kill(number, signal.SIGKILL)
        waited(number)


def play(folder: Path, boundaries: Boundaries) -> None:
    """Run the session as `steward` does, up to its end or to a boundary."""
    boundaries.watch()
    project = load_project(folder)
    configure(project.settings.logs, console=False)
    with open_ledger(project) as ledger:
        asyncio.run(run_session(project, ledger, SESSION))
    boundaries.finish()


def bear_witness(folder: Path, port: int, found: Path) -> None:
    """Write down in what the ledger departs from the gateway's truth."""
    logging.disable(logging.WARNING)
    truth = asyncio.run(ask(port))
    faults = judge(truth, load_project(folder).settings.ledger.path, SESSION)
    found.write_text(json.dumps(faults), encoding="utf-8")


def lives(stops: Sequence[Stop]) -> Iterator[Stop | None]:
    """Yield the stop of each process; the last one has none."""
    yield from stops
    yield None


def run_trial(trial: Trial, folder: Path) -> Verdict:
    """Carry out `trial` in a new folder."""
    write_defaults(folder)
    record, found, log = folder / "record", folder / "found", folder / "process.log"
    kills: list[str] = []
    with gateway(trial.venue, folder / "gateway.log") as port:
        point_at(folder, port)
        for stop in lives(trial.stops):
            ended = waited(forked(lambda at=stop: play(folder, Boundaries(record, at)), log))  # type: ignore[misc]
            if ended != -signal.SIGKILL:
                break
            kills.append(record.read_text(encoding="ascii").removeprefix("killed "))
        if ended != 0:
            return Verdict(kills=tuple(kills), met=(), faults=(f"the bot ended with {ended}",))
        met = tuple(record.read_text(encoding="ascii").split())
        witness = waited(forked(lambda: bear_witness(folder, port, found), log))
    faults = json.loads(found.read_text()) if witness == 0 else [f"the witness ended {witness}"]
    return Verdict(kills=tuple(kills), met=met, faults=tuple(faults))
