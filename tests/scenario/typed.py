"""The command line as processes: commands run to their end, and a gateway that runs meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import tomlkit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEWARD = (sys.executable, "-m", "bot.cli")
DEADLINE_SECONDS = 120


def steward(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with more in its environment where that is given."""
    return subprocess.run(
        [*STEWARD, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
        env={**os.environ, **environment},
    )


@contextlib.contextmanager
def gateway(*arguments: object) -> Iterator[int]:
    """Run ``steward gateway`` on a free port; yield the port."""
    command = [*STEWARD, "gateway", "--port", "0", "--scenario", "calm", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield int(json.loads(line)["port"])
        finally:
            process.terminate()


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def edit(project: Path, table: str, **values: object) -> None:
    """Write keys into a table of a project's settings."""
    path = project / "config" / "steward.toml"
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    document[table].update(values)
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
