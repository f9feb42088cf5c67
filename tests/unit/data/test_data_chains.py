"""Recorded chains: which capture stands for a session, and what a damaged file is."""

from __future__ import annotations

import datetime as dt
import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bot.core.errors import RecordedDataError
from bot.data.chains import captures, listed_sessions, read_chain

if TYPE_CHECKING:
    from pathlib import Path

CHAIN = """root,expiry,strike,right,bid,ask,last,volume,open_interest,iv,delta
SPXW,2025-02-14,5900,C,101.5,102.5,100,1,2,0.13,0.6
SPXW,2025-02-14,5900,P,80,81,,0,0,,
SPXW,2025-02-14,6000,C,0,0.05,,0,0,,
SPX,2025-01-17,6000,P,60.2,60.9,,0,0,,
"""
"""Four quotes of two series; a call at 6000 that nobody bids for, and no put there."""

INDEX_HEADER = (
    "file,underlying,session_date,quote_session,captured_at_et,spot_in_file,rows,expiries,"
    "min_dte,max_dte,par_expiry,parity_forward,flags"
)


def write_chain(path: Path, text: str = CHAIN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def index_line(  # noqa: PLR0913 - the columns that matter
    file: str,
    *,
    underlying: str = "SPX",
    session: str = "2025-01-06",
    quote_session: str = "rth_close",
    captured_at: str = "2025-01-06 18:00",
    rows: int = 100,
    expiries: int = 10,
    max_dte: int = 60,
    flags: str = "",
) -> str:
    return (
        f"{file},{underlying},{session},{quote_session},{captured_at},5975.4,{rows},{expiries},"
        f"0,{max_dte},2025-02-05,5990.1,{flags}"
    )


def write_index(folder: Path, *lines: str) -> Path:
    (folder / "index.csv").write_text("\n".join((INDEX_HEADER, *lines)) + "\n")
    return folder


def chosen(folder: Path) -> list[str]:
    (session,) = listed_sessions(folder)
    return [each.path.name for each in (session.spx, session.vix) if each is not None]


def test_quotes_are_read_by_series_strike_and_right(tmp_path: Path) -> None:
    near, far = read_chain(write_chain(tmp_path / "a.csv.gz"))

    assert (near.trading_class, near.expiry) == ("SPX", dt.date(2025, 1, 17))
    assert (far.trading_class, far.expiry) == ("SPXW", dt.date(2025, 2, 14))
    assert far.strikes.tolist() == [5900.0, 6000.0]
    assert far.call_bid.tolist() == [101.5, 0.0]
    assert far.call_ask.tolist() == [102.5, 0.05]
    assert far.put_bid[0] == 80.0
    assert np.isnan(far.put_bid[1])
    assert np.isnan(near.call_ask[0])


@pytest.mark.parametrize(
    ("root", "expiry", "trading_class"),
    [
        ("", "2025-01-17", "SPX"),  # a third Friday
        ("", "2025-01-24", "SPXW"),
        ("SPXPM", "2025-01-17", "SPXW"),
        ("VIXW", "2025-01-29", "VIXW"),
    ],
)
def test_a_root_that_is_not_said_follows_from_the_expiry(
    tmp_path: Path, root: str, expiry: str, trading_class: str
) -> None:
    line = f"{root},{expiry},20,C,1.0,1.1,,0,0,,\n"
    (series,) = read_chain(write_chain(tmp_path / "a.csv.gz", CHAIN.splitlines()[0] + "\n" + line))

    assert series.trading_class == trading_class


def test_a_second_series_of_unknown_settlement_is_left_out(tmp_path: Path) -> None:
    text = CHAIN + "dup,2025-01-17,6000,P,61.0,61.9,,0,0,,\n"
    near, _ = read_chain(write_chain(tmp_path / "a.csv.gz", text))

    assert near.put_bid.tolist() == [60.2]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("SPXW,2025-02-14,5900,C,101", "line 6: 5 cells, the header has 11"),
        ("SPXW,2025-02-14,5900,C,x,102,,0,0,,", "line 6: 'x' is not a number"),
        ("SPXW,2025-02-14,5900,C,,102,,0,0,,", "line 6: '' is not a number"),
        ("SPXW,2025-02-14,5900,C,nan,102,,0,0,,", "line 6: 'nan' is not a finite number"),
        ("SPXW,2025-02-14,5900,C,-1,102,,0,0,,", "line 6: price -1 must be >= 0"),
        ("SPXW,2025-02-30,5900,C,1,2,,0,0,,", "line 6: '2025-02-30' is not a date"),
        ("SPXW,2025-02-14,5900,X,1,2,,0,0,,", "line 6: right 'X' must be C or P"),
        ("NDX,2025-02-14,5900,C,1,2,,0,0,,", "line 6: root 'NDX' is not one of"),
    ],
)
def test_a_line_that_cannot_be_read_names_the_file_and_the_line(
    tmp_path: Path, line: str, fault: str
) -> None:
    path = write_chain(tmp_path / "bad.csv.gz", CHAIN + line + "\n")

    with pytest.raises(RecordedDataError) as caught:
        read_chain(path)
    assert str(path) in str(caught.value)
    assert fault in str(caught.value)


