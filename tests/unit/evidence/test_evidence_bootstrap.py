"""Histories that could have been, drawn from one that is made by hand."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bot.calendars import trading_days
from bot.core.model import EventTable
from bot.core.sessions import TradingCalendar
from bot.evidence.bootstrap import ISSUES, Resampler
from bot.evidence.history import Bars, History
from bot.evidence.history_load import load_history

if TYPE_CHECKING:
    from pathlib import Path

FIRST, LAST = dt.date(2008, 1, 2), dt.date(2010, 12, 31)
WARM = 40
"""Sessions before the first VIX."""


def drawn(count: int, seed: int, *, spread: float) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, count)


def bars(close: np.ndarray) -> Bars:
    return Bars(open=close * 0.999, high=close * 1.01, low=close * 0.98, close=close)


def made() -> History:
    days = trading_days(FIRST, LAST + dt.timedelta(days=400))
    sessions = np.array([day.session for day in days if day.session <= LAST], "datetime64[D]")
    count = len(sessions)
    vix = 20 * np.exp(np.sin(np.arange(count) / 25) / 3 + drawn(count, 1, spread=0.02))
    vix[:WARM] = np.nan
    expiries = sessions[:, None] + np.array([20, 60], "timedelta64[D]")
    futures = np.column_stack([vix * 1.05, vix * 1.15])
    expiries[:200], futures[:200] = np.datetime64("NaT"), np.nan
    risen = drawn(count, 2, spread=0.3)
    official = 1_500 + 1_000 * np.column_stack([risen, -risen])
    official[400:] = np.nan
    return History(
        sessions=sessions,
        calendar=TradingCalendar(days),
        spx=bars(1_000 * np.exp(np.cumsum(drawn(count, 3, spread=0.01)))),
        vix=bars(vix),
        vix9d=np.full(count, np.nan),
        vix3m=np.where(np.arange(count) < 300, np.nan, vix * 1.1),
        vvix=vix * 4,
        skew=np.full(count, 130.0),
        vx_expiries=expiries,
        vx_settlements=futures,
        nyse=official,
        large_caps=250 + 125 * np.column_stack([risen, -risen]),
        rate=np.linspace(0.05, 0.01, count),
        events=EventTable(fomc=(dt.date(2009, 3, 18), dt.date(2010, 6, 23), dt.date(2011, 1, 26))),
        sha256="abc",
    )


PAST = made()
RESAMPLER = Resampler(PAST)
SOURCE = RESAMPLER.sources(5)
PATH = RESAMPLER.path(5)


def test_a_seed_draws_one_history() -> None:
    again = Resampler(PAST).path(5)

    assert (again.spx.close == PATH.spx.close).all()
    assert (RESAMPLER.path(6).spx.close != PATH.spx.close).any()


def test_sessions_before_the_first_vix_stay_as_they_were() -> None:
    assert (SOURCE[:WARM] == np.arange(WARM)).all()
    assert (PATH.spx.close[:WARM] == PAST.spx.close[:WARM]).all()
    assert np.isnan(PATH.vix.close[:WARM]).all()


def test_index_levels_of_a_path_grow_by_the_returns_of_its_sources() -> None:
    returns = PAST.spx.close[1:] / PAST.spx.close[:-1]
    own = PATH.spx.close[WARM:] / PATH.spx.close[WARM - 1 : -1]

    assert own == pytest.approx(returns[SOURCE[WARM:] - 1], rel=1e-12)


@pytest.mark.parametrize("field", ["open", "high", "low"])
def test_a_bar_keeps_its_shape(field: str) -> None:
    shape = getattr(PAST.spx, field) / PAST.spx.close

    assert getattr(PATH.spx, field) / PATH.spx.close == pytest.approx(shape[SOURCE], rel=1e-12)


@pytest.mark.parametrize("field", ["vix9d", "vix3m", "vvix", "skew", "rate"])
def test_levels_are_those_of_the_source(field: str) -> None:
    expected = getattr(PAST, field)[SOURCE]

    assert getattr(PATH, field) == pytest.approx(expected, nan_ok=True, rel=1e-12)


def test_the_vix_does_not_jump_at_a_join() -> None:
    after = np.flatnonzero(np.diff(SOURCE[WARM:]) != 1) + WARM + 1
    before_the_source = PAST.vix.close[SOURCE[after] - 1]
    jumps = np.abs(np.log(before_the_source / PATH.vix.close[after - 1]))

    assert len(after) > 5
    assert jumps.max() <= 0.05


def test_futures_settle_on_the_days_of_the_real_calendar() -> None:
    at = int(np.flatnonzero(PATH.sessions == np.datetime64("2009-03-02"))[0])
    futures = next(PATH.vx(position) for position in range(at, at + 200) if PATH.vx(position))

    assert set(futures) <= {
        *(dt.date(2009, month, day) for month, day in ((3, 18), (4, 15), (5, 20), (6, 17))),
        *(dt.date(2009, month, day) for month, day in ((7, 22), (8, 19), (9, 16), (10, 21))),
        *(dt.date(2009, month, day) for month, day in ((11, 18), (12, 16))),
        *(dt.date(2010, month, day) for month, day in ((1, 20), (2, 17), (3, 17), (4, 21))),
        *(dt.date(2010, month, day) for month, day in ((5, 19), (6, 16), (7, 21), (8, 18))),
    }


def test_futures_lie_on_the_curve_of_the_source_by_days_to_settlement() -> None:
    """ln(VX/VIX) is 0 at settlement, ln 1.05 at 20 days, ln 1.15 at 60 and beyond."""
    at = next(position for position in range(len(SOURCE)) if SOURCE[position] >= 200)
    vix = PATH.vix.close[at]
    for expiry, price in PATH.vx(at).items():
        days = (expiry - PATH.session(at)).days
        ratio = np.exp(np.interp(days, [0, 20, 60], [0, np.log(1.05), np.log(1.15)]))
        assert price == pytest.approx(vix * ratio, rel=1e-12)


def test_futures_that_were_not_recorded_stay_unknown() -> None:
    at = next(position for position in range(len(SOURCE)) if SOURCE[position] < 200)

    assert PATH.vx(at) == {}


def test_breadth_is_the_share_of_the_source_in_one_count_of_issues() -> None:
    share = (PAST.nyse[:, 0] - PAST.nyse[:, 1]) / PAST.nyse.sum(axis=1)
    official = SOURCE < 400
    found = (PATH.nyse[:, 0] - PATH.nyse[:, 1]) / ISSUES

    assert PATH.nyse.sum(axis=1) == pytest.approx(np.full(len(SOURCE), ISSUES))
    assert found[official] == pytest.approx(share[SOURCE[official]], abs=1e-12)
    assert np.isnan(PATH.large_caps).all()


def test_counts_of_large_caps_are_scaled_to_the_official_deviation() -> None:
    """Made so that a large-cap share of 0.5 s goes with an official one of 2 s / 3."""
    large = (PAST.large_caps[:, 0] - PAST.large_caps[:, 1]) / PAST.large_caps.sum(axis=1)
    stands_in = SOURCE >= 400
    found = (PATH.nyse[:, 0] - PATH.nyse[:, 1]) / ISSUES

    assert found[stands_in] == pytest.approx(
        np.clip(large[SOURCE[stands_in]] * 4 / 3, -1, 1), abs=1e-12
    )


def test_a_session_is_an_event_when_its_source_was() -> None:
    dates = np.array([dt.date(2009, 3, 18), dt.date(2010, 6, 23)], "datetime64[D]")
    expected = PATH.sessions[np.isin(PAST.sessions[SOURCE], dates)].tolist()

    assert PATH.events.fomc == (*expected, dt.date(2011, 1, 26))
    assert PATH.events.cpi == ()


def test_a_path_has_a_fingerprint_of_its_own() -> None:
    prints = {PAST.sha256, PATH.sha256, RESAMPLER.path(6).sha256}
    prints.add(Resampler(PAST, mean_block=20).path(5).sha256)

    assert len(prints) == 4


@pytest.mark.data
def test_paths_of_the_recorded_history_are_like_it_on_average(data_dir: Path) -> None:
    """Within four standard errors of 16 paths: 0.33 points of VIX, 0.006 of return."""
    past = load_history(data_dir)
    vix, returns = past.vix.close, np.diff(np.log(past.spx.close), prepend=np.nan)
    first = int(np.flatnonzero(np.isfinite(vix))[0])
    resampler = Resampler(past)
    drawn = [resampler.sources(seed)[first:] for seed in range(1, 17)]

    assert np.mean([vix[each].mean() for each in drawn]) == pytest.approx(
        vix[first:].mean(), abs=1.3
    )
    assert 252 * np.mean([returns[each].mean() for each in drawn]) == pytest.approx(
        252 * returns[first + 1 :].mean(), abs=0.024
    )
