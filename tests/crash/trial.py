"""One trial: a session is killed, maybe its recovery too, then run to its end and judged.

Gateway, bot and witness are processes of their own, forked from one that has imported all of
them: starting Python anew for each would take longer than the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from boundaries import Boundaries, Stop
from judgement import Truth, ask, doings, joined, judge
from scenes import SCENES, Scene, Start

from bot.backup import open_ledger
from bot.config import load_settings
from bot.core.errors import StewardError
from bot.logs import configure
from bot.project import load_project, settings_path
from bot.session import run_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

KNOWN_FAULT = 3
"""Status of a session that ended by a fault that the bot knows."""

TRIAL_SECONDS = 240
"""After which a process that hangs is ended by SIGALRM, which is a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A scene, how orders fill, and where the first processes die: each stop ends one of them."""

    scene: str
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
    did
        Reasons of the intents that have filled.
    faults
        Departures from the invariants; none is wanted.
    """

    kills: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    did: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def forked(act: Callable[[], int | None], log: Path) -> int:
    """Do `act` in a process of its own, whose words go to `log`; return its number."""
    if number := os.fork():
        return number
    status = 1
    signal.alarm(TRIAL_SECONDS)
    try:
        words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(words, 1)
        os.dup2(words, 2)
        status = act() or 0
    except BaseException:  # noqa: BLE001 - the process ends here whatever it met
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def waited(number: int) -> int:
    """Wait for a process; return how it ended: negative by a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


@contextlib.contextmanager
def gateway(start: Start, venue: str, log: Path) -> Iterator[int]:
    """Run the gateway as it is at `start`; yield its port."""
    reading, writing = os.pipe()

    def tell(port: int) -> None:
        os.write(writing, f"{port}\n".encode())

    number = forked(lambda: asyncio.run(start.serve(venue, tell)), log)
    os.close(writing)
    try:
        with os.fdopen(reading) as said:
            yield int(said.readline())
    finally:
        os.kill(number, signal.SIGKILL)
        waited(number)


def play(folder: Path, scene: Scene, boundaries: Boundaries) -> int:
    """Run the session as `steward` does, up to its end or to a boundary; return its status."""
    boundaries.watch()
    project = load_project(folder)
    configure(project.settings.logs, console=False)
    try:
        with open_ledger(project) as ledger:
            asyncio.run(run_session(project, ledger, scene.session))
    except StewardError as fault:
        sys.stderr.write(f"{type(fault).__name__}: {fault}\n")
        return KNOWN_FAULT
    boundaries.finish()
    return 0


def testimony(folder: Path, scene: Scene, *, port: int, past: Truth) -> list[str]:
    """Return in what the ledger departs from the gateway's truth."""
    logging.disable(logging.WARNING)
    truth = joined(past, asyncio.run(ask(port)))
    return judge(truth, ledger_of(folder), scene.session)


def ledger_of(folder: Path) -> Path:
    """Return the ledger's file of a project."""
    return load_settings(settings_path(folder)).ledger.path


def lives(stops: Sequence[Stop]) -> Iterator[Stop | None]:
    """Yield the stop of each process; the last one has none."""
    yield from stops
    yield None


def run_trial(trial: Trial, starts: Sequence[Start], folder: Path) -> Verdict:
    """Carry out `trial` in a new folder."""
    scene = SCENES[trial.scene]
    start = starts[scene.held]
    record, found, log = folder / "record", folder / "found", folder / "process.log"
    kills: list[str] = []

    def bear_witness() -> None:
        faults = testimony(folder, scene, port=port, past=start.past)
        did = doings(ledger_of(folder), scene.session)
        found.write_text(json.dumps({"faults": faults, "did": did}), encoding="utf-8")

    with gateway(start, trial.venue, folder / "gateway.log") as port:
        start.set_up(folder, scene, port)
        for stop in lives(trial.stops):
            watch = Boundaries(record, stop)
            ended = waited(forked(lambda watch=watch: play(folder, scene, watch), log))  # type: ignore[misc]
            if ended != -signal.SIGKILL:
                break
            kills.append(record.read_text(encoding="ascii").removeprefix("killed "))
        if ended != 0:
            return Verdict(kills=tuple(kills), faults=(f"the bot ended with {ended}",))
        met = tuple(record.read_text(encoding="ascii").split())
        witness = waited(forked(bear_witness, log))
    if witness != 0:
        return Verdict(kills=tuple(kills), met=met, faults=(f"the witness ended with {witness}",))
    return Verdict(kills=tuple(kills), met=met, **json.loads(found.read_text(encoding="utf-8")))
