"""What a running program takes up: memory, open files, threads, processor time, bytes on disk."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.logs import FILE_NAME

_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one process takes up at one instant.

    Parameters
    ----------
    kilobytes
        Resident memory.
    files
        Open file descriptors, sockets among them.
    threads
        Threads.
    seconds
        Processor time so far.
    """

    kilobytes: int
    files: int
    threads: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement.

    Parameters
    ----------
    real
        Real seconds since the gateway said that it is ready.
    now
        The gateway's time.
    bot, gateway
        The two processes.
    log_bytes
        Of the log and its predecessors.
    ledger_bytes
        Of the ledger with its write-ahead log.
    """

    real: float
    now: dt.datetime
    bot: Usage
    gateway: Usage
    log_bytes: int
    ledger_bytes: int


def measured(project: Path, bot: int, gateway: int, *, real: float, now: dt.datetime) -> Sample:
    """Measure two processes, by their ids, and what one of them has written."""
    return Sample(
        real=round(real, 1),
        now=now,
        bot=usage(bot),
        gateway=usage(gateway),
        log_bytes=_bytes(project / "logs", f"{FILE_NAME}*"),
        ledger_bytes=_bytes(project / "ledger", "steward.db*"),
    )


def usage(pid: int) -> Usage:
    """Measure one process.

    Raises
    ------
    FileNotFoundError
        If there is none of that id.
    """
    process = Path("/proc") / str(pid)
    status = dict(
        line.split(":", maxsplit=1)
        for line in (process / "status").read_text(encoding="utf-8").splitlines()
    )
    times = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return Usage(
        kilobytes=int(status["VmRSS"].split()[0]) if "VmRSS" in status else 0,
        files=sum(1 for _ in (process / "fd").iterdir()),
        threads=int(status["Threads"]),
        seconds=(int(times[11]) + int(times[12])) / _TICKS,
    )


def _bytes(folder: Path, pattern: str) -> int:
    """Return the bytes of the files that fit; one that vanishes meanwhile counts nothing."""
    total = 0
    for path in folder.glob(pattern):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total
