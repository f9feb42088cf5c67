"""Lets the faults of a script strike: matches messages and time, and keeps what they leave.

Every message of a gateway with faults comes through here (``hear`` and ``tell``), and so does
simulated time (``advance``). Without faults there is no engine, and a message costs one look at
an attribute that is ``None``.

Faults that wait for the same moment strike in the order of their script. What faults themselves
tell, an error for example, meets no further faults. ``struck`` lists what happened last, which is
the same in every run with the same script and the same clients. A gateway may run for months:
what is over is forgotten.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import heapq
import itertools
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from bot.core.errors import ConfigError
from bot.simulator.connection import Connection
from bot.simulator.faults.action import Action
from bot.simulator.faults.actions import ACTIONS, RANDOM
from bot.simulator.faults.conditions import HELLO, TIME_MESSAGES, When, Where
from bot.simulator.faults.message_actions import Corruption
from bot.simulator.faults.perform import PERFORMERS
from bot.simulator.faults.script import Fault, FaultScript, RandomFaults
from bot.simulator.faults.state import State
from bot.simulator.faults.traffic import STATUS, Passing, Traffic
from bot.simulator.hours import new_york_date
from bot.simulator.wire import field_text, frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.simulator.gateway import Gateway
    from bot.simulator.instruments import Instrument
    from bot.simulator.oddities import Oddity
    from bot.simulator.wire import Field

logger = logging.getLogger("steward.simulator")

KEPT: Final = 10_000
"""Faults that struck and are still listed."""

_TIME: Final = tuple(f"{number:d}\0".encode() for number in TIME_MESSAGES)
_WORDS: Final = {kind: word for word, kind in ACTIONS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """One fault that struck: its action, the time, and the message it met."""

    word: str
    action: Action
    at: dt.datetime
    number: int | None


@dataclass(slots=True)
class _Watch:
    """One fault with its count of occurrences."""

    fault: Fault
    injected: dt.datetime
    seen: int = 0

    def strikes(self) -> bool:
        """Count one occurrence; return whether the fault strikes at it."""
        self.seen += 1
        when = self.fault.when
        return self.seen >= when.nth and (when.always or self.seen < when.nth + when.times)

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it may."""
        when = self.fault.when
        return not when.always and self.seen >= when.nth + when.times - 1


@dataclass(slots=True)
class _Held:
    """Something that waits for messages to pass."""

    client: Connection
    where: Where
    left: int
    act: Callable[[], None]


