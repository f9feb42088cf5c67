"""A folder of CSV files as a `History`: what is on each session, where the test begins and ends.

What is wrong is never mended: it is named, with its rows and what it leaves usable, and the test is
shorter for it or has a named substitute.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.calendars import trading_days
from bot.core.errors import ConfigError
from bot.core.model import EventTable, MacroMonth
from bot.core.sessions import TradingCalendar
from bot.evidence.history import WARM_UP_SESSIONS, Bars, Dates, History, Values, known
from bot.evidence.history_files import HistoryFault, Rows, as_day, fingerprint
from bot.evidence.history_sources import EVENT_TYPES, OHLC, SOURCES, files_of, read_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bot.evidence.history_files import Table

SPX_WARM_UP_SESSIONS: Final = 2 * WARM_UP_SESSIONS
YEAR: Final = dt.timedelta(days=366)
BILL_DAYS: Final = 91
DAYS: Final = "datetime64[D]"
MOST_NAMED: Final = 4
"""Of more sessions than this, only the first and the last are named."""

MACRO_FIELDS: Final = ("reer", "rate_differential_pct")
NOTHING_SOLD: Final = "unknown from then on, and nothing is sold"
DEFAULT_PACE: Final = "unknown from then on, and the pace of the hedge is the default"
MOST_OF_VIX: Final = 5.0
"""As a factor: the furthest of 2004-2026 was 2.9 (2020-03-16)."""

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Grid:
    """The sessions that rows are made for."""

    calendar: TradingCalendar
    sessions: Dates

    def column(self, table: Table, name: str) -> Values:
        """Return a column of a table on each session, NaN where it has none."""
        at, there = self.positions(table.dates)
        out = np.full(self.sessions.size, np.nan)
        out[at[there]] = table.columns[name][there]
        return out

    def positions(self, dates: Dates) -> tuple[np.ndarray, Rows]:
        """Return the position of each date, and whether it is a session at all."""
        at = np.minimum(np.searchsorted(self.sessions, dates), self.sessions.size - 1)
        return at, self.sessions[at] == dates


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
    whole = _history(tables, _grid(tables))
    history, odd = _believable(whole, tables["vx"].file)
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


def _grid(tables: Mapping[str, Table]) -> _Grid:
    """Rows run from three years before the VIX, where SPX has them, to the end of SPX."""
    spx, vix = tables["spx"], tables["vix"]
    first = max(as_day(spx.dates[0]), as_day(vix.dates[0]) - 3 * YEAR)
    last = as_day(spx.dates[-1])
    calendar = TradingCalendar(trading_days(first, last + 3 * YEAR))
    sessions = [day.session for day in calendar.days if day.session <= last]
    return _Grid(calendar=calendar, sessions=np.array(sessions, "datetime64[D]"))


def _history(tables: Mapping[str, Table], grid: _Grid) -> History:
    """Put every table on the sessions; nothing is carried or cut yet."""
    breadth = tables["breadth"]
    expiries, settlements = _futures(tables["vx"], grid)
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


def _bars(table: Table, grid: _Grid) -> Bars:
    return Bars(**{name: grid.column(table, name) for name in OHLC})


def _pair(table: Table, grid: _Grid, names: tuple[str, str]) -> Values:
    """Two counts a session, both or none."""
    pair = np.column_stack([grid.column(table, name) for name in names])
    pair[np.isnan(pair).any(axis=1)] = np.nan
    return pair


def _rate(table: Table, grid: _Grid) -> Values:
    """Continuously compounded: of the bill's discount, else of the three-month yield.

    ``-ln(1 - 91 d / 360) 365 / 91`` for a discount d, ``2 ln(1 + y / 2)`` for a bond-equivalent
    yield y.
    """
    discount, yields = (grid.column(table, name) / 100 for name in ("dtb3", "dgs3mo"))
    of_bill = -np.log1p(-discount * BILL_DAYS / 360) * 365 / BILL_DAYS
    return np.where(np.isnan(of_bill), 2 * np.log1p(yields / 2), of_bill)


def _futures(table: Table, grid: _Grid) -> tuple[Dates, Values]:
    """Expiries and settlements by session, nearest first; what settles that day is no future."""
    expiries = np.array([np.datetime64(text, "D") for text in table.texts["expiry"]], DAYS)
    at, there = grid.positions(table.dates)
    kept = there & (expiries > table.dates) & np.isfinite(table.columns["settle"])
    order = np.lexsort((expiries[kept], at[kept]))
    rows, dates, prices = (each[kept][order] for each in (at, expiries, table.columns["settle"]))
    counts = np.bincount(rows, minlength=grid.sessions.size)
    column = np.arange(rows.size) - (np.cumsum(counts) - counts)[rows]
    shape = (grid.sessions.size, max(1, int(counts.max(initial=0))))
    out = np.full(shape, np.datetime64("NaT"), DAYS), np.full(shape, np.nan)
    out[0][rows, column], out[1][rows, column] = dates, prices
    return out


def _believable(history: History, file: str) -> tuple[History, tuple[HistoryFault, ...]]:
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
        rows=_named(sessions),
        text=text,
        first=history.session(0),
        last=history.session(-1),
    )
    kept = np.where(odd, np.nan, history.vx_settlements)
    return replace(history, vx_settlements=kept), (fault,)


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
                rows=_named([history.session(int(at)) for at in missing]),
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


def _named(sessions: list[dt.date]) -> str:
    if len(sessions) <= MOST_NAMED:
        return f"{', '.join(map(str, sessions))}"
    return f"{len(sessions)} sessions from {sessions[0]} to {sessions[-1]}"


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
