"""Historical data: daily bars of indexes and shares.

Bars of completed sessions come from the market; those of a VX future are told after it settled
too when the request says ``includeExpired``. While a session runs the gateway adds its own
unfinished bar, as the real one does: whoever wants completed bars has to drop it. Its open, high
and low are not known here and equal the last price.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from bot.core.model import DailyBar
from bot.simulator.contracts import read_contract, wire_date
from bot.simulator.errors import RequestRefusedError
from bot.simulator.hours import new_york_date
from bot.simulator.orders_out import local_time
from bot.simulator.products import future
from bot.simulator.wire import Message, Request, WireError

if TYPE_CHECKING:
    from bot.simulator.connection import Connection, Handler
    from bot.simulator.instruments import ContractQuery, Instrument
    from bot.simulator.wire import Fields
    from bot.simulator.world import World

SERVICE: Final = "Historical Market Data Service error message:"
DAILY: Final = ("1 day", "1D")
SESSIONS: Final = {"D": 1, "W": 5, "M": 21, "Y": 252}
"""Sessions in one unit of a duration."""

SETTLEMENT_OF: Final = {"SET": "SPX", "VRO": "VIX"}
"""Settlement indexes: their daily value is the opening (SOQ) of the index named."""


class HistoryDesk:
    """Answers requests for bars.

    Parameters
    ----------
    world
        The market and its time.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers of this desk by request number."""
        return {
            Request.HISTORICAL_DATA: self.historical_data,
            Request.HEAD_TIMESTAMP: self.head_timestamp,
        }

    def historical_data(self, client: Connection, fields: Fields) -> None:
        """Tell daily bars up to the end asked for, oldest first."""
        req_id = fields.integer()
        query = read_contract(fields)
        expired, end, bar_size, duration, _rth, what, _format = fields.take(7)
        instrument = self._settled(query) if expired == "1" else None
        instrument = instrument or self._world.only_instrument(req_id, query)
        if bar_size not in DAILY:
            raise RequestRefusedError(
                req_id, 162, f"{SERVICE}bar size {bar_size!r}, only '1 day' is kept"
            )
        bars = self._bars(instrument, end=end, count=_sessions(req_id, duration))
        if not bars:
            name = f"{instrument.symbol}@{instrument.exchange} {what.title()}"
            raise RequestRefusedError(req_id, 162, f"{SERVICE}HMDS query returned no data: {name}")
        span = (_start_text(bars[0].session), end or local_time(self._world.now))
        values = [value for bar in bars for value in _bar_fields(bar)]
        client.send(Message.HISTORICAL_DATA, req_id, *span, len(bars), *values)

    def head_timestamp(self, client: Connection, fields: Fields) -> None:
        """Tell how far back bars go."""
        req_id = fields.integer()
        instrument = self._world.only_instrument(req_id, read_contract(fields))
        bars = self._completed(instrument, 100_000)
        if not bars:
            raise RequestRefusedError(
                req_id, 162, f"{SERVICE}no head time stamp for {instrument.symbol}"
            )
        client.send(Message.HEAD_TIMESTAMP, req_id, _start_text(bars[0].session))

    def _settled(self, query: ContractQuery) -> Instrument | None:
        """Return the VX future of the query's date if it has bars, be it listed or not."""
        if query.sec_type != "FUT" or query.symbol != "VIX":
            return None
        expiry = _end_date(query.last_trade)
        if expiry is None or not self._world.market.future_bars(expiry, 1):
            return None
        return future(expiry)

    def _completed(self, instrument: Instrument, count: int) -> tuple[DailyBar, ...]:
        if instrument.sec_type == "FUT" and instrument.expiry is not None:
            return self._world.market.future_bars(instrument.expiry, count)
        if instrument.sec_type not in {"IND", "STK"}:
            return ()
        symbol = SETTLEMENT_OF.get(instrument.symbol)
        if symbol is not None:
            return tuple(_opening(bar) for bar in self._world.market.bars(symbol, count))
        return self._world.market.bars(instrument.symbol, count)

    def _bars(self, instrument: Instrument, *, end: str, count: int) -> tuple[DailyBar, ...]:
        last = _end_date(end) or new_york_date(self._world.now)
        later = max(0, (new_york_date(self._world.now) - last).days)
        bars = (*self._completed(instrument, count + later), *self._unfinished(instrument))
        return tuple(bar for bar in bars if bar.session <= last)[-count:]

    def _unfinished(self, instrument: Instrument) -> tuple[DailyBar, ...]:
        """Return the bar of the session that runs, as far as there is one."""
        day = self._world.session()
        quote = self._world.instruments.quote(instrument)
        if day is None or quote is None or quote.last is None:
            return ()
        last = quote.last
        return (DailyBar(session=day.session, open=last, high=last, low=last, close=last),)


def _opening(bar: DailyBar) -> DailyBar:
    return DailyBar(session=bar.session, open=bar.open, high=bar.open, low=bar.open, close=bar.open)


def _bar_fields(bar: DailyBar) -> tuple[str | float, ...]:
    """Return date, prices, volume, average price and count; there is no volume of an index."""
    return (wire_date(bar.session), bar.open, bar.high, bar.low, bar.close, 0, bar.close, 0)


def _start_text(session: dt.date) -> str:
    return f"{session:%Y%m%d} 00:00:00 America/New_York"


def _sessions(req_id: int, duration: str) -> int:
    """Return how many sessions a duration like ``2 Y`` covers."""
    count, _, unit = duration.partition(" ")
    if not count.isdigit() or unit not in SESSIONS:
        text = f"duration {duration!r}, expected is a number and one of {', '.join(SESSIONS)}"
        raise RequestRefusedError(req_id, 321, f"Error validating request. Invalid {text}")
    return int(count) * SESSIONS[unit]


def _end_date(end: str) -> dt.date | None:
    """Return the date of ``YYYYMMDD[ -]HH:MM:SS[ zone]``; empty is now."""
    if not end:
        return None
    try:
        return dt.datetime.strptime(end[:8], "%Y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError as error:
        raise WireError(f"end {end!r}, expected is YYYYMMDD HH:MM:SS with a zone") from error
