"""Lets one write or sync of the ledger fail, at any place of a session, and says what came of it.

    python tests/crash/disk.py --folder build/disk --jobs 2 [--places 6]

The kernel answers with the fault (``strace --inject``), once or from there on, disk full or
broken; the bot is as it is. It must end by a fault that it knows, or go on; what it sent must
have its intent; and on a disk that is well again the same session must come to its end with
nothing lost. Every write and every sync is tried in turn, or so many that are spread over the
session; what is done is kept in the folder, so that it goes on where it stood. The ledger's
backup is another file, which is made when the session is done, and tested by itself.

With ``--trace`` a session on a disk that is well is traced, socket and all, and the gateway's
port is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # its threads do not survive a fork
sys.path.insert(0, str(Path(__file__).parent))

from boundaries import Boundaries
from judgement import ask, duplicated
from scenes import SCENES, Start, prepare
from trial import KNOWN_FAULT, forked, gateway, ledger_of, play, testimony, waited
from workers import shared

from bot.core.errors import LedgerError
from bot.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from judgement import Truth

SCENE, VENUE = SCENES["open"], "whole"
STRACE = ("strace", "-f", "-qq")
WRITE, SYNC = "pwrite64", "fdatasync"
CALLS = (WRITE, SYNC)
ERRORS = ("ENOSPC", "EIO")
ATTACH_SECONDS = 20.0
ANY_TRACER = (0x59616D61, -1)
"""``prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY)``: strace is no ancestor of what it looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFault:
    """The `number`-th such call on the ledger fails, and with `lasting` all after it."""

    call: str
    number: int
    error: str
    lasting: bool = False

    @property
    def injection(self) -> str:
        """As strace wants it."""
        when = f"{self.number}+" if self.lasting else str(self.number)
        return f"inject={self.call}:error={self.error}:when={when}"


def ledger_files(folder: Path) -> list[str]:
    """Return the options by which strace looks at nothing but the files of the ledger."""
    ledger = ledger_of(folder)
    files = (ledger.with_name(ledger.name + end) for end in ("", "-wal", "-journal"))
    return [word for file in files for word in ("-P", str(file))]


def session(folder: Path, *options: str) -> int:
    """Run the session, under strace when there are `options` for it; return its status."""
    number = forked(lambda: held(folder) if options else played(folder), folder / "process.log")
    if not options:
        return waited(number)
    with watched(number, "-o", str(folder / "trace"), *options):
        return waited(number)


def held(folder: Path) -> int:
    """Run the session once somebody lets this process go on."""
    ctypes.CDLL(None).prctl(*ANY_TRACER)
    os.kill(os.getpid(), signal.SIGSTOP)
    return played(folder)


def played(folder: Path) -> int:
    return play(folder, SCENE, Boundaries(folder / "record", None))


@contextlib.contextmanager
def watched(number: int, *options: str) -> Iterator[None]:
    """Attach strace to a process that has stopped itself, and let it go on."""
    os.waitpid(number, os.WUNTRACED)
    tracer = subprocess.Popen([*STRACE, *options, "-p", str(number)])
    deadline = time.monotonic() + ATTACH_SECONDS
    while "TracerPid:\t0\n" in Path(f"/proc/{number}/status").read_text(encoding="ascii"):
        if tracer.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"strace does not attach; it ended with {tracer.poll()}")
        time.sleep(0.001)
    os.kill(number, signal.SIGCONT)
    yield
    tracer.wait()


def counted(start: Start, folder: Path) -> dict[str, int]:
    """Return how many calls of each kind a session makes on a disk that is well."""
    with gateway(start, VENUE, folder / "gateway.log") as port:
        start.set_up(folder, SCENE, port)
        session(folder, *ledger_files(folder), "-e", f"trace={','.join(CALLS)}")
    calls = re.findall(r"(?m)^\d+ +(\w+)\(", (folder / "trace").read_text(errors="replace"))
    return {call: calls.count(call) for call in CALLS}


