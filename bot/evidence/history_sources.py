"""Which files a history is made of: their names, their columns, and what their absence means.

The first name is ours, the others are those of the downloads of Cboe and of FRED. Of several
columns that mean the same, the first that the file has is read. ``docs/history.md`` is for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.evidence.history_files import HistoryFault, Layout, Table, found, nothing, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from bot.evidence.history_files import Values

OHLC: Final = ("open", "high", "low", "close")
EVENT_TYPES: Final = {"fomc": "fomc_decision", "cpi": "cpi", "ppi": "ppi"}
"""Our name of an event and that of the file. Meetings that nobody expected are not scheduled."""

EXPIRY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
VOL_INDEXES: Final = "vol_indices_daily.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of file.

    Parameters
    ----------
    names
        Names that it may have, the preferred one first.
    layout
        What it holds.
    fields
        Columns that give each field, the preferred one first.
    absent
        What a file that is not there means, or a session that is not recorded.
    required
        Whether there is nothing to test without it.
    contracts
        Pattern of files of single contracts that stand for it together, ``*`` being the expiry.
    """

    names: tuple[str, ...]
    layout: Layout
    fields: Mapping[str, tuple[str, ...]]
    absent: str
    required: bool = False
    contracts: str = ""


def _index(name: str, absent: str = "modelled from the VIX") -> Source:
    """Return the source of a volatility index: a column of ours, or a file of Cboe's."""
    columns = (name, "close")
    return Source(
        names=(VOL_INDEXES, f"{name.upper()}_History.csv"),
        layout=Layout(optional=columns),
        fields={name: columns},
        absent=absent,
    )


SOURCES: Final[Mapping[str, Source]] = {
    "spx": Source(
        names=("spx_daily.csv", "SPX_History.csv"),
        layout=Layout(optional=(*OHLC, "spx"), most_move=1.3),
        fields={"close": ("close", "spx")} | {name: (name, "close", "spx") for name in OHLC[:3]},
        absent="nothing to test",
        required=True,
    ),
    "vix": Source(
        names=("vix_daily.csv", "VIX_History.csv"),
        layout=Layout(numbers=OHLC, most_move=2.5),
        fields={name: (name,) for name in OHLC},
        absent="nothing to test",
        required=True,
    ),
    "rate": Source(
        names=("rates_daily.csv", "DTB3.csv"),
        layout=Layout(numbers=("dtb3",), optional=("dgs3mo",), positive=False),
        fields={"dtb3": ("dtb3",), "dgs3mo": ("dgs3mo",)},
        absent="nothing can be priced",
        required=True,
    ),
    "vix9d": _index("vix9d"),
    "vix3m": _index("vix3m"),
    "vvix": _index("vvix"),
    "skew": _index("skew", absent="its median stands for it"),
    "vx": Source(
        names=("vx_futures_by_expiry.csv",),
        layout=Layout(texts=("expiry",), numbers=("settle",), also_dates=("expiry",), repeats=True),
        fields={"settle": ("settle",)},
        absent="the curve is modelled, anchored to no settlement",
        contracts="VX_*.csv",
    ),
    "breadth": Source(
        names=("nyse_breadth_daily.csv",),
        layout=Layout(
            numbers=("advances", "declines"),
            optional=("proxy_advances", "proxy_declines"),
            positive=False,
        ),
        fields={
            name: (name,) for name in ("advances", "declines", "proxy_advances", "proxy_declines")
        },
        absent="breadth is unknown, and nothing is sold",
    ),
    "events": Source(
        names=("macro_events.csv",),
        layout=Layout(texts=("event",), repeats=True),
        fields={},
        absent="the event gate is off",
    ),
    "macro": Source(
        names=("usd_reer_and_rate_diff_monthly.csv", "macro.csv"),
        layout=Layout(
            optional=("reer", "usd_reer_bis_broad", "rate_differential_pct", "us_minus_ecb_pct"),
            positive=False,
        ),
        fields={
            "reer": ("reer", "usd_reer_bis_broad"),
            "rate_differential_pct": ("rate_differential_pct", "us_minus_ecb_pct"),
        },
        absent="the pace of the hedge is the default",
    ),
}


def files_of(folder: Path, source: Source) -> tuple[Path, ...]:
    """Return the file of a source, or its files of single contracts; empty without either."""
    whole = found(folder, source.names)
    if whole is not None:
        return (whole,)
    return tuple(sorted(folder.glob(source.contracts))) if source.contracts else ()


def read_source(paths: tuple[Path, ...], source: Source) -> Table:
    """Read the files of a source; the columns have the names of the source's fields.

    Returns
    -------
    Table
        Empty, with the fault that says so, when there is no file or nothing of it can be used.
    """
    if not paths:
        return _named(nothing(source.names[0], source.layout, f"no file: {source.absent}"), source)
    whole = paths[0].name.removesuffix(".gz") in source.names
    read = read_table(paths[0], source.layout) if whole else _of_contracts(paths, source)
    table = _named(read, source)
    recorded = [np.isfinite(values).any() for values in table.columns.values()]
    if not recorded or any(recorded) or not table.dates.size:
        return table
    text = f"nothing recorded of {', '.join(table.columns)}: {source.absent}"
    fault = HistoryFault(file=paths[0].name, rows="", text=text)
    return replace(table, faults=(*table.faults, fault))


def _of_contracts(paths: tuple[Path, ...], source: Source) -> Table:
    """Join files of single contracts, each named by its expiry; a settlement of 0 is none."""
    layout = replace(source.layout, texts=(), also_dates=(), repeats=False, positive=False)
    head, _, tail = source.contracts.partition("*")
    tables = [read_table(path, layout) for path in paths]
    expiries = [path.name.removeprefix(head).removesuffix(tail) for path in paths]
    faults = [fault for table in tables for fault in table.faults]
    known = [bool(EXPIRY.fullmatch(expiry)) for expiry in expiries]
    faults += [
        HistoryFault(file=path.name, rows="", text=f"{expiry!r} is not an expiry as 2026-01-21")
        for path, expiry, fine in zip(paths, expiries, known, strict=True)
        if not fine
    ]
    kept = [
        each for each, fine in zip(zip(tables, expiries, strict=True), known, strict=True) if fine
    ]
    if not kept:
        return replace(nothing(source.contracts, source.layout, "no row"), faults=tuple(faults))
    dates = np.concatenate([table.dates for table, _ in kept])
    order = np.argsort(dates, kind="stable")
    settle = np.concatenate([table.columns["settle"] for table, _ in kept])
    names = np.concatenate([np.full(table.dates.size, expiry) for table, expiry in kept])
    return Table(
        file=source.contracts,
        dates=dates[order],
        columns={"settle": np.where(settle > 0, settle, np.nan)[order]},
        texts={"expiry": names[order]},
        faults=tuple(faults),
    )


def _named(table: Table, source: Source) -> Table:
    fields = {name: _preferred(table, columns) for name, columns in source.fields.items()}
    return replace(table, columns=fields)


def _preferred(table: Table, columns: tuple[str, ...]) -> Values:
    """Return the first of the columns in which anything is recorded."""
    recorded = (table.columns[name] for name in columns)
    return next(
        (values for values in recorded if np.isfinite(values).any()), table.columns[columns[0]]
    )
