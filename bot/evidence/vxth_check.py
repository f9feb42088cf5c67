"""Our replica of VXTH beside the published index: the check that the machinery is right.

Twice: with the quotes of the calls that the index held, which tests the arithmetic of rolling,
sizing and settling; and with modelled calls of our own choice, which tests strike, surface and all.
Both hold SPX with its published dividends. 2006-03 to 2018-05.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bot.data.tables import date, number, optional_number, rows
from bot.evidence.vxth import RolledCalls, modelled_calls, vxth_index

if TYPE_CHECKING:
    from pathlib import Path

    from bot.evidence.history import History

Values = NDArray[np.float64]

SHEET: Final = "vxth_daily_with_vix_calls.csv"
COLUMNS: Final = (
    "date",
    "vxth",
    "dividend",
    "vix_call_expiry",
    "vix_call_strike",
    "call_bid",
    "call_ask",
    "call_mid",
)
RETURN_TARGET: Final = 1.5
"""Points of percent a year within which a replica should be."""

CORRELATION_TARGET: Final = 0.9
MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """The published daily sheet of the index, on sessions of the history; shape (n,) each.

    Parameters
    ----------
    row
        Position of the session in the history.
    vxth
        Level of the index.
    dividend
        Of SPX, points.
    expiry
        Of the call that is held after the close, ``datetime64[D]``.
    strike, bid, ask, mid
        Of that call, points; NaN where the sheet has none.
    """

    row: NDArray[np.int64]
    vxth: Values
    dividend: Values
    expiry: NDArray[np.datetime64]
    strike: Values
    bid: Values
    ask: Values
    mid: Values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replica:
    """One replica against the published index, by month.

    Parameters
    ----------
    name
        ``"recorded calls"`` or ``"modelled calls"``.
    months
        Monthly returns, decimal: index month end, columns ``published``, ``replica``, ``spx``.
    published_pct, replica_pct, spx_pct
        Compound annual return, percent.
    correlation
        Of the monthly returns.
    excess_correlation
        Of the monthly returns less those of SPX: of what the calls alone did.
    tracking_pct
        Annualised standard deviation of the monthly differences, percent.
    worst_month_pct
        Greatest absolute monthly difference, points of percent.
    """

    name: str
    months: pd.DataFrame
    published_pct: float
    replica_pct: float
    spx_pct: float
    correlation: float
    excess_correlation: float
    tracking_pct: float
    worst_month_pct: float

    @property
    def within_target(self) -> bool:
        """Whether the return is within 1.5 points a year and the correlation at least 0.9."""
        near = abs(self.replica_pct - self.published_pct) <= RETURN_TARGET
        return near and self.correlation >= CORRELATION_TARGET


def replicas(folder: Path, history: History) -> tuple[Replica, ...]:
    """Return both replicas.

    Raises
    ------
    RecordedDataError
        If the published sheet is missing or cannot be read.
    """
    sheet = read_sheet(folder / SHEET, history)
    every = range(int(sheet.row[0]), int(sheet.row[-1]) + 1)
    dividends = np.zeros(len(every))
    dividends[sheet.row - every.start] = sheet.dividend
    own = vxth_index(modelled_calls(history, every), _total_return(history, every, dividends))
    held = vxth_index(
        recorded_calls(sheet, history), _total_return(history, sheet.row, sheet.dividend)
    )
    return (
        compared("recorded calls", sheet, history, held),
        compared("modelled calls", sheet, history, own[sheet.row - every.start]),
    )


def read_sheet(path: Path, history: History) -> Sheet:
    """Read the published sheet; sessions that the history does not have are left out.

    Raises
    ------
    RecordedDataError
        If the file is missing or a line of it cannot be read.
    """
    found = [
        (
            history.position(session),
            number(path, line, vxth),
            number(path, line, dividend),
            expiry,
            *quote,
        )
        for line, (day, vxth, dividend, settles, *cells) in rows(path, COLUMNS)
        for session, expiry in ((date(path, line, day), date(path, line, settles)),)
        for quote in ([optional_number(path, line, cell) or math.nan for cell in cells],)
        if history.session(0) <= session <= history.session(-1)
    ]
    row, vxth, dividend, expiry, strike, bid, ask, mid = zip(*found, strict=True)
    return Sheet(
        row=np.array(row),
        vxth=np.array(vxth),
        dividend=np.array(dividend),
        expiry=np.array(expiry, "datetime64[D]"),
        strike=np.array(strike),
        bid=np.array(bid),
        ask=np.array(ask),
        mid=np.array(mid),
    )


def recorded_calls(sheet: Sheet, history: History) -> RolledCalls:
    """Return the calls of the sheet; what one paid is the open of the VIX above its strike."""
    rolls = np.concatenate([[True], sheet.expiry[1:] != sheet.expiry[:-1]])
    bought = np.maximum.accumulate(np.where(rolls, np.arange(rolls.size), 0))
    strike = sheet.strike[bought]
    before = np.concatenate([[math.nan], strike[:-1]])
    paid = np.maximum(history.vix.open[sheet.row] - before, 0.0)
    future = [
        history.vx(int(at)).get(expiry, math.nan)
        for at, expiry in zip(sheet.row, sheet.expiry.tolist(), strict=True)
    ]
    return RolledCalls(
        sessions=history.sessions[sheet.row],
        rolls=rolls,
        settled=np.where(rolls, np.nan_to_num(paid), 0.0),
        mid=sheet.mid,
        half_spread=(sheet.ask - sheet.bid) / 2,
        future=np.array(future),
        strike=strike,
        vix=history.vix.close[sheet.row],
    )


def compared(name: str, sheet: Sheet, history: History, level: Values) -> Replica:
    """Hold a replica against the published index.

    Parameters
    ----------
    name
        Of the replica.
    level
        Of the replica on the sessions of the sheet; shape (n,).
    """
    index = pd.DatetimeIndex(history.sessions[sheet.row])
    total = np.cumprod(1 + np.nan_to_num(_total_return(history, sheet.row, sheet.dividend)))
    levels = pd.DataFrame({"published": sheet.vxth, "replica": level, "spx": total}, index=index)
    months = levels.resample("ME").last().pct_change().iloc[1:-1]
    excess = months.sub(months["spx"], axis=0)
    difference = months["replica"] - months["published"]
    annual = _annual_pct(months)
    return Replica(
        name=name,
        months=months,
        published_pct=annual["published"],
        replica_pct=annual["replica"],
        spx_pct=annual["spx"],
        correlation=float(months["replica"].corr(months["published"])),
        excess_correlation=float(excess["replica"].corr(excess["published"])),
        tracking_pct=float(difference.std() * math.sqrt(MONTHS_A_YEAR) * 100),
        worst_month_pct=float(difference.abs().max() * 100),
    )


def _annual_pct(months: pd.DataFrame) -> dict[str, float]:
    """Compound annual return of each column, percent."""
    growth = np.log1p(months.to_numpy()).mean(axis=0) * MONTHS_A_YEAR
    return dict(zip(months.columns, (np.expm1(growth) * 100).tolist(), strict=True))


def _total_return(history: History, at: range | NDArray[np.int64], dividend: Values) -> Values:
    """Return the gain of SPX with its dividend from row to row, decimal; the first is NaN."""
    close = history.spx.close[np.asarray(at)]
    return np.concatenate([[math.nan], (close[1:] + dividend[1:]) / close[:-1] - 1])
