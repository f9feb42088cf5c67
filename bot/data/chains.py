"""Recorded option chains: what a folder holds, which capture stands for a session, its quotes.

The folder has an ``index.csv`` with one line for each capture, and one gzipped CSV file for each
capture: ``root, expiry, strike, right, bid, ask, ...`` in index points, 0 where nobody bids. Or it
has the Parquet files that ``steward record`` and ``steward import`` write, each of which describes
itself (``bot.data.chain_files``). Or both.

**Which capture stands for a session.** An SPX capture must reach 45 days, so that a condor can be
chosen from it; a VIX capture must reach 150 days, so that all layers of the hedge can be quoted
from it. Of several, in this order: taken after the close of regular hours, then within them, then
in the evening, then before the next open; fewer flags; more expiries; more rows; the later one.
A session with either is playable. A capture without two-sided quotes near the money is not: it
cannot be priced.

**Trading classes.** Roots are SPX (AM-settled), SPXW (PM-settled), VIX and VIXW; SPXPM, of 2011,
is SPXW. Where the source does not say, the third Friday is SPX and every other day SPXW; a second
series of the same expiry and strike (``dup``) is left out, because its settlement is unknown.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from bot.core.errors import RecordedDataError
from bot.core.sessions import third_friday
from bot.data.captures import (
    QUOTE_SESSIONS,
    REACH,
    Capture,
    Quotes,
    RecordedSeries,
    RecordedSession,
    series_of,
)
from bot.data.chain_files import SUFFIX, read_capture, read_series
from bot.data.tables import date, number, optional_number, rows

if TYPE_CHECKING:
    from pathlib import Path

    from bot.core.model import Session

__all__ = [
    "Capture",
    "RecordedSeries",
    "RecordedSession",
    "captures",
    "listed_sessions",
    "read_chain",
]

INDEX: Final = "index.csv"
CLASSES: Final = {"SPX": "SPX", "SPXW": "SPXW", "SPXPM": "SPXW", "VIX": "VIX", "VIXW": "VIXW"}
SECOND_SERIES: Final = "dup"

_INDEX_COLUMNS: Final = (
    "file",
    "underlying",
    "session_date",
    "quote_session",
    "captured_at_et",
    "spot_in_file",
    "rows",
    "expiries",
    "max_dte",
    "par_expiry",
    "parity_forward",
    "flags",
)
_CHAIN_COLUMNS: Final = ("root", "expiry", "strike", "right", "bid", "ask")


def captures(chains: Path) -> tuple[Capture, ...]:
    """Return every capture that the folder's index lists, and those that describe themselves.

    Raises
    ------
    RecordedDataError
        If there is neither, a line of the index cannot be read, or a Parquet file is no capture.
    """
    index, files = chains / INDEX, sorted(chains.glob(f"*{SUFFIX}"))
    recorded = [read_capture(path) for path in files]
    if recorded and not index.exists():
        return tuple(recorded)
    listed = [_capture(index, line, cells) for line, cells in rows(index, _INDEX_COLUMNS)]
    return (*listed, *recorded)


def listed_sessions(
    chains: Path, first: dt.date | None = None, last: dt.date | None = None
) -> tuple[RecordedSession, ...]:
    """Return the playable sessions from `first` to `last`, both included, oldest first.

    Raises
    ------
    RecordedDataError
        If the index is missing or a line of it cannot be read.
    """
    best: dict[Session, dict[str, Capture]] = defaultdict(dict)
    for capture in sorted((each for each in captures(chains) if _reaches(each)), key=_preference):
        best[capture.session].setdefault(capture.underlying, capture)
    return tuple(
        RecordedSession(session=session, spx=found.get("SPX"), vix=found.get("VIX"))
        for session, found in sorted(best.items())
        if (first is None or first <= session) and (last is None or session <= last)
    )


def read_chain(path: Path) -> tuple[RecordedSeries, ...]:
    """Read all quotes of a capture, nearest expiry first.

    Raises
    ------
    RecordedDataError
        If the file is missing, truncated or corrupt, or a line holds anything but a root, a
        date, a right and prices >= 0.
    """
    if path.suffix == SUFFIX:
        return read_series(path)
    quotes: dict[tuple[str, dt.date], Quotes] = defaultdict(dict)
    series: dict[tuple[str, str], Quotes | None] = {}
    for line, (root, expiry, strike, right, bid, ask) in rows(path, _CHAIN_COLUMNS):
        if (root, expiry) not in series:
            key = _series_key(path, line, root=root, expiry=expiry)
            series[root, expiry] = None if key is None else quotes[key]
        found = series[root, expiry]
        if found is not None:
            found[_option(path, line, strike=strike, right=right)] = (
                _price(path, line, bid),
                _price(path, line, ask),
            )
    if not quotes:
        raise RecordedDataError(f"{path}, line 1: no quotes")
    return tuple(series_of(*key, quotes[key]) for key in sorted(quotes, key=lambda key: key[::-1]))


def _capture(index: Path, line: int, cells: list[str]) -> Capture:
    file, underlying, session, quote_session, captured_at, spot, *counts = cells
    row_count, expiries, max_dte, parity_expiry, parity_forward, flags = counts
    if underlying not in REACH or quote_session not in QUOTE_SESSIONS:
        raise RecordedDataError(
            f"{index}, line {line}: underlying {underlying!r} must be one of {tuple(REACH)} and "
            f"quote_session {quote_session!r} one of {QUOTE_SESSIONS}"
        )
    return Capture(
        path=index.parent / file,
        underlying=underlying,
        session=date(index, line, session),
        quote_session=quote_session,
        captured_at=captured_at,
        spot=optional_number(index, line, spot),
        rows=int(number(index, line, row_count)),
        expiries=int(number(index, line, expiries)),
        max_dte=int(number(index, line, max_dte)),
        parity_forward=optional_number(index, line, parity_forward),
        parity_expiry=date(index, line, parity_expiry) if parity_expiry else None,
        flags=tuple(flag.strip() for flag in flags.split(";") if flag.strip()),
    )


def _reaches(capture: Capture) -> bool:
    return capture.two_sided and capture.max_dte >= REACH[capture.underlying]


def _preference(capture: Capture) -> tuple[int, int, int, int, float]:
    """Order captures of one session, best first."""
    return (
        QUOTE_SESSIONS.index(capture.quote_session),
        len(capture.flags),
        -capture.expiries,
        -capture.rows,
        -_as_timestamp(capture.captured_at),
    )


def _as_timestamp(captured_at: str) -> float:
    return dt.datetime.fromisoformat(captured_at).timestamp() if captured_at else 0.0


def _series_key(path: Path, line: int, *, root: str, expiry: str) -> tuple[str, dt.date] | None:
    """Trading class and expiry; ``None`` for a second series, whose settlement is unknown."""
    day = date(path, line, expiry)
    if root == SECOND_SERIES:
        return None
    if not root:
        return ("SPX" if day == third_friday(day.year, day.month) else "SPXW"), day
    if root not in CLASSES:
        raise RecordedDataError(f"{path}, line {line}: root {root!r} is not one of {set(CLASSES)}")
    return CLASSES[root], day


def _option(path: Path, line: int, *, strike: str, right: str) -> tuple[float, str]:
    if right not in {"C", "P"}:
        raise RecordedDataError(f"{path}, line {line}: right {right!r} must be C or P")
    return _price(path, line, strike), right


def _price(path: Path, line: int, cell: str) -> float:
    price = number(path, line, cell)
    if price < 0:
        raise RecordedDataError(f"{path}, line {line}: price {price:g} must be >= 0")
    return price