class Faults:
    """The faults of one gateway.

    Parameters
    ----------
    gateway
        Where they strike.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.state = State()
        self.strikes = 0
        """How many faults struck."""
        self.struck: deque[Struck] = deque(maxlen=KEPT)
        """The last of them."""
        self._today: dt.date | None = None
        self._traffic = Traffic(gateway.world.instruments)
        self._watches: list[_Watch] = []
        self._random: list[_Dice] = []
        self._due: list[tuple[dt.datetime, int, Callable[[], None]]] = []
        self._serial = itertools.count()
        self._held: list[_Held] = []

    def add(self, script: FaultScript) -> None:
        """Watch for the faults of `script` from now on; those that wait for nothing strike.

        Raises
        ------
        ConfigError
            If a fault waits for the time of a session that the market does not play.
        """
        now = self.gateway.world.now
        watches = [_Watch(fault, now) for fault in script.faults]
        starts = {id(watch): self._start(watch) for watch in watches}
        for watch in watches:
            if watch.fault.when.where is Where.TIME:
                self._at(starts[id(watch)], self._striking(watch.fault.what))
            else:
                self._watches.append(watch)
        if script.random is not None:
            self._random.append(_Dice(script.random))
        self._run_due()

    def _start(self, watch: _Watch) -> dt.datetime:
        """Return the instant before which a fault does not strike."""
        when, base = watch.fault.when, watch.injected
        if when.session is not None:
            day = self.gateway.world.day(when.session)
            if day is None:
                raise ConfigError((f"session {when.session} is not played by this market",))
            base = day.open
        return base + dt.timedelta(seconds=when.after or 0.0)

    def _striking(self, action: Action) -> Callable[[], None]:
        return lambda: self._strike(action, None)

    # -- messages --------------------------------------------------------------------------

    def hear(self, client: Connection, payload: bytes) -> None:
        """Take a message of a client to the gateway, or whatever becomes of it."""
        if payload.startswith(_TIME) and client.version:
            self.gateway.handle(client, payload)
        elif client not in self.state.deaf:
            self._carry(self._traffic.received(client, payload))

    def tell(self, client: Connection, fields: Sequence[Field]) -> None:
        """Take a message of the gateway to a client, or whatever becomes of it."""
        self._carry(self._traffic.sent(client, [field_text(value) for value in fields]))

    def _carry(self, event: Passing) -> None:
        for action in self._meeting(event):
            self._strike(action, event)
        if event.passes:
            self.deliver(event)
        for act in event.behind:
            act()
        self._count(event)

    def deliver(self, event: Passing) -> None:
        """Let the message arrive."""
        if event.where is Where.SENT:
            if event.client not in self.state.mute:
                event.client.queue(_encoded(event))
        elif event.number == HELLO:
            self.gateway.handle(event.client, event.values[0].encode())
        else:
            self.gateway.handle(event.client, frame(event.values)[4:])

    def _meeting(self, event: Passing) -> Iterator[Action]:
        """Give the actions of the faults that strike at a message."""
        for watch in self._watches:
            if self._fits(watch, event) and watch.strikes():
                yield watch.fault.what
        for dice in self._random if event.number != HELLO else ():
            if (action := dice.roll()) is not None:
                yield action

    def _fits(self, watch: _Watch, event: Passing) -> bool:
        when = watch.fault.when
        return (
            when.where is event.where
            and (when.received in {None, event.number} and when.sent in {None, event.number})
            and when.phase in {None, event.phase}
            and when.kind in {None, event.kind}
            and when.client in {None, event.client.client_id}
            and (when.status is None or event.values[STATUS] == when.status)
            and _named(when, event)
            and self._is_time(watch)
        )

    def _is_time(self, watch: _Watch) -> bool:
        when, now = watch.fault.when, self.gateway.world.now
        today = when.session in {None, new_york_date(now)}
        return today and (when.after is None or now >= self._start(watch))

    def _strike(self, action: Action, event: Passing | None) -> None:
        word, now = _WORDS[type(action)], self.gateway.world.now
        number = None if event is None else event.number
        logger.info("fault %s at %s, message %s: %s", word, now, number, action)
        self.strikes += 1
        self.struck.append(Struck(word=word, action=action, at=now, number=number))
        PERFORMERS[type(action)](self, action, event)

    # -- what waits ------------------------------------------------------------------------

    def later(
        self,
        act: Callable[[], None],
        *,
        event: Passing | None = None,
        seconds: float | None = None,
        messages: int | None = None,
    ) -> None:
        """Do `act` after simulated `seconds`, or after `messages` more on the way of `event`."""
        if messages is None or event is None:
            self._at(self.gateway.world.now + dt.timedelta(seconds=seconds or 0.0), act)
        else:  # the message that is passing counts too
            self._held.append(_Held(event.client, event.where, messages + 1, act))

    def _at(self, due: dt.datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._due, (due, next(self._serial), act))

    def _count(self, event: Passing) -> None:
        """Let what waited for this message go on."""
        mine = [h for h in self._held if (h.client, h.where) == (event.client, event.where)]
        for held in mine:
            held.left -= 1
        done = [held for held in mine if held.left == 0]
        self._held = [held for held in self._held if held.left]
        for held in done:
            held.act()

    def advance(self, target: dt.datetime) -> None:
        """Move simulated time on, and let what is due on the way happen at its time."""
        while self._due and self._due[0][0] <= target:
            self.gateway.move_to(max(self._due[0][0], self.gateway.world.now))
            self._run_due()
        self.gateway.move_to(target)
        self._start_day(new_york_date(target))

    def _start_day(self, today: dt.date) -> None:
        """Forget the orders that were done on the day before, and faults that cannot strike now."""
        if today == self._today:
            return
        self._today = today
        exchange = self.gateway.world.exchange
        self._traffic.start_day({order.ticket.key for order in exchange.open_orders()})
        self._watches = [watch for watch in self._watches if not watch.spent]
        self.state.start_day(self.gateway.world.now)

    def _run_due(self) -> None:
        while self._due and self._due[0][0] <= self.gateway.world.now:
            heapq.heappop(self._due)[2]()

    def oddities(self, instrument: Instrument) -> frozenset[Oddity]:
        """Return what is odd about the quotes of `instrument` now."""
        return self.state.oddities(instrument, self.gateway.world.now)

    # -- connections -----------------------------------------------------------------------

    def opened(self, client: Connection) -> None:
        """Take note of a new connection, or refuse it."""
        if self.state.refuse:
            self.state.refuse -= 1
            client.reset()

    def closed(self, client: Connection) -> None:
        """Forget a connection, with all that was held for it."""
        self._traffic.forget(client)
        self.state.forget(client)
        self._held = [held for held in self._held if held.client is not client]


class _Dice:
    """Draws random faults: a hash of the seed and of the number of the draw decides."""

    def __init__(self, settings: RandomFaults) -> None:
        self._settings = settings
        self._rolls = itertools.count()

    def roll(self) -> Action | None:
        """Return what strikes at the next message, if anything does."""
        draw, kinds = next(self._rolls), self._settings.kinds
        if self._uniform(f"{draw}") >= self._settings.rate:
            return None
        return RANDOM[kinds[int(self._uniform(f"{draw} kind") * len(kinds))]]

    def _uniform(self, name: str) -> float:
        text = f"{self._settings.seed}:{name}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest()) / 2**48


def _named(when: When, event: Passing) -> bool:
    """Return whether the message is about the order and the contract that a fault names."""
    ref = when.ref
    if ref is not None and not (event.order is not None and event.order.ref.startswith(ref)):
        return False
    pattern = when.contract
    return pattern is None or any(fnmatchcase(name, pattern) for name in event.names)


def _encoded(event: Passing) -> bytes:
    """Return the frame of a message, damaged if it is to be."""
    number, *rest = event.values
    match event.corruption:
        case Corruption.FIELD:
            return frame([number, *("?" for _ in rest)])
        case Corruption.TRUNCATED:
            return frame([number, *rest[: len(rest) // 2]])
        case Corruption.LENGTH:
            return b"\0\x0f\xff\xff" + frame(event.values)[4:]
        case _:
            return frame(event.values)
