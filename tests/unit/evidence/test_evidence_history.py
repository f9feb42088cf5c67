"""A folder of histories: every fault is named with its rows and what it leaves usable."""

from __future__ import annotations

import datetime as dt
import math
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from history_folder import LAST, SESSIONS, edit, write_histories

from bot.core.errors import ConfigError
from bot.evidence.history import WARM_UP_SESSIONS
from bot.evidence.history_load import load_history

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_histories(tmp_path_factory.mktemp("histories"))


@pytest.fixture
def folder(histories: Path, tmp_path: Path) -> Path:
    shutil.copytree(histories, tmp_path, dirs_exist_ok=True)
    return tmp_path


def faults(folder: Path) -> str:
    return "\n".join(map(str, load_history(folder).faults))


def test_a_history_without_a_fault_has_a_row_for_each_session(folder: Path) -> None:
    history = load_history(folder)

    assert history.faults == ()
    assert history.limits == ()
    assert [history.session(at) for at in range(len(SESSIONS))] == SESSIONS
    assert history.spx.close[5] == 1006
    assert (history.vix.high[0], history.vix3m[0], history.skew[0]) == (21, 22, 130)
    assert history.nyse[3].tolist() == [1500, 1400]
    assert np.isnan(history.large_caps).all()
    assert history.events.fomc == (dt.date(2010, 1, 27), dt.date(2012, 12, 12))
    assert [month.reer for month in history.macro] == [100.0, None, 101.0]


def test_the_rate_of_a_bill_is_its_discount_compounded_continuously(folder: Path) -> None:
    """A 91-day bill at a discount of 3.6 % a year of 360 days costs 0.9909."""
    assert load_history(folder).rate[0] == pytest.approx(-math.log(0.9909) * 365 / 91, rel=1e-12)


def test_where_no_discount_is_recorded_the_bond_equivalent_yield_is_used(folder: Path) -> None:
    edit(folder / "rates_daily.csv", lambda lines: [*lines[:-1], f"{LAST},,4.0"])

    assert load_history(folder).rate[-1] == pytest.approx(2 * math.log(1.02), rel=1e-12)


def test_futures_are_by_expiry_and_one_that_settles_today_is_none(folder: Path) -> None:
    settling = f"{SESSIONS[0]},{SESSIONS[0]},19.0"
    edit(folder / "vx_futures_by_expiry.csv", lambda lines: [lines[0], settling, *lines[1:]])
    expected = {
        SESSIONS[0] + dt.timedelta(days=30): 21.0,
        SESSIONS[0] + dt.timedelta(days=60): 22.0,
    }

    assert load_history(folder).vx(0) == expected


def test_a_future_that_settles_on_no_session_is_named_with_its_rows_and_left_out(
    folder: Path,
) -> None:
    """31 May 2010 was Memorial Day; its future is quoted on lines 4 and 7 of the file."""
    edit(
        folder / "vx_futures_by_expiry.csv",
        lambda lines: [
            *lines[:3], f"{SESSIONS[1]},2010-05-31,25", *lines[3:5],
            f"{SESSIONS[2]},2010-05-31,25", *lines[5:],
        ],
    )  # fmt: skip
    history = load_history(folder)

    (told,) = map(str, history.faults)
    assert told.startswith(
        "vx_futures_by_expiry.csv, lines 4, 7: expiry = 2010-05-31 is no session: its settlements "
        "are left out, and the curve is modelled there; write the day on which the future settles"
    )
    assert dt.date(2010, 5, 31) not in {*history.vx(1), *history.vx(2)}
    assert len(history.vx(1)) == 2


def test_decisions_begin_after_a_year_of_vix_and_lie_within_what_was_asked_for(
    folder: Path,
) -> None:
    history = load_history(folder)

    assert history.usable() == range(WARM_UP_SESSIONS, len(SESSIONS))
    asked = history.usable(dt.date(2011, 6, 4), dt.date(2011, 6, 12))
    assert [history.session(at).day for at in asked] == [6, 7, 8, 9, 10]
    with pytest.raises(ConfigError, match=r"from 2009-01-01 to 2009-12-31: .* decided from 2011"):
        history.usable(dt.date(2009, 1, 1), dt.date(2009, 12, 31))


@pytest.mark.parametrize("file", ["spx_daily.csv", "vix_daily.csv", "rates_daily.csv"])
def test_without_a_file_that_nothing_replaces_all_faults_are_named_at_once(
    folder: Path, file: str
) -> None:
    (folder / file).unlink()
    (folder / "macro.csv").unlink()

    with pytest.raises(ConfigError) as caught:
        load_history(folder)

    assert f"{file}: no file" in str(caught.value)
    assert "no file: the pace of the hedge is the default" in str(caught.value)


