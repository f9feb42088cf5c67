"""Downloaded chains: converted with what they say, refused with file, line and column."""

from __future__ import annotations

import datetime as dt
import gzip
from typing import TYPE_CHECKING

import pytest

from bot.calendars import trading_days
from bot.core.errors import RecordedDataError
from bot.core.sessions import TradingCalendar
from bot.data.chain_files import QuotedOption, read_rows
from bot.data.chains import captures, listed_sessions, read_chain
from bot.data.imports import import_files
from bot.data.snapshots import NEW_YORK, session_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from bot.data.captures import Capture

SIDE = "Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
CBOE_HEADER = f"Expiration Date,Calls,{SIDE},Strike,Puts,{SIDE}"
CBOE = (
    "\n"
    "S&P 500 INDEX,Last: 5922.10,Change: 12.34\n"
    '"Date: January 6, 2025 at 10:15 AM EST",Bid: 5921.5,Ask: 5922.7,Size: 1*1,Volume: 0\n'
    f"{CBOE_HEADER}\n"
    "Fri Feb 21 2025,SPX250221C05900000,102.4,1.5,101.5,102.5,12,0.131,0.55,0.0012,345,5900.00,"
    "SPX250221P05900000,80.1,-2.5,80.0,81.0,34,0.139,-0.45,0.0012,678\n"
    "Fri Feb 28 2025,SPXW250228C07000000,0,0,0,0.05,0,0,0.0004,0,9,7000.00,"
    "SPXW250228P07000000,0,0,0,0,0,0,-1,0,0\n"
)
"""Invented numbers in the format of the site; a call that nobody bids for, a put not quoted."""

DX_HEADER = (
    "[QUOTE_UNIXTIME], [QUOTE_READTIME], [QUOTE_DATE], [QUOTE_TIME_HOURS], [UNDERLYING_LAST], "
    "[EXPIRE_DATE], [EXPIRE_UNIX], [DTE], [C_DELTA], [C_GAMMA], [C_VEGA], [C_THETA], [C_RHO], "
    "[C_IV], [C_VOLUME], [C_LAST], [C_SIZE], [C_BID], [C_ASK], [STRIKE], [P_BID], [P_ASK], "
    "[P_SIZE], [P_LAST], [P_DELTA], [P_GAMMA], [P_VEGA], [P_THETA], [P_RHO], [P_IV], [P_VOLUME], "
    "[STRIKE_DISTANCE], [STRIKE_DISTANCE_PCT]"
)


def dx_line(
    at: str, expiry: str, strike: float, *, call: str = "101.5, 102.5", put: str = "80.0, 81.0"
) -> str:
    return (
        f"1738184400, {at}, {at[:10]}, 16.000000, 5922.100000, {expiry}, 1740171600, 24.0, "
        f"0.55, 0.0012, 5.1, -1.9, 2.2, 0.131, 12.0, 102.4, 30 x 25, {call}, {strike:f}, {put}, "
        "0 x 4522, 80.1, -0.45, 0.0012, 5.1, -1.8, -2.0, , , 22.1, 0.004"
    )


