"""Recorded conversations with a gateway: one JSON line for the header, one for each message.

::

    {"format": "steward-wire-1", "library": "ib_insync-0.9.86", "server_version": 176, ...}
    {"at": 0.012, "from": "client", "fields": ["71", "2", "17", ""]}
    {"at": 0.034, "from": "gateway", "fields": ["15", "1", "DU0000001"]}

`fields` are those of the wire, the message's number first; `at` is in seconds since the start.
What identifies a person or an account has been replaced before anything is written.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.core.errors import RecordedDataError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = "steward-wire-1"


class Sender(StrEnum):
    """Who said a message."""

    CLIENT = "client"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireMessage:
    """One message: seconds since the start, who said it, and its fields."""

    at: float
    sender: Sender
    fields: tuple[str, ...]

    @property
    def number(self) -> int:
        """What kind of message it is."""
        return int(self.fields[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRecording:
    """A recorded conversation.

    Parameters
    ----------
    library
        Client library and version.
    server_version
        Version of the protocol that was agreed on.
    recorded_at
        When, in UTC.
    messages
        In the order in which they passed the client's socket.
    """

    library: str
    server_version: int
    recorded_at: dt.datetime
    messages: tuple[WireMessage, ...]


def write_recording(path: Path, recording: WireRecording) -> None:
    """Write a recording that only its owner can read; a file that exists is not replaced.

    Raises
    ------
    RecordedDataError
        If `path` exists, or cannot be written.
    """
    header = {
        "format": FORMAT,
        "library": recording.library,
        "server_version": recording.server_version,
        "recorded_at": recording.recorded_at.isoformat(),
    }
    lines = [header, *map(_line, recording.messages)]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    except FileExistsError as fault:
        raise RecordedDataError(f"{path} exists; name a new file") from fault
    except OSError as fault:
        raise RecordedDataError(f"{path} cannot be written: {fault}") from fault


def ensure_new(path: Path) -> None:
    """Refuse, before anything is recorded, a file that could not be written afterwards.

    Raises
    ------
    RecordedDataError
        If `path` exists, or its folder does not.
    """
    if path.exists():
        raise RecordedDataError(f"{path} exists; name a new file")
    if not path.parent.is_dir():
        raise RecordedDataError(f"{path} cannot be written: {path.parent} is no folder")


def read_recording(path: Path) -> WireRecording:
    """Read a recording.

    Raises
    ------
    RecordedDataError
        With the line that cannot be read, and why.
    """
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError, ValueError) as fault:
        raise RecordedDataError(f"{path} is no recording: {fault or 'it is empty'}") from fault
    head = _parsed(path, 1, header)
    if head.get("format") != FORMAT:
        raise RecordedDataError(f"{path}:1: format {head.get('format')!r}, expected is {FORMAT!r}")
    try:
        return WireRecording(
            library=str(head["library"]),
            server_version=int(str(head["server_version"])),
            recorded_at=dt.datetime.fromisoformat(str(head["recorded_at"])),
            messages=tuple(_message(path, n, line) for n, line in enumerate(lines, start=2)),
        )
    except (KeyError, ValueError) as fault:
        raise RecordedDataError(f"{path}:1: header without a valid {fault}") from fault


def _line(message: WireMessage) -> dict[str, object]:
    return {
        "at": round(message.at, 3),
        "from": message.sender.value,
        "fields": list(message.fields),
    }


def _parsed(path: Path, number: int, line: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError as fault:
        raise RecordedDataError(f"{path}:{number}: not JSON: {fault}") from fault
    if not isinstance(found, dict):
        raise RecordedDataError(f"{path}:{number}: {line[:40]!r}, expected is an object")
    return found


def _message(path: Path, number: int, line: str) -> WireMessage:
    found = _parsed(path, number, line)
    fields = found.get("fields")
    try:
        if not isinstance(fields, list) or not str(fields[0]).isdecimal():
            raise ValueError(f"fields {fields!r} do not start with a number")  # noqa: TRY301 - told with its line
        return WireMessage(
            at=float(str(found["at"])),
            sender=Sender(str(found["from"])),
            fields=tuple(map(str, fields)),
        )
    except (KeyError, ValueError, IndexError) as fault:
        raise RecordedDataError(f"{path}:{number}: {fault}") from fault
