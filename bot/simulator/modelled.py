"""Quotes of one instant from the market models, each expiry priced on first use."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from bot.core.model import OptionContract, Right
from bot.core.sessions import TradingCalendar, settlement_time
from bot.simulator.market import OptionSeries, Provenance, SimQuote
from bot.surfaces.cboe_vix import vix_terms
from bot.surfaces.chain import ExpiryQuotes, Listing, calibrated, spx_quotes, vix_quotes
from bot.surfaces.levels import VolLevels
from bot.surfaces.spx_surface import SpxSurface

SPX_SIZE: Final = 40
VIX_SIZE: Final = 500
FUTURE_SIZE: Final = 30
STOCK_SIZE: Final = 1000
"""Contracts or shares at the top of a modelled book."""

FUTURE_TICK: Final = 0.05
STOCK_HALF_SPREAD: Final = 0.01

SeriesKey = tuple[str, dt.date]
"""Trading class and expiry."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelledQuotes:
    """The option market at one instant as the models see it.

    Parameters
    ----------
    now
        The instant (aware).
    calendar
        Sessions, for the instants of settlement.
    spot
        SPX, points.
    levels
        Volatility indexes, points.
    rate, dividend_yield
        Continuously compounded, decimal per year.
    series
        Listed series of SPX and VIX by trading class and expiry.
    vx
        Level of the VX future, or of its like, by expiry.
    """

    now: dt.datetime
    calendar: TradingCalendar
    spot: float
    levels: VolLevels
    rate: float
    dividend_yield: float
    series: dict[SeriesKey, OptionSeries]
    vx: Callable[[dt.date], float]
    _quoted: dict[SeriesKey, _QuotedSeries] = field(default_factory=dict)
    _answers: dict[tuple[str, dt.date, float, Right], SimQuote | None] = field(default_factory=dict)

    def option(self, contract: OptionContract) -> SimQuote | None:
        """Quote an option; ``None`` when it is not listed or has settled.

        An account asks for what it holds many times in an instant, so answers are kept.
        """
        key = (contract.trading_class, contract.expiry, contract.strike, contract.right)
        if key not in self._answers:
            self._answers[key] = self._option(contract)
        return self._answers[key]

    def _option(self, contract: OptionContract) -> SimQuote | None:
        key = (contract.trading_class, contract.expiry)
        series = self.series.get(key)
        if series is None or self.now >= self._settles(series):
            return None
        if key not in self._quoted:
            self._quoted[key] = _QuotedSeries(self._priced(series))
        return self._quoted[key].quote(contract)

    @cached_property
    def surface(self) -> SpxSurface:
        """The SPX surface whose quotes give the VIX that is quoted.

        Raises
        ------
        MarketDataError
            When the listing of SPX does not bracket 30 days.
        """
        surface = SpxSurface(
            spot=self.spot,
            levels=self.levels,
            rate=self.rate,
            dividend_yield=self.dividend_yield,
        )
        return calibrated(surface, self._vix_terms(), self.now)

    def _vix_terms(self) -> tuple[Listing, Listing]:
        """Return the listings that the VIX is made of: SPX where it is listed, else SPXW."""
        session = self.calendar.on_or_before(self.now.date())
        expiries = {expiry for name, expiry in self.series if name in {"SPX", "SPXW"}}
        near, after = (
            self._listing(self.series.get(("SPX", expiry)) or self.series["SPXW", expiry])
            for expiry in vix_terms(expiries, session)
        )
        return near, after

    def _priced(self, series: OptionSeries) -> ExpiryQuotes:
        listing = self._listing(series)
        if series.underlying == "SPX":
            return spx_quotes(self.surface, listing, self.now)
        forward = self.vx(series.expiry)
        return vix_quotes(listing, self.now, forward=forward, rate=self.rate, levels=self.levels)

    def _listing(self, series: OptionSeries) -> Listing:
        return Listing(
            trading_class=series.trading_class,
            settles=self._settles(series),
            strikes=np.array(series.strikes),
        )

    def _settles(self, series: OptionSeries) -> dt.datetime:
        return settlement_time(series.trading_class, self.calendar.day(series.expiry))


class _QuotedSeries:
    """Quotes of one series by strike."""

    def __init__(self, quotes: ExpiryQuotes) -> None:
        self._quotes = quotes
        self._deltas = quotes.call_delta()
        self._at = {float(strike): at for at, strike in enumerate(quotes.listing.strikes)}

    def quote(self, contract: OptionContract) -> SimQuote | None:
        at = self._at.get(contract.strike)
        if at is None:
            return None
        quotes, call = self._quotes, contract.right is Right.CALL
        bid = float((quotes.call_bid if call else quotes.put_bid)[at])
        ask = float((quotes.call_ask if call else quotes.put_ask)[at])
        size = SPX_SIZE if contract.underlying == "SPX" else VIX_SIZE
        return SimQuote(
            bid=bid,
            ask=ask,
            bid_size=size if bid > 0 else 0,
            ask_size=size,
            iv=float(quotes.smile.vols[at]),
            delta=float(self._deltas[at]) - (0 if call else 1),
            underlying_price=quotes.smile.forward,
        )


def future_quote(
    level: float,
    *,
    vix: float,
    close: float | None = None,
    provenance: Provenance = Provenance.MODELLED,
) -> SimQuote:
    """Quote a VX future round `level`: a tick wide in calm, wider as the VIX rises."""
    half = FUTURE_TICK / 2 * max(1.0, vix / 20)
    bid = math.floor(round((level - half) / FUTURE_TICK, 6)) * FUTURE_TICK
    ask = math.ceil(round((level + half) / FUTURE_TICK, 6)) * FUTURE_TICK
    return SimQuote(
        bid=round(bid, 2),
        ask=round(ask, 2),
        last=round(round(level / FUTURE_TICK) * FUTURE_TICK, 2),
        close=None if close is None else round(close, 2),
        bid_size=FUTURE_SIZE,
        ask_size=FUTURE_SIZE,
        provenance=provenance,
    )


def index_quote(
    level: float, close: float | None, provenance: Provenance = Provenance.MODELLED
) -> SimQuote:
    """Quote an index: a last value and the close before, no bid or ask."""
    before = None if close is None else round(close, 2)
    return SimQuote(last=round(level, 2), close=before, provenance=provenance)


def stock_quote(level: float, close: float | None) -> SimQuote:
    """Quote an ETF a cent on either side of `level`."""
    return SimQuote(
        bid=round(level - STOCK_HALF_SPREAD, 2),
        ask=round(level + STOCK_HALF_SPREAD, 2),
        last=round(level, 2),
        close=None if close is None else round(close, 2),
        bid_size=STOCK_SIZE,
        ask_size=STOCK_SIZE,
    )