def test_a_truncated_file_is_a_fault_that_names_it(tmp_path: Path) -> None:
    path = write_chain(tmp_path / "cut.csv.gz", CHAIN + CHAIN.split("\n", 1)[1] * 400)
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(RecordedDataError, match=r"cut\.csv\.gz, after line \d+"):
        read_chain(path)


def test_bytes_that_are_not_gzip_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv.gz"
    path.write_text(CHAIN)

    with pytest.raises(RecordedDataError, match=r"plain\.csv\.gz, after line 1: Not a gzipped"):
        read_chain(path)


def test_flipped_bytes_in_a_compressed_file_are_a_fault(tmp_path: Path) -> None:
    path = write_chain(tmp_path / "flipped.csv.gz")
    content = bytearray(path.read_bytes())
    content[-8:-4] = b"\0\0\0\0"  # the checksum
    path.write_bytes(bytes(content))

    with pytest.raises(RecordedDataError, match=r"flipped\.csv\.gz"):
        read_chain(path)


@pytest.mark.parametrize("text", ["", CHAIN.splitlines()[0] + "\n"])
def test_a_file_without_quotes_is_a_fault(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecordedDataError, match="line 1: no"):
        read_chain(write_chain(tmp_path / "empty.csv.gz", text))


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(RecordedDataError, match=r"gone\.csv\.gz, after line 1: .*No such file"):
        read_chain(tmp_path / "gone.csv.gz")


def test_a_missing_column_is_a_fault(tmp_path: Path) -> None:
    path = write_chain(tmp_path / "a.csv.gz", "root,expiry,strike,right,bid\n")

    with pytest.raises(RecordedDataError, match="line 1: no column 'ask'"):
        read_chain(path)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"quote_session": "rth_close"}, {"quote_session": "rth_intraday", "expiries": 40}),
        ({"quote_session": "rth_intraday"}, {"quote_session": "gth_evening"}),
        ({"quote_session": "gth_evening"}, {"quote_session": "pre_open"}),
        ({"flags": ""}, {"flags": "crossed quotes", "expiries": 40}),
        ({"expiries": 11}, {"expiries": 10, "rows": 900}),
        ({"rows": 101}, {"rows": 100}),
        ({"captured_at": "2025-01-06 19:00"}, {"captured_at": "2025-01-06 18:00"}),
    ],
)
def test_the_better_capture_stands_for_the_session(
    tmp_path: Path, better: dict[str, str], worse: dict[str, str]
) -> None:
    lines = (index_line("worse.gz", **worse), index_line("better.gz", **better))  # type: ignore[arg-type]

    assert chosen(write_index(tmp_path, *lines)) == ["better.gz"]
    assert chosen(write_index(tmp_path, *reversed(lines))) == ["better.gz"]


def test_a_capture_that_reaches_too_short_is_not_playable(tmp_path: Path) -> None:
    write_index(
        tmp_path,
        index_line("spx.gz", max_dte=44),
        index_line("vix.gz", underlying="VIX", max_dte=149),
    )

    assert listed_sessions(tmp_path) == ()


def test_captures_of_both_underlyings_make_one_session(tmp_path: Path) -> None:
    write_index(
        tmp_path,
        index_line("vix.gz", underlying="VIX", max_dte=150),
        index_line("spx.gz", max_dte=45),
    )

    assert chosen(tmp_path) == ["spx.gz", "vix.gz"]


def test_sessions_are_listed_within_the_range_oldest_first(tmp_path: Path) -> None:
    write_index(
        tmp_path, *(index_line("a.gz", session=f"2025-01-{day:02}") for day in (10, 6, 8, 7, 9))
    )

    found = listed_sessions(tmp_path, dt.date(2025, 1, 7), dt.date(2025, 1, 9))
    assert [each.session.day for each in found] == [7, 8, 9]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"underlying": "NDX"}, "underlying 'NDX' must be one of"),
        ({"quote_session": "lunch"}, "quote_session 'lunch' one of"),
        ({"session": "tomorrow"}, "'tomorrow' is not a date"),
    ],
)
def test_an_index_line_that_cannot_be_read_is_named(
    tmp_path: Path, change: dict[str, str], fault: str
) -> None:
    write_index(tmp_path, index_line("a.gz"), index_line("b.gz", **change))  # type: ignore[arg-type]

    with pytest.raises(RecordedDataError) as caught:
        captures(tmp_path)
    assert "index.csv, line 3" in str(caught.value)
    assert fault in str(caught.value)


def test_a_folder_without_an_index_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(RecordedDataError, match=r"index\.csv, after line 1"):
        listed_sessions(tmp_path)


@pytest.mark.data
def test_recorded_sessions_can_be_read(data_dir: Path) -> None:
    """Every ninth of them, over all sources and years."""
    sessions = listed_sessions(data_dir / "option_chains")

    assert len(sessions) >= 100
    for session in sessions[::9]:
        for capture in (session.spx, session.vix):
            if capture is not None:
                series = read_chain(capture.path)
                assert all((np.diff(each.strikes) > 0).all() for each in series)
