"""Recorded option chains: what a folder holds, which capture stands for a session, its quotes.

The folder has an ``index.csv`` with one line for each capture, and one gzipped CSV file for each
capture: ``root, expiry, strike, right, bid, ask, ...`` in index points, 0 where nobody bids.

**Which capture stands for a session.** An SPX capture must reach 45 days, so that a condor can be
chosen from it; a VIX capture must reach 150 days, so that all layers of the hedge can be quoted
from it. Of several, in this order: taken after the close of regular hours, then within them, then
in the evening, then before the next open; fewer flags; more expiries; more rows; the later one.
A session with either is playable.

**Trading classes.** Roots are SPX (AM-settled), SPXW (PM-settled), VIX and VIXW; SPXPM, of 2011,
is SPXW. Where the source does not say, the third Friday is SPX and every other day SPXW; a second
series of the same expiry and strike (``dup``) is left out, because its settlement is unknown.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.core.errors import RecordedDataError
from bot.core.model import Session
from bot.core.sessions import third_friday
from bot.data.tables import date, number, optional_number, rows

INDEX: Final = "index.csv"
SPX_REACH_DAYS: Final = 45
VIX_REACH_DAYS: Final = 150
QUOTE_SESSIONS: Final = ("rth_close", "rth_intraday", "gth_evening", "pre_open")
"""When a capture was taken, best first."""

REACH: Final = {"SPX": SPX_REACH_DAYS, "VIX": VIX_REACH_DAYS}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One recorded chain, as the index describes it.

    Parameters
    ----------
    path
        The file.
    underlying
        ``"SPX"`` or ``"VIX"``.
    session
        Session whose closing values apply.
    quote_session
        One of `QUOTE_SESSIONS`.
    captured_at
        New York time at which it was captured, as the source has it; empty when unknown.
    spot
        Level of the underlying in the file, points.
    rows, expiries, max_dte
        Lines, expiries, and days to the furthest expiry.
    parity_forward, parity_expiry
        Forward by put-call parity at the expiry nearest to 30 days, and that expiry.
    flags
        What the collectors found wrong with it, in words.
    """

    path: Path
    underlying: str
    session: Session
    quote_session: str
    captured_at: str
    spot: float | None
    rows: int
    expiries: int
    max_dte: int
    parity_forward: float | None
    parity_expiry: dt.date | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSession:
    """A playable session and the captures that stand for it."""

    session: Session
    spx: Capture | None
    vix: Capture | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedSeries:
    """Quotes of one expiry of one trading class.

    Parameters
    ----------
    trading_class
        ``"SPX"``, ``"SPXW"``, ``"VIX"`` or ``"VIXW"``.
    expiry
        Date of settlement.
    strikes
        Points, strictly increasing; shape (n,).
    call_bid, call_ask, put_bid, put_ask
        Points, shape (n,) each; NaN where the option is not in the file, 0.0 where nobody bids.
    """

    trading_class: str
    expiry: dt.date
    strikes: NDArray[np.float64]
    call_bid: NDArray[np.float64]
    call_ask: NDArray[np.float64]
    put_bid: NDArray[np.float64]
    put_ask: NDArray[np.float64]


def captures(chains: Path) -> tuple[Capture, ...]:
    """Return every capture that the folder's index lists.

    Raises
    ------
    RecordedDataError
        If the index is missing or a line of it cannot be read.
    """
    index = chains / INDEX
    return tuple(_capture(index, line, cells) for line, cells in rows(index, _INDEX_COLUMNS))


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
    quotes: dict[tuple[str, dt.date], _Quotes] = defaultdict(dict)
    series: dict[tuple[str, str], _Quotes | None] = {}
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
    return tuple(_series(*key, quotes[key]) for key in sorted(quotes, key=lambda key: key[::-1]))


_Quotes = dict[tuple[float, str], tuple[float, float]]
"""Bid and ask by strike and right."""


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
    return capture.max_dte >= REACH[capture.underlying]


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


def _series(trading_class: str, expiry: dt.date, quotes: _Quotes) -> RecordedSeries:
    strikes = sorted({strike for strike, _ in quotes})
    calls, puts = (
        np.array([quotes.get((strike, right), (np.nan, np.nan)) for strike in strikes])
        for right in ("C", "P")
    )
    return RecordedSeries(
        trading_class=trading_class,
        expiry=expiry,
        strikes=np.array(strikes),
        call_bid=calls[:, 0],
        call_ask=calls[:, 1],
        put_bid=puts[:, 0],
        put_ask=puts[:, 1],
    )
