"""A market whose every quote a test writes down, and a venue on top of it.

Two weeks from Monday 2026-08-17, all full sessions (13:30 to 20:15 UTC). Listed are SPXW for
Thursday 08-20 and Friday 08-21, SPX (AM) for 08-21, monthly VIX options and VX futures for
Wednesdays 08-19 and 09-16.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.model import TradingDay
from bot.simulator.account import Account
from bot.simulator.exchange import ComboLeg, Exchange, ExchangeSettings, OrderTicket
from bot.simulator.instruments import ContractQuery, Instrument, Instruments, combo
from bot.simulator.market import OptionSeries, ProvenanceNote, SimQuote

if TYPE_CHECKING:
    from bot.core.model import DailyBar, OptionContract
    from bot.simulator.orders import Event

MONDAY: Final = dt.date(2026, 8, 17)
CASH: Final = Decimal(1_000_000)
ACCOUNT: Final = "DU1234567"
SPX_STRIKES: Final = tuple(float(k) for k in range(5000, 7005, 5))
VIX_STRIKES: Final = tuple(k / 2 for k in range(20, 120))


def day(number: int) -> dt.date:
    """Return a date of August 2026."""
    return dt.date(2026, 8, number)


def at(number: int, hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
    """Return a UTC time of August 2026."""
    return dt.datetime(2026, 8, number, hour, minute, second, tzinfo=dt.UTC)


NOON: Final = at(17, 16)


def sessions() -> tuple[TradingDay, ...]:
    """Return ten weekdays with regular hours."""
    dates = [MONDAY + dt.timedelta(days=n) for n in range(14)]
    return tuple(
        TradingDay(
            session=date,
            open=dt.datetime.combine(date, dt.time(13, 30), dt.UTC),
            close=dt.datetime.combine(date, dt.time(20, 15), dt.UTC),
            half_day=False,
        )
        for date in dates
        if date.weekday() < 5
    )


def _series(trading_class: str, expiry: dt.date, last_trade: dt.date) -> OptionSeries:
    underlying = trading_class[:3]
    return OptionSeries(
        underlying=underlying,
        trading_class=trading_class,
        expiry=expiry,
        last_trade=last_trade,
        strikes=SPX_STRIKES if underlying == "SPX" else VIX_STRIKES,
    )


ALL_SERIES: Final[tuple[OptionSeries, ...]] = (
    _series("SPXW", day(20), day(20)),
    _series("SPXW", day(21), day(21)),
    _series("SPX", day(21), day(20)),
    _series("VIX", day(19), day(18)),
    _series("VIX", dt.date(2026, 9, 16), dt.date(2026, 9, 15)),
)


class ScriptedMarket:
    """Quotes by the local symbol of an instrument, set by the test."""

    def __init__(self) -> None:
        self.quotes: dict[str, SimQuote] = {}
        self.levels: dict[str, float] = {"SPX": 6000.0, "VIX": 20.0}
        self.settlements: dict[tuple[str, dt.date], float] = {}
        self.history: dict[str, tuple[DailyBar, ...]] = {}
        self.listing = ALL_SERIES

    def start(self) -> dt.datetime:
        return at(17, 12)

    def days(self) -> tuple[TradingDay, ...]:
        return sessions()

    def advance(self, now: dt.datetime) -> None:
        pass

    def index(self, symbol: str) -> SimQuote | None:
        return SimQuote(last=self.levels[symbol]) if symbol in self.levels else None

    def stock(self, symbol: str) -> SimQuote | None:
        return self.quotes.get(symbol)

    def futures(self) -> tuple[dt.date, ...]:
        return tuple(s.expiry for s in self.listing if s.trading_class == "VIX")

    def future(self, expiry: dt.date) -> SimQuote | None:
        return self.quotes.get(f"VX{expiry:%Y%m%d}")

    def series(self, underlying: str) -> tuple[OptionSeries, ...]:
        return tuple(s for s in self.listing if s.underlying == underlying)

    def option(self, contract: OptionContract) -> SimQuote | None:
        return self.quotes.get(contract.label())

    def bars(self, symbol: str, count: int) -> tuple[DailyBar, ...]:
        return self.history.get(symbol, ())[-count:]

    def future_bars(self, expiry: dt.date, count: int) -> tuple[DailyBar, ...]:
        return self.bars(f"VX {expiry}", count)

    def settlement(self, contract: OptionContract) -> float | None:
        return self.settlements.get((contract.trading_class, contract.expiry))

    def provenance(self) -> tuple[ProvenanceNote, ...]:
        return ()


class Venue:
    """An exchange with its market and account, and short words to use them."""

    def __init__(self, settings: ExchangeSettings | None = None, *, cash: Decimal = CASH) -> None:
        self.market = ScriptedMarket()
        self.instruments = Instruments(self.market)
        self.account = Account(ACCOUNT, self.instruments, cash=cash)
        self.exchange = Exchange(self.market, self.instruments, self.account, settings)
        self._order_id = 0

    def quote(self, label: str, bid: float, ask: float) -> Instrument:
        """Quote an option by its label (``SPXW 2026-08-21 5800P``) and return it."""
        self.market.quotes[label] = SimQuote(bid=bid, ask=ask)
        return self.option(label)

    def option(self, label: str) -> Instrument:
        """Return a listed option by its label."""
        trading_class, expiry, strike = label.split()
        listed = next(
            s
            for s in ALL_SERIES
            if (s.trading_class, s.expiry.isoformat()) == (trading_class, expiry)
        )
        (found,) = self.instruments.match(
            ContractQuery(
                symbol=listed.underlying,
                sec_type="OPT",
                trading_class=trading_class,
                last_trade=f"{listed.last_trade:%Y%m%d}",
                strike=float(strike[:-1]),
                right=strike[-1],
            )
        )
        return found

    def condor(self) -> tuple[ComboLeg, ...]:
        """Quote 5700/5750 puts and 6250/6300 calls: mid -2.40, natural -2.00 (a credit)."""
        wings = (
            ("SPXW 2026-08-21 5700P", "BUY", 1.00, 1.20),
            ("SPXW 2026-08-21 5750P", "SELL", 2.40, 2.60),
            ("SPXW 2026-08-21 6250C", "SELL", 1.60, 1.80),
            ("SPXW 2026-08-21 6300C", "BUY", 0.60, 0.80),
        )
        return tuple(
            ComboLeg(
                con_id=self.quote(label, bid, ask).con_id, ratio=1, action=action, exchange="SMART"
            )
            for label, action, bid, ask in wings
        )

    def ticket(self, instrument: Instrument | None, action: str, **terms: object) -> OrderTicket:
        """Return a limit order of one contract with the next number of client 7."""
        self._order_id += 1
        fields: dict[str, object] = {
            "client_id": 7,
            "order_id": self._order_id,
            "account": ACCOUNT,
            "instrument": instrument,
            "action": action,
            "quantity": 1,
            "order_type": "LMT",
        }
        return OrderTicket(**(fields | terms))  # type: ignore[arg-type] # checked at run time

    def bag(self, legs: tuple[ComboLeg, ...], action: str, **terms: object) -> OrderTicket:
        """Return a limit order of one SPX combo."""
        return self.ticket(combo("SPX"), action, legs=legs, **terms)

    def submit(self, ticket: OrderTicket, now: dt.datetime = NOON) -> list[Event]:
        """Place `ticket`."""
        return self.exchange.submit(ticket, now)
