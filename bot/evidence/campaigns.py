"""What ``steward sweep`` can run, and what it leaves behind.

=============  ======================================================  ====================
name           replays                                                 written
=============  ======================================================  ====================
``variants``   each of ``bot.evidence.variants``                       ``variants.parquet``
``choice``     each candidate of ``bot.evidence.choice``, judged       ``choice.parquet``
``paths``      the rules as they are on 100 resampled histories        ``paths.parquet``
a TOML file    every cell of its grid (``bot.evidence.grid``)          ``<its name>.parquet``
=============  ======================================================  ====================

A table's attributes say of which data, code and rules it is. What failed is not in it, and neither
is what an interrupt left undone: ``replays`` says how many rows a whole one has.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.config import fingerprint
from bot.core.errors import ConfigError, EvidenceError
from bot.core.rules import Rules
from bot.evidence.bootstrap import Resampler
from bot.evidence.choice import CANDIDATES, judged, not_judged
from bot.evidence.code_stamp import code_stamp
from bot.evidence.day_surfaces import Surfaces
from bot.evidence.engine import replay
from bot.evidence.grid import Cell, read_grid
from bot.evidence.history_load import load_history
from bot.evidence.outcome import WHOLE, outcome
from bot.evidence.resampling import HIGHEST, LOWEST, Band
from bot.evidence.settings import ReplaySettings
from bot.evidence.variants import BASE, variant_cells

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from bot.evidence.history import History
    from bot.evidence.sweep import Sweep

VARIANTS, CHOICE, PATHS = "variants", "choice", "paths"
NAMED: Final = (VARIANTS, CHOICE, PATHS)
PATHS_BY_DEFAULT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What is to be run, and under which name its table is written."""

    name: str
    cells: tuple[Cell, ...]
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTask:
    """Replays one cell: what a worker is given.

    Parameters
    ----------
    folder
        History, on every worker under the same path.
    stamp
        Of the data and the code that the results shall be of.
    """

    folder: Path
    stamp: str

    def __call__(self, cell: Cell) -> dict[str, Any]:
        """Return the figures of a cell.

        Raises
        ------
        EvidenceError
            If this worker's data or code is not that of the sweep.
        """
        past = _history(self.folder)
        if stamp_of_sweep(past) != self.stamp:
            raise EvidenceError(
                f"{self.folder}: data or code of this worker are not those of the sweep: bring "
                "them in line, or wait until nobody edits them"
            )
        if cell.seed is None:
            surfaces = _surfaces(self.folder)
            return outcome(replay(past, cell.rules, cell.settings, surfaces=surfaces), past)
        path = _resampler(self.folder, cell.mean_block).path(cell.seed)
        return outcome(replay(path, cell.rules, cell.settings), path, eras=(WHOLE,))


def campaign(what: str, base: Rules, *, settings: ReplaySettings | None = None) -> Campaign:
    """Return what ``steward sweep WHAT`` runs.

    Parameters
    ----------
    what
        One of `NAMED`, or the path of a grid.
    base
        Rules that are varied.
    settings
        Of the named ones; a grid has its own.

    Raises
    ------
    ConfigError
        If it is neither, or the grid has a fault.
    """
    assumed = settings or ReplaySettings()
    if what == VARIANTS:
        cells = variant_cells(base, settings=assumed)
    elif what == CHOICE:
        cells = variant_cells(base, CANDIDATES, settings=assumed)
    elif what == PATHS:
        seeds = range(1, PATHS_BY_DEFAULT + 1)
        cells = tuple(Cell(rules=base, settings=assumed, seed=seed) for seed in seeds)
    elif Path(what).suffix == ".toml":
        return Campaign(name=Path(what).stem, cells=read_grid(Path(what), base), rules=base)
    else:
        names = ", ".join(NAMED)
        raise ConfigError((f"{what}: nothing to sweep: must be {names} or a TOML file",))
    return Campaign(name=what, cells=cells, rules=base)


def stamp_of_sweep(history: History) -> str:
    """Return the hash of all that a result depends on beside its cell: data and code."""
    return hashlib.sha256(f"{history.sha256}\0{code_stamp()}".encode()).hexdigest()


def finished(what: Campaign, sweep: Sweep, stamp: str) -> pd.DataFrame:
    """Return the table of a campaign as it is written; a choice is judged, where it can be."""
    table = sweep.table
    if what.name == CHOICE and not table.empty:
        table = judged(table) if BASE in set(table["variant"]) else not_judged(table)
    table.attrs = {
        "data_and_code": stamp,
        "rules_sha256": fingerprint(what.rules),
        "replays": len(what.cells),
    }
    return table


def write_table(table: pd.DataFrame, name: str, folder: Path) -> Path:
    """Write a table as Parquet, whole or not at all; return its path."""
    path = folder / f"{name}.parquet"
    beside = folder / f".{name}.parquet.part"
    table.to_parquet(beside, index=False)
    beside.replace(path)
    return path


def bands(table: pd.DataFrame, figures: Iterable[str]) -> dict[str, Band]:
    """Return the median and the 5th and 95th percentile of figures over resampled histories.

    Parameters
    ----------
    table
        Rows of a sweep; the recorded history among them is left out.
    figures
        Columns.
    """
    resampled = table[table["path"] >= 0]
    return {
        name: Band(low=low, median=median, high=high)
        for name in figures
        for low, median, high in (resampled[name].quantile([LOWEST, 0.5, HIGHEST]),)
    }


@functools.lru_cache(maxsize=1)
def _history(folder: Path) -> History:
    """Read a folder once in each process."""
    return load_history(folder)


@functools.lru_cache(maxsize=1)
def _surfaces(folder: Path) -> Surfaces:
    """Return what the replays of this process share."""
    return Surfaces(_history(folder))


@functools.lru_cache(maxsize=1)
def _resampler(folder: Path, mean_block: int) -> Resampler:
    return Resampler(_history(folder), mean_block=mean_block)
