"""Everything that one cycle works with, in one place."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.broker import orders
from bot.broker.market_data import MarketData
from bot.broker.session import Broker
from bot.core.decide import permitted
from bot.core.decision import Purpose
from bot.core.model import EventTable, MacroMonth, Session
from bot.core.rules import Rules
from bot.core.sessions import TradingCalendar
from bot.guard import DiskGuard
from bot.killswitch import KillSwitch, KillSwitchReading, halted
from bot.ledger.store import Ledger
from bot.switch_watch import SwitchWatch

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from bot.broker.orders import WorkingOrder
    from bot.clock import Clock
    from bot.core.book import Book
    from bot.core.decision import OrderIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One session's tools.

    Parameters
    ----------
    session
        The session being worked.
    dry
        Ask for quotes and margins, store the decision as dry, send and cancel nothing.
    broker, market
        The synchronised connection, and the reader of market data on it.
    ledger
        Open for writing.
    kill_switch, disk
        Read again before every send, by ``reading``.
    switch_watch
        Hears each change of the kill switch at once.
    calendar, rules, rules_sha256, events, macro
        Trading days, the strategy's rules in force with their hash, scheduled events, and the
        macro months that the user keeps.
    """

    session: Session
    dry: bool
    broker: Broker
    market: MarketData
    ledger: Ledger
    kill_switch: KillSwitch
    disk: DiskGuard
    switch_watch: SwitchWatch
    calendar: TradingCalendar
    rules: Rules
    rules_sha256: str
    events: EventTable
    macro: tuple[MacroMonth, ...]

    @property
    def clock(self) -> Clock:
        """The clock of the connection."""
        return self.broker.clock

    def now(self) -> dt.datetime:
        """Return the time in UTC on the connection's clock."""
        return self.clock.now()

    def reading(self) -> KillSwitchReading:
        """Return what may be sent at this instant: as the file says, but halt on a full disk."""
        full = self.disk.fault()
        return self.kill_switch.read() if full is None else halted(full)

    def forbidden(self, intent: OrderIntent, book: Book) -> str | None:
        """Return why `intent` may not be sent at this instant, or ``None`` if it may.

        The kill switch is read from its file each time. Nothing is sent while the gateway has
        lost the broker, and no new risk is taken on the data of a broken farm. After the close
        of the session nothing is sent: the venue would keep it for the next one.
        """
        if obstacle := self._obstacle(intent, book):
            return obstacle
        reading = self.reading()
        now = dataclasses.replace(book, trading_state=reading.state, keep_hedge=reading.keep_hedge)
        if permitted(intent, now):
            return None
        if book.locked:
            return f"LOCKED: purpose={intent.purpose.value}"
        cause = reading.fault or reading.reason or "no reason given"
        return f"KILL_SWITCH: state={reading.state.value} purpose={intent.purpose.value} ({cause})"

    @contextlib.contextmanager
    def stopping(self, working: WorkingOrder, intent: OrderIntent, book: Book) -> Iterator[None]:
        """While the block runs, cancel an order as soon as the kill switch forbids its intent."""

        def stop() -> bool:
            done = working.seems_filled or working.cancel_asked
            if done or self.forbidden(intent, book) is None:
                return False
            with contextlib.suppress(ConnectionError):
                orders.cancel(self.broker, working)
            return True

        with self.switch_watch.calling(stop):
            yield

    def _obstacle(self, intent: OrderIntent, book: Book) -> str | None:
        """Return what stands in the way on the side of the venue, or of the session."""
        close = self.calendar.day(self.session).close
        if self.now() >= close:
            return f"SESSION_CLOSED: at {close}"
        upstream = self.broker.upstream
        if intent.purpose is not Purpose.ADD:
            return upstream.no_send()
        return upstream.no_send() or upstream.stale() or next(iter(book.objections), None)
