"""The stress grid of a decision, as rows; amounts to the cent, unknown as NULL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.core.decision import StressCell, StressGrid

if TYPE_CHECKING:
    import sqlite3

    from bot.ledger.connection import Connection


def insert_stress(
    database: sqlite3.Connection, decision_id: int | None, grid: StressGrid | None
) -> None:
    """Keep the grid of a decision, where it has one."""
    database.executemany(
        "INSERT INTO stress_cells (decision_id, position, spx, vix_points, condor_usd, hedge_usd) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                decision_id,
                position,
                cell.spx,
                cell.vix_points,
                _written(cell.condor_usd),
                _written(cell.hedge_usd),
            )
            for position, cell in enumerate(() if grid is None else grid.cells)
        ],
    )


def stress_row(ledger: Connection, decision_id: int) -> StressGrid | None:
    """Return the grid of a decision; ``None`` if none was kept."""
    rows = ledger.rows(
        "SELECT * FROM stress_cells WHERE decision_id = ? ORDER BY position", (decision_id,)
    )
    cells = tuple(
        StressCell(
            spx=row["spx"],
            vix_points=row["vix_points"],
            condor_usd=_read(row["condor_usd"]),
            hedge_usd=_read(row["hedge_usd"]),
        )
        for row in rows
    )
    return StressGrid(cells=cells) if cells else None


def _written(amount: float | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def _read(text: str | None) -> float | None:
    return None if text is None else float(text)
