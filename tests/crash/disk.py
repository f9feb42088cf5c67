"""Lets one write or sync of the ledger fail, at any place of a session, and says what came of it.

    python tests/crash/disk.py --folder build/disk [--places 6]

The kernel answers with the fault (``strace --inject``), once or from there on; the bot is as it
is. It must end by a fault that it knows, or go on; what it sent must have its intent; and on a
disk that is well again the same session must come to its end with nothing lost. Every place is
tried in turn, or so many that are spread over the session; what is done is kept in the folder,
so that it goes on where it stood. With ``--trace`` a session on a disk that is well is traced,
socket and all, and the gateway's port is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # its threads do not survive a fork
sys.path.insert(0, str(Path(__file__).parent))

from judgement import ask, duplicated, judge
from one_session import KNOWN_FAULT
from trial import SESSION, gateway

from bot.config import load_settings
from bot.core.errors import LedgerError
from bot.defaults import write_defaults
from bot.demo import point_at
from bot.ledger.store import Ledger
from bot.project import settings_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from judgement import Truth

SESSION_SCRIPT = Path(__file__).with_name("one_session.py")
WRITE, SYNC = "pwrite64", "fdatasync"
ERRORS: Final = {WRITE: "ENOSPC", SYNC: "EIO"}
DEADLINE_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFault:
    """The `number`-th such call on the ledger fails, and with `lasting` all after it."""

    call: str
    number: int
    lasting: bool = False

    @property
    def injection(self) -> str:
        """As strace wants it."""
        when = f"{self.number}+" if self.lasting else str(self.number)
        return f"inject={self.call}:error={ERRORS[self.call]}:when={when}"


def ledger_of(folder: Path) -> Path:
    """Return the ledger's file of a project."""
    return load_settings(settings_path(folder)).ledger.path


def traced(folder: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the session under strace, looking at the calls on the files of its ledger."""
    ledger = ledger_of(folder)
    files = [str(ledger.with_name(ledger.name + end)) for end in ("", "-wal", "-journal")]
    paths = [word for file in files for word in ("-P", file)]
    return session(
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        folder / "trace",
        *paths,
        *options,
        folder=folder,
    )


def session(*before: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the session of every trial as a program."""
    command = [*map(str, before), sys.executable, str(SESSION_SCRIPT), str(folder)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS
    )


def counted(folder: Path) -> dict[str, int]:
    """Return how many calls of each kind a session makes on a disk that is well."""
    write_defaults(folder)
    with gateway("whole", folder / "gateway.log") as port:
        point_at(folder, port)
        traced(folder, "-e", f"trace={WRITE},{SYNC}")
    calls = re.findall(r"(?m)^\d+ +(\w+)\(", (folder / "trace").read_text(errors="replace"))
    return {call: calls.count(call) for call in ERRORS}


def failing(fault: DiskFault, folder: Path) -> list[str]:
    """Run the session into `fault`, and again on a well disk; return what was wrong."""
    write_defaults(folder)
    with gateway("whole", folder / "gateway.log") as port:
        point_at(folder, port)
        ended = traced(folder, "-e", f"trace={fault.call}", "-e", fault.injection)
        faults = [*unclean(ended), *unmeant(asyncio.run(ask(port)), ledger_of(folder))]
        if "(INJECTED)" not in (folder / "trace").read_text(errors="replace"):
            faults.append("the fault did not happen")
        again = session(folder=folder)
        if again.returncode != 0:
            faults.append(f"on a well disk: {again.stderr[-300:]}")
        truth = asyncio.run(ask(port))
    return [*faults, *judge(truth, ledger_of(folder), SESSION)]


def unclean(ended: subprocess.CompletedProcess[str]) -> Iterator[str]:
    """Yield what is wrong with the way in which the bot ended."""
    if ended.returncode not in {0, KNOWN_FAULT}:
        yield f"ended with {ended.returncode}: {ended.stderr[-300:]}"


def unmeant(truth: Truth, path: Path) -> Iterator[str]:
    """Yield each order that the gateway has and the ledger, as it is left, has no intent of."""
    try:
        with Ledger.open_read_only(path) as ledger:
            yield from duplicated(truth, ledger)
    except LedgerError as fault:
        yield from (f"order {reference}, and {fault}" for reference, _ in truth.numbers)


def every(counts: dict[str, int]) -> Iterator[DiskFault]:
    """Yield the fault at every place; every second one lasts."""
    for call, count in counts.items():
        for number in range(1, count + 1):
            yield DiskFault(call=call, number=number, lasting=number % 2 == 0)


def spread_out(plan: Sequence[DiskFault], places: int) -> tuple[DiskFault, ...]:
    """Return so many of `plan`, as many of each call, from its first to its last."""
    kinds = [[fault for fault in plan if fault.call == call] for call in ERRORS]
    each = max(1, places // len(kinds))
    return tuple(
        kind[len(kind) * (2 * at + 1) // (2 * each)] for kind in kinds for at in range(each)
    )


def trace_all(folder: Path) -> int:
    """Trace a session on a disk that is well into ``trace``; return the gateway's port."""
    write_defaults(folder)
    names = f"trace={WRITE},{SYNC},fsync,sendto"
    with gateway("whole", folder / "gateway.log") as port:
        point_at(folder, port)
        command = ("strace", "-f", "--seccomp-bpf", "-qq", "-yy", "-s", "8192", "-e", names)
        ended = session(*command, "-o", folder / "trace", folder=folder)
    if ended.returncode != 0:
        raise SystemExit(ended.stderr)
    return port


def anew(folder: Path) -> Path:
    """Return `folder`, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def carry_out(plan: Sequence[DiskFault], folder: Path) -> list[str]:
    """Try what is not done yet; return a line for each place: the fault, and what was wrong."""
    state = folder / "state.jsonl"
    done = state.read_text(encoding="utf-8").splitlines() if state.exists() else []
    for number, fault in enumerate(plan[len(done) :], start=len(done)):
        place = anew(folder / f"trial-{number}")
        faults = failing(fault, place)
        done.append(json.dumps([fault.injection, faults]))
        state.write_text("\n".join(done) + "\n", encoding="utf-8")
        if not faults:
            shutil.rmtree(place)
        sys.stderr.write(f"\r{number + 1}/{len(plan)} failing calls")
    return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--places", type=int)
    parser.add_argument("--trace", action="store_true")
    options = parser.parse_args()
    folder = options.folder.absolute()
    if options.trace:
        sys.stdout.write(f"{trace_all(folder)}\n")
        return 0
    plan = tuple(every(counted(anew(folder / "counted"))))
    done = carry_out(spread_out(plan, options.places) if options.places else plan, folder)
    wrong = [line for line in done if json.loads(line)[1]]
    sys.stdout.write("\n".join(("", f"{len(done)} failing calls: {len(wrong)} faults", *wrong, "")))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
