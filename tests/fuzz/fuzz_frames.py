"""Frames of the wire protocol, damaged in every way that a frame can be.

A frame is mutated from a recorded one: its values, its number, its length, its bytes or its
place among the others. The same seed gives the same frames.
"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

LENGTH: Final = struct.Struct(">I")

NASTY: Final = (
    *("", "0", "-1", "1", "-0.0", "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400"),
    *("1e308", "1.7976931348623157E308", "1.7976931348623157e+308", "5e-324", "0x10", "1_0"),
    *("2147483647", "2147483648", "-2147483648", "9223372036854775808", "9" * 400, "1" * 5000),
    *("true", "None", "null", "?", " ", "\t", "\n", "\r\n", "a" * 3000, "\u0661", "\ufeff"),
    *("\U0001f4a5", "\x01", "BAG", "OPT", "20269999", "20260722", "19000101", "99999999 US/X"),
    *("20260720 15:30:00 Nowhere/City", "20260720-25:61:61", "Filled", "Submitted", "DU1", "U1"),
    *("0.01.02", "....", "%s%n", "'; DROP TABLE fills; --", "../../etc", "1,5", "1 000", "+7"),
)
"""Texts that are hard on somebody who takes a field for a number, a date or a name."""

NUMBERS: Final = tuple(str(number) for number in (*range(-1, 120), 200, 9001, 9002, 2**31, 10**12))


def encoded(fields: Sequence[str]) -> bytes:
    """Return the frame of `fields`."""
    payload = "".join(f"{field}\0" for field in fields).encode(errors="surrogateescape")
    return LENGTH.pack(len(payload)) + payload


class Mutator:
    """Damages frames.

    Parameters
    ----------
    dice
        Where chance comes from.
    corpus
        Recorded messages as fields, the number first.
    """

    def __init__(self, dice: random.Random, corpus: Sequence[Sequence[str]]) -> None:
        self._dice = dice
        self._corpus = corpus
        self._gentle: tuple[Callable[[list[str]], bytes], ...] = (
            self._values,
            self._values,
            self._values,
            self._cut,
            self._longer,
            self._shifted,
            self._swapped,
            self._renumbered,
            self._crossed,
            self._nonsense,
        )
        self._rough: tuple[Callable[[list[str]], bytes], ...] = (
            self._flipped,
            self._lying,
            self._unended,
            self._empty,
        )

    def frames(self, count: int, *, rough: float) -> list[bytes]:
        """Return `count` damaged frames, a share of them such that the stream itself breaks."""
        made = [self.frame(rough=rough) for _ in range(count)]
        for _ in range(count // 8):
            one, other = self._dice.randrange(count), self._dice.randrange(count)
            made[one], made[other] = made[other], made[one]
        return made

    def frame(self, *, rough: float) -> bytes:
        """Return one damaged frame."""
        return self.bent(list(self._dice.choice(self._corpus)), rough=rough)

    def bent(self, fields: list[str], *, rough: float) -> bytes:
        """Return the frame of `fields`, damaged."""
        kinds = self._rough if self._dice.random() < rough else self._gentle
        return self._dice.choice(kinds)(fields)

    def _values(self, fields: list[str]) -> bytes:
        for _ in range(self._dice.choice((1, 1, 1, 2, 3))):
            if len(fields) > 1:
                fields[self._dice.randrange(1, len(fields))] = self._dice.choice(NASTY)
        return encoded(fields)

    def _cut(self, fields: list[str]) -> bytes:
        return encoded(fields[: self._dice.randrange(1, len(fields) + 1)])

    def _longer(self, fields: list[str]) -> bytes:
        return encoded([*fields, *self._dice.choices(NASTY, k=self._dice.randrange(1, 9))])

    def _shifted(self, fields: list[str]) -> bytes:
        if len(fields) > 1:
            del fields[self._dice.randrange(1, len(fields))]
        return encoded(fields)

    def _swapped(self, fields: list[str]) -> bytes:
        if len(fields) > 2:
            one, other = self._dice.sample(range(1, len(fields)), 2)
            fields[one], fields[other] = fields[other], fields[one]
        return encoded(fields)

    def _renumbered(self, fields: list[str]) -> bytes:
        return encoded([self._dice.choice((*NUMBERS, *NASTY)), *fields[1:]])

    def _crossed(self, fields: list[str]) -> bytes:
        """Return the number of one message with the fields of another."""
        return encoded([fields[0], *self._dice.choice(self._corpus)[1:]])

    def _nonsense(self, fields: list[str]) -> bytes:
        return encoded([fields[0], *self._dice.choices(NASTY, k=len(fields) - 1)])

    def _flipped(self, fields: list[str]) -> bytes:
        data = bytearray(encoded(fields))
        for _ in range(self._dice.randrange(1, 6)):
            data[self._dice.randrange(LENGTH.size, len(data))] = self._dice.randrange(256)
        return bytes(data)

    def _lying(self, fields: list[str]) -> bytes:
        data = encoded(fields)
        true = len(data) - LENGTH.size
        lie = self._dice.choice(
            (0, 1, true - 1, true + 1, true // 2, true + 5_000, 600_000, 2**24, 2**31, 2**32 - 1)
        )
        return LENGTH.pack(max(0, lie)) + data[LENGTH.size :]

    def _unended(self, fields: list[str]) -> bytes:
        payload = encoded(fields)[LENGTH.size : -1]
        return LENGTH.pack(len(payload)) + payload

    def _empty(self, _fields: list[str]) -> bytes:
        return LENGTH.pack(0)


def pieces(dice: random.Random, data: bytes) -> list[bytes]:
    """Cut a stream where a socket might: anywhere."""
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.choice((0, 0, 1, 5))))
    bounds = [0, *cuts, len(data)]
    return [data[start:end] for start, end in itertools.pairwise(bounds) if end > start]
