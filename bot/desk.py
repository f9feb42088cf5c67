"""Everything that one cycle works with, in one place."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.broker.market_data import MarketData
from bot.broker.session import Broker
from bot.core.decide import permitted
from bot.core.model import EventTable, Session
from bot.core.rules import Rules
from bot.core.sessions import TradingCalendar
from bot.killswitch import KillSwitch
from bot.ledger.store import Ledger

if TYPE_CHECKING:
    import datetime as dt

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
    kill_switch
        Read again before every send.
    calendar, rules, rules_sha256, events
        Trading days, the strategy's rules in force with their hash, and scheduled events.
    """

    session: Session
    dry: bool
    broker: Broker
    market: MarketData
    ledger: Ledger
    kill_switch: KillSwitch
    calendar: TradingCalendar
    rules: Rules
    rules_sha256: str
    events: EventTable

    @property
    def clock(self) -> Clock:
        """The clock of the connection."""
        return self.broker.clock

    def now(self) -> dt.datetime:
        """Return the time in UTC on the connection's clock."""
        return self.clock.now()

    def forbidden(self, intent: OrderIntent, book: Book) -> str | None:
        """Return why `intent` may not be sent at this instant, or ``None`` if it may.

        The kill switch is read from its file each time.
        """
        reading = self.kill_switch.read()
        if permitted(intent, dataclasses.replace(book, trading_state=reading.state)):
            return None
        if book.locked:
            return f"LOCKED: purpose={intent.purpose.value}"
        cause = reading.fault or reading.reason or "no reason given"
        return f"KILL_SWITCH: state={reading.state.value} purpose={intent.purpose.value} ({cause})"
