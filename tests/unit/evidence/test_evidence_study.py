"""References, condors one by one, what is missing, and the command end to end on recorded data."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from evidence_books import book
from evidence_history import history
from typer.testing import CliRunner

from bot.cli import app
from bot.core.errors import RecordedDataError
from bot.defaults import write_defaults
from bot.evidence.books import Replay
from bot.evidence.claims import Inputs
from bot.evidence.entries import entries, second_engine_condors
from bot.evidence.figures import Pair
from bot.evidence.references import read_references, references
from bot.evidence.settings import ReplaySettings
from bot.evidence.sources import LiveFills, Sources, agreeing, live_fills, read_tables
from bot.evidence.variant_figures import ablations

if TYPE_CHECKING:
    from pathlib import Path


def trade(day: str, structure: str, price: float, **more: object) -> dict[str, object]:
    return {
        "session": pd.Timestamp(day), "structure_id": structure, "kind": "condor",
        "reason": "entry", "quantity": 2, "price": price, "fees_usd": 10.0, "scale": 1.0,
        "max_loss_usd": math.nan, **more,
    }  # fmt: skip


def replay(*trades: dict[str, object]) -> Replay:
    empty = book([0.0])
    return Replay(
        settings=ReplaySettings(), rules_sha256="", books={"hedged": empty, "shadow": empty},
        days=pd.DataFrame(), trades=pd.DataFrame(list(trades)), layers=pd.DataFrame(),
    )  # fmt: skip


def test_a_condor_is_held_against_the_capital_of_all_its_units() -> None:
    """Two units sold at 5.00 and bought back at 2.00, a hundred dollars a point, 20 of fees."""
    found = entries(
        replay(
            trade("2019-01-02", "a", -5.0, max_loss_usd=4_500.0),
            trade("2020-01-02", "a", 2.0, reason="take_profit"),
        )
    )

    assert found.by_entry == pytest.approx((600.0 - 20.0) / 9_000.0)
    assert found.internal_rate == pytest.approx(580.0 / 9_000.0)
    assert (found.count, found.won, found.exits) == (1, 1.0, {"take_profit": 1})


def test_a_busy_month_weighs_as_much_as_a_quiet_one() -> None:
    won = [
        (trade(f"2019-01-0{n}", f"w{n}", -2.0, max_loss_usd=1_000.0, fees_usd=0.0),
         trade("2019-02-01", f"w{n}", 1.0, fees_usd=0.0))
        for n in (2, 3, 4)
    ]  # fmt: skip
    lost = (
        trade("2019-03-01", "l", -2.0, max_loss_usd=1_000.0, fees_usd=0.0),
        trade("2019-04-01", "l", 5.0, fees_usd=0.0),
    )

    found = entries(replay(*(each for pair in won for each in pair), *lost))

    # returns +10 % three times and -30 % once
    assert found.by_entry == pytest.approx(0.0)
    assert found.by_month == pytest.approx(-0.10)
    assert found.worst == pytest.approx(-0.30)


def test_an_open_condor_and_no_condor_have_no_figures() -> None:
    still_open = replay(trade("2019-01-02", "a", -5.0, max_loss_usd=4_500.0))

    assert entries(still_open).count == 0
    assert math.isnan(entries(still_open).by_entry)


def test_condors_of_the_second_engine_are_told_by_their_reason() -> None:
    found = replay(
        trade("2019-01-02", "a", -5.0, max_loss_usd=4_500.0),
        trade("2019-01-03", "b", -5.0, max_loss_usd=4_500.0, reason="second_engine"),
    )

    assert second_engine_condors(found) == 1


def test_an_index_is_compared_on_the_months_that_both_know() -> None:
    sessions = np.arange("2019-01", "2020-08", dtype="datetime64[M]").astype("datetime64[D]")
    own = book([10.0] * 19, capital=1_000.0, sessions=sessions)
    months = pd.period_range("2018-06", "2020-06", freq="M")
    index = pd.Series(0.02, index=months)
    index["2019-06"] = -0.10
    bills = pd.Series(0.001, index=months)

    (found,) = references({"CNDR": index, "short": index[:3]}, own, bills)

    assert (found.months, found.first, found.last) == (17, "2019-02", "2020-06")
    assert found.drawdown == pytest.approx(0.10)
    assert found.growth == pytest.approx((1.02**16 * 0.9) ** (12 / 17) - 1)
    assert found.book_growth == pytest.approx((1_180 / 1_010) ** (12 / 17) - 1)


def test_published_months_are_changes_of_the_last_level(tmp_path: Path) -> None:
    (tmp_path / "vxth_daily_with_vix_calls.csv").write_text(
        "date,vxth\n2019-01-30,90\n2019-01-31,100\n2019-02-28,105\n", encoding="utf-8"
    )

    found = read_references(tmp_path)

    assert found["VXTH"].to_dict() == {pd.Period("2019-02", "M"): pytest.approx(0.05)}
    (tmp_path / "vxth_daily_with_vix_calls.csv").write_text("date,level\n", encoding="utf-8")
    with pytest.raises(RecordedDataError, match="it needs date, vxth"):
        read_references(tmp_path)


def test_the_drag_without_a_rule_comes_from_the_table_of_variants() -> None:
    frame = pd.DataFrame(
        {"variant": ["base", "cash press", "other"], "whole_drag": [0.01, 0.015, 0.5]}
    )

    (found,) = ablations(frame)

    assert (found.name, found.drag_with, found.drag_without) == ("cash press", 0.01, 0.015)
    assert ablations(None) == ()


@pytest.fixture
def flat() -> Sources:
    return Sources(history=history(first=dt.date(2019, 1, 2), count=5))


def test_what_was_not_run_is_listed_with_the_command_that_runs_it(flat: Sources) -> None:
    lines = "\n".join(flat.missing())

    for command in ("variants", "choice", "paths"):
        assert f"steward sweep {command}" in lines
    assert "0 sessions of 60" in lines


def test_the_paper_account_counts_sessions_and_shares() -> None:
    found = live_fills([("2026-07-20", 0.2), ("2026-07-20", 0.4), ("2026-07-21", 0.9)])

    assert found == LiveFills(sessions=2, orders=3, median_share=0.4, mean_share=pytest.approx(0.5))
    assert live_fills([]) is None


def test_tables_are_read_where_they_lie(tmp_path: Path) -> None:
    pd.DataFrame({"variant": ["base"]}).to_parquet(tmp_path / "variants.parquet")

    assert list(read_tables(tmp_path)) == ["variants"]


def told(drag: float, rules_sha256: str = "a", variant: str = "base") -> pd.DataFrame:
    frame = pd.DataFrame({"variant": [variant, "cash press"], "whole_drag": [drag, 0.03]})
    frame.attrs = {"rules_sha256": rules_sha256}
    return frame


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (told(0.02), ""),
        (told(0.0201), "there the rules of today cost 2.010% a year, here 2.000%"),
        (told(math.nan), "there the rules of today cost nan% a year"),
        (told(0.02, rules_sha256="b"), "it is of other rules"),
        (told(0.02, variant="other"), "the rules of today are not in it"),
    ],
)
def test_a_table_that_is_of_something_else_is_set_aside_and_said_to_be(
    table: pd.DataFrame, reason: str, flat: Sources, tmp_path: Path
) -> None:
    table.to_parquet(tmp_path / "variants.parquet")
    left = replace(flat, tables=read_tables(tmp_path))

    found = agreeing(left, drag=0.02, rules_sha256="a", stamp="s")

    assert list(found.tables) == ([] if reason else ["variants"])
    assert (f"variants.parquet is not used: {reason}" in "\n".join(found.missing())) is bool(reason)


def test_resampled_histories_are_used_under_the_same_rules_only(flat: Sources) -> None:
    paths = pd.DataFrame({"path": [1, 2], "whole_drag": [0.01, 0.02]})
    paths.attrs = {"rules_sha256": "a"}
    left = replace(flat, tables={"paths": paths})

    kept = [agreeing(left, drag=0.5, rules_sha256=each, stamp="s").tables for each in ("a", "b")]

    assert [list(each) for each in kept] == [["paths"], []]


OTHER = "Made of other data or other code than the replays of this page"
SAME = "there the rules of today cost the same as here"


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"data_and_code": "s", "replays": 2}, ""),
        ({"data_and_code": "other", "replays": 2}, f" {OTHER}; {SAME}."),
        ({"data_and_code": "s", "replays": 5}, " Only 2 of 5 replays are in it."),
        ({}, f" {OTHER}"),
    ],
)
def test_a_table_of_other_code_that_says_the_same_is_used_and_said_to_be(
    attributes: dict[str, object], said: str, flat: Sources
) -> None:
    table = told(0.02)
    table.attrs |= attributes

    found = agreeing(
        replace(flat, tables={"variants": table}), drag=0.02, rules_sha256="a", stamp="s"
    )

    assert list(found.tables) == ["variants"]
    assert found.remarks.get("variants", "").startswith(said)
    assert ("variants.parquet: " in "\n".join(found.missing())) is bool(said)


def test_inputs_need_no_second_engine() -> None:
    assert Inputs(fresh={}, engine_recovery=Pair(hedged=1, shadow=2)).engine_condors == 0


@pytest.mark.data
def test_the_command_prints_the_claims_and_writes_one_page_without_network(
    data_dir: Path, tmp_path: Path
) -> None:
    write_defaults(tmp_path)
    out = tmp_path / "out"
    options = ["--history", str(data_dir), "--project", str(tmp_path), "--out", str(out)]

    result = CliRunner().invoke(
        app, ["evidence", *options, "--quick", "--from", "2020-02-03", "--to", "2020-05-01"]
    )

    assert result.exit_code == 0, result.output
    assert all(len(line) <= 100 for line in result.output.splitlines())
    assert "2020: loss of 12-18 %" in result.output
    assert "50.0% unhedged" in result.output
    page = (out / "evidence.html").read_text(encoding="utf-8")
    assert "Does the 4/4/2 VIX-call hedge work" in page
    assert "http" not in page.partition('<script type="text/plain"')[0].replace("http-equiv", "")


def test_a_folder_without_histories_is_named(tmp_path: Path) -> None:
    write_defaults(tmp_path)

    result = CliRunner().invoke(
        app, ["evidence", "--history", str(tmp_path), "--project", str(tmp_path)]
    )

    assert result.exit_code == 2
    assert "spx_daily.csv" in result.output
