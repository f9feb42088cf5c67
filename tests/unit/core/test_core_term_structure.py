from __future__ import annotations

import dataclasses
import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.completed import past_sessions
from bot.core.model import FutureClose, FutureQuote, MarketSnapshot, Quote, VxDay
from bot.core.regime import compute_signals
from bot.core.rules import SignalRules
from bot.core.term_structure import (
    PastFutures,
    constant_maturity,
    constant_slope,
    curve_before,
    curve_now,
    front_volatility,
    second_over_first,
)
from market_states import CALM, SESSION, WEEKDAYS, curve, levels

RULES = SignalRules()
OLDER, OLD = dt.date(2026, 6, 17), dt.date(2026, 7, 22)
FRONT, SECOND, THIRD = (future.expiry for future in curve(16.0, 17.0, 18.0))
"""Two futures that have settled in the thirty sessions before, and the three next."""


def vx_days(closes: dict[dt.date, list[float]], sessions: int) -> tuple[VxDay, ...]:
    """Closes by settlement date on the last sessions; a future ends before it settles."""
    days = WEEKDAYS[-sessions:]
    return tuple(
        VxDay(
            session=day,
            closes=tuple(
                FutureClose(expiry=expiry, close=series[at])
                for expiry, series in closes.items()
                if expiry > day
            ),
        )
        for at, day in enumerate(days)
    )


def past_of(market: MarketSnapshot) -> PastFutures:
    return PastFutures.of(market, past_sessions(market))


def test_a_constant_maturity_is_linear_in_days_between_two_futures() -> None:
    # (40 - 22) / (50 - 22) of the way from 16 to 18: 16 + 2 * 18 / 28
    assert constant_maturity([(0, 15.0), (22, 16.0), (50, 18.0)], 40) == pytest.approx(17.285714286)


def test_before_the_first_future_the_level_lies_between_spot_and_it() -> None:
    assert constant_maturity([(0, 15.0), (40, 19.0)], 30) == pytest.approx(18.0)


def test_a_future_of_exactly_that_maturity_is_the_level() -> None:
    assert constant_maturity([(0, None), (30, 16.0), (58, None)], 30) == 16.0


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0, 15.0)],
        [(0, 15.0), (29, 16.0)],
        [(40, 16.0), (60, 17.0)],
        [(0, None), (40, 16.0)],
        [(0, 15.0), (22, None), (50, 18.0)],
        [(0, 15.0), (22, 16.0), (50, None)],
    ],
)
def test_nothing_is_extrapolated_and_no_unknown_neighbour_is_skipped(
    points: list[tuple[int, float | None]],
) -> None:
    assert constant_maturity(points, 30) is None


@given(
    days=st.lists(st.integers(1, 300), min_size=2, max_size=9, unique=True).map(sorted),
    levels_=st.lists(st.floats(5, 100), min_size=9, max_size=9),
    spot=st.floats(5, 100),
)
def test_a_constant_maturity_agrees_with_numpy_and_lies_between_its_neighbours(
    days: list[int], levels_: list[float], spot: float
) -> None:
    points = [(0, spot), *zip(days, levels_, strict=False)]
    expected = np.interp(30, [each for each, _ in points], [level for _, level in points])

    found = constant_maturity(points, 30)

    if days[-1] < 30:
        assert found is None
    else:
        assert found == pytest.approx(expected)


def test_the_slope_is_the_60_day_level_over_the_30_day_level_less_one() -> None:
    # VX 30: 16 + 2 * 4/28 = 16.285714; VX 60: 18 + 1 * 6/35 = 18.171429
    points = [(0, 15.0), (26, 16.0), (54, 18.0), (89, 19.0)]

    assert constant_slope(points) == pytest.approx(18.171428571 / 16.285714286 - 1)


def test_the_second_over_the_first_on_2018_02_05_is_minus_16_percent() -> None:
    # settlements of that day: 33.225 and 27.975, nine and thirty-seven days before theirs
    assert second_over_first([(0, 37.32), (9, 33.225), (44, 27.975)]) == pytest.approx(
        -0.158, abs=5e-4
    )


def test_the_curve_of_now_begins_with_spot_and_leaves_out_what_settles_today() -> None:
    settling = FutureQuote(expiry=SESSION, quote=Quote(bid=15.0, ask=15.1))
    market = dataclasses.replace(CALM, vx_curve=(settling, *curve(16.0, 18.0)))

    assert curve_now(market) == [(0, 15.0), (26, pytest.approx(16.0)), (54, pytest.approx(18.0))]


