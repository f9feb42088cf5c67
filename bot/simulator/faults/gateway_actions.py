"""Actions on connections and on the gateway itself.

Seconds are simulated ones, except those of ``ClosePort``: while nobody is connected, simulated
time stands still.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bot.simulator.faults.action import ANYWHERE, RECEIVED, Action, positive
from bot.simulator.quirks import Quirk
from bot.simulator.wire import Request


class HangUp(StrEnum):
    """How a connection ends."""

    RST = "rst"
    """Reset: what was not yet written is lost."""

    EOF = "eof"
    """In order, after all that was to be written."""


class Upstream(StrEnum):
    """State of the line between gateway and broker."""

    LOST = "lost"
    """1100: no ticks."""

    RESTORED = "restored"
    """1102: ticks go on."""

    DATA_LOST = "data_lost"
    """1101: every market data line is gone and must be opened anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute(Action):
    """Tell this client, or by time everybody, nothing more; what it asks is still done."""

    where: ClassVar = ANYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfOpen(Action):
    """Neither hear nor tell anything more on the connection, and keep it open."""

    where: ClassVar = ANYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect(Action):
    """Hang up on the client, or by time on everybody.

    The message is lost unless it `passes`. The world goes on for `seconds` before anybody can
    be heard again.
    """

    where: ClassVar = ANYWHERE
    how: HangUp = HangUp.RST
    passes: bool = False
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.seconds < 0:
            raise ValueError(f"seconds is {self.seconds:g}, at least 0 is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Action):
    """Reset the next `connections` as soon as they are made."""

    where: ClassVar = ANYWHERE
    connections: int

    def __post_init__(self) -> None:
        positive(self, "connections")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePort(Action):
    """Listen to nobody for `seconds` of real time; open connections stay."""

    where: ClassVar = ANYWHERE
    seconds: float

    def __post_init__(self) -> None:
        positive(self, "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdBusy(Action):
    """Say 326 and hang up."""

    where: ClassVar = RECEIVED
    message: ClassVar = Request.START_API


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts(Action):
    """Offer other accounts from now on."""

    where: ClassVar = ANYWHERE
    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.ids:
            raise ValueError("ids is empty, at least one account id is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Differ(Action):
    """Let the gateway have a quirk from now on: ``read-only`` refuses every order with 321."""

    where: ClassVar = ANYWHERE
    name: Quirk


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBackIds(Action):
    """Forget which order ids were used, as a restarted gateway may."""

    where: ClassVar = ANYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpstream(Action):
    """Lose or restore the line to the broker and say so to everybody."""

    where: ClassVar = ANYWHERE
    state: Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkew(Action):
    """Answer reqCurrentTime with a clock that is `seconds` ahead from now on."""

    where: ClassVar = ANYWHERE
    seconds: float