def failing(fault: DiskFault, start: Start, folder: Path) -> list[str]:
    """Run the session into `fault`, and again on a well disk; return what was wrong."""
    with gateway(start, VENUE, folder / "gateway.log") as port:
        start.set_up(folder, SCENE, port)
        looked_at = (*ledger_files(folder), "-e", f"trace={fault.call}", "-e", fault.injection)
        ended = session(folder, *looked_at)
        faults = [] if ended in {0, KNOWN_FAULT} else [f"ended with {ended}"]
        faults += unmeant(asyncio.run(ask(port)), ledger_of(folder))
        if "(INJECTED)" not in (folder / "trace").read_text(errors="replace"):
            faults.append("the fault did not happen")
        if again := session(folder):
            faults.append(f"on a well disk: ended with {again}")
        return faults + testimony(folder, SCENE, port=port, past=start.past)


def unmeant(truth: Truth, path: Path) -> Iterator[str]:
    """Yield each order that the gateway has and the ledger, as it is left, has no intent of."""
    try:
        with Ledger.open_read_only(path) as ledger:
            yield from duplicated(truth, ledger)
    except LedgerError as fault:
        yield from (f"order {reference}, and {fault}" for reference, _ in truth.numbers)


def every(counts: dict[str, int]) -> Iterator[DiskFault]:
    """Yield the fault at every place, each with one error, then each with the other.

    Writes come in twos, the head of a frame of the log and its page, so errors and whether they
    last change with every second place.
    """
    for turn, call in product(range(len(ERRORS)), counts):
        for number in range(1, counts[call] + 1):
            error = ERRORS[(number // 2 + turn) % len(ERRORS)]
            lasting = (number // 4 + turn) % 2 == 0
            yield DiskFault(call=call, number=number, error=error, lasting=lasting)


def spread_out(plan: Sequence[DiskFault], places: int) -> tuple[DiskFault, ...]:
    """Return so many of `plan`, as many of each call, from its first to its last."""
    each = max(1, places // len(CALLS))
    kinds = [[fault for fault in plan if fault.call == call] for call in CALLS]
    return tuple(
        kind[len(kind) * (2 * at + 1) // (2 * each)] for kind in kinds for at in range(each)
    )


def trace_all(start: Start, folder: Path) -> int:
    """Trace a session on a disk that is well into ``trace``; return the gateway's port."""
    names = f"trace={WRITE},{SYNC},fsync,sendto"
    with gateway(start, VENUE, folder / "gateway.log") as port:
        start.set_up(folder, SCENE, port)
        if status := session(folder, "-yy", "-s", "8192", "-e", names):
            raise RuntimeError(f"the session ended with {status}")
    return port


def anew(folder: Path) -> Path:
    """Return `folder`, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def carry_out(
    plan: Sequence[DiskFault], folder: Path, tried: Callable[[DiskFault], list[str]], jobs: int
) -> list[str]:
    """Try what is not done yet; return a line for each place: the fault, and what was wrong."""
    state = folder / "state.jsonl"
    done = state.read_text(encoding="utf-8").splitlines() if state.exists() else []
    rest = plan[len(done) :]
    with state.open("a", encoding="utf-8") as kept:
        for fault, faults in zip(rest, shared(tried, rest, jobs), strict=True):
            done.append(json.dumps([fault.injection, faults]))
            kept.write(f"{done[-1]}\n")
            kept.flush()
            sys.stderr.write(f"\r{len(done)}/{len(plan)} failing calls")
    return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--places", type=int)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--trace", action="store_true")
    options = parser.parse_args()
    folder = options.folder.absolute()
    start, _ = prepare(anew(folder / "start"))
    if options.trace:
        sys.stdout.write(f"{trace_all(start, folder)}\n")
        return 0
    plan = tuple(every(counted(start, anew(folder / "counted"))))

    def tried(fault: DiskFault) -> list[str]:
        place = anew(folder / f"{fault.call}-{fault.number}-{fault.error}")
        faults = failing(fault, start, place)
        if not faults:
            shutil.rmtree(place)
        return faults

    wanted = spread_out(plan, options.places) if options.places else plan
    done = carry_out(wanted, folder, tried, options.jobs)
    wrong = [line for line in done if json.loads(line)[1]]
    sys.stdout.write("\n".join(("", f"{len(done)} failing calls: {len(wrong)} faults", *wrong, "")))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
