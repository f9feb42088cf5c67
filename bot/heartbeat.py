"""The sign of life that the running bot leaves beside the ledger, for ``steward status --check``.

It is a file of its own, replaced whole: it can be written while the ledger is locked or damaged,
and read without opening it. Its time is that of this machine, also in a simulation.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from bot.files import replace_text
from bot.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

log = get_logger(__name__)
T = TypeVar("T")
FILE_NAME: Final = "heartbeat.json"
REPEAT_SECONDS: Final = 30.0
"""How often a session that no schedule runs says that it still does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """How the bot was at one instant.

    Parameters
    ----------
    at
        The instant (UTC, this machine's clock).
    pid
        Number of the process.
    state
        ``starting``, ``waiting``, ``session`` or ``stopped``.
    next_session, next_wake
        What it waits for, and when that is (UTC, the market's clock).
    gateway_absent_since
        Since when the gateway is missed; ``None`` while it is there.
    alarmed
        Whether that absence has lasted so long that it was an alert.
    fault
        What keeps the bot from trading though nobody asked it to: a config or a ledger at fault.
    trouble
        How the last session ended, or that its backup failed, where that is no good news.
    """

    at: dt.datetime
    pid: int
    state: str
    next_session: dt.date | None = None
    next_wake: dt.datetime | None = None
    gateway_absent_since: dt.datetime | None = None
    alarmed: bool = False
    fault: str | None = None
    trouble: str | None = None


def _optional(text: str | None, parse: Callable[[str], T]) -> T | None:
    return None if text is None else parse(text)


def heartbeat_path(ledger: Path) -> Path:
    """Return where the heartbeat of the bot with this ledger lies."""
    return ledger.parent / FILE_NAME


def write_heartbeat(path: Path, beat: Heartbeat) -> None:
    """Write the file, whole.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_text(path, json.dumps(asdict(beat), default=lambda value: value.isoformat()) + "\n")


def read_heartbeat(path: Path) -> Heartbeat | None:
    """Return the last heartbeat; ``None`` where there is none that can be read."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return Heartbeat(
            at=dt.datetime.fromisoformat(facts["at"]),
            pid=int(facts["pid"]),
            state=str(facts["state"]),
            next_session=_optional(facts["next_session"], dt.date.fromisoformat),
            next_wake=_optional(facts["next_wake"], dt.datetime.fromisoformat),
            gateway_absent_since=_optional(
                facts["gateway_absent_since"], dt.datetime.fromisoformat
            ),
            alarmed=bool(facts["alarmed"]),
            fault=facts["fault"],
            trouble=facts.get("trouble"),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.asynccontextmanager
async def session_shown(path: Path) -> AsyncIterator[None]:
    """Say while the block runs that a session does; then leave what the file said before.

    For a session that a person starts: it keeps other programs off the lines of market data, and
    is no sign that a bot runs here day by day. What cannot be shown changes nothing of the session:
    it is logged.
    """
    before = _text(path)
    _show_session(path)
    repeating = asyncio.create_task(_repeat(path))
    try:
        yield
    finally:
        repeating.cancel()
        _put_back(path, before)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _put_back(path: Path, text: str | None) -> None:
    with _logged(path):
        if text is None:
            path.unlink(missing_ok=True)
        else:
            replace_text(path, text)


def _show_session(path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    with _logged(path):
        write_heartbeat(path, Heartbeat(at=now, pid=os.getpid(), state="session"))


@contextlib.contextmanager
def _logged(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        log.warning("heartbeat.not_written", path=str(path), detail=fault.strerror)


async def _repeat(path: Path) -> None:
    while True:
        await asyncio.sleep(REPEAT_SECONDS)
        _show_session(path)
