"""Tables out of the ledger of a session that was traded over the socket."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import datetime as dt
import io
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from harness import stage

from bot.core.mark import Mark
from bot.ledger.fill_rows import FillRow
from bot.ledger.store import Ledger
from bot.project import load_project
from bot.review.tearsheet import FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from bot.core.fold import Fill

FIRST, SECOND = dt.date(2025, 1, 6), dt.date(2025, 1, 7)


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has traded two sessions."""
    folder = tmp_path_factory.mktemp("traded")

    async def play() -> None:
        async with stage(folder) as found:
            await found.run(FIRST)
            await found.run(SECOND)

    asyncio.run(play())
    return folder


def known(folder: Path) -> tuple[list[Fill], tuple[Mark, ...]]:
    """Leg fills and marks as the ledger gives them elsewhere."""
    with Ledger.open_read_only(load_project(folder).settings.ledger.path) as ledger:
        fills = [
            fill
            for record in ledger.intent_records()
            for fill in ledger.fills_of(record.intent.intent_id)
            if fill.contract is not None
        ]
        return fills, ledger.marks()


def test_each_execution_of_a_leg_is_a_row_of_exact_figures(
    traded: Path, steward_here: Callable[..., Result]
) -> None:
    shown = steward_here("export", "fills", "-p", traded)
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    fills, _ = known(traded)

    assert len(rows) == len(fills) > 4
    assert {row["exec_id"] for row in rows} == {fill.exec_id for fill in fills}
    for fill in fills:
        (row,) = [row for row in rows if row["exec_id"] == fill.exec_id]
        assert (Decimal(row["price"]), int(row["quantity"])) == (fill.price, fill.quantity)
        assert Decimal(row["commission_usd"]) == fill.commission_usd
        assert dt.datetime.fromisoformat(row["at"]) == fill.at


def test_parquet_holds_what_csv_holds_in_types_of_its_own(
    traded: Path, tmp_path: Path, steward_here: Callable[..., Result]
) -> None:
    out = tmp_path / "fills.parquet"
    made = steward_here("export", "fills", "-p", traded, "--format", "parquet", "--out", out)
    shown = list(csv.DictReader(io.StringIO(steward_here("export", "fills", "-p", traded).stdout)))
    table = pq.read_table(out)

    assert made.stdout == f"wrote {len(shown)} rows to {out}\n"
    assert table.column_names == list(shown[0])
    assert str(table.schema.field("price").type) == "decimal128(20, 6)"
    assert str(table.schema.field("at").type) == "timestamp[us, tz=UTC]"
    assert table.column("price").to_pylist() == [Decimal(row["price"]) for row in shown]
    assert out.stat().st_mode & 0o777 == 0o600


def test_marks_are_cut_to_the_sessions_asked_for(
    traded: Path, steward_here: Callable[..., Result]
) -> None:
    both = json.loads(steward_here("export", "marks", "-p", traded, "--format", "json").stdout)
    second = steward_here("export", "marks", "-p", traded, "--from", SECOND, "--format", "json")
    _, marks = known(traded)

    assert [row["session"] for row in both] == [str(mark.session) for mark in marks]
    assert [Decimal(row["nav_usd"]) for row in both] == [mark.nav_usd for mark in marks]
    assert [row["session"] for row in json.loads(second.stdout)] == ["2025-01-07"]


def test_a_tearsheet_has_book_and_shadow(traded: Path, steward_here: Callable[..., Result]) -> None:
    shown = steward_here("export", "tearsheet", "-p", traded)
    rows = {row["figure"]: row for row in csv.DictReader(io.StringIO(shown.stdout))}
    _, marks = known(traded)
    first = marks[0]
    capital = first.nav_usd - first.hedge_pnl_usd - first.condor_pnl_usd

    assert rows["returns"] == {"figure": "returns", "book": "2", "shadow": "2"}
    assert float(rows["total_return"]["book"]) == pytest.approx(
        float(marks[-1].nav_usd / capital) - 1, abs=1e-12
    )
    assert rows["sharpe"]["book"] == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trades",), "SUBJECT trades: must be one of fills, marks, tearsheet"),
        (("fills", "--format", "xls"), "--format xls: must be one of csv, json, parquet"),
        (("fills", "--format", "parquet"), "--format parquet: name a file with --out"),
        (
            ("fills", "--from", "2025-01-07", "--to", "2025-01-06"),
            "--from 2025-01-07: lies after --to 2025-01-06",
        ),
        (
            ("marks", "--from", "2025-01-08", "--to", "2025-01-09"),
            "no session from 2025-01-08 to 2025-01-09: the newest is 2025-01-07",
        ),
        (("marks", "--from", "2025-01-08"), "no session from 2025-01-08: the newest is 2025-01-07"),
        (("fills", "--out", "ledger/steward.db"), "steward.db: exists; name a new file"),
        (("fills", "--out", "no/such/folder.csv"), "cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_exported_is_one_line_and_exit_2(
    traded: Path,
    monkeypatch: pytest.MonkeyPatch,
    steward_here: Callable[..., Result],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(traded)

    ended = steward_here("export", *arguments)

    assert ended.exit_code == 2
    assert ended.stderr.endswith(f"{words}\n")
    assert ended.stderr.count("\n") == 1


def test_without_a_ledger_there_is_nothing_to_export(
    project: Path, steward_here: Callable[..., Result]
) -> None:
    ended = steward_here("export", "fills", "-p", project)

    assert ended.exit_code == 2
    assert "there is no ledger" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", [FillRow, Mark])
def test_every_column_is_documented(kind: type) -> None:
    text = (Path(__file__).parents[2] / "docs" / "looking.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text.split("## Tables for other programs")[1]))

    assert {field.name for field in dataclasses.fields(kind)} - named == set()
    assert set(FIGURES) - named == set()
