"""``steward sweep``: what it runs, what it leaves behind, what it shows, what it refuses."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from history_folder import write_histories
from rich.console import Console
from typer.testing import CliRunner

from bot.cli import app
from bot.core.errors import ConfigError, EvidenceError
from bot.core.rules import Rules
from bot.defaults import write_defaults
from bot.evidence import sweep
from bot.evidence.campaigns import (
    ReplayTask,
    bands,
    campaign,
    finished,
    stamp_of_sweep,
    write_table,
)
from bot.evidence.grid import Cell
from bot.evidence.history_load import load_history
from bot.evidence.settings import ReplaySettings
from bot.evidence.sweep import Sweep, Workers
from bot.evidence.sweep_page import sweep_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRID = """
[settings]
first = 2011-06-01
last = 2011-06-02
spread_share = [0.25, 1.0]
"""


def page(table: pd.DataFrame, name: str) -> str:
    out = io.StringIO()
    Console(file=out, width=100).print(sweep_page(table, name))
    return out.getvalue()


def steward(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, list(words))
    return found.exit_code, found.output


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_defaults(tmp_path)
    (tmp_path / "grid.toml").write_text(GRID, encoding="utf-8")
    (tmp_path / "history").mkdir()
    write_histories(tmp_path / "history")
    (tmp_path / "history" / "vx_futures_by_expiry.csv").unlink()
    return tmp_path


def test_a_grid_is_replayed_written_and_not_replayed_again(project: Path) -> None:
    words = (
        *("sweep", str(project / "grid.toml"), "--history", str(project / "history")),
        *("--project", str(project), "--out", str(project / "out"), "--workers", "1"),
    )
    code, said = steward(*words)
    again = steward(*words)
    table = pd.read_parquet(project / "out" / "grid.parquet")

    assert code == 0, said
    assert "2 of 2 replays, 0 of them from before" in said
    assert "2 of 2 replays, 2 of them from before" in again[1]
    assert table["spread_share"].tolist() == [0.25, 1.0]
    assert table["sessions"].tolist() == [2, 2]
    assert [each.tolist() for each in table["months"]] == here(project)
    assert table.attrs["replays"] == 2


def here(project: Path) -> list[list[float]]:
    """Months of the grid's cells, replayed in this process."""
    folder = project / "history"
    task = ReplayTask(folder=folder, stamp=stamp_of_sweep(load_history(folder)))
    cells = campaign(str(project / "grid.toml"), Rules()).cells
    return [task(cell)["months"] for cell in cells]


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("everything", "everything: nothing to sweep: must be variants, choice, paths or a TOML"),
        ("none.toml", "none.toml: cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_swept_is_named(project: Path, what: str, named: str) -> None:
    code, said = steward(
        "sweep", what, "--history", str(project / "history"), "--project", str(project)
    )

    assert (code, named in " ".join(said.split())) == (2, True)


def test_a_history_that_is_not_there_is_named(project: Path) -> None:
    code, said = steward(
        "sweep", "paths", "--history", str(project / "nowhere"), "--project", str(project)
    )

    assert code == 2
    assert "nowhere" in said


@pytest.fixture
def in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the replays of the command in this process."""

    @contextlib.contextmanager
    def one_thread(_count: int | None) -> Iterator[Workers]:
        with ThreadPoolExecutor(1) as executor:
            yield Workers(executor=executor)

    monkeypatch.setattr(sweep, "local_workers", one_thread)


@pytest.mark.usefixtures("in_a_thread")
def test_a_replay_that_fails_is_named_and_the_command_fails(project: Path) -> None:
    (project / "grid.toml").write_text("settings.first = 2030-01-02", encoding="utf-8")
    words = ("sweep", str(project / "grid.toml"), "--history", str(project / "history"))
    code, said = steward(*words, "--project", str(project))

    assert code == 1
    assert "no replay has a result" in said
    assert "first = 2030-01-02, recorded history: from 2030-01-02 to the end" in said
    assert (project / "logs" / "evidence" / "grid.parquet").exists()


@pytest.mark.usefixtures("in_a_thread")
def test_a_sweep_that_a_person_stops_says_how_to_go_on(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_task: ReplayTask, _cell: Cell) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ReplayTask, "__call__", stopped)
    words = ("sweep", str(project / "grid.toml"), "--history", str(project / "history"))
    code, said = steward(*words, "--project", str(project))

    assert code == 130
    assert "0 of 2 replays" in said
    assert "give the same command again to go on" in said


def test_a_worker_with_other_data_or_code_refuses(project: Path) -> None:
    task = ReplayTask(folder=project / "history", stamp="of another sweep")

    with pytest.raises(EvidenceError, match="not those of the sweep"):
        task(Cell(rules=Rules(), settings=ReplaySettings()))


def test_a_path_is_replayed_without_eras(project: Path) -> None:
    folder = project / "history"
    task = ReplayTask(folder=folder, stamp=stamp_of_sweep(load_history(folder)))
    settings = ReplaySettings(first=dt.date(2011, 6, 1), last=dt.date(2011, 7, 5))
    found = task(Cell(rules=Rules(), settings=settings, seed=1))

    assert found["sessions"] == 24
    assert [name for name in found if name.startswith(("chosen", "held", "tradeable"))] == []
    assert found["whole_shadow_drawdown"] >= 0


@pytest.mark.parametrize(("what", "count"), [("variants", 45), ("choice", 32), ("paths", 100)])
def test_a_campaign_has_its_replays(what: str, count: int) -> None:
    assert len(campaign(what, Rules()).cells) == count


def test_paths_differ_by_their_seed_alone() -> None:
    cells = campaign("paths", Rules()).cells

    assert [cell.seed for cell in cells[:3]] == [1, 2, 3]
    assert {(cell.rules, cell.settings) for cell in cells} == {(Rules(), ReplaySettings())}


def test_a_word_that_is_no_campaign_is_a_fault() -> None:
    with pytest.raises(ConfigError, match="nothing to sweep"):
        campaign("path", Rules())


def test_bands_leave_the_recorded_history_out() -> None:
    table = pd.DataFrame({"path": [-1, *range(101)], "drag": [9.0, *np.arange(101) / 100]})
    found = bands(table, ["drag"])["drag"]

    assert (found.low, found.median, found.high) == pytest.approx((0.05, 0.5, 0.95))


def rows(variants: list[str], **figures: object) -> pd.DataFrame:
    return pd.DataFrame(
        [{"group": "g", "variant": name, "path": -1} | figures for name in variants]
    )


def test_a_choice_is_judged_when_its_start_values_were_replayed() -> None:
    months = np.random.default_rng(1).normal(0, 0.01, 300).tolist()
    table = rows(["base", "far delta: 0.15"], first_month="1990-01", months=months)
    planned = campaign("choice", Rules())
    swept = Sweep(table=table, reused=0, failed=(), interrupted=False)
    found = finished(planned, swept, "stamp")

    assert found["judgement"].tolist() == ["no clear difference"] * 2
    assert found.attrs["data_and_code"] == "stamp"
    assert "no clear difference" in page(found, "choice")


def test_a_choice_without_start_values_is_not_judged() -> None:
    swept = Sweep(table=rows(["far delta: 0.15"]), reused=0, failed=(), interrupted=True)
    found = finished(campaign("choice", Rules()), swept, "stamp")

    assert found["judgement"].tolist() == ["not judged"]
    assert found[["difference", "t_value", "deflated", "held_out"]].isna().all(axis=None)


def test_a_table_keeps_its_attributes_on_disk(tmp_path: Path) -> None:
    table = pd.DataFrame({"path": [-1], "months": [[0.1, 0.2]]})
    table.attrs = {"data_and_code": "abc"}
    found = pd.read_parquet(write_table(table, "name", tmp_path))

    assert found.attrs == {"data_and_code": "abc"}
    assert found["months"].iloc[0].tolist() == [0.1, 0.2]
    assert [each.name for each in tmp_path.iterdir()] == ["name.parquet"]


FIGURES = {
    "drag": 0.0123,
    "reduction": 0.4,
    "growth": 0.02,
    "shadow_growth": 0.03,
    "drawdown": 0.1,
    "sharpe": 0.567,
}


def test_variants_are_shown_on_the_years_in_which_the_hedge_could_be_bought() -> None:
    figures = {f"tradeable_{name}": value for name, value in FIGURES.items()}
    shown = page(rows(["base", "promoter"], **figures), "variants")

    assert "from July 2006" in shown
    assert "promoter" in shown
    assert "1.23%" in shown
    assert "0.57" in shown


def test_where_one_does_not_reach_these_years_all_are_shown_whole() -> None:
    figures = {f"whole_{name}": value for name, value in FIGURES.items()}
    table = rows(["base", "late"], **figures)
    table["tradeable_drag"] = [0.01, np.nan]

    assert "all sessions replayed" in page(table, "variants")


def test_a_grid_shows_what_differs_and_bands_of_its_paths() -> None:
    table = pd.DataFrame(
        [
            {
                "hedge.far.delta": delta,
                "first": dt.date(2006, 7, 17),
                "path": seed,
                "whole_drag": 0.01 + seed / 100,
                "whole_reduction": 0.3,
                "whole_growth_given_up": 0.0,
                "whole_growth": 0.02,
            }
            for delta in (0.15, 0.2)
            for seed in (-1, 1, 2, 3)
        ]
    )
    shown = page(table, "grid")

    assert "hedge.far.delta" in shown
    assert "2006" not in shown
    assert "3.0% (2.1% to 3.9%)" in shown


def test_the_widest_bands_of_paths_fit_a_hundred_columns() -> None:
    figures = {f"whole_{name}": -0.374 for name in ("drag", "reduction", "growth_given_up")}
    table = pd.DataFrame([{"path": seed} | figures for seed in range(1, 101)])

    assert "100 paths │ -37.4% (-37.4% to -37.4%) │" in page(table, "paths")


def test_nothing_to_show_is_said() -> None:
    assert page(pd.DataFrame(), "paths") == "no replay has a result\n"


def test_more_rows_than_fit_are_counted() -> None:
    figures = {f"whole_{name}": value for name, value in FIGURES.items()}
    table = pd.DataFrame([{"rate": at / 1000, "path": -1} | figures for at in range(61)])

    assert "the first 60 of 61; all are in the file" in " ".join(page(table, "grid").split())
