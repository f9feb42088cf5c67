"""What shocks of the market would do to the book, and what the second engine has to spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from bot.core.decision import COVERAGE_SHOCK
from bot.review.format import UNKNOWN
from bot.review.layout import line, section, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from bot.core.decision import StressCell, StressGrid
    from bot.ledger.decision_rows import DecisionRow

BUDGET: Final = "second_engine_budget_usd"
USED: Final = "second_engine_used_usd"


def shocks(decision: DecisionRow) -> Iterable[RenderableType]:
    """Yield one line on the book in a crash, and one on the second engine where it has earned."""
    facts = shock_facts(decision)
    if facts:
        yield from section("Shocks, USD", *map(line, facts))


def shock_facts(decision: DecisionRow) -> tuple[str, ...]:
    """Return what is known of a crash and of the second engine, one line each."""
    return tuple(text for text in (_crash(decision.stress), _engine(decision)) if text)


def shock_grid(grid: StressGrid) -> Iterable[RenderableType]:
    """Yield the gain of condors and hedge together: a row for each SPX, a column for each VIX."""
    points = sorted({cell.vix_points for cell in grid.cells})
    made = table("SPX", *(f">VIX {each:+g}" for each in points))
    gains = {cell.shock: _total(cell) for cell in grid.cells}
    for spx in sorted({cell.spx for cell in grid.cells}):
        made.add_row(f"{spx:+.0%}", *(_coloured(gains.get((spx, each))) for each in points))
    yield from section("Gain of the book as decided in a shock, USD", made)


def _total(cell: StressCell) -> float | None:
    if cell.condor_usd is None or cell.hedge_usd is None:
        return None
    return cell.condor_usd + cell.hedge_usd


def _coloured(gain: float | None) -> Text:
    style = "dim" if not gain else "red" if gain < 0 else "green"
    return Text(_signed(gain), style=style)


def _signed(gain: float | None) -> str:
    if gain is None:
        return UNKNOWN
    return f"{gain:+,.0f}" if round(gain) else "0"


def _crash(grid: StressGrid | None) -> str:
    """Say what SPX -10 % and VIX +20 do, and which cell of the grid is the worst."""
    cells = () if grid is None else grid.cells
    at = next((cell for cell in cells if cell.shock == COVERAGE_SHOCK), None)
    if grid is None or at is None:
        return ""
    coverage = UNKNOWN if grid.coverage is None else f"{grid.coverage:.0%}"
    parts = (
        f"SPX -10 %, VIX +20: condors {_signed(at.condor_usd)}, hedge {_signed(at.hedge_usd)}",
        f"coverage {coverage}",
        f"worst {_worst(grid)}",
    )
    return " · ".join(parts)


def _worst(grid: StressGrid) -> str:
    known = [(total, cell) for cell in grid.cells if (total := _total(cell)) is not None]
    if len(known) < len(grid.cells):
        return UNKNOWN
    loss, cell = min(known, key=lambda each: each[0])
    return f"{_signed(loss)} at {cell.spx:+.0%}, {cell.vix_points:+g}"


def _engine(decision: DecisionRow) -> str:
    """Say what is left of the second engine's budget, and what it has used."""
    values = {signal.name: signal.value for signal in decision.signals}
    left, used = values.get(BUDGET), values.get(USED)
    if not left and not used:
        return ""
    return f"second engine: {left:,.0f} left of its budget, {used:,.0f} used in a year"
