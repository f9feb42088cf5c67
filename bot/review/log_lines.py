"""The log, read again: its rotated files as one, filtered, and followed while it grows.

A line is an event with keys and values (``bot.logs``): ``time`` (UTC), ``level``, ``event``,
``logger``, and most often ``session`` and ``phase``, with ``order_ref`` and ``intent_id`` where an
order is meant. A line that cannot be read, as the last one of a bot that was killed may be, is
counted and left out.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from bot.core.errors import NotInLedgerError
from bot.logs import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from bot.ledger.connection import Connection

Line = Mapping[str, Any]

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
STYLES: Final = {"warning": "yellow", "error": "red", "critical": "bold red"}
HEAD: Final = ("time", "level", "event", "logger")
ORDER_KEYS: Final = ("order_ref", "intent_id")
SHOWN_SESSIONS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lines are wanted; what is ``None`` asks nothing.

    Parameters
    ----------
    session
        Those bound to it.
    event
        Those of this name, or of names that begin with it and a dot.
    order
        Those that name this order, by its reference or by its intent.
    level
        Those at least as severe.
    """

    session: dt.date | None = None
    event: str | None = None
    order: frozenset[str] | None = None
    level: str | None = None

    def passes(self, line: Line) -> bool:
        """Whether a line is wanted."""
        return (
            (self.session is None or line.get("session") == str(self.session))
            and (self.event is None or _is_event(line, self.event))
            and (self.order is None or bool(self.order & _orders(line)))
            and (self.level is None or _severity(line) >= LEVELS.index(self.level))
        )


def read_log(folder: Path) -> tuple[tuple[Line, ...], int]:
    """Read all files of the log, oldest line first.

    Returns
    -------
    tuple
        The lines, and how many could not be read.

    Raises
    ------
    NotInLedgerError
        If there is no log.
    """
    files = log_files(folder)
    if not files:
        raise NotInLedgerError(f"{folder}: holds no log; a first `steward once` or `run` begins it")
    lines: list[Line] = []
    unread = 0
    for path in files:
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            line = parsed(text)
            if line is None:
                unread += 1
            else:
                lines.append(line)
    return tuple(lines), unread


def log_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of the log, the oldest rotated one first."""
    numbered = {
        int(path.suffix[1:]): path
        for path in folder.glob(f"{FILE_NAME}.*")
        if path.suffix[1:].isdecimal()
    }
    newest = folder / FILE_NAME
    rotated = [numbered[number] for number in sorted(numbered, reverse=True)]
    return (*rotated, *([newest] if newest.exists() else []))


def parsed(text: str) -> Line | None:
    """Return one line; ``None`` if it is none of ours."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and {"time", "event"} <= found.keys() else None


def wanted_lines(lines: Sequence[Line], wanted: Filter) -> tuple[Line, ...]:
    """Return the lines that are wanted.

    Raises
    ------
    NotInLedgerError
        If there are none, with the first filter that nothing passes and what would.
    """
    found = tuple(line for line in lines if wanted.passes(line))
    if not found:
        raise NotInLedgerError(_why_nothing(lines, wanted))
    return found


def order_names(ledger: Connection, name: str) -> frozenset[str]:
    """Return the names of an order: its reference, and its intent.

    Parameters
    ----------
    ledger
        Open to read.
    name
        Either of them; one that is in no ledger stands alone.
    """
    row = ledger.row(
        "SELECT order_ref, intent_id FROM intents WHERE order_ref = ?1 OR intent_id = ?1", (name,)
    )
    return frozenset({name} if row is None else {row["order_ref"], row["intent_id"]})


def line_text(line: Line) -> Text:
    """Return a line as it is shown: ``20:30:02 info order.sent order_ref=...``."""
    level = str(line.get("level", ""))
    shown = Text(f"{str(line['time'])[:19].replace('T', ' ')} ", style="dim")
    shown.append(f"{level:<7} ", style=STYLES.get(level, ""))
    shown.append(str(line["event"]), style="bold")
    for key, value in line.items():
        if key not in HEAD:
            shown.append(f" {key}=", style="dim")
            shown.append(_plain(value))
    return shown


class Follower:
    """Reads what is added to the log, through its rotations.

    Parameters
    ----------
    folder
        Of the log. What is there now is taken as read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._inode, self._at = self._place()
        self._rest = b""

    def added(self) -> Iterator[Line]:
        """Yield the lines that were added since the last time."""
        inode, size = self._place()
        if inode != self._inode:
            yield from self._read(self._path.with_name(f"{FILE_NAME}.1"))
            self._inode, self._at, self._rest = inode, 0, b""
        if size > self._at:
            yield from self._read(self._path)

    def _place(self) -> tuple[int, int]:
        """Return which file it is, and how long."""
        try:
            found = self._path.stat()
        except OSError:
            return 0, 0
        return found.st_ino, found.st_size

    def _read(self, path: Path) -> Iterator[Line]:
        """Yield the whole lines from where the reading stood."""
        try:
            with path.open("rb") as file:
                file.seek(self._at)
                content = file.read()
        except OSError:
            return
        self._at += len(content)
        *whole, self._rest = (self._rest + content).split(b"\n")
        for text in whole:
            line = parsed(text.decode("utf-8", errors="replace"))
            if line is not None:
                yield line


def _is_event(line: Line, name: str) -> bool:
    return line["event"] == name or str(line["event"]).startswith(f"{name}.")


def _orders(line: Line) -> set[str]:
    return {str(line[key]) for key in ORDER_KEYS if key in line}


def _severity(line: Line) -> int:
    level = line.get("level")
    return LEVELS.index(level) if level in LEVELS else 0


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _why_nothing(lines: Sequence[Line], wanted: Filter) -> str:
    """Say which filter nothing passes, and what would pass it."""
    if wanted.session and not any(Filter(session=wanted.session).passes(line) for line in lines):
        known = sorted({str(line["session"]) for line in lines if "session" in line})
        return f"--session {wanted.session}: no line of it in the log; {_newest(known)}"
    if wanted.event and not any(_is_event(line, wanted.event) for line in lines):
        known = sorted({str(line["event"]) for line in lines})
        near = difflib.get_close_matches(wanted.event, known, n=1) or known[:1]
        return f"--event {wanted.event}: no such event in the log; {_did_you_mean(near)}"
    if wanted.order and not any(wanted.order & _orders(line) for line in lines):
        return f"--order {min(wanted.order)}: no line of the log names it; see `steward review`"
    return "no line of the log passes all of these filters"


def _newest(known: Sequence[str]) -> str:
    newest = ", ".join(known[-SHOWN_SESSIONS:])
    return f"its newest are {newest}" if known else "it has lines of no session"


def _did_you_mean(near: Iterable[str]) -> str:
    name = next(iter(near), None)
    return f"did you mean {name}?" if name else "it is empty"
