"""The stress grid as a heat map: a table, so that it prints and is read aloud like any other."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bot.core.decision import COVERAGE_SHOCK
from bot.review.format import signed_usd
from bot.review.shocks import shock_facts

if TYPE_CHECKING:
    from bot.core.decision import StressCell, StressGrid
    from bot.review.session import SessionReview

SHADES: Final = 4
"""Shades of a gain and of a loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCell:
    """One shock of the market: what the book gains, its shade, and what it is made of."""

    text: str
    shade: str
    parts: str
    marked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """The stress grid as a table: a row for each move of SPX, a column for each of the VIX."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[HeatCell, ...]], ...]
    facts: tuple[str, ...]


def stress_grid(review: SessionReview) -> Heat | None:
    """Return the stress grid as a heat map; ``None`` for decisions of before."""
    decision = review.decision
    if decision is None or decision.stress is None or not decision.stress.cells:
        return None
    return _heat(decision.stress, facts=shock_facts(decision))


def _heat(grid: StressGrid, *, facts: tuple[str, ...]) -> Heat:
    by_shock = {cell.shock: cell for cell in grid.cells}
    most = max((abs(total) for cell in grid.cells if (total := _total(cell))), default=1.0)
    moves = sorted({cell.vix_points for cell in grid.cells})
    rows = [
        (
            f"SPX {_move(spx * 100)} %",
            tuple(_cell(by_shock.get((spx, vix)), most=most) for vix in moves),
        )
        for spx in sorted({cell.spx for cell in grid.cells}, reverse=True)
    ]
    return Heat(
        columns=tuple(f"VIX {_move(move)}" for move in moves), rows=tuple(rows), facts=facts
    )


def _move(change: float) -> str:
    """Write a move with its sign, and none at all as 0."""
    return f"{round(change, 6):+g}" if change else "0"


def _cell(cell: StressCell | None, *, most: float) -> HeatCell:
    total = None if cell is None else _total(cell)
    if cell is None or total is None:
        return HeatCell(text="unknown", shade="", parts="", marked=False)
    shade = 0 if not round(total) else 1 + min(int(abs(total) / most * SHADES), SHADES - 1)
    return HeatCell(
        text=_signed(total),
        shade=f"{'g' if total > 0 else 'l'}{shade}" if shade else "",
        parts=f"condors {_signed(cell.condor_usd)}, hedge {_signed(cell.hedge_usd)}",
        marked=cell.shock == COVERAGE_SHOCK,
    )


def _total(cell: StressCell) -> float | None:
    if cell.condor_usd is None or cell.hedge_usd is None:
        return None
    return cell.condor_usd + cell.hedge_usd


def _signed(amount: float | None) -> str:
    return signed_usd(None if amount is None else Decimal(str(amount)))
