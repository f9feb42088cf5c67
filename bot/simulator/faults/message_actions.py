"""Actions on one message: lose, hold, repeat or bend it, or tell an error about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bot.simulator.faults.action import ANYWHERE, RECEIVED, SENT, Action, positive
from bot.simulator.faults.codes import CODES
from bot.simulator.wire import Message, Request


class Corruption(StrEnum):
    """What becomes of a frame."""

    LENGTH = "length"
    """A length prefix that swallows what follows."""

    FIELD = "field"
    """Every field but the message number is a question mark: nothing can be decoded."""

    TRUNCATED = "truncated"
    """The second half of the fields is missing."""


class TimeForm(StrEnum):
    """How the time of an execution is written."""

    UTC = "utc"
    """``YYYYMMDD-HH:MM:SS``."""

    CHICAGO = "chicago"
    """``YYYYMMDD HH:MM:SS America/Chicago``."""

    BARE = "bare"
    """``YYYYMMDD  HH:MM:SS`` in New York time, which it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Action):
    """Tell an error: to the request or order of the message, or, by time, to everybody.

    A message received is not handled unless it `passes`; a message sent goes ahead of the
    error. `text` is that of ``CODES`` when empty.
    """

    where: ClassVar = ANYWHERE
    code: int
    text: str = ""
    passes: bool = False

    def __post_init__(self) -> None:
        if self.code not in CODES:
            known = ", ".join(map(str, sorted(CODES)))
            raise ValueError(f"code is {self.code}, which is unknown; known are {known}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Action):
    """Lose the message: neither handled nor told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay(Action):
    """Hold the message for `seconds`, or until `messages` more have gone its way."""

    seconds: float | None = None
    messages: int | None = None

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.messages is None):
            raise ValueError("one of seconds and messages is needed")
        positive(self, "seconds", "messages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorder(Action):
    """Let the next message overtake this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay(Action):
    """Pass the message again: at once, `seconds` later, or `messages` later."""

    seconds: float | None = None
    messages: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None and self.messages is not None:
            raise ValueError("seconds and messages exclude each other, give one")
        positive(self, "seconds", "messages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrupt(Action):
    """Damage the frame."""

    where: ClassVar = SENT
    how: Corruption


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongId(Action):
    """Tell another request or order id."""

    where: ClassVar = SENT
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite(Action):
    """Tell other texts in `fields`, by position; 0 is the message number."""

    where: ClassVar = SENT
    fields: Mapping[str, str]

    def __post_init__(self) -> None:
        wrong = [key for key in self.fields if not key.isdecimal()]
        if wrong or not self.fields:
            raise ValueError(f"fields is {dict(self.fields)}, positions (0, 1, …) are needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionTime(Action):
    """Write the time of an execution in another form."""

    where: ClassVar = SENT
    message: ClassVar = Message.EXECUTION
    form: TimeForm


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsetCommission(Action):
    """Report a commission that is not known yet: 1.797e308."""

    where: ClassVar = SENT
    message: ClassVar = Message.COMMISSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate(Action):
    """Place the order once more under the next id, with the same reference."""

    where: ClassVar = RECEIVED
    message: ClassVar = Request.PLACE_ORDER
    of_order: ClassVar = True
