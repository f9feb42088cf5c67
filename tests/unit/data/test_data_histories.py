"""Recorded histories: what is known on a day, and what is not."""

from __future__ import annotations

import datetime as dt
import gzip
import math
from typing import TYPE_CHECKING

import pytest

from bot.core.errors import RecordedDataError
from bot.core.model import BreadthDay, DailyBar
from bot.data.histories import Histories

if TYPE_CHECKING:
    from pathlib import Path

DAY = dt.date(2025, 1, 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spx_daily.csv").write_text(
        "date,open,high,low,close\n"
        "2025-01-03,5891,5949,5888,5942\n"
        "2025-01-06,5982,6021,5960,5975\n"
        "2025-01-07,5993,6000,5890,5909\n"
    )
    (tmp_path / "vix_daily.csv").write_text(
        "date,open,high,low,close,spx_session,source\n"
        "2025-01-06,16.1,16.5,15.7,16.04,True,cboe\n"
        "2025-01-09,18.0,18.4,17.9,18.07,False,cboe\n"
    )
    (tmp_path / "vol_indices_daily.csv").write_text(
        "date,vix9d,vix3m,vix6m,vvix,skew\n2025-01-06,14.2,18.9,,95.5,\n"
    )
    (tmp_path / "rates_daily.csv").write_text(
        "date,dtb3,dgs1mo,dgs3mo\n2025-01-03,,4.40,4.36\n2025-01-05,,,\n2025-01-07,,4.42,4.38\n"
    )
    (tmp_path / "vx_futures_by_expiry.csv.gz").write_bytes(
        gzip.compress(
            b"date,expiry,settle,source\n2025-01-06,2025-01-22,17.1,x\n2025-01-06,2025-02-19,17.9,x\n"
        )
    )
    (tmp_path / "nyse_breadth_daily.csv.gz").write_bytes(
        gzip.compress(
            b"date,advances,declines,proxy_advances\n2025-01-06,1800,1000,300\n2025-01-07,,,200\n"
        )
    )
    return tmp_path


def test_a_bar_is_that_of_its_day_or_nothing(folder: Path) -> None:
    histories = Histories(folder)

    bar = DailyBar(session=DAY, open=5982.0, high=6021.0, low=5960.0, close=5975.0)
    assert histories.spx.on(DAY) == bar
    assert histories.spx.on(dt.date(2025, 1, 4)) is None
    assert histories.spx.on(dt.date(2025, 1, 8)) is None


def test_bars_before_a_session_leave_out_the_session_itself(folder: Path) -> None:
    histories = Histories(folder)

    assert [bar.close for bar in histories.spx.before(dt.date(2025, 1, 7), 5)] == [5942.0, 5975.0]
    assert [bar.close for bar in histories.spx.before(dt.date(2025, 1, 7), 1)] == [5975.0]


def test_vix_days_without_an_spx_session_are_left_out(folder: Path) -> None:
    assert Histories(folder).vix.on(dt.date(2025, 1, 9)) is None


def test_an_index_that_was_not_recorded_is_unknown(folder: Path) -> None:
    close = Histories(folder).vol_closes[DAY]

    assert (close.vix9d, close.vix3m, close.vvix, close.skew) == (14.2, 18.9, 95.5, None)


def test_vx_settlements_are_by_session_and_expiry(folder: Path) -> None:
    settlements = Histories(folder).vx_settlements

    assert settlements[DAY] == {dt.date(2025, 1, 22): 17.1, dt.date(2025, 2, 19): 17.9}
    assert dt.date(2025, 1, 7) not in settlements


def test_breadth_is_never_filled_from_the_large_cap_proxy(folder: Path) -> None:
    breadth = Histories(folder).breadth

    assert breadth == {DAY: BreadthDay(session=DAY, advances=1800.0, declines=1000.0)}


@pytest.mark.parametrize(
    ("session", "years", "percent"),
    [
        (dt.date(2025, 1, 7), 30 / 365, 4.42),
        (dt.date(2025, 1, 7), 60.5 / 365, 4.40),
        (dt.date(2025, 1, 7), 2.0, 4.38),
        (dt.date(2025, 1, 6), 1 / 365, 4.40),  # the last yields are of 3 January
    ],
)
def test_the_rate_is_the_last_known_yield_compounded_continuously(
    folder: Path, session: dt.date, years: float, percent: float
) -> None:
    """A bond-equivalent yield y compounds twice a year: r = 2 ln(1 + y/2)."""
    rate = Histories(folder).rate(session, years)

    assert rate == pytest.approx(2 * math.log(1 + percent / 200), rel=1e-12)


def test_there_is_no_rate_before_the_first_recorded_day(folder: Path) -> None:
    assert Histories(folder).rate(dt.date(2025, 1, 2), 0.1) is None


def test_a_level_that_is_not_positive_is_a_fault(folder: Path) -> None:
    (folder / "spx_daily.csv").write_text("date,open,high,low,close\n2025-01-06,0,1,1,1\n")

    with pytest.raises(RecordedDataError, match=r"spx_daily\.csv, line 2: levels .* must be > 0"):
        _ = Histories(folder).spx


@pytest.mark.data
@pytest.mark.parametrize(
    ("session", "spx", "vix", "front"),
    [
        (dt.date(2018, 2, 5), 2648.94, 37.32, 33.225),
        (dt.date(2020, 3, 16), 2386.13, 82.69, 72.625),
        (dt.date(2024, 8, 5), 5186.33, 38.57, 32.10),
    ],
)
def test_recorded_panics_are_read_as_published(
    data_dir: Path, session: dt.date, spx: float, vix: float, front: float
) -> None:
    histories = Histories(data_dir)
    spx_bar, vix_bar = histories.spx.on(session), histories.vix.on(session)
    settlements = histories.vx_settlements[session]

    assert spx_bar is not None
    assert vix_bar is not None
    assert spx_bar.close == pytest.approx(spx, abs=0.005)
    assert vix_bar.close == vix
    assert settlements[min(settlements)] == pytest.approx(front, abs=0.002)


def test_bars_of_a_future_are_its_settlements_before_a_session(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "vx_futures_by_expiry.csv.gz", "wt") as file:
        file.write(
            "date,expiry,settle\n2025-01-03,2025-01-22,16.5\n2025-01-06,2025-01-22,16.25\n"
            "2025-01-06,2025-02-19,17.5\n2025-01-07,2025-01-22,17\n"
        )
    histories = Histories(tmp_path)

    bars = histories.vx_bars(dt.date(2025, 1, 22), dt.date(2025, 1, 7), 9)

    assert [(each.session.day, each.close) for each in bars] == [(3, 16.5), (6, 16.25)]
    assert histories.vx_bars(dt.date(2025, 1, 22), dt.date(2025, 1, 7), 1) == bars[1:]
    assert histories.vx_bars(dt.date(2025, 3, 18), dt.date(2025, 1, 7), 9) == ()
