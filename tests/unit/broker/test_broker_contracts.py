"""What the broker lists for a day that was closed at short notice."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.broker.client import Option
from bot.broker.contracts import our_contract
from bot.calendars import overridden, trading_days
from bot.core.sessions import TradingCalendar

CALENDAR = TradingCalendar(trading_days(dt.date(2025, 1, 2), dt.date(2025, 3, 31)))
CLOSED = dt.date(2025, 1, 15)


@pytest.mark.parametrize(
    ("symbol", "trading_class", "before", "after"),
    [
        ("SPX", "SPXW", "2025-01-15", "2025-01-15"),
        ("SPX", "SPX", "2025-01-16", "2025-01-16"),
        ("VIX", "VIX", "2025-01-16", "2025-01-16"),
    ],
)
def test_a_series_of_a_closed_day_keeps_its_name(
    symbol: str, trading_class: str, before: str, after: str
) -> None:
    listed = Option(symbol, "20250115", 20, "C", "SMART", tradingClass=trading_class)
    changed = overridden(CALENDAR, closures=[CLOSED], half_days=[])

    ours, then = our_contract(listed, CALENDAR), our_contract(listed, changed)

    assert ours is not None
    assert then is not None
    assert (str(ours.expiry), str(then.expiry)) == (before, after)


@pytest.mark.parametrize(("last_trade", "known"), [("20250320", True), ("20311218", False)])
def test_an_option_beyond_the_calendar_is_no_contract_of_ours(
    last_trade: str, *, known: bool
) -> None:
    leap = Option("SPX", last_trade, 5000.0, "P", "SMART", tradingClass="SPX", conId=7)

    assert (our_contract(leap, CALENDAR) is not None) is known
