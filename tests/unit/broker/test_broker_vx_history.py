"""The VX futures of past sessions: which contracts are asked for, and what comes of their bars."""

from __future__ import annotations

import datetime as dt

from bot.broker.contracts import settled_vx_contract, vx_contract
from bot.broker.vx_history import by_session, sessions_before, settled_between
from bot.calendars import trading_days
from bot.core.model import DailyBar, FutureClose, VxDay
from bot.core.sessions import TradingCalendar

CALENDAR = TradingCalendar(days=trading_days(dt.date(2025, 1, 2), dt.date(2026, 12, 31)))
SESSION = dt.date(2026, 7, 24)
THURSDAY, FRIDAY = dt.date(2026, 7, 16), dt.date(2026, 7, 17)
JULY, AUGUST = dt.date(2026, 7, 22), dt.date(2026, 8, 19)


def bar(session: dt.date, close: float) -> DailyBar:
    return DailyBar(session=session, open=1.0, high=1.0, low=1.0, close=close)


def test_thirty_one_sessions_are_looked_back_on() -> None:
    # 2026-07-24 is a Friday; 31 sessions back, past two holidays (June 19, July 3): June 9
    found = sessions_before(SESSION, CALENDAR)

    assert (len(found), found[0], found[-1]) == (31, dt.date(2026, 6, 9), dt.date(2026, 7, 23))


def test_the_contracts_that_have_settled_since_follow_from_the_rule() -> None:
    # both Wednesdays thirty days before the third Friday of the month after
    found = settled_between(dt.date(2026, 6, 9), SESSION, CALENDAR)

    assert found == (dt.date(2026, 6, 17), JULY)


def test_a_contract_that_settles_on_the_session_itself_is_asked_for() -> None:
    assert settled_between(dt.date(2026, 6, 30), JULY, CALENDAR) == (JULY,)
    assert settled_between(JULY, SESSION, CALENDAR) == ()


def test_bars_of_each_contract_become_the_curve_of_each_session() -> None:
    bars = {AUGUST: [bar(THURSDAY, 18.0), bar(FRIDAY, 18.5)], JULY: [bar(FRIDAY, 17.0)]}

    assert by_session(bars, (THURSDAY, FRIDAY)) == (
        VxDay(session=THURSDAY, closes=(FutureClose(expiry=AUGUST, close=18.0),)),
        VxDay(
            session=FRIDAY,
            closes=(
                FutureClose(expiry=JULY, close=17.0),
                FutureClose(expiry=AUGUST, close=18.5),
            ),
        ),
    )


def test_a_session_without_a_close_is_left_out_and_so_is_a_bar_of_no_session() -> None:
    assert by_session({JULY: [bar(FRIDAY, 17.0)], AUGUST: []}, (THURSDAY,)) == ()


def test_a_settled_future_is_asked_for_as_expired() -> None:
    found = settled_vx_contract(JULY)

    assert found.includeExpired
    assert found.lastTradeDateOrContractMonth == vx_contract(JULY).lastTradeDateOrContractMonth
