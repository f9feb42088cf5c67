"""Start-up and footprint: what a person waits for, and what the machine carries all day.

- ``--help`` and ``status`` beside ``python -c 'import typer'``, in turn, by processor time.
- A whole ``once`` as a process of its own, by real time, against a gateway on which time moves when
  the bot waits; and, dry, against one with the limits of a real gateway in real time.
- ``run`` between two sessions: resident memory and share of a core, over some seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench_chain_reading import SETTINGS as REAL
from bench_chain_reading import market as afternoon
from figures import Figure, at_most

from bot.defaults import write_defaults
from bot.demo import point_at
from bot.simulator.gateway import Gateway
from bot.simulator.settings import GatewaySettings
from bot.simulator.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bot.simulator.market import Market

STEWARD = (sys.executable, "-m", "bot.start")
TYPER = (sys.executable, "-c", "import typer")
ROUNDS, CYCLES = 21, 7
RATIO, ONCE_SECONDS, IDLE_MB, IDLE_SHARE = 1.5, 8.0, 250.0, 1.0
SETTLE_SECONDS, IDLE_SECONDS, SLICES = 25.0, 21.0, 7
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> Iterator[Figure]:
    """Yield the figures of starting, of a cycle, and of waiting."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cycles, dry = asyncio.run(_cycles(folder / "cycles")), asyncio.run(_dry(folder / "dry"))
        yield from _beside_typer(folder / "cycles")
        yield _once("once, whole process, time moves when the bot waits", cycles)
        yield _once("once --dry-run, whole process, limits of a real gateway", dry)
        yield from asyncio.run(_idle(folder / "idle"))


def _beside_typer(project: Path) -> Iterator[Figure]:
    """Yield the times of the quick commands over that of importing typer."""
    commands = {
        "--help": (*STEWARD, "--help"),
        "status": (*STEWARD, "status", "-p", str(project)),
    }
    times: dict[str, list[float]] = {name: [] for name in ("typer", *commands)}
    for _ in range(ROUNDS):
        for name, command in {"typer": TYPER, **commands}.items():
            times[name].append(_processor_ms(command))
    for name in commands:
        ratios = [ours / theirs for ours, theirs in zip(times[name], times["typer"], strict=True)]
        yield at_most(
            f"steward {name}: its time over importing typer",
            statistics.median(ratios),
            "x",
            RATIO,
            samples=ratios,
            note=f"{statistics.median(times[name]):.0f} ms of {times['typer'][0]:.0f} ms",
        )


def _processor_ms(command: tuple[str, ...]) -> float:
    before = _children()
    subprocess.run(command, check=True, capture_output=True)
    return (_children() - before) * 1000


def _once(name: str, spent: list[tuple[float, float]]) -> Figure:
    real, processor = zip(*spent, strict=True)
    note = f"of it {statistics.median(processor):.1f} s of processor time"
    return at_most(name, statistics.median(real), "s", ONCE_SECONDS, samples=real, note=note)


async def _cycles(folder: Path) -> list[tuple[float, float]]:
    """Return the seconds of some sessions that follow each other."""
    market = SyntheticMarket(scenario="spike", seed=7, sessions=CYCLES + 2)
    async with _project(folder, market, GatewaySettings()) as gateway:
        spent: list[tuple[float, float]] = []
        for day in market.days()[1 : CYCLES + 1]:
            gateway.world.advance(day.open + (day.close - day.open) * 0.9)
            spent.append(await _seconds(*STEWARD, "once", "-p", str(folder)))
        return spent


async def _dry(folder: Path) -> list[tuple[float, float]]:
    """Return the seconds of as many dry runs, in real time."""
    async with _project(folder, afternoon(), REAL):
        return [
            await _seconds(*STEWARD, "once", "--dry-run", "-p", str(folder)) for _ in range(CYCLES)
        ]


@contextlib.asynccontextmanager
async def _project(
    folder: Path, market: Market, settings: GatewaySettings
) -> AsyncIterator[Gateway]:
    """Set up a project in `folder` that points at a gateway of its own."""
    write_defaults(folder)
    async with Gateway(market, settings) as gateway:
        point_at(folder, gateway.port)
        path = folder / "config" / "steward.toml"
        text = path.read_text(encoding="utf-8")
        speed = f"simulation_speed = {settings.speed}"
        path.write_text(text.replace("simulation_speed = 0.0", speed), encoding="utf-8")
        yield gateway


async def _seconds(*command: str) -> tuple[float, float]:
    """Return the seconds of a process that has to end well: real, and of the processor."""
    start, before = time.perf_counter(), _children()
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}: {said.decode()}")
    return time.perf_counter() - start, _children() - before


def _children() -> float:
    """Return the processor time of all processes that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _idle(folder: Path) -> list[Figure]:
    """Watch ``run`` while it waits for its first session."""
    market = SyntheticMarket(scenario="calm", seed=3, sessions=2)
    async with _project(folder, market, GatewaySettings(speed=1.0)):
        child = await asyncio.create_subprocess_exec(
            *STEWARD,
            *("run", "-p", str(folder)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await asyncio.sleep(SETTLE_SECONDS)
            shares, resident = await _watched(child.pid)
        finally:
            child.terminate()
            await child.wait()
    note = f"over {IDLE_SECONDS:.0f} s before its first session"
    return [
        at_most("run, idle: resident", max(resident), "MB", IDLE_MB, samples=resident, note=note),
        at_most(
            "run, idle: share of a core",
            statistics.mean(shares),
            "%",
            IDLE_SHARE,
            samples=shares,
            note=note,
        ),
    ]


async def _watched(pid: int) -> tuple[list[float], list[float]]:
    """Return percent of a core and resident megabytes, in slices of time."""
    shares, resident, before = [], [], _ticks(pid)
    for _ in range(SLICES):
        await asyncio.sleep(IDLE_SECONDS / SLICES)
        now = _ticks(pid)
        shares.append((now - before) / TICKS / (IDLE_SECONDS / SLICES) * 100)
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]  # noqa: ASYNC240 - memory
        resident.append(int(pages) * PAGE / 1e6)
        before = now
    return shares, resident


def _ticks(pid: int) -> int:
    """Return the processor time of a process in ticks: fields 14 and 15 of its ``stat``."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
