"""Reading of recorded quotes into `Observations`: full chains, the calls of VXTH, single files."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from bot.core.sessions import settlement_time, years_between
from bot.data.captures import Quotes, series_of
from bot.data.chains import captures, read_chain
from bot.data.tables import date, number, optional_number, rows
from bot.evidence.observations import (
    LONGEST_DAYS,
    SHORTEST_DAYS,
    Observations,
    Seen,
    Values,
    in_episode,
    joined,
    observed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.data.chains import Capture, RecordedSeries
    from bot.evidence.history import History

CHAINS: Final = "option_chains"
VXTH_FILE: Final = "vxth_daily_with_vix_calls.csv"
VXTH_COLUMNS: Final = (
    "date",
    "vix_call_expiry",
    "vix_call_strike",
    "call_bid",
    "call_ask",
    "call_mid",
)
MIDS_FILE: Final = "vix_call_mids_2026-04-09.csv"
VOLMAGEDDON_FILE: Final = "spx_eom_2018-01_2018-02.csv.gz"
AFTER_CLOSE: Final = "rth_close"
VVIX_RELIABLE: Final = dt.date(2007, 1, 3)
NEAREST_STRIKES: Final = 5
"""Strikes round the money of whose parities the median is the forward."""

LEAST_REACH: Final = {"SPX": 45, "VIX": 14}
"""Days that a capture must reach to say anything of the maturities that are traded."""

HARMLESS: Final = frozenset({"few rows", "few expiries"})
"""Flags of a capture that is small, not wrong."""

MIDS_YEAR: Final = 2026


class Call(NamedTuple):
    """A quote of one VIX call; a side that was not recorded is NaN."""

    session: dt.date
    expiry: dt.date
    strike: float
    bid: float
    ask: float
    mid: float


def chain_observations(
    folder: Path, history: History, underlying: str, *, every: int = 1
) -> Observations:
    """Return the quotes of the captures of full chains, and of 2018-01 and 02 for SPX.

    Parameters
    ----------
    folder
        Folder of recorded data.
    history
        For the levels of each session; captures of other sessions are left out.
    underlying
        ``"SPX"`` or ``"VIX"``.
    every
        Only every so-manyth capture: a quick look.
    """
    parts = [
        part
        for capture, held_out in _captures(folder / CHAINS, history, underlying)[::every]
        for part in _of_capture(capture, history, held_out=held_out)
    ]
    if underlying == "SPX":
        parts += _volmageddon(folder / CHAINS / VOLMAGEDDON_FILE, history)
    return joined(parts)


def vix_call_observations(folder: Path, history: History) -> Observations:
    """Return the calls of the VXTH index and those of 2026-04-09."""
    calls = [*vxth_calls(folder / VXTH_FILE), *_mids(folder / CHAINS / MIDS_FILE)]
    return joined([part for call in calls for part in _of_call(call, history)])


def vxth_calls(path: Path) -> Iterator[Call]:
    """Read the call that the VXTH index holds, or would hold, on each session.

    Raises
    ------
    RecordedDataError
        If the file is missing or a line of it cannot be read.
    """
    for line, (day, expiry, strike, *quote) in rows(path, VXTH_COLUMNS):
        bid, ask, mid = (optional_number(path, line, cell) for cell in quote)
        level = number(path, line, strike)
        if mid is not None and level > 0:
            yield Call(
                session=date(path, line, day),
                expiry=date(path, line, expiry),
                strike=level,
                bid=math.nan if bid is None else bid,
                ask=math.nan if ask is None else ask,
                mid=mid,
            )


def _mids(path: Path) -> Iterator[Call]:
    for line, (day, expiry, strike, mid) in rows(
        path, ("snapshot_date", "expiry", "strike", "mid")
    ):
        yield Call(
            session=date(path, line, day),
            expiry=date(path, line, expiry),
            strike=number(path, line, strike),
            bid=math.nan,
            ask=math.nan,
            mid=number(path, line, mid),
        )


def _captures(chains: Path, history: History, underlying: str) -> list[tuple[Capture, bool]]:
    """Return the captures that can be used, oldest first; every second one is held out."""
    found = [each for each in captures(chains) if _usable(each, history, underlying)]
    found.sort(key=lambda capture: (capture.session, str(capture.path)))
    return [
        (capture, bool(at % 2) or in_episode(capture.session)) for at, capture in enumerate(found)
    ]


def _usable(capture: Capture, history: History, underlying: str) -> bool:
    return (
        capture.underlying == underlying
        and capture.quote_session == AFTER_CLOSE
        and capture.session <= history.session(-1)
        and capture.max_dte >= LEAST_REACH[underlying]
        and set(capture.flags) <= HARMLESS
    )


def _of_capture(capture: Capture, history: History, *, held_out: bool) -> Iterator[Observations]:
    for series in read_chain(capture.path):
        if SHORTEST_DAYS <= (series.expiry - capture.session).days <= LONGEST_DAYS:
            yield from _of_series(
                series, history, capture.session, source=capture.path.name, held_out=held_out
            )


def _of_series(
    series: RecordedSeries, history: History, session: dt.date, *, source: str, held_out: bool
) -> Iterator[Observations]:
    """Both rights of one expiry, on the forward of put-call parity; nothing without one."""
    blank = _seen(history, session, series.expiry, series.trading_class)
    calls, puts = (series.call_bid + series.call_ask) / 2, (series.put_bid + series.put_ask) / 2
    forward = parity_forward(series.strikes, calls - puts, blank.discount)
    if math.isnan(forward):
        return
    seen = replace(blank, forward=forward, source=source, held_out=held_out)
    for mid, bid, ask, call in (
        (calls, series.call_bid, series.call_ask, True),
        (puts, series.put_bid, series.put_ask, False),
    ):
        is_call = np.full(mid.size, call)
        yield observed(seen, series.strikes, mid, (ask - bid) / 2, is_call)


def parity_forward(strikes: Values, difference: Values, discount: float) -> float:
    """Return the median of ``K + (C - P) / D`` where calls and puts differ least.

    Parameters
    ----------
    strikes, difference
        Strikes, and call less put, points; shape (n,), NaN where either is not quoted.
    discount
        Value now of 1 paid at expiry.

    Returns
    -------
    float
        Points; NaN with fewer than two strikes at which both are quoted.
    """
    known = np.flatnonzero(np.isfinite(difference))
    if known.size < 2:  # noqa: PLR2004 - one strike proves nothing
        return math.nan
    nearest = known[np.argsort(np.abs(difference[known]))[:NEAREST_STRIKES]]
    return float(np.median(strikes[nearest] + difference[nearest] / discount))


def _of_call(call: Call, history: History) -> Iterator[Observations]:
    """One call, on the VX settlement of its expiry; nothing where that was not recorded."""
    last = history.session(-1)
    if call.session > last or not history.calendar.is_session(call.session):
        return
    row = history.position(call.session)
    forward = history.vx(row).get(call.expiry)
    if forward is None or math.isnan(history.vvix[row]) or call.session < VVIX_RELIABLE:
        return
    if (call.expiry - call.session).days < SHORTEST_DAYS:
        return
    vxth = call.session.year < MIDS_YEAR
    held_out = not vxth or call.session.month % 2 == 0 or in_episode(call.session)
    source = VXTH_FILE if vxth else MIDS_FILE
    seen = _seen(history, call.session, call.expiry, "VIX")
    yield observed(
        replace(seen, forward=forward, source=source, held_out=held_out),
        np.array([call.strike]),
        np.array([call.mid]),
        np.array([(call.ask - call.bid) / 2]),
        np.array([True]),
    )


def _seen(history: History, session: dt.date, expiry: dt.date, trading_class: str) -> Seen:
    """Return what is known of an expiry at the close of a session, its forward not yet."""
    row = history.position(session)
    settles = settlement_time(trading_class, history.calendar.day(expiry))
    years = years_between(history.calendar.day(session).close, settles)
    return Seen(
        underlying=trading_class[:3],
        source="",
        row=row,
        session=session,
        expiry=expiry,
        years=years,
        forward=math.nan,
        discount=math.exp(-float(history.rate[row]) * years),
        vix=float(history.vix.close[row]),
        held_out=True,
    )


def _volmageddon(path: Path, history: History) -> Iterator[Observations]:
    """SPXW to the end of the month, on every session of January and February 2018; held out."""
    quotes: dict[tuple[dt.date, str, dt.date], Quotes] = defaultdict(dict)
    columns = ("quote_date", "root", "expiry", "strike", "right", "bid", "ask")
    for line, (day, root, expiry, strike, right, *sides) in rows(path, columns):
        key = (date(path, line, day), root, date(path, line, expiry))
        bid, ask = (number(path, line, side) for side in sides)
        quotes[key][number(path, line, strike), right] = (bid, ask)
    for (session, trading_class, settles), found in sorted(quotes.items()):
        if (settles - session).days >= SHORTEST_DAYS:
            series = series_of(trading_class, settles, found)
            yield from _of_series(series, history, session, source=path.name, held_out=True)
