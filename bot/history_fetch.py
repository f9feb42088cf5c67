"""Fetches daily histories from the gateway into a folder that the evidence can read.

SPX, VIX, VIX9D, VIX3M, VVIX and SKEW as far back as the gateway has them, and the VX futures that
are listed or settled within two years: the broker keeps no more. Rates and NYSE breadth cannot be
had from it; ``docs/history.md`` says where from. Bars that are fetched replace those of the same
date in the folder; others stay. A file with columns of another origin is left alone, with a fault.

Six and some 33 requests for bars, within the broker's limit of 60 in ten minutes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.broker.market_data import MarketData
from bot.broker.vx_history import settled_between
from bot.clock import new_york
from bot.core.errors import MarketDataError, RecordedDataError
from bot.core.model import Session
from bot.data.recorded_histories import BARS, lay_over
from bot.data.tables import header, rows
from bot.project import connected
from bot.record import beside_the_bot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping, Sequence

    from bot.broker.session import Broker
    from bot.core.model import DailyBar
    from bot.project import Project

SPAN: Final = "20 Y"
FUTURE_SPAN: Final = "1 Y"
KEPT_BY_BROKER: Final = dt.timedelta(days=720)
"""How long after its settlement a VX future can still be asked for."""

VOL_INDEXES: Final = ("VIX9D", "VIX3M", "VVIX", "SKEW")
INDEXES: Final = ("SPX", "VIX", *VOL_INDEXES)

SPX_COLUMNS: Final = tuple(BARS)
VIX_COLUMNS: Final = (*BARS, "spx_session")
VOL_COLUMNS: Final = ("date", *(name.lower() for name in VOL_INDEXES))
VX_COLUMNS: Final = ("date", "expiry", "settle")
FILES: Final = {
    "spx_daily.csv": SPX_COLUMNS,
    "vix_daily.csv": VIX_COLUMNS,
    "vol_indices_daily.csv": VOL_COLUMNS,
    "vx_futures_by_expiry.csv.gz": VX_COLUMNS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one file has from the gateway.

    Parameters
    ----------
    path
        The file.
    series
        Name of the series.
    rows
        Bars that came; 0 when the gateway refused.
    first, last
        Sessions; ``None`` without a bar.
    """

    path: Path
    series: str
    rows: int
    first: Session | None
    last: Session | None


async def fetch_history(
    project: Project,
    folder: Path,
    *,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Fetched, ...]:
    """Fetch bars of all series and lay them over the histories of `folder`.

    Parameters
    ----------
    project
        Its gateway, account and calendar.
    folder
        Where to; made where needed.
    advance
        Told how many requests of how many are done.

    Raises
    ------
    RecordedDataError
        If a file of the folder is of another origin, cannot be read or written.
    MarketDataError
        If the gateway has no bars of SPX or of the VIX.
    StewardError
        If the gateway is absent, or the account is wrong.
    """
    for name, columns in FILES.items():
        require_ours(folder / name, columns)
    async with connected(beside_the_bot(project)) as broker:
        session = new_york(broker.clock.now()).date()
        market = MarketData(broker)
        expiries = await _expiries(market, broker, session)
        told = _Progress(total=len(INDEXES) + len(expiries), advance=advance)
        bars = {
            name: await told.of(market.index_bars(name, session, span=SPAN)) for name in INDEXES
        }
        futures = {
            expiry: await told.of(market.future_bars(expiry, session, span=FUTURE_SPAN))
            for expiry in expiries
        }
    missing = [name for name in ("SPX", "VIX") if not bars[name]]
    if missing:
        raise MarketDataError(f"the gateway has no daily bars of {' and '.join(missing)}")
    return tuple(_written(folder, bars, futures))


def require_ours(path: Path, columns: Sequence[str]) -> None:
    """Refuse a file that has columns which would be lost.

    Raises
    ------
    RecordedDataError
        If it is there and its header is not `columns`.
    """
    if path.exists() and header(path) != tuple(columns):
        raise RecordedDataError(
            f"{path} has the columns {', '.join(header(path))}, not {', '.join(columns)}: it is of "
            "another origin and is left alone; name a folder of its own with --out"
        )


async def _expiries(market: MarketData, broker: Broker, session: Session) -> tuple[dt.date, ...]:
    """Return the VX futures that are listed, and those that settled not too long ago."""
    settled = settled_between(session - KEPT_BY_BROKER, session, broker.calendar)
    return tuple(sorted({*settled, *await market.vx_expiries()}))


@dataclass(slots=True)
class _Progress:
    """Counts requests."""

    total: int
    advance: Callable[[int, int], None]
    done: int = 0

    async def of(self, request: Awaitable[tuple[DailyBar, ...]]) -> tuple[DailyBar, ...]:
        bars = await request
        self.done += 1
        self.advance(self.done, self.total)
        return bars


def _written(
    folder: Path,
    bars: Mapping[str, tuple[DailyBar, ...]],
    futures: Mapping[dt.date, tuple[DailyBar, ...]],
) -> Iterator[Fetched]:
    """Lay all series over the files of `folder`."""
    spx, vix, vol, vx = (folder / name for name in FILES)
    lay_over(spx, SPX_COLUMNS, [_cells(bar) for bar in bars["SPX"]])
    yield _fetched(spx, "SPX", bars["SPX"])
    lay_over(vix, VIX_COLUMNS, [(*_cells(bar), "True") for bar in bars["VIX"]])
    yield _fetched(vix, "VIX", bars["VIX"])
    lay_over(vol, VOL_COLUMNS, _vol_lines(vol, bars))
    for name in VOL_INDEXES:
        yield _fetched(vol, name, bars[name])
    settlements = [
        (str(bar.session), str(expiry), repr(bar.close))
        for expiry, series in futures.items()
        for bar in series
        if bar.session < expiry
    ]
    lay_over(vx, VX_COLUMNS, settlements, keys=2)
    days = sorted((bar for series in futures.values() for bar in series), key=_session)
    yield _fetched(vx, "VX", tuple(days))


def _cells(bar: DailyBar) -> tuple[str, ...]:
    return (str(bar.session), *map(repr, (bar.open, bar.high, bar.low, bar.close)))


def _vol_lines(path: Path, bars: Mapping[str, tuple[DailyBar, ...]]) -> list[tuple[str, ...]]:
    """One line a session; where an index has no bar, what the file says of it stays."""
    known = {cells[0]: cells[1:] for _, cells in rows(path, VOL_COLUMNS)} if path.exists() else {}
    closes = [{str(bar.session): repr(bar.close) for bar in bars[name]} for name in VOL_INDEXES]
    blank = [""] * len(VOL_INDEXES)
    return [
        (
            day,
            *(
                series.get(day, before)
                for series, before in zip(closes, known.get(day, blank), strict=True)
            ),
        )
        for day in sorted({day for series in closes for day in series})
    ]


def _fetched(path: Path, series: str, bars: tuple[DailyBar, ...]) -> Fetched:
    return Fetched(
        path=path,
        series=series,
        rows=len(bars),
        first=bars[0].session if bars else None,
        last=bars[-1].session if bars else None,
    )


def _session(bar: DailyBar) -> Session:
    return bar.session
