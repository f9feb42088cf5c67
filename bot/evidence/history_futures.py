"""The VX futures of a history: which settle on which day, and what of a file cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.history_files import HistoryFault, as_day, lines_of, named
from bot.evidence.history_grid import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.evidence.history import Dates, History, Values
    from bot.evidence.history_files import Table
    from bot.evidence.history_grid import Grid

MOST_OF_VIX: Final = 5.0
"""As a factor: the furthest of 2004-2026 was 2.9 (2020-03-16)."""


def futures(table: Table, grid: Grid) -> tuple[Dates, Values]:
    """Expiries and settlements by session, nearest first; what settles that day is no future."""
    expiries = _expiries(table)
    at, there = grid.positions(table.dates)
    kept = there & (expiries > table.dates) & np.isfinite(table.columns["settle"])
    kept &= grid.trades_on(expiries)
    order = np.lexsort((expiries[kept], at[kept]))
    rows, dates, prices = (each[kept][order] for each in (at, expiries, table.columns["settle"]))
    counts = np.bincount(rows, minlength=grid.sessions.size)
    column = np.arange(rows.size) - (np.cumsum(counts) - counts)[rows]
    shape = (grid.sessions.size, max(1, int(counts.max(initial=0))))
    out = np.full(shape, np.datetime64("NaT"), DAYS), np.full(shape, np.nan)
    out[0][rows, column], out[1][rows, column] = dates, prices
    return out


def _expiries(table: Table) -> Dates:
    """Return the settlement day of the future of each row."""
    return np.array([np.datetime64(text, "D") for text in table.texts["expiry"]], DAYS)


def no_settlement_days(table: Table, grid: Grid) -> Iterator[HistoryFault]:
    """Name each expiry on which nothing can settle, as no market is open: its rows are left out.

    Futures that had settled before the first session of the test are not looked at.
    """
    expiries = _expiries(table)
    wrong = ~grid.trades_on(expiries) & (expiries >= grid.sessions[0])
    for expiry in np.unique(expiries[wrong]):
        rows = wrong & (expiries == expiry)
        dates = table.dates[rows]
        lines = "" if table.line is None else lines_of(rows, table.line)
        yield HistoryFault(
            file=table.file,
            rows=lines or named(dates.tolist()),
            text=f"expiry = {expiry} is no session: its settlements are left out, and the curve is "
            "modelled there; write the day on which the future settles",
            first=as_day(table.dates[0]),
            last=as_day(table.dates[-1]),
        )


def believable(history: History, file: str) -> tuple[History, tuple[HistoryFault, ...]]:
    """Make settlements unknown that are out of all proportion to the VIX, and name them.

    Before 2007-03-26 futures were quoted at ten times the index: a file that leaves them so.
    """
    with np.errstate(invalid="ignore"):
        ratio = np.abs(np.log(history.vx_settlements / history.vix.close[:, None]))
        odd = ratio > np.log(MOST_OF_VIX)
    if not odd.any():
        return history, ()
    sessions = [history.session(int(at)) for at in np.flatnonzero(odd.any(axis=1))]
    text = f"settlements more than {MOST_OF_VIX:g} times the VIX, or less than its part: left out"
    fault = HistoryFault(
        file=file,
        rows=named(sessions),
        text=text,
        first=history.session(0),
        last=history.session(-1),
    )
    kept = np.where(odd, np.nan, history.vx_settlements)
    return replace(history, vx_settlements=kept), (fault,)
