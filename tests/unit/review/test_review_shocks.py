"""What the pages say of shocks and of the second engine."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console, Group

from bot.core.decision import Signal, StressCell, StressGrid
from bot.ledger.decision_rows import DecisionRow
from bot.review.shocks import shock_grid, shocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType


def text(parts: Iterable[RenderableType]) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as capture:
        console.print(Group(*parts))
    return "".join(f"{each.rstrip()}\n" for each in capture.get().splitlines())


def cell(spx: float, vix: float, condor: float | None, hedge: float | None) -> StressCell:
    return StressCell(spx=spx, vix_points=vix, condor_usd=condor, hedge_usd=hedge)


GRID = StressGrid(
    cells=(
        cell(-0.10, 20.0, -20_000.0, 5_000.4),
        cell(-0.10, 0.0, -31_000.0, 0.0),
        cell(0.05, 20.0, -2_000.0, 6_000.0),
        cell(0.05, 0.0, -9_000.0, 0.0),
    )
)


def row(grid: StressGrid | None, **signals: float) -> DecisionRow:
    return DecisionRow(
        decided_at="2026-07-20T19:30:00",
        regime="calm",
        decision_version=3,
        rules_sha256="aa",
        signals=tuple(Signal(name=name, value=value) for name, value in signals.items()),
        verdicts=(),
        stress=grid,
    )


def test_a_crash_is_one_line_with_coverage_and_the_worst_cell() -> None:
    said = text(shocks(row(GRID)))

    assert "condors -20,000, hedge +5,000 · coverage 25% · worst -31,000 at -10%, +0\n" in said


def test_an_unknown_book_has_dashes_and_no_worst_cell() -> None:
    blind = StressGrid(cells=(cell(-0.10, 20.0, None, 5_000.0), cell(0.0, 0.0, 1.0, 1.0)))

    said = text(shocks(row(blind)))

    assert "condors —" in said
    assert "coverage —" in said
    assert "worst —" in said


def test_a_decision_of_before_has_no_such_section() -> None:
    assert text(shocks(row(None))).strip() == ""


def test_the_second_engine_is_shown_once_the_hedge_has_earned() -> None:
    said = text(
        shocks(row(None, second_engine_budget_usd=12_345.0, second_engine_used_usd=7_655.0))
    )
    idle = text(shocks(row(None, second_engine_budget_usd=0.0, second_engine_used_usd=0.0)))

    assert "second engine: 12,345 left of its budget, 7,655 used in a year" in said
    assert "second engine" not in idle


def test_the_grid_has_a_row_for_each_spx_and_a_column_for_each_vix() -> None:
    lines = text(shock_grid(GRID)).splitlines()

    assert lines[2].split() == ["SPX", "VIX", "+0", "VIX", "+20"]
    assert lines[3].split() == ["-10%", "-31,000", "-15,000"]
    assert lines[4].split() == ["+5%", "-9,000", "+4,000"]
