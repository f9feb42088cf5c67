"""When a fault strikes.

A fault waits for a message that the gateway receives or sends, for a phase of an order, or for
simulated time alone; every other key narrows it. A phase is a message too:

================  ===========================================================================
submitted         a new order arrives (placeOrder)
acknowledged      its first orderStatus that is PreSubmitted or Submitted leaves
partly_filled     its first orderStatus with something filled and something left leaves
filled            its first orderStatus that is Filled leaves
cancel_requested  its first cancelOrder arrives
cancelled         its first orderStatus that is Cancelled leaves
================  ===========================================================================

Each order has each phase once: what is told again after a reconnect is no new phase.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from bot.core.rules import STRICT
from bot.simulator.wire import Message, Request

HELLO: Final = 0
"""Stands for the handshake, which has no number: the client's greeting, the gateway's answer."""

TIME_MESSAGES: Final = frozenset({Request.ADVANCE_TIME, Request.KEEP_TIME})
"""The simulator's own messages are no part of the wire that is tested: no fault touches them."""


class Where(StrEnum):
    """What a fault waits for."""

    RECEIVED = "a message received"
    SENT = "a message sent"
    TIME = "time alone"


class Phase(StrEnum):
    """Phases of an order; see the module."""

    SUBMITTED = "submitted"
    ACKNOWLEDGED = "acknowledged"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELLED = "cancelled"


RECEIVED_PHASES: Final = frozenset({Phase.SUBMITTED, Phase.CANCEL_REQUESTED})


class Kind(StrEnum):
    """Kinds of placeOrder."""

    NEW = "new"
    CHANGE = "change"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Conditions, all of which must hold.

    Parameters
    ----------
    received, sent, phase
        What it waits for: one of them, or none for time alone. Messages are numbers of
        `Request` and `Message`, or ``HELLO``.
    nth
        Which occurrence is the first that counts.
    times, always
        How many occurrences count from there, or all of them.
    session
        New York date.
    after
        Not before so many simulated seconds after the open of `session`, or, without one, after
        the start of the simulation.
    kind
        Kind of placeOrder received.
    status
        State in an orderStatus sent, as on the wire: ``Submitted``.
    ref
        Start of the order's reference.
    contract
        Pattern (``*`` and ``?``) of a contract of the message: its symbol, trading class,
        security type, or local symbol with single spaces (``VIX 260819C00020000``). A combo has
        the names of its legs too.
    client
        Client id.

    Raises
    ------
    ValueError
        If they contradict each other.
    """

    __pydantic_config__: ClassVar = STRICT

    received: int | None = None
    sent: int | None = None
    phase: Phase | None = None
    nth: int = 1
    times: int = 1
    always: bool = False
    session: dt.date | None = None
    after: float | None = None
    kind: Kind | None = None
    status: str | None = None
    ref: str | None = None
    contract: str | None = None
    client: int | None = None

    def __post_init__(self) -> None:
        awaited = [n for n in ("received", "sent", "phase") if getattr(self, n) is not None]
        if len(awaited) > 1:
            raise ValueError(f"{' and '.join(awaited)} exclude each other, give one")
        self._check_numbers()
        if self.always and self.times != 1:
            raise ValueError(f"always and times = {self.times} exclude each other, give one")
        if self.kind is not None and self.received != Request.PLACE_ORDER:
            raise ValueError(f'kind is "{self.kind}", which needs received = "place_order"')
        if self.status is not None and self.sent != Message.ORDER_STATUS:
            raise ValueError(f'status is "{self.status}", which needs sent = "order_status"')
        if self.where is Where.TIME:
            self._check_time_alone()

    def _check_numbers(self) -> None:
        for name in ("nth", "times"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, at least 1 is needed")
        if self.after is not None and self.after < 0:
            raise ValueError(f"after is {self.after:g}, at least 0 seconds are needed")
        if self.received not in {None, HELLO, *Request} or self.received in TIME_MESSAGES:
            raise ValueError(f"received is {self.received}, which is no message of a client")
        if self.sent not in {None, HELLO, *Message}:
            raise ValueError(f"sent is {self.sent}, which is no message of the gateway")

    def _check_time_alone(self) -> None:
        usual = When.__dataclass_fields__
        for name in ("ref", "contract", "client", "nth", "times", "always"):
            value = getattr(self, name)
            if value != usual[name].default:
                raise ValueError(f"{name} is {value}, which needs one of received, sent, phase")

    @property
    def where(self) -> Where:
        """What it waits for."""
        if self.received is not None or self.phase in RECEIVED_PHASES:
            return Where.RECEIVED
        if self.sent is not None or self.phase is not None:
            return Where.SENT
        return Where.TIME
