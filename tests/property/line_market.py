"""The market of the order machines: a handful of contracts, five sessions, prices that stand still.

The fixed market of the wire tests, with one expiry in its midst: SPXW and the monthly VIX expire
on the third session, Wednesday 2026-07-22 (the VIX settles that morning and trades for the last
time on the day before). The VIX 15 call ends in the money, both condors end worthless.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "wire"))

from fixed_market import DAYS, FIRST, INDEXES, START, FixedMarket

from bot.core.book import Leg
from bot.core.model import (
    DailyBar,
    EventTable,
    IndexLevel,
    MarketSnapshot,
    OptionContract,
    OptionQuote,
    Quote,
    Right,
)
from bot.simulator.market import OptionSeries, SimQuote

__all__ = [
    "DAYS",
    "EXPIRY",
    "LATER",
    "QUOTES",
    "START",
    "LineMarket",
    "call",
    "condor_legs",
    "snapshot",
]

EXPIRY = dt.date(2026, 7, 22)
LATER = dt.date(2026, 8, 21)
VIX_LAST = dt.date(2026, 7, 21)
STRIKES = (6200.0, 6300.0, 6500.0, 6600.0)
CALLS = (15.0, 18.0, 20.0)
BAR_COUNT = 5


def _spxw(expiry: dt.date, strike: float, right: Right) -> OptionContract:
    return OptionContract(
        underlying="SPX",
        trading_class="SPXW",
        expiry=expiry,
        last_trade=expiry,
        strike=strike,
        right=right,
    )


def condor_legs(expiry: dt.date) -> tuple[Leg, ...]:
    """Return the legs of the one condor that can be sold for `expiry`."""
    low, short_put, short_call, high = STRIKES
    return (
        Leg(contract=_spxw(expiry, low, Right.PUT), ratio=1),
        Leg(contract=_spxw(expiry, short_put, Right.PUT), ratio=-1),
        Leg(contract=_spxw(expiry, short_call, Right.CALL), ratio=-1),
        Leg(contract=_spxw(expiry, high, Right.CALL), ratio=1),
    )


def call(strike: float) -> OptionContract:
    """Return the VIX call of that strike."""
    return OptionContract(
        underlying="VIX",
        trading_class="VIX",
        expiry=EXPIRY,
        last_trade=VIX_LAST,
        strike=strike,
        right=Right.CALL,
    )


WINGS, SHORTS = (2.0, 2.2), (10.0, 10.4)
QUOTES: dict[OptionContract, tuple[float, float]] = {
    **{
        leg.contract: WINGS if leg.ratio > 0 else SHORTS
        for expiry in (EXPIRY, LATER)
        for leg in condor_legs(expiry)
    },
    call(15.0): (2.5, 2.6),
    call(18.0): (1.5, 1.6),
    call(20.0): (1.0, 1.1),
}


def _series(contract: OptionContract, strikes: tuple[float, ...]) -> OptionSeries:
    return OptionSeries(
        underlying=contract.underlying,
        trading_class=contract.trading_class,
        expiry=contract.expiry,
        last_trade=contract.last_trade,
        strikes=strikes,
    )


SERIES = (
    *(_series(_spxw(expiry, STRIKES[0], Right.PUT), STRIKES) for expiry in (EXPIRY, LATER)),
    _series(call(15.0), CALLS),
)


class LineMarket(FixedMarket):
    """The market."""

    def series(self, underlying: str) -> tuple[OptionSeries, ...]:
        return tuple(series for series in SERIES if series.underlying == underlying)

    def option(self, contract: OptionContract) -> SimQuote | None:
        quoted = QUOTES.get(contract)
        if quoted is None:
            return None
        return SimQuote(bid=quoted[0], ask=quoted[1], bid_size=50, ask_size=50)

    def futures(self) -> tuple[dt.date, ...]:
        return ()

    def bars(self, symbol: str, count: int) -> tuple[DailyBar, ...]:
        level = INDEXES[symbol].last if symbol in {"SPX", "VIX"} else None
        if level is None:
            return ()
        past = [FIRST - dt.timedelta(days=back) for back in range(BAR_COUNT, 0, -1)]
        past += [day.session for day in DAYS if day.session < self.now.date()]
        sessions = [date for date in past if date.weekday() < BAR_COUNT][-count:]
        return tuple(
            DailyBar(session=session, open=level, high=level, low=level, close=level)
            for session in sessions
        )


def snapshot(now: dt.datetime) -> MarketSnapshot:
    """Return what is quoted, as an observation of `now`; of bars and curves nothing is known."""
    return MarketSnapshot(
        session=now.date(),
        taken_at=now,
        calendar=DAYS,
        indexes=(IndexLevel(symbol="SPX", last=INDEXES["SPX"].last),),
        spx_bars=(),
        vix_bars=(),
        breadth=None,
        options=tuple(
            OptionQuote(contract=contract, quote=Quote(bid=bid, ask=ask))
            for contract, (bid, ask) in QUOTES.items()
        ),
        vx_curve=(),
        rate=0.04,
        events=EventTable(),
    )