DX = "\n".join(
    (
        DX_HEADER,
        dx_line("2025-01-28 16:00", "2025-02-21", 5900.0),
        dx_line("2025-01-29 16:00", "2025-02-21", 5900.0),
        dx_line("2025-01-29 16:00", "2025-02-21", 5900.0, call="1.0, 2.0"),
        dx_line("2025-01-29 16:00", "2025-02-24", 6000.0, put="0.0, 0.1"),
        "",
    )
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def imported(folder: Path, text: str, name: str = "quotedata.csv") -> tuple[Capture, ...]:
    import_files([write(folder / name, text)], folder / "chains")
    return captures(folder / "chains")


def test_a_quote_table_becomes_a_chain(tmp_path: Path) -> None:
    (capture,) = imported(tmp_path, CBOE)
    call, put, unbid, unquoted = read_rows(capture.path)

    assert (capture.underlying, capture.session) == ("SPX", dt.date(2025, 1, 6))
    assert (capture.quote_session, capture.spot) == ("rth_intraday", 5922.10)
    assert capture.captured_at == "2025-01-06T10:15-05:00"
    assert capture.max_dte == 53
    assert call == QuotedOption(
        root="SPX",
        expiry=dt.date(2025, 2, 21),
        strike=5900.0,
        right="C",
        bid=101.5,
        ask=102.5,
        last=102.4,
        volume=12.0,
        open_interest=345.0,
        iv=0.131,
        delta=0.55,
        feed="delayed",
    )
    assert (put.bid, put.ask, put.delta) == (80.0, 81.0, -0.45)
    assert (unbid.root, unbid.bid, unbid.ask, unbid.iv) == ("SPXW", None, 0.05, None)
    assert (unquoted.bid, unquoted.ask, unquoted.last) == (None, None, None)


def test_a_converted_chain_can_be_played(tmp_path: Path) -> None:
    imported(tmp_path, CBOE)

    (session,) = listed_sessions(tmp_path / "chains")
    assert session.spx is not None
    first, second = read_chain(session.spx.path)

    assert (first.trading_class, first.call_bid.tolist()) == ("SPX", [101.5])
    assert (second.trading_class, second.call_ask.tolist()) == ("SPXW", [0.05])


def test_a_file_of_optionsdx_becomes_a_chain_for_each_instant(tmp_path: Path) -> None:
    first, second = imported(tmp_path, DX, "spx_eod_202501.txt")

    assert (first.session, second.session) == (dt.date(2025, 1, 28), dt.date(2025, 1, 29))
    assert (first.rows, second.rows) == (2, 4)
    # SPXW of a third Friday cannot be told from SPX: 16:00 is within the curb session to 16:15
    assert second.quote_session == "rth_intraday"
    assert second.flags[0] == "1 strikes: second series of the same day and strike left out"
    call, put, *weekly = read_rows(second.path)
    assert (call.root, call.bid, call.ask) == ("SPX", 101.5, 102.5)
    assert (call.bid_size, call.ask_size) == (30.0, 25.0)
    assert (put.bid_size, put.ask_size, put.iv, put.volume) == (None, 4522.0, None, None)
    assert {option.root for option in weekly} == {"SPXW"}


def test_monthly_vix_options_are_told_from_weekly_ones(tmp_path: Path) -> None:
    text = "\n".join(
        (
            DX_HEADER,
            dx_line("2025-01-29 16:00", "2025-02-19", 16.0),
            dx_line("2025-01-29 16:00", "2025-02-26", 16.0),
            dx_line("2025-01-29 16:00", "2025-03-18", 16.0),  # a Tuesday: Good Friday follows
        )
    )
    (capture,) = imported(tmp_path, text, "vix_eod_202501.txt")

    assert [option.root for option in read_rows(capture.path)[::2]] == ["VIX", "VIXW", "VIX"]


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "quotedata.csv", CBOE)
    (first,) = import_files([source], tmp_path / "chains")
    before = first.path.stat().st_mtime_ns

    (again,) = import_files([source], tmp_path / "chains")

    assert (first.is_new, again.is_new) == (True, False)
    assert again.path == first.path
    assert again.path.stat().st_mtime_ns == before


def test_other_quotes_of_the_same_instant_are_refused(tmp_path: Path) -> None:
    imported(tmp_path, CBOE)

    with pytest.raises(RecordedDataError, match="already with other quotes"):
        imported(tmp_path, CBOE.replace("101.5,102.5", "101.6,102.5"))


DAMAGED = [
    (CBOE.replace("101.5,102.5", "abc,102.5"), 5, "Calls Bid: 'abc' is not a number"),
    (CBOE.replace("80.0,81.0", "80.0,-1"), 5, "Puts Ask: '-1' must be >= 0"),
    (CBOE.replace("80.0,81.0", "80.0,nan"), 5, "Puts Ask: 'nan' is not a finite number"),
    (CBOE.replace(",7000.00,", ",0,"), 6, "Strike: '0' must be > 0"),
    (CBOE.replace(",7000.00,", ",7100.00,"), 6, "Strike: '7100.00' is not that of SPXW250228C"),
    (CBOE.replace("Fri Feb 28", "Thu Feb 27"), 6, "Expiration Date: 'Thu Feb 27 2025' is not that"),
    (CBOE.replace("Fri Feb 28", "Fri Feb 31"), 6, "Expiration Date: 'Fri Feb 31 2025' must read"),
    (CBOE.replace("SPX250221P", "NVDA250221P"), 5, "Puts: 'NVDA250221P05900000' is no put of"),
    (CBOE.replace("SPX250221P", "SPX250221C"), 5, "Puts: 'SPX250221C05900000' is no put of"),
    (CBOE.replace("January 6,", "6 janvier"), 3, "Date: 'Date: 6 janvier 2025"),
    (CBOE.replace("Last: 5922.10", "Last: n/a"), 2, "Last: "),
    (CBOE[: CBOE.index(",34,")], 5, "Puts Ask: 17 cells, the header has 22"),
    (CBOE[: CBOE.index(f"{CBOE_HEADER}\n")], 1, "1: is neither a quote table"),
    ("", 1, "1: is neither a quote table"),
    ("a,b\n1,2\n", 1, "1: is neither a quote table"),
    (DX.replace("81.0", "x"), 2, "[P_ASK]: 'x' is not a number"),
    (DX.replace("30 x 25", "30"), 2, "[C_SIZE]: '30' must read as"),
    (DX.replace("2025-02-24,", "2925-02-24,"), 5, "[EXPIRE_DATE]: '2925-02-24' is no expiry"),
    (DX.replace("2025-02-24,", "2025-01-24,"), 5, "[EXPIRE_DATE]: '2025-01-24' is no expiry"),
    (DX.replace("[C_IV]", "[C_VOLA]"), 1, "[C_IV]: is not in the header"),
    (DX[:-200], 5, "cells, the header has 33"),
    (DX_HEADER + "\n", None, "no line below the header"),
]


