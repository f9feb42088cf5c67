"""A folder of CSV files as a `History`: what is on each session, where the test begins and ends.

What is wrong is never mended: it is named, with its rows and what it leaves usable, and the test is
shorter for it or has a named substitute.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.core.errors import ConfigError
from bot.core.model import EventTable, MacroMonth
from bot.evidence.history import WARM_UP_SESSIONS, Bars, History, Values, known
from bot.evidence.history_files import HistoryFault, Rows, as_day, fingerprint, named
from bot.evidence.history_futures import believable, futures, no_settlement_days
from bot.evidence.history_grid import grid_of
from bot.evidence.history_sources import EVENT_TYPES, OHLC, SOURCES, files_of, read_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.evidence.history_files import Table
    from bot.evidence.history_grid import Grid

SPX_WARM_UP_SESSIONS: Final = 2 * WARM_UP_SESSIONS
BILL_DAYS: Final = 91
MACRO_FIELDS: Final = ("reer", "rate_differential_pct")
NOTHING_SOLD: Final = "unknown from then on, and nothing is sold"
DEFAULT_PACE: Final = "unknown from then on, and the pace of the hedge is the default"
LONGEST_SILENCE: Final = dt.timedelta(days=100)
"""An event or a month that is over for no longer than this ends nothing: the next is not out."""

LONGEST_CARRY: Final = {"vix": 1, "rate": 5}
"""Sessions in a row on which the value before may stand in."""

INDEXES: Final = ("vix9d", "vix3m", "vvix", "skew")
PER_SESSION: Final = (
    "sessions",
    *INDEXES,
    "vx_expiries",
    "vx_settlements",
    "nyse",
    "large_caps",
    "rate",
)
"""Fields of a history that have a row for each session, beside the bars."""


def load_history(folder: Path) -> History:
    """Read the histories of a folder.

    Raises
    ------
    ConfigError
        When there is no such folder; with every fault of all files, when there is no stretch of
        SPX, VIX and rate that is long enough to decide one session.
    """
    if not folder.is_dir():
        raise ConfigError((f"{folder}: no such folder; docs/history.md says what lies in one",))
    paths = {name: files_of(folder, source) for name, source in SOURCES.items()}
    tables = {name: read_source(paths[name], source) for name, source in SOURCES.items()}
    faults = tuple(dict.fromkeys(fault for table in tables.values() for fault in table.faults))
    if any(not tables[name].dates.size for name, source in SOURCES.items() if source.required):
        raise ConfigError(tuple(f"{folder}: {fault}" for fault in faults))
    grid = grid_of(tables)
    whole = _history(tables, grid)
    history, odd = believable(whole, tables["vx"].file)
    odd = (*no_settlement_days(tables["vx"], grid), *odd)
    recorded = _recorded(history)
    end = min(_last(rows) for rows in recorded.values() if rows.any())
    files = {name: table.file for name, table in tables.items()}
    read = sorted({path for several in paths.values() for path in several})
    ends = _ends(history, end, files)
    found_wrong = (*faults, *odd, *_gaps(history, recorded, end, files), *ends)
    return replace(
        _usable(_carried(history), end, folder=folder, faults=found_wrong),
        limits=tuple(_limits(history, recorded, end, files)),
        sha256=fingerprint(read),
    )


def _history(tables: Mapping[str, Table], grid: Grid) -> History:
    """Put every table on the sessions; nothing is carried or cut yet."""
    breadth = tables["breadth"]
    expiries, settlements = futures(tables["vx"], grid)
    return History(
        sessions=grid.sessions,
        calendar=grid.calendar,
        spx=_bars(tables["spx"], grid),
        vix=_bars(tables["vix"], grid),
        vix9d=grid.column(tables["vix9d"], "vix9d"),
        vix3m=grid.column(tables["vix3m"], "vix3m"),
        vvix=grid.column(tables["vvix"], "vvix"),
        skew=grid.column(tables["skew"], "skew"),
        vx_expiries=expiries,
        vx_settlements=settlements,
        nyse=_pair(breadth, grid, ("advances", "declines")),
        large_caps=_pair(breadth, grid, ("proxy_advances", "proxy_declines")),
        rate=_rate(tables["rate"], grid),
        events=_events(tables["events"]),
        macro=_macro(tables["macro"]),
    )


def _bars(table: Table, grid: Grid) -> Bars:
    return Bars(**{name: grid.column(table, name) for name in OHLC})


def _pair(table: Table, grid: Grid, names: tuple[str, str]) -> Values:
    """Two counts a session, both or none."""
    pair = np.column_stack([grid.column(table, name) for name in names])
    pair[np.isnan(pair).any(axis=1)] = np.nan
    return pair


def _rate(table: Table, grid: Grid) -> Values:
    """Continuously compounded: of the bill's discount, else of the three-month yield.

    ``-ln(1 - 91 d / 360) 365 / 91`` for a discount d, ``2 ln(1 + y / 2)`` for a bond-equivalent
    yield y.
    """
    discount, yields = (grid.column(table, name) / 100 for name in ("dtb3", "dgs3mo"))
    of_bill = -np.log1p(-discount * BILL_DAYS / 360) * 365 / BILL_DAYS
    return np.where(np.isnan(of_bill), 2 * np.log1p(yields / 2), of_bill)


def _events(table: Table) -> EventTable:
    named = {
        ours: tuple(sorted(set(table.dates[table.texts["event"] == theirs].tolist())))
        for ours, theirs in EVENT_TYPES.items()
    }
    return EventTable(**named)


def _macro(table: Table) -> tuple[MacroMonth, ...]:
    pairs = zip(table.columns["reer"], table.columns["rate_differential_pct"], strict=True)
    return tuple(
        MacroMonth(month=as_day(month), reer=known(reer), rate_differential_pct=known(difference))
        for month, (reer, difference) in zip(table.dates, pairs, strict=True)
    )


def _recorded(history: History) -> dict[str, Rows]:
    """Where each daily series has a value, by the name of its source."""
    return {
        "spx": np.isfinite(history.spx.close),
        "vix": np.isfinite(history.vix.close),
        "rate": np.isfinite(history.rate),
        **{name: np.isfinite(getattr(history, name)) for name in INDEXES},
        "vx": np.isfinite(history.vx_settlements).any(axis=1),
        "breadth": np.isfinite(history.nyse[:, 0]) | np.isfinite(history.large_caps[:, 0]),
    }


def _last(rows: Rows) -> int:
    return int(np.flatnonzero(rows)[-1])


def _limits(
    history: History, recorded: Mapping[str, Rows], end: int, files: Mapping[str, str]
) -> Iterator[str]:
    """Say which series end the test, and how many sessions of SPX are lost by it."""
    longest = _last(recorded["spx"])
    for name, rows in recorded.items():
        if rows.any() and _last(rows) == end < longest:
            yield (
                f"{files[name]}: {name} ends on {history.session(end)}, and the test with it, "
                f"{longest - end} sessions before SPX"
            )


def _gaps(
    history: History, recorded: Mapping[str, Rows], end: int, files: Mapping[str, str]
) -> Iterator[HistoryFault]:
    """Name the sessions within each series that it leaves out, up to the end of the test."""
    for name, rows in recorded.items():
        if not rows.any():
            continue
        first = int(np.argmax(rows))
        missing = first + np.flatnonzero(~rows[first : end + 1])
        if missing.size and not (name == "rate" and _longest_run(missing) <= LONGEST_CARRY[name]):
            yield HistoryFault(
                file=files[name],
                rows=named([history.session(int(at)) for at in missing]),
                text=f"{name} has no row: {_meaning(name, missing)}",
                first=history.session(first),
                last=history.session(end),
            )


def _ends(history: History, end: int, files: Mapping[str, str]) -> Iterator[HistoryFault]:
    """Name what is known ahead, or by month, and ends before the test does."""
    last = history.session(end)
    for name, dates, meaning in (
        *((name, getattr(history.events, name), NOTHING_SOLD) for name in EVENT_TYPES),
        *((name, _months(history, name), DEFAULT_PACE) for name in MACRO_FIELDS),
    ):
        if dates and dates[-1] < last - LONGEST_SILENCE:
            file = files["events" if name in EVENT_TYPES else "macro"]
            text = f"{name} ends before the test does: {meaning}"
            yield HistoryFault(file=file, rows="", text=text, first=dates[0], last=dates[-1])


def _months(history: History, name: str) -> tuple[dt.date, ...]:
    """Return the months in which a macro series is recorded."""
    return tuple(each.month for each in history.macro if getattr(each, name) is not None)


def _meaning(name: str, missing: np.ndarray) -> str:
    if _longest_run(missing) <= LONGEST_CARRY.get(name, 0):
        return "the close before stands for it"
    return SOURCES[name].absent if not SOURCES[name].required else "the test cannot cross it"


def _longest_run(positions: np.ndarray) -> int:
    """Return how many positions follow one another at most."""
    breaks = np.flatnonzero(np.diff(positions) != 1)
    return int(np.diff(np.concatenate([[-1], breaks, [positions.size - 1]])).max())


def _carried(history: History) -> History:
    """Let the value before stand where a gap is short enough, and say so."""
    vix = _gap_rows(history.vix.close, LONGEST_CARRY["vix"])
    rate = _gap_rows(history.rate, LONGEST_CARRY["rate"])
    bars = {name: _before(getattr(history.vix, name), vix) for name in OHLC}
    return replace(
        history,
        vix=Bars(**bars),
        rate=_before(history.rate, rate),
        carried={
            "vix": tuple(history.sessions[vix].tolist()),
            "rate": tuple(history.sessions[rate].tolist()),
        },
    )


def _gap_rows(values: Values, most: int) -> Rows:
    """Rows without a value that follow one with a value by `most` rows or fewer."""
    missing = np.isnan(values)
    at = np.arange(values.size)
    last = np.maximum.accumulate(np.where(missing, -1, at))
    following = np.minimum.accumulate(np.where(missing, values.size, at)[::-1])[::-1]
    inside = (last >= 0) & (following < values.size)
    return missing & inside & (following - last - 1 <= most)


def _before(values: Values, rows: Rows) -> Values:
    """Put the last value before into the marked rows."""
    at = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(values.size)))
    return np.where(rows, values[at], values)


def _usable(
    history: History, end: int, *, folder: Path, faults: tuple[HistoryFault, ...]
) -> History:
    """Cut to the longest stretch in which SPX, VIX and rate are complete, and its warm-up.

    Raises
    ------
    ConfigError
        If no session of it can be decided.
    """
    first = int(np.argmax(np.isfinite(history.vix.close)))
    series = (history.spx.close, history.vix.close, history.rate)
    complete = np.logical_and.reduce([np.isfinite(each) for each in series])
    breaks = np.flatnonzero(~complete[first : end + 1]) + first
    edges = np.concatenate([[first - 1], breaks, [end + 1]])
    at = int(np.argmax(np.diff(edges)))
    start, stop = int(edges[at]) + 1, int(edges[at + 1])
    if stop - start <= WARM_UP_SESSIONS:
        short = f"{stop - start} sessions in a row have SPX, VIX and a rate: must be more than "
        lines = (*map(str, faults), f"{short}{WARM_UP_SESSIONS}")
        raise ConfigError(tuple(f"{folder}: {line}" for line in lines))
    missing = np.flatnonzero(np.isnan(history.spx.close[:start]))
    earliest = int(missing[-1]) + 1 if missing.size else 0
    warm = max(earliest, start - SPX_WARM_UP_SESSIONS)
    return replace(_sliced(history, slice(warm, stop), start), faults=faults)


def _sliced(history: History, kept: slice, start: int) -> History:
    """Return the rows of `kept`; the VIX before `start` is not joined to what comes after."""
    rows = {name: getattr(history, name)[kept] for name in PER_SESSION}
    vix = {
        name: np.where(np.arange(history.sessions.size) < start, np.nan, values)[kept]
        for name, values in ((name, getattr(history.vix, name)) for name in OHLC)
    }
    spx = {name: getattr(history.spx, name)[kept] for name in OHLC}
    first, last = (history.session(at) for at in (kept.start, kept.stop - 1))
    carried = {
        name: tuple(day for day in days if first <= day <= last)
        for name, days in history.carried.items()
    }
    return replace(history, **rows, spx=Bars(**spx), vix=Bars(**vix), carried=carried)
