"""Run one session of a project folder and say which ports the process bound or listened on."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bot.backup import open_ledger
from bot.clock import new_york
from bot.logs import configure
from bot.project import connected, load_project
from bot.session import run_session

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTENING = "0A"
LOOK_SECONDS = 0.02

bound: list[object] = []
listening: set[str] = set()


def hear(event: str, arguments: tuple[object, ...]) -> None:
    """Note every address that Python binds a socket to."""
    if event == "socket.bind":
        bound.append(arguments[1])


def own_sockets() -> set[str]:
    """Return the inodes of this process's sockets."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(str(link.readlink()).removeprefix("socket:[").rstrip("]"))
    return found


def open_ports() -> Iterator[str]:
    """Yield what the kernel says that this process listens on, in any language."""
    inodes = own_sockets()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/self/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (table.startswith("udp") or fields[3] == LISTENING):
                yield f"{table} {fields[1]}"


async def watch() -> None:
    """Look again and again until cancelled."""
    while True:
        listening.update(open_ports())
        await asyncio.sleep(LOOK_SECONDS)


async def main(folder: Path) -> None:
    project = load_project(folder)
    configure(project.settings.logs, console=True)
    watching = asyncio.create_task(watch())
    async with connected(project) as broker:
        session = project.calendar.on_or_after(new_york(broker.clock.now()).date())
    with open_ledger(project) as ledger:
        await run_session(project, ledger, session)
    watching.cancel()
    print("bound", bound, "listening", sorted(listening))  # noqa: T201 - read by the test


if __name__ == "__main__":
    sys.addaudithook(hear)
    asyncio.run(main(Path(sys.argv[1])))
