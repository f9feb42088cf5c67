"""What the books are held against, bills and SPX, and what their hedge is worth each session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bot.evidence.books import HEDGED

if TYPE_CHECKING:
    from bot.evidence.books import Replay
    from bot.evidence.history import History

DIVIDENDS_A_YEAR: Final = 0.018
"""Added to the price return of SPX, which the histories hold without dividends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the books are held against.

    Parameters
    ----------
    bill_days
        Return of T-bills in each session of the replay, shape (n,).
    bills, spx
        Monthly returns by period; SPX with dividends.
    dividend_a_day
        What is added to a daily return of SPX.
    """

    bill_days: NDArray[np.float64]
    bills: pd.Series[float]
    spx: pd.Series[float]
    dividend_a_day: float = DIVIDENDS_A_YEAR / 252


def market_of(history: History, sessions: NDArray[np.datetime64]) -> Market:
    """Return bills and SPX over the sessions of a replay.

    Bills earn the rate of the session before over the calendar days between; months of SPX that
    end outside of the history are left out.
    """
    rows = np.searchsorted(history.sessions, sessions)
    before = np.maximum(rows - 1, 0)
    days = (sessions - history.sessions[before]).astype("timedelta64[D]").astype(float)
    bill_days = np.expm1(np.nan_to_num(history.rate[before]) * days / 365)
    months = pd.DatetimeIndex(sessions).to_period("M")
    bills = (1 + pd.Series(bill_days)).groupby(months).prod() - 1
    every = pd.DatetimeIndex(history.sessions).to_period("M")
    spx = pd.Series(history.spx.close).groupby(every).last().pct_change(fill_method=None)
    return Market(bill_days=bill_days, bills=bills, spx=spx + DIVIDENDS_A_YEAR / 12)


def premium(replay: Replay) -> NDArray[np.float64]:
    """Return the value of the hedge at the end of each session at the bid, USD; shape (n,)."""
    sessions = pd.DatetimeIndex(replay.books[HEDGED].sessions)
    if replay.layers.empty:
        return np.zeros(len(sessions))
    held = replay.layers.groupby(pd.DatetimeIndex(replay.layers["session"]))["bid_usd"].sum()
    return np.asarray(held.reindex(sessions).fillna(0.0).to_numpy(float))
