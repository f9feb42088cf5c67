"""Chains in Parquet: written whole, read as written, refused when damaged, judged by quotes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.core.errors import RecordedDataError
from bot.core.model import DailyBar, FutureQuote, Quote
from bot.data.chain_files import (
    FORMAT,
    CaptureFacts,
    QuotedOption,
    read_capture,
    read_rows,
    write_rows,
)
from bot.data.chain_quality import facts_of, is_two_sided, pairs, parity_forward
from bot.data.chains import captures, listed_sessions, read_chain
from bot.data.histories import Histories
from bot.data.recorded_histories import SessionLevels, write_histories

SESSION = dt.date(2025, 1, 6)
EXPIRY = dt.date(2025, 2, 21)


def option(
    strike: float, right: str, bid: float | None, ask: float | None, *, root: str = "SPX"
) -> QuotedOption:
    return QuotedOption(root=root, expiry=EXPIRY, strike=strike, right=right, bid=bid, ask=ask)


CHAIN = (
    option(5900, "C", 101.5, 102.5),
    option(5900, "P", 80.0, 81.0),
    option(6000, "C", 45.0, 46.0),
    option(6000, "P", 122.0, 124.0),
    option(7000, "C", None, 0.05),
    option(7000, "P", None, None),
)


def write(path: Path, options: tuple[QuotedOption, ...] = CHAIN, *, spot: float = 5920.0) -> Path:
    facts = facts_of(
        options,
        underlying="SPX",
        session=SESSION,
        quote_session="rth_intraday",
        captured_at="2025-01-06T15:00:00+00:00",
        spot=spot,
        source="by hand",
    )
    write_rows(path, options, facts)
    return path


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    assert read_rows(write(tmp_path / "a.parquet")) == CHAIN


def test_only_the_owner_can_read_a_chain(tmp_path: Path) -> None:
    assert write(tmp_path / "a.parquet").stat().st_mode & 0o777 == 0o600


def test_no_bid_beside_an_ask_is_zero_and_an_option_without_quotes_is_left_out(
    tmp_path: Path,
) -> None:
    (series,) = read_chain(write(tmp_path / "a.parquet"))

    assert series.strikes.tolist() == [5900.0, 6000.0, 7000.0]
    assert series.call_bid.tolist() == [101.5, 45.0, 0.0]
    assert series.call_ask.tolist() == [102.5, 46.0, 0.05]
    assert math.isnan(series.put_bid[2])


def test_sizes_are_kept_where_they_were_recorded(tmp_path: Path) -> None:
    sized = replace(CHAIN[0], bid_size=7.0, ask_size=None)
    (series,) = read_chain(write(tmp_path / "a.parquet", (sized, *CHAIN[1:])))

    assert dict(series.sizes) == {(5900.0, "C"): (7, None)}


def test_a_folder_of_parquet_files_needs_no_index(tmp_path: Path) -> None:
    write(tmp_path / "SPX-2025-01-06.parquet")

    (session,) = listed_sessions(tmp_path)

    assert session.session == SESSION
    assert session.spx is not None
    assert (session.spx.rows, session.spx.expiries, session.spx.max_dte) == (6, 1, 46)


def test_the_forward_is_that_of_put_call_parity() -> None:
    # 5900 + 102.0 - 80.5 = 5921.5; 6000 + 45.5 - 123.0 = 5922.5
    assert parity_forward(pairs(CHAIN)) == 5922.0
    assert parity_forward(()) is None


def test_a_chain_without_two_sided_quotes_near_the_money_is_told_and_never_played(
    tmp_path: Path,
) -> None:
    lone_asks = tuple(
        option(each.strike, each.right, None, each.ask) for each in CHAIN if each.ask is not None
    )
    path = write(tmp_path / "SPX-2025-01-06.parquet", lone_asks)

    assert read_capture(path).flags == ("no two-sided quotes near the money: SPX 2025-02-21",)
    assert read_capture(path).parity_forward is None
    assert listed_sessions(tmp_path) == ()


def test_two_sided_quotes_far_from_the_money_do_not_price_a_chain() -> None:
    far = tuple(option(1000 + k, right, 4900.0, 4910.0) for k in range(2) for right in "CP")
    near = tuple(option(5900 + 5 * k, right, None, 3.0) for k in range(10) for right in "CP")

    assert not is_two_sided(far + near, 5920.0)
    assert is_two_sided(far + near, 1000.0)


def test_crossed_quotes_are_not_two_sided() -> None:
    crossed = (option(5900, "C", 3.0, 2.0), option(5900, "P", 1.0, 2.0))

    assert not is_two_sided(crossed, 5900.0)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_half_written_file_is_named(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "SPX-2025-01-06.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(RecordedDataError, match=r"SPX-2025-01-06\.parquet: cannot be read"):
        captures(tmp_path)


def test_a_parquet_file_of_others_is_no_capture(tmp_path: Path) -> None:
    pq.write_table(pa.table({"price": [1.0]}), tmp_path / "prices.parquet")

    with pytest.raises(RecordedDataError, match=r"prices\.parquet: is no recorded chain"):
        captures(tmp_path)
    with pytest.raises(RecordedDataError, match=r"prices\.parquet"):
        read_chain(tmp_path / "prices.parquet")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (option(5900, "C", -1.0, 2.0), "row 1"),
        (option(5900, "X", 1.0, 2.0), "'X' is no option"),
        (option(5900, "C", 1.0, 2.0, root="NDX"), "'NDX'"),
        (option(5900, "C", 1.0, math.inf), "row 1"),
        (option(math.nan, "C", 1.0, 2.0), "row 1"),
    ],
)
def test_what_cannot_be_an_option_is_refused_with_its_row(
    tmp_path: Path, changed: QuotedOption, words: str
) -> None:
    path = write(tmp_path / "a.parquet", (changed, *CHAIN))

    with pytest.raises(RecordedDataError, match=words):
        read_chain(path)


def test_a_capture_of_another_format_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet")
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[b"steward"])
    facts["format"] = "steward-chain-9"
    pq.write_table(table.replace_schema_metadata({b"steward": json.dumps(facts)}), path)

    with pytest.raises(RecordedDataError, match="another format"):
        read_capture(path)


def levels(session: dt.date, spx: float, *bars: DailyBar) -> SessionLevels:
    return SessionLevels(
        session=session,
        levels={"SPX": spx, "VIX": 16.0, "VVIX": 95.0},
        spx_bars=bars,
        vix_bars=(),
        futures=(FutureQuote(expiry=dt.date(2025, 1, 22), quote=Quote(bid=16.9, ask=17.1)),),
        breadth=None,
        rate=0.04,
    )


def test_histories_of_recorded_sessions_add_up_and_the_true_bar_stands(tmp_path: Path) -> None:
    true_bar = DailyBar(session=SESSION, open=5982.8, high=6021.0, low=5960.0, close=5975.4)
    second = dt.date(2025, 1, 7)

    write_histories(tmp_path, levels(SESSION, 5990.0))
    write_histories(tmp_path, levels(second, 5909.0, true_bar))
    found = Histories(tmp_path)

    assert found.spx.on(SESSION) == true_bar
    assert found.spx.on(second) == DailyBar(
        session=second, open=5909.0, high=5909.0, low=5909.0, close=5909.0
    )
    assert found.vol_closes[second].vvix == 95.0
    assert found.vol_closes[second].vix3m is None
    assert found.vx_settlements[second] == {dt.date(2025, 1, 22): 17.0}
    assert dict(found.breadth) == {}
    assert found.rate(second, 1 / 12) == pytest.approx(0.04, abs=1e-12)


def test_every_column_and_fact_of_a_file_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "chains.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text))
    fields = {
        each.name for kind in (QuotedOption, CaptureFacts) for each in dataclasses.fields(kind)
    }

    assert fields - named == set()
    assert FORMAT in text
