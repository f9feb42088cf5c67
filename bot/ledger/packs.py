"""Snapshots that lie together in one pack: nothing is lost, and nearly all of the room is.

Two sessions that follow each other know the same year of bars and the same calendar, but for a
day: alone a snapshot takes 25 kB, and 1.5 kB among twenty. A pack is the JSON of each, a line each,
compressed as one; JSON has no line breaks of its own. A snapshot that lies in a pack has an
empty body and the number of its line.
"""

from __future__ import annotations

import lzma
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bot.core.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Sequence

PRESET: Final = 3
"""Level of LZMA: its memory of 4 MB holds a whole pack, and it is ten times as fast as the default
for a sixth more room."""


def pack_together(texts: Sequence[bytes]) -> bytes:
    """Return the pack of some JSON texts.

    Raises
    ------
    LedgerError
        It would not give them back as they are.
    """
    body = lzma.compress(b"\n".join(texts), preset=PRESET)
    if lzma.decompress(body).split(b"\n") != list(texts):
        raise LedgerError(f"{len(texts)} snapshots: cannot be packed: a text has several lines")
    return body


def text_in_pack(body: bytes, place: int) -> bytes:
    """Return one of the texts of a pack, by its place from 0 on.

    Raises
    ------
    LedgerError
        The pack is damaged, or has no such place.
    """
    texts = _texts(body)
    if not 0 <= place < len(texts):
        raise LedgerError(f"a pack of {len(texts)} snapshots: has no place {place}")
    return texts[place]


@lru_cache(maxsize=1)
def _texts(body: bytes) -> tuple[bytes, ...]:
    """Unpack; sessions are mostly read one after the other, so the last pack is kept at hand."""
    try:
        return tuple(lzma.decompress(body).split(b"\n"))
    except lzma.LZMAError as fault:
        raise LedgerError(f"a pack of snapshots: cannot be unpacked: {fault}") from fault
