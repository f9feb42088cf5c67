"""A market of five sessions with quotes written by hand.

SPX 6400, VIX 16.5. Listed are three SPX series, of which two share the last trade date
2026-08-20 (SPX settles the morning after, SPXW that evening), and two VIX series. Only the
contracts of ``OPTIONS`` are quoted. The VIX 20 call moves from 1.50/1.60 to 1.70/1.80 at noon
(New York) of the first session.
"""

from __future__ import annotations

import datetime as dt

from bot.core.model import DailyBar, OptionContract, Right, TradingDay
from bot.simulator.market import OptionSeries, Provenance, ProvenanceNote, SimQuote

FIRST = dt.date(2026, 7, 20)
OPEN_UTC, CLOSE_UTC = dt.time(13, 30), dt.time(20, 15)
START = dt.datetime(2026, 7, 20, 13, 0, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 7, 20, 16, 0, tzinfo=dt.UTC)

SPX_STRIKES = tuple(float(strike) for strike in range(5800, 7001, 5))
VIX_STRIKES = tuple(float(strike) for strike in range(10, 41))

SERIES = (
    OptionSeries(
        underlying="SPX",
        trading_class="SPXW",
        expiry=dt.date(2026, 8, 21),
        last_trade=dt.date(2026, 8, 21),
        strikes=SPX_STRIKES,
    ),
    OptionSeries(
        underlying="SPX",
        trading_class="SPXW",
        expiry=dt.date(2026, 8, 20),
        last_trade=dt.date(2026, 8, 20),
        strikes=SPX_STRIKES,
    ),
    OptionSeries(
        underlying="SPX",
        trading_class="SPX",
        expiry=dt.date(2026, 8, 21),
        last_trade=dt.date(2026, 8, 20),
        strikes=SPX_STRIKES,
    ),
    OptionSeries(
        underlying="VIX",
        trading_class="VIX",
        expiry=dt.date(2026, 8, 19),
        last_trade=dt.date(2026, 8, 18),
        strikes=VIX_STRIKES,
    ),
    OptionSeries(
        underlying="VIX",
        trading_class="VIX",
        expiry=dt.date(2026, 11, 18),
        last_trade=dt.date(2026, 11, 17),
        strikes=VIX_STRIKES,
    ),
)

OPTIONS = {
    ("SPXW", dt.date(2026, 8, 21), 6000.0, "P"): (12.00, 12.40, 0.19),
    ("SPXW", dt.date(2026, 8, 21), 6100.0, "P"): (20.00, 20.40, 0.17),
    ("SPXW", dt.date(2026, 8, 21), 6700.0, "C"): (8.00, 8.40, 0.11),
    ("SPXW", dt.date(2026, 8, 21), 6800.0, "C"): (2.50, 2.70, 0.11),
    ("VIX", dt.date(2026, 8, 19), 20.0, "C"): (1.50, 1.60, 0.95),
    ("VIX", dt.date(2026, 8, 19), 40.0, "C"): (0.0, 0.05, 1.40),
}
"""(trading class, expiry, strike, right): bid, ask, implied volatility."""

INDEXES = {
    "SPX": SimQuote(last=6400.0, close=6380.0),
    "VIX": SimQuote(last=16.5, close=16.25),
    "VIX9D": SimQuote(last=14.0, close=14.5),
    "VIX3M": SimQuote(last=19.0, close=19.25),
    "VVIX": SimQuote(last=95.0, close=96.0),
    "SKEW": SimQuote(last=140.0, close=141.0),
    "AD-NYSE": SimQuote(bid=1600.0, ask=1200.0, close=250.0),
}

UNDERLYING_PRICES = {"SPX": 6420.0, "VIX": 18.0}


def _day(number: int) -> TradingDay:
    date = FIRST + dt.timedelta(days=number)
    return TradingDay(
        session=date,
        open=dt.datetime.combine(date, OPEN_UTC, dt.UTC),
        close=dt.datetime.combine(date, CLOSE_UTC, dt.UTC),
        half_day=False,
    )


DAYS = tuple(_day(number) for number in range(5))


class FixedMarket:
    """The market above, behind the interface of every simulated market."""

    def __init__(self) -> None:
        self.now = START

    def start(self) -> dt.datetime:
        return START

    def days(self) -> tuple[TradingDay, ...]:
        return DAYS

    def advance(self, now: dt.datetime) -> None:
        self.now = now

    def index(self, symbol: str) -> SimQuote | None:
        return INDEXES.get(symbol)

    def stock(self, symbol: str) -> SimQuote | None:
        quote = SimQuote(bid=639.9, ask=640.1, last=640.0, close=638.0, bid_size=3, ask_size=5)
        return quote if symbol == "SPY" else None

    def futures(self) -> tuple[dt.date, ...]:
        return (dt.date(2026, 8, 19), dt.date(2026, 9, 16))

    def future(self, expiry: dt.date) -> SimQuote | None:
        mid = {8: 18.0, 9: 19.0}[expiry.month]
        return SimQuote(bid=mid - 0.05, ask=mid + 0.05, last=mid, bid_size=20, ask_size=20)

    def series(self, underlying: str) -> tuple[OptionSeries, ...]:
        return tuple(series for series in SERIES if series.underlying == underlying)

    def option(self, contract: OptionContract) -> SimQuote | None:
        key = (contract.trading_class, contract.expiry, contract.strike, contract.right.value)
        if key not in OPTIONS:
            return None
        bid, ask, iv = OPTIONS[key]
        if key == ("VIX", dt.date(2026, 8, 19), 20.0, "C") and self.now >= NOON:
            bid, ask = 1.70, 1.80
        return SimQuote(
            bid=bid,
            ask=ask,
            bid_size=10 if bid else 0,
            ask_size=15,
            iv=iv,
            delta=0.35 if contract.right is Right.CALL else -0.12,
            underlying_price=UNDERLYING_PRICES[contract.underlying],
        )

    def bars(self, symbol: str, count: int) -> tuple[DailyBar, ...]:
        if symbol not in {"SPX", "VIX", "SPY"}:
            return ()
        today = self.now.date()
        dates = (today - dt.timedelta(days=back) for back in range(1, 2 * count + 10))
        sessions = [date for date in dates if date.weekday() < 5][:count]
        level = INDEXES[symbol].close if symbol in INDEXES else 638.0
        assert level is not None
        return tuple(
            DailyBar(
                session=session,
                open=level - back,
                high=level + 2 - back,
                low=level - 3 - back,
                close=level + 1 - back,
            )
            for back, session in reversed(list(enumerate(sessions)))
        )

    def future_bars(self, expiry: dt.date, count: int) -> tuple[DailyBar, ...]:
        return self.bars(f"VX {expiry}", count)

    def settlement(self, contract: OptionContract) -> float | None:
        return INDEXES[contract.underlying].last

    def provenance(self) -> tuple[ProvenanceNote, ...]:
        return (
            ProvenanceNote(
                session=self.now.date(),
                subject="SPX chain",
                provenance=Provenance.MODELLED,
                detail="written by hand",
            ),
        )
