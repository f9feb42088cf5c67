"""System calls of a traced session: what reached the ledger's log, its disk, and the gateway."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

WROTE, SYNCED, SENT = "wrote", "synced", "sent"
KINDS = {"pwrite64": WROTE, "fdatasync": SYNCED, "fsync": SYNCED, "sendto": SENT}
CALL = re.compile(
    r"\d+ +(?P<name>\w+)\(\d+<(?P<file>TCP:\[[^\]]*\]|[^>]*)>"
    r"(?:, \"(?P<data>.*)\", \d+.*)?\) += \d+"
)
"""One line of ``strace -f -yy``: a call that was carried out, on a file that has a name."""

UNFINISHED = " <unfinished ...>"
RESUMED = re.compile(r"\d+ +<\.\.\. \w+ resumed>")
LOG_SUFFIX = "-wal"
ORDER_MESSAGE = re.compile(rb"....3\0", re.DOTALL)
"""A message that places an order: its length, then its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call on the ledger's log, or on the gateway's socket."""

    kind: str
    data: bytes = b""


def read(lines: Iterable[str], port: int) -> Iterator[Call]:
    """Yield the calls on the ledger's log and on the socket of the gateway at `port`."""
    for line in whole(lines):
        found = CALL.match(line)
        if found is None or found["name"] not in KINDS:
            continue
        kind, file = KINDS[found["name"]], found["file"]
        if file.endswith(f":{port}]" if kind is SENT else LOG_SUFFIX):
            yield Call(kind=kind, data=unescaped(found["data"] or ""))


def whole(lines: Iterable[str]) -> Iterator[str]:
    """Yield each call as one line, once it is done, where another thread's came between."""
    begun: dict[str, str] = {}
    for line in lines:
        process = line.partition(" ")[0]
        if UNFINISHED in line:
            begun[process] = line.partition(UNFINISHED)[0]
        elif resumed := RESUMED.match(line):
            yield begun.pop(process, "") + line[resumed.end() :]
        else:
            yield line


def unescaped(text: str) -> bytes:
    """Return the bytes that strace has written as a C string."""
    return codecs.escape_decode(text.encode("ascii"))[0]


def placed(calls: Sequence[Call]) -> list[int]:
    """Return where orders were placed or changed."""
    return [
        place
        for place, call in enumerate(calls)
        if call.kind is SENT and ORDER_MESSAGE.match(call.data)
    ]


def reference(call: Call) -> bytes:
    """Return the reference of the order that a message places."""
    (found,) = re.findall(rb"\0(st-[^\0]+)\0", call.data)
    return bytes(found)


def on_disk_before(calls: Sequence[Call], place: int, text: bytes) -> bool:
    """Whether a write of `text` to the log was followed by a sync, both before `place`."""
    before = calls[:place]
    synced = max((at for at, call in enumerate(before) if call.kind is SYNCED), default=-1)
    return any(call.kind is WROTE and text in call.data for call in before[: synced + 1])


def nothing_pending(calls: Sequence[Call], place: int) -> bool:
    """Whether all that was written to the log before `place` was synced before it."""
    kinds = [call.kind for call in calls[:place] if call.kind is not SENT]
    return bool(kinds) and kinds[-1] is SYNCED