def test_a_missing_series_is_modelled_and_said_so(folder: Path) -> None:
    (folder / "vx_futures_by_expiry.csv").unlink()

    assert faults(folder) == (
        "vx_futures_by_expiry.csv: no file: the curve is modelled, anchored to no settlement; "
        "usable: nothing of it"
    )


def test_a_row_that_repeats_a_date_leaves_the_longer_side_usable(folder: Path) -> None:
    edit(folder / "spx_daily.csv", lambda lines: [*lines[:101], lines[100], *lines[101:]])
    history = load_history(folder)

    expected = f"usable: {SESSIONS[100]} to {LAST}"
    assert f"spx_daily.csv, line 102: the date of an earlier row again; {expected}" in faults(
        folder
    )
    assert history.session(0) == SESSIONS[100]


def test_rows_from_new_to_old_leave_nothing_to_test(folder: Path) -> None:
    edit(folder / "vix_daily.csv", lambda lines: [lines[0], *reversed(lines[1:])])

    with pytest.raises(ConfigError, match=r"vix_daily\.csv, lines 3, .* more: dates go back"):
        load_history(folder)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("a,b,c,d", "close = 'd' is not a number"),
        ("20,21,19,-3", "close = -3 must be > 0"),
        ("20,21,19,200", "close moves by more than a factor of 2.5"),
        ("20,21,19", "is not a date"),
    ],
)
def test_a_row_that_cannot_be_is_named(folder: Path, cells: str, said: str) -> None:
    edit(
        folder / "vix_daily.csv",
        lambda lines: [*lines[:50], f"{SESSIONS[49]},{cells}", *lines[51:]],
    )

    assert any(
        said in line and "vix_daily.csv, line" in line for line in faults(folder).splitlines()
    )


def test_one_session_without_a_vix_stands_on_the_close_before_and_is_named(folder: Path) -> None:
    edit(folder / "vix_daily.csv", lambda lines: [*lines[:50], *lines[51:]])
    history = load_history(folder)

    assert history.carried["vix"] == (SESSIONS[49],)
    assert history.vix.close[49] == 20
    assert f"{SESSIONS[49]}: vix has no row: the close before stands for it" in faults(folder)


def test_a_longer_gap_in_the_vix_ends_what_can_be_tested(folder: Path) -> None:
    edit(folder / "vix_daily.csv", lambda lines: [*lines[:701], *lines[703:]])
    history = load_history(folder)

    assert history.session(-1) == SESSIONS[699]
    assert "vix has no row: the test cannot cross it" in faults(folder)


def test_a_series_that_ends_earlier_ends_the_test(folder: Path) -> None:
    edit(folder / "nyse_breadth_daily.csv", lambda lines: lines[:-20])
    history = load_history(folder)

    assert history.session(-1) == SESSIONS[-21]
    ends = f"breadth ends on {SESSIONS[-21]}, and the test with it"
    assert history.limits == (f"nyse_breadth_daily.csv: {ends}, 20 sessions before SPX",)


def test_a_gap_in_a_series_with_a_substitute_is_named_and_stays_unknown(folder: Path) -> None:
    edit(folder / "vol_indices_daily.csv", lambda lines: [*lines[:300], *lines[310:]])
    history = load_history(folder)

    assert np.isnan(history.vvix[299:309]).all()
    span = f"10 sessions from {SESSIONS[299]} to {SESSIONS[308]}"
    assert f"vol_indices_daily.csv, {span}: vvix has no row: modelled from the VIX" in faults(
        folder
    )


def test_events_that_end_before_the_test_are_named(folder: Path) -> None:
    edit(folder / "macro_events.csv", lambda lines: lines[:3])

    text = "cpi ends before the test does: unknown from then on, and nothing is sold"
    assert f"macro_events.csv: {text}; usable: 2010-02-19 to 2010-02-19" in faults(folder)


def test_less_than_a_year_is_too_short(folder: Path) -> None:
    edit(folder / "vix_daily.csv", lambda lines: lines[:200])

    with pytest.raises(ConfigError, match=r"199 sessions in a row .* must be more than 252"):
        load_history(folder)


