"""Tasks for tests of the sweep: other processes find them by the name of this module."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.core.errors import EvidenceError

if TYPE_CHECKING:
    from bot.evidence.grid import Cell

CALLS = "STEWARD_TEST_CALLS"
"""Names a folder in which each call leaves a file."""

ROOT_OF_TWO = math.sqrt(2)


def figures(cell: Cell) -> dict[str, Any]:
    """Return figures that need every digit of a float, and one that is not known."""
    if folder := os.environ.get(CALLS):
        Path(folder, f"{cell.settings.size}-{cell.seed}").touch()
    share = cell.settings.spread_share
    return {
        "root": ROOT_OF_TWO * share / 3,
        "unknown": math.nan,
        "seed_squared": (cell.seed or 0) ** 2,
    }


def refusing(cell: Cell) -> dict[str, Any]:
    """Refuse one share, take the others."""
    if cell.settings.spread_share == 0.5:
        raise EvidenceError("half is refused")
    return figures(cell)


def dying(_cell: Cell) -> dict[str, Any]:
    """End the process as the kernel does for want of memory."""
    os._exit(9)


def slow(cell: Cell) -> dict[str, Any]:
    """Return the first at once, and the others not before a minute."""
    if cell.seed is not None and cell.seed > 1:
        time.sleep(60)
    return figures(cell)
