"""The simulated world behind the gateway: market, venue and account at one simulated time.

Time moves in steps. While orders work, no step is longer than ``step_seconds``, so that they
meet the market on the way; without them it goes from one boundary to the next: the open and the
close of each session that the market plays. Day orders end and expiries settle at those.
"""

from __future__ import annotations

import datetime as dt
import json
from bisect import bisect_right
from typing import TYPE_CHECKING

from bot.simulator.account import Account
from bot.simulator.errors import NO_DEFINITION, NO_DEFINITION_TEXT, RequestRefusedError
from bot.simulator.exchange import Exchange
from bot.simulator.hours import Hours
from bot.simulator.instruments import Instruments

if TYPE_CHECKING:
    from bot.core.model import TradingDay
    from bot.simulator.instruments import ContractQuery, Instrument
    from bot.simulator.market import Market
    from bot.simulator.orders import Event
    from bot.simulator.settings import GatewaySettings


class World:
    """A market with a venue and an account on it.

    Parameters
    ----------
    market
        Quotes and settlements.
    settings
        Of the gateway.
    """

    def __init__(self, market: Market, settings: GatewaySettings) -> None:
        self.market = market
        self.settings = settings
        self.instruments = Instruments(market)
        self.account = Account(settings.accounts[0], self.instruments, cash=settings.cash)
        self.exchange = Exchange(market, self.instruments, self.account, settings.exchange)
        self.now = market.start()
        self.days = market.days()
        self._hours = Hours(self.days)
        self._by_date = {day.session: day for day in self.days}
        self._boundaries = sorted(t for day in self.days for t in (day.open, day.close))
        self.closes_told: dict[dt.date, dt.datetime | None] = {}
        """Sessions that clients are told other closes of than are played; ``None`` is closed."""
        self._noted: dt.date | None = None
        market.advance(self.now)

    def day(self, date: dt.date) -> TradingDay | None:
        """Return the session of that date, or ``None`` when the market does not play it."""
        return self._by_date.get(date)

    def only_instrument(self, req_id: int, query: ContractQuery) -> Instrument:
        """Return the one listed instrument that fits.

        Raises
        ------
        RequestRefusedError
            If none fits, or several do.
        """
        found = self.instruments.match(query)
        if len(found) == 1:
            return found[0]
        name = f"{query.symbol} {query.sec_type} {query.last_trade}".strip()
        text = f"The contract description specified for {name} is ambiguous."
        raise RequestRefusedError(req_id, NO_DEFINITION, text if found else NO_DEFINITION_TEXT)

    def session(self) -> TradingDay | None:
        """Return the session that is open now, or ``None``."""
        index = bisect_right(self.days, self.now, key=lambda day: day.open) - 1
        return self.days[index] if index >= 0 and self.now < self.days[index].close else None

    def seconds_to_settlement(self, instrument: Instrument) -> float:
        """Return the seconds until the value of `instrument` is determined; 0 when past."""
        settles = self._hours.settles_at(instrument)
        return 0.0 if settles is None else max(0.0, (settles - self.now).total_seconds())

    def advance(self, target: dt.datetime) -> list[Event]:
        """Move time on to `target` and return what happened to orders and positions."""
        events: list[Event] = []
        while self.now < target:
            self.now = self._next_instant(target)
            self.market.advance(self.now)
            self._note_provenance()
            events += self.exchange.advance(self.now)
        return events

    def _next_instant(self, target: dt.datetime) -> dt.datetime:
        index = bisect_right(self._boundaries, self.now)
        instants = [target, *self._boundaries[index : index + 1]]
        if self.exchange.open_orders():
            instants.append(self.now + dt.timedelta(seconds=self.settings.step_seconds))
        return min(instants)

    def _note_provenance(self) -> None:
        """Write where the data of a session came from, when it opens."""
        path, day = self.settings.provenance_path, self.session()
        if path is None or day is None or day.session == self._noted:
            return
        self._noted = day.session
        with path.open("a", encoding="utf-8") as file:
            for note in self.market.provenance():
                line = {
                    "session": note.session.isoformat(),
                    "subject": note.subject,
                    "provenance": note.provenance.value,
                    "detail": note.detail,
                }
                file.write(json.dumps(line) + "\n")
