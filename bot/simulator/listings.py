"""Listed series (``bot.surfaces.listings``) as the simulated market holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.sessions import last_trade_of
from bot.simulator.market import OptionSeries

if TYPE_CHECKING:
    import datetime as dt

    from bot.core.sessions import TradingCalendar


def option_series(
    trading_class: str, expiry: dt.date, calendar: TradingCalendar, strikes: tuple[float, ...]
) -> OptionSeries:
    """Return one listed series."""
    return OptionSeries(
        underlying=trading_class[:3],
        trading_class=trading_class,
        expiry=expiry,
        last_trade=last_trade_of(trading_class, expiry, calendar),
        strikes=strikes,
    )