def test_files_as_cboe_and_fred_offer_them_are_read(folder: Path) -> None:
    """Dates as MM/DD/YYYY, capital letters, a dot for what was not published."""
    for name in ("spx_daily.csv", "vix_daily.csv", "rates_daily.csv", "vol_indices_daily.csv"):
        (folder / name).unlink()
    days = [f"{day:%m/%d/%Y}" for day in SESSIONS]
    for name, header, cells in (
        ("VIX_History.csv", "DATE,OPEN,HIGH,LOW,CLOSE", "20.00,21.00,19.00,20.50"),
        ("SPX_History.csv", "DATE,SPX", "1100.5"),
        ("VVIX_History.csv", "DATE,VVIX", "95.5"),
        ("VIX3M_History.csv", "DATE,OPEN,HIGH,LOW,CLOSE", "22,23,21,22.5"),
    ):
        (folder / name).write_text("\n".join([header, *(f"{day},{cells}" for day in days)]))
    bills = [f"{day},{'.' if at == 7 else '3.6'}" for at, day in enumerate(SESSIONS)]
    (folder / "DTB3.csv").write_text("\n".join(["observation_date,DTB3", *bills]))
    history = load_history(folder)

    assert (history.spx.open[3], history.spx.close[3]) == (1100.5, 1100.5)
    assert (history.vix.close[3], history.vvix[3], history.vix3m[3]) == (20.5, 95.5, 22.5)
    assert history.carried["rate"] == (SESSIONS[7],)


def test_files_of_single_futures_stand_for_the_curve(folder: Path) -> None:
    """As Cboe offers them: one file a contract; a settlement of 0 is none."""
    (folder / "vx_futures_by_expiry.csv").unlink()
    header = "Trade Date,Futures,Open,High,Low,Close,Settle"
    for expiry, settle in (("2013-01-16", "21.5"), ("2013-02-13", "22.5")):
        days = [f"{day},X,0,0,0,0,{settle if at else 0}" for at, day in enumerate(SESSIONS)]
        (folder / f"VX_{expiry}.csv").write_text("\n".join([header, *days]))
    (folder / "VX_F13.csv").write_text(f"{header}\n{SESSIONS[0]},X,0,0,0,0,21.0\n")
    history = load_history(folder)

    assert history.vx(0) == {}
    assert history.vx(1) == {dt.date(2013, 1, 16): 21.5, dt.date(2013, 2, 13): 22.5}
    assert "VX_F13.csv: 'F13' is not an expiry as 2026-01-21" in faults(folder)


def test_an_expiry_that_is_no_date_is_named(folder: Path) -> None:
    edit(
        folder / "vx_futures_by_expiry.csv",
        lambda lines: [*lines[:3], f"{SESSIONS[1]},Jan,20", *lines[3:]],
    )

    assert "vx_futures_by_expiry.csv, line 4: 'Jan' is not a date" in faults(folder)


def test_a_future_at_ten_times_its_level_is_left_out_and_named(folder: Path) -> None:
    """The VIX is 20 throughout."""
    far = f"{SESSIONS[0]},2010-06-16,215"
    edit(folder / "vx_futures_by_expiry.csv", lambda lines: [lines[0], far, *lines[1:]])

    assert dt.date(2010, 6, 16) not in load_history(folder).vx(0)
    assert f"{SESSIONS[0]}: settlements more than 5 times the VIX" in faults(folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no row"),
        (b"date,open,high,low\n2010-01-04,1,1,1\n", "no column close among date, open, high, low"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_at_all_is_named(
    folder: Path, content: bytes, said: str
) -> None:
    (folder / "vix_daily.csv").write_bytes(content)

    with pytest.raises(ConfigError, match=rf"vix_daily\.csv: {said}"):
        load_history(folder)


def test_a_session_is_found_by_its_date_and_no_other_day(folder: Path) -> None:
    history = load_history(folder)

    assert history.position(SESSIONS[7]) == 7
    with pytest.raises(ConfigError, match="2010-01-09: no session of the history, which has 2010"):
        history.position(dt.date(2010, 1, 9))


def test_two_readings_of_the_same_files_have_one_fingerprint(folder: Path) -> None:
    before = load_history(folder).sha256
    edit(folder / "macro.csv", lambda lines: [*lines, "2013-01,,"])

    assert len(before) == 64
    assert load_history(folder).sha256 != before


@pytest.mark.data
def test_the_recorded_histories_reach_from_1990_to_the_end_of_the_futures(data_dir: Path) -> None:
    history = load_history(data_dir)

    assert history.session(history.usable().start) == dt.date(1990, 12, 31)
    assert history.session(-1) == dt.date(2026, 6, 1)
    assert len(history.carried["vix"]) == 4
    panic = history.position(dt.date(2018, 2, 5))
    assert (history.spx.close[panic].round(2), history.vix.close[panic]) == (2648.94, 37.32)
    assert history.vx(panic)[dt.date(2018, 2, 14)] == 33.225


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    absent = tmp_path / "gone"

    with pytest.raises(ConfigError) as caught:
        load_history(absent)

    remedy = "docs/history.md says what lies in one"
    assert str(caught.value) == f"{absent}: no such folder; {remedy}"