def test_the_curve_of_before_is_that_of_the_session_so_many_sessions_back() -> None:
    # 2026-07-17 is five sessions before Friday 07-24: 33, 61 and 96 days to the futures
    days = vx_days({FRONT: [16.0] * 31, SECOND: [17.0] * 31, THIRD: [18.0] * 31}, 31)
    market = dataclasses.replace(CALM, vx_days=days)
    spot = next(bar.close for bar in CALM.vix_bars if bar.session == dt.date(2026, 7, 17))

    assert curve_before(past_of(market), market.vix_bars, 5) == [
        (0, spot),
        (33, 16.0),
        (61, 17.0),
        (96, 18.0),
    ]


@pytest.mark.parametrize("sessions", [5, 400])
def test_the_curve_of_a_session_that_is_not_known_is_empty(sessions: int) -> None:
    days = [day for day in vx_days({FRONT: [16.0] * 31}, 31) if day.session.day != 17]

    market = dataclasses.replace(CALM, vx_days=tuple(days))

    assert curve_before(past_of(market), market.vix_bars, sessions) == []


def test_steepening_under_stress_is_a_fall_of_the_slope_against_a_week_ago() -> None:
    flat = {expiry: [20.0] * 31 for expiry in (OLD, FRONT, SECOND, THIRD)}
    market = dataclasses.replace(
        CALM,
        vx_days=vx_days(flat, 31),
        indexes=levels(30.0, 28.0),
        vx_curve=curve(25.0, 22.0, 21.0),
    )

    signals = compute_signals(market, RULES)

    # now: 30 days 25 - 3 * 4/28 = 24.571429, 60 days 22 - 1 * 6/35 = 21.828571; then 20 and 20
    assert signals.vx_slope_change == pytest.approx(21.828571429 / 24.571428571 - 1)
    assert signals.vx_steepening is True
    assert signals.backwardation is True


def test_without_the_futures_of_a_week_ago_the_change_is_unknown_and_the_slope_is_not() -> None:
    signals = compute_signals(dataclasses.replace(CALM, vx_curve=curve(16.0, 18.0, 19.0)), RULES)

    assert signals.vx_slope is not None
    assert (signals.vx_slope_change, signals.vx_steepening) == (None, None)


def random_days() -> tuple[VxDay, ...]:
    rng = np.random.default_rng(5)
    return vx_days(
        {
            expiry: (level * np.exp(rng.normal(0, 0.04, 31).cumsum())).tolist()
            for expiry, level in ((OLDER, 14.0), (OLD, 15.0), (FRONT, 17.0), (SECOND, 18.0))
        },
        31,
    )


def test_front_volatility_takes_each_return_of_one_contract_as_pandas_computes_it() -> None:
    days = random_days()
    table = pd.DataFrame(
        {day.session: {each.expiry: each.close for each in day.closes} for day in days}
    ).T.sort_index(axis=1)
    moves = (table / table.shift()).apply(np.log)
    expiries: list[dt.date] = list(table.columns)
    front = [
        moves.loc[day, next(each for each in expiries if each > day)] for day in table.index[1:]
    ]
    expected = pd.Series(front).std() * math.sqrt(252) * 100

    found = front_volatility(past_of(dataclasses.replace(CALM, vx_days=days)), 30)

    assert len(front) == 30
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_roll_from_one_level_to_another_is_no_return() -> None:
    days = vx_days({OLDER: [10.0] * 31, OLD: [20.0] * 31, FRONT: [30.0] * 31}, 31)

    assert front_volatility(past_of(dataclasses.replace(CALM, vx_days=days)), 30) == 0.0


@pytest.mark.parametrize("fault", ["missing session", "zero", "not a number", "infinite", "short"])
def test_front_volatility_is_unknown_when_one_of_its_closes_is(fault: str) -> None:
    days = random_days()
    broken = dataclasses.replace(
        days[9],
        closes=tuple(
            dataclasses.replace(
                each, close={"zero": 0.0, "infinite": math.inf}.get(fault, math.nan)
            )
            for each in days[9].closes
        ),
    )
    left = {"missing session": (*days[:9], *days[10:]), "short": days[1:]}.get(
        fault, (*days[:9], broken, *days[10:])
    )

    assert front_volatility(past_of(dataclasses.replace(CALM, vx_days=left)), 30) is None


@pytest.mark.parametrize("lost", [OLDER, OLD, FRONT])
def test_a_future_that_is_missing_is_not_replaced_by_the_next_one(lost: dt.date) -> None:
    days = tuple(
        dataclasses.replace(day, closes=tuple(each for each in day.closes if each.expiry != lost))
        for day in random_days()
    )

    assert front_volatility(past_of(dataclasses.replace(CALM, vx_days=days)), 30) is None


def test_more_sessions_than_the_calendar_has_are_unknown() -> None:
    assert front_volatility(past_of(dataclasses.replace(CALM, vx_days=random_days())), 400) is None