@pytest.mark.parametrize(("text", "line", "words"), DAMAGED)
def test_a_fault_names_file_line_and_column_and_nothing_is_written(
    tmp_path: Path, text: str, line: int | None, words: str
) -> None:
    sound = write(tmp_path / "sound.csv", CBOE)
    damaged = write(tmp_path / "spx_damaged.txt", text)

    with pytest.raises(RecordedDataError) as caught:
        import_files([sound, damaged], tmp_path / "chains")

    where = "" if line is None else f", line {line}, column "
    assert str(caught.value).startswith(f"{damaged}{where}")
    assert words in str(caught.value)
    assert not (tmp_path / "chains").exists()


def test_a_half_written_archive_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(CBOE.encode())
    (tmp_path / "quotedata.csv.gz").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(RecordedDataError, match=r"quotedata\.csv\.gz, after line 0"):
        import_files([tmp_path / "quotedata.csv.gz"], tmp_path / "chains")


def test_a_file_that_does_not_say_whose_options_it_has_asks_for_it(tmp_path: Path) -> None:
    source = write(tmp_path / "eod.txt", DX)

    with pytest.raises(RecordedDataError, match="name --underlying SPX or VIX"):
        import_files([source], tmp_path / "chains")
    assert len(import_files([source], tmp_path / "chains", underlying="SPX")) == 2


def test_the_same_instant_twice_is_refused(tmp_path: Path) -> None:
    files = [write(tmp_path / name, CBOE) for name in ("a.csv", "b.csv")]

    with pytest.raises(RecordedDataError, match="two of the files are the same instant"):
        import_files(files, tmp_path / "chains")


CALENDAR = TradingCalendar(days=trading_days(dt.date(2024, 12, 1), dt.date(2025, 2, 1)))


@pytest.mark.parametrize(
    ("at", "session", "quotes"),
    [
        ("2025-01-06 09:29", "2025-01-03", "pre_open"),
        ("2025-01-06 09:30", "2025-01-06", "rth_intraday"),
        ("2025-01-06 16:14", "2025-01-06", "rth_intraday"),
        ("2025-01-06 16:15", "2025-01-06", "rth_close"),
        ("2025-01-06 20:14", "2025-01-06", "rth_close"),
        ("2025-01-06 20:15", "2025-01-06", "gth_evening"),
        ("2025-01-04 11:00", "2025-01-03", "rth_close"),  # a Saturday
        ("2025-01-05 21:00", "2025-01-03", "pre_open"),  # a Sunday evening
        ("2024-12-24 13:20", "2024-12-24", "rth_close"),  # a half day
        ("2025-01-09 12:00", "2025-01-08", "rth_close"),  # a day of mourning
    ],
)
def test_the_time_of_a_snapshot_says_which_session_it_stands_for(
    at: str, session: str, quotes: str
) -> None:
    taken_at = dt.datetime.fromisoformat(at).replace(tzinfo=NEW_YORK)

    assert session_of(taken_at, CALENDAR) == (dt.date.fromisoformat(session), quotes)


def test_a_table_that_cannot_be_priced_is_told_and_never_played(
    tmp_path: Path, steward_here: Callable[..., Result]
) -> None:
    source = write(tmp_path / "quotedata.csv", CBOE.replace("101.5,102.5", "0,102.5"))

    made = steward_here("import", source, "-p", tmp_path)

    assert made.exit_code == 0
    assert "no two-sided quotes near the money: SPX 2025-02-21, SPXW 2025-02-28\n" in made.stdout
    assert "cannot be priced: kept, and never played\n" in made.stdout
    assert listed_sessions(tmp_path / "chains") == ()


def test_the_command_tells_what_it_converted_and_one_line_of_a_fault(
    tmp_path: Path, steward_here: Callable[..., Result]
) -> None:
    source = write(tmp_path / "quotedata.csv", CBOE)

    made = steward_here("import", source, "-p", tmp_path)
    again = steward_here("import", source, "-p", tmp_path)
    odd = steward_here("import", source, "--format", "excel")
    absent = steward_here("import", tmp_path / "none.csv")

    assert made.exit_code == 0
    assert "SPX-2025-01-06-cboe-20250106T1015.parquet: 2 series, 4 options\n" in made.stdout
    assert "  4 quotes delayed\n" in made.stdout
    assert "was there already" in again.stdout
    assert (odd.exit_code, odd.stderr) == (
        2,
        "--format excel: must be one of cboe, optionsdx\n",
    )
    assert absent.exit_code == 2
    path = tmp_path / "none.csv"
    assert absent.stderr == f"{path}: No such file or directory; nothing was written\n"
