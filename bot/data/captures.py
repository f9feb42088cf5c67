"""What a recorded option chain is: a capture, the session that it stands for, its quotes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.core.model import Session

SPX_REACH_DAYS: Final = 45
VIX_REACH_DAYS: Final = 150
QUOTE_SESSIONS: Final = ("rth_close", "rth_intraday", "gth_evening", "pre_open")
"""When a capture was taken, best first."""

REACH: Final = {"SPX": SPX_REACH_DAYS, "VIX": VIX_REACH_DAYS}


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
    two_sided
        Whether any of its series has options near the money that are quoted on both sides; a
        chain without them cannot be priced, and is not played.
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
    two_sided: bool = True


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
    sizes
        Contracts bid for and offered by strike and right, where they were recorded.
    """

    trading_class: str
    expiry: dt.date
    strikes: NDArray[np.float64]
    call_bid: NDArray[np.float64]
    call_ask: NDArray[np.float64]
    put_bid: NDArray[np.float64]
    put_ask: NDArray[np.float64]
    sizes: Mapping[tuple[float, str], tuple[int | None, int | None]] = field(default_factory=dict)


Quotes = dict[tuple[float, str], tuple[float, float]]
"""Bid and ask by strike and right (``C`` or ``P``), points."""


Sizes = dict[tuple[float, str], tuple[int | None, int | None]]
"""Contracts bid for and offered, likewise; ``None`` where they were not recorded."""


def series_of(
    trading_class: str, expiry: dt.date, quotes: Quotes, sizes: Sizes | None = None
) -> RecordedSeries:
    """Return the quotes of one expiry by strike; an option that is not in them is NaN."""
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
        sizes=sizes or {},
    )
