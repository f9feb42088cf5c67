"""A fault script as values: what strikes when. ``docs/faults.md`` shows scripts as files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from bot.core.rules import STRICT
from bot.simulator.faults.action import Action
from bot.simulator.faults.actions import RANDOM
from bot.simulator.faults.conditions import HELLO, Phase, When, Where
from bot.simulator.faults.gateway_actions import Disconnect
from bot.simulator.wire import Message, Request

_ORDER_MESSAGES: Final[dict[Where, set[int]]] = {
    Where.RECEIVED: {Request.PLACE_ORDER, Request.CANCEL_ORDER},
    Where.SENT: {Message.OPEN_ORDER, Message.ORDER_STATUS, Message.EXECUTION, Message.COMMISSION},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Parameters
    ----------
    what
        What it does.
    when
        When it does; by default as soon as the simulation starts.

    Raises
    ------
    ValueError
        If `what` cannot be done `when` it should.
    """

    what: Action
    when: When = field(default_factory=When)

    def __post_init__(self) -> None:
        what, when = self.what, self.when
        if when.where not in what.where:
            able = " or ".join(sorted(where.value for where in what.where))
            raise ValueError(f"it waits for {when.where.value}, but needs {able}")
        if what.message is not None and what.message != _message(when):
            kind = Request if when.where is Where.RECEIVED else Message
            raise ValueError(f"it needs the message {kind(what.message).name.lower()}")
        if what.of_order and _message(when) not in _ORDER_MESSAGES[when.where]:
            raise ValueError("it needs a message about an order, or a phase")
        if isinstance(what, Disconnect) and when.sent == HELLO and not what.passes:
            raise ValueError("a greeting that is lost is a drop; hang up when it is received")


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomFaults:
    """Faults at random, the same for the same seed and the same run.

    Parameters
    ----------
    seed
        Of the draws.
    rate
        Share of all messages that a fault strikes, 0 to 1; the handshake and the simulator's
        own messages are spared.
    kinds
        Words of ``RANDOM``, drawn alike.

    Raises
    ------
    ValueError
        If `rate` is outside its bounds, or a kind is unknown.
    """

    __pydantic_config__: ClassVar = STRICT

    seed: int
    rate: float
    kinds: tuple[str, ...] = ("delay", "drop", "reorder", "replay")

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate is {self.rate:g}, more than 0 and at most 1 is needed")
        unknown = [kind for kind in self.kinds if kind not in RANDOM]
        if unknown or not self.kinds:
            given = ", ".join(unknown) or "empty"
            raise ValueError(f"kinds is {given}; known are {', '.join(RANDOM)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultScript:
    """Faults, in the order in which they strike at the same moment."""

    faults: tuple[Fault, ...] = ()
    random: RandomFaults | None = None


def _message(when: When) -> int | None:
    """Return the number of the message that is awaited; phases are messages too."""
    match when.phase:
        case None:
            return when.received if when.received is not None else when.sent
        case Phase.SUBMITTED:
            return Request.PLACE_ORDER
        case Phase.CANCEL_REQUESTED:
            return Request.CANCEL_ORDER
        case _:
            return Message.ORDER_STATUS
